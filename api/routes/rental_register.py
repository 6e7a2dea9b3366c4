"""What rentals stand on: providers with contracts and evaluations, tariffs, rental points, budgets of units."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.access import READERS, REGISTRARS, access_document
from api.dependencies import Caller, Change, Served, Store, document_response, needs, render
from api.errors import RuleRefused
from api.idempotency import Effect, Writing, etag
from api.paging import After, Limit, list_visible
from api.problems import AlreadyExists, InvalidInput
from api.registry import check_exists, check_region
from api.rental_desk import Desk
from api.routes.rentals import desk_of
from api.schemas.rentals import (
    ContractInput,
    ContractNameInput,
    EvaluationInput,
    FeedInput,
    ProviderInput,
    RentalBudgetInput,
    RentalPointInput,
    RentalTariffInput,
)
from api.wording import Text
from fleet.documents import decode, encode
from fleet.errors import NotFound
from fleet.ids import UnitId
from fleet.providers import (
    ContractState,
    Evaluation,
    Provider,
    ProviderFeed,
    SupportMode,
    activate_contract,
    add_contract,
    end_contract,
    evaluate,
)
from fleet.rental_budgets import RentalBudget, rental_budget_id
from fleet.rental_calendar import Slot, conflict
from fleet.rules.rental_checks import mode_refusal, quota_refusal
from fleet.sites import Site
from fleet.store import FleetStore, Write
from fleet.units import Unit
from fleet.vehicles import Duty, Vehicle, VehicleState

router = APIRouter(prefix="/v1", tags=["rentals"])

PROVIDER = Text("供应商", "provider")


def _page(kind: str, viewer: Caller, store: FleetStore, limit: int, after: str) -> dict[str, Any]:
    viewer.require(READERS[kind])
    return list_visible(
        store,
        kind,
        where=None,
        keep=lambda document: viewer.sees(kind, document.body),
        show=render,
        after=after,
        limit=limit,
    )


def _create(kind: str, noun: Any, *, path: str, region: str, change: Writing, store: FleetStore) -> Response:
    change.viewer.require_region(region)

    def effect() -> Effect:
        if store.find(kind, noun.id) is not None:
            raise AlreadyExists(kind=kind, id=noun.id)
        body = encode(noun)
        return Effect(
            type=f"{kind}.registered",
            region=region,
            writes=[Write(kind=kind, id=noun.id, expected_version=0, body=body)],
            status=201,
            body={**body, "version": 1},
            headers={"ETag": etag(1), "Location": f"{path}/{noun.id}"},
        )

    return change.perform(effect)


# ---- providers


@router.get("/providers", summary="List providers of socialised support")
def list_providers(viewer: Caller, store: Store, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    return _page("provider", viewer, store, limit, after)


@router.get("/providers/{id}", summary="One provider with its contracts and evaluations")
def get_provider(id: str, viewer: Caller, store: Store) -> Response:
    return document_response(access_document(viewer, store, "provider", id))


@router.post("/providers", dependencies=[needs(REGISTRARS)], status_code=201, summary="Register a provider")
def create_provider(given: ProviderInput, change: Change, store: Store) -> Response:
    found = check_region(given.region)
    if found:
        raise InvalidInput(found)
    noun = given.to_noun()
    return _create("provider", noun, path="/v1/providers", region=given.region, change=change, store=store)


def _move_provider(
    id: str, change: Writing, store: FleetStore, type: str, step: Callable[[Provider], Provider]
) -> Response:
    def effect() -> Effect:
        document = access_document(change.viewer, store, "provider", id)
        change.check_match(document)
        change.viewer.require_region(str(document.body["region"]))
        body = encode(step(decode("provider", document.body)))
        version = document.version + 1
        return Effect(
            type=type,
            region=str(document.body["region"]),
            writes=[Write(kind="provider", id=id, expected_version=document.version, body=body)],
            status=200,
            body={**body, "version": version},
            headers={"ETag": etag(version)},
        )

    return change.perform(effect)


@router.post("/providers/{id}:addContract", dependencies=[needs(REGISTRARS)], summary="Draft a contract")
def add_provider_contract(id: str, given: ContractInput, change: Change, services: Served) -> Response:
    desk = desk_of(services, change)

    def step(own: Provider) -> Provider:
        refusal = mode_refusal(desk.view(own.region), given.mode)
        if refusal is not None:
            raise RuleRefused([refusal])
        return add_contract(own, given.to_noun())

    return _move_provider(id, change, services.store, "provider.contract_added", step)


@router.post(
    "/providers/{id}:activateContract",
    dependencies=[needs(REGISTRARS)],
    summary="Switch a contract on; refused without its clauses, or above the quota of the unit",
)
def activate_provider_contract(id: str, given: ContractNameInput, change: Change, services: Served) -> Response:
    desk = desk_of(services, change)

    def step(own: Provider) -> Provider:
        # Clauses are Sichuan's rule (R097); no contract elsewhere is better without them, so they are asked for everywhere.
        required = desk.view("510000").codes("R097.clauses")
        active = activate_contract(own, given.contract_id, required=required)
        _check_quota(desk, own, given.contract_id)
        return active

    return _move_provider(id, change, services.store, "provider.contract_activated", step)


def _check_quota(desk: Desk, provider: Provider, contract_id: str) -> None:
    """Owned cars and purchased services of the unit stay within its quota (R092)."""
    contract = next(own for own in provider.contracts if own.id == contract_id)
    if contract.mode is not SupportMode.PURCHASED_SERVICE or contract.unit_id is None:
        return
    unit: Unit | None = desk.find("unit", contract.unit_id)
    if unit is None:
        raise NotFound(kind="unit", id=contract.unit_id)
    cars = [own for own in desk.every("vehicle", ("unit_id", unit.id)) if own.duty is not Duty.RENTAL]
    purchased = sum(
        own.purchased_count
        for other in desk.every("provider")
        for own in other.contracts
        if own.state is ContractState.ACTIVE and own.unit_id == unit.id and own.holds_on(desk.today)
    )
    refusal = quota_refusal(
        desk.view(unit.region),
        unit,
        contract,
        owned_count=sum(1 for own in cars if own.state is not VehicleState.DISPOSED),
        purchased_count=purchased,
    )
    if refusal is not None:
        raise RuleRefused([refusal])


@router.post("/providers/{id}:endContract", dependencies=[needs(REGISTRARS)], summary="End a contract")
def end_provider_contract(id: str, given: ContractNameInput, change: Change, store: Store) -> Response:
    return _move_provider(
        id, change, store, "provider.contract_ended", lambda own: end_contract(own, given.contract_id)
    )


@router.post("/providers/{id}:evaluate", dependencies=[needs(REGISTRARS)], summary="Evaluate a contract year (R099)")
def evaluate_provider(id: str, given: EvaluationInput, change: Change, store: Store) -> Response:
    evaluation = Evaluation(
        contract_id=given.contract_id,
        contract_year=given.contract_year,
        score=given.score,
        by=change.viewer.person.id,
        at=change.now,
        note=given.note,
    )
    return _move_provider(id, change, store, "provider.evaluated", lambda own: evaluate(own, evaluation))


@router.post(
    "/providers/{id}:heartbeat",
    dependencies=[needs(REGISTRARS)],
    summary="The provider's platform is there (R090)",
)
def heartbeat(id: str, given: FeedInput, change: Change, store: Store) -> Response:
    document = access_document(change.viewer, store, "provider", id)
    change.viewer.require_region(str(document.body["region"]))

    def effect() -> Effect:
        kept = store.find("provider_feed", id)
        version = 0 if kept is None else kept.version
        body = encode(
            ProviderFeed(id=decode("provider", document.body).id, seen_at=change.now, cars_count=given.cars_count)
        )
        return Effect(
            type="provider.heard_of",
            region=str(document.body["region"]),
            writes=[Write(kind="provider_feed", id=id, expected_version=version, body=body)],
            status=200,
            body={**body, "version": version + 1},
        )

    return change.perform(effect)


# ---- tariffs


@router.get("/rentalTariffs", summary="List rental tariffs")
def list_tariffs(viewer: Caller, store: Store, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    return _page("rental_tariff", viewer, store, limit, after)


@router.get("/rentalTariffs/{id}", summary="One rental tariff")
def get_tariff(id: str, viewer: Caller, store: Store) -> Response:
    return document_response(access_document(viewer, store, "rental_tariff", id))


@router.post(
    "/rentalTariffs",
    dependencies=[needs(REGISTRARS)],
    status_code=201,
    summary="Enter a tariff; it never changes, a new price is a new tariff",
)
def create_tariff(given: RentalTariffInput, change: Change, store: Store) -> Response:
    found = [*check_region(given.region), *check_exists(store, "provider", given.provider_id, "provider_id", PROVIDER)]
    if found:
        raise InvalidInput(found)
    noun = given.to_noun()
    return _create("rental_tariff", noun, path="/v1/rentalTariffs", region=given.region, change=change, store=store)


# ---- points


@router.get("/rentalPoints", summary="Rental points with how many cars stand free there")
def list_points(
    viewer: Caller,
    services: Served,
    region: Annotated[str | None, Query(pattern=r"^[A-Z0-9-]{2,20}$")] = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
) -> dict[str, Any]:
    """Free means: nobody else's from ``from_at`` to ``until_at``, both now when left out. An instant needs its UTC offset."""
    viewer.require(READERS["rental_point"])
    desk = desk_of(services)
    begin = from_at if from_at is not None and from_at.tzinfo is not None else desk.now
    end = until_at if until_at is not None and until_at.tzinfo is not None else begin
    sites = desk.every("site", None if region is None else ("region", region))
    items = [_show_point(desk, site, begin, max(begin, end)) for site in sites if site.rental_point]
    return {"items": items, "next_after": None}


def _show_point(desk: Desk, site: Site, begin: datetime, end: datetime) -> dict[str, Any]:
    point = desk.point_of(site)
    cars = desk.list_cars(site.id)
    shown = []
    for car in cars:
        calendar, _ = desk.calendar_of(car.id)
        slot = Slot(
            rental_id=_NOBODY, from_at=begin, until_at=end, from_site_id=site.id, to_site_id=site.id, release_at=end
        )
        code, _other = conflict(
            calendar, slot, stands_at=car.home_site_id, now=desk.now, turnaround_s=desk.terms.turnaround_s
        )
        shown.append(_show_car(car, free=not code))
    return {
        **encode(point),
        "name": site.name,
        "lon_wgs84": site.lon_wgs84,
        "lat_wgs84": site.lat_wgs84,
        "open": point.is_open(begin),
        "free_count": sum(1 for car in shown if car["free"]),
        "cars": shown,
    }


_NOBODY: Any = "-"


def _show_car(car: Vehicle, *, free: bool) -> dict[str, Any]:
    battery = car.battery
    return {
        "vehicle_id": car.id,
        "plate": car.plate,
        "kind": car.kind,
        "seats": car.seats,
        "free": free,
        "charge_frac": None if battery is None else round(battery.charge_wh / battery.capacity_wh, 3),
        "provider_id": car.provider_id,
    }


@router.post(
    "/rentalPoints",
    dependencies=[needs(REGISTRARS)],
    status_code=201,
    summary="Say hours, geofence and township of a site's rental point",
)
def create_point(given: RentalPointInput, change: Change, store: Store) -> Response:
    found = check_exists(store, "site", given.id, "id", Text("站点", "site"))
    if found:
        raise InvalidInput(found)
    region = str(store.get("site", given.id).body["region"])
    noun = given.to_noun(region)
    return _create("rental_point", noun, path="/v1/rentalPoints", region=region, change=change, store=store)


# ---- budgets


@router.get("/rentalBudgets", summary="Budgets of units for socialised support")
def list_budgets(viewer: Caller, store: Store, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    return _page("rental_budget", viewer, store, limit, after)


@router.post(
    "/rentalBudgets", dependencies=[needs(REGISTRARS)], status_code=201, summary="Set a unit's budget of a year (R131)"
)
def create_budget(given: RentalBudgetInput, change: Change, store: Store) -> Response:
    found = check_exists(store, "unit", given.unit_id, "unit_id", Text("单位", "unit"))
    if found:
        raise InvalidInput(found)
    region = str(store.get("unit", given.unit_id).body["region"])
    unit_id = UnitId(given.unit_id)
    noun = RentalBudget(
        id=rental_budget_id(unit_id, given.year),
        unit_id=unit_id,
        region=decode("unit", store.get("unit", given.unit_id).body).region,
        year=given.year,
        cap_fen=given.cap_fen,
        line=given.line,
    )
    return _create("rental_budget", noun, path="/v1/rentalBudgets", region=region, change=change, store=store)

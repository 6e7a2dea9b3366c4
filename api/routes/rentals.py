"""Time-share rental orders: what one costs, and holding a car. :mod:`api.routes.rental_life` has the steps after that."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.access import READERS, REGISTRARS, REQUESTERS, access_document
from api.dependencies import Caller, Change, Served, Store, document_response, needs
from api.errors import RuleRefused
from api.idempotency import Effect, Writing, etag, json_response
from api.paging import After, Limit, list_visible
from api.problems import FieldError, InvalidInput
from api.rental_desk import TERMS, Cleared, Desk, RentalAsk, over_budget
from api.rental_steps import Changes, lapse_others, show_rental
from api.schemas.rentals import (
    RentalInput,
)
from api.services import Services, local_day
from api.wording import Text
from fleet import rental_calendar, rentals
from fleet import requests as trips
from fleet.documents import decode
from fleet.ids import RentalId, VehicleId
from fleet.people import Role
from fleet.rental_budgets import commit as commit_budget
from fleet.rentals import Rental, RentalState
from fleet.requests import RequestState, TripRequest
from fleet.store import Document

router = APIRouter(prefix="/v1", tags=["rentals"])

QUOTERS = REQUESTERS


def desk_of(services: Services, change: Writing | None = None, *, day: str | None = None) -> Desk:
    """The desk at this moment, on the roads of a day."""
    now = services.clock() if change is None else change.now
    return Desk(store=services.store, roads=services.roads_on(day or local_day(now)).legs, now=now)


def read_ask(given: RentalInput, change: Writing, services: Services) -> tuple[RentalAsk, Desk]:
    """Put a renter's words together with the facts behind them.

    Raises
    ------
    NotFound
        If the request is not there, or not the caller's to see.
    InvalidInput
        If a site is no rental point, or the times make no sense.
    """
    store = services.store
    document = access_document(change.viewer, store, "request", given.request_id)
    request: TripRequest = decode("request", document.body)
    if request.requester_id != change.viewer.person.id:
        change.viewer.require(REGISTRARS)
        change.viewer.require_region(request.region)
    from_at = given.from_at or max(request.stops[0].earliest_at, change.now)
    until_at = given.until_at or request.stops[-1].latest_at
    desk = desk_of(services, change, day=local_day(from_at))
    if until_at <= from_at or from_at < change.now - timedelta(seconds=TERMS.early_s):
        raise InvalidInput(
            [
                FieldError(
                    field="from_at" if until_at > from_at else "until_at",
                    value=(min(until_at, from_at)).isoformat(),
                    message=Text("租用时间无效", "not a possible time of use"),
                    remedy=Text("从现在起，先取后还", "from now on, and the end after the begin"),
                )
            ]
        )
    from_site = desk.get_site(given.from_site_id, "from_site_id")
    to_site = desk.get_site(given.to_site_id or given.from_site_id, "to_site_id")
    return (
        RentalAsk(
            request=request,
            unit=desk.find("unit", request.unit_id),
            from_site=from_site,
            to_site=to_site,
            from_at=from_at,
            until_at=until_at,
            reason=given.reason,
            reason_text=given.reason_text,
            public_transport=given.public_transport,
            form=given.form,
            expected_m=given.expected_m,
            vehicle_id=None if given.vehicle_id is None else VehicleId(given.vehicle_id),
        ),
        desk,
    )


@router.get("/rentals", summary="List rental orders")
def list_rentals(
    viewer: Caller,
    store: Store,
    services: Served,
    state: RentalState | None = None,
    mine: Annotated[bool, Query(description="Only the caller's own.")] = False,
    month: Annotated[str | None, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")] = None,
    limit: Limit = 100,
    after: After = "",
) -> dict[str, Any]:
    viewer.require(READERS["rental"])
    now = services.clock()

    def keep(document: Document) -> bool:
        body = document.body
        return (
            (state is None or body["state"] == state)
            and (not mine or body["renter_id"] == viewer.person.id)
            and (month is None or local_day(datetime.fromisoformat(str(body["from_at"])))[:7] == month)
            and viewer.sees("rental", body)
        )

    where: tuple[str, str] | None = None if state is None else ("state", state)
    if mine or viewer.person.roles <= {Role.REQUESTER, Role.DRIVER}:
        where = ("renter_id", viewer.person.id)

    def show(document: Document) -> dict[str, Any]:
        return show_rental(decode("rental", document.body), document.version, store, now)

    return list_visible(store, "rental", where=where, keep=keep, show=show, after=after, limit=limit)


@router.get("/rentals/{id}", summary="One rental order")
def get_rental(id: str, viewer: Caller, store: Store, services: Served) -> Response:
    document = access_document(viewer, store, "rental", id)
    shown = show_rental(decode("rental", document.body), document.version, store, services.clock())
    return document_response(document, {name: shown[name] for name in ("plate", "owed_fen", "lapsed")})


@router.post(
    "/rentals:quote",
    dependencies=[needs(QUOTERS)],
    summary="What a rental would cost and which car it would be; nothing is kept",
)
def quote_rental(given: RentalInput, change: Change, services: Served) -> Response:
    """Refused with the rule's id as the hold would be: a retained car that can, a reason of another province, no car."""
    ask, desk = read_ask(given, change, services)
    cleared = desk.clear(ask)
    offer = desk.offer(cleared)
    budget = desk.check_budget(ask.unit, offer.quote, ask)
    return json_response(
        {
            "request_id": ask.request.id,
            "vehicle_id": offer.vehicle.id,
            "plate": offer.vehicle.plate,
            "provider_id": offer.provider.id,
            "tariff_id": offer.tariff.id,
            "from_at": ask.from_at.isoformat(),
            "until_at": ask.until_at.isoformat(),
            "expected_m": offer.expected_m,
            "expected_wh": offer.expected_wh,
            "deposit_fen": offer.tariff.deposit_fen,
            "quote": _plain_bill(offer.quote),
            "budget_state": None if budget is None else budget.state,
            "proof": {
                "vehicles_count": cleared.proof.vehicles_count,
                "plan_id": cleared.proof.plan_id,
                "steps": [
                    {"means": step.means, "cause": step.cause, "count": step.count, "proven": step.proven}
                    for step in cleared.proof.steps
                ],
            },
        }
    )


def _plain_bill(bill: Any) -> dict[str, Any]:
    lines = [
        {"code": own.code, "quantity": own.quantity, "unit": own.unit, "amount_fen": own.amount_fen}
        for own in bill.lines
    ]
    return {
        "tariff_id": bill.tariff_id,
        "lines": lines,
        "amount_fen": bill.amount_fen,
        "capped_fen": bill.capped_fen,
    }


@router.post("/rentals", dependencies=[needs(QUOTERS)], status_code=201, summary="Hold a car for an approved request")
def hold_rental(given: RentalInput, change: Change, services: Served) -> Response:
    """The car is kept for some minutes; with the licence checked it is booked. Nobody else can hold it meanwhile."""
    ask, desk = read_ask(given, change, services)
    cleared = desk.clear(ask)
    id = RentalId(services.new_id("RO"))

    def effect() -> Effect:
        return _hold(id, cleared, desk, change)

    return change.perform(effect)


def _hold(id: RentalId, cleared: Cleared, desk: Desk, change: Writing) -> Effect:
    ask = cleared.ask
    offer = desk.offer(cleared)
    refusal = over_budget(desk.check_budget(ask.unit, offer.quote, ask))
    if refusal is not None and not change.viewer.has({Role.PLANNER}):
        raise RuleRefused([refusal])
    changes = Changes(store=desk.store)
    changes.know("rental_calendar", offer.calendar, offer.calendar_version)
    request: TripRequest | None = changes.get("request", ask.request.id)
    if request is None or request.state is not RequestState.APPROVED:
        desk.clear(replace(ask, request=request or ask.request))
    lapse_others(changes, offer.calendar, desk=desk)
    budget, _ = desk.budget_of(ask.unit, ask.from_at)
    span_s = round((ask.until_at - ask.from_at).total_seconds())
    rental = Rental(
        id=id,
        request_id=ask.request.id,
        unit_id=ask.unit.id,
        region=ask.unit.region,
        renter_id=ask.request.requester_id,
        provider_id=offer.provider.id,
        tariff_id=offer.tariff.id,
        vehicle_id=offer.vehicle.id,
        rental_class=rentals.class_of(
            span_s=span_s, temporary_days=desk.terms.temporary_days, short_days=desk.terms.short_days
        ),
        form=ask.form,
        reason=ask.reason,
        reason_text=ask.reason_text,
        proof=cleared.proof,
        from_site_id=ask.from_site.id,
        to_site_id=ask.to_site.id,
        from_at=ask.from_at,
        until_at=ask.until_at,
        expected_m=offer.expected_m,
        expected_wh=offer.expected_wh,
        quote=offer.quote,
        budget_line="" if budget is None else budget.line,
        held_at=desk.now,
        release_at=desk.now + timedelta(seconds=desk.terms.hold_s),
        new_energy=offer.vehicle.energy.is_nev,
    )
    slot = replace(offer.slot, rental_id=id)
    changes.change_calendar(
        rental,
        lambda own: rental_calendar.book(
            own,
            slot,
            stands_at=offer.vehicle.home_site_id,
            now=desk.now,
            turnaround_s=desk.terms.turnaround_s,
        ),
    )
    changes.change_request(rental, trips.assign)
    changes.put("rental", rental)
    if budget is not None:
        kept = changes.get("rental_budget", budget.id)
        changes.put("rental_budget", commit_budget(kept, offer.quote.amount_fen))
    return Effect(
        type="rental.held",
        region=rental.region,
        writes=changes.writes(),
        status=201,
        body=show_rental(rental, 1, desk.store, desk.now),
        headers={"ETag": etag(1), "Location": f"/v1/rentals/{id}"},
    )

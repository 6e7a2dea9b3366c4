"""Trip requests: submit, see, decide."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.access import (
    PLANNERS,
    READERS,
    REQUESTERS,
    Viewer,
    access_document,
    access_to_cancel,
    access_to_decide,
    find_assignment_of,
)
from api.budget_checks import check_approval
from api.days import DayText
from api.dependencies import Caller, Change, Served, Spoken, Store, document_response, needs
from api.idempotency import Effect, Writing, etag
from api.paging import After, Limit, list_visible
from api.plan_views import reasons_of
from api.problems import AlreadyExists, FieldError, InvalidInput, OutsideRegion
from api.registry import check_exists
from api.rental_steps import refuse_while_rented
from api.schemas.requests import ReasonInput, TripRequestInput
from api.services import local_day
from api.stops import ACCESS_LIMIT_M, resolve_stops
from api.ties import requests_on_orders
from api.trip_names import with_names, with_unit_name
from api.trip_rules import SAME_PLACE, SAME_PLACE_REMEDY, leads_nowhere
from api.trip_waivers import check_advice, check_waivers
from api.trip_writes import end_promise, provisional_promise, take_from_vehicle
from api.wording import Text
from dispatch.policy import DispatchPolicy
from fleet import documents
from fleet import requests as trips
from fleet.ids import RegionCode, RequestId, UnitId
from fleet.people import Role
from fleet.requests import RequestState, TripRequest, Waiver
from fleet.store import Document, FleetStore, Write

router = APIRouter(prefix="/v1", tags=["requests"])


@router.get("/requests", summary="List trip requests")
def list_requests(
    viewer: Caller,
    store: Store,
    state: RequestState | None = None,
    day: DayText | None = None,
    region: Annotated[str | None, Query(pattern=r"^[A-Z0-9-]{2,20}$")] = None,
    limit: Limit = 100,
    after: After = "",
) -> dict[str, Any]:
    viewer.require(READERS["request"])

    on_orders = requests_on_orders(viewer, store)

    def keep(document: Document) -> bool:
        body = document.body
        return (
            (state is None or body["state"] == state)
            and (region is None or body["region"] == region)
            and (day is None or day_of_request(document) == day)
            and (viewer.sees("request", body) or document.id in on_orders)
        )

    where: tuple[str, str] | None = None
    also: frozenset[str] = frozenset()
    if viewer.person.roles <= {Role.REQUESTER, Role.DRIVER}:
        where, also = ("requester_id", viewer.person.id), on_orders
    elif region is not None:
        where = ("region", region)
    elif state is not None:
        where = ("state", state)
    return list_visible(
        store, "request", where=where, keep=keep, show=with_unit_name(store), after=after, limit=limit, also=also
    )


def day_of_request(document: Document) -> str:
    return local_day(datetime.fromisoformat(str(document.body["stops"][0]["earliest_at"])))


@router.post("/requests", status_code=201, summary="Ask for a trip")
def submit_request(
    given: TripRequestInput, change: Change, services: Served, store: Store, language: Spoken
) -> Response:
    """The answer says at once what to expect: a promise, a refusal with its reasons, or advice."""
    viewer = change.viewer
    viewer.require(REQUESTERS)
    unit = unit_for(given.unit_id, change, store)
    stops = resolve_stops(given.stops, roads=services.roads, now=change.now, priority=given.priority)
    if leads_nowhere(given.kind, stops):
        raise InvalidInput([FieldError(field=f"stops[{len(stops) - 1}]", message=SAME_PLACE, remedy=SAME_PLACE_REMEDY)])
    waivers = tuple(waiver.to_noun() for waiver in given.waivers)
    check_waivers(services.book, waivers)
    id = given.id or services.new_id("R")
    request = TripRequest(
        id=RequestId(id),
        unit_id=UnitId(unit.id),
        region=RegionCode(str(unit.body["region"])),
        requester_id=viewer.person.id,
        kind=given.kind,
        purpose=given.purpose,
        passengers=given.passengers,
        stops=stops,
        submitted_at=change.now,
        priority=given.priority,
        shareable=given.shareable,
        max_ride_s=given.max_ride_s,
        vehicle_kind=given.vehicle_kind,
        equipment=given.equipment,
        waivers=waivers,
    )
    check_advice(services.book, request, services.roads_on(_day_of(request)).legs, limit_m=ACCESS_LIMIT_M)

    def effect() -> Effect:
        if store.find("request", id) is not None:
            raise AlreadyExists(kind="request", id=id)
        body = documents.encode(request)
        answer = services.answer(request, language)
        return Effect(
            type="request.submitted",
            region=request.region,
            writes=[
                Write(kind="request", id=id, expected_version=0, body=body),
                *provisional_promise(request, answer, now=change.now),
            ],
            status=201,
            body={**body, "version": 1, "answer": answer},
            headers={"ETag": etag(1), "Location": f"/v1/requests/{id}"},
            data={"answer": answer},
        )

    return change.perform(effect)


def unit_for(given_id: str | None, change: Writing, store: FleetStore) -> Document:
    """Return the unit that the trip is for: the caller's own, or another of the region for those who dispatch."""
    viewer = change.viewer
    unit_id = given_id or viewer.person.unit_id
    if unit_id is None:
        raise InvalidInput(
            [
                FieldError(
                    field="unit_id",
                    message=Text("缺少用车单位", "the unit is missing"),
                    remedy=Text("填写 unit_id", "give unit_id"),
                )
            ]
        )
    findings = check_exists(store, "unit", unit_id, "unit_id", Text("单位", "unit"))
    if findings:
        raise InvalidInput(findings)
    unit = store.get("unit", unit_id)
    region = str(unit.body["region"])
    if unit_id != viewer.person.unit_id and not (
        (viewer.has({Role.DISPATCHER, Role.ADMIN}) and viewer.covers(region))
        or viewer.may_decide({**unit.body, "unit_id": unit_id})
    ):
        raise OutsideRegion(region=region)
    return unit


@router.get("/requests/{id}", summary="One trip request with its assignment and, when unserved, the reasons")
def get_request(id: str, viewer: Caller, store: Store, language: Spoken) -> Response:
    document = access_document(viewer, store, "request", id)
    assignment = find_assignment_of(store, id)
    waits = document.body["state"] in (RequestState.SUBMITTED, RequestState.APPROVED)
    return document_response(
        document,
        {
            "assignment": None if assignment is None else with_names(store, assignment),
            "unit_name": with_unit_name(store)(document)["unit_name"],
            "unserved_reasons": reasons_of(store, document, language) if waits and assignment is None else [],
        },
    )


def _decide(
    id: str,
    change: Writing,
    store: FleetStore,
    *,
    type: str,
    step: Any,
    access: Any,
    more: Any = None,
) -> Response:
    def effect() -> Effect:
        document = access(change.viewer, store, id)
        change.check_match(document)
        request: TripRequest = documents.decode("request", document.body)
        body = documents.encode(step(request))
        version = document.version + 1
        writes = [Write(kind="request", id=id, expected_version=document.version, body=body)]
        if more is not None:
            writes += more(request)
        return Effect(
            type=type,
            region=request.region,
            writes=writes,
            status=200,
            body={**body, "version": version},
            headers={"ETag": etag(version)},
        )

    return change.perform(effect)


def _day_of(request: TripRequest) -> str:
    return local_day(request.stops[0].earliest_at)


@router.post("/requests/{id}:approve", summary="Approve a request of another person")
def approve_request(id: str, change: Change, services: Served, store: Store) -> Response:
    """A trip that the unit's budget of the year does not hold any more waits for a planner's consent first (R131)."""

    def step(request: TripRequest) -> TripRequest:
        estimate_fen = DispatchPolicy().estimate_fen(request)
        check_approval(store, services.book, request, estimate_fen)
        return trips.approve(request, by=change.viewer.person.id, at=change.now, estimate_fen=estimate_fen)

    return _decide(id, change, store, type="request.approved", access=access_to_decide, step=step)


@router.post(
    "/requests/{id}:allowBudget",
    dependencies=[needs(PLANNERS)],
    summary="A planner lets a trip go beyond the unit's budget and says why",
)
def allow_budget(id: str, given: ReasonInput, change: Change, store: Store) -> Response:
    def step(request: TripRequest) -> TripRequest:
        by, at = change.viewer.person.id, change.now
        return trips.waive(request, Waiver(rule_id="R131", reason="planner_approval", text=given.reason, by=by, at=at))

    def access(viewer: Viewer, store: FleetStore, id: str) -> Document:
        viewer.require(PLANNERS)
        return access_document(viewer, store, "request", id)

    return _decide(id, change, store, type="request.budget_allowed", access=access, step=step)


@router.post("/requests/{id}:reject", summary="Reject a request and say why")
def reject_request(id: str, given: ReasonInput, change: Change, store: Store) -> Response:
    return _decide(
        id,
        change,
        store,
        type="request.rejected",
        access=access_to_decide,
        step=lambda request: trips.reject(request, by=change.viewer.person.id, at=change.now, reason=given.reason),
    )


@router.post("/requests/{id}:cancel", summary="Cancel a request before the vehicle sets off")
def cancel_request(id: str, given: ReasonInput, change: Change, store: Store) -> Response:
    def withdrawals(request: TripRequest) -> list[Write]:
        refuse_while_rented(store, request.id)
        return [*end_promise(store, request.id), *take_from_vehicle(store, request.id)]

    return _decide(
        id,
        change,
        store,
        type="request.cancelled",
        access=access_to_cancel,
        step=lambda request: trips.cancel(request, reason=given.reason),
        more=withdrawals,
    )

"""Emergency orders (R160-R169, R177): the nearest vehicle goes at once, others make way and are told, approval may follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Response

from api.access import APPROVERS, REGISTRARS, STAFF, access_to_decide
from api.days import DayText
from api.dependencies import Caller, Change, Served, Store, needs, render
from api.geography import covers
from api.idempotency import Effect, etag, json_response
from api.paging import After, Limit, list_visible
from api.ready_reserve import show_reserve
from api.routes.requests import unit_for
from api.schemas.requests import EmergencyInput
from api.services import Services, local_day
from api.stops import resolve_stops
from dispatch.agreed import ruling_on
from dispatch.options import Option, list_options
from dispatch.service import Part, Prepared, prepare
from dispatch.solve import StopRule
from dispatch.view import FleetView
from dispatch.writes import Why
from fleet.documents import decode, encode
from fleet.ids import RegionCode, RequestId, UnitId
from fleet.promises import NoticeReason
from fleet.requests import Priority, RequestState, TripRequest, confirm
from fleet.store import Document, FleetStore, Write

router = APIRouter(prefix="/v1", tags=["emergencies"])

_ITERATIONS = 400
_TRIED = 5
"""So many vehicles are tried, the soonest first, until one can really go."""


@router.post("/emergencies", dependencies=[needs(REGISTRARS)], status_code=201, summary="An emergency order goes first")
def open_emergency(given: EmergencyInput, change: Change, services: Served, store: Store) -> Response:
    """The vehicle that is there soonest takes it, of any class and of every region that agreements open, before any approval.

    Trips that lose their vehicle are told in the same commit and planned again in the next round. ``drill`` behaves the same
    and counts for nothing.
    """
    viewer = change.viewer
    viewer.require(REGISTRARS)
    unit = unit_for(given.unit_id, change, store)
    stops = resolve_stops(given.stops, roads=services.roads, now=change.now, priority=Priority.EMERGENCY)
    id = given.id or services.new_id("E")
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
        priority=Priority.EMERGENCY,
        shareable=False,
        vehicle_kind=given.vehicle_kind,
        equipment=given.equipment,
        state=RequestState.APPROVED,
        drill=given.drill,
    )
    day = local_day(stops[0].earliest_at)

    def effect() -> Effect:
        made = _send(services, store, request, now=change.now, day=day)
        writes = _writes(made, request)
        assignment = next(
            (w.body for w in writes if w.kind == "assignment" and w.body and w.body["request_id"] == id), None
        )
        notices = [] if made is None else [notice for bundle in made.bundles for notice in bundle.notices]
        body = next(write.body for write in writes if write.kind == "request" and write.id == id)
        limit_s = ruling_on(store, date.fromisoformat(day)).view(request.region)["R177.late_approval_s"]
        return Effect(
            type="request.emergency",
            region=request.region,
            writes=writes,
            status=201,
            body={
                **(body or {}),
                "version": 1,
                "assignment": None if assignment is None else {**assignment, "version": 1},
                "notices": [{**encode(notice), "version": 1} for notice in notices],
                "approve_by_at": (change.now + timedelta(seconds=limit_s)).isoformat(),
            },
            headers={"ETag": etag(1), "Location": f"/v1/requests/{id}"},
            data={"drill": given.drill, "displaced": sorted(notice.request_id for notice in notices)},
        )

    return change.perform(effect)


def _send(services: Services, store: FleetStore, request: TripRequest, *, now: datetime, day: str) -> Prepared | None:
    """Plan the order onto the vehicle that is there soonest; None where none can go, and the rounds keep trying."""
    legs = services.roads_on(day).legs
    found = list_options(store, legs, request, now=now, limit=200)
    for option in sorted(found, key=_soonest)[:_TRIED]:

        def with_order(view: FleetView) -> FleetView:
            return replace(view, requests={**view.requests, request.id: request})

        made = prepare(
            store,
            legs,
            day=date.fromisoformat(day),
            now=now,
            seed=0,
            stop=StopRule(iterations=_ITERATIONS),
            part=Part(vehicles={option.vehicle_id}, requests={request.id}, only={request.id: option.vehicle_id}),
            why=Why(cause=NoticeReason.EMERGENCY),
            change=with_order,
        )
        if request.id not in made.unserved:
            return made
    return None


def _soonest(option: Option) -> tuple[datetime, int, int, str]:
    return option.pickup_at, len(option.disturbs), option.cost_fen, option.vehicle_id


def _writes(made: Prepared | None, request: TripRequest) -> list[Write]:
    writes = [] if made is None else [write for bundle in made.bundles for write in bundle.writes]
    if not any(write.kind == "request" and write.id == request.id for write in writes):
        writes.append(Write(kind="request", id=request.id, expected_version=0, body=encode(request)))
    return writes


@router.get("/emergencies", summary="Emergency orders, with those that still lack their approval")
def list_emergencies(
    viewer: Caller,
    services: Served,
    store: Store,
    overdue: bool = False,
    limit: Limit = 100,
    after: After = "",
) -> dict[str, Any]:
    """``overdue``: only those whose approval was not added in time, the audit cases (R177)."""
    viewer.require(STAFF | APPROVERS)
    now = services.clock()

    def keep(document: Document) -> bool:
        body = document.body
        own = body["priority"] == Priority.EMERGENCY and viewer.sees("request", body)
        return own and (not overdue or _is_overdue(document, store, now))

    return list_visible(
        store,
        "request",
        where=None,
        keep=keep,
        show=lambda document: {**render(document), "overdue": _is_overdue(document, store, now)},
        after=after,
        limit=limit,
    )


def _is_overdue(document: Document, store: FleetStore, now: datetime) -> bool:
    body = document.body
    if body.get("drill") or body["state"] in (RequestState.CANCELLED, RequestState.REJECTED):
        return False
    submitted = datetime.fromisoformat(str(body["submitted_at"]))
    limit_s = ruling_on(store, date.fromisoformat(local_day(submitted))).view(str(body["region"]))
    due = submitted + timedelta(seconds=limit_s["R177.late_approval_s"])
    decided = body["decided_at"]
    return (now if decided is None else datetime.fromisoformat(str(decided))) > due


@router.post("/emergencies/{id}:confirm", summary="Add the approval of an emergency afterwards")
def confirm_emergency(id: str, change: Change, store: Store) -> Response:
    def effect() -> Effect:
        document = access_to_decide(change.viewer, store, id)
        change.check_match(document)
        request: TripRequest = decode("request", document.body)
        body = encode(confirm(request, by=change.viewer.person.id, at=change.now))
        version = document.version + 1
        return Effect(
            type="request.confirmed",
            region=request.region,
            writes=[Write(kind="request", id=id, expected_version=document.version, body=body)],
            status=200,
            body={**body, "version": version},
            headers={"ETag": etag(version)},
        )

    return change.perform(effect)


@router.get("/reserve", summary="The ready reserve of every centre, and where it is breached")
def get_reserve(viewer: Caller, services: Served, store: Store, day: DayText | None = None) -> Response:
    viewer.require(STAFF)
    now = services.clock()
    items = show_reserve(store, now=now, day=day or local_day(now))
    seen = [each for each in items if covers(viewer.person.region, str(each["region"]))]
    return json_response({"items": seen}, headers={"Cache-Control": "no-store"})

"""Dispatch orders: a driver's list, and the taps at the wheel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.access import READERS, access_document, access_to_drive
from api.days import DayText
from api.dependencies import Caller, Change, Store, document_response, render
from api.idempotency import Effect, Writing, etag
from api.odometer import check_reading
from api.outputs.order_pdf import clock_text, render_order, sheet_of
from api.paging import After, Limit, list_visible
from api.problems import FieldError, InvalidInput
from api.schemas.assignments import AbsentInput, DeclineInput, DelayInput, FinishInput, PickUpInput, TapInput
from api.services import LOCAL_ZONE, local_day
from api.ties import orders_of, requests_of
from api.trip_writes import clear_stops, end_promise, judge_promise
from api.vocabulary import VEHICLE_KINDS, word
from api.wording import Text
from fleet import documents, itineraries
from fleet import requests as trips
from fleet.ids import PersonId
from fleet.itineraries import Assignment, AssignmentState, DriverReport
from fleet.people import Role
from fleet.requests import TripRequest
from fleet.store import Document, FleetStore, Write
from fleet.vehicle_facts import DayFact, FactKind
from fleet.vehicles import Vehicle

router = APIRouter(prefix="/v1", tags=["assignments"])

CLOCK_SKEW = timedelta(minutes=5)
"""How far a phone's clock may be off the server's."""

PICK_UP_TOLERANCE = timedelta(minutes=1)
"""A promise is kept by a tap this much after its window: people get in before the driver taps."""


def show_assignment(document: Document, store: FleetStore) -> dict[str, Any]:
    """Return an assignment with what its driver needs to know of the trip."""
    body = document.body
    request = store.find("request", str(body["request_id"]))
    vehicle = store.find("vehicle", str(body["vehicle_id"]))
    requester = None if request is None else store.find("person", str(request.body["requester_id"]))
    trip: dict[str, Any] | None = None
    if request is not None:
        trip = {
            "kind": request.body["kind"],
            "purpose": request.body["purpose"],
            "passengers": request.body["passengers"],
            "stops": request.body["stops"],
            "priority": request.body["priority"],
            "requester_name": "" if requester is None else requester.body["name"],
            "phone": "" if requester is None else requester.body.get("phone", ""),
        }
    return {**render(document), "plate": "" if vehicle is None else vehicle.body["plate"], "request": trip}


@router.get("/assignments", summary="List dispatch orders")
def list_assignments(
    viewer: Caller,
    store: Store,
    mine: Annotated[bool, Query(description="Only those that the caller drives.")] = False,
    day: DayText | None = None,
    state: AssignmentState | None = None,
    limit: Limit = 100,
    after: After = "",
) -> dict[str, Any]:
    viewer.require(READERS["assignment"])
    driver_id = viewer.person.driver_id
    if mine and driver_id is None:
        return {"items": [], "next_after": None}
    own_requests = frozenset() if mine else requests_of(viewer, store)
    where: tuple[str, str] | None = None if state is None else ("state", state)
    also: Sequence[str] = ()
    if mine or viewer.person.roles <= {Role.DRIVER, Role.REQUESTER}:
        # Who drives nothing has the orders of the own requests only: no order is of the empty request.
        where = ("request_id", "") if driver_id is None else ("driver_id", str(driver_id))
        also = orders_of(store, own_requests)

    def keep(document: Document) -> bool:
        body = document.body
        return (
            (state is None or body["state"] == state)
            and (day is None or local_day(datetime.fromisoformat(str(body["pickup_at"]))) == day)
            and (not mine or body["driver_id"] == driver_id)
            and (viewer.sees("assignment", body) or body["request_id"] in own_requests)
        )

    page = list_visible(
        store,
        "assignment",
        where=where,
        keep=keep,
        show=lambda document: show_assignment(document, store),
        after=after,
        limit=limit,
        also=also,
    )
    page["items"].sort(key=lambda item: (item["pickup_at"], item["id"]))
    return page


@router.get("/assignments/{id}", summary="One dispatch order")
def get_assignment(id: str, viewer: Caller, store: Store) -> Response:
    document = access_document(viewer, store, "assignment", id)
    shown = show_assignment(document, store)
    return document_response(document, {"plate": shown["plate"], "request": shown["request"]})


@router.get("/assignments/{id}/order.pdf", summary="The dispatch order to print", response_class=Response)
def print_order(id: str, viewer: Caller, store: Store) -> Response:
    document = access_document(viewer, store, "assignment", id)
    request = store.get("request", str(document.body["request_id"]))
    vehicle = store.get("vehicle", str(document.body["vehicle_id"]))
    sheet = sheet_of(
        document.body,
        request.body,
        names=_names(document, request, store),
        vehicle=vehicle.body,
        kind=word(VEHICLE_KINDS, vehicle.body["kind"], "zh"),
        times=_planned_times(document, request, store),
    )
    headers = {"Content-Disposition": f'inline; filename="{id}.pdf"', "Cache-Control": "private, no-cache"}
    return Response(render_order(sheet), media_type="application/pdf", headers=headers)


def _names(order: Document, request: Document, store: FleetStore) -> dict[str, str]:
    def field_of(kind: str, id: object, name: str) -> str:
        found = None if id is None else store.find(kind, str(id))
        return "" if found is None else str(found.body.get(name) or "")

    offered_at = datetime.fromisoformat(str(order.body["offered_at"])).astimezone(LOCAL_ZONE)
    body = request.body
    return {
        "unit": field_of("unit", body["unit_id"], "name"),
        "requester": field_of("person", body["requester_id"], "name"),
        "requester_phone": field_of("person", body["requester_id"], "phone"),
        "approver": field_of("person", body["approver_id"], "name"),
        "driver": field_of("driver", order.body["driver_id"], "name"),
        "driver_phone": field_of("driver", order.body["driver_id"], "phone"),
        "dispatcher": field_of("person", order.body.get("dispatcher_id"), "name") or "系统派单",
        "offered_at": clock_text(offered_at),
    }


def _planned_times(order: Document, request: Document, store: FleetStore) -> list[str]:
    """The planned time of each stop: of the vehicle's day where it is there, else what the order says."""
    day = store.find("itinerary", str(order.body["itinerary_id"]))
    own = [] if day is None else [s["begin_at"] for s in day.body["stops"] if s["request_id"] == request.id]
    if len(own) != len(request.body["stops"]):
        middle = [""] * (len(request.body["stops"]) - 2)
        own = [order.body["pickup_at"], *middle, order.body["dropoff_at"]]
    return [clock_text(datetime.fromisoformat(str(at)).astimezone(LOCAL_ZONE)) if at else "" for at in own]


def _tap(
    id: str,
    change: Writing,
    store: FleetStore,
    action: str,
    *,
    type: str,
    at: datetime | None,
    detail: dict[str, Any] | None = None,
) -> Response:
    """Apply a driver's tap to the assignment and, where it means something there, to request, promise, day and vehicle."""

    def effect() -> Effect:
        document = access_to_drive(change.viewer, store, id)
        change.check_match(document)
        before: Assignment = documents.decode("assignment", document.body)
        happened_at = at or change.now
        _check_time(before, action, happened_at, change.now)
        what = DriverReport(action=action, at=happened_at, received_at=change.now, **(detail or {}))
        after = itineraries.report(before, what)
        body = documents.encode(after)
        version = document.version + 1
        changed = Document(kind="assignment", id=id, version=version, body=body)
        writes = [
            Write(kind="assignment", id=id, expected_version=document.version, body=body),
            *_consequences(before, after, what, store),
        ]
        return Effect(
            type=type,
            region=before.region,
            writes=writes,
            status=200,
            body=show_assignment(changed, store),
            headers={"ETag": etag(version)},
        )

    return change.perform(effect)


def _check_time(assignment: Assignment, action: str, at: datetime, now: datetime) -> None:
    """Refuse a tap of the future, before the order was there, or on the wrong side of a step that was told."""
    told = [report for report in assignment.reports if not report.implied]
    if action in itineraries.STEPS:
        place = itineraries.STEPS.index(action)
        steps = [(itineraries.STEPS.index(each.action), each.at) for each in told if each.action in itineraries.STEPS]
        not_before = max((when for number, when in steps if number < place), default=None)
        not_after = min((when for number, when in steps if number > place), default=None)
    else:
        not_before, not_after = max((each.at for each in told), default=None), None
    if at > now + CLOCK_SKEW:
        message, bound, late = Text("时间在未来", "the time lies in the future"), now, True
    elif not_before is not None and at < not_before:
        message = Text("时间早于上一步操作", "the time is before that of the step ahead of it")
        bound, late = not_before, False
    elif not_after is not None and at > not_after:
        message = Text("时间晚于下一步操作", "the time is after that of the step behind it")
        bound, late = not_after, True
    elif at < assignment.offered_at - CLOCK_SKEW:
        message, late = Text("时间早于派单时间", "the time is before the order was given"), False
        bound = assignment.offered_at
    else:
        return
    text = bound.isoformat(timespec="seconds")
    remedy = Text(f"不晚于 {text}", f"not after {text}") if late else Text(f"不早于 {text}", f"not before {text}")
    raise InvalidInput([FieldError(field="at", value=at.isoformat(), message=message, remedy=remedy)])


_GOING = (AssignmentState.STARTED, AssignmentState.ON_BOARD, AssignmentState.DROPPED_OFF, AssignmentState.FINISHED)


def _consequences(before: Assignment, after: Assignment, what: DriverReport, store: FleetStore) -> Sequence[Write]:
    writes: list[Write] = []
    sets_off = after.state in _GOING and before.state not in _GOING
    ends = after.state is AssignmentState.FINISHED and before.state is not AssignmentState.FINISHED
    leaves = what.action in ("decline", "absent")
    if sets_off or ends or leaves:
        document = store.get("request", before.request_id)
        request: TripRequest = documents.decode("request", document.body)
        if sets_off:
            request = trips.depart(request)
        if ends:
            request = trips.finish(request)
        if what.action == "decline":
            request = trips.withdraw(request)
        elif what.action == "absent":
            request = trips.miss(request, reason=what.reason)
        body = documents.encode(request)
        writes.append(Write(kind="request", id=document.id, expected_version=document.version, body=body))
    if leaves:
        writes += clear_stops(store, before.itinerary_id, frozenset({before.request_id}))
    on_board_at = _at(after, "pick_up")
    if on_board_at is not None and _at(before, "pick_up") is None:
        # The vehicle was there in time: passengers who come late break no promise of ours.
        there_at = _at(after, "arrive") or on_board_at
        writes += judge_promise(store, before.request_id, at=there_at, tolerance=PICK_UP_TOLERANCE)
    elif what.action == "absent":
        writes += end_promise(store, before.request_id)
    if ends:
        reading = next(each for each in reversed(after.reports) if each.action == "finish")
        document = store.get("vehicle", before.vehicle_id)
        vehicle = _after_trip(documents.decode("vehicle", document.body), reading, store)
        body = documents.encode(vehicle)
        writes.append(Write(kind="vehicle", id=document.id, expected_version=document.version, body=body))
        if reading.charge_frac is not None:
            fact = DayFact(
                id=f"F-{before.id}",
                kind=FactKind.CHARGE,
                about=before.vehicle_id,
                region=before.region,
                day=local_day(reading.at),
                at=reading.at,
                received_at=reading.received_at,
                told_by=PersonId(f"driver {before.driver_id}"),
                charge_frac=reading.charge_frac,
            )
            writes.append(Write(kind="day_fact", id=fact.id, expected_version=0, body=documents.encode(fact)))
    return writes


def _at(assignment: Assignment, action: str) -> datetime | None:
    return next((each.at for each in assignment.reports if each.action == action), None)


def _after_trip(vehicle: Vehicle, what: DriverReport, store: FleetStore) -> Vehicle:
    if what.odometer_m is not None:
        check_reading(vehicle, what.odometer_m, at=what.at, last_at=_last_reading_at(vehicle, store))
        vehicle = replace(vehicle, odometer_m=what.odometer_m)
    if what.charge_frac is not None and vehicle.battery is not None:
        charge_wh = round(what.charge_frac * vehicle.battery.capacity_wh)
        vehicle = replace(vehicle, battery=replace(vehicle.battery, charge_wh=charge_wh))
    return vehicle


def _last_reading_at(vehicle: Vehicle, store: FleetStore) -> datetime | None:
    """Return when a driver told the vehicle's present reading; None when it stands in the register only."""
    found: datetime | None = None
    after = ""
    while True:
        page = store.list("assignment", where=("vehicle_id", vehicle.id), after=after)
        for document in page.documents:
            for report in document.body.get("reports") or ():
                if report.get("odometer_m") == vehicle.odometer_m:
                    at = datetime.fromisoformat(str(report["at"]))
                    found = at if found is None else max(found, at)
        if page.next_after is None:
            return found
        after = page.next_after


@router.post("/assignments/{id}:accept", summary="The driver takes the order")
def accept_assignment(id: str, change: Change, store: Store, given: TapInput | None = None) -> Response:
    return _tap(id, change, store, "accept", type="assignment.accepted", at=given.at if given else None)


@router.post("/assignments/{id}:decline", summary="The driver cannot take it and says why")
def decline_assignment(id: str, given: DeclineInput, change: Change, store: Store) -> Response:
    return _tap(
        id,
        change,
        store,
        "decline",
        type="assignment.declined",
        at=given.at,
        detail={"reason": given.reason},
    )


@router.post("/assignments/{id}:start", summary="The vehicle sets off")
def start_assignment(id: str, change: Change, store: Store, given: TapInput | None = None) -> Response:
    return _tap(id, change, store, "start", type="assignment.started", at=given.at if given else None)


@router.post("/assignments/{id}:arrive", summary="The vehicle stands at the pick-up")
def arrive(id: str, change: Change, store: Store, given: TapInput | None = None) -> Response:
    return _tap(id, change, store, "arrive", type="assignment.arrived", at=given.at if given else None)


@router.post("/assignments/{id}:delay", summary="The passengers are late, or the meeting over-runs")
def tell_delay(id: str, given: DelayInput, change: Change, store: Store) -> Response:
    """The vehicle goes on at ``expected_at``; what it was to do afterwards is planned anew where it would be late."""
    detail = {"expected_at": given.expected_at, "reason": given.reason}
    return _tap(id, change, store, "delay", type="assignment.delayed", at=given.at, detail=detail)


@router.post("/assignments/{id}:absent", summary="Nobody came to the pick-up")
def tell_absent(id: str, given: AbsentInput, change: Change, store: Store) -> Response:
    detail = {"reason": given.reason}
    return _tap(id, change, store, "absent", type="assignment.absent", at=given.at, detail=detail)


@router.post("/assignments/{id}:pickUp", summary="The passengers are on board")
def pick_up(id: str, change: Change, store: Store, given: PickUpInput | None = None) -> Response:
    return _tap(
        id,
        change,
        store,
        "pick_up",
        type="assignment.picked_up",
        at=given.at if given else None,
        detail={"passengers": given.passengers if given else None},
    )


@router.post("/assignments/{id}:dropOff", summary="The passengers have left")
def drop_off(id: str, change: Change, store: Store, given: TapInput | None = None) -> Response:
    return _tap(id, change, store, "drop_off", type="assignment.dropped_off", at=given.at if given else None)


@router.post("/assignments/{id}:finish", summary="The order is done; odometer and charge are read")
def finish_assignment(id: str, given: FinishInput, change: Change, store: Store) -> Response:
    return _tap(
        id,
        change,
        store,
        "finish",
        type="assignment.finished",
        at=given.at,
        detail={"odometer_m": given.odometer_m, "charge_frac": given.charge_frac},
    )

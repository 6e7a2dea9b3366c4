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
from api.paging import After, Limit, list_visible
from api.problems import FieldError, InvalidInput
from api.schemas.assignments import DeclineInput, FinishInput, PickUpInput, TapInput
from api.services import local_day
from api.ties import orders_of, requests_of
from api.wording import Text
from fleet import documents, itineraries
from fleet import requests as trips
from fleet.itineraries import Assignment, AssignmentState, DriverReport
from fleet.people import Role
from fleet.requests import TripRequest
from fleet.store import Document, FleetStore, Write
from fleet.vehicles import Vehicle

router = APIRouter(prefix="/v1", tags=["assignments"])

CLOCK_SKEW = timedelta(minutes=5)
"""How far a phone's clock may be off the server's."""


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
    """Apply a driver's tap to the assignment and, where it means something there, to request and vehicle."""

    def effect() -> Effect:
        document = access_to_drive(change.viewer, store, id)
        change.check_match(document)
        before: Assignment = documents.decode("assignment", document.body)
        happened_at = at or change.now
        _check_time(before, happened_at, change.now)
        what = DriverReport(action=action, at=happened_at, received_at=change.now, **(detail or {}))
        after = itineraries.report(before, what)
        body = documents.encode(after)
        version = document.version + 1
        changed = Document(kind="assignment", id=id, version=version, body=body)
        writes = [
            Write(kind="assignment", id=id, expected_version=document.version, body=body),
            *_consequences(before, what, store),
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


def _check_time(assignment: Assignment, at: datetime, now: datetime) -> None:
    """Refuse a tap of the future, before the order was there, or before the step ahead of it; setting off early is free."""
    last_at = max((report.at for report in assignment.reports), default=None)
    if at > now + CLOCK_SKEW:
        message, bound = Text("时间在未来", "the time lies in the future"), now
        remedy = Text(
            f"不晚于 {bound.isoformat(timespec='seconds')}", f"not after {bound.isoformat(timespec='seconds')}"
        )
    elif last_at is not None and at < last_at:
        message, bound = Text("时间早于上一步操作", "the time is before that of the step ahead of it"), last_at
        remedy = Text(
            f"不早于 {bound.isoformat(timespec='seconds')}", f"not before {bound.isoformat(timespec='seconds')}"
        )
    elif at < assignment.offered_at - CLOCK_SKEW:
        message, bound = Text("时间早于派单时间", "the time is before the order was given"), assignment.offered_at
        remedy = Text(
            f"不早于 {bound.isoformat(timespec='seconds')}", f"not before {bound.isoformat(timespec='seconds')}"
        )
    else:
        return
    raise InvalidInput([FieldError(field="at", value=at.isoformat(), message=message, remedy=remedy)])


def _consequences(assignment: Assignment, what: DriverReport, store: FleetStore) -> Sequence[Write]:
    writes: list[Write] = []
    if what.action in ("decline", "start", "finish"):
        document = store.get("request", assignment.request_id)
        request: TripRequest = documents.decode("request", document.body)
        step = {"decline": trips.withdraw, "start": trips.depart, "finish": trips.finish}[what.action]
        writes.append(
            Write(
                kind="request",
                id=document.id,
                expected_version=document.version,
                body=documents.encode(step(request)),
            )
        )
    if what.action == "finish":
        document = store.get("vehicle", assignment.vehicle_id)
        vehicle = _after_trip(documents.decode("vehicle", document.body), what, store)
        writes.append(
            Write(
                kind="vehicle",
                id=document.id,
                expected_version=document.version,
                body=documents.encode(vehicle),
            )
        )
    return writes


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

"""What goes wrong in the course of a day: told once, kept as it came, and acted upon at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.access import DRIVERS, READERS, REGISTRARS, Viewer, access_document
from api.dependencies import Caller, Change, Served, Store, render
from api.idempotency import Effect, Writing, etag
from api.odometer import check_reading
from api.paging import After, Limit, list_visible
from api.problems import FieldError, Forbidden, InvalidInput
from api.routes.assignments import CLOCK_SKEW
from api.schemas.reports import DriverReportInput, SiteReportInput, VehicleReportInput
from api.services import Services, local_day
from api.trip_writes import clear_stops
from api.wording import Text
from fleet import requests as trips
from fleet.documents import decode, encode
from fleet.ids import RegionCode, RequestId
from fleet.itineraries import BEGUN, Assignment, AssignmentState, break_off
from fleet.requests import RequestState, TripRequest, TripStop
from fleet.store import Document, FleetStore, Write
from fleet.vehicle_facts import (
    STOPS_A_VEHICLE,
    DayFact,
    FactKind,
    change_duty,
    put_points_out,
    read_charge,
    stop_vehicle,
)
from fleet.vehicles import Vehicle

router = APIRouter(prefix="/v1", tags=["reports"])

_FETCH_S = 7_200
"""How long passengers of a broken-down vehicle are waited for: whoever comes first within it takes them on."""

_ONWARD_S = 14_400
"""How much later than asked for they may arrive."""


@router.get("/reports", summary="What was told of vehicles, drivers and charge points")
def list_reports(
    viewer: Caller,
    store: Store,
    about: Annotated[str | None, Query(max_length=200, description="Id of the vehicle, driver or site.")] = None,
    limit: Limit = 100,
    after: After = "",
) -> dict[str, Any]:
    viewer.require(READERS["day_fact"])
    return list_visible(
        store,
        "day_fact",
        where=None if about is None else ("about", about),
        keep=lambda document: viewer.sees("day_fact", document.body),
        show=render,
        after=after,
        limit=limit,
    )


@router.post("/vehicles/{id}:report", status_code=201, summary="A fault, an accident, or a reading")
def report_vehicle(id: str, given: VehicleReportInput, change: Change, services: Served, store: Store) -> Response:
    """By its driver of the day or a dispatcher. A breakdown re-opens what the vehicle has begun; the rest is planned anew."""
    fact_id = services.new_id("F")

    def effect() -> Effect:
        document = _vehicle_for(change.viewer, store, id, change.now)
        vehicle: Vehicle = decode("vehicle", document.body)
        fact = DayFact(
            id=fact_id,
            kind=FactKind(given.kind),
            about=id,
            region=vehicle.region,
            day=local_day(given.at or change.now),
            at=_checked(given.at, change.now),
            received_at=change.now,
            told_by=change.viewer.person.id,
            reason=given.reason,
            charge_frac=given.charge_frac,
            fuel_frac=given.fuel_frac,
            odometer_m=given.odometer_m,
            lon_wgs84=given.lon_wgs84,
            lat_wgs84=given.lat_wgs84,
        )
        newest = _is_newest(store, fact)
        after, writes = vehicle, []
        if fact.kind in STOPS_A_VEHICLE:
            after = stop_vehicle(vehicle)
            writes = _break_off_trips(store, services, fact)
        elif newest and fact.kind is FactKind.CHARGE:
            after = read_charge(vehicle, fact)
        elif newest and fact.kind is FactKind.ODOMETER and fact.odometer_m is not None:
            check_reading(vehicle, fact.odometer_m, at=fact.at, last_at=None)
            after = replace(vehicle, odometer_m=fact.odometer_m)
        if after != vehicle:
            writes.append(Write(kind="vehicle", id=id, expected_version=document.version, body=encode(after)))
        return _told(replace(fact, applied=newest or fact.kind in STOPS_A_VEHICLE), writes, type="vehicle.reported")

    return change.perform(effect)


@router.post("/drivers/{id}:report", status_code=201, summary="A driver falls ill, or is back")
def report_driver(id: str, given: DriverReportInput, change: Change, services: Served, store: Store) -> Response:
    fact_id = services.new_id("F")

    def effect() -> Effect:
        document = access_document(change.viewer, store, "driver", id)
        if change.viewer.person.driver_id != id:
            _require_dispatcher(change.viewer, str(document.body["region"]))
        driver = decode("driver", document.body)
        kind = FactKind(given.kind)
        fact = _fact(fact_id, kind, id, str(driver.region), given.at, given.reason, change)
        after = change_duty(driver, on_duty=kind is FactKind.DRIVER_BACK)
        writes = []
        if after != driver:
            writes = [Write(kind="driver", id=id, expected_version=document.version, body=encode(after))]
        return _told(fact, writes, type="driver.reported")

    return change.perform(effect)


@router.post("/sites/{id}:report", status_code=201, summary="Charge points are dead or blocked, or work again")
def report_site(id: str, given: SiteReportInput, change: Change, services: Served, store: Store) -> Response:
    fact_id = services.new_id("F")

    def effect() -> Effect:
        document = access_document(change.viewer, store, "site", id)
        change.viewer.require(REGISTRARS | DRIVERS)
        change.viewer.require_region(str(document.body["region"]))
        site = decode("site", document.body)
        kind = FactKind(given.kind)
        count = 0 if kind is FactKind.CHARGE_POINT_BACK and given.points_count is None else given.points_count
        fact = _fact(fact_id, kind, id, str(site.region), given.at, given.reason, change, points_count=count)
        fact = replace(fact, group=given.group)
        after = put_points_out(site, group=given.group, points_count=count or 0)
        writes = []
        if after != site:
            writes = [Write(kind="site", id=id, expected_version=document.version, body=encode(after))]
        return _told(fact, writes, type="site.reported")

    return change.perform(effect)


def _fact(
    id: str,
    kind: FactKind,
    about: str,
    region: str,
    at: datetime | None,
    reason: str,
    change: Writing,
    points_count: int | None = None,
) -> DayFact:
    return DayFact(
        id=id,
        kind=kind,
        about=about,
        region=RegionCode(region),
        day=local_day(at or change.now),
        at=_checked(at, change.now),
        received_at=change.now,
        told_by=change.viewer.person.id,
        reason=reason,
        points_count=points_count,
    )


def _told(fact: DayFact, writes: list[Write], *, type: str) -> Effect:
    body = encode(fact)
    return Effect(
        type=type,
        region=fact.region,
        writes=[Write(kind="day_fact", id=fact.id, expected_version=0, body=body), *writes],
        status=201,
        body={**body, "version": 1},
        headers={"ETag": etag(1)},
        data={"kind": fact.kind.value, "about": fact.about},
    )


def _checked(at: datetime | None, now: datetime) -> datetime:
    if at is None:
        return now
    if at > now + CLOCK_SKEW:
        remedy = now.isoformat(timespec="seconds")
        raise InvalidInput(
            [
                FieldError(
                    field="at",
                    value=at.isoformat(),
                    message=Text("时间在未来", "the time lies in the future"),
                    remedy=Text(f"不晚于 {remedy}", f"not after {remedy}"),
                )
            ]
        )
    return at


def _require_dispatcher(viewer: Viewer, region: str) -> None:
    viewer.require(REGISTRARS)
    viewer.require_region(region)


def _vehicle_for(viewer: Viewer, store: FleetStore, id: str, now: datetime) -> Document:
    """Return a vehicle that the viewer drives today or dispatches."""
    driver_id = viewer.person.driver_id
    if driver_id is not None and viewer.has(DRIVERS) and _drives(store, str(driver_id), id, now):
        return store.get("vehicle", id)
    if not viewer.has(READERS["vehicle"]):
        raise Forbidden(needs=sorted(DRIVERS | REGISTRARS))
    document = access_document(viewer, store, "vehicle", id)
    _require_dispatcher(viewer, str(document.body["region"]))
    return document


def _drives(store: FleetStore, driver_id: str, vehicle_id: str, now: datetime) -> bool:
    days = {local_day(now), local_day(now - timedelta(days=1))}
    for document in store.list("itinerary", where=("driver_id", driver_id)).documents:
        if document.body["vehicle_id"] == vehicle_id and document.body["day"] in days:
            return True
    found = store.list("assignment", where=("driver_id", driver_id)).documents
    return any(each.body["vehicle_id"] == vehicle_id and each.body["state"] in BEGUN for each in found)


def _is_newest(store: FleetStore, fact: DayFact) -> bool:
    """Whether no later reading of the same kind is known: reports may come late and out of order."""
    after = ""
    while True:
        page = store.list("day_fact", where=("about", fact.about), after=after)
        for document in page.documents:
            known: DayFact = decode("day_fact", document.body)
            if known.kind is fact.kind and known.at > fact.at:
                return False
        if page.next_after is None:
            return True
        after = page.next_after


def _break_off_trips(store: FleetStore, services: Services, fact: DayFact) -> list[Write]:
    """Re-open what the vehicle was on its way to, and have the passengers on board fetched from where it stands."""
    writes: list[Write] = []
    cleared: dict[str, set[RequestId]] = {}
    for document in store.list("assignment", where=("vehicle_id", fact.about)).documents:
        assignment: Assignment = decode("assignment", document.body)
        if assignment.state not in BEGUN:
            continue
        stored = store.get("request", assignment.request_id)
        request: TripRequest = decode("request", stored.body)
        if request.state is not RequestState.UNDER_WAY:
            continue
        cleared.setdefault(assignment.itinerary_id, set()).add(request.id)
        broken = encode(break_off(assignment))
        writes.append(Write(kind="assignment", id=document.id, expected_version=document.version, body=broken))
        if assignment.state is AssignmentState.STARTED:
            after = trips.reopen(request)
        else:
            after = trips.finish(request)
            onward = _onward(request, fact, id=services.new_id("R"))
            writes.append(Write(kind="request", id=onward.id, expected_version=0, body=encode(onward)))
        writes.append(Write(kind="request", id=stored.id, expected_version=stored.version, body=encode(after)))
    for itinerary_id, ids in sorted(cleared.items()):
        writes += clear_stops(store, itinerary_id, frozenset(ids))
    return writes


def _onward(request: TripRequest, fact: DayFact, *, id: str) -> TripRequest:
    """The rest of a trip, from where its vehicle broke down; without a position, from the pick-up."""
    first, last = request.stops[0], request.stops[-1]
    at_hand = fact.lon_wgs84 is not None and fact.lat_wgs84 is not None
    here = TripStop(
        name=fact.reason or first.name,
        lon_wgs84=fact.lon_wgs84 if at_hand and fact.lon_wgs84 is not None else first.lon_wgs84,
        lat_wgs84=fact.lat_wgs84 if at_hand and fact.lat_wgs84 is not None else first.lat_wgs84,
        earliest_at=fact.at,
        latest_at=fact.at + timedelta(seconds=_FETCH_S),
        service_s=first.service_s,
    )
    rest = [
        replace(stop, latest_at=max(stop.latest_at, fact.at) + timedelta(seconds=_ONWARD_S))
        for stop in request.stops[1:]
        if stop is last or stop.latest_at > fact.at
    ]
    return replace(
        request,
        id=RequestId(id),
        stops=(here, *rest),
        submitted_at=fact.received_at,
        state=RequestState.APPROVED,
        max_ride_s=None,
        reason=f"continues {request.id}",
    )

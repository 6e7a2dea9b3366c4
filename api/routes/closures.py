"""Closed and slow roads: declare, list, lift. Whose orders a new one touches is told at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Response

from api.access import READERS, REGISTRARS, access_document
from api.closed_roads import RoadView, to_road
from api.dependencies import Caller, Change, Served, Store, document_response, needs, render
from api.idempotency import Effect, etag
from api.paging import After, Limit, list_visible
from api.plan_views import find_latest_plan
from api.problems import AlreadyExists, InvalidInput
from api.registry import check_region
from api.replanning import Scope, launch_told, replans
from api.schemas.closures import ClosureInput
from api.services import LOCAL_ZONE
from api.stops import ACCESS_LIMIT_M
from fleet.closures import RoadClosure, lift
from fleet.documents import decode, encode
from fleet.ids import ClosureId, RegionCode
from fleet.itineraries import Itinerary
from fleet.store import Document, FleetStore, Write
from routing.closures import find_edges
from routing.conditions import Conditions
from routing.errors import OffNetwork
from routing.profiles import PROFILES
from routing.snap import Point
from routing.traffic import band_at

router = APIRouter(prefix="/v1", tags=["network"])

_DAYS_AHEAD = 14
"""Orders farther ahead than this are not looked over when a closure has no end."""


@router.get("/network/closures", summary="Closed and slow roads that were not lifted")
def list_road_closures(viewer: Caller, store: Store, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    viewer.require(READERS["closure"])
    return list_visible(
        store,
        "closure",
        where=None,
        keep=lambda document: document.body.get("lifted_at") is None and viewer.sees("closure", document.body),
        show=render,
        after=after,
        limit=limit,
    )


@router.get("/network/closures/{id}", summary="One closure")
def get_road_closure(id: str, viewer: Caller, store: Store) -> Response:
    viewer.require(READERS["closure"])
    return document_response(access_document(viewer, store, "closure", id))


@router.post(
    "/network/closures", dependencies=[needs(REGISTRARS)], status_code=201, summary="Close a road, or slow it down"
)
def declare_closure(given: ClosureInput, change: Change, services: Served, store: Store) -> Response:
    """Declare it, and learn which orders run over those roads in that time; a new plan that avoids them starts by itself.

    Roads are named by number, drawn as a geometry, or both. The drives of the planned days are looked over as they were
    planned; a leg counts as touched when its fastest way takes one of the roads while the closure holds. ``replans`` names a
    job for each day and region with such a leg, those of other regions included.
    """
    viewer = change.viewer
    viewer.require(REGISTRARS)
    region = given.region or str(viewer.person.region)
    if region:
        if found := check_region(region):
            raise InvalidInput(found)
        viewer.require_region(region)
    closure = RoadClosure(
        id=ClosureId(given.id or services.new_id("C")),
        region=RegionCode(region),
        reason=given.reason,
        starts_at=given.starts_at,
        ends_at=given.ends_at,
        speed_frac=given.speed_frac,
        refs=tuple(sorted(set(given.refs))),
        geometry="" if given.geometry is None else json.dumps(given.geometry, ensure_ascii=False, sort_keys=True),
        declared_by=viewer.person.id,
    )
    edges = find_edges(services.roads.graph, to_road(closure))

    def effect() -> Effect:
        if store.find("closure", closure.id) is not None:
            raise AlreadyExists(kind="closure", id=closure.id)
        found = list(_touched(store, services.closed.free, closure, edges, change.now))
        touched = [leg for itinerary, leg in found if viewer.sees("itinerary", itinerary.body)]
        scopes = {(str(leg["day"]), _planned_region(store, itinerary)) for itinerary, leg in found}
        jobs, told = replans(services, scopes, started_by=viewer.person.id, now=change.now)
        body = encode(closure)
        return Effect(
            type="closure.declared",
            region=region,
            writes=[Write(kind="closure", id=closure.id, expected_version=0, body=body), *jobs],
            status=201,
            body={**body, "version": 1, "edge_count": len(edges), "touched": touched, "replans": told},
            headers={"ETag": etag(1), "Location": f"/v1/network/closures/{closure.id}"},
            data={"vehicle_ids": sorted({str(leg["vehicle_id"]) for _, leg in found})},
        )

    return launch_told(services, store, change.perform(effect))


@router.post("/network/closures/{id}:lift", summary="Open the road again")
def lift_closure(id: str, change: Change, services: Served, store: Store) -> Response:
    """Open it; days whose plan left somebody without a vehicle while it held are planned again (``replans``)."""
    change.viewer.require(REGISTRARS)

    def effect() -> Effect:
        document = access_document(change.viewer, store, "closure", id)
        region = str(document.body["region"])
        change.viewer.require_region(region)
        change.check_match(document)
        closure = decode("closure", document.body)
        jobs, told = replans(
            services, _left_out(store, closure, change.now), started_by=change.viewer.person.id, now=change.now
        )
        body = encode(lift(closure, at=change.now))
        version = document.version + 1
        return Effect(
            type="closure.lifted",
            region=region,
            writes=[Write(kind="closure", id=id, expected_version=document.version, body=body), *jobs],
            status=200,
            body={**body, "version": version, "replans": told},
            headers={"ETag": etag(version)},
        )

    return launch_told(services, store, change.perform(effect))


def _planned_region(store: FleetStore, itinerary: Document) -> str:
    """The region that the plan of an itinerary was made for; its vehicle's where the plan is gone."""
    plan = store.find("plan", str(itinerary.body["plan_id"]))
    return str((itinerary if plan is None else plan).body["region"])


def _left_out(store: FleetStore, closure: RoadClosure, now: datetime) -> set[Scope]:
    """Days and regions, from today on, whose latest plan has unserved requests while the closure holds."""
    day, last = _days(closure, now)
    found: set[Scope] = set()
    while day <= last:
        plan = find_latest_plan(store, day.isoformat())
        if plan is not None and plan.body["unserved"]:
            found.add((day.isoformat(), str(plan.body["region"])))
        day += timedelta(days=1)
    return found


def _touched(
    store: FleetStore, view: RoadView, closure: RoadClosure, edges: Any, now: datetime
) -> Iterator[tuple[Document, dict[str, Any]]]:
    """The legs of planned itineraries that run over the roads while it holds, each with its itinerary."""
    profiles: dict[str, str] = {}
    known: dict[tuple[Point, Point, str, Conditions], bool] = {}
    for source in _itineraries(store, closure, now):
        itinerary: Itinerary = decode("itinerary", source.body)
        vehicle = str(itinerary.vehicle_id)
        if vehicle not in profiles:
            document = store.find("vehicle", vehicle)
            profiles[vehicle] = "" if document is None else str(document.body["profile"])
        profile = PROFILES.get(profiles[vehicle])
        if profile is None:
            continue
        for number in range(1, len(itinerary.stops)):
            before, stop = itinerary.stops[number - 1], itinerary.stops[number]
            if not closure.holds_between(max(now, before.depart_at), stop.arrive_at) or stop.arrive_at <= now:
                continue
            start = Point(lon_wgs84=before.lon_wgs84, lat_wgs84=before.lat_wgs84)
            end = Point(lon_wgs84=stop.lon_wgs84, lat_wgs84=stop.lat_wgs84)
            conditions = Conditions(band=band_at(before.depart_at))
            key = (start, end, profile.name, conditions)
            if key not in known:
                try:
                    known[key] = view.roads.runs_over(
                        start, end, profile, edges, access_limit_m=ACCESS_LIMIT_M, conditions=conditions
                    )
                except OffNetwork:
                    known[key] = False
            if known[key]:
                yield (
                    source,
                    {
                        "itinerary_id": itinerary.id,
                        "vehicle_id": vehicle,
                        "driver_id": itinerary.driver_id,
                        "day": itinerary.day,
                        "stop": number,
                        "name": stop.name,
                        "arrive_at": stop.arrive_at.isoformat(),
                        "request_id": stop.request_id,
                    },
                )


def _days(closure: RoadClosure, now: datetime) -> tuple[date, date]:
    """The first and the last local day on which it matters from now on."""
    first = max(now, closure.starts_at).astimezone(LOCAL_ZONE).date()
    last = first + timedelta(days=_DAYS_AHEAD)
    if closure.ends_at is not None:
        last = min(last, closure.ends_at.astimezone(LOCAL_ZONE).date())
    return first, last


def _itineraries(store: FleetStore, closure: RoadClosure, now: datetime) -> Iterator[Document]:
    first, last = _days(closure, now)
    # A trip that began the day before may still be on the road.
    day = first - timedelta(days=1)
    while day <= last:
        after = ""
        while True:
            page = store.list("itinerary", where=("day", day.isoformat()), after=after)
            yield from page.documents
            if page.next_after is None:
                break
            after = page.next_after
        day += timedelta(days=1)

"""What dispatch reads of the store before it plans: the nouns of one day with the version each was read at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fleet.documents import decode
from fleet.drivers import Driver
from fleet.ids import AssignmentId, DriverId, ItineraryId, RequestId, SiteId, UnitId, VehicleId
from fleet.itineraries import Assignment, AssignmentState, Itinerary
from fleet.rental_calendar import RentalCalendar
from fleet.rentals import LIVE_STATES
from fleet.requests import RequestState, TripRequest
from fleet.sites import Site
from fleet.store import FleetStore
from fleet.units import Unit
from fleet.vehicles import Duty, Vehicle

LOCAL_ZONE = ZoneInfo("Asia/Shanghai")

#: Requests that a plan answers: approved ones, and those it has already given to a vehicle.
PLANNED_STATES = (RequestState.APPROVED, RequestState.ASSIGNED, RequestState.UNDER_WAY)
#: Assignments that are not over: few at any time.
_OPEN_STATES = (
    AssignmentState.OFFERED,
    AssignmentState.ACCEPTED,
    AssignmentState.STARTED,
    AssignmentState.ON_BOARD,
    AssignmentState.DROPPED_OFF,
)


@dataclass(frozen=True, kw_only=True)
class FleetView:
    """The facts of one local day.

    ``requests`` are those to be planned whose first stop lies on the day; ``carried`` those of earlier days that are not
    finished (a charter of several days). ``assignments`` holds the live assignment of each, and of whoever is on the day's
    itineraries; ``declined`` the vehicles whose drivers declined a request, ``offers`` how many assignments it ever had.
    ``versions`` maps (kind, id) to the version read.
    """

    day: date
    units: Mapping[UnitId, Unit]
    sites: Mapping[SiteId, Site]
    vehicles: Mapping[VehicleId, Vehicle]
    drivers: Mapping[DriverId, Driver]
    requests: Mapping[RequestId, TripRequest]
    carried: Mapping[RequestId, TripRequest] = field(default_factory=dict)
    itineraries: Mapping[VehicleId, Itinerary] = field(default_factory=dict)
    assignments: Mapping[RequestId, Assignment] = field(default_factory=dict)
    declined: Mapping[RequestId, tuple[VehicleId, ...]] = field(default_factory=dict)
    offers: Mapping[RequestId, int] = field(default_factory=dict)
    versions: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def midnight(self) -> datetime:
        return local_midnight(self.day)

    def version(self, kind: str, id: RequestId | ItineraryId | AssignmentId) -> int:
        """The version at which a document was read, 0 when it did not exist."""
        return self.versions.get((kind, id), 0)


def local_midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=LOCAL_ZONE)


def local_day(at: datetime) -> date:
    return at.astimezone(LOCAL_ZONE).date()


def everywhere(_region: str) -> bool:
    """The scope of a dispatcher who plans the whole area."""
    return True


def read(store: FleetStore, *, day: date, in_scope: Callable[[str], bool] = everywhere) -> FleetView:
    """Read what a plan of ``day`` needs.

    ``in_scope`` tells which region codes the plan covers; vehicles, drivers and requests of others are left alone.
    """
    versions: dict[tuple[str, str], int] = {}

    def every(kind: str, where: tuple[str, str] | None = None) -> Iterator[Any]:
        after = ""
        while True:
            page = store.list(kind, where=where, after=after)
            for document in page.documents:
                versions[kind, document.id] = document.version
                yield decode(kind, document.body)
            if page.next_after is None:
                return
            after = page.next_after

    requests: dict[RequestId, TripRequest] = {}
    carried: dict[RequestId, TripRequest] = {}
    rented = rented_requests(store)
    for state in PLANNED_STATES:
        for request in every("request", ("state", state.value)):
            first_day = local_day(request.stops[0].earliest_at)
            if not in_scope(request.region) or request.id in rented:
                continue
            if first_day == day:
                requests[request.id] = request
            elif first_day < day and state is not RequestState.APPROVED and _reaches(request, day):
                carried[request.id] = request
    itineraries = {i.vehicle_id: i for i in every("itinerary", ("day", day.isoformat()))}
    assignments, declined, offers = _assignments(every, requests, carried, itineraries.values())
    return FleetView(
        day=day,
        units={unit.id: unit for unit in every("unit")},
        sites={site.id: site for site in every("site")},
        vehicles={v.id: v for v in every("vehicle") if in_scope(v.region) and not is_let(store, v, day)},
        drivers={d.id: d for d in every("driver") if in_scope(d.region)},
        requests=dict(sorted(requests.items())),
        carried=dict(sorted(carried.items())),
        itineraries=itineraries,
        assignments=assignments,
        declined=declined,
        offers=offers,
        versions=versions,
    )


def rented_requests(store: FleetStore) -> frozenset[RequestId]:
    """Requests that a rental order carries: their car is chosen, and no plan takes them over."""
    found: set[RequestId] = set()
    for state in sorted(LIVE_STATES):
        after = ""
        while True:
            page = store.list("rental", where=("state", state.value), after=after)
            found |= {RequestId(str(document.body["request_id"])) for document in page.documents}
            if page.next_after is None:
                break
            after = page.next_after
    return frozenset(found)


def is_let(store: FleetStore, vehicle: Vehicle, day: date) -> bool:
    """Whether a rental car is spoken for on a day: then its renters have it, and no plan does."""
    if vehicle.duty is not Duty.RENTAL:
        return False
    document = store.find("rental_calendar", vehicle.id)
    if document is None:
        return False
    calendar: RentalCalendar = decode("rental_calendar", document.body)
    begin = local_midnight(day)
    return any(slot.from_at < begin + timedelta(days=1) and slot.until_at > begin for slot in calendar.slots)


def _assignments(
    every: Callable[..., Iterator[Any]],
    requests: Mapping[RequestId, TripRequest],
    carried: Mapping[RequestId, TripRequest],
    itineraries: Iterable[Itinerary],
) -> tuple[dict[RequestId, Assignment], dict[RequestId, tuple[VehicleId, ...]], dict[RequestId, int]]:
    """Live assignments of the day, who declined what, and how many assignments each request ever had.

    Finished and withdrawn assignments pile up over the years, so that they are asked for by request or itinerary only.
    """
    live: dict[RequestId, Assignment] = {}
    driven = {stop.request_id: itinerary.id for itinerary in itineraries for stop in itinerary.stops if stop.request_id}
    for state in _OPEN_STATES:
        for assignment in every("assignment", ("state", state.value)):
            id = assignment.request_id
            if id in requests or id in carried or id in driven:
                live[id] = assignment
    for itinerary_id in sorted({itinerary_id for id, itinerary_id in driven.items() if id not in live}):
        for assignment in every("assignment", ("itinerary_id", itinerary_id)):
            if assignment.state is AssignmentState.FINISHED:
                live[assignment.request_id] = assignment
    declined: dict[RequestId, tuple[VehicleId, ...]] = {}
    offers: dict[RequestId, int] = {}
    for id in requests:
        present = live.get(id)
        if present is not None and present.id.endswith("-1"):
            offers[id] = 1
            continue
        every_offer = list(every("assignment", ("request_id", id)))
        offers[id] = len(every_offer)
        refusals = sorted(a.vehicle_id for a in every_offer if a.state is AssignmentState.DECLINED)
        if refusals:
            declined[id] = tuple(refusals)
    return live, declined, offers


def _reaches(request: TripRequest, day: date) -> bool:
    return request.stops[-1].latest_at >= local_midnight(day) - timedelta(hours=1)

"""What dispatch reads of the store before it plans: the nouns of one day with the version each was read at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fleet.documents import decode
from fleet.drivers import Driver
from fleet.ids import DriverId, RequestId, SiteId, UnitId, VehicleId
from fleet.itineraries import MOVABLE, Assignment, AssignmentState, Itinerary
from fleet.promises import Promise
from fleet.rental_calendar import RentalCalendar
from fleet.rentals import LIVE_STATES
from fleet.requests import RequestState, TripRequest
from fleet.sites import Site
from fleet.store import FleetStore
from fleet.units import Unit
from fleet.vehicle_facts import DayFact, FactKind
from fleet.vehicles import Duty, Vehicle, VehicleState

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
    ``promises`` are what requesters were told; ``only`` ties a request to the one vehicle that a dispatcher chose for it.
    ``lapsed`` are vehicles whose drivers did not answer; ``readings`` the newest charge that was read on the day.
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
    promises: Mapping[RequestId, Promise] = field(default_factory=dict)
    only: Mapping[RequestId, VehicleId] = field(default_factory=dict)
    lapsed: Mapping[RequestId, tuple[VehicleId, ...]] = field(default_factory=dict)
    readings: Mapping[VehicleId, DayFact] = field(default_factory=dict)
    versions: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def midnight(self) -> datetime:
        return local_midnight(self.day)

    def version(self, kind: str, id: str) -> int:
        """The version at which a document was read, 0 when it did not exist."""
        return self.versions.get((kind, id), 0)


def local_midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=LOCAL_ZONE)


def local_day(at: datetime) -> date:
    return at.astimezone(LOCAL_ZONE).date()


def everywhere(_region: str) -> bool:
    """The scope of a dispatcher who plans the whole area."""
    return True


def every(store: FleetStore, kind: str, where: tuple[str, str] | None = None) -> Iterator[Any]:
    """Yield all nouns of a kind, or those that an index selects, by id."""
    after = ""
    while True:
        page = store.list(kind, where=where, after=after)
        yield from (decode(kind, document.body) for document in page.documents)
        if page.next_after is None:
            return
        after = page.next_after


def read(store: FleetStore, *, day: date, in_scope: Callable[[str], bool] = everywhere) -> FleetView:
    """Read what a plan of ``day`` needs.

    ``in_scope`` tells which region codes the plan covers; vehicles, drivers and requests of others are left alone.
    """
    versions: dict[tuple[str, str], int] = {}

    def reading(kind: str, where: tuple[str, str] | None = None) -> Iterator[Any]:
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
        for request in reading("request", ("state", state.value)):
            first_day = local_day(request.stops[0].earliest_at)
            if not in_scope(request.region) or request.id in rented:
                continue
            if first_day == day:
                requests[request.id] = request
            elif first_day < day and state is not RequestState.APPROVED and _reaches(request, day):
                carried[request.id] = request
    itineraries = {i.vehicle_id: i for i in reading("itinerary", ("day", day.isoformat()))}
    vehicles = {v.id: v for v in reading("vehicle") if in_scope(v.region) and not is_let(store, v, day)}
    assignments, declined, lapsed, offers = _assignments(reading, requests, carried, itineraries.values())
    return FleetView(
        day=day,
        units={unit.id: unit for unit in reading("unit")},
        sites={site.id: site for site in reading("site")},
        vehicles=vehicles,
        drivers={d.id: d for d in reading("driver") if in_scope(d.region)},
        requests=dict(sorted(requests.items())),
        carried=dict(sorted(carried.items())),
        itineraries=itineraries,
        assignments=assignments,
        declined=declined,
        offers=offers,
        only=_pinned(assignments, vehicles),
        lapsed=lapsed,
        readings=_readings(reading("day_fact", ("day", day.isoformat()))),
        promises={p.id: p for p in reading("promise", ("day", day.isoformat()))},
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
) -> tuple[
    dict[RequestId, Assignment],
    dict[RequestId, tuple[VehicleId, ...]],
    dict[RequestId, tuple[VehicleId, ...]],
    dict[RequestId, int],
]:
    """Live assignments of the day, who declined what, who did not answer, and how many assignments each request ever had.

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
    lapsed: dict[RequestId, tuple[VehicleId, ...]] = {}
    offers: dict[RequestId, int] = {}
    for id in requests:
        present = live.get(id)
        if present is not None and present.id.endswith("-1"):
            offers[id] = 1
            continue
        every_offer = list(every("assignment", ("request_id", id)))
        offers[id] = len(every_offer)
        silent = {a.vehicle_id for a in every_offer if a.state is AssignmentState.LAPSED}
        refusals = {a.vehicle_id for a in every_offer if a.state is AssignmentState.DECLINED} | silent
        if refusals:
            declined[id] = tuple(sorted(refusals))
        if silent:
            lapsed[id] = tuple(sorted(silent))
    return live, declined, lapsed, offers


def _readings(facts: Iterable[DayFact]) -> dict[VehicleId, DayFact]:
    newest: dict[VehicleId, DayFact] = {}
    for fact in facts:
        if fact.kind is not FactKind.CHARGE:
            continue
        known = newest.get(VehicleId(fact.about))
        if known is None or (known.at, known.id) < (fact.at, fact.id):
            newest[VehicleId(fact.about)] = fact
    return newest


def _pinned(
    assignments: Mapping[RequestId, Assignment], vehicles: Mapping[VehicleId, Vehicle]
) -> dict[RequestId, VehicleId]:
    """A pin holds while its vehicle is in service: nobody waits for a car that stands in the workshop."""
    return {
        id: a.vehicle_id
        for id, a in sorted(assignments.items())
        if a.pinned_by is not None
        and a.state in MOVABLE
        and (vehicle := vehicles.get(a.vehicle_id)) is not None
        and vehicle.state is VehicleState.AVAILABLE
    }


def narrow(
    view: FleetView,
    *,
    vehicles: Collection[VehicleId],
    requests: Collection[RequestId],
    only: Mapping[RequestId, VehicleId],
) -> FleetView:
    """Return the part of a day that some vehicles and some requests make up: these vehicles' trips and the named requests."""
    held = {id for id, a in view.assignments.items() if a.vehicle_id in vehicles} | set(requests)
    return replace(
        view,
        vehicles={id: v for id, v in view.vehicles.items() if id in vehicles},
        requests={id: r for id, r in view.requests.items() if id in held},
        carried={id: r for id, r in view.carried.items() if id in held},
        itineraries={id: i for id, i in view.itineraries.items() if id in vehicles},
        assignments={id: a for id, a in view.assignments.items() if id in held},
        only={**{id: v for id, v in view.only.items() if id in held}, **only},
    )


def _reaches(request: TripRequest, day: date) -> bool:
    return request.stops[-1].latest_at >= local_midnight(day) - timedelta(hours=1)

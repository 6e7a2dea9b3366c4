"""The day as it happens: vehicles drive their itineraries with real travel times, and report what they did.

Between two plans everything that falls due is carried out in the order of time. A vehicle leaves as planned, or as soon as it
is free; what it then takes is drawn from the :class:`scenarios.disturbances.World`. Dispatch hears of it as on duty: through
the reports on assignments, cancelled requests and the charge of vehicles, not by looking into the simulation.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from dispatch.snapshot import as_point
from dispatch.view import LOCAL_ZONE
from fleet.documents import decode, encode
from fleet.ids import DriverId, RequestId, SiteId, VehicleId
from fleet.itineraries import (
    Assignment,
    AssignmentState,
    DriverReport,
    Itinerary,
    ItineraryStop,
    StopKind,
    report,
    withdraw,
)
from fleet.requests import RequestState, TripKind, TripRequest, cancel, depart, finish
from fleet.sites import Site
from fleet.store import Commit, FleetStore, Write
from fleet.vehicles import Battery, Energy, Vehicle
from routing.matrix import LegMatrix
from routing.snap import Point
from scenarios.charge_points import ChargeQueue
from scenarios.disturbances import World
from scenarios.documents import ACTOR, every, page_through
from scenarios.tally import Tally, class_of

_OPEN = (
    AssignmentState.OFFERED,
    AssignmentState.ACCEPTED,
    AssignmentState.STARTED,
    AssignmentState.ON_BOARD,
    AssignmentState.DROPPED_OFF,
)
_LATE_S = 60
_NIGHT_S = 14 * 3_600


class DirectLegs(Protocol):
    """What a drive between two points costs on a day."""

    def __call__(self, day: date, points: tuple[Point, Point], profile: str) -> LegMatrix: ...


@dataclass(kw_only=True)
class Ride:
    """What happened to one request: instants at which its reports fall due, and what it was like."""

    started_at: datetime | None = None
    picked_up_at: datetime | None = None
    dropped_off_at: datetime | None = None
    done_at: datetime | None = None
    late_s: float = 0.0
    board_m: int = 0
    shared: bool = False
    nev: bool = False
    stayed_away: bool = False


@dataclass(kw_only=True)
class _Car:
    """Where a vehicle really is. ``charge_wh`` is None without a battery that has to be charged."""

    vehicle: Vehicle
    lon_wgs84: float
    lat_wgs84: float
    free_at: datetime
    charge_wh: float | None
    home_at: datetime | None = None
    aboard: list[RequestId] = field(default_factory=list)
    done: set[tuple[str, str, str]] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    left_at: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Due:
    """The next thing that a vehicle does: leg, arrival, and when it is done."""

    itinerary: Itinerary
    stop: ItineraryStop
    key: tuple[str, str, str]
    leave_at: datetime
    arrive_at: datetime
    begin_at: datetime
    leg_s: float
    leg_m: int
    leg_wh: int
    fuel_ml: int
    toll_fen: int
    confidence: str


class Execution:
    """Carries out what the store holds; ``tallies`` is where each day's sums go."""

    def __init__(
        self,
        store: FleetStore,
        legs_on: DirectLegs,
        world: World,
        *,
        vehicles: Iterable[Vehicle],
        sites: Iterable[Site],
        begin_at: datetime,
    ) -> None:
        self.store, self.legs_on, self.world = store, legs_on, world
        self.worked_s: dict[tuple[DriverId, date], float] = {}
        self.tallies: dict[date, Tally] = {}
        self.rides: dict[RequestId, Ride] = {}
        self.requests: dict[RequestId, TripRequest] = {}
        self.sites = {site.id: site for site in sites}
        self.cars: dict[VehicleId, _Car] = {}
        for vehicle in sorted(vehicles, key=lambda v: v.id):
            home = self.sites[vehicle.home_site_id]
            chargeable = vehicle.battery is not None and vehicle.energy is Energy.BEV
            self.cars[vehicle.id] = _Car(
                vehicle=vehicle,
                lon_wgs84=home.lon_wgs84,
                lat_wgs84=home.lat_wgs84,
                free_at=begin_at,
                charge_wh=float(vehicle.battery.charge_wh) if vehicle.battery and chargeable else None,
            )
        self._days: dict[str, date] = {}
        self._queues: dict[tuple[date, str], ChargeQueue] = {}
        self._itineraries: dict[VehicleId, list[Itinerary]] = {}

    def open_day(self, day: date, requests: Iterable[TripRequest]) -> None:
        """Take note of a day that will be planned, and of everything that is asked for on it."""
        self._days[day.isoformat()] = day
        self.tallies.setdefault(day, Tally(days=1, fleet_days=len(self.cars)))
        for request in requests:
            self.requests[request.id] = request
            self.rides[request.id] = Ride(stayed_away=self.world.stays_away(request.id))

    def run(self, now: datetime) -> bool:
        """Carry out what falls due until ``now`` and report it; return whether something happened that asks for a new plan."""
        self._read()
        waiting: list[tuple[datetime, VehicleId]] = []
        for id in self._itineraries:
            due = self._next(self.cars[id])
            if due is not None:
                heapq.heappush(waiting, (_when(due), id))
        missed = False
        while waiting and waiting[0][0] <= now:
            _, id = heapq.heappop(waiting)
            car = self.cars[id]
            due = self._next(car)
            if due is not None and _when(due) <= now:
                missed |= self._do(car, due)
                due = self._next(car)
            if due is not None:
                heapq.heappush(waiting, (_when(due), id))
        self._report(now)
        self._close(now)
        return missed

    # ---- what comes next

    def _read(self) -> None:
        found: dict[VehicleId, list[Itinerary]] = {}
        for day in sorted(self._days):
            for itinerary in every(self.store, "itinerary", ("day", day)):
                found.setdefault(itinerary.vehicle_id, []).append(itinerary)
        self._itineraries = dict(sorted(found.items()))

    def _close(self, now: datetime) -> None:
        """Forget days that are over for everybody."""
        today = now.astimezone(LOCAL_ZONE).date()
        for text, day in list(self._days.items()):
            if day >= today or any(
                self._remaining(self.cars[id], itinerary) is not None
                for id, itineraries in self._itineraries.items()
                for itinerary in itineraries
                if itinerary.day == text
            ):
                continue
            del self._days[text]
            self._queues = {key: queue for key, queue in self._queues.items() if key[0] != day}

    def _remaining(
        self, car: _Car, itinerary: Itinerary
    ) -> tuple[ItineraryStop, ItineraryStop, tuple[str, str, str]] | None:
        """The first stop that is not done, with the planned one before it and its key."""
        stops = itinerary.stops
        keys = _keys(itinerary)
        last = max((n for n, key in enumerate(keys) if key in car.done), default=0)
        for number in range(max(1, last + 1), len(stops)):
            request_id = stops[number].request_id
            if stops[number].kind is StopKind.REST or keys[number] in car.done:
                continue
            if request_id is not None and self.rides[request_id].stayed_away and self.rides[request_id].picked_up_at:
                continue
            return stops[number - 1], stops[number], keys[number]
        return None

    def _next(self, car: _Car) -> _Due | None:
        for itinerary in self._itineraries.get(car.vehicle.id, ()):
            found = self._remaining(car, itinerary)
            if found is None:
                continue
            before, stop, key = found
            return self._due(car, itinerary, before, stop, key)
        return None

    def _due(
        self, car: _Car, itinerary: Itinerary, before: ItineraryStop, stop: ItineraryStop, key: tuple[str, str, str]
    ) -> _Due:
        day = self._days[itinerary.day]
        leg_s, leg_m, leg_wh = float(stop.leg_s), stop.leg_m, stop.leg_wh
        fuel_ml, toll_fen, confidence = stop.leg_fuel_ml, stop.leg_toll_fen, stop.leg_confidence
        if (car.lon_wgs84, car.lat_wgs84) != (before.lon_wgs84, before.lat_wgs84):
            # a stop between was left out, or the plan believes the vehicle to be elsewhere
            points = (as_point(car.lon_wgs84, car.lat_wgs84), as_point(stop.lon_wgs84, stop.lat_wgs84))
            legs = self.legs_on(day, points, car.vehicle.profile)
            if int(legs.drive_s[0, 1]) >= 0:
                leg_s, leg_m = float(legs.drive_s[0, 1]), int(legs.drive_m[0, 1])
                leg_wh, fuel_ml = int(legs.drive_wh[0, 1]), int(legs.fuel_ml[0, 1])
                toll_fen = int(legs.toll_fen[0, 1])
        leave_at = max(car.free_at, stop.begin_at - timedelta(seconds=leg_s), itinerary.stops[0].depart_at)
        where = stop.request_id or stop.site_id or ""
        drive_s = leg_s * self.world.drive_factor(day, f"{where}/{key[2]}") if leg_m else leg_s
        arrive_at = leave_at + timedelta(seconds=drive_s)
        begin_at = arrive_at
        if stop.request_id is not None:
            index = int(key[2])
            asked = self.requests[stop.request_id].stops[min(index, len(self.requests[stop.request_id].stops) - 1)]
            begin_at = max(arrive_at, asked.earliest_at)
        return _Due(
            itinerary=itinerary,
            stop=stop,
            key=key,
            leave_at=leave_at,
            arrive_at=arrive_at,
            begin_at=begin_at,
            leg_s=drive_s,
            leg_m=leg_m,
            leg_wh=leg_wh,
            fuel_ml=fuel_ml,
            toll_fen=toll_fen,
            confidence=confidence,
        )

    # ---- what happens

    def _do(self, car: _Car, due: _Due) -> bool:
        """Carry out one stop; return whether passengers stayed away."""
        day, stop = self._days[due.itinerary.day], due.stop
        tally = self.tallies[day]
        late_s = self._drive(car, due, tally, day)
        begin_at = due.begin_at + timedelta(seconds=late_s)
        car.done.add(due.key)
        car.lon_wgs84, car.lat_wgs84 = stop.lon_wgs84, stop.lat_wgs84
        car.home_at = None
        service = stop.depart_at - stop.begin_at
        missed = False
        if stop.kind is StopKind.CHARGE:
            car.free_at = self._charge(car, due, begin_at, tally, day)
        elif stop.request_id is None:
            car.free_at = begin_at + service
            if stop.kind is StopKind.END:
                car.home_at = car.free_at
                self._end_duty(car, due.itinerary, begin_at, tally)
        else:
            missed = self._serve(car, due, begin_at, tally)
            wait = timedelta(seconds=self.world.rules.no_show_wait_s) if missed else service
            car.free_at = begin_at + wait
        return missed

    def _drive(self, car: _Car, due: _Due, tally: Tally, day: date) -> float:
        """Count the leg; return the seconds lost where the battery ran empty on it."""
        vehicle, id = car.vehicle, due.itinerary.id
        if due.leg_m and id not in car.left_at:
            car.left_at[id] = due.leave_at
        wh = due.leg_wh * self.world.energy_factor(day, f"{vehicle.id}/{'/'.join(due.key)}")
        tally.drive_m += due.leg_m
        tally.drive_wh += wh
        tally.toll_fen += due.toll_fen
        if not car.aboard:
            tally.empty_m += due.leg_m
        if vehicle.energy.is_nev:
            tally.nev_m += due.leg_m
        if due.confidence == "unverified":
            tally.unverified_m += due.leg_m
        if "diesel" in vehicle.profile:
            tally.diesel_ml += due.fuel_ml
        else:
            tally.petrol_ml += due.fuel_ml
        if not vehicle.self_drive:
            tally.wheel_s += due.leg_s
        for request_id in car.aboard:
            self.rides[request_id].board_m += due.leg_m
        battery = vehicle.battery
        if car.charge_wh is None or battery is None:
            return 0.0
        car.charge_wh = min(float(battery.capacity_wh), car.charge_wh - wh)
        if car.charge_wh >= 0:
            return 0.0
        tally.stranded += 1
        car.charge_wh = battery.capacity_wh * battery.reserve_frac
        return float(self.world.rules.rescue_s)

    def _charge(self, car: _Car, due: _Due, arrive_at: datetime, tally: Tally, day: date) -> datetime:
        stop, battery = due.stop, car.vehicle.battery
        group, site_id = stop.charge_group_id or "", stop.site_id or ""
        queue = self._queue(day, group)
        if battery is None or car.charge_wh is None or not queue.points:
            return arrive_at
        charge_s = (stop.depart_at - stop.begin_at).total_seconds()
        begin_s = queue.serve(arrive_at.timestamp(), charge_s)
        gained = min(float(stop.charged_wh), battery.capacity_wh - car.charge_wh)
        car.charge_wh += gained
        tally.on_way_wh += gained
        tally.charge(site_id, busy_s=charge_s, wait_s=begin_s - arrive_at.timestamp(), wh=gained)
        return datetime.fromtimestamp(begin_s + charge_s, tz=arrive_at.tzinfo)

    def _queue(self, day: date, group: str) -> ChargeQueue:
        key = (day, group)
        if key not in self._queues:
            site_id, _, number = group.rpartition("/")
            site = self.sites.get(SiteId(site_id))
            points = 0
            if site is not None and number.isdigit() and int(number) < len(site.charge_groups):
                own = site.charge_groups[int(number)]
                points = own.points - self.world.failed_points(site.id, int(number), own.points, day)
            self._queues[key] = ChargeQueue(points)
        return self._queues[key]

    def _serve(self, car: _Car, due: _Due, begin_at: datetime, tally: Tally) -> bool:
        request_id = due.stop.request_id
        if request_id is None:
            return False
        request, ride = self.requests[request_id], self.rides[request_id]
        index, last = int(due.key[2]), len(request.stops) - 1
        if index == 0:
            ride.started_at, ride.picked_up_at = due.leave_at, begin_at
            if ride.stayed_away:
                return True
            if due.itinerary.id not in car.begun:
                car.begun.add(due.itinerary.id)
                tally.vehicle_days += 1
            if car.aboard:
                for other in (*car.aboard, request_id):
                    self.rides[other].shared = True
            car.aboard.append(request_id)
            ride.nev = car.vehicle.energy.is_nev
        ride.late_s = max(ride.late_s, (begin_at - request.stops[index].latest_at).total_seconds())
        if index == last:
            ride.dropped_off_at = begin_at
            ride.done_at = begin_at + (due.stop.depart_at - due.stop.begin_at)
            if request_id in car.aboard:
                car.aboard.remove(request_id)
            if request.kind is TripKind.TRANSFER:
                tally.ride_m += ride.board_m
                tally.direct_m += self._direct_m(car, request, ride) if ride.shared else ride.board_m
        return False

    def _direct_m(self, car: _Car, request: TripRequest, ride: Ride) -> int:
        first, last = request.stops[0], request.stops[-1]
        points = (as_point(first.lon_wgs84, first.lat_wgs84), as_point(last.lon_wgs84, last.lat_wgs84))
        day = first.earliest_at.astimezone(LOCAL_ZONE).date()
        legs = self.legs_on(day, points, car.vehicle.profile)
        direct_m = int(legs.drive_m[0, 1])
        return direct_m if direct_m >= 0 else ride.board_m

    def _end_duty(self, car: _Car, itinerary: Itinerary, end_at: datetime, tally: Tally) -> None:
        left_at = car.left_at.pop(itinerary.id, None)
        if left_at is None or itinerary.driver_id is None:
            return
        nights = (end_at.astimezone(LOCAL_ZONE).date() - left_at.astimezone(LOCAL_ZONE).date()).days
        duty_s = max(0.0, (end_at - left_at).total_seconds() - nights * _NIGHT_S)
        tally.duty_s += duty_s
        key = (itinerary.driver_id, self._days[itinerary.day])
        self.worked_s[key] = self.worked_s.get(key, 0.0) + duty_s

    # ---- what dispatch hears

    def _report(self, now: datetime) -> None:
        """Report everything until now: accept at once, then start, pick up, drop off and finish when it happened."""
        moved: dict[RequestId, tuple[TripRequest, int]] = {}
        writes: list[Write] = []
        for state in _OPEN:
            for document in page_through(self.store, "assignment", ("state", state.value)):
                before: Assignment = decode("assignment", document.body)
                request_document = self.store.get("request", before.request_id)
                request: TripRequest = decode("request", request_document.body)
                ride = self.rides[before.request_id]
                if ride.stayed_away and ride.picked_up_at is not None and ride.picked_up_at <= now:
                    after, follows = _give_up(before, request)
                else:
                    after = _advance(before, ride, now)
                    follows = _follow(request, after)
                if after != before:
                    writes.append(
                        Write(kind="assignment", id=after.id, expected_version=document.version, body=encode(after))
                    )
                if follows != request:
                    moved[request.id] = (follows, request_document.version)
        writes += [
            Write(kind="request", id=id, expected_version=version, body=encode(request))
            for id, (request, version) in sorted(moved.items())
        ]
        if writes:
            self.store.commit(Commit(type="assignment.reported", actor=ACTOR, at=now, writes=writes))

    def settle(self, causes: Mapping[RequestId, str], *, unproven: str) -> None:
        """Count every request for its day, once nothing more will happen."""
        for id, request in sorted(self.requests.items()):
            day = request.stops[0].earliest_at.astimezone(LOCAL_ZONE).date()
            tally, ride = self.tallies[day], self.rides[id]
            tally.asked += 1
            if ride.stayed_away and ride.picked_up_at is not None:
                tally.no_show += 1
            elif ride.picked_up_at is not None:
                self._count(tally, request, ride)
            else:
                tally.refused += 1
                tally.refused_by[causes.get(id, unproven)] += 1
                tally.answer(request.unit_id, request.region, served=False)

    def _count(self, tally: Tally, request: TripRequest, ride: Ride) -> None:
        if ride.picked_up_at is None:
            return
        wait_s = max(0.0, (ride.picked_up_at - request.stops[0].earliest_at).total_seconds())
        late_s = max(0.0, ride.late_s)
        tally.served += 1
        tally.wait_s += wait_s
        tally.late_s += late_s
        tally.late += late_s > _LATE_S
        tally.shared += ride.shared
        tally.nev_served += ride.nev
        tally.wait_classes[class_of(wait_s)] += 1
        tally.late_classes[class_of(late_s)] += 1
        tally.answer(request.unit_id, request.region, served=True)


def _when(due: _Due) -> datetime:
    """Vehicles queue for charge points in the order in which they arrive; everything else counts when it begins."""
    return due.arrive_at if due.stop.kind is StopKind.CHARGE else due.begin_at


def _keys(itinerary: Itinerary) -> list[tuple[str, str, str]]:
    """What identifies each stop from plan to plan: a request's stops by their number, others by kind and planned instant."""
    seen: dict[str, int] = {}
    keys: list[tuple[str, str, str]] = []
    for stop in itinerary.stops:
        if stop.request_id is not None:
            index = seen.get(stop.request_id, 0)
            seen[stop.request_id] = index + 1
            keys.append(("request", stop.request_id, str(index)))
        else:
            kind = "home" if stop.kind in (StopKind.END, StopKind.VISIT) else stop.kind.value
            keys.append((kind, itinerary.day, stop.begin_at.isoformat()))
    return keys


def _advance(assignment: Assignment, ride: Ride, now: datetime) -> Assignment:
    steps = (
        (AssignmentState.OFFERED, "accept", assignment.offered_at),
        (AssignmentState.ACCEPTED, "start", ride.started_at),
        (AssignmentState.STARTED, "pick_up", ride.picked_up_at),
        (AssignmentState.ON_BOARD, "drop_off", ride.dropped_off_at),
        (AssignmentState.DROPPED_OFF, "finish", ride.done_at),
    )
    for state, action, at in steps:
        if assignment.state is state and at is not None and at <= now:
            assignment = report(assignment, DriverReport(action=action, at=at, received_at=now))
    return assignment


def _give_up(assignment: Assignment, request: TripRequest) -> tuple[Assignment, TripRequest]:
    """The passengers did not come: the trip is taken back and the request cancelled."""
    if assignment.state in (AssignmentState.OFFERED, AssignmentState.ACCEPTED):
        assignment = withdraw(assignment)
    if request.state is RequestState.ASSIGNED:
        request = cancel(request, reason="no_show")
    return assignment, request


def _follow(request: TripRequest, assignment: Assignment) -> TripRequest:
    """The request's state after its driver's reports."""
    begun = assignment.state in (AssignmentState.ON_BOARD, AssignmentState.DROPPED_OFF, AssignmentState.FINISHED)
    if begun and request.state is RequestState.ASSIGNED:
        request = depart(request)
    if assignment.state is AssignmentState.FINISHED and request.state is RequestState.UNDER_WAY:
        request = finish(request)
    return request


def with_charge(battery: Battery, charge_wh: float) -> Battery:
    """The battery with another content, rounded down to whole watt-hours."""
    return replace(battery, charge_wh=max(0, min(battery.capacity_wh, int(charge_wh))))

"""A plain with one office, and a solver that only appends: small worlds for tests of snapshot and service."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from dispatch.plan import Cause, Plan, Reason, Route, Stop, StopKind, Unserved
from dispatch.problem import RequestKind
from dispatch.view import FleetView, local_midnight
from fleet.documents import encode, kind_of
from fleet.drivers import Driver, Shift
from fleet.itineraries import Assignment, AssignmentState, Itinerary, ItineraryStop
from fleet.requests import RequestState, TripKind, TripRequest, TripStop
from fleet.sites import Site
from fleet.store import Commit, Write
from fleet.units import Level, Unit
from fleet.vehicles import Energy, Vehicle, VehicleKind
from routing.matrix import LegMatrix
from routing.snap import Snap

DAY = date(2026, 3, 4)
MIDNIGHT = local_midnight(DAY)
BEFORE = MIDNIGHT - timedelta(hours=9)
SUINING, TONGNAN = "510900", "500152"


class GridRoads:
    """Ten metres a second on a plain where 0.01 degrees are one kilometre; nothing lies beyond longitude 110."""

    def __init__(self):
        self.asked = 0

    def try_snap(self, point, *, limit_m):
        distance_m = max(0.0, (point.lon_wgs84 - 110.0) * 100_000)
        return Snap(node=0, distance_m=distance_m) if distance_m <= limit_m else None

    def concerns(self, barred):
        return barred is None

    def matrix(self, points, profile, *, access_limit_m, conditions):
        self.asked += 1
        assert access_limit_m > 0
        assert conditions is not None
        lon = np.array([p.lon_wgs84 for p in points])
        lat = np.array([p.lat_wgs84 for p in points])
        metres = np.rint((abs(lon[:, None] - lon) + abs(lat[:, None] - lat)) * 100_000).astype(np.int32)
        electric = "bev" in profile.name
        return LegMatrix(
            profile=profile.name,
            drive_s=(metres // 10).astype(np.int32),
            drive_m=metres,
            drive_wh=(metres * 15 // 100).astype(np.int32) if electric else np.zeros_like(metres),
            fuel_ml=np.zeros_like(metres) if electric else (metres * 6 // 100).astype(np.int32),
            toll_fen=np.zeros_like(metres),
            confidence=np.ones(metres.shape, dtype=np.uint8),
        )


def unit(id="U1", region=SUINING, level=Level.PREFECTURE, compound=None):
    return Unit(id=id, name=id, region=region, level=level, compound=compound)


def site(id="S1", region=SUINING, lon=105.50, lat=30.50, **more):
    return Site(id=id, name=f"site {id}", region=region, unit_id=None, lon_wgs84=lon, lat_wgs84=lat, **more)


def vehicle(id="V1", **more):
    fields = {
        "plate": id,
        "unit_id": "U1",
        "region": SUINING,
        "home_site_id": "S1",
        "kind": VehicleKind.SEDAN,
        "energy": Energy.PETROL,
        "seats": 4,
        "profile": "sedan_petrol",
    }
    return Vehicle(id=id, **(fields | more))


def driver(id="D1", **more):
    fields = {
        "name": id,
        "unit_id": "U1",
        "region": SUINING,
        "home_site_id": "S1",
        "licence": "C1",
        "shift": Shift(start_s=8 * 3_600, end_s=18 * 3_600),
    }
    return Driver(id=id, **(fields | more))


def at(hours, seconds=0.0):
    return MIDNIGHT + timedelta(hours=hours, seconds=seconds)


def stop(hour, lon=105.60, lat=30.50, wait_s=900, service_s=60):
    return TripStop(
        name=f"({lon}, {lat})",
        lon_wgs84=lon,
        lat_wgs84=lat,
        earliest_at=at(hour),
        latest_at=at(hour, wait_s),
        service_s=service_s,
    )


def request(id="R1", hour=9.0, **more):
    fields = {
        "unit_id": "U1",
        "region": SUINING,
        "requester_id": "P1",
        "approver_id": "P9",
        "kind": TripKind.TRANSFER,
        "purpose": "调研",
        "passengers": 2,
        "stops": (stop(hour), stop(hour, lon=105.70, wait_s=7_200)),
        "submitted_at": BEFORE,
        "state": RequestState.APPROVED,
    }
    return TripRequest(id=id, **(fields | more))


def view(*nouns, itineraries=(), assignments=(), **more):
    def of(kind):
        return {noun.id: noun for noun in nouns if isinstance(noun, kind)}

    return FleetView(
        day=DAY,
        units=of(Unit),
        sites=of(Site),
        vehicles=of(Vehicle),
        drivers=of(Driver),
        requests=of(TripRequest),
        itineraries={i.vehicle_id: i for i in itineraries},
        assignments={a.request_id: a for a in assignments},
        **more,
    )


BASE = (unit(), site(), vehicle(), driver())


def itinerary_of(*stops, vehicle_id="V1", driver_id="D1"):
    return Itinerary(
        id=f"I-{DAY}-{vehicle_id}",
        plan_id="PL",
        vehicle_id=vehicle_id,
        driver_id=driver_id,
        region=SUINING,
        day=DAY.isoformat(),
        stops=stops,
        cost_fen=0,
    )


def planned(kind, hour, lon, *, request_id=None, leg_s=0, stay_s=60, load=0):
    begin = at(hour)
    return ItineraryStop(
        kind=kind,
        name=f"{lon}",
        lon_wgs84=lon,
        lat_wgs84=30.5,
        arrive_at=begin,
        begin_at=begin,
        depart_at=begin + timedelta(seconds=stay_s),
        load_count=load,
        leg_s=leg_s,
        leg_m=leg_s * 10,
        leg_wh=0,
        request_id=request_id,
    )


def assigned(request_id, state=AssignmentState.OFFERED, vehicle_id="V1"):
    return Assignment(
        id=f"A-{request_id}-1",
        request_id=request_id,
        itinerary_id="I",
        plan_id="PL",
        vehicle_id=vehicle_id,
        driver_id="D1",
        region=SUINING,
        pickup_at=at(9),
        dropoff_at=at(9.5),
        offered_at=BEFORE,
        state=state,
    )


def put(store, *nouns, at_instant=BEFORE):
    """Write nouns over whatever the store holds of them."""
    writes = []
    for noun in nouns:
        kind = kind_of(noun)
        present = store.find(kind, noun.id)
        version = 0 if present is None else present.version
        writes.append(Write(kind=kind, id=noun.id, expected_version=version, body=encode(noun)))
    store.commit(Commit(type="test.put", actor="test", at=at_instant, writes=writes))


class _Run:
    """One vehicle's route while it grows."""

    def __init__(self, problem, number):
        self.problem, self.spec = problem, problem.vehicles[number]
        self.number = number
        self.legs = problem.legs[self.spec.legs]
        self.fine = bool(self.spec.windows)
        self.time_s = self.spec.windows[0][0] if self.spec.windows else 0
        self.level = None if self.spec.battery is None else self.spec.battery.initial_wh
        self.cost, self.driven_s, self.spans = self.spec.fixed_mfen, 0, False
        self.at, self.load, self.stops, self.open = self.spec.start_location, 0, [], []
        self._add(StopKind.START, self.at, self.time_s, 0)
        for pin in self.spec.pinned:
            kind = StopKind.REST if pin.request is None else self._kind(pin.request, pin.stop)
            stop = None if pin.request is None else pin.stop
            self._add(kind, pin.location, pin.begin_s, pin.depart_s - pin.begin_s, request=pin.request, stop=stop)
            if pin.request is not None:
                last = len(problem.requests[pin.request].stops) - 1
                if (pin.request, pin.stop) in self.open:
                    self.open.remove((pin.request, pin.stop))
                elif pin.stop < last:
                    self.open += [(pin.request, n) for n in range(pin.stop + 1, last + 1)]
        self.fine = bool(self.spec.windows)
        while self.open:
            self.visit(*self.open.pop(0))

    def _kind(self, request, stop):
        last = len(self.problem.requests[request].stops) - 1
        return StopKind.PICKUP if stop == 0 else StopKind.DROPOFF if stop == last else StopKind.VISIT

    def _add(self, kind, location, begin_s, service_s, *, request=None, stop=None):
        here = self.at, location
        drive_s = int(self.legs.drive_s[here])
        self.cost += int(self.legs.drive_m[here]) * self.spec.mfen_per_m + drive_s * self.spec.mfen_per_s
        self.cost += int(self.legs.toll_fen[here]) * 1_000
        self.driven_s += drive_s
        longest = self.spec.max_continuous_drive_s
        if longest is not None and not self.spec.self_drive and self.driven_s > longest:
            self.fine = False
        if service_s >= self.spec.rest_s:
            self.driven_s = 0
        if self.spec.self_drive and drive_s and kind is not StopKind.DROPOFF:
            self.fine = False
        if self.level is not None:
            self.level = min(self.spec.battery.capacity_wh, self.level - int(self.legs.drive_wh[here]))
            if self.level < self.spec.battery.reserve_wh:
                self.fine = False
        if request is not None:
            asked = self.problem.requests[request]
            self.load += {StopKind.PICKUP: asked.seats, StopKind.DROPOFF: -asked.seats}.get(kind, 0)
            if kind is StopKind.PICKUP:
                self.cost += self.problem.tier_mfen[int(self.problem.tier[asked.group, self.spec.group])]
                early = asked.promised_earliest_s is not None and begin_s < asked.promised_earliest_s
                late = asked.promised_latest_s is not None and begin_s > asked.promised_latest_s
                if asked.promised_vehicle not in {None, self.number} or early or late:
                    self.cost += asked.change_mfen
                if asked.kind is RequestKind.CHARTER and asked.stops[-1].earliest_s > 86_400:
                    self.spans = True
        self.stops.append(
            Stop(
                kind=kind,
                location=location,
                arrive_s=min(begin_s, self.time_s + drive_s) if self.stops else begin_s,
                begin_s=begin_s,
                depart_s=begin_s + service_s,
                load=self.load,
                request=request,
                stop=stop,
                charge_wh=self.level,
                leg_s=drive_s,
                leg_m=int(self.legs.drive_m[here]),
                leg_wh=int(self.legs.drive_wh[here]),
                leg_toll_fen=int(self.legs.toll_fen[here]),
            )
        )
        self.at, self.time_s = location, begin_s + service_s

    def visit(self, request, stop):
        spec = self.problem.requests[request].stops[stop]
        begin_s = max(self.time_s + int(self.legs.drive_s[self.at, spec.location]), spec.earliest_s)
        self._add(self._kind(request, stop), spec.location, begin_s, spec.service_s, request=request, stop=stop)
        if begin_s > spec.latest_s and all(p.request != request for p in self.spec.pinned):
            self.fine = False

    def end(self):
        home = self.at if self.spec.end_location is None else self.spec.end_location
        self._add(StopKind.END, home, self.time_s + int(self.legs.drive_s[self.at, home]), 0)
        windows = self.spec.windows
        if windows and self.time_s > (windows[-1] if self.spans else windows[0])[1]:
            self.fine = False
        longest = self.spec.max_route_s
        if longest is not None and self.time_s - self.stops[0].depart_s > longest:
            self.fine = False
        return self.fine


def greedy(problem, *, seed, stop, start=()):
    """Append each request, in order of its pick-up, to the vehicle that has been promised it or the first that can."""
    assert stop is not None
    runs = {number: [] for number in range(len(problem.vehicles))}
    pinned = {p.request for v in problem.vehicles for p in v.pinned if p.request is not None}
    unserved = []

    def attempt(number, requests):
        run = _Run(problem, number)
        for request in requests:
            for visit in range(len(problem.requests[request].stops)):
                run.visit(request, visit)
        fine = run.end()
        return run if fine or not requests else None

    order = sorted(range(len(problem.requests)), key=lambda r: (problem.requests[r].stops[0].earliest_s, r))
    for r in order:
        spec = problem.requests[r]
        if r in pinned:
            continue
        for number in sorted(runs, key=lambda n: (n != spec.promised_vehicle, n)):
            car = problem.vehicles[number]
            fits = (
                problem.tier[spec.group, car.group] > 0
                and spec.seats <= car.seats
                and car.self_drive == (spec.kind is RequestKind.RENTAL)
                and (spec.kinds == 0 or spec.kinds >> car.kind & 1)
                and not spec.equipment & ~car.equipment
            )
            if fits and attempt(number, [*runs[number], r]) is not None:
                runs[number].append(r)
                break
        else:
            unserved.append(Unserved(request=r, reasons=(Reason(code=Cause.UNPROVEN, proven=False),)))
    routes = []
    for number, requests in runs.items():
        if requests or problem.vehicles[number].pinned:
            run = attempt(number, requests)
            routes.append(Route(vehicle=number, stops=tuple(run.stops), cost_mfen=run.cost))
    return Plan(
        problem_digest=problem.digest(),
        routes=tuple(routes),
        unserved=tuple(unserved),
        cost_mfen=sum(route.cost_mfen for route in routes),
        penalty_mfen=sum(problem.requests[u.request].penalty_mfen for u in unserved),
        bound_mfen=None,
        seed=seed,
        iterations=1,
    )

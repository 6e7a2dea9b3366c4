"""An independent judge of plans: re-derives everything from the plan's own times, loads, energy and charge points.

Shares no code with the search. A plan without violations can be driven as written.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from dispatch.check_coupling import judge_coupling
from dispatch.plan import Plan, Route, Stop, StopKind
from dispatch.problem import ChargeCurve, Problem, RequestKind, RequestSpec, VehicleSpec


class Breach(StrEnum):
    """What a plan can do wrong."""

    DIGEST = "digest"
    UNKNOWN = "unknown_index"
    VEHICLE_REUSED = "vehicle_reused"
    ROUTE_SHAPE = "route_shape"
    DUPLICATE = "duplicate_visit"
    MISSING_STOP = "missing_stop"
    STOP_ORDER = "stop_order"
    SPLIT = "split_between_vehicles"
    UNACCOUNTED = "unaccounted_request"
    BOTH_SERVED_AND_NOT = "served_and_unserved"
    NOT_ALLOWED = "vehicle_not_allowed"
    CAPACITY = "capacity"
    LOAD = "stated_load"
    EXCLUSIVE = "exclusive"
    LOCATION = "location"
    TIME_ORDER = "time_order"
    TIME_WINDOW = "time_window"
    SERVICE_TIME = "service_time"
    UNREACHABLE = "unreachable"
    LEG = "leg"
    RIDE_TIME = "ride_time"
    VEHICLE_WINDOW = "vehicle_window"
    ROUTE_DURATION = "route_duration"
    DRIVE_LIMIT = "drive_limit"
    REST = "rest"
    BATTERY_RESERVE = "battery_reserve"
    BATTERY_FINAL = "battery_final"
    BATTERY_OVERFULL = "battery_overfull"
    STATED_CHARGE = "stated_charge"
    CHARGE_TIME = "charge_time"
    CHARGE_OCCUPIED = "charge_with_passengers"
    CHARGE_NOT_ALLOWED = "charge_not_allowed"
    CHARGE_POINTS = "charge_points"
    SITE_POWER = "site_power"
    PINNED = "pinned"
    SELF_DRIVE = "self_drive"
    COST = "cost"
    PENALTY = "penalty"
    BOUND = "bound"
    READY_RESERVE = "ready_reserve"
    TRIP_QUOTA = "trip_quota"
    TRIP_SHARE = "trip_share"
    RENTAL_SPACES = "rental_spaces"
    RENTAL_LEFT = "rental_cars_left"
    RULE = "rule"


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One breach: ``vehicle``, ``request`` are indices into the problem, ``stop`` the position in the route."""

    cause: Breach
    vehicle: int | None = None
    request: int | None = None
    stop: int | None = None
    detail: str = ""


Say = Callable[..., None]


def check(problem: Problem, plan: Plan) -> tuple[Violation, ...]:
    """Return everything that is wrong with ``plan``; empty for a plan that holds."""
    found: list[Violation] = []

    def say(cause: Breach, detail: str = "", **where: int | None) -> None:
        found.append(Violation(cause=cause, detail=detail, **where))

    if plan.problem_digest != problem.digest():
        say(Breach.DIGEST, "the plan was made for another problem")
    known: list[Route] = []
    vehicles: set[int] = set()
    for route in plan.routes:
        if not 0 <= route.vehicle < len(problem.vehicles):
            say(Breach.UNKNOWN, f"vehicle {route.vehicle}", vehicle=route.vehicle)
            continue
        if route.vehicle in vehicles:
            say(Breach.VEHICLE_REUSED, vehicle=route.vehicle)
            continue
        vehicles.add(route.vehicle)
        if _shape(problem, route, say):
            known.append(route)
    _coverage(problem, plan, known, say)
    for route in known:
        _Judge(problem, route, say).run()
    for index, vehicle in enumerate(problem.vehicles):
        if vehicle.pinned and index not in vehicles:
            say(Breach.PINNED, "the route with its pinned stops is missing", vehicle=index)
    _charge_points(problem, known, say)
    judge_coupling(problem, known, lambda cause, detail: say(Breach(cause.value), detail))
    _money(problem, plan, known, say)
    return tuple(found)


def _shape(problem: Problem, route: Route, say: Say) -> bool:
    """Whether the route can be judged at all: ends, indices, kinds."""
    kinds = [s.kind for s in route.stops]
    if len(kinds) < 2 or kinds[0] is not StopKind.START or kinds[-1] is not StopKind.END:
        say(Breach.ROUTE_SHAPE, "must begin with START and finish with END", vehicle=route.vehicle)
        return False
    good = True
    locations = problem.legs[0].drive_s.shape[0]
    for at, stop in enumerate(route.stops):
        where = {"vehicle": route.vehicle, "stop": at}
        if stop.kind in {StopKind.START, StopKind.END} and 0 < at < len(kinds) - 1:
            say(Breach.ROUTE_SHAPE, f"{stop.kind} inside the route", **where)
            good = False
        if not 0 <= stop.location < locations:
            say(Breach.UNKNOWN, f"location {stop.location}", **where)
            good = False
        serving = stop.kind in {StopKind.PICKUP, StopKind.VISIT, StopKind.DROPOFF}
        if serving != (stop.request is not None) or serving != (stop.stop is not None):
            say(Breach.ROUTE_SHAPE, f"{stop.kind} and its request do not go together", **where)
            good = False
        elif stop.request is not None and stop.stop is not None:
            fits = 0 <= stop.request < len(problem.requests) and 0 <= stop.stop < len(
                problem.requests[stop.request].stops
            )
            if not fits:
                say(Breach.UNKNOWN, f"request {stop.request}, stop {stop.stop}", **where)
                good = False
            else:
                last = len(problem.requests[stop.request].stops) - 1
                kind = {0: StopKind.PICKUP, last: StopKind.DROPOFF}.get(stop.stop, StopKind.VISIT)
                if kind is not stop.kind:
                    say(Breach.ROUTE_SHAPE, f"stop {stop.stop} of the request is a {kind}, not a {stop.kind}", **where)
                    good = False
        if (stop.kind is StopKind.CHARGE) != (stop.charge_group is not None):
            say(Breach.ROUTE_SHAPE, "CHARGE and charge_group do not go together", **where)
            good = False
        elif stop.charge_group is not None and not 0 <= stop.charge_group < len(problem.charge_groups):
            say(Breach.UNKNOWN, f"charge group {stop.charge_group}", **where)
            good = False
        if stop.charged_wh < 0 or (stop.charged_wh and stop.kind is not StopKind.CHARGE):
            say(Breach.CHARGE_NOT_ALLOWED, f"{stop.charged_wh} Wh at a {stop.kind} stop", **where)
            good = False
    return good


def _coverage(problem: Problem, plan: Plan, routes: list[Route], say: Say) -> None:
    """Every request is served wholly by one vehicle, once and in order, or is listed as unserved, never both."""
    seen: dict[int, list[tuple[int, int, int]]] = {}
    for route in routes:
        for at, stop in enumerate(route.stops):
            if stop.request is not None and stop.stop is not None:
                seen.setdefault(stop.request, []).append((route.vehicle, at, stop.stop))
    listed: set[int] = set()
    for item in plan.unserved:
        if not 0 <= item.request < len(problem.requests):
            say(Breach.UNKNOWN, "an unserved request", request=item.request)
        elif item.request in listed:
            say(Breach.DUPLICATE, "listed twice as unserved", request=item.request)
        listed.add(item.request)
        if not item.reasons:
            say(Breach.UNACCOUNTED, "unserved without a reason", request=item.request)
    for index, request in enumerate(problem.requests):
        visits = seen.get(index, [])
        if visits and index in listed:
            say(Breach.BOTH_SERVED_AND_NOT, request=index)
        if not visits:
            if index not in listed:
                say(Breach.UNACCOUNTED, request=index)
            continue
        if len({vehicle for vehicle, _, _ in visits}) > 1:
            say(Breach.SPLIT, request=index)
            continue
        order = [stop for _, _, stop in visits]
        vehicle, at, _ = visits[0]
        if len(set(order)) < len(order):
            say(Breach.DUPLICATE, request=index, vehicle=vehicle, stop=at)
        elif len(order) < len(request.stops):
            say(Breach.MISSING_STOP, request=index, vehicle=vehicle, stop=at)
        elif order != sorted(order):
            say(Breach.STOP_ORDER, request=index, vehicle=vehicle, stop=at)


class _Judge:
    """Walks one route."""

    def __init__(self, problem: Problem, route: Route, say: Say) -> None:
        self.problem, self.route, self.say = problem, route, say
        self.vehicle: VehicleSpec = problem.vehicles[route.vehicle]
        self.begun = {pin.request for pin in self.vehicle.pinned if pin.request is not None}

    def tell(self, cause: Breach, at: int, detail: str = "", request: int | None = None) -> None:
        self.say(cause, detail, vehicle=self.route.vehicle, stop=at, request=request)

    def run(self) -> None:
        self.pinned()
        self.places_and_times()
        self.windows_and_rides()
        self.loads()
        self.limits()
        self.battery()

    def pinned(self) -> None:
        for i, pin in enumerate(self.vehicle.pinned):
            # pinned stops come first; what a rest follows does not move them
            at = i + 1
            if at >= len(self.route.stops):
                self.tell(Breach.PINNED, at, "is missing")
                return
            stop = self.route.stops[at]
            same = (stop.request, stop.location, stop.begin_s, stop.charge_group, stop.charged_wh) == (
                pin.request, pin.location, pin.begin_s, pin.charge_group, pin.charged_wh,
            )  # fmt: skip
            if not same or stop.depart_s != pin.depart_s or (pin.request is not None and stop.stop != pin.stop):
                self.tell(Breach.PINNED, at, "differs from the pinned stop")

    def longest(self) -> int | None:
        return None if self.vehicle.self_drive else self.vehicle.max_continuous_drive_s

    def needed_s(self, a: int, b: int) -> int:
        """Return the time from one place to another with the rests on the way."""
        drive = max(0, int(self.problem.legs[self.vehicle.legs].drive_s[a, b]))
        longest = self.longest()
        rests = max(0, math.ceil(drive / longest) - 1) if longest else 0
        return drive + rests * self.vehicle.rest_s

    def places_and_times(self) -> None:
        stops, legs = self.route.stops, self.problem.legs[self.vehicle.legs]
        if stops[0].location != self.vehicle.start_location:
            self.tell(Breach.LOCATION, 0, "the vehicle stands elsewhere")
        if self.vehicle.end_location is not None and stops[-1].location != self.vehicle.end_location:
            self.tell(Breach.LOCATION, len(stops) - 1, "the vehicle must end elsewhere")
        pinned = len(self.vehicle.pinned)
        for at, (before, stop) in enumerate(pairwise(stops), 1):
            if not stop.arrive_s <= stop.begin_s <= stop.depart_s:
                self.tell(Breach.TIME_ORDER, at, f"{stop.arrive_s} <= {stop.begin_s} <= {stop.depart_s} does not hold")
            if stop.kind is StopKind.CHARGE and stop.charge_group is not None:
                place = self.problem.charge_groups[stop.charge_group].location
            elif stop.request is not None and stop.stop is not None:
                place = self.problem.requests[stop.request].stops[stop.stop].location
            elif stop.kind is StopKind.REST and at > pinned:
                place = before.location
            else:
                place = stop.location
            if place != stop.location:
                self.tell(Breach.LOCATION, at, f"is at {place}, not at {stop.location}", stop.request)
            drive = int(legs.drive_s[before.location, stop.location])
            if drive < 0:
                self.tell(Breach.UNREACHABLE, at)
                continue
            needed = self.needed_s(before.location, stop.location)
            stated = (stop.leg_s, stop.leg_m, stop.leg_toll_fen)
            true = (
                needed, int(legs.drive_m[before.location, stop.location]), int(legs.toll_fen[before.location, stop.location]),
            )  # fmt: skip
            if stated != true:
                self.tell(Breach.LEG, at, f"states {stated}, the way takes {true}")
            # what is pinned has happened: the road may have been quicker than the matrix
            if at > pinned and stop.arrive_s < before.depart_s + needed:
                self.tell(Breach.LEG, at, f"arrives at {stop.arrive_s}, before {before.depart_s + needed}")
            elif stop.arrive_s < before.depart_s:
                self.tell(Breach.TIME_ORDER, at, f"arrives at {stop.arrive_s}, before it departed at {before.depart_s}")
            if self.vehicle.self_drive and drive and stop.kind is not StopKind.DROPOFF:
                self.tell(Breach.SELF_DRIVE, at, "nobody moves the car there")

    def windows_and_rides(self) -> None:
        first_done: dict[int, int] = {}
        pinned = len(self.vehicle.pinned)
        for at, stop in enumerate(self.route.stops):
            if stop.request is None or stop.stop is None:
                continue
            request = self.problem.requests[stop.request]
            spec = request.stops[stop.stop]
            if at > pinned and stop.depart_s - stop.begin_s < spec.service_s:
                self.tell(
                    Breach.SERVICE_TIME, at, f"{stop.depart_s - stop.begin_s} s of {spec.service_s} s", stop.request
                )
            if stop.stop == 0:
                # the ride begins when the service is done, though the vehicle may stand there longer
                first_done[stop.request] = stop.begin_s + spec.service_s
            if stop.request in self.begun:
                # begun in fact: late is late, but it is finished
                if at > pinned and stop.begin_s < spec.earliest_s:
                    self.tell(Breach.TIME_WINDOW, at, f"{stop.begin_s} is before {spec.earliest_s}", stop.request)
                continue
            if not spec.earliest_s <= stop.begin_s <= spec.latest_s:
                self.tell(
                    Breach.TIME_WINDOW,
                    at,
                    f"{stop.begin_s} is outside {spec.earliest_s}..{spec.latest_s}",
                    stop.request,
                )
            last = stop.stop == len(request.stops) - 1
            if last and request.max_ride_s is not None and stop.request in first_done:
                ride = stop.begin_s - first_done[stop.request]
                if ride > request.max_ride_s:
                    self.tell(Breach.RIDE_TIME, at, f"{ride} s on board, at most {request.max_ride_s}", stop.request)

    def loads(self) -> None:
        on_board: dict[int, RequestSpec] = {}
        for at, stop in enumerate(self.route.stops):
            if stop.request is not None:
                request = self.problem.requests[stop.request]
                if stop.kind is StopKind.PICKUP:
                    self.permission(at, stop.request, request)
                    alone = request.kind is not RequestKind.TRANSFER or not request.shareable
                    if on_board and (alone or any(_exclusive(r) for r in on_board.values())):
                        self.tell(Breach.EXCLUSIVE, at, "somebody else is on board", stop.request)
                    on_board[stop.request] = request
                elif stop.request not in on_board:
                    self.tell(Breach.STOP_ORDER, at, "is not on board", stop.request)
                elif stop.kind is StopKind.DROPOFF:
                    del on_board[stop.request]
            load = sum(r.seats for r in on_board.values())
            if load > self.vehicle.seats:
                self.tell(Breach.CAPACITY, at, f"{load} on {self.vehicle.seats} seats", stop.request)
            if load != stop.load:
                self.tell(Breach.LOAD, at, f"states {stop.load}, {load} are on board", stop.request)
            if on_board and stop.kind is StopKind.CHARGE and at > len(self.vehicle.pinned):
                self.tell(Breach.CHARGE_OCCUPIED, at)

    def permission(self, at: int, index: int, request: RequestSpec) -> None:
        vehicle = self.vehicle
        if self.problem.tier[request.group, vehicle.group] < 0:
            self.tell(Breach.NOT_ALLOWED, at, "no agreement between the groups", index)
        if request.kinds and not request.kinds & (1 << vehicle.kind):
            self.tell(Breach.NOT_ALLOWED, at, "not a kind of vehicle that was asked for", index)
        if request.equipment & ~vehicle.equipment:
            self.tell(Breach.NOT_ALLOWED, at, "equipment is missing", index)
        if vehicle.self_drive != (request.kind is RequestKind.RENTAL):
            self.tell(Breach.NOT_ALLOWED, at, "self-drive vehicles serve rentals, and nothing else does", index)

    def limits(self) -> None:
        stops, vehicle = self.route.stops, self.vehicle
        begin, end = stops[0].depart_s, stops[-1].arrive_s
        pinned = len(vehicle.pinned)
        charters = all(
            self.problem.requests[s.request].kind is RequestKind.CHARTER for s in stops if s.request is not None
        )
        # whoever is out comes home, however long that takes; what is added on the way must keep the limits
        others = (s.request for s in stops[pinned + 1 :] if s.request is not None)
        limited = any(r not in self.begun for r in others) if pinned else len(stops) > 2
        if pinned:
            # it left its start in time for its first pinned stop, whatever the plan says
            begin = min(begin, vehicle.pinned[0].begin_s - self.needed_s(stops[0].location, stops[1].location))
        out_at = vehicle.pinned[-1].depart_s if pinned else begin
        inside = any(a <= out_at and end <= b for a, b in vehicle.windows)
        spans = charters and bool(vehicle.windows) and vehicle.windows[0][0] <= begin and end <= vehicle.windows[-1][1]
        if not inside and not spans and (limited or not pinned):
            self.tell(Breach.VEHICLE_WINDOW, 0, f"{begin}..{end} lies in none of {vehicle.windows}")
        if vehicle.max_route_s is not None and end - begin > vehicle.max_route_s and limited:
            self.tell(Breach.ROUTE_DURATION, len(stops) - 1, f"{end - begin} s, at most {vehicle.max_route_s}")
        legs = self.problem.legs[vehicle.legs]
        longest = self.longest()
        driven, since, pause = 0, 0, 0
        for at, (before, stop) in enumerate(pairwise(stops), 1):
            drive = max(0, int(legs.drive_s[before.location, stop.location]))
            driven += drive
            if drive and longest is not None:
                if pause >= vehicle.rest_s:
                    since = 0
                rests = math.ceil(drive / longest) - 1
                if at > pinned and since + min(drive, longest) > longest:
                    self.tell(Breach.REST, at, f"{since + min(drive, longest)} s without a pause, at most {longest}")
                since = drive - rests * longest if rests else since + drive
                pause = 0
            pause += stop.depart_s - stop.arrive_s
        if vehicle.max_drive_s is not None and driven > vehicle.max_drive_s and limited:
            self.tell(Breach.DRIVE_LIMIT, len(stops) - 1, f"{driven} s, at most {vehicle.max_drive_s}")

    def battery(self) -> None:
        battery, legs = self.vehicle.battery, self.problem.legs[self.vehicle.legs]
        if battery is None:
            for at, stop in enumerate(self.route.stops):
                if stop.kind is StopKind.CHARGE:
                    self.tell(Breach.CHARGE_NOT_ALLOWED, at, "the vehicle has no battery")
                if stop.charge_wh is not None:
                    self.tell(Breach.STATED_CHARGE, at, f"states {stop.charge_wh} Wh, the vehicle has no battery")
            return
        level = battery.initial_wh
        pinned = len(self.vehicle.pinned)
        previous: Stop | None = None
        for at, stop in enumerate(self.route.stops):
            if previous is not None:
                used = int(legs.drive_wh[previous.location, stop.location])
                if used != stop.leg_wh:
                    self.tell(Breach.LEG, at, f"states {stop.leg_wh} Wh, the way takes {used}")
                level = min(battery.capacity_wh, level - used)
            if at > pinned and level < battery.reserve_wh:
                self.tell(Breach.BATTERY_RESERVE, at, f"{level} Wh, at least {battery.reserve_wh}")
            if stop.charge_wh != level:
                self.tell(Breach.STATED_CHARGE, at, f"states {stop.charge_wh} Wh, holds {level}")
            if stop.kind is StopKind.END and level < battery.final_wh:
                self.tell(Breach.BATTERY_FINAL, at, f"{level} Wh, at least {battery.final_wh}")
            if stop.charge_group is not None:
                group = self.problem.charge_groups[stop.charge_group]
                full = level + stop.charged_wh
                if at > pinned:
                    if full > battery.capacity_wh:
                        self.tell(Breach.BATTERY_OVERFULL, at, f"{full} Wh in {battery.capacity_wh}")
                    curve = battery.dc_curve if group.dc else battery.ac_curve
                    needed = group.overhead_s + _charging_s(curve, group.point_w, level, min(full, battery.capacity_wh))
                    if stop.depart_s - stop.begin_s < needed - 1e-6:
                        self.tell(Breach.CHARGE_TIME, at, f"{stop.depart_s - stop.begin_s} s, {needed:.1f} needed")
                level = min(battery.capacity_wh, full)
            previous = stop


def _exclusive(request: RequestSpec) -> bool:
    return request.kind is not RequestKind.TRANSFER or not request.shareable


def _charging_s(curve: ChargeCurve, point_w: int, level_wh: int, target_wh: int) -> float:
    """Return the seconds of charging from one level to another under the battery's curve and the point's power."""
    steps = [*curve.from_wh, math.inf]
    seconds = 0.0
    for low, high, power in zip(curve.from_wh, steps[1:], curve.power_w, strict=True):
        part = min(high, target_wh) - max(low, level_wh)
        if part > 0:
            usable = min(power, point_w)
            if usable <= 0:
                return math.inf
            seconds += part * 3600.0 / usable
    return seconds


def _charge_points(problem: Problem, routes: list[Route], say: Say) -> None:
    """At no time more vehicles at a group than it has points, nor more power at a site than it has."""
    events: list[tuple[int, int, int, int, int]] = []  # time, ends before begins, group, vehicle, position
    for route in routes:
        for at, stop in enumerate(route.stops):
            if stop.charge_group is not None and stop.depart_s > stop.begin_s:
                events.extend(
                    (
                        (stop.depart_s, 0, stop.charge_group, route.vehicle, at),
                        (stop.begin_s, 1, stop.charge_group, route.vehicle, at),
                    )
                )
    for held in problem.held_points:
        if held.end_s > held.begin_s:
            events.extend(((held.end_s, 0, held.charge_group, -1, -1), (held.begin_s, 1, held.charge_group, -1, -1)))
    busy = [0] * len(problem.charge_groups)
    power = [0] * len(problem.site_power_w)
    for time_s, begins, group_index, vehicle, at in sorted(events):
        group = problem.charge_groups[group_index]
        sign = 1 if begins else -1
        busy[group_index] += sign
        power[group.site] += sign * group.point_w
        limit = problem.site_power_w[group.site]
        where = {} if vehicle < 0 else {"vehicle": vehicle, "stop": at}  # -1: held by somebody outside the problem
        if begins and busy[group_index] > group.points:
            say(
                Breach.CHARGE_POINTS,
                f"{busy[group_index]} vehicles on {group.points} points at {time_s}",
                **where,
            )
        if begins and limit is not None and power[group.site] > limit:
            say(Breach.SITE_POWER, f"{power[group.site]} W of {limit} W at {time_s}", **where)


def route_cost_mfen(problem: Problem, route: Route) -> int:
    """Return what a route costs in mfen: vehicle, way, tolls, energy, tier prices and changed promises."""
    vehicle = problem.vehicles[route.vehicle]
    legs = problem.legs[vehicle.legs]
    cost = vehicle.fixed_mfen
    for before, stop in pairwise(route.stops):
        a, b = before.location, stop.location
        cost += int(legs.drive_m[a, b]) * vehicle.mfen_per_m + int(legs.drive_s[a, b]) * vehicle.mfen_per_s
        cost += int(legs.toll_fen[a, b]) * 1000
        if stop.charge_group is not None:
            cost += stop.charged_wh * problem.charge_groups[stop.charge_group].mfen_per_wh
        if stop.kind is StopKind.PICKUP and stop.request is not None:
            request = problem.requests[stop.request]
            tier = int(problem.tier[request.group, vehicle.group])
            cost += problem.tier_mfen[tier] if tier >= 0 else 0
            other = request.promised_vehicle not in {None, route.vehicle}
            early = request.promised_earliest_s is not None and stop.begin_s < request.promised_earliest_s
            late = request.promised_latest_s is not None and stop.begin_s > request.promised_latest_s
            cost += request.change_mfen if other or early or late else 0
    return cost


def _money(problem: Problem, plan: Plan, routes: list[Route], say: Say) -> None:
    total = 0
    for route in routes:
        cost = route_cost_mfen(problem, route)
        if cost != route.cost_mfen:
            say(Breach.COST, f"states {route.cost_mfen} mfen, costs {cost}", vehicle=route.vehicle)
        total += route.cost_mfen
    if total != plan.cost_mfen:
        say(Breach.COST, f"states {plan.cost_mfen} mfen in all, the routes state {total}")
    penalty = sum(
        problem.requests[u.request].penalty_mfen for u in plan.unserved if 0 <= u.request < len(problem.requests)
    )
    if penalty != plan.penalty_mfen:
        say(Breach.PENALTY, f"states {plan.penalty_mfen} mfen, the unserved cost {penalty}")
    if plan.bound_mfen is not None and plan.bound_mfen > plan.cost_mfen + plan.penalty_mfen:
        say(Breach.BOUND, f"{plan.bound_mfen} is above the plan's own {plan.cost_mfen + plan.penalty_mfen}")

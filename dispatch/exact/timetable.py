"""Times, rests and charging of given routes together, by CP-SAT: the cheapest that the shared charge points allow.

Everything is integer, as in the problem: seconds, watt-hours. Charging follows the battery's curve: the charge is the sum of
how far each step of the curve is filled, in order, and the time to a charge the sum of these over their powers; both ends of a
charging stop lie on that line, and the stop takes at least the difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ortools.sat.python import cp_model

from dispatch.errors import TooLargeForProof
from dispatch.exact.duties import FAR_S, longest_s, needed_s, rests_within
from dispatch.exact.routes import Column, place_of
from dispatch.problem import BatterySpec, ChargeGroupSpec, Problem, VehicleSpec

MOST_DENOMINATOR = 10**9
"""Seconds are counted in fractions of 1 / lcm of the powers; beyond this the numbers would leave 64 bits."""


@dataclass(frozen=True, kw_only=True)
class TimedStop:
    """One stop after the first departure, with what was decided; ``rest_s`` follows its service."""

    arrive_s: int
    begin_s: int
    done_s: int
    leave_s: int
    charged_wh: int = 0


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """``depart_s`` is the first departure (from the start or from the last pinned stop), ``stops`` end with the route's end."""

    depart_s: int
    stops: tuple[TimedStop, ...]


@dataclass(frozen=True, kw_only=True)
class Timed:
    """What energy the routes buy together, a bound on it, and their timetables."""

    energy_mfen: int
    bound_mfen: int
    tables: tuple[Timetable, ...]


def timetable(problem: Problem, columns: list[Column], vehicles: list[int], *, seconds: float) -> Timed | None:
    """Return the cheapest timetable of the columns, driven by ``vehicles``; None if there is none.

    Raises
    ------
    TooLargeForProof
        That could not be decided in so many seconds.
    """
    model = cp_model.CpModel()
    desk = _Desk(problem, model)
    routes = [_Route(desk, column, vehicle) for column, vehicle in zip(columns, vehicles, strict=True)]
    desk.share()
    model.minimize(total(desk.bills))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_time_in_seconds = seconds
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return None
    if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        raise TooLargeForProof("time", round(seconds), round(seconds))
    return Timed(
        energy_mfen=round(solver.objective_value),
        bound_mfen=math.ceil(solver.best_objective_bound - 1e-6),
        tables=tuple(route.read(solver) for route in routes),
    )


def total(parts: Sequence[cp_model.LinearExpr]) -> cp_model.LinearExpr:
    """Return the sum, also of nothing."""
    return cp_model.LinearExpr.sum(list(parts))


class _Desk:
    """The model with what the routes share: points and power."""

    def __init__(self, problem: Problem, model: cp_model.CpModel) -> None:
        self.problem, self.model = problem, model
        self.latest = max((w[1] for v in problem.vehicles for w in v.windows), default=0) + problem.horizon_s
        pins = [p.depart_s for v in problem.vehicles for p in v.pinned]
        stops = [s.latest_s for r in problem.requests for s in r.stops]
        self.latest = max([self.latest, *pins, *stops]) + problem.horizon_s
        self.earliest = min([0, *(w[0] for v in problem.vehicles for w in v.windows), *pins])
        self.bills: list[cp_model.LinearExpr] = []
        self.held: dict[int, list[cp_model.IntervalVar]] = {}
        for other in problem.held_points:
            if other.end_s > other.begin_s:
                held = model.new_fixed_size_interval_var(other.begin_s, other.end_s - other.begin_s, "held")
                self.held.setdefault(other.charge_group, []).append(held)
        for vehicle in problem.vehicles:
            for pin in vehicle.pinned:
                if pin.charge_group is not None and pin.depart_s > pin.begin_s:
                    held = model.new_fixed_size_interval_var(pin.begin_s, pin.depart_s - pin.begin_s, "held")
                    self.held.setdefault(pin.charge_group, []).append(held)

    def time(self, name: str) -> cp_model.IntVar:
        return self.model.new_int_var(self.earliest, self.latest, name)

    def share(self) -> None:
        sites: dict[int, list[tuple[cp_model.IntervalVar, int]]] = {}
        for g, intervals in self.held.items():
            group = self.problem.charge_groups[g]
            self.model.add_cumulative(intervals, [1] * len(intervals), group.points)
            sites.setdefault(group.site, []).extend((i, group.point_w) for i in intervals)
        for site, users in sites.items():
            limit = self.problem.site_power_w[site]
            if limit is not None:
                self.model.add_cumulative([i for i, _ in users], [w for _, w in users], limit)


class _Route:
    """Variables and constraints of one route."""

    def __init__(self, desk: _Desk, column: Column, index: int) -> None:
        self.desk, self.column = desk, column
        self.vehicle: VehicleSpec = desk.problem.vehicles[index]
        self.legs = desk.problem.legs[self.vehicle.legs]
        duty, model = column.duty, desk.model
        home = self._place(len(column.steps) - 1) if self.vehicle.end_location is None else self.vehicle.end_location
        self.places = [*(self._place(i) for i in range(-1, len(column.steps))), home]
        self.drives = [int(self.legs.drive_s[a, b]) for a, b in zip(self.places, self.places[1:], strict=False)]
        self.depart = desk.time("depart")
        if duty.fixed:
            model.add(self.depart >= duty.begin_s)
        else:
            model.add_linear_constraint(self.depart, duty.begin_s, duty.end_s)
        self.arrive: list[cp_model.LinearExpr] = []
        self.begin: list[cp_model.IntVar] = []
        self.done: list[cp_model.LinearExpr] = []
        self.leave: list[cp_model.IntVar] = []
        self.charged: list[cp_model.IntVar | None] = []
        self._times()
        self._windows()
        self._hours()
        if self.vehicle.battery is not None:
            self._energy(self.vehicle.battery)

    def _place(self, i: int) -> int:
        if i < 0:
            return self.column.duty.location
        return place_of(self.desk.problem, self.column.steps[i])

    def _times(self) -> None:
        model = self.desk.model
        before: cp_model.IntVar = self.depart
        for i in range(len(self.column.steps) + 1):
            arrive = before + needed_s(self.vehicle, self.drives[i])
            begin = self.desk.time(f"begin{i}")
            model.add(begin >= arrive)
            leave = self.desk.time(f"leave{i}")
            done: cp_model.LinearExpr = begin
            self.charged.append(None)
            if i < len(self.column.steps):
                step = self.column.steps[i]
                if step.request is not None:
                    done = begin + self.desk.problem.requests[step.request].stops[step.stop].service_s
                elif step.charge_group is not None and self.vehicle.battery is not None:
                    done = self._plug(i, step.charge_group, self.vehicle.battery, begin)
            else:
                model.add(begin == arrive)
            model.add(leave >= done)
            self.arrive.append(arrive)
            self.begin.append(begin)
            self.done.append(done)
            self.leave.append(leave)
            before = leave

    def _plug(self, i: int, g: int, battery: BatterySpec, begin: cp_model.IntVar) -> cp_model.IntVar:
        model = self.desk.model
        size = model.new_int_var(0, self.desk.latest - self.desk.earliest, f"charging{i}")
        done = self.desk.time(f"done{i}")
        interval = model.new_interval_var(begin, size, done, f"plugged{i}")
        self.desk.held.setdefault(g, []).append(interval)
        got = model.new_int_var(0, battery.capacity_wh, f"got{i}")
        self.charged[i] = got
        self.desk.bills.append(got * self.desk.problem.charge_groups[g].mfen_per_wh)
        return done

    def _windows(self) -> None:
        model, duty = self.desk.model, self.column.duty
        first: dict[int, int] = {}
        for i, step in enumerate(self.column.steps):
            if step.request is None:
                continue
            request = self.desk.problem.requests[step.request]
            spec = request.stops[step.stop]
            begun = step.request not in self.column.requests
            model.add_linear_constraint(self.begin[i], spec.earliest_s, FAR_S if begun else spec.latest_s)
            if step.kept and request.promised_earliest_s is not None:
                model.add(self.begin[i] >= request.promised_earliest_s)
            if step.kept and request.promised_latest_s is not None:
                model.add(self.begin[i] <= request.promised_latest_s)
            if step.stop == 0:
                first[step.request] = i
            if step.stop == len(request.stops) - 1 and not begun and request.max_ride_s is not None:
                boarded = self.done[first[step.request]]
                model.add(self.begin[i] <= boarded + request.max_ride_s)
        if duty.fixed and not self.column.requests:
            return
        model.add(self.begin[-1] <= duty.end_s)
        if self.vehicle.max_route_s is not None:
            left = model.new_constant(duty.left_s) if duty.fixed else self.depart
            model.add(self.begin[-1] <= left + self.vehicle.max_route_s)

    def _hours(self) -> None:
        """The driving since a pause of ``rest_s`` stays within the limit; a pause is all the time from arrival to departure."""
        longest, duty, model = longest_s(self.vehicle), self.column.duty, self.desk.model
        if longest is None or duty.since_s + sum(self.drives) <= longest:
            return
        since: cp_model.LinearExpr = model.new_constant(duty.since_s)
        came: cp_model.LinearExpr = model.new_constant(duty.arrived_s)
        left: cp_model.LinearExpr = self.depart
        rested: cp_model.IntVar = model.new_constant(0)
        for i, drive in enumerate(self.drives):
            if drive:
                if i or duty.fixed:
                    rested = model.new_bool_var(f"rested{i}")
                    model.add(left - came >= self.vehicle.rest_s).only_enforce_if(rested)
                now = model.new_int_var(0, longest, f"since{i}")
                held = rests_within(drive, longest)
                if held:
                    # such a leg begins rested
                    model.add(since <= FAR_S * rested)
                    model.add(now >= drive - held * longest)
                else:
                    model.add(now >= since + drive - FAR_S * rested)
                    model.add(now >= drive)
                since, came = now, self.arrive[i]
            left = self.leave[i]

    def _energy(self, battery: BatterySpec) -> None:
        model, problem = self.desk.model, self.desk.problem
        level: cp_model.LinearExpr = model.new_constant(self.column.duty.level_wh)
        for i, step in enumerate([*self.column.steps, None]):
            used = int(self.legs.drive_wh[self.places[i], self.places[i + 1]])
            here = model.new_int_var(battery.reserve_wh, battery.capacity_wh, f"level{i}")
            if used >= 0:
                model.add(here == level - used)
            else:
                model.add_min_equality(here, [level - used, battery.capacity_wh])
            level = here
            got = self.charged[i]
            if step is not None and step.charge_group is not None and got is not None:
                full = model.new_int_var(0, battery.capacity_wh, f"full{i}")
                model.add(full == here + got)
                self._charging(i, problem.charge_groups[step.charge_group], battery, here, full)
                level = full
        model.add(level >= battery.final_wh)

    def _charging(
        self, i: int, group: ChargeGroupSpec, battery: BatterySpec, low: cp_model.IntVar, full: cp_model.IntVar
    ) -> None:
        curve = battery.dc_curve if group.dc else battery.ac_curve
        powers = [min(power, group.point_w) for power in curve.power_w]
        rates = [Fraction(3600, power) for power in powers if power > 0]
        scale = math.lcm(*(rate.denominator for rate in rates)) if rates else 1
        if scale > MOST_DENOMINATOR:
            raise TooLargeForProof("powers", scale, MOST_DENOMINATOR)
        tops = [*curve.from_wh[1:], battery.capacity_wh]
        parts = []
        for at in (low, full):
            filled = self._filled(i, at, list(zip(curve.from_wh, tops, strict=True)), battery.capacity_wh)
            parts.append(filled)
        model = self.desk.model
        cost: list[cp_model.LinearExpr] = []
        for from_part, to_part, power in zip(parts[0], parts[1], powers, strict=True):
            if power <= 0:
                # what takes no power is not filled any further
                model.add(to_part == from_part)
            else:
                cost.append((to_part - from_part) * int(Fraction(3600, power) * scale))
        model.add((self.done[i] - self.begin[i] - group.overhead_s) * scale >= total(cost))

    def _filled(
        self, i: int, level: cp_model.IntVar, steps: list[tuple[int, int]], capacity: int
    ) -> list[cp_model.IntVar]:
        """Return how far each step of the curve is filled at a charge."""
        model = self.desk.model
        found: list[cp_model.IntVar] = []
        for low, top in steps:
            size = max(0, min(top, capacity) - low)
            part = model.new_int_var(0, size, f"part{i}")
            if found:
                before = total(found) >= low
                begun = model.new_bool_var(f"begun{i}")
                model.add(part == 0).only_enforce_if(begun.negated())
                model.add(before).only_enforce_if(begun)
            found.append(part)
        model.add(total(found) == level)
        return found

    def read(self, solver: cp_model.CpSolver) -> Timetable:
        stops = []
        for i in range(len(self.column.steps) + 1):
            charged = self.charged[i]
            stops.append(
                TimedStop(
                    arrive_s=solver.value(self.arrive[i]),
                    begin_s=solver.value(self.begin[i]),
                    done_s=solver.value(self.done[i]),
                    leave_s=solver.value(self.leave[i]),
                    charged_wh=0 if charged is None else solver.value(charged),
                )
            )
        return Timetable(depart_s=solver.value(self.depart), stops=tuple(stops))

"""Running the rental cars: which car charges when, which cars are moved overnight, where a return is worth a reward.

Three optimisation models, stated here and solved by OR-Tools; all are pure functions of integers.

**Charging** (:func:`plan_charging`), one site, a linear program. For car c and slot t let e[c,t] >= 0 be the energy it takes,
s[c,k] >= 0 the shortfall at its k-th deadline, and z the highest power of the site:

    minimise    sum price[t] e[c,t] + lambda z + M sum s[c,k]
    subject to  e[c,t] <= cap[c] = min(point, car) power x slot, 0 where the car is away
                sum_c e[c,t] <= site power x slot                       (R060, R061)
                sum_c e[c,t] / cap[c] <= number of points               (R061)
                charge[c] + sum_t e[c,t] <= capacity[c]
                charge[c] + sum_{t < by[k]} e[c,t] + s[c,k] >= least[c,k]
                sum_c e[c,t] <= slot x z

No whole numbers are needed: within a slot, work that fits m machines in sum, with no piece longer than the slot, can be
laid out on them by the wrap-around rule (R. McNaughton, Management Science 6(1), 1959, 1-12). M exceeds any price that
could be saved, so that no deadline is missed to save money or power.

**Relocation** (:func:`relocate`), an integer program. x[i,j] cars go from point i to point j; a point that ends with n cars
serves v[p][n] expected bookings, with falling gains (:func:`falling_gains` makes them so); y[p,k] in {0,1} is its k-th car:

    maximise    worth sum_{p,k} (v[p][k] - v[p][k-1]) y[p,k] - sum c[i,j] x[i,j]
    subject to  sum_j x[i,j] <= movable[i];  sum_k y[p,k] = stock[p] + inflow[p] - outflow[p];  sum x <= what the drivers can do

With the last row dropped it is a min-cost flow, whose extreme points are whole; with it CP-SAT keeps them so.

**Steering** (:func:`steer`): of the points near a renter's return, the one and the reward with the largest expected gain: the
gain in value of a car there less the reward, times the chance that the renter takes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ortools.linear_solver import pywraplp
from ortools.sat.python import cp_model


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """At the begin of slot ``by`` the car holds at least ``least_wh``."""

    by: int
    least_wh: int


@dataclass(frozen=True, kw_only=True)
class ChargingCar:
    """A car at the site from slot ``arrives`` up to before slot ``leaves``."""

    id: str
    charge_wh: int
    capacity_wh: int
    max_w: int
    arrives: int
    leaves: int
    deadlines: tuple[Deadline, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChargingSite:
    """What the site can give, and what a kilowatt-hour costs in each slot. ``peak_fen_per_kw`` prices its highest power."""

    points_count: int
    point_w: int
    power_w: int
    slot_s: int
    price_fen_per_kwh: tuple[int, ...]
    peak_fen_per_kw: int = 0


@dataclass(frozen=True, kw_only=True)
class ChargingPlan:
    """``energy_wh[car]`` by slot, in whole Wh rounded down; ``shortfall_wh`` over all deadlines; the planned peak."""

    energy_wh: Mapping[str, tuple[int, ...]]
    shortfall_wh: int
    peak_w: int
    cost_fen: int


def plan_charging(site: ChargingSite, cars: Sequence[ChargingCar]) -> ChargingPlan:
    """Solve the charging program of a site.

    Raises
    ------
    ValueError
        If two cars have one id or a figure is negative.
    """
    if len({car.id for car in cars}) != len(cars):
        raise ValueError("each car once")
    if min([site.points_count, site.point_w, site.power_w, *(car.charge_wh for car in cars)]) < 0:
        raise ValueError("figures are zero or more")
    slots = len(site.price_fen_per_kwh)
    hours = site.slot_s / 3_600
    solver = pywraplp.Solver.CreateSolver("GLOP")
    objective = solver.Objective()
    peak = solver.NumVar(0.0, float(site.power_w), "peak")
    objective.SetCoefficient(peak, site.peak_fen_per_kw / 1_000)
    # A Wh that is missing at its deadline costs more than any Wh, at any price and any peak, could save.
    dear = (max(site.price_fen_per_kwh, default=0) + site.peak_fen_per_kw / max(hours, 1e-9) + 1) / 1_000 * 100
    energy: dict[tuple[int, int], pywraplp.Variable] = {}
    short: list[pywraplp.Variable] = []
    for c, car in enumerate(cars):
        cap_wh = min(site.point_w, car.max_w) * hours
        room = solver.Constraint(-solver.infinity(), float(max(0, car.capacity_wh - car.charge_wh)))
        for t in range(max(0, car.arrives), min(slots, car.leaves)):
            if cap_wh <= 0 or site.points_count == 0:
                continue
            energy[c, t] = solver.NumVar(0.0, cap_wh, f"e{c}_{t}")
            # Of equal slots the earlier is taken: what is charged need not be hoped for.
            objective.SetCoefficient(energy[c, t], site.price_fen_per_kwh[t] / 1_000 + t * 1e-9)
            room.SetCoefficient(energy[c, t], 1.0)
        for deadline in car.deadlines:
            missing = solver.NumVar(0.0, solver.infinity(), f"s{c}_{deadline.by}")
            objective.SetCoefficient(missing, dear)
            short.append(missing)
            row = solver.Constraint(float(deadline.least_wh - car.charge_wh), solver.infinity())
            row.SetCoefficient(missing, 1.0)
            for t in range(deadline.by):
                if (c, t) in energy:
                    row.SetCoefficient(energy[c, t], 1.0)
    for t in range(slots):
        there = [c for c in range(len(cars)) if (c, t) in energy]
        if not there:
            continue
        power = solver.Constraint(-solver.infinity(), 0.0)
        power.SetCoefficient(peak, -hours)
        points = solver.Constraint(-solver.infinity(), float(site.points_count))
        for c in there:
            power.SetCoefficient(energy[c, t], 1.0)
            points.SetCoefficient(energy[c, t], 1.0 / (min(site.point_w, cars[c].max_w) * hours))
    objective.SetMinimization()
    status = solver.Solve()
    if status != pywraplp.Solver.OPTIMAL:
        raise ValueError(f"the charging program has no optimum (status {status})")
    plan = {
        car.id: tuple(math.floor(energy[c, t].solution_value() + 1e-6) if (c, t) in energy else 0 for t in range(slots))
        for c, car in enumerate(cars)
    }
    drawn = [sum(plan[car.id][t] for car in cars) for t in range(slots)]
    cost_mfen = sum(wh * price for wh, price in zip(drawn, site.price_fen_per_kwh, strict=True))
    return ChargingPlan(
        energy_wh=plan,
        shortfall_wh=math.ceil(sum(variable.solution_value() for variable in short) - 1e-6),
        peak_w=round(max(drawn, default=0) / hours) if slots else 0,
        cost_fen=round(cost_mfen / 1_000),
    )


def charge_at_once(site: ChargingSite, cars: Sequence[ChargingCar], *, order: Sequence[str] = ()) -> dict[str, int]:
    """The energy of one slot when everybody charges at full power as it came, as far as points and power go (in Wh)."""
    hours = site.slot_s / 3_600
    rank = {id: number for number, id in enumerate(order)}
    given: dict[str, int] = {}
    left_w, points = site.power_w, site.points_count
    for car in sorted(cars, key=lambda own: (rank.get(own.id, len(rank)), own.id)):
        wanted_wh = max(0, car.capacity_wh - car.charge_wh)
        if wanted_wh == 0 or points == 0 or left_w <= 0:
            continue
        power_w = min(site.point_w, car.max_w, left_w)
        given[car.id] = min(wanted_wh, math.floor(power_w * hours))
        points -= 1
        left_w -= power_w
    return given


@dataclass(frozen=True, kw_only=True)
class Move:
    """So many cars from one point to another."""

    origin: str
    goal: str
    count: int


def falling_gains(served: Sequence[float]) -> tuple[float, ...]:
    """The least concave function above ``served`` (by number of cars, from 0): its gains never rise."""
    hull: list[tuple[int, float]] = []
    for number, value in enumerate(served):
        while len(hull) >= 2:
            (a, fa), (b, fb) = hull[-2], hull[-1]
            if (fb - fa) * (number - b) <= (value - fb) * (b - a):
                hull.pop()
            else:
                break
        hull.append((number, value))
    found: list[float] = []
    for (a, fa), (b, fb) in pairwise(hull):
        found += [fa + (fb - fa) * (number - a) / (b - a) for number in range(a, b)]
    return (*found, hull[-1][1]) if hull else ()


def relocate(
    stock: Mapping[str, int],
    movable: Mapping[str, int],
    served: Mapping[str, Sequence[float]],
    cost_fen: Mapping[tuple[str, str], int],
    *,
    worth_fen: int,
    most_moves: int,
) -> tuple[Move, ...]:
    """Choose the cars to move before the next day.

    Parameters
    ----------
    stock, movable
        Cars at each point, and how many of them can be moved (charged enough, not held).
    served
        For each point the expected bookings served with 0, 1, 2 ... cars; beyond its end a further car serves nothing more.
    cost_fen
        Of moving one car; pairs that are not in it are not driven.
    worth_fen
        What a served booking is worth.
    most_moves
        What the drivers can do.
    """
    model = cp_model.CpModel()
    points = sorted(stock)
    total = sum(stock.values())
    x = {
        (i, j): model.new_int_var(0, min(movable.get(i, 0), most_moves), f"x{i}_{j}")
        for i in points
        for j in points
        if i != j and (i, j) in cost_fen and movable.get(i, 0) > 0
    }
    terms: list[tuple[cp_model.IntVar, int]] = []
    for p in points:
        curve = falling_gains(served.get(p, (0.0,)))
        gains = [round((curve[k] - curve[k - 1]) * worth_fen) if k < len(curve) else 0 for k in range(1, total + 1)]
        y = [model.new_bool_var(f"y{p}_{k}") for k in range(total)]
        terms += list(zip(y, gains, strict=True))
        inflow = sum(x[i, p] for i in points if (i, p) in x)
        outflow = sum(x[p, j] for j in points if (p, j) in x)
        model.add(sum(y) == stock[p] + inflow - outflow)
        model.add(outflow <= movable.get(p, 0))
    model.add(sum(x.values()) <= most_moves)
    model.maximize(sum(gain * own for own, gain in terms) - sum(cost_fen[pair] * own for pair, own in x.items()))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = 5.0
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise ValueError(f"the relocation program has no solution (status {status})")
    return tuple(
        Move(origin=i, goal=j, count=solver.value(own)) for (i, j), own in sorted(x.items()) if solver.value(own) > 0
    )


@dataclass(frozen=True, kw_only=True)
class Steering:
    """A reward for returning at another point; ``gain_fen`` is what it is expected to bring beyond its cost."""

    site_id: str
    incentive_fen: int
    gain_fen: int


def steer(
    planned: str,
    value_fen: Mapping[str, int],
    detour_m: Mapping[str, int],
    *,
    accepts: Callable[[int, int], float],
    levels_fen: Sequence[int] = (300, 500, 800, 1_200, 2_000),
) -> Steering | None:
    """Choose where to steer a return, None where no reward pays.

    ``value_fen`` is what one more car is worth at each point, ``detour_m`` the way from the planned point to the others
    that may be offered, ``accepts`` the chance that a renter takes a reward for a detour, from 0 to 1.
    """
    best: Steering | None = None
    for site_id in sorted(detour_m):
        if site_id == planned:
            continue
        more_fen = value_fen.get(site_id, 0) - value_fen.get(planned, 0)
        for incentive_fen in levels_fen:
            gain = accepts(incentive_fen, detour_m[site_id]) * (more_fen - incentive_fen)
            if gain > (0 if best is None else best.gain_fen):
                best = Steering(site_id=site_id, incentive_fen=incentive_fen, gain_fen=math.floor(gain))
    return best if best is not None and best.gain_fen > 0 else None

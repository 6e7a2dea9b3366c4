"""The best combination of routes: set partitioning by CP-SAT, with shared charge points brought in as they matter.

Routes with charging enter at a lower bound of their cost. Whenever the best combination uses some, their timetable is
worked out: first of each alone, which puts its true cost in place of the bound, then of all that share a site. A combination
that has no timetable is forbidden, one that must buy dearer energy is charged for it, and the search goes on. When nothing
has to be corrected any more, the combination is the best there is (logic-based Benders decomposition, Hooker and
Ottosson 2003, Math. Program. 96).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ortools.sat.python import cp_model

from dispatch.errors import TooLargeForProof
from dispatch.exact.routes import Column
from dispatch.exact.timetable import Timed, timetable
from dispatch.problem import Problem

TIE = 1024
"""A unit of cost outweighs so many stops: of equally cheap combinations, that with the fewest stops is taken."""


@dataclass(frozen=True, kw_only=True)
class Cover:
    """The best combination: columns with their vehicles and timetable, and a lower bound on any combination's cost.

    ``bound`` equals ``cost`` when the combination is proved to be the best.
    """

    columns: tuple[Column, ...]
    vehicles: tuple[int, ...]
    timed: Timed
    cost: int
    bound: int


@dataclass(kw_only=True)
class Pool:
    """Columns by class of vehicles, and what was found out about them."""

    columns: list[Column]
    class_of: list[int]
    classes: list[list[int]]
    exact: set[int] = field(default_factory=set)
    forbidden: set[frozenset[int]] = field(default_factory=set)
    dearer: dict[frozenset[int], int] = field(default_factory=dict)

    @property
    def learnt(self) -> tuple[int, int, int]:
        """How much was found out so far."""
        return len(self.exact), len(self.forbidden), len(self.dearer)


def best_cover(
    problem: Problem, pool: Pool, weights: list[int], open_requests: tuple[int, ...], *, left_s: Callable[[], float]
) -> Cover | None:
    """Return the best cover for these weights of whoever is left out; None if vehicles that are out cannot come home.

    Raises
    ------
    TooLargeForProof
        Not even one combination with a timetable was found in the time.
    """
    bound = -(2**62)
    best: Cover | None = None
    while True:
        known = pool.learnt
        answer = _master(problem, pool, weights, open_requests, seconds=left_s())
        if answer is None:
            return None
        chosen, lowest = answer
        bound = max(bound, lowest)
        if left_s() <= 0:
            break
        if _correct_alone(problem, pool, chosen, left_s):
            continue
        cover = _together(problem, pool, chosen, weights, open_requests, left_s)
        if cover is None:
            continue
        if best is None or cover.cost < best.cost:
            best = cover
        if best.cost <= bound or pool.learnt == known:
            break
    if best is None:
        raise TooLargeForProof("time", 0, 0)
    return replace(best, bound=min(bound, best.cost))


def _master(
    problem: Problem, pool: Pool, weights: list[int], open_requests: tuple[int, ...], *, seconds: float
) -> tuple[list[int], int] | None:
    model = cp_model.CpModel()
    used = [model.new_bool_var(f"c{i}") for i in range(len(pool.columns))]
    covering: dict[int, list[cp_model.IntVar]] = {r: [] for r in open_requests}
    by_class: dict[int, list[cp_model.IntVar]] = {k: [] for k in range(len(pool.classes))}
    for i, column in enumerate(pool.columns):
        by_class[pool.class_of[i]].append(used[i])
        for r in column.requests:
            covering[r].append(used[i])
    cost: list[cp_model.LinearExprT] = [
        (column.cost_mfen * TIE + min(len(column.steps), TIE // 64)) * used[i] for i, column in enumerate(pool.columns)
    ]
    for r, columns in covering.items():
        left_out = model.new_bool_var(f"u{r}")
        model.add_exactly_one([*columns, left_out])
        cost.append(weights[r] * TIE * left_out)
    for k, columns in by_class.items():
        vehicles = pool.classes[k]
        if problem.vehicles[vehicles[0]].pinned:
            model.add_exactly_one(columns)
        else:
            model.add(sum(columns) <= len(vehicles))
    for routes in sorted(pool.forbidden, key=sorted):
        model.add_bool_or([used[i].negated() for i in sorted(routes)])
    for routes, more in sorted(pool.dearer.items(), key=lambda item: sorted(item[0])):
        both = model.new_bool_var("dearer")
        model.add_bool_or([*(used[i].negated() for i in sorted(routes)), both])
        cost.append(more * TIE * both)
    model.minimize(sum(cost))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_time_in_seconds = max(0.01, seconds)
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return None
    if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        raise TooLargeForProof("time", 0, 0)
    chosen = [i for i in range(len(used)) if solver.value(used[i])]
    if status == cp_model.OPTIMAL:
        # in whole numbers: the solver's own bound is a float
        return chosen, sum(solver.value(part) for part in cost) // TIE
    lowest = solver.best_objective_bound
    return chosen, math.floor((lowest - abs(lowest) * 1e-12 - 1) / TIE)


def _correct_alone(problem: Problem, pool: Pool, chosen: list[int], left_s: Callable[[], float]) -> bool:
    """Put the true cost of every chosen route with charging in place of its bound; whether that changed anything."""
    changed = False
    for i in chosen:
        column = pool.columns[i]
        if not column.charging or i in pool.exact:
            continue
        pool.exact.add(i)
        timed = timetable(problem, [column], [column.duty.vehicle], seconds=max(0.1, left_s()))
        if timed is None:
            pool.forbidden.add(frozenset([i]))
            changed = True
            continue
        cost = column.cost_mfen - column.energy_mfen + timed.energy_mfen
        if timed.bound_mfen != timed.energy_mfen:
            raise TooLargeForProof("time", 0, 0)
        changed = changed or cost != column.cost_mfen
        pool.columns[i] = replace(column, cost_mfen=cost, energy_mfen=timed.energy_mfen)
    return changed


def _together(
    problem: Problem,
    pool: Pool,
    chosen: list[int],
    weights: list[int],
    open_requests: tuple[int, ...],
    left_s: Callable[[], float],
) -> Cover | None:
    """Return the cover of the chosen routes, or learn why there is none as cheap and return None."""
    columns = [pool.columns[i] for i in chosen]
    taken = dict.fromkeys(range(len(pool.classes)), 0)
    vehicles = []
    for i in chosen:
        k = pool.class_of[i]
        vehicles.append(pool.classes[k][taken[k]])
        taken[k] += 1
    served = frozenset().union(*(c.requests for c in columns))
    left_out = sum(weights[r] for r in open_requests if r not in served)
    timed = timetable(problem, columns, vehicles, seconds=max(0.1, left_s()))
    charging = frozenset(i for i in chosen if pool.columns[i].charging)
    if timed is None:
        if not charging:
            raise AssertionError("a route without charging has no timetable")
        pool.forbidden.add(_least(problem, pool, charging, left_s))
        return None
    alone = sum(c.energy_mfen for c in columns)
    cost = sum(c.cost_mfen for c in columns) - alone + timed.energy_mfen + left_out
    if timed.bound_mfen > alone:
        pool.dearer[charging] = timed.bound_mfen - alone
    return Cover(columns=tuple(columns), vehicles=tuple(vehicles), timed=timed, cost=cost, bound=cost)


def _least(problem: Problem, pool: Pool, routes: frozenset[int], left_s: Callable[[], float]) -> frozenset[int]:
    """Leave out of a combination without a timetable what the others do not need for having none."""
    kept = sorted(routes)
    for i in sorted(routes):
        fewer = [j for j in kept if j != i]
        if not fewer:
            break
        columns = [pool.columns[j] for j in fewer]
        if timetable(problem, columns, [c.duty.vehicle for c in columns], seconds=max(0.1, left_s())) is None:
            kept = fewer
    return frozenset(kept)

"""The integer programme of the master: which of the routes that are left, in CP-SAT (docs/decisions/0014)."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from dispatch.search.pool import RoutePool
from dispatch.search.tables import G_POINTS, G_POWER, G_SITE, INF, FloatTable, IntTable, Net

MOST_INSTANTS = 40
"""How often the choice is made again because the chosen routes want a charge point at the same time."""

Stay = tuple[int, float, float]
"""Charge group, begin and end of a charge stop."""


class ChargeRows:
    """Charge points and site power over time: what each column takes at an instant, and which instants are overdrawn."""

    def __init__(self, net: Net, stays: list[list[Stay]], held: Iterable[Stay] = ()) -> None:
        self.stays, self.held = stays, list(held)
        self.points, self.site = net.group_i[:, G_POINTS], net.group_i[:, G_SITE]
        self.power, self.site_power = net.group_f[:, G_POWER], net.site_power

    def overdrawn(self, chosen: list[int]) -> list[tuple[list[tuple[int, int]], int]]:
        """Return for every group or site that the columns ``chosen`` overdraw what all columns take then, and the limit.

        One instant each: the first one.
        """
        found: list[tuple[list[tuple[int, int]], int]] = []
        seen: set[tuple[str, int]] = set()
        taken = [*self.held, *(stay for at in chosen for stay in self.stays[at])]
        for instant in sorted({begin for _, begin, _ in taken}):
            now = [g for g, begin, end in taken if begin <= instant < end]
            for g in sorted(set(now)):
                site = int(self.site[g])
                if now.count(g) > self.points[g] and ("group", g) not in seen:
                    seen.add(("group", g))
                    limit = int(self.points[g]) - sum(h == g and b <= instant < e for h, b, e in self.held)
                    found.append((self._at(instant, {g: 1}), max(0, limit)))
                weights = {h: round(self.power[h]) for h in range(len(self.site)) if self.site[h] == site}
                if sum(weights.get(h, 0) for h in now) > self.site_power[site] < INF and ("site", site) not in seen:
                    seen.add(("site", site))
                    used = sum(weights.get(h, 0) for h, b, e in self.held if b <= instant < e)
                    found.append((self._at(instant, weights), max(0, int(self.site_power[site]) - used)))
        return found

    def _at(self, instant: float, weights: dict[int, int]) -> list[tuple[int, int]]:
        found = []
        for at, stays in enumerate(self.stays):
            weight = sum(weights.get(g, 0) for g, begin, end in stays if begin <= instant < end)
            if weight:
                found.append((at, weight))
        return found


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Columns ``kept`` of the pool, their costs and families, and the rows to keep: ``limited`` (rows, pool) <= ``most``."""

    pool: RoutePool
    room: FloatTable
    kept: IntTable
    cost: FloatTable
    kind: IntTable
    penalty: FloatTable
    limited: FloatTable | None = None
    most: FloatTable | None = None
    points: ChargeRows | None = None

    def best(self, upper: float, seconds: float, deterministic: float | None) -> list[int] | None:
        """Return the entries of the pool that serve all requests most cheaply; None unless that is cheaper than ``upper``.

        Seconds, or CP-SAT's own measure of work, for all attempts together.
        """
        began = time.monotonic()
        model = cp_model.CpModel()
        pick = [model.new_bool_var("") for _ in self.kept]
        covering: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        using: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        for variable, at in zip(pick, self.kept, strict=True):
            for r in self.pool.members(int(at)):
                covering[int(r)].append(variable)
            using[int(self.kind[at])].append(variable)
        # five significant digits beyond the whole objective are enough to tell routes apart
        unit = 10.0 ** np.floor(9 - np.log10(max(1e-9, upper)))
        variables, weights = list(pick), [round(float(self.cost[at]) * unit) for at in self.kept]
        for r in range(len(self.penalty)):
            left_over = model.new_bool_var("")
            model.add_exactly_one([*covering[r], left_over])
            variables.append(left_over)
            weights.append(round(float(self.penalty[r]) * unit))
        for family, chosen in using.items():
            if len(chosen) > self.room[family]:
                model.add(sum(chosen) <= int(self.room[family]))
        if self.limited is not None and self.most is not None:
            for row, most in zip(self.limited[:, self.kept], self.most.tolist(), strict=True):
                # coefficients are whole numbers: counts, and thousandths of a share
                model.add(cp_model.LinearExpr.weighted_sum(pick, [round(x) for x in row.tolist()]) <= int(most))
        total = cp_model.LinearExpr.weighted_sum(variables, weights)
        model.add(total <= int(upper * unit) - 1)
        model.minimize(total)
        work = 0.0
        for _ in range(MOST_INSTANTS):
            solver = cp_model.CpSolver()
            if deterministic is None:
                solver.parameters.max_time_in_seconds = max(0.05, seconds - (time.monotonic() - began))
            else:
                solver.parameters.max_deterministic_time = max(0.01, deterministic - work)
            solver.parameters.num_workers = 1
            solver.parameters.linearization_level = 2
            status = solver.solve(model)
            if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
                return None
            picked = [at for at, variable in enumerate(pick) if solver.boolean_value(variable)]
            rows = [] if self.points is None else self.points.overdrawn(picked)
            work += solver.response_proto.deterministic_time
            late = work >= deterministic if deterministic is not None else time.monotonic() - began >= seconds
            if not rows or late:
                # whatever is still overdrawn is moved in time when the routes are loaded, or left out
                return [int(self.kept[at]) for at in picked]
            for taken, limit in rows:
                model.add(sum(weight * pick[at] for at, weight in taken) <= limit)
        return [int(self.kept[at]) for at in picked]

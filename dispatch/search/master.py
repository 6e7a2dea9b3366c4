"""The master problem: of all routes that the searches met, choose the cheapest set that serves every request once.

A linear relaxation over the pool is solved by partial pricing with GLOP; the columns whose reduced cost can still pay
go to CP-SAT.
Coupling: the number of vehicles of every class. Charge points are checked when the chosen routes are loaded.
"""

from __future__ import annotations

import time
from collections import defaultdict

import numpy as np
import scipy.sparse as sp
from ortools.linear_solver import pywraplp
from ortools.sat.python import cp_model

from dispatch.search.pool import RoutePool
from dispatch.search.tables import (
    O_BEST,
    R_PENALTY,
    S_END,
    S_START,
    S_VEHICLE,
    FloatTable,
    IntTable,
    Net,
    State,
)

COLUMNS = 2000
"""Columns that go into the integer programme at most."""


class Relaxation:
    """The linear relaxation over the columns that have been worth a look so far; every solution starts from the last basis."""

    def __init__(self, penalty: FloatTable, room: FloatTable) -> None:
        self.solver = pywraplp.Solver.CreateSolver("GLOP")
        self.cover = [self.solver.Constraint(1.0, 1.0) for _ in penalty]
        self.rooms = [self.solver.Constraint(-self.solver.infinity(), float(r)) for r in room]
        self.objective = self.solver.Objective()
        self.objective.SetMinimization()
        self.columns: dict[int, pywraplp.Variable] = {}
        self.unit = 1.0 / max(1.0, float(np.median(penalty, axis=0))) if len(penalty) else 1.0
        for row, price in zip(self.cover, penalty, strict=True):
            left_over = self.solver.NumVar(0.0, self.solver.infinity(), "")
            row.SetCoefficient(left_over, 1.0)
            self.objective.SetCoefficient(left_over, float(price) * self.unit)

    def reprice(self, cost: FloatTable) -> None:
        """Take over costs that have fallen since a column was added."""
        for at, variable in self.columns.items():
            self.objective.SetCoefficient(variable, float(cost[at]) * self.unit)

    def add(self, chosen: IntTable, cost: FloatTable, kind: IntTable, cover: sp.csc_matrix) -> None:
        for at in chosen.tolist():
            if at in self.columns:
                continue
            variable = self.solver.NumVar(0.0, self.solver.infinity(), "")
            self.columns[at] = variable
            self.objective.SetCoefficient(variable, float(cost[at]) * self.unit)
            for r in cover.indices[cover.indptr[at] : cover.indptr[at + 1]].tolist():
                self.cover[r].SetCoefficient(variable, 1.0)
            self.rooms[int(kind[at])].SetCoefficient(variable, 1.0)

    def solve(self, seconds: float | None) -> tuple[float, FloatTable, FloatTable] | None:
        """Return the optimum, the duals of the requests and those of the vehicles; None if there is none in time."""
        if seconds is not None:
            self.solver.SetTimeLimit(max(20, int(1000 * seconds)))
        if self.solver.Solve() != pywraplp.Solver.OPTIMAL:
            return None
        dual = np.array([row.dual_value() for row in self.cover]) / self.unit
        room = np.array([row.dual_value() for row in self.rooms]) / self.unit
        return float(self.objective.Value()) / self.unit, dual, room


class Master:
    """Collects routes over a run and solves set-partitioning problems over them."""

    def __init__(self, net: Net, heads: tuple[IntTable, IntTable]) -> None:
        self.net = net
        self.heads = heads
        self.pool = RoutePool(net)
        self.dual: FloatTable | None = None
        families: dict[tuple[int, ...], int] = {}
        self.family = np.zeros(len(net.class_from) - 1, np.int64)
        room: list[int] = []
        for c in range(len(self.family)):
            vehicles = tuple(sorted(net.slot_i[net.class_from[c] : net.class_from[c + 1], S_VEHICLE].tolist()))
            if vehicles not in families:
                families[vehicles] = len(families)
                room.append(len(set(vehicles)))
            self.family[c] = families[vehicles]
        self.room = np.array(room, np.float64)
        self.relaxation = Relaxation(net.req_f[:, R_PENALTY], self.room)

    def limit(self, vehicles: int) -> None:
        """Allow at most so many routes of every family of vehicles."""
        self.room = np.minimum(self.room, float(vehicles))
        for row in self.relaxation.rooms:
            row.SetUb(min(row.ub(), float(vehicles)))

    def solve(self, best: State, *, seconds: float, deterministic: float | None) -> tuple[IntTable, IntTable] | None:
        """Return better routes (sequences and lengths by slot) than ``best`` has, or None.

        ``deterministic`` replaces ``seconds`` by CP-SAT's own measure of work, so that runs repeat exactly.
        """
        began = time.monotonic()
        N = len(self.pool)
        if N == 0:
            return None
        upper = float(best.objective[O_BEST])
        cost = self.pool.cost
        kind: IntTable = self.family[self.pool.kind]
        cover = self.pool.cover()
        room = sp.csc_matrix((np.ones(N), (kind, np.arange(N))), shape=(len(self.room), N))
        penalty = self.net.req_f[:, R_PENALTY]
        transposed, room_t = cover.T.tocsr(), room.T.tocsr()
        if self.dual is None:
            cheap = np.argsort(cost / np.maximum(1, np.diff(cover.indptr)), kind="stable")[:1000]
            chosen = np.unique(np.concatenate([np.arange(max(0, N - 1500), N), cheap]))
        else:
            chosen = np.argsort(cost - transposed @ self.dual, kind="stable")[:500]
        self.relaxation.reprice(cost)
        lower = 0.0
        reduced = cost
        for _ in range(80):
            self.relaxation.add(chosen, cost, kind, cover)
            left = None if deterministic is not None else seconds - (time.monotonic() - began)
            solved = self.relaxation.solve(left)
            if solved is None:
                return None
            lower, self.dual, room_dual = solved
            reduced = cost - transposed @ self.dual - room_t @ room_dual
            pays = np.where(reduced < -1e-6)[0]
            if not len(pays) or (deterministic is None and time.monotonic() - began > seconds):
                break
            if len(pays) > 500:
                pays = pays[np.argsort(reduced[pays], kind="stable")[:500]]
            chosen = pays
        if lower >= upper - 1e-6:
            return None
        kept: IntTable = np.where(reduced <= upper - lower + 1e-6)[0].astype(np.int64)
        if len(kept) > COLUMNS:
            kept = kept[np.argsort(reduced[kept], kind="stable")[:COLUMNS]]
        picked = self.integer(kept, cost, kind, penalty, upper, seconds - (time.monotonic() - began), deterministic)
        return None if picked is None else self.routes(picked)

    def integer(
        self, kept: IntTable, cost: FloatTable, kind: IntTable, penalty: FloatTable, upper: float, seconds: float,
        deterministic: float | None,
    ) -> list[int] | None:  # fmt: skip
        """Choose among the columns ``kept`` with CP-SAT; None unless it is better than ``upper``."""
        model = cp_model.CpModel()
        pick = [model.new_bool_var("") for _ in kept]
        covering: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        using: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        for variable, at in zip(pick, kept, strict=True):
            for r in self.pool.members(int(at)):
                covering[int(r)].append(variable)
            using[int(kind[at])].append(variable)
        # five significant digits beyond the whole objective are enough to tell routes apart
        unit = 10.0 ** np.floor(9 - np.log10(max(1e-9, upper)))
        variables, weights = list(pick), [round(float(cost[at]) * unit) for at in kept]
        for r in range(len(penalty)):
            left_over = model.new_bool_var("")
            model.add_exactly_one([*covering[r], left_over])
            variables.append(left_over)
            weights.append(round(float(penalty[r]) * unit))
        for family, chosen in using.items():
            if len(chosen) > self.room[family]:
                model.add(sum(chosen) <= int(self.room[family]))
        total = cp_model.LinearExpr.weighted_sum(variables, weights)
        model.add(total <= int(upper * unit) - 1)
        model.minimize(total)
        solver = cp_model.CpSolver()
        if deterministic is None:
            solver.parameters.max_time_in_seconds = max(0.05, seconds)
        else:
            solver.parameters.max_deterministic_time = deterministic
        solver.parameters.num_workers = 1
        solver.parameters.linearization_level = 2
        status = solver.solve(model)
        if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
            return None
        return [int(at) for variable, at in zip(pick, kept, strict=True) if solver.boolean_value(variable)]

    def routes(self, picked: list[int]) -> tuple[IntTable, IntTable]:
        """Give the picked routes to slots of their classes."""
        net = self.net
        seq, length = self.heads[0].copy(), self.heads[1].copy()
        given: set[int] = set()
        busy: set[int] = set()
        for at in sorted(picked):
            c = int(self.pool.kind[at])
            for k in range(int(net.class_from[c]), int(net.class_from[c + 1])):
                if k not in given and int(net.slot_i[k, S_VEHICLE]) not in busy:
                    given.add(k)
                    nodes = self.pool.nodes(at)
                    length[k] = len(nodes)
                    seq[k, : len(nodes)] = nodes
                    seq[k, 0], seq[k, len(nodes) - 1] = net.slot_i[k, S_START], net.slot_i[k, S_END]
                    busy.add(int(net.slot_i[k, S_VEHICLE]))
                    break
        return seq, length

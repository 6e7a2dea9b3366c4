"""The master problem: of all routes that the searches met, choose the cheapest set that serves every request once.

A linear relaxation over the pool is solved by partial pricing with GLOP; the columns whose reduced cost can still pay
go to CP-SAT.
Coupling: the number of vehicles of every class, the rows of :mod:`dispatch.search.coupling` when they are asked for, and charge
points over time: routes carry the charge stops that they would make if they were alone, and where the chosen ones want more
points or power at an instant than there are, that instant becomes a row and the choice is made again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from ortools.linear_solver import pywraplp

from dispatch.search.choice import ChargeRows, Choice
from dispatch.search.coupling import Rows
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

Charges = Callable[[RoutePool, IntTable], ChargeRows]
"""Entries of the pool to the charge stops that each would make if it were alone."""


class Relaxation:
    """The linear relaxation over the columns that have been worth a look so far; every solution starts from the last basis."""

    def __init__(self, penalty: FloatTable, room: FloatTable, limits: FloatTable | None = None) -> None:
        self.solver = pywraplp.Solver.CreateSolver("GLOP")
        self.cover = [self.solver.Constraint(1.0, 1.0) for _ in penalty]
        self.rooms = [self.solver.Constraint(-self.solver.infinity(), float(r)) for r in room]
        most = () if limits is None else limits.tolist()
        self.limits = [self.solver.Constraint(-self.solver.infinity(), float(r)) for r in most]
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

    def add(
        self,
        chosen: IntTable,
        cost: FloatTable,
        kind: IntTable,
        cover: sp.csc_matrix,
        limited: FloatTable | None = None,
    ) -> None:
        for at in chosen.tolist():
            if at in self.columns:
                continue
            variable = self.solver.NumVar(0.0, self.solver.infinity(), "")
            self.columns[at] = variable
            self.objective.SetCoefficient(variable, float(cost[at]) * self.unit)
            for r in cover.indices[cover.indptr[at] : cover.indptr[at + 1]].tolist():
                self.cover[r].SetCoefficient(variable, 1.0)
            self.rooms[int(kind[at])].SetCoefficient(variable, 1.0)
            if limited is not None:
                for i in np.flatnonzero(limited[:, at]).tolist():
                    self.limits[i].SetCoefficient(variable, float(limited[i, at]))

    def solve(self, seconds: float | None) -> tuple[float, FloatTable, FloatTable, FloatTable] | None:
        """Return the optimum, the duals of requests, vehicles and limits; None if there is no optimum in time."""
        if seconds is not None:
            self.solver.SetTimeLimit(max(20, int(1000 * seconds)))
        if self.solver.Solve() != pywraplp.Solver.OPTIMAL:
            return None
        dual = np.array([row.dual_value() for row in self.cover]) / self.unit
        room = np.array([row.dual_value() for row in self.rooms]) / self.unit
        limits = np.array([row.dual_value() for row in self.limits]) / self.unit
        return float(self.objective.Value()) / self.unit, dual, room, limits


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
        self.closed: frozenset[int] = frozenset()

    def close(self, vehicles: set[int]) -> None:
        """Give no route to these vehicles from now on."""
        self.closed |= vehicles
        slot_vehicle = self.net.slot_i[:, S_VEHICLE]
        for c, family in enumerate(self.family.tolist()):
            mine = set(slot_vehicle[self.net.class_from[c] : self.net.class_from[c + 1]].tolist())
            self.room[family] = min(self.room[family], float(len(mine - self.closed)))
        for row, room in zip(self.relaxation.rooms, self.room.tolist(), strict=True):
            row.SetUb(room)

    def limit(self, vehicles: int) -> None:
        """Allow at most so many routes of every family of vehicles."""
        self.room = np.minimum(self.room, float(vehicles))
        for row in self.relaxation.rooms:
            row.SetUb(min(row.ub(), float(vehicles)))

    def solve(
        self,
        best: State,
        *,
        seconds: float,
        deterministic: float | None,
        rows: Rows | None = None,
        charges: Charges | None = None,
    ) -> tuple[IntTable, IntTable] | None:
        """Return better routes (sequences and lengths by slot) than ``best`` has, or None.

        ``deterministic`` replaces ``seconds`` by CP-SAT's own measure of work, so that runs repeat exactly. With ``rows`` the
        best routes that keep them are returned, however much dearer than ``best`` they are.
        """
        began = time.monotonic()
        N = len(self.pool)
        if N == 0:
            return None
        penalty = self.net.req_f[:, R_PENALTY]
        upper = float(best.objective[O_BEST]) if rows is None else 1.0 + float(penalty.sum())
        cost = self.pool.cost
        kind: IntTable = self.family[self.pool.kind]
        cover = self.pool.cover()
        room = sp.csc_matrix((np.ones(N), (kind, np.arange(N))), shape=(len(self.room), N))
        limited = None if rows is None else rows.of_columns(self.pool.kind, cover)
        relaxation = self.relaxation if rows is None else Relaxation(penalty, self.room, rows.most)
        transposed, room_t = cover.T.tocsr(), room.T.tocsr()
        if self.dual is None or rows is not None:
            cheap = np.argsort(cost / np.maximum(1, np.diff(cover.indptr)), kind="stable")[:1000]
            chosen = np.unique(np.concatenate([np.arange(max(0, N - 1500), N), cheap]))
        else:
            chosen = np.argsort(cost - transposed @ self.dual, kind="stable")[:500]
        relaxation.reprice(cost)
        lower = 0.0
        reduced = cost
        for _ in range(80):
            relaxation.add(chosen, cost, kind, cover, limited)
            left = None if deterministic is not None else seconds - (time.monotonic() - began)
            solved = relaxation.solve(left)
            if solved is None:
                return None
            lower, dual, room_dual, limit_dual = solved
            reduced = cost - transposed @ dual - room_t @ room_dual
            if limited is not None:
                reduced -= limit_dual @ limited
            else:
                self.dual = dual
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
        most = None if rows is None else rows.most
        left_s = seconds - (time.monotonic() - began)
        choice = Choice(
            pool=self.pool, room=self.room, kept=kept, cost=cost, kind=kind, penalty=penalty, limited=limited, most=most,
            points=None if charges is None else charges(self.pool, kept),
        )  # fmt: skip
        picked = choice.best(upper, left_s, deterministic)
        return None if picked is None else self.routes(picked)

    def routes(self, picked: list[int]) -> tuple[IntTable, IntTable]:
        """Give the picked routes to slots of their classes."""
        net = self.net
        seq, length = self.heads[0].copy(), self.heads[1].copy()
        given: set[int] = set()
        busy: set[int] = set(self.closed)
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

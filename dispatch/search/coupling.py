"""Limits between routes as rows of the master: what every request adds by who serves it, and every slot by being used.

Stated so that a row never depends on how a route is timed: a rental car counts as returned as soon as it can be and as gone as
late as it can be, and a vehicle of a ready reserve as out for the whole of its slot. A plan that keeps the rows keeps the
limits; the limits allow a little more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from dispatch.plan import Cause
from dispatch.problem import Problem, RequestKind
from dispatch.search.lowering import Lowered
from dispatch.search.tables import EARLY, INF, LATE, R_FIRST, R_LAST, S_COMPAT, S_VEHICLE, FloatTable, IntTable, State


@dataclass(frozen=True, kw_only=True)
class Row:
    """Sum over served requests of ``request[r, c]`` (c: compatibility row of the slot) and over used slots of ``used[class]``.

    At most ``most``; ``cause`` is what a request is told that finds no room in it.
    """

    cause: Cause
    most: float
    request: FloatTable
    used: FloatTable


class Rows:
    """All rows of a problem, and what keeps a search inside them."""

    def __init__(self, problem: Problem, lowered: Lowered) -> None:
        self.problem, self.lowered, net = problem, lowered, lowered.model.net
        self.compat_of: IntTable = net.slot_i[net.class_from[:-1], S_COMPAT].astype(np.int64)
        self.count, self.columns = len(net.req_i), max(1, net.compat.shape[1])
        self.classes = len(self.compat_of)
        self.group = np.array([key[0] for key in lowered.compat], np.int64)
        self.asking = np.array([problem.requests[r].group for r in lowered.requests], np.int64)
        self.reserved = [self._reserved(i) for i in range(len(problem.coupling.reserves))]
        self.rows = [*self._quotas(), *self._shares(), *self._reserves(), *self._rental_points()]
        self.most = np.array([row.most for row in self.rows])

    def _row(self, cause: Cause, most: float) -> Row:
        return Row(cause=cause, most=most, request=np.zeros((self.count, self.columns)), used=np.zeros(self.classes))

    def _quotas(self) -> list[Row]:
        found = []
        for quota in self.problem.coupling.quotas:
            row = self._row(Cause.QUOTA, float(quota.most_count))
            row.request[
                np.ix_(np.isin(self.asking, quota.request_groups), np.isin(self.group, quota.vehicle_groups))
            ] = 1.0
            found.append(row)
        return found

    def _shares(self) -> list[Row]:
        found = []
        masks = np.array([key[5] for key in self.lowered.compat], np.int64)
        for i, share in enumerate(self.problem.coupling.shares):
            row = self._row(Cause.TRIP_SHARE, 0.0)
            row.request[:] = share.least_of_1000 - 1000.0 * (masks >> i & 1)[None, :]
            found.append(row)
        return found

    def _reserved(self, i: int) -> dict[int, list[int]]:
        """Vehicles of reserve ``i`` that are on duty in its time, with the slots that they are on duty in."""
        reserve, slots = self.problem.coupling.reserves[i], self.lowered.model.slots
        mine: frozenset[int] = frozenset(reserve.vehicles)
        found: dict[int, list[int]] = {}
        for k, slot in enumerate(slots):
            if slot.vehicle not in mine or self.problem.vehicles[slot.vehicle].pinned:
                continue
            if slot.start.early <= reserve.end_s and slot.end.late >= reserve.begin_s:
                found.setdefault(slot.vehicle, []).append(k)
        return found

    def _reserves(self) -> list[Row]:
        found = []
        class_from = self.lowered.model.net.class_from
        for i, reserve in enumerate(self.problem.coupling.reserves):
            row = self._row(Cause.READY_RESERVE, float(max(0, len(self.reserved[i]) - reserve.ready_count)))
            for slots in self.reserved[i].values():
                row.used[np.searchsorted(class_from, slots, side="right") - 1] = 1.0
            found.append(row)
        return found

    def _rental_points(self) -> list[Row]:
        found = []
        net, problem = self.lowered.model.net, self.problem
        rentals = [
            (r, problem.requests[request].stops)
            for r, request in enumerate(self.lowered.requests)
            if problem.requests[request].kind is RequestKind.RENTAL
        ]
        gone = {r: float(net.node_f[net.req_i[r, R_FIRST], LATE]) for r, _ in rentals}
        back = {r: float(net.node_f[net.req_i[r, R_LAST], EARLY]) for r, _ in rentals}
        for point in problem.coupling.rental_points:
            standing = sum(
                v.self_drive and _stands_at(problem, i) == point.location for i, v in enumerate(problem.vehicles)
            )
            leaving = [r for r, stops in rentals if stops[0].location == point.location]
            coming = [r for r, stops in rentals if stops[-1].location == point.location]
            if point.spaces is not None:
                for at in sorted({back[r] for r in coming}):
                    row = self._row(Cause.RENTAL_POINT, float(max(0, point.spaces - standing)))
                    row.request[[r for r in coming if back[r] <= at]] += 1.0
                    row.request[[r for r in leaving if gone[r] <= at]] -= 1.0
                    found.append(row)
            if point.left_count:
                row = self._row(Cause.RENTAL_POINT, float(max(0, standing - point.left_count)))
                row.request[leaving] += 1.0
                row.request[coming] -= 1.0
                found.append(row)
        return found

    def of_columns(self, kind: IntTable, cover: sp.csc_matrix) -> FloatTable:
        """Return (rows, columns): what every route adds to every row.

        ``cover`` is requests by columns, ``kind`` the columns' classes.
        """
        found = np.zeros((len(self.rows), len(kind)))
        compat = self.compat_of[kind]
        for c in np.unique(compat).tolist():
            mine = np.flatnonzero(compat == c)
            weights = np.array([row.request[:, c] for row in self.rows])
            found[:, mine] = weights @ cover[:, mine]
        for i, row in enumerate(self.rows):
            found[i] += row.used[kind]
        return found

    def totals(self, route_of: IntTable, length: IntTable) -> FloatTable:
        """Return what a plan adds to each row: slot by request (-1: unserved), and length by slot."""
        net = self.lowered.model.net
        served = np.flatnonzero(route_of >= 0)
        compat = net.slot_i[route_of[served], S_COMPAT]
        used = np.unique(route_of[served])
        kinds = np.searchsorted(net.class_from, used[length[used] > 2], side="right") - 1
        return np.array([row.request[served, compat].sum() + row.used[kinds].sum() for row in self.rows])

    def kept(self, route_of: IntTable, length: IntTable) -> bool:
        """Whether a plan keeps all rows."""
        return bool((self.totals(route_of, length) <= self.most + 1e-6).all())

    def broken_by(self, r: int, slot: int, route_of: IntTable, length: IntTable) -> set[Cause]:
        """Return the causes of the rows that a plan would break by serving request ``r`` with ``slot`` as well."""
        more_of, longer = route_of.copy(), length.copy()
        more_of[r], longer[slot] = slot, max(3, int(length[slot]))
        over = self.totals(more_of, longer) > self.most + 1e-6
        return {row.cause for row, broken in zip(self.rows, over.tolist(), strict=True) if broken}

    def restrict(self, compat: FloatTable, states: list[State], route_of: IntTable) -> set[int]:
        """Leave a search what keeps the rows, given a plan that keeps them: what it does, and what more there is room for.

        Return the vehicles that stay idle, closed in ``states``. In ``compat`` pairs of request and compatibility row are.
        """
        net = self.lowered.model.net
        chosen = np.full(self.count, -1, np.int64)
        served = route_of >= 0
        chosen[served] = net.slot_i[route_of[served], S_COMPAT]
        busy = set(net.slot_i[route_of[served], S_VEHICLE].tolist())
        closed: set[int] = set()
        for i, reserve in enumerate(self.problem.coupling.reserves):
            idle = [v for v in self.reserved[i] if v not in busy]
            held = [v for v in idle if v in closed]
            wanted = min(reserve.ready_count, len(self.reserved[i])) - len(held)
            closed.update([v for v in reversed(idle) if v not in closed][: max(0, wanted)])
        for state in states:
            for v in closed:
                state.vehicle_use[v] += 1
        order = sorted(range(self.count), key=lambda r: (-net.req_f[r, 0], r))
        for row in self.rows:
            if not row.request.any():
                continue
            total = float(row.request[np.flatnonzero(served), chosen[served]].sum())
            for r in order:
                able = compat[r] < INF
                if not able.any():
                    continue
                now = float(row.request[r, chosen[r]]) if chosen[r] >= 0 else 0.0
                more = np.where(able, row.request[r], -INF)
                worst = float(more.max())
                if total - now + worst <= row.most + 1e-6:
                    total += max(0.0, worst - now)
                    continue
                # no room for the dearest way of serving it: only for ways that add no more than the present one
                compat[r, row.request[r] > max(now, 0.0) if chosen[r] < 0 else row.request[r] > now] = INF
        return closed


def _stands_at(problem: Problem, index: int) -> int:
    """Where a vehicle stands before what is planned: where it starts, or where what is begun ends."""
    vehicle = problem.vehicles[index]
    place = vehicle.start_location
    for pin in vehicle.pinned:
        place = pin.location if pin.request is None else problem.requests[pin.request].stops[-1].location
    return place

"""From plain lists of requests and slots to the kernels' tables: window tightening, related requests, slot classes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dispatch.search.tables import (
    BLOCK_LOAD,
    DEPOT,
    FIRST,
    INF,
    LAST,
    MIDDLE,
    NEEDS_ENERGY,
    NEEDS_HOME,
    NEEDS_HOURS,
    FloatTable,
    IntTable,
    Net,
)


@dataclass(frozen=True, kw_only=True)
class NodeRow:
    """A place in time: service begins in [early, late] and takes ``service``; ``gain`` is energy got there."""

    loc: int
    early: float
    late: float
    service: float
    gain: float = 0.0


@dataclass(frozen=True, kw_only=True)
class RequestRow:
    """Nodes in visiting order; ``block``: nobody else on board and no stop in between. ``price[c]`` per compatibility class."""

    nodes: tuple[NodeRow, ...]
    load: tuple[float, ...]
    block: bool
    penalty: float
    price: npt.NDArray[np.float64]
    ride: float = INF
    promised: int = -1
    change: float = 0.0


@dataclass(frozen=True, kw_only=True)
class SlotRow:
    """A vehicle in one working window.

    ``kind`` groups interchangeable slots: equal kinds must have equal fields but ``vehicle``. ``head`` are stops that
    belong to no open request and that the route must make in this order, with the change of load at each; who is on
    board from the start counts in ``on_board``, ``driven`` is the driving since the driver's last pause. ``yard``: where it
    ends, if there is room for so many only.
    """

    vehicle: int
    kind: Hashable
    start: NodeRow
    end: NodeRow
    gear: int
    capacity: tuple[float, ...]
    compat: int
    duration: float = INF
    fixed: float = 0.0
    self_drive: bool = False
    battery: int = -1
    max_drive: float = INF
    continuous: float = INF
    rest: float = 0.0
    needs: int = 0
    driven: float = 0.0
    on_board: tuple[float, ...] = ()
    head: tuple[tuple[NodeRow, tuple[float, ...]], ...] = ()
    yard: int = -1


@dataclass(frozen=True, kw_only=True)
class EnergyTables:
    """Batteries and charge points as :class:`~dispatch.search.tables.Net` holds them; empty by default."""

    battery_f: FloatTable = field(default_factory=lambda: np.zeros((1, 4)))
    curve: FloatTable = field(default_factory=lambda: np.full((1, 2, 2, 2), INF))
    group_i: IntTable = field(default_factory=lambda: np.zeros((0, 4), np.int64))
    group_f: FloatTable = field(default_factory=lambda: np.zeros((0, 3)))
    site_power: FloatTable = field(default_factory=lambda: np.full(1, INF))


@dataclass(frozen=True, kw_only=True)
class Model:
    """The tables and what they do not hold.

    The slots in the order that the tables have them, the stops that routes must make, and
    the points that are taken (charge group, begin, end).
    """

    net: Net
    slots: tuple[SlotRow, ...]
    first_node: tuple[int, ...]
    heads: tuple[tuple[int, ...], ...]
    held: tuple[tuple[int, float, float], ...]


def build(
    *,
    requests: Sequence[RequestRow],
    slots: Sequence[SlotRow],
    drive: FloatTable,
    price: FloatTable,
    energy: FloatTable,
    energy_tables: EnergyTables | None = None,
    tick: float = 1.0,
    window_weight: float = 0.3,
    excess: float = 0.0,
    visits: bool = False,
    held: Sequence[tuple[int, float, float]] = (),
    yard_room: Sequence[int] = (),
) -> Model:
    """Build the tables. ``drive``, ``price``, ``energy`` are (gears, L, L), the last location being "nowhere".

    ``tick`` > 0 rounds charging times up to whole units; ``window_weight`` is how much distance in time counts against
    distance in space when looking for related requests. ``yard_room[y]`` used slots may end in yard y at most.
    """
    kinds: dict[Hashable, int] = {}
    for slot in slots:
        kinds.setdefault(slot.kind, len(kinds))
    order = sorted(range(len(slots)), key=lambda k: (kinds[slots[k].kind], k))
    ordered = tuple(slots[k] for k in order)
    n, K = len(requests), len(ordered)
    dims = len(requests[0].load) if requests else len(ordered[0].capacity) if ordered else 1

    rows: list[tuple[float, float, float, float, float]] = []
    marks: list[tuple[int, int, int, int]] = []
    loads: list[tuple[float, ...]] = []
    zero = (0.0,) * dims
    first_node: list[int] = []
    req_i = np.zeros((n, 4), np.int64)
    req_f = np.zeros((n, 3))
    for r, request in enumerate(requests):
        first = len(rows)
        last = first + len(request.nodes) - 1
        first_node.append(first)
        load = (BLOCK_LOAD,) * dims if request.block else request.load
        for i, node in enumerate(request.nodes):
            v = first + i
            kind, mate, change = MIDDLE, -1, zero
            if v == first:
                kind, mate, change = FIRST, last, load
            elif v == last:
                kind, mate, change = LAST, first, tuple(-q for q in load)
            rows.append((node.early, node.late, node.service, request.ride if v == first else INF, node.gain))
            marks.append((node.loc, r, kind, mate))
            loads.append(change)
        req_i[r] = (first, last, request.block, request.promised)
        req_f[r] = (request.penalty, request.change, 0.0)
    heads: list[tuple[int, ...]] = []
    slot_i = np.zeros((K, 10), np.int64)
    slot_f = np.zeros((K, 6))
    for k, slot in enumerate(ordered):
        head = []
        for item, change in slot.head:
            head.append(len(rows))
            rows.append((item.early, item.late, item.service, INF, item.gain))
            marks.append((item.loc, -1, MIDDLE, -1))
            loads.append(change)
        heads.append(tuple(head))
        ends = []
        for node, change in ((slot.start, slot.on_board or zero), (slot.end, zero)):
            ends.append(len(rows))
            rows.append((node.early, node.late, node.service, INF, node.gain))
            marks.append((node.loc, -1, DEPOT, -1))
            loads.append(change)
        slot_i[k] = (
            *ends, slot.gear, kinds[slot.kind], slot.compat, slot.self_drive, slot.battery, slot.vehicle, slot.needs,
            slot.yard,
        )  # fmt: skip
        slot_f[k] = (slot.duration, slot.fixed, slot.max_drive, slot.continuous, slot.rest, slot.driven)
    node_f = np.array(rows, np.float64).reshape(-1, 5)
    node_i = np.array(marks, np.int64).reshape(-1, 4)
    class_from = np.searchsorted(slot_i[:, 3], np.arange(len(kinds) + 1)).astype(np.int64)
    quickest = drive.min(axis=0)
    tighten(node_f, node_i, req_i, slot_i, quickest)
    if n:
        req_f[:, 2] = quickest[node_i[req_i[:, 0], 0], node_i[req_i[:, 1], 0]]
    compat = np.array([r.price for r in requests], np.float64) if n else np.zeros((0, 1))
    energy_tables = energy_tables or EnergyTables()
    net = Net(
        node_f=node_f,
        node_i=node_i,
        load=np.vstack([np.array(loads, np.float64).reshape(-1, dims), np.zeros((8, dims))]),
        req_i=req_i,
        req_f=req_f,
        slot_i=slot_i,
        slot_f=slot_f,
        capacity=np.array([s.capacity for s in ordered], np.float64).reshape(K, dims),
        compat=compat,
        drive=np.ascontiguousarray(drive, np.float64),
        price=np.ascontiguousarray(price, np.float64),
        energy=np.ascontiguousarray(energy, np.float64),
        near=related(node_f, node_i, req_i, quickest, window_weight),
        classes=ranked_classes(node_f, node_i, req_i, slot_i, slot_f, compat, drive, price, class_from),
        yard_room=np.array([*yard_room, 0], np.int64),
        class_from=class_from,
        battery_f=energy_tables.battery_f,
        curve=energy_tables.curve,
        group_i=energy_tables.group_i,
        group_f=energy_tables.group_f,
        site_power=energy_tables.site_power,
        near_groups=nearest_groups(energy_tables.group_i, quickest),
        scalars=np.array([tick, excess, float(visits)]),
    )
    return Model(net=net, slots=ordered, first_node=tuple(first_node), heads=tuple(heads), held=tuple(held))


def tighten(node_f: FloatTable, node_i: IntTable, req_i: IntTable, slot_i: IntTable, quickest: FloatTable) -> None:
    """Narrow the windows of requests' nodes to what any route can use; never cuts off a feasible schedule.

    Sound even where the quickest drives break the triangle inequality, because only drives of a request's own stops,
    whose order is
    fixed, are used when nothing may be visited in between, and otherwise the shortest path over all locations.
    """
    if not len(req_i) or not len(slot_i):
        return
    metric = is_metric(quickest)
    starts = {(int(node_i[v, 0]), node_f[v, 0]) for v in slot_i[:, 0]}
    ends = {(int(node_i[v, 0]), node_f[v, 1]) for v in slot_i[:, 1]}
    for first, last, block, _ in req_i.tolist():
        nodes = list(range(first, last + 1))
        if metric:
            here = node_i[first, 0]
            node_f[first, 0] = max(node_f[first, 0], min(e + quickest[at, here] for at, e in starts))
            here = node_i[last, 0]
            node_f[last, 1] = min(
                node_f[last, 1], max(at_end - quickest[here, at] for at, at_end in ends) - node_f[last, 2]
            )
        for _ in range(2):
            if metric or block:
                for a, b in pairwise(nodes):
                    step = node_f[a, 2] + quickest[node_i[a, 0], node_i[b, 0]]
                    node_f[b, 0] = max(node_f[b, 0], node_f[a, 0] + step)
                for b, a in pairwise(nodes[::-1]):
                    step = node_f[a, 2] + quickest[node_i[a, 0], node_i[b, 0]]
                    node_f[a, 1] = min(node_f[a, 1], node_f[b, 1] - step)
            if node_f[first, 3] < INF:
                most = node_f[first, 2] + node_f[first, 3]
                node_f[first, 0] = max(node_f[first, 0], node_f[last, 0] - most)
                node_f[last, 1] = min(node_f[last, 1], node_f[first, 1] + most)


def is_metric(quickest: FloatTable) -> bool:
    """Whether no detour is quicker than the direct drive, tested over all triples.

    Not assumed of more than 600 locations.
    """
    size = len(quickest) - 1
    if size > 600:
        return False
    real = quickest[:size, :size]
    return all(bool((real <= real[:, [v]] + real[[v], :] + 1e-6).all()) for v in range(size))


def related(
    node_f: FloatTable, node_i: IntTable, req_i: IntTable, quickest: FloatTable, window_weight: float
) -> IntTable:
    """For every request the others, most related first: near in space at both ends, and in time."""
    n = len(req_i)
    width = min(n - 1, n - 1 if n <= 400 else 100)
    if width < 1:
        return np.full((n, 1), -1, np.int64)
    p, d = node_i[req_i[:, 0], 0], node_i[req_i[:, 1], 0]
    middle = np.array(
        [
            (node_f[a : b + 1, 0].clip(-1e9, 1e9) + node_f[a : b + 1, 1].clip(-1e9, 1e9)).mean() / 2
            for a, b in req_i[:, :2]
        ]
    )
    out = np.empty((n, width), np.int64)
    for at in range(0, n, 512):
        rows = slice(at, min(n, at + 512))
        ends = quickest[np.ix_(p[rows], p)] + quickest[np.ix_(d[rows], d)]
        chain = 2.0 * np.minimum(quickest[np.ix_(d[rows], p)], quickest[np.ix_(d, p[rows])].T)
        score = np.minimum(ends, chain) + window_weight * np.abs(middle[rows, None] - middle[None, :])
        score[np.arange(score.shape[0]), np.arange(rows.start, rows.stop)] = 4 * INF
        out[rows] = np.argsort(score, axis=1, kind="stable")[:, :width]
    return out


def ranked_classes(
    node_f: FloatTable, node_i: IntTable, req_i: IntTable, slot_i: IntTable, slot_f: FloatTable, compat: FloatTable,
    drive: FloatTable, price: FloatTable, class_from: IntTable,
) -> IntTable:  # fmt: skip
    """For every request the slot classes by the cost of serving it alone, cheapest first, infeasible ones left out."""
    n, classes = len(req_i), len(class_from) - 1
    width = max(1, min(classes, 40))
    out = np.full((n, width), -1, np.int64)
    if not n or not classes:
        return out
    head = class_from[:-1]
    starts, ends = slot_i[head, 0], slot_i[head, 1]
    gear, rows = slot_i[head, 2], slot_i[head, 4]
    s_loc, e_loc = node_i[starts, 0], node_i[ends, 0]
    for r, (first, last) in enumerate(req_i[:, :2].tolist()):
        pl, dl = node_i[first, 0], node_i[last, 0]
        arrive = np.maximum(node_f[starts, 0] + drive[gear, s_loc, pl], node_f[first, 0])
        done = np.maximum(arrive + node_f[first, 2] + drive[gear, pl, dl], node_f[last, 0]) + node_f[last, 2]
        cost = price[gear, s_loc, pl] + price[gear, pl, dl] + price[gear, dl, e_loc] + slot_f[head, 1] + compat[r, rows]
        cost[(arrive > node_f[first, 1]) | (done + drive[gear, dl, e_loc] > node_f[ends, 1])] = INF
        best = np.argsort(cost, kind="stable")[:width]
        best = best[cost[best] < INF]
        out[r, : len(best)] = best
    return out


def nearest_groups(group_i: IntTable, quickest: FloatTable) -> IntTable:
    """For every location up to six charge groups by drive there and back."""
    if not len(group_i):
        return np.full((len(quickest), 1), -1, np.int64)
    way = quickest[:, group_i[:, 0]] + quickest[group_i[:, 0], :].T
    return np.argsort(way, axis=1, kind="stable")[:, : min(6, len(group_i))].astype(np.int64)


def slot_needs(slot_battery: int, continuous: float, max_drive: float, *, out: bool = False) -> int:
    """Bits of :data:`~dispatch.search.tables.S_NEEDS`; ``out``: the vehicle is on the road and must come home in any case."""
    hours = continuous < INF or max_drive < INF
    return (NEEDS_ENERGY if slot_battery >= 0 else 0) | (NEEDS_HOURS if hours else 0) | (NEEDS_HOME if out else 0)

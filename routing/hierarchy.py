"""Customizable contraction hierarchy: shortest paths on graphs of millions of nodes, with every cost of the way.

Dibbelt, Strasser and Wagner, *Customizable Contraction Hierarchies*, ACM JEA 21 (2016). The node order comes from RoutingKit's
inertial flow (package ``routingkit-cch``). Contraction, customization and queries are here, because a leg needs the metres,
watt-hours and tolls of its fastest way besides the time, and the package answers with times alone.

Three stages, each used again for the next: the order and the contraction depend on the graph, the customization on the weights
of its edges (another profile, a closed road), a query on its ends.

Nodes are named by their rank in the order. ``first`` and ``head`` hold a chordal graph: every arc leads from a lower to a
higher rank and stands for both directions; ``parent``, the lowest of a node's upper neighbours, spans the elimination tree, and
all upper neighbours of a node are its ancestors there.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from routingkit_cch import compute_order_degree, compute_order_inertial

from routing.compiled import compiled
from routing.graph import RoadGraph
from routing.shortest import CLOSED, NodeMatrix

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]

_INFINITE: Final = np.int64(2**60)


@dataclass(frozen=True, kw_only=True, eq=False)
class Contraction:
    """The part that depends on the graph alone.

    ``rank`` (n,) of each node; ``first`` (n + 1,) and ``head`` (a,) the upward arcs by rank, heads ascending; ``parent`` (n,)
    with -1 at roots; ``arc`` (m,) the arc of each edge, -1 for loops, and ``upward`` (m,) whether the edge leads up.
    """

    rank: Ints
    first: Longs
    head: Ints
    parent: Ints
    arc: Longs
    upward: npt.NDArray[np.bool_]


def contraction_order(graph: RoadGraph) -> Ints:
    """A node order with small separators last: inertial flow (Schild and Sommer, 2015), or by degree where nodes coincide."""
    links = graph.edge_from != graph.edge_to
    tail, head = graph.edge_from[links].tolist(), graph.edge_to[links].tolist()
    n = graph.node_count
    if n < 3 or not tail:
        return np.arange(n, dtype=np.int32)
    flat = np.ptp(graph.node_lat_wgs84) == 0 and np.ptp(graph.node_lon_wgs84) == 0
    if flat:
        return np.array(compute_order_degree(n, tail, head), dtype=np.int32)
    lat, lon = graph.node_lat_wgs84.tolist(), graph.node_lon_wgs84.tolist()
    return np.array(compute_order_inertial(n, tail, head, lat, lon), dtype=np.int32)


def contract(graph: RoadGraph, order: Ints) -> Contraction:
    """Build the hierarchy of a graph for an order of its nodes (lowest rank first)."""
    n = graph.node_count
    if len(order) != n or not np.array_equal(np.sort(order), np.arange(n)):
        raise ValueError(f"the order has to name each of {n} nodes once")
    rank = np.empty(n, dtype=np.int32)
    rank[order] = np.arange(n, dtype=np.int32)
    a, b = rank[graph.edge_from].astype(np.int64), rank[graph.edge_to].astype(np.int64)
    low, high = np.minimum(a, b), np.maximum(a, b)
    links = np.unique((low * n + high)[low != high])
    own_head = (links % n).astype(np.int32)
    own_first = np.searchsorted(links // n, np.arange(n + 1)).astype(np.int64)
    first, head, parent = _contract(own_first, own_head)
    arc = _find_arcs(first, head, low, high)
    return Contraction(rank=rank, first=first, head=head, parent=parent, arc=arc, upward=a < b)


class Hierarchy:
    """A customized hierarchy: answers for one set of edge weights. Queries may run in several threads."""

    def __init__(
        self, graph: RoadGraph, contraction: Contraction, time_ms: Longs, cost: Floats, *, workers: int = 2
    ) -> None:
        self._contraction = contraction
        self._workers = workers
        self._cost_kinds = cost.shape[1]
        drivable = np.flatnonzero((time_ms != CLOSED) & (contraction.arc >= 0))
        tables = _customize(
            contraction.first,
            contraction.head,
            contraction.arc,
            contraction.upward,
            drivable,
            time_ms,
        )
        self._weight, self._low, self._high = tables
        self._sums, self._weakest = _sum_up(
            self._weight, self._low, self._high, np.ascontiguousarray(cost, dtype=np.float64), graph.confidence
        )

    def node_matrix(self, sources: Ints, targets: Ints, cost: Floats) -> NodeMatrix:
        """As :class:`routing.shortest.ShortestPaths` has it; ``cost`` is the one that the hierarchy was made with."""
        if cost.shape[1] != self._cost_kinds:
            raise ValueError(f"customized for {self._cost_kinds} costs, asked for {cost.shape[1]}")
        here = self._contraction
        shape = (len(sources), len(targets))
        time_ms = np.full(shape, np.inf)
        totals = np.zeros((*shape, self._cost_kinds))
        confidence = np.zeros(shape, dtype=np.uint8)
        starts, ends = here.rank[sources].astype(np.int64), here.rank[targets].astype(np.int64)
        arcs = (here.first, here.head, here.parent, self._weight, self._sums, self._weakest)
        offset, node, reached, sums, worsts = _climb_all(ends, 1, *arcs)

        def work(rows: slice) -> None:
            out = (time_ms[rows], totals[rows], confidence[rows])
            _meet(starts[rows], *arcs, offset, node, reached, sums, worsts, *out)

        parts = max(1, min(self._workers, len(sources) // 16))
        bounds = np.linspace(0, len(sources), parts + 1).astype(int)
        slices = [slice(int(a), int(b)) for a, b in pairwise(bounds)]
        if len(slices) == 1:
            work(slices[0])
        else:
            with ThreadPoolExecutor(len(slices)) as pool:
                list(pool.map(work, slices))
        return NodeMatrix(time_ms=time_ms, totals=totals, confidence=confidence)

    def path(self, source: int, target: int) -> list[int] | None:
        """Edges of the fastest way in order, None when there is none."""
        here = self._contraction
        arcs = _path(int(here.rank[source]), int(here.rank[target]), here.first, here.head, here.parent, self._weight)
        if arcs is None:
            return None
        edges: list[int] = []
        stack = [(int(arc), int(side)) for arc, side in arcs[::-1]]
        while stack:
            arc, side = stack.pop()
            low, high = int(self._low[side, arc]), int(self._high[side, arc])
            if high < 0:
                edges.append(low)
            else:
                # Over a lower node: down to it along one arc, up from it along the other.
                stack.append((high, 0))
                stack.append((low, 1))
        return edges


# ---- compiled; side 0 leads up, side 1 leads down. Arrays over arcs are (2, a).


@compiled
def _contract(own_first: Any, own_head: Any) -> Any:  # pragma: no cover - compiled
    n = len(own_first) - 1
    first = np.zeros(n + 1, dtype=np.int64)
    head = np.empty(max(16, 2 * len(own_head)), dtype=np.int32)
    parent = np.full(n, -1, dtype=np.int32)
    child = np.full(n, -1, dtype=np.int32)
    sibling = np.full(n, -1, dtype=np.int32)
    seen = np.full(n, -1, dtype=np.int32)
    used = 0
    for v in range(n):
        begin = used
        for i in range(own_first[v], own_first[v + 1]):
            x = own_head[i]
            seen[x] = v
            if used == len(head):
                bigger = np.empty(2 * len(head), dtype=np.int32)
                bigger[:used] = head
                head = bigger
            head[used] = x
            used += 1
        c = child[v]
        while c >= 0:
            for i in range(first[c] + 1, first[c + 1]):
                x = head[i]
                if seen[x] != v:
                    seen[x] = v
                    if used == len(head):
                        bigger = np.empty(2 * len(head), dtype=np.int32)
                        bigger[:used] = head
                        head = bigger
                    head[used] = x
                    used += 1
            c = sibling[c]
        head[begin:used].sort()
        first[v + 1] = used
        if used > begin:
            up = head[begin]
            parent[v] = up
            sibling[v] = child[up]
            child[up] = v
    return first, head[:used].copy(), parent


@compiled
def _find(first: Any, head: Any, low: int, high: int) -> Any:  # pragma: no cover - compiled
    a, b = first[low], first[low + 1]
    while a < b:
        middle = (a + b) // 2
        if head[middle] < high:
            a = middle + 1
        else:
            b = middle
    return a


@compiled
def _find_arcs(first: Any, head: Any, low: Any, high: Any) -> Any:  # pragma: no cover - compiled
    arc = np.full(len(low), -1, dtype=np.int64)
    for edge in range(len(low)):
        if low[edge] != high[edge]:
            arc[edge] = _find(first, head, low[edge], high[edge])
    return arc


@compiled
def _customize(
    first: Any, head: Any, arc: Any, upward: Any, drivable: Any, time_ms: Any
) -> Any:  # pragma: no cover - compiled
    n, m = len(first) - 1, len(head)
    weight = np.full((2, m), _INFINITE, dtype=np.int64)
    # Of a direct edge `low` is the edge and `high` is -1; else the two lower arcs that the way is made of.
    low = np.full((2, m), -1, dtype=np.int32)
    high = np.full((2, m), -1, dtype=np.int32)
    for edge in drivable:
        a = arc[edge]
        side = 0 if upward[edge] else 1
        if time_ms[edge] < weight[side, a]:
            weight[side, a] = time_ms[edge]
            low[side, a] = edge
    for v in range(n):
        end = first[v + 1]
        for i in range(first[v], end):
            x = head[i]
            p = first[x]
            for j in range(i + 1, end):
                y = head[j]
                while head[p] < y:
                    p += 1
                over = weight[1, i] + weight[0, j]
                if over < weight[0, p]:
                    weight[0, p] = over
                    low[0, p] = i
                    high[0, p] = j
                over = weight[1, j] + weight[0, i]
                if over < weight[1, p]:
                    weight[1, p] = over
                    low[1, p] = j
                    high[1, p] = i
    return weight, low, high


@compiled
def _sum_up(weight: Any, low: Any, high: Any, cost: Any, confidence: Any) -> Any:  # pragma: no cover - compiled
    m, kinds = weight.shape[1], cost.shape[1]
    sums = np.zeros((2, m, kinds))
    weakest = np.zeros((2, m), dtype=np.uint8)
    # The two arcs below begin at a lower rank, hence stand earlier and are complete.
    for a in range(m):
        for side in range(2):
            if weight[side, a] >= _INFINITE:
                continue
            i, j = low[side, a], high[side, a]
            if j < 0:
                for k in range(kinds):
                    sums[side, a, k] = cost[i, k]
                weakest[side, a] = confidence[i]
            else:
                for k in range(kinds):
                    sums[side, a, k] = sums[1, i, k] + sums[0, j, k]
                weakest[side, a] = max(weakest[1, i], weakest[0, j])
    return sums, weakest


@compiled
def _climb(
    start: int, side: int, first: Any, head: Any, parent: Any, weight: Any, reach: Any, through: Any, trail: Any
) -> Any:  # pragma: no cover - compiled
    """Times from (side 0) or to (side 1) `start` along its ancestors; returns how many there are, `trail` lists them."""
    count = 0
    v = start
    while v >= 0:
        reach[v] = _INFINITE
        through[v] = -1
        trail[count] = v
        count += 1
        v = parent[v]
    reach[start] = 0
    for step in range(count):
        v = trail[step]
        if reach[v] >= _INFINITE:
            continue
        for a in range(first[v], first[v + 1]):
            over = reach[v] + weight[side, a]
            if over < reach[head[a]]:
                reach[head[a]] = over
                through[head[a]] = a
    return count


@compiled
def _tail_of(first: Any, arc: int) -> Any:  # pragma: no cover - compiled
    return np.searchsorted(first, arc, side="right") - 1


@compiled
def _add_along(
    trail: Any, count: int, side: int, first: Any, through: Any, sums: Any, weakest: Any, total: Any, worst: Any
) -> None:  # pragma: no cover - compiled
    kinds = sums.shape[2]
    for step in range(count):
        v = trail[step]
        a = through[v]
        if a < 0:
            total[v, :] = 0.0
            worst[v] = 0
        else:
            before = _tail_of(first, a)
            for k in range(kinds):
                total[v, k] = total[before, k] + sums[side, a, k]
            worst[v] = max(worst[before], weakest[side, a])


@compiled
def _climb_all(
    starts: Any, side: int, first: Any, head: Any, parent: Any, weight: Any, sums: Any, weakest: Any
) -> Any:  # pragma: no cover - compiled
    """The search space of every start, one after the other: (offset, node, reach, total, worst)."""
    n, kinds = len(parent), sums.shape[2]
    reach = np.empty(n, dtype=np.int64)
    through = np.empty(n, dtype=np.int64)
    trail = np.empty(n, dtype=np.int32)
    total = np.empty((n, kinds))
    worst = np.empty(n, dtype=np.uint8)
    offset = np.zeros(len(starts) + 1, dtype=np.int64)
    for number in range(len(starts)):
        v = starts[number]
        count = 0
        while v >= 0:
            count += 1
            v = parent[v]
        offset[number + 1] = offset[number] + count
    size = offset[-1]
    node = np.empty(size, dtype=np.int32)
    reached = np.empty(size, dtype=np.int64)
    totals = np.empty((size, kinds))
    worsts = np.empty(size, dtype=np.uint8)
    used = 0
    for number in range(len(starts)):
        count = _climb(starts[number], side, first, head, parent, weight, reach, through, trail)
        _add_along(trail, count, side, first, through, sums, weakest, total, worst)
        offset[number] = used
        for step in range(count):
            v = trail[step]
            if reach[v] < _INFINITE:
                node[used] = v
                reached[used] = reach[v]
                totals[used] = total[v]
                worsts[used] = worst[v]
                used += 1
    offset[len(starts)] = used
    return offset, node, reached, totals, worsts


@compiled
def _meet(
    starts: Any,
    first: Any,
    head: Any,
    parent: Any,
    weight: Any,
    sums: Any,
    weakest: Any,
    offset: Any,
    node: Any,
    reached: Any,
    totals: Any,
    worsts: Any,
    out_ms: Any,
    out_totals: Any,
    out_worst: Any,
) -> None:  # pragma: no cover - compiled
    n, kinds = len(parent), sums.shape[2]
    reach = np.full(n, _INFINITE, dtype=np.int64)
    through = np.empty(n, dtype=np.int64)
    trail = np.empty(n, dtype=np.int32)
    total = np.empty((n, kinds))
    worst = np.empty(n, dtype=np.uint8)
    for row in range(len(starts)):
        count = _climb(starts[row], 0, first, head, parent, weight, reach, through, trail)
        _add_along(trail, count, 0, first, through, sums, weakest, total, worst)
        for column in range(len(offset) - 1):
            best, at = _INFINITE, -1
            for entry in range(offset[column], offset[column + 1]):
                over = reach[node[entry]] + reached[entry]
                if over < best:
                    best = over
                    at = entry
            if at >= 0:
                v = node[at]
                out_ms[row, column] = best
                for k in range(kinds):
                    out_totals[row, column, k] = total[v, k] + totals[at, k]
                out_worst[row, column] = max(worst[v], worsts[at])
        for step in range(count):
            reach[trail[step]] = _INFINITE


@compiled
def _path(
    source: int, target: int, first: Any, head: Any, parent: Any, weight: Any
) -> Any:  # pragma: no cover - compiled
    n = len(parent)
    ahead = np.full(n, _INFINITE, dtype=np.int64)
    behind = np.full(n, _INFINITE, dtype=np.int64)
    through_ahead = np.empty(n, dtype=np.int64)
    through_behind = np.empty(n, dtype=np.int64)
    trail = np.empty(n, dtype=np.int32)
    _climb(target, 1, first, head, parent, weight, behind, through_behind, trail)
    count = _climb(source, 0, first, head, parent, weight, ahead, through_ahead, trail)
    best, meeting = _INFINITE, -1
    for step in range(count):
        v = trail[step]
        if ahead[v] + behind[v] < best:
            best = ahead[v] + behind[v]
            meeting = v
    if meeting < 0:
        return None
    steps = 0
    v = meeting
    while v != source:
        v = _tail_of(first, through_ahead[v])
        steps += 1
    rising = steps
    v = meeting
    while v != target:
        v = _tail_of(first, through_behind[v])
        steps += 1
    arcs = np.empty((steps, 2), dtype=np.int64)
    v, at = meeting, rising
    while v != source:
        at -= 1
        arcs[at, 0] = through_ahead[v]
        arcs[at, 1] = 0
        v = _tail_of(first, through_ahead[v])
    v, at = meeting, rising
    while v != target:
        arcs[at, 0] = through_behind[v]
        arcs[at, 1] = 1
        v = _tail_of(first, through_behind[v])
        at += 1
    return arcs

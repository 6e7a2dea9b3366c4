"""Shortest paths over edge weights: the port, and its implementation for graphs of some ten thousand nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

from routing.accumulate import accumulate_tree
from routing.graph import RoadGraph

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Millis = npt.NDArray[np.int64]

CLOSED = -1
"""Weight of an edge that may not be driven."""

_CELLS_PER_BATCH = 8_000_000
"""Sources are searched in batches whose tables stay below this many cells (about 100 MB)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NodeMatrix:
    """``time_ms`` (s, t) float64, inf where unreachable; ``totals`` (s, t, c) float64; ``confidence`` (s, t) uint8."""

    time_ms: Floats
    totals: Floats
    confidence: npt.NDArray[np.uint8]


class ShortestPaths(Protocol):
    """Fastest ways over one graph with one weight per edge."""

    def node_matrix(self, sources: Ints, targets: Ints, cost: Floats) -> NodeMatrix:
        """Fastest ways from every source to every target; ``cost`` (m, c) is added up along them."""

    def path(self, source: int, target: int) -> list[int] | None:
        """Edges of the fastest way in order, None when there is none."""


class PlainSearch:
    """Dijkstra's algorithm (scipy) from each source.

    Of parallel edges the fastest counts, of equally fast ones the first.
    """

    def __init__(self, graph: RoadGraph, time_ms: Millis) -> None:
        self._nodes = graph.node_count
        self._confidence = graph.confidence
        drivable = np.flatnonzero((time_ms != CLOSED) & (graph.edge_from != graph.edge_to))
        order = drivable[np.lexsort((drivable, time_ms[drivable], graph.edge_to[drivable], graph.edge_from[drivable]))]
        pair = graph.edge_from[order].astype(np.int64) * self._nodes + graph.edge_to[order]
        first = np.ones(len(order), dtype=bool)
        first[1:] = pair[1:] != pair[:-1]
        self._edge = order[first].astype(np.int32)
        rows = graph.edge_from[self._edge]
        self._indptr = np.searchsorted(rows, np.arange(self._nodes + 1)).astype(np.int32)
        self._indices = np.ascontiguousarray(graph.edge_to[self._edge], dtype=np.int32)
        weights = time_ms[self._edge].astype(np.float64)
        self._matrix = sparse.csr_matrix((weights, self._indices, self._indptr), shape=(self._nodes, self._nodes))

    def node_matrix(self, sources: Ints, targets: Ints, cost: Floats) -> NodeMatrix:
        shape = (len(sources), len(targets))
        time_ms = np.full(shape, np.inf)
        totals = np.zeros((*shape, cost.shape[1]))
        confidence = np.zeros(shape, dtype=np.uint8)
        batch = max(1, _CELLS_PER_BATCH // self._nodes)
        for start in range(0, len(sources), batch):
            rows = slice(start, min(len(sources), start + batch))
            reached, before = csgraph.dijkstra(self._matrix, indices=sources[rows], return_predecessors=True)
            time_ms[rows] = reached[:, targets]
            totals[rows], confidence[rows] = accumulate_tree(
                before=before,
                sources=sources[rows],
                targets=targets,
                indptr=self._indptr,
                indices=self._indices,
                edge=self._edge,
                cost=cost,
                confidence=self._confidence,
            )
        return NodeMatrix(time_ms=time_ms, totals=totals, confidence=confidence)

    def path(self, source: int, target: int) -> list[int] | None:
        if source == target:
            return []
        tables = csgraph.dijkstra(self._matrix, indices=np.array([source]), return_predecessors=True)
        reached, before = tables[0][0], tables[1][0]
        if not np.isfinite(reached[target]):
            return None
        edges: list[int] = []
        node = target
        while node != source:
            tail = int(before[node])
            row = slice(int(self._indptr[tail]), int(self._indptr[tail + 1]))
            edges.append(int(self._edge[row][np.searchsorted(self._indices[row], node)]))
            node = tail
        return edges[::-1]

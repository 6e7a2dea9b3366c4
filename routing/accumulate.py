"""Sums along the ways of a shortest-path tree; compiled, because every way has to be walked."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from routing.compiled import compiled


@compiled
def _find_edge(start: int, stop: int, indices: Any, wanted: int) -> int:  # pragma: no cover - compiled
    low, high = start, stop
    while low < high:
        middle = (low + high) // 2
        if indices[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _accumulate(
    before: Any,
    sources: Any,
    targets: Any,
    indptr: Any,
    indices: Any,
    edge: Any,
    cost: Any,
    confidence: Any,
    out: Any,
    weakest: Any,
) -> None:  # pragma: no cover - compiled
    rows, nodes = before.shape
    kinds = cost.shape[1]
    seen = np.full(nodes, -1, dtype=np.int64)
    total = np.zeros((nodes, kinds))
    worst = np.zeros(nodes, dtype=np.uint8)
    trail = np.empty(nodes, dtype=np.int64)
    for row in range(rows):
        source = sources[row]
        seen[source] = row
        total[source, :] = 0.0
        worst[source] = 0
        for column in range(len(targets)):
            node = targets[column]
            if node != source and before[row, node] < 0:
                continue
            depth = 0
            while seen[node] != row:
                trail[depth] = node
                depth += 1
                node = before[row, node]
            while depth > 0:
                depth -= 1
                head = trail[depth]
                tail = before[row, head]
                taken = edge[_find_edge(indptr[tail], indptr[tail + 1], indices, head)]
                for kind in range(kinds):
                    total[head, kind] = total[tail, kind] + cost[taken, kind]
                worst[head] = max(worst[tail], confidence[taken])
                seen[head] = row
            node = targets[column]
            out[row, column, :] = total[node, :]
            weakest[row, column] = worst[node]


def accumulate_tree(
    *,
    before: npt.NDArray[np.int32],
    sources: npt.NDArray[np.int32],
    targets: npt.NDArray[np.int32],
    indptr: npt.NDArray[np.int32],
    indices: npt.NDArray[np.int32],
    edge: npt.NDArray[np.int32],
    cost: npt.NDArray[np.float64],
    confidence: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint8]]:
    """Add up what edges cost along each tree path.

    Parameters
    ----------
    before
        (s, n) predecessors from ``scipy.sparse.csgraph.dijkstra``, one row a source; negative: none.
    sources, targets
        (s,) and (t,) nodes.
    indptr, indices, edge
        The searched graph in compressed rows, columns ascending; ``edge`` says which edge each entry stands for.
    cost, confidence
        (m, c) and (m,) per edge.

    Returns
    -------
    (s, t, c) sums and (s, t) greatest confidence value; zero where a target is not reached.
    """
    out = np.zeros((len(sources), len(targets), cost.shape[1]))
    weakest = np.zeros((len(sources), len(targets)), dtype=np.uint8)
    _accumulate(before, sources, targets, indptr, indices, edge, cost, confidence, out, weakest)
    return out, weakest

from __future__ import annotations

import heapq

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.turns import ARRIVAL, expand

Case = tuple[int, list[tuple[int, int, int]], list[tuple[int, ...]]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n = draw(st.integers(2, 6))
    edges = draw(
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.integers(1, 9)), min_size=1, max_size=16)
    )
    bans: list[tuple[int, ...]] = []
    for _ in range(draw(st.integers(0, 10))):
        ban = [draw(st.integers(0, len(edges) - 1))]
        for _ in range(draw(st.integers(1, 3))):
            following = [number for number, edge in enumerate(edges) if edge[0] == edges[ban[-1]][1]]
            if not following:
                break
            ban.append(draw(st.sampled_from(following)))
        if len(ban) > 1:
            bans.append(tuple(ban))
    return n, edges, bans


def by_memory(n: int, edges: list[tuple[int, int, int]], bans: list[tuple[int, ...]], source: int) -> dict[int, int]:
    """Least cost to every node by a search that remembers the last edges."""
    longest = max((len(ban) for ban in bans), default=2)
    best: dict[int, int] = {source: 0}
    done: set[tuple[int, tuple[int, ...]]] = set()
    queue: list[tuple[int, int, tuple[int, ...]]] = [(0, source, ())]
    while queue:
        cost, node, driven = heapq.heappop(queue)
        if (node, driven) in done:
            continue
        done.add((node, driven))
        best.setdefault(node, cost)
        for number, (tail, head, weight) in enumerate(edges):
            if tail != node:
                continue
            now = (*driven, number)
            if any(now[start:] in bans for start in range(len(now))):
                continue
            heapq.heappush(queue, (cost + weight, head, now[-(longest - 1) :]))
    return best


@given(cases())
def test_shortest_permitted_ways_equal_those_of_a_search_with_a_memory(case: Case):
    n, edges, bans = case
    tails, heads = (np.array([edge[side] for edge in edges], dtype=np.int32) for side in (0, 1))
    result = expand(n, tails, heads, bans)
    expanded = nx.MultiDiGraph()
    expanded.add_nodes_from(range(len(result.base_node)))
    for tail, head, origin in zip(
        result.edge_from.tolist(), result.edge_to.tolist(), result.origin.tolist(), strict=True
    ):
        expanded.add_edge(tail, head, w=0 if origin == ARRIVAL else edges[origin][2])
    for source in range(n):
        there = nx.single_source_dijkstra_path_length(expanded, source, weight="w")
        expected = by_memory(n, edges, bans, source)
        for target in range(n):
            assert there.get(int(result.arrival_node[target])) == expected.get(target)


def test_without_bans_nothing_changes():
    tail, head = np.array([0, 1], dtype=np.int32), np.array([1, 0], dtype=np.int32)
    result = expand(2, tail, head, [])
    assert result.edge_from.tolist() == [0, 1]
    assert result.base_node.tolist() == [0, 1]
    assert result.arrival_node.tolist() == [0, 1]


@pytest.mark.parametrize("ban", [(0, 1), (0,)])
def test_a_ban_that_is_no_sequence_is_refused(ban: tuple[int, ...]):
    tail, head = np.array([0, 2], dtype=np.int32), np.array([1, 3], dtype=np.int32)
    with pytest.raises(ValueError, match="no sequence"):
        expand(4, tail, head, [ban])

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.turns import ARRIVAL, Ban, expand

Case = tuple[int, list[tuple[int, int, int]], list[Ban]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n = draw(st.integers(2, 7))
    edges = draw(
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.integers(1, 9)), min_size=1, max_size=20)
    )
    turns = [
        Ban(from_edge=a, to_edge=b)
        for a, (_, via, _) in enumerate(edges)
        for b, (tail, _, _) in enumerate(edges)
        if tail == via
    ]
    return n, edges, draw(st.lists(st.sampled_from(turns), max_size=12)) if turns else []


@given(cases())
def test_shortest_permitted_ways_equal_those_of_the_edge_graph(case: Case):
    n, edges, bans = case
    result = expand(
        n,
        np.array([edge[0] for edge in edges], dtype=np.int32),
        np.array([edge[1] for edge in edges], dtype=np.int32),
        bans,
    )
    expanded = nx.MultiDiGraph()
    expanded.add_nodes_from(range(len(result.base_node)))
    for tail, head, origin in zip(
        result.edge_from.tolist(), result.edge_to.tolist(), result.origin.tolist(), strict=True
    ):
        expanded.add_edge(tail, head, w=0 if origin == ARRIVAL else edges[origin][2])

    forbidden = {(ban.from_edge, ban.to_edge) for ban in bans}
    by_edge = nx.DiGraph()
    for a, (_, via, _) in enumerate(edges):
        for b, (tail, _, cost) in enumerate(edges):
            if tail == via and (a, b) not in forbidden:
                by_edge.add_edge(("e", a), ("e", b), w=cost)
    for node in range(n):
        by_edge.add_node(("from", node))
        by_edge.add_node(("to", node))
    for number, (tail, head, cost) in enumerate(edges):
        by_edge.add_edge(("from", tail), ("e", number), w=cost)
        by_edge.add_edge(("e", number), ("to", head), w=0)
    for source in range(n):
        there = nx.single_source_dijkstra_path_length(expanded, source, weight="w")
        expected = nx.single_source_dijkstra_path_length(by_edge, ("from", source), weight="w")
        for target in range(n):
            due = 0 if target == source else expected.get(("to", target))
            assert there.get(int(result.arrival_node[target])) == due


def test_without_bans_nothing_changes():
    tail, head = np.array([0, 1], dtype=np.int32), np.array([1, 0], dtype=np.int32)
    result = expand(2, tail, head, [])
    assert result.edge_from.tolist() == [0, 1]
    assert result.base_node.tolist() == [0, 1]
    assert result.arrival_node.tolist() == [0, 1]


def test_a_ban_of_edges_that_do_not_meet_is_refused():
    tail, head = np.array([0, 2], dtype=np.int32), np.array([1, 3], dtype=np.int32)
    with pytest.raises(ValueError, match="does not follow"):
        expand(4, tail, head, [Ban(from_edge=0, to_edge=1)])

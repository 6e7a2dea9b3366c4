from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from routing.builtin import load_builtin
from routing.builtin.load import read_table
from routing.graph import Confidence
from routing.network import list_components, summarise, to_networkx


def test_every_row_is_loaded():
    graph = load_builtin()
    assert graph.node_count == 690
    assert graph.edge_count == 2 * 1516
    counts = np.bincount(graph.confidence, minlength=3)
    assert counts[Confidence.SOURCED] == 2 * 493
    assert counts[Confidence.INFERRED] == 2 * (631 + 282 + 5)
    assert counts[Confidence.UNVERIFIED] == 2 * (48 + 57)


def test_links_are_two_way_with_the_same_length_and_opposite_climb():
    graph = load_builtin()
    half = graph.edge_count // 2
    assert (graph.edge_from[:half] == graph.edge_to[half:]).all()
    assert (graph.length_m[:half] == graph.length_m[half:]).all()
    assert np.allclose(graph.climb_m[:half], -graph.climb_m[half:])


def test_one_component_connects_every_seat():
    graph = load_builtin()
    assert [len(component) for component in list_components(graph)] == [690]


def test_known_heights_are_kept_and_the_others_lie_between():
    graph = load_builtin()
    assert graph.node_elevation_m is not None
    known = {row["adcode"]: float(row["elevation_m"]) for row in read_table("places.csv") if row["elevation_m"]}
    measured = [known[id] for id in graph.node_ids if id in known]
    for id, height in zip(graph.node_ids, graph.node_elevation_m, strict=True):
        if id in known:
            assert height == known[id]
        assert min(measured) - 1e-6 <= height <= max(measured) + 1e-6


def test_notes_state_what_is_assumed():
    notes = " ".join(load_builtin().notes)
    assert "toll" in notes
    assert "interpolated" in notes
    assert "ODbL" in notes


def test_summary_counts_lengths_and_finds_bridges():
    graph = load_builtin()
    summary = summarise(graph, top=5, samples=50)
    assert summary.component_sizes == (690,)
    assert sum(summary.length_by_confidence_m.values()) == summary.length_m
    assert len(summary.critical_nodes) == 5
    undirected = to_networkx(graph).to_undirected()
    for link in summary.critical_links:
        names = {data["name"]: node for node, data in undirected.nodes(data=True)}
        assert link.from_name in names
        assert 1 <= link.cut_off_count <= 345
    assert bool(summary.critical_links) == nx.has_bridges(undirected)


def test_a_large_network_is_summarised_without_critical_places(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("routing.network.ANALYSED_NODES", 100)
    summary = summarise(load_builtin())
    assert summary.critical_nodes == ()
    assert summary.component_sizes == (690,)
    assert "up to 100 nodes" in summary.notes[-1]


def test_sections_of_published_length_have_it():
    graph = load_builtin()
    node = {id: number for number, id in enumerate(graph.node_ids)}
    edge = {(int(a), int(b)): n for n, (a, b) in enumerate(zip(graph.edge_from, graph.edge_to, strict=True))}
    sections = read_table("sections.csv")
    assert len(sections) == 3
    for section in sections:
        assert section["source"]
        nodes = [node[id] for id in section["nodes"].split()]
        for way in (nodes, nodes[::-1]):
            km = sum(int(graph.length_m[edge[pair]]) for pair in pairwise(way)) / 1000
            assert km == pytest.approx(float(section["published_km"]), abs=0.1)

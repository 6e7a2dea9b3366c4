from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from routingkit_cch import CCH, CCHMetric, CCHOneToMany

from routing.builtin import load_builtin
from routing.engine import Method, Point, RoadEngine
from routing.graph import RoadGraph
from routing.hierarchy import Hierarchy, contract, contraction_order
from routing.osm import import_osm
from routing.profiles import PROFILES
from routing.shortest import CLOSED, PlainSearch

CAR = PROFILES["sedan_petrol"]


def make_graph(n: int, edges: list[tuple[int, int]], weights: list[int], seed: int = 0) -> RoadGraph:
    rng = np.random.default_rng(seed)
    m = len(edges)
    return RoadGraph(
        name="made",
        node_names=(),
        node_lon_wgs84=104 + rng.random(n),
        node_lat_wgs84=30 + rng.random(n),
        edge_from=np.array([a for a, _ in edges], dtype=np.int32),
        edge_to=np.array([b for _, b in edges], dtype=np.int32),
        length_m=np.array(weights, dtype=np.int32),
        speed_mps=np.ones(m),
        climb_m=np.zeros(m),
        toll_fen=np.zeros(m, dtype=np.int32),
        ref_index=np.zeros(m, dtype=np.int32),
        refs=("",),
        confidence=rng.integers(0, 3, m).astype(np.uint8),
    )


@st.composite
def weighted(draw: st.DrawFn) -> tuple[RoadGraph, np.ndarray, np.ndarray]:
    n = draw(st.integers(1, 25))
    node = st.integers(0, n - 1)
    edges = draw(st.lists(st.tuples(node, node), min_size=1, max_size=80))
    weights = draw(st.lists(st.integers(0, 30) | st.just(CLOSED), min_size=len(edges), max_size=len(edges)))
    graph = make_graph(n, edges, [max(0, weight) for weight in weights], draw(st.integers(0, 9)))
    order = draw(st.permutations(range(n)))
    return graph, np.array(weights, dtype=np.int64), np.array(order, dtype=np.int32)


def check(graph: RoadGraph, weights: np.ndarray, order: np.ndarray) -> None:
    """Times against networkx; sums and confidence along the hierarchy's own path; the path itself edge by edge."""
    cost = np.stack([weights.astype(float), np.arange(graph.edge_count, dtype=float) ** 2], axis=1)
    hierarchy = Hierarchy(graph, contract(graph, order), weights, cost)
    nodes = np.arange(graph.node_count, dtype=np.int32)
    matrix = hierarchy.node_matrix(nodes, nodes, cost)
    plain = PlainSearch(graph, weights).node_matrix(nodes, nodes, cost)
    assert (matrix.time_ms == plain.time_ms).all()
    model = nx.MultiDiGraph()
    model.add_nodes_from(nodes.tolist())
    for edge in np.flatnonzero(weights != CLOSED):
        model.add_edge(int(graph.edge_from[edge]), int(graph.edge_to[edge]), ms=int(weights[edge]))
    for source in nodes.tolist():
        lengths = nx.single_source_dijkstra_path_length(model, source, weight="ms")
        for target in nodes.tolist():
            path = hierarchy.path(source, target)
            if target not in lengths:
                assert path is None
                assert np.isinf(matrix.time_ms[source, target])
                continue
            assert path is not None
            assert matrix.time_ms[source, target] == lengths[target] == weights[path].sum()
            assert np.allclose(matrix.totals[source, target], cost[path].sum(axis=0) if path else 0)
            assert matrix.confidence[source, target] == max((graph.confidence[edge] for edge in path), default=0)
            at = source
            for edge in path:
                assert graph.edge_from[edge] == at
                at = int(graph.edge_to[edge])
            assert at == target


@given(weighted())
def test_any_order_gives_the_answers_of_networkx(case: tuple[RoadGraph, np.ndarray, np.ndarray]):
    check(*case)


@given(weighted())
def test_the_computed_order_gives_the_answers_of_networkx(case: tuple[RoadGraph, np.ndarray, np.ndarray]):
    graph, weights, _ = case
    check(graph, weights, contraction_order(graph))


def test_orders_that_are_none():
    graph = make_graph(3, [(0, 1), (1, 2)], [1, 1])
    with pytest.raises(ValueError, match="once"):
        contract(graph, np.array([0, 1, 1], dtype=np.int32))


def points_of(graph: RoadGraph, step: int) -> list[Point]:
    stops = np.arange(graph.node_count)
    if graph.can_stop is not None and graph.base_node is not None:
        stops = np.flatnonzero(graph.can_stop & (graph.base_node == stops))
    return [
        Point(lon_wgs84=float(graph.node_lon_wgs84[node]), lat_wgs84=float(graph.node_lat_wgs84[node]))
        for node in stops[::step]
    ]


def same_answers(graph: RoadGraph, step: int) -> None:
    points = points_of(graph, step)
    plain = RoadEngine(graph, method=Method.PLAIN).matrix(points, CAR, access_limit_m=1)
    fast = RoadEngine(graph, method=Method.HIERARCHY).matrix(points, CAR, access_limit_m=1)
    assert (plain.drive_s == fast.drive_s).all()
    # Equally fast ways may differ in length; such ties are rare.
    assert (plain.drive_m == fast.drive_m).mean() > 0.99
    assert (plain.fuel_ml == fast.fuel_ml).mean() > 0.99
    route = RoadEngine(graph, method=Method.HIERARCHY).route(points[0], points[-1], CAR, access_limit_m=1)
    assert route.drive_s == plain.drive_s[0, -1]


def test_same_answers_on_the_builtin_network():
    same_answers(load_builtin(), 7)


@pytest.mark.parametrize("name", ["andorra", "monaco", "Helsinki"])
def test_same_answers_on_extracts(shared_dir: Path, name: str):
    graph, _ = import_osm([shared_dir / "data" / "osm" / f"{name}.osm.pbf"], country="EU")
    same_answers(graph, 9)


def test_times_agree_with_routingkit(shared_dir: Path):
    graph, _ = import_osm([shared_dir / "data" / "osm" / "andorra.osm.pbf"], country="EU")
    weights = np.rint(graph.length_m / graph.speed_mps * 1000).astype(np.int64)
    order = contraction_order(graph)
    cost = weights[:, None].astype(float)
    nodes = np.arange(0, graph.node_count, 11, dtype=np.int32)
    ours = Hierarchy(graph, contract(graph, order), weights, cost).node_matrix(nodes, nodes, cost)
    theirs = CCH(order.tolist(), graph.edge_from.tolist(), graph.edge_to.tolist(), False)
    pinned = CCHOneToMany(CCHMetric(theirs, weights.tolist()), nodes.tolist())
    for row, source in enumerate(nodes.tolist()):
        expected = [np.inf if time is None else time for time in pinned.distances_from(source)]
        assert ours.time_ms[row].tolist() == expected
    assert (ours.totals[..., 0] == ours.time_ms).all()

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.builtin import load_builtin
from routing.conditions import Conditions
from routing.csv_graph import load_csv
from routing.engine import Point, RoadEngine
from routing.errors import NoRoute, OffNetwork
from routing.graph import Confidence, RoadGraph
from routing.matrix import UNREACHABLE
from routing.profiles import PROFILES
from routing.snap import distance_m

SEDAN = PROFILES["sedan_bev"]
PETROL = PROFILES["sedan_petrol"]


def make_graph(node_count: int, edges: list[tuple[int, int, int, float, int, int]]) -> RoadGraph:
    """Edges are (from, to, length_m, speed_mps, toll_fen, confidence); nodes lie on a widely spaced grid."""
    columns = list(zip(*edges, strict=True)) if edges else [()] * 6
    return RoadGraph(
        name="made",
        node_names=(),
        node_lon_wgs84=np.array([100.0 + (node % 10) for node in range(node_count)]),
        node_lat_wgs84=np.array([28.0 + node // 10 for node in range(node_count)]),
        edge_from=np.array(columns[0], dtype=np.int32),
        edge_to=np.array(columns[1], dtype=np.int32),
        length_m=np.array(columns[2], dtype=np.int32),
        speed_mps=np.array(columns[3], dtype=np.float64),
        climb_m=np.full(len(edges), np.nan),
        toll_fen=np.array(columns[4], dtype=np.int32),
        ref_index=np.zeros(len(edges), dtype=np.int32),
        refs=("",),
        confidence=np.array(columns[5], dtype=np.uint8),
    )


def points_of(graph: RoadGraph) -> list[Point]:
    return [
        Point(lon_wgs84=float(lon), lat_wgs84=float(lat))
        for lon, lat in zip(graph.node_lon_wgs84, graph.node_lat_wgs84, strict=True)
    ]


def oracle(graph: RoadGraph, speed_cap_mps: float) -> nx.MultiDiGraph:
    model = nx.MultiDiGraph()
    model.add_nodes_from(range(graph.node_count))
    for edge in range(graph.edge_count):
        speed = min(graph.speed_mps[edge], speed_cap_mps)
        ms = round(int(graph.length_m[edge]) / speed * 1000)
        model.add_edge(int(graph.edge_from[edge]), int(graph.edge_to[edge]), edge, ms=ms)
    return model


@st.composite
def graphs(draw: st.DrawFn) -> RoadGraph:
    n = draw(st.integers(2, 12))
    node = st.integers(0, n - 1)
    edge = st.tuples(
        node,
        node,
        st.integers(0, 5000),
        st.sampled_from([5.0, 13.9, 33.3, 40.0]),
        st.integers(0, 500),
        st.integers(0, 2),
    )
    return make_graph(n, draw(st.lists(edge, min_size=1, max_size=40)))


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_matrix_agrees_with_networkx(graph: RoadGraph):
    used = sorted(set(graph.edge_from.tolist()) | set(graph.edge_to.tolist()))
    everywhere = points_of(graph)
    matrix = RoadEngine(graph).matrix([everywhere[node] for node in used], SEDAN, access_limit_m=1)
    model = oracle(graph, SEDAN.max_speed_mps)
    for row, source in enumerate(used):
        lengths = nx.single_source_dijkstra_path_length(model, source, weight="ms")
        for column, target in enumerate(used):
            if target not in lengths:
                assert matrix.drive_s[row, column] == UNREACHABLE
                assert matrix.drive_m[row, column] == UNREACHABLE
            else:
                assert abs(matrix.drive_s[row, column] - lengths[target] / 1000) <= 0.5


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_sums_belong_to_the_path_that_the_route_shows(graph: RoadGraph):
    used = sorted(set(graph.edge_from.tolist()) | set(graph.edge_to.tolist()))[:4]
    everywhere = points_of(graph)
    engine = RoadEngine(graph)
    points = [everywhere[node] for node in used]
    matrix = engine.matrix(points, PETROL, access_limit_m=1)
    for row, column in np.argwhere(matrix.reachable & ~np.eye(len(used), dtype=bool)):
        route = engine.route(points[row], points[column], PETROL, access_limit_m=1)
        assert route.drive_s == matrix.drive_s[row, column]
        assert sum(step.length_m for step in route.steps) == matrix.drive_m[row, column]
        assert max((step.confidence for step in route.steps), default=Confidence.SOURCED) <= route.confidence


def test_attributes_follow_the_fastest_way_not_the_shortest():
    slow_direct = (0, 1, 1000, 5.0, 0, Confidence.SOURCED)
    by_motorway = [(0, 2, 2000, 33.0, 150, Confidence.INFERRED), (2, 1, 2000, 33.0, 150, Confidence.UNVERIFIED)]
    graph = make_graph(3, [slow_direct, *by_motorway])
    matrix = RoadEngine(graph).matrix(points_of(graph), PETROL, access_limit_m=1)
    assert matrix.drive_m[0, 1] == 4000
    assert matrix.toll_fen[0, 1] == 300
    assert matrix.confidence[0, 1] == Confidence.UNVERIFIED
    assert matrix.drive_s[0, 1] == round(4000 / 33.0)
    assert matrix.drive_s[1, 0] == UNREACHABLE


def test_speed_cap_and_energy_kind_follow_the_profile():
    graph = make_graph(2, [(0, 1, 100_000, 120 / 3.6, 0, 0)])
    engine = RoadEngine(graph)
    coach = engine.matrix(points_of(graph), PROFILES["coach_diesel"], access_limit_m=1)
    battery = engine.matrix(points_of(graph), SEDAN, access_limit_m=1)
    hybrid = engine.matrix(points_of(graph), PROFILES["sedan_phev"], access_limit_m=1)
    assert coach.drive_s[0, 1] == 3600
    assert battery.drive_s[0, 1] == 3000
    assert coach.drive_wh[0, 1] == 0
    assert coach.fuel_ml[0, 1] > 0
    assert battery.fuel_ml[0, 1] == 0
    assert battery.drive_wh[0, 1] > 0
    assert hybrid.fuel_ml[0, 1] > 0
    assert hybrid.drive_wh[0, 1] > 0


def test_access_is_priced_at_low_speed_with_a_detour():
    graph = make_graph(2, [(0, 1, 100_000, 20.0, 0, 0), (1, 0, 100_000, 20.0, 0, 0)])
    nodes = points_of(graph)
    beside = Point(lon_wgs84=100.0, lat_wgs84=28.01)
    away_m = distance_m(nodes[0], beside)
    matrix = RoadEngine(graph).matrix([beside, nodes[1]], SEDAN, access_limit_m=2000)
    assert matrix.drive_m[0, 1] == round(100_000 + 1.3 * away_m)
    assert matrix.drive_s[0, 1] == round(5000 + 1.3 * away_m / (30 / 3.6))
    assert matrix.confidence[0, 1] == Confidence.INFERRED


def test_points_at_the_same_node_are_joined_directly():
    graph = make_graph(2, [(0, 1, 100_000, 20.0, 0, 0), (1, 0, 100_000, 20.0, 0, 0)])
    north, further = Point(lon_wgs84=100.0, lat_wgs84=28.01), Point(lon_wgs84=100.0, lat_wgs84=28.015)
    matrix = RoadEngine(graph).matrix([north, further, north], SEDAN, access_limit_m=2000)
    assert matrix.drive_m[0, 1] == round(1.3 * distance_m(north, further))
    assert matrix.drive_m[0, 2] == 0
    assert matrix.drive_s[0, 2] == 0
    route = RoadEngine(graph).route(north, further, SEDAN, access_limit_m=2000)
    assert route.drive_m == matrix.drive_m[0, 1]
    assert len(route.line) == 2


def test_off_network_and_no_route():
    graph = make_graph(2, [(0, 1, 100_000, 20.0, 0, 0)])
    first, second = points_of(graph)
    engine = RoadEngine(graph)
    sea = Point(lon_wgs84=125.0, lat_wgs84=28.0)
    with pytest.raises(OffNetwork) as caught:
        engine.matrix([first, sea], SEDAN, access_limit_m=500)
    assert caught.value.lon_wgs84 == 125.0
    assert caught.value.limit_m == 500
    assert engine.try_snap(sea, limit_m=500) is None
    with pytest.raises(NoRoute):
        engine.route(second, first, SEDAN, access_limit_m=500)
    with pytest.raises(OffNetwork):
        engine.matrix([Point(lon_wgs84=float("nan"), lat_wgs84=30.0)], SEDAN, access_limit_m=500)


def test_no_points_give_an_empty_matrix():
    assert RoadEngine(load_builtin()).matrix([], SEDAN, access_limit_m=1).drive_s.shape == (0, 0)


def test_route_over_the_builtin_network_names_roads_and_confidence():
    graph = load_builtin()
    engine = RoadEngine(graph)
    places = dict(zip(graph.node_names, points_of(graph), strict=True))
    route = engine.route(places["康定市"], places["理塘县"], SEDAN, access_limit_m=100)
    assert route.steps[0].ref == "G318"
    assert route.confidence is Confidence.UNVERIFIED
    there = engine.route(places["锦江区"], places["渝中区"], SEDAN, access_limit_m=100)
    assert there.line[0] == (places["锦江区"].lon_wgs84, places["锦江区"].lat_wgs84)
    assert there.line[-1] == (places["渝中区"].lon_wgs84, places["渝中区"].lat_wgs84)
    assert there.toll_fen > 0
    assert engine.geometry(places["锦江区"], places["渝中区"], SEDAN) == list(there.line)


def test_builtin_matrix_agrees_with_networkx():
    graph = load_builtin()
    nodes = list(range(0, graph.node_count, 23))
    everywhere = points_of(graph)
    matrix = RoadEngine(graph).matrix([everywhere[node] for node in nodes], SEDAN, access_limit_m=1)
    model = oracle(graph, SEDAN.max_speed_mps)
    for row, source in enumerate(nodes):
        lengths = nx.single_source_dijkstra_path_length(model, source, weight="ms")
        expected = np.array([lengths[target] / 1000 for target in nodes])
        assert np.abs(matrix.drive_s[row] - expected).max() <= 0.5


def test_chengdu_matrix_agrees_with_networkx(shared_dir: Path):
    folder = shared_dir / "data" / "chengdu"
    graph = load_csv(folder / "nodes.csv", folder / "edges.csv", default_speed_mps=30 / 3.6)
    nodes = list(range(0, graph.node_count, 60))
    everywhere = points_of(graph)
    matrix = RoadEngine(graph).matrix([everywhere[node] for node in nodes], SEDAN, access_limit_m=1)
    model = oracle(graph, SEDAN.max_speed_mps)
    for row, source in enumerate(nodes[:5]):
        lengths = nx.single_source_dijkstra_path_length(model, source, weight="ms")
        expected = np.array([lengths[target] / 1000 for target in nodes])
        assert np.abs(matrix.drive_s[row] - expected).max() <= 0.5


def test_threads_get_the_same_answer():
    graph = load_builtin()
    engine = RoadEngine(graph)
    points = points_of(graph)[::30]
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(
                lambda c: engine.matrix(points, SEDAN, access_limit_m=1, conditions=Conditions(ambient_c=c)).drive_wh,
                [20.0, -7.0, 20.0, -7.0],
            )
        )
    assert (answers[0] == answers[2]).all()
    assert (answers[1] == answers[3]).all()
    away = ~np.eye(len(points), dtype=bool)
    assert (answers[1][away] > answers[0][away]).all()

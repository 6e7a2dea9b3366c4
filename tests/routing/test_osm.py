from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from routing.engine import Point, RoadEngine
from routing.errors import InvalidNetwork, NoRoute
from routing.graph import RoadGraph
from routing.osm import ImportReport, import_osm
from routing.profiles import PROFILES
from routing.stored import load_network, read_manifest, save_network

CAR = PROFILES["sedan_petrol"]
GRID_DEG = 0.002


def write_osm(
    path: Path,
    nodes: dict[int, tuple[float, float]],
    ways: dict[int, tuple[list[int], dict[str, str]]],
    relations: list[tuple[dict[str, str], list[tuple[str, int, str]]]] = (),
    node_tags: dict[int, dict[str, str]] | None = None,
) -> Path:
    """A hand-made extract; node positions are in steps of some two hundred metres."""

    def tags(values: dict[str, str]) -> str:
        return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in values.items())

    lines = ['<?xml version="1.0"?><osm version="0.6">']
    for id, (x, y) in nodes.items():
        inside = tags((node_tags or {}).get(id, {}))
        lines.append(
            f'<node id="{id}" version="1" lon="{104 + x * GRID_DEG:.7f}" lat="{30 + y * GRID_DEG:.7f}">{inside}</node>'
        )
    for id, (refs, values) in ways.items():
        inside = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        lines.append(f'<way id="{id}" version="1">{inside}{tags(values)}</way>')
    for number, (values, members) in enumerate(relations, start=1):
        inside = "".join(f'<member type="{kind}" ref="{ref}" role="{role}"/>' for kind, ref, role in members)
        lines.append(f'<relation id="{number}" version="1">{inside}{tags(values)}</relation>')
    path.write_text("".join([*lines, "</osm>"]), encoding="utf-8")
    return path


def restriction(kind: str, from_way: int, via: int, to_way: int, **more: str):
    members = [("way", from_way, "from"), ("node", via, "via"), ("way", to_way, "to")]
    return {"type": "restriction", "restriction": kind, **more}, members


ROAD = {"highway": "residential"}
# A cross with arms west 1, east 3, south 4, north 5 around 2, closed by a ring road 1-4-3-5-1 further out.
CROSS = {1: (-1.0, 0.0), 2: (0.0, 0.0), 3: (1.0, 0.0), 4: (0.0, -1.0), 5: (0.0, 1.0)}
ARMS = {10: ([1, 2], ROAD), 20: ([2, 3], ROAD), 30: ([4, 2], ROAD), 40: ([2, 5], ROAD)}
RING = {50: ([1, 4], ROAD), 60: ([4, 3], ROAD), 70: ([3, 5], ROAD), 80: ([5, 1], ROAD)}


def node_of(graph: RoadGraph, osm_id: int) -> int:
    assert graph.source_node_id is not None
    assert graph.base_node is not None
    found = np.flatnonzero((graph.source_node_id == osm_id) & (graph.base_node == np.arange(graph.node_count)))
    assert len(found) == 1
    return int(found[0])


def drive(graph: RoadGraph, *osm_ids: int) -> list[int] | None:
    """Map nodes along the fastest way between two map nodes."""
    nodes = [node_of(graph, osm_id) for osm_id in osm_ids]
    points = [
        Point(lon_wgs84=float(graph.node_lon_wgs84[node]), lat_wgs84=float(graph.node_lat_wgs84[node]))
        for node in nodes
    ]
    try:
        line = RoadEngine(graph).geometry(points[0], points[1], CAR)
    except NoRoute:
        return None
    places = {(float(a), float(b)): int(id) for a, b, id in _places(graph)}
    return [places[place] for place in line if place in places]


def _places(graph: RoadGraph):
    assert graph.source_node_id is not None
    return zip(graph.node_lon_wgs84, graph.node_lat_wgs84, graph.source_node_id, strict=True)


@pytest.mark.parametrize(
    ("kind", "to_way", "start", "end", "expected"),
    [
        ("no_left_turn", 40, 1, 5, [1, 5]),
        ("no_right_turn", 30, 1, 4, [1, 4]),
        ("no_straight_on", 20, 1, 3, None),
        ("no_entry", 20, 1, 3, None),
        ("no_exit", 20, 1, 3, None),
        ("only_straight_on", 20, 1, 5, None),
        ("only_left_turn", 40, 1, 3, None),
        ("only_right_turn", 30, 1, 3, None),
    ],
)
def test_each_kind_of_restriction_holds(tmp_path: Path, kind: str, to_way: int, start: int, end: int, expected):
    file = write_osm(tmp_path / "x.osm", CROSS, ARMS | RING, [restriction(kind, 10, 2, to_way)])
    graph, report = import_osm([file])
    assert report.restriction_applied_count == 1
    way = drive(graph, start, end)
    assert way is not None
    assert (start, 2, end) != tuple(way)
    if expected is not None:
        assert way == expected
    else:
        assert 2 not in way[1:2]
    # The other arms may still do what this one may not.
    assert drive(graph, 3, 1) == [3, 2, 1]
    assert drive(graph, 5, 4) == [5, 2, 4]
    # Whoever stops at the junction itself starts anew.
    assert drive(graph, 1, 2) == [1, 2]
    assert drive(graph, 2, 3) == [2, 3]
    assert drive(graph, 2, 5) == [2, 5]


def test_no_u_turn_between_two_lanes_and_on_one_road(tmp_path: Path):
    # A dead-end road 1-2-3; turning at 2 on the way back to 1 is banned: one has to go to 3 to turn.
    nodes = {1: (0.0, 0.0), 2: (1.0, 0.0), 3: (2.0, 0.0), 4: (1.0, 1.0)}
    ways = {10: ([1, 2], ROAD), 20: ([2, 3], ROAD), 30: ([2, 4], ROAD)}
    graph, report = import_osm([write_osm(tmp_path / "u.osm", nodes, ways, [restriction("no_u_turn", 10, 2, 10)])])
    assert report.restriction_applied_count == 1
    split = node_of(graph, 2)
    assert graph.base_node is not None
    copies = [node for node in np.flatnonzero(graph.base_node == split).tolist() if node != split]
    reached = {
        int(graph.base_node[head])
        for tail, head, length in zip(graph.edge_from, graph.edge_to, graph.length_m, strict=True)
        if tail in copies and length > 0
    }
    assert reached == {node_of(graph, 3), node_of(graph, 4)}
    assert drive(graph, 1, 3) == [1, 2, 3]


def test_a_banned_turn_is_not_evaded_by_turning_round_behind_the_junction(tmp_path: Path):
    nodes = CROSS | {9: (2.0, 0.0), 10: (1.0, -3.0), 11: (3.0, 0.5)}
    ways = ARMS | {90: ([3, 9], ROAD), 91: ([3, 10], ROAD), 92: ([9, 11], ROAD)}
    graph, _ = import_osm([write_osm(tmp_path / "x.osm", nodes, ways, [restriction("no_left_turn", 10, 2, 40)])])
    # At the end of a road one may turn; in the middle of it nobody counts on that.
    assert drive(graph, 1, 5) == [1, 2, 4, 2, 5]
    ways = ARMS | {30: ([4, 2], ROAD | {"oneway": "yes"}), 91: ([3, 10], ROAD), 93: ([10, 4], ROAD)}
    graph, _ = import_osm([write_osm(tmp_path / "x.osm", nodes, ways, [restriction("no_left_turn", 10, 2, 40)])])
    assert drive(graph, 1, 5) == [1, 2, 3, 10, 4, 2, 5]


@pytest.mark.parametrize("kind", ["no_u_turn", "only_straight_on"])
def test_restrictions_over_a_via_way(tmp_path: Path, kind: str):
    # Two carriageways, eastward 1-2-3 and westward 6-5-4, joined by the link 2-5; a long way round at the far end.
    nodes = {1: (0.0, 0.0), 2: (2.0, 0.0), 3: (4.0, 0.0), 4: (0.0, 0.3), 5: (2.0, 0.3), 6: (4.0, 0.3)}
    nodes |= {7: (2.0, 4.0), 8: (2.0, 0.15)}
    one_way = ROAD | {"oneway": "yes"}
    ways = {10: ([1, 2], one_way), 11: ([2, 3], one_way), 12: ([6, 5], one_way), 13: ([5, 4], one_way)}
    ways |= {20: ([2, 8, 5], ROAD), 21: ([3, 6], ROAD), 22: ([4, 1], one_way), 23: ([5, 7], ROAD)}
    to_way = 13 if kind == "no_u_turn" else 23
    over = (
        {"type": "restriction", "restriction": kind},
        [("way", 10, "from"), ("way", 20, "via"), ("way", to_way, "to")],
    )
    free, _ = import_osm([write_osm(tmp_path / "free.osm", nodes, ways)])
    assert drive(free, 1, 4) == [1, 2, 5, 4]
    graph, report = import_osm([write_osm(tmp_path / "x.osm", nodes, ways, [over])])
    assert report.restriction_applied_count == 1
    assert drive(graph, 1, 4) == [1, 2, 3, 6, 5, 4]
    assert drive(graph, 1, 7) == [1, 2, 5, 7]
    assert drive(graph, 2, 4) == [2, 5, 4]
    assert drive(graph, 1, 5) == [1, 2, 5]


def test_restrictions_that_do_not_concern_cars_or_cannot_be_read_are_counted(tmp_path: Path):
    relations = [
        restriction("no_left_turn", 10, 2, 40, **{"except": "psv;motorcar"}),
        restriction("no_trucks_on_sunday", 10, 2, 40),
        restriction("no_left_turn", 10, 999, 40),
        restriction("no_left_turn", 77, 2, 40),
        ({"type": "restriction", "restriction:conditional": "no_left_turn @ (07:00-09:00)"}, []),
        (
            {"type": "restriction", "restriction": "no_u_turn"},
            [("way", 10, "from"), ("node", 2, "via"), ("way", 30, "via"), ("way", 40, "to")],
        ),
        ({"type": "multipolygon", "restriction": "no_u_turn"}, []),
    ]
    graph, report = import_osm([write_osm(tmp_path / "x.osm", CROSS, ARMS | RING, relations)])
    assert report.restriction_count == 6
    assert report.restriction_applied_count == 0
    assert sum(report.restriction_ignored.values()) == 6
    assert drive(graph, 1, 5) == [1, 5]
    assert graph.node_count == 5


def test_one_way_roundabout_reverse_and_motorway(tmp_path: Path):
    nodes = {1: (0.0, 0.0), 2: (1.0, 0.0), 3: (1.0, 1.0), 4: (0.0, 1.0)}
    square = [1, 2, 3, 4, 1]
    for tags, way in [
        ({"highway": "primary", "junction": "roundabout"}, [1, 2, 3, 4]),
        ({"highway": "primary", "oneway": "yes"}, [1, 2, 3, 4]),
        ({"highway": "primary", "oneway": "-1"}, [1, 4]),
        ({"highway": "motorway"}, [1, 2, 3, 4]),
        ({"highway": "motorway", "oneway": "no"}, [1, 4]),
        ({"highway": "primary"}, [1, 4]),
    ]:
        stubs = {200 + node: ([node, 10 + node], ROAD) for node in nodes}
        ends = {10 + node: (x + (3 if x else -3), y) for node, (x, y) in nodes.items()}
        graph, _ = import_osm([write_osm(tmp_path / "r.osm", nodes | ends, {10: (square, tags)} | stubs)])
        assert drive(graph, 11, 14) == [11, *way, 14], tags


def test_access_barriers_ferries_and_tolls(tmp_path: Path):
    nodes = {number: (float(number), 0.0) for number in range(1, 6)}
    nodes |= {11: (1.0, 2.0), 15: (5.0, 2.0), 20: (1.5, 0.0)}
    around = {
        60: ([1, 11], ROAD),
        61: ([11, 15], {"highway": "tertiary", "toll": "yes", "ref": "S1"}),
        62: ([15, 5], ROAD),
    }
    straight = {10: ([1, 20, 2, 3], ROAD), 11: ([3, 4, 5], ROAD)}
    detour = [1, 11, 15, 5]
    for ways, tags, expected in [
        (straight, {}, "straight"),
        (straight, {20: {"barrier": "bollard"}}, "around"),
        (straight, {20: {"barrier": "gate"}}, "straight"),
        (straight, {20: {"barrier": "gate", "access": "private"}}, "around"),
        (straight, {20: {"barrier": "bollard", "motor_vehicle": "yes"}}, "straight"),
        (straight | {10: ([1, 20, 2, 3], ROAD | {"access": "private"})}, {}, "around"),
        (straight | {10: ([1, 20, 2, 3], ROAD | {"access": "no", "motorcar": "yes"})}, {}, "straight"),
        (straight | {10: ([1, 20, 2, 3], ROAD | {"motor_vehicle": "no"})}, {}, "around"),
        (straight | {10: ([1, 20, 2, 3], {"highway": "footway"})}, {}, "around"),
        (straight | {10: ([1, 20, 2, 3], {"highway": "track"})}, {}, "around"),
        (straight | {10: ([1, 20, 2, 3], {"route": "ferry"})}, {}, "around"),
        (
            straight | {10: ([1, 20, 2, 3], {"route": "ferry", "motor_vehicle": "yes", "duration": "00:01"})},
            {},
            "straight",
        ),
        (
            straight | {10: ([1, 20, 2, 3], {"route": "ferry", "motor_vehicle": "yes", "duration": "02:00"})},
            {},
            "around",
        ),
    ]:
        graph, _ = import_osm([write_osm(tmp_path / "a.osm", nodes, ways | around, node_tags=tags)])
        way = drive(graph, 1, 5)
        assert way is not None
        assert (way == detour) == (expected == "around"), (ways, tags)
    graph, report = import_osm([write_osm(tmp_path / "a.osm", nodes, around)])
    assert report.toll_length_m == pytest.approx(4 * 0.002 * 111_195 * np.cos(np.radians(30)), rel=0.01)
    points = [
        Point(lon_wgs84=float(graph.node_lon_wgs84[node]), lat_wgs84=float(graph.node_lat_wgs84[node]))
        for node in (node_of(graph, 1), node_of(graph, 5))
    ]
    route = RoadEngine(graph).route(points[0], points[1], CAR, access_limit_m=10)
    assert route.toll_fen == pytest.approx(report.toll_length_m * 0.05, abs=3)
    assert "S1" in {step.ref for step in route.steps}


def test_islands_and_dead_one_ways_are_dropped_and_reported(tmp_path: Path):
    nodes = CROSS | {30: (9.0, 9.0), 31: (9.5, 9.0), 32: (-3.0, 0.0)}
    ways = ARMS | RING | {90: ([30, 31], ROAD), 91: ([1, 32], ROAD | {"oneway": "yes"})}
    graph, report = import_osm([write_osm(tmp_path / "x.osm", nodes, ways)])
    assert report.components_dropped_count == 2
    assert report.nodes_dropped_count == 3
    assert report.length_dropped_m > 0
    assert graph.node_count == 5


def test_a_long_road_is_cut_but_a_motorway_is_not(tmp_path: Path):
    nodes = {number: (number / 2, 0.0) for number in range(30)} | {100 + n: (n / 2, 5.0) for n in range(30)}
    ways = {
        1: (list(range(30)), ROAD),
        2: ([100 + n for n in range(30)], {"highway": "motorway", "oneway": "no"}),
        3: ([0, 100], ROAD),
        4: ([29, 129], ROAD),
    }
    graph, report = import_osm([write_osm(tmp_path / "x.osm", nodes, ways)])
    assert 5 < report.node_count < 34
    assert graph.can_stop is not None
    assert graph.can_stop.all()
    assert graph.class_index is not None
    motorway = graph.length_m[graph.class_index == 0]
    assert len(motorway) == 2
    assert motorway.min() > 2500


def test_files_are_joined_and_shared_ways_counted_once(tmp_path: Path):
    west = write_osm(tmp_path / "west.osm", CROSS, ARMS | {50: RING[50], 60: RING[60]})
    east = write_osm(tmp_path / "east.osm", CROSS, {20: ARMS[20], 70: RING[70], 80: RING[80]})
    graph, report = import_osm([west, east])
    assert report.duplicate_way_count == 1
    assert graph.edge_count == 16
    assert graph.name == "west+east"


def test_bad_files_give_clear_errors(tmp_path: Path, shared_dir: Path):
    empty = tmp_path / "empty.osm.pbf"
    empty.touch()
    text = tmp_path / "text.osm.pbf"
    text.write_text("this is no map\n" * 100)
    whole = (shared_dir / "data" / "osm" / "andorra.osm.pbf").read_bytes()
    for number, share in enumerate((0.999, 0.5, 0.001)):
        (tmp_path / f"cut{number}.osm.pbf").write_bytes(whole[: int(len(whole) * share)])
    spoilt = bytearray(whole)
    spoilt[len(whole) // 2 : len(whole) // 2 + 2000] = bytes(2000)
    (tmp_path / "spoilt.osm.pbf").write_bytes(bytes(spoilt))
    xml = tmp_path / "broken.osm"
    xml.write_text('<?xml version="1.0"?><osm version="0.6"><node id="1" ')
    for path in [
        empty,
        text,
        xml,
        tmp_path / "missing.osm.pbf",
        tmp_path / "spoilt.osm.pbf",
        *sorted(tmp_path.glob("cut*")),
    ]:
        with pytest.raises(InvalidNetwork) as caught:
            import_osm([path])
        assert caught.value.source == str(path)
    roadless = write_osm(tmp_path / "roadless.osm", CROSS, {1: ([1, 2], {"building": "yes"})})
    with pytest.raises(InvalidNetwork, match="no road"):
        import_osm([roadless])
    with pytest.raises(InvalidNetwork, match="before their nodes"):
        import_osm([write_osm(tmp_path / "nodeless.osm", {}, ARMS)])
    with pytest.raises(InvalidNetwork, match="country"):
        import_osm([roadless], country="XX")
    with pytest.raises(InvalidNetwork, match="at least one"):
        import_osm([])


@pytest.fixture(scope="module", params=["andorra", "monaco", "Helsinki"])
def extract(request: pytest.FixtureRequest, shared_dir: Path) -> tuple[RoadGraph, ImportReport]:
    return import_osm([shared_dir / "data" / "osm" / f"{request.param}.osm.pbf"], country="EU")


def test_extracts_agree_with_networkx(extract: tuple[RoadGraph, ImportReport]):
    graph, _ = extract
    assert graph.arrival_node is not None
    assert graph.can_stop is not None
    model = nx.MultiDiGraph()
    time_ms = np.rint(graph.length_m / np.minimum(graph.speed_mps, CAR.max_speed_mps) * 1000)
    for edge, (tail, head) in enumerate(zip(graph.edge_from.tolist(), graph.edge_to.tolist(), strict=True)):
        model.add_edge(tail, head, ms=int(time_ms[edge]))
    assert graph.base_node is not None
    stops = np.flatnonzero(graph.can_stop & (graph.base_node == np.arange(graph.node_count)))
    chosen = stops[:: max(1, len(stops) // 60)].tolist()
    points = [
        Point(lon_wgs84=float(graph.node_lon_wgs84[node]), lat_wgs84=float(graph.node_lat_wgs84[node]))
        for node in chosen
    ]
    engine = RoadEngine(graph)
    snapped = engine.snapper.snap_many(points).node.tolist()
    matrix = engine.matrix(points, CAR, access_limit_m=1)
    assert matrix.reachable.all()
    for row in range(0, len(chosen), 10):
        reached = nx.single_source_dijkstra_path_length(model, snapped[row], weight="ms")
        expected = np.array([reached[int(graph.arrival_node[node])] / 1000 for node in snapped])
        assert np.abs(matrix.drive_s[row] - expected).max() <= 0.5


def test_a_stored_network_is_the_same_network(extract: tuple[RoadGraph, ImportReport], tmp_path: Path):
    graph, report = extract
    folder = tmp_path / "net"
    save_network(graph, folder, report=report.to_json())
    again = load_network(folder)
    assert again.digest() == graph.digest() == read_manifest(folder)["digest"]
    assert read_manifest(folder)["report"]["edge_count"] == report.edge_count
    save_network(again, tmp_path / "copy")
    save_network(graph, folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "net"]
    assert isinstance(load_network(folder).length_m, np.memmap)


def test_stored_networks_that_are_broken(tmp_path: Path):
    graph, _ = import_osm([write_osm(tmp_path / "x.osm", CROSS, ARMS | RING)])
    with pytest.raises(InvalidNetwork, match="network build"):
        load_network(tmp_path)
    with pytest.raises(InvalidNetwork, match="something else"):
        save_network(graph, tmp_path)
    folder = tmp_path / "net"
    save_network(graph, folder)
    array = folder / "length_m.npy"
    array.write_bytes(array.read_bytes()[:-8])
    with pytest.raises(InvalidNetwork, match="cut short"):
        load_network(folder)
    array.unlink()
    with pytest.raises(InvalidNetwork, match="missing"):
        load_network(folder)


def test_an_interrupted_save_leaves_the_old_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    graph, _ = import_osm([write_osm(tmp_path / "x.osm", CROSS, ARMS | RING)])
    folder = tmp_path / "net"
    save_network(graph, folder)

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full_disk)
    with pytest.raises(OSError, match="No space"):
        save_network(graph, folder)
    with pytest.raises(OSError, match="No space"):
        save_network(graph, tmp_path / "other")
    assert load_network(folder).digest() == graph.digest()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net", "x.osm"]


def test_heights_and_weights_close_roads_to_those_who_do_not_fit(tmp_path: Path):
    nodes = {1: (0.0, 0.0), 2: (1.0, 0.0), 3: (2.0, 0.0), 4: (1.0, 1.0)}
    around = {20: ([1, 4], ROAD), 21: ([4, 3], ROAD)}
    coach, minibus, sedan = PROFILES["coach_diesel"], PROFILES["minibus_diesel"], PROFILES["sedan_petrol"]
    for tags, bar, fitting, too_big in [
        ({"maxheight": "3.2"}, {}, [sedan, minibus], [coach]),
        ({"maxheight": "2.2 m"}, {}, [sedan], [coach, minibus]),
        ({"maxheight": "6'6\""}, {}, [sedan], [coach, minibus]),
        ({"maxheight": "default"}, {}, [sedan, minibus, coach], []),
        ({"maxweight": "3"}, {}, [sedan], [coach, minibus]),
        ({"maxweight": "13500 kg"}, {}, [sedan, minibus], [coach]),
        ({}, {2: {"barrier": "height_restrictor", "maxheight": "2.3"}}, [sedan], [coach, minibus]),
    ]:
        values = {key: value.replace('"', "&quot;") for key, value in tags.items()}
        file = write_osm(tmp_path / "x.osm", nodes, {10: ([1, 2, 3], ROAD | values)} | around, node_tags=bar)
        graph, report = import_osm([file])
        assert bool(report.height_limited_m or report.mass_limited_m) == bool(too_big)
        ends = [
            Point(lon_wgs84=float(graph.node_lon_wgs84[node]), lat_wgs84=float(graph.node_lat_wgs84[node]))
            for node in (node_of(graph, 1), node_of(graph, 3))
        ]
        engine = RoadEngine(graph)
        lengths = {
            profile.name: engine.route(*ends, profile, access_limit_m=1).drive_m for profile in (sedan, minibus, coach)
        }
        assert len({lengths[profile.name] for profile in fitting}) == 1
        for profile in too_big:
            assert lengths[profile.name] > lengths[sedan.name]

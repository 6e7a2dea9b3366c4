from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from routing.builtin import load_builtin
from routing.closures import Closure, find_edges, speed_factors
from routing.conditions import Conditions, TimeBand
from routing.engine import Method, Point, RoadEngine
from routing.errors import InvalidClosure, NoRoute
from routing.profiles import PROFILES
from routing.traffic import SPEED_FRAC, band_at, speed_frac

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CAR = PROFILES["suv_petrol"]
GRAPH = load_builtin()


def at(name: str) -> Point:
    node = GRAPH.node_names.index(name)
    return Point(lon_wgs84=float(GRAPH.node_lon_wgs84[node]), lat_wgs84=float(GRAPH.node_lat_wgs84[node]))


KANGDING, LITANG, CHENGDU, CHONGQING = at("康定市"), at("理塘县"), at("锦江区"), at("渝中区")


def box(point: Point, half_deg: float) -> dict[str, object]:
    x, y = point.lon_wgs84, point.lat_wgs84
    ring = [
        (x - half_deg, y - half_deg),
        (x + half_deg, y - half_deg),
        (x + half_deg, y + half_deg),
        (x - half_deg, y + half_deg),
    ]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


@pytest.mark.parametrize("method", [Method.PLAIN, Method.HIERARCHY])
def test_the_pass_between_kangding_and_litang_is_closed_and_opened_again(method: Method):
    engine = RoadEngine(GRAPH, method=method)
    before = engine.matrix([KANGDING, LITANG], CAR, access_limit_m=100)
    closure = Closure(id="snow", starts_at=NOW, ends_at=NOW + HOUR, refs=frozenset({"G318"}), reason="暴雪")
    assert engine.runs_over(KANGDING, LITANG, CAR, find_edges(GRAPH, closure), access_limit_m=100)
    assert not engine.runs_over(CHENGDU, CHONGQING, CAR, find_edges(GRAPH, closure), access_limit_m=100)
    assert engine.impose([closure], at=NOW)
    assert not engine.impose([closure], at=NOW)
    during = engine.matrix([KANGDING, LITANG], CAR, access_limit_m=100)
    assert during.drive_s[0, 1] == -1 or during.drive_s[0, 1] > before.drive_s[0, 1]
    try:
        route = engine.route(KANGDING, LITANG, CAR, access_limit_m=100)
        assert "G318" not in {step.ref for step in route.steps}
    except NoRoute:
        assert during.drive_s[0, 1] == -1
    assert engine.impose([closure], at=NOW + HOUR)
    after = engine.matrix([KANGDING, LITANG], CAR, access_limit_m=100)
    assert (after.drive_s == before.drive_s).all()


def test_a_slow_road_takes_longer_and_both_searches_agree():
    slow = Closure(id="works", starts_at=NOW, ends_at=None, speed_frac=0.5, refs=frozenset({"g93"}))
    points = [
        Point(lon_wgs84=float(a), lat_wgs84=float(b))
        for a, b in zip(GRAPH.node_lon_wgs84, GRAPH.node_lat_wgs84, strict=True)
    ][::20]
    answers = []
    for method in (Method.PLAIN, Method.HIERARCHY):
        engine = RoadEngine(GRAPH, method=method)
        free = engine.matrix(points, CAR, access_limit_m=1)
        assert engine.impose([slow], at=NOW)
        assert engine.imposed == (slow,)
        answers.append(engine.matrix(points, CAR, access_limit_m=1))
        assert (answers[-1].drive_s >= free.drive_s).all()
        assert (answers[-1].drive_s > free.drive_s).any()
    assert (answers[0].drive_s == answers[1].drive_s).all()


def test_several_closures_take_the_least_factor():
    half = Closure(id="a", starts_at=NOW, ends_at=None, speed_frac=0.5, refs=frozenset({"G5"}))
    shut = Closure(id="b", starts_at=NOW, ends_at=None, geometry=box(CHENGDU, 1.0), refs=frozenset({"G5"}))
    factor = speed_factors(GRAPH, [half, shut])
    assert set(np.unique(factor)) == {0.0, 0.5, 1.0}
    refs = np.array(GRAPH.refs)[GRAPH.ref_index]
    assert all("G5" in ref.split("/") for ref in refs[factor < 1])


def test_geometries():
    everything = find_edges(GRAPH, Closure(id="x", starts_at=NOW, ends_at=None, geometry=box(CHENGDU, 30)))
    assert len(everything) == GRAPH.edge_count
    point = {"type": "Point", "coordinates": [CHENGDU.lon_wgs84, CHENGDU.lat_wgs84]}
    node = GRAPH.node_names.index("锦江区")
    around = find_edges(GRAPH, Closure(id="x", starts_at=NOW, ends_at=None, geometry=point))
    assert set(np.flatnonzero((GRAPH.edge_from == node) | (GRAPH.edge_to == node))) <= set(around.tolist())
    middle = {
        "type": "LineString",
        "coordinates": [[KANGDING.lon_wgs84, KANGDING.lat_wgs84], [LITANG.lon_wgs84, LITANG.lat_wgs84]],
    }
    crossed = find_edges(GRAPH, Closure(id="x", starts_at=NOW, ends_at=None, geometry=middle, refs=frozenset({"G318"})))
    assert len(crossed) >= 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "geometry"),
        ({"refs": frozenset({"G5"}), "speed_frac": 1.0}, "speed_frac"),
        ({"refs": frozenset({"G5"}), "speed_frac": -0.1}, "speed_frac"),
        ({"refs": frozenset({"G5"}), "ends_at": NOW}, "ends_at"),
        ({"refs": frozenset({"G5"}), "starts_at": datetime.fromisoformat("2026-01-01T00:00")}, "starts_at"),
    ],
)
def test_closures_that_are_none(fields: dict[str, object], field: str):
    with pytest.raises(InvalidClosure) as caught:
        Closure(**({"id": "x", "starts_at": NOW, "ends_at": None} | fields))
    assert caught.value.field == field


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Circle", "coordinates": []},
        {"type": "Polygon", "coordinates": []},
        {"coordinates": [1, 2]},
        {"type": "Point", "coordinates": ["a", "b"]},
        {"type": "Polygon", "coordinates": [[(0, 0), (1, 1), (0, 1), (1, 0), (0, 0)]]},
        {"type": "Point", "coordinates": [125.0, 28.0]},
    ],
)
def test_geometries_that_are_none_or_elsewhere_change_nothing(geometry: dict[str, object]):
    engine = RoadEngine(GRAPH)
    with pytest.raises(InvalidClosure):
        engine.impose([Closure(id="x", starts_at=NOW, ends_at=None, geometry=geometry)], at=NOW)
    assert engine.imposed == ()
    with pytest.raises(InvalidClosure, match="no road"):
        engine.impose([Closure(id="x", starts_at=NOW, ends_at=None, refs=frozenset({"Z9"}))], at=NOW)


@pytest.mark.parametrize(
    ("local", "band"),
    [
        ("2026-11-20T06:29", TimeBand.NIGHT),
        ("2026-11-20T06:30", TimeBand.DAY),
        ("2026-11-20T07:00", TimeBand.MORNING_PEAK),
        ("2026-11-20T09:30", TimeBand.DAY),
        ("2026-11-20T17:00", TimeBand.EVENING_PEAK),
        ("2026-11-20T22:00", TimeBand.NIGHT),
        ("2026-11-21T08:00", TimeBand.WEEKEND),
        ("2026-11-22T23:00", TimeBand.NIGHT),
    ],
)
def test_bands(local: str, band: TimeBand):
    assert band_at(datetime.fromisoformat(f"{local}+08:00")) is band
    with pytest.raises(ValueError, match="time zone"):
        band_at(datetime.fromisoformat(local))


def test_bands_slow_every_road_and_free_flow_changes_nothing():
    assert (speed_frac(GRAPH, TimeBand.FREE_FLOW) == 1).all()
    for kind, fractions in SPEED_FRAC.items():
        assert set(fractions) == set(TimeBand), kind
        assert all(0 < value <= 1 for value in fractions.values())
    engine = RoadEngine(GRAPH)
    times = {
        band: int(
            engine.matrix([CHENGDU, CHONGQING], CAR, access_limit_m=1, conditions=Conditions(band=band)).drive_s[0, 1]
        )
        for band in TimeBand
    }
    assert times[TimeBand.FREE_FLOW] == times[TimeBand.NIGHT] < times[TimeBand.DAY] < times[TimeBand.EVENING_PEAK]


@pytest.mark.parametrize("method", [Method.PLAIN, Method.HIERARCHY])
def test_an_engine_under_closures_leaves_the_free_one_alone(method: Method):
    free = RoadEngine(GRAPH, method=method)
    closure = Closure(id="snow", starts_at=NOW, ends_at=None, refs=frozenset({"G318"}))
    closed = free.under([closure])
    assert closed.imposed == (closure,)
    assert free.imposed == ()
    assert closed.snapper is free.snapper
    assert closed.prepared is free.prepared
    points = [KANGDING, LITANG, CHENGDU]
    imposed = RoadEngine(GRAPH, method=method)
    assert imposed.revision == 0
    imposed.impose([closure], at=NOW)
    assert imposed.revision == 1
    expected = imposed.matrix(points, CAR, access_limit_m=1).drive_s
    assert (closed.matrix(points, CAR, access_limit_m=1).drive_s == expected).all()
    assert (free.matrix(points, CAR, access_limit_m=1).drive_s != expected).any()
    assert free.under([]).imposed == ()
    with pytest.raises(InvalidClosure):
        free.under([Closure(id="x", starts_at=NOW, ends_at=None, refs=frozenset({"Z9"}))])

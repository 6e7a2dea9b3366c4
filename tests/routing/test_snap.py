from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.builtin import load_builtin
from routing.errors import OffNetwork
from routing.snap import Point, Snapper, distance_m

GRAPH = load_builtin()
SNAPPER = Snapper(GRAPH)


def haversine_m(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    a = math.sin(math.radians(lat_b - lat_a) / 2) ** 2
    a += math.cos(math.radians(lat_a)) * math.cos(math.radians(lat_b)) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(math.sqrt(a))


@given(st.floats(97, 111), st.floats(26, 35))
def test_nearest_node_by_brute_force(lon: float, lat: float):
    snap = SNAPPER.snap(lon, lat, limit_m=10_000_000)
    distances = [haversine_m(lon, lat, a, b) for a, b in zip(GRAPH.node_lon_wgs84, GRAPH.node_lat_wgs84, strict=True)]
    assert snap.distance_m == pytest.approx(min(distances), abs=0.01)
    assert distances[snap.node] == pytest.approx(min(distances), abs=0.01)


@given(st.tuples(st.floats(-180, 180), st.floats(-85, 85)), st.tuples(st.floats(-180, 180), st.floats(-85, 85)))
def test_distance_agrees_with_haversine(a: tuple[float, float], b: tuple[float, float]):
    away = distance_m(Point(lon_wgs84=a[0], lat_wgs84=a[1]), Point(lon_wgs84=b[0], lat_wgs84=b[1]))
    assert away == pytest.approx(haversine_m(*a, *b), rel=1e-6, abs=1.0)


def test_limit_and_batch():
    with pytest.raises(OffNetwork):
        SNAPPER.snap(125.0, 28.0, limit_m=1000)
    assert SNAPPER.try_snap(125.0, 28.0, limit_m=1000) is None
    lon, lat = float(GRAPH.node_lon_wgs84[7]), float(GRAPH.node_lat_wgs84[7])
    exact = SNAPPER.try_snap(lon, lat, limit_m=0.001)
    assert exact is not None
    assert exact.node == 7
    many = SNAPPER.snap_many([Point(lon_wgs84=lon, lat_wgs84=lat), Point(lon_wgs84=math.nan, lat_wgs84=lat)])
    assert many.node[0] == 7
    assert np.isinf(many.distance_m[1])
    assert len(SNAPPER.snap_many([]).node) == 0

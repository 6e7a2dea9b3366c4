from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.datum import Datum, from_wgs84, to_wgs84
from routing.snap import Point, distance_m

REGION = st.tuples(st.floats(97, 111), st.floats(26, 35))


def away_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    return distance_m(Point(lon_wgs84=a[0], lat_wgs84=a[1]), Point(lon_wgs84=b[0], lat_wgs84=b[1]))


@given(REGION, st.sampled_from(Datum))
def test_there_and_back(place: tuple[float, float], datum: Datum):
    assert away_m(to_wgs84(*from_wgs84(*place, datum), datum), place) < 0.01


@given(REGION)
def test_shifts_have_the_known_size(place: tuple[float, float]):
    assert 50 < away_m(from_wgs84(*place, Datum.GCJ02), place) < 800
    assert away_m(from_wgs84(*place, Datum.BD09), place) < 1600


def test_published_example_and_outside():
    # Tiananmen, from the tables in circulation with the open implementations: WGS-84 to GCJ-02.
    lon, lat = from_wgs84(116.404, 39.915, Datum.GCJ02)
    assert (lon, lat) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-9)
    assert from_wgs84(116.404, 39.915, Datum.WGS84) == (116.404, 39.915)
    back = to_wgs84(116.404, 39.915, Datum.BD09)
    assert away_m(from_wgs84(*back, Datum.BD09), (116.404, 39.915)) < 0.01
    assert to_wgs84(24.94, 60.17, Datum.GCJ02) == (24.94, 60.17)

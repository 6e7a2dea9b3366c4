from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.builtin import load_builtin
from routing.geography import Whereabouts, load_geography

GEOGRAPHY = load_geography()


def test_every_place_is_there():
    assert len(GEOGRAPHY.places) == 244
    assert sum(place.level == "prefecture" for place in GEOGRAPHY.places) == 21
    chengdu = GEOGRAPHY.find("510100")
    assert chengdu is not None
    assert chengdu.elevation_m == 499
    assert GEOGRAPHY.find("999999") is None


@pytest.mark.parametrize(
    ("text", "adcode"),
    [
        ("成都", "510100"),
        ("成都市", "510100"),
        ("chengdu", "510100"),
        ("Chéngdū", "510100"),
        ("CHENG DU", "510100"),
        ("510100", "510100"),
        ("成都锦江", "510104"),
        ("成都市锦江区", "510104"),
        ("潼南", "500152"),
        ("tongnan", "500152"),
        ("nanan", "500108"),
        ("甘孜藏族", "513300"),
    ],
)
def test_search(text: str, adcode: str):
    assert GEOGRAPHY.search(text)[0].adcode == adcode


def test_search_by_code_prefix_and_nothing():
    assert {place.adcode[:4] for place in GEOGRAPHY.search("5101", limit=50)} == {"5101"}
    assert GEOGRAPHY.search("") == []
    assert GEOGRAPHY.search("nowhere at all") == []
    assert len(GEOGRAPHY.search("s", limit=3)) == 3


def test_nearest_seat_and_its_prefecture():
    for place in GEOGRAPHY.places:
        if place.level == "county":
            found, away_m = GEOGRAPHY.nearest(place.lon_wgs84, place.lat_wgs84)
            assert away_m < 1
            assert (found.lon_wgs84, found.lat_wgs84) == (place.lon_wgs84, place.lat_wgs84)
    jinjiang, _ = GEOGRAPHY.nearest(104.08, 30.65)
    assert GEOGRAPHY.prefecture_of(jinjiang).adcode == "510100"
    yubei = GEOGRAPHY.search("渝北")[0]
    assert GEOGRAPHY.prefecture_of(yubei) == yubei


def test_every_node_and_seat_is_inside_and_its_swap_is_detected():
    graph = load_builtin()
    for lon, lat in zip(graph.node_lon_wgs84.tolist(), graph.node_lat_wgs84.tolist(), strict=True):
        assert GEOGRAPHY.judge(lon, lat) is Whereabouts.INSIDE
        assert GEOGRAPHY.judge(lat, lon) is Whereabouts.SWAPPED


@pytest.mark.parametrize(
    ("lon", "lat", "expected"),
    [
        (116.4, 39.9, Whereabouts.OUTSIDE),
        (121.5, 31.2, Whereabouts.OUTSIDE),
        (103.8, 36.1, Whereabouts.OUTSIDE),
        (102.7, 25.0, Whereabouts.OUTSIDE),
        (0.0, 0.0, Whereabouts.OUTSIDE),
        (200.0, 30.0, Whereabouts.IMPOSSIBLE),
        (104.0, 91.0, Whereabouts.IMPOSSIBLE),
        (math.nan, 30.0, Whereabouts.IMPOSSIBLE),
        (math.inf, 30.0, Whereabouts.IMPOSSIBLE),
        (30.66, 104.06, Whereabouts.SWAPPED),
    ],
)
def test_judge(lon: float, lat: float, expected: Whereabouts):
    assert GEOGRAPHY.judge(lon, lat) is expected


@given(st.floats(allow_nan=True), st.floats(allow_nan=True))
def test_judge_never_fails(lon: float, lat: float):
    assert GEOGRAPHY.judge(lon, lat) in Whereabouts

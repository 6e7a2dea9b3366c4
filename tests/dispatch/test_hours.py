"""The traffic that each drive of a plan is made for."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.hours import FROM_SLOWEST, Hours, bands_between, legs_by_the_hour, slowest_conditions
from routing.builtin import load_builtin
from routing.conditions import Conditions, TimeBand
from routing.engine import RoadEngine
from routing.matrix import UNREACHABLE
from routing.profiles import PROFILES
from routing.snap import Point
from routing.traffic import LOCAL_ZONE, SPEED_FRAC, RoadKind, band_at

MONDAY = datetime(2026, 1, 12, tzinfo=LOCAL_ZONE)
SEDAN = PROFILES["sedan_bev"]


def bands(touched: int) -> set[TimeBand]:
    return {band for number, band in enumerate(FROM_SLOWEST) if touched & 1 << number}


@given(start_min=st.integers(0, 7 * 1440), length_min=st.integers(0, 2000))
def test_a_span_touches_the_bands_of_its_minutes(start_min: int, length_min: int):
    begin = MONDAY + timedelta(minutes=start_min)
    expected = {band_at(begin + timedelta(minutes=minute)) for minute in range(length_min + 1)}
    assert bands(bands_between(begin, begin + timedelta(minutes=length_min))) == expected


def test_bands_are_listed_from_the_slowest():
    street = [SPEED_FRAC[RoadKind.STREET][band] for band in FROM_SLOWEST]
    assert street == sorted(street)
    assert set(FROM_SLOWEST) == set(TimeBand)


def at(hour: float) -> datetime:
    return MONDAY + timedelta(hours=hour)


def test_a_drive_falls_into_the_band_that_both_ends_touch():
    hours = Hours(MONDAY, ambient_c=None)
    hours.note(0, at(8), at(8.5))  # morning peak
    hours.note(0, at(14), at(15))  # the same office again by day
    hours.note(1, at(15), at(16))  # day only
    hours.note(2, at(18), at(18.5))  # evening peak only
    found = hours.bands(5)  # 3 and 4 are yards
    says = [[FROM_SLOWEST[number].value for number in row] for row in found]
    assert says[0][1] == says[1][0] == "day"
    assert says[0][3] == "morning_peak"
    assert says[1][2] == "evening_peak"
    assert says[3][2] == "evening_peak"
    assert says[3][4] == "day"
    assert hours.conditions(TimeBand.DAY) == Conditions(band=TimeBand.DAY, month=1)
    weekend = Hours(MONDAY - timedelta(days=1), ambient_c=-3.0)
    assert FROM_SLOWEST[weekend.bands(1)[0, 0]] is TimeBand.WEEKEND
    assert weekend.conditions(TimeBand.WEEKEND).ambient_c == -3.0
    assert slowest_conditions([(at(8), at(8.5)), (at(18), at(19))], ambient_c=None).band is TimeBand.EVENING_PEAK


def test_the_matrix_is_put_together_of_those_of_the_bands():
    engine = RoadEngine(load_builtin())
    points = [
        Point(lon_wgs84=lon, lat_wgs84=lat)
        for lon, lat in ((104.06, 30.66), (105.59, 30.53), (106.55, 29.56), (104.0, 30.2))
    ]
    hours = Hours(MONDAY, ambient_c=None)
    hours.note(0, at(8), at(8.5))
    hours.note(1, at(13), at(14))
    hours.note(2, at(18), at(18.5))
    legs = legs_by_the_hour(engine, points, SEDAN, hours, access_limit_m=30_000)
    band_of = hours.bands(len(points))
    assert len(np.unique(band_of)) > 2
    for (row, column), number in np.ndenumerate(band_of):
        conditions = hours.conditions(FROM_SLOWEST[number])
        whole = engine.matrix(points, SEDAN, access_limit_m=30_000, conditions=conditions)
        for name in ("drive_s", "drive_m", "drive_wh", "fuel_ml", "toll_fen", "confidence"):
            assert getattr(legs, name)[row, column] == getattr(whole, name)[row, column]
    assert (legs.drive_s != UNREACHABLE).all()
    assert (legs.drive_s > engine.matrix(points, SEDAN, access_limit_m=30_000).drive_s).sum() >= 6


@pytest.mark.parametrize("count", [0, 1])
def test_few_points(count: int):
    points = [Point(lon_wgs84=104.06, lat_wgs84=30.66)] * count
    legs = legs_by_the_hour(
        RoadEngine(load_builtin()), points, SEDAN, Hours(MONDAY, ambient_c=None), access_limit_m=1e5
    )
    assert legs.drive_s.shape == (count, count)


def test_where_speeds_are_those_of_the_hour_no_hour_slows_a_drive():
    hours = Hours(MONDAY, ambient_c=None, traffic=False)
    hours.note(0, at(8), at(8.5))
    assert {FROM_SLOWEST[number] for number in hours.bands(2).ravel()} == {TimeBand.FREE_FLOW}
    assert slowest_conditions([(at(8), at(8.5))], ambient_c=None, traffic=False).band is TimeBand.FREE_FLOW

"""Number plates by last digit: the files say what they mean, days and hours count as written."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, Polygon

from fleet.errors import InvalidFact
from fleet.rules.model import Origin
from fleet.rules.plates import LOCAL_ZONE, last_digit, load_plate_rules, read_plate_rule
from fleet.vehicles import Battery, Duty, Energy, Vehicle, VehicleKind

CHENGDU, CHONGQING = load_plate_rules()
MONDAY, SATURDAY = date(2026, 3, 2), date(2026, 3, 7)


def vehicle(plate: str, energy: Energy = Energy.PETROL, duty: Duty = Duty.POOLED) -> Vehicle:
    battery = Battery(capacity_wh=60_000, charge_wh=60_000) if energy is Energy.BEV else None
    return Vehicle(
        id="V", plate=plate, unit_id="U", region="510100", home_site_id="S", kind=VehicleKind.SEDAN, energy=energy, seats=4,
        profile="sedan_petrol", duty=duty, battery=battery,
    )  # fmt: skip


def test_the_files_name_their_sources_and_that_they_are_unverified():
    for rule in (CHENGDU, CHONGQING):
        assert rule.origin is Origin.UNVERIFIED
        assert rule.sources
        assert all(seen for _, _, seen in rule.sources)
    assert len(CHONGQING.roads) == 24


@pytest.mark.parametrize(
    ("plate", "digit"), [("川A12345", 5), ("川A1234F", 4), ("渝AD01230", 0), ("none", None), ("", None)]
)
def test_the_last_digit_counts_whatever_stands_behind_it(plate: str, digit: int | None):
    assert last_digit(plate) == digit


def test_who_is_kept_out():
    assert CHENGDU.bars(vehicle("川A12341"), MONDAY)
    assert CHENGDU.bars(vehicle("川A1236Z"), MONDAY)
    assert not CHENGDU.bars(vehicle("川A12342"), MONDAY)
    assert not CHENGDU.bars(vehicle("川A12341"), SATURDAY)
    assert not CHENGDU.bars(vehicle("川A12341"), date(2017, 3, 6))
    assert not CHENGDU.bars(vehicle("川AD12341", Energy.BEV), MONDAY)
    assert not CHENGDU.bars(vehicle("川A12341", duty=Duty.EMERGENCY), MONDAY)


def test_days_touched():
    def at(hour: float) -> datetime:
        return datetime.combine(MONDAY, datetime.min.time(), tzinfo=LOCAL_ZONE) + timedelta(hours=hour)

    assert CHENGDU.days_touched(at(6), at(7.4)) == ()
    assert CHENGDU.days_touched(at(6), at(7.5)) == (MONDAY,)
    assert CHENGDU.days_touched(at(20), at(21)) == ()
    assert CHONGQING.days_touched(at(9), at(16.9)) == ()
    assert CHONGQING.days_touched(at(9), at(41)) == (MONDAY, MONDAY + timedelta(days=1))
    assert CHENGDU.covers(at(8), at(19))
    assert not CHENGDU.covers(at(7), at(19))


@given(lon=st.floats(103.8, 104.3), lat=st.floats(30.5, 30.85))
def test_the_ring_is_a_polygon(lon: float, lat: float):
    polygon, place = Polygon(CHENGDU.ring), Point(lon, lat)
    if polygon.boundary.distance(place) > 1e-9:
        assert CHENGDU.contains(lon, lat) == polygon.contains(place)
    assert not CHONGQING.contains(lon, lat)


GOOD = """
id = "T09"
title_zh = "试"
title_en = "try"
from = 2026-01-01
origin = "local"
hours = [["07:00", "09:00"]]
exempt_energies = ["bev"]
exempt_duties = []
[digits]
monday = [1, 6]
[area]
name_zh = "桥"
name_en = "bridge"
roads = ["a"]
[[sources]]
title = "t"
where = ""
seen = "all"
"""


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("monday", "moonday", "digits"),
        ("[1, 6]", "[1, 16]", "digits"),
        ('"09:00"', '"06:00"', "hours"),
        ('"09:00"', '"nine"', "hours"),
        ('roads = ["a"]', "", "area"),
        ('roads = ["a"]', "ring = [[1.0, 2.0], [2.0, 3.0]]", "area"),
        ('"bev"', '"steam"', "file"),
        ('title_zh = "试"', "", "file"),
    ],
)
def test_files_that_do_not_say_what_they_mean_are_refused(old: str, new: str, field: str):
    assert read_plate_rule("T09.toml", GOOD).roads == ("a",)
    with pytest.raises(InvalidFact) as caught:
        read_plate_rule("T09.toml", GOOD.replace(old, new))
    assert caught.value.field == field

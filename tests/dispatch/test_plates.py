"""Who may not drive because of the number plate is not offered, and the reason says so."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from dispatch.hours import Hours, legs_by_the_hour
from dispatch.permission import territory_of
from dispatch.plan import Cause
from dispatch.plates import PlateLimits
from dispatch.policy import DispatchPolicy
from dispatch.problem import TierRefusal
from dispatch.promise import Outcome, promise
from dispatch.snapshot import build
from dispatch.solve import StopRule, solve
from fleet.documents import encode, kind_of
from fleet.memory_store import MemoryStore
from fleet.regions import load_regions
from fleet.requests import TripStop
from fleet.rules.plates import read_plate_rule
from fleet.store import Commit, Write
from fleet.vehicles import Battery, Energy
from routing.builtin import load_builtin
from routing.conditions import Barred
from routing.engine import RoadEngine
from routing.matrix import UNREACHABLE
from routing.profiles import PROFILES
from routing.snap import Point
from tests.dispatch.plain import BEFORE, MIDNIGHT, at, driver, request, site, unit, vehicle, view

CHENGDU = "510100"
REGIONS = territory_of(load_regions())
ROADS = RoadEngine(load_builtin())
TIANFU_SQUARE, SHUANGLIU = (104.06, 30.66), (103.92, 30.57)
DEYANG, MEISHAN = (104.40, 31.13), (103.85, 30.08)


def facts(*vehicles, home=SHUANGLIU, trips=()):
    nouns = [unit(region=CHENGDU), site(region=CHENGDU, lon=home[0], lat=home[1])]
    for number, one in enumerate(vehicles):
        nouns += [one, driver(f"D{number}", region=CHENGDU)]
    return view(*nouns, *trips)


def car(id, plate, **more):
    return vehicle(id, plate=plate, region=CHENGDU, **more)


def bev(id, plate):
    return car(id, plate, energy=Energy.BEV, profile="sedan_bev", battery=Battery(capacity_wh=60_000, charge_wh=60_000))


def trip(hour, start=SHUANGLIU, end=TIANFU_SQUARE, id="R1"):
    stops = [
        TripStop(
            name="x", lon_wgs84=lon, lat_wgs84=lat, earliest_at=at(hour), latest_at=at(hour) + timedelta(hours=wait)
        )
        for (lon, lat), wait in ((start, 0.5), (end, 3))
    ]
    return request(id, region=CHENGDU, stops=tuple(stops))


def snap(facts):
    return build(facts, ROADS, territory=REGIONS, policy=DispatchPolicy(), now=BEFORE)


# The day of the tests is a Wednesday: digits 3 and 8.
def test_the_day_is_a_wednesday():
    assert MIDNIGHT.weekday() == 2


@pytest.mark.parametrize(
    ("one", "hour", "home", "served"),
    [
        (car("V1", "川A12343"), 10, SHUANGLIU, False),
        (car("V1", "川A1234F"), 10, SHUANGLIU, True),
        (bev("V1", "川AD12343"), 10, SHUANGLIU, True),
        # The day ends at six in the evening of a driver; before half past seven nobody is kept out.
        (car("V1", "川A12348"), 4, SHUANGLIU, False),
        # Standing inside it cannot leave, even for a trip outside.
        (car("V1", "川A12348"), 10, TIANFU_SQUARE, False),
    ],
)
def test_a_plate_that_is_kept_out_is_not_offered(one, hour, home, served):
    trips = (trip(hour),) if home == SHUANGLIU else (trip(hour, start=DEYANG, end=MEISHAN),)
    snapshot = snap(facts(one, home=home, trips=trips))
    refused = snapshot.problem.tier_refusal[0, 0] == TierRefusal.PLATE_LIMIT
    plan = solve(snapshot.problem, seed=1, stop=StopRule(iterations=30))
    if hour >= 7:
        assert refused is not served
        assert (not plan.unserved) is served
    if refused:
        (reason,) = plan.unserved[0].reasons
        assert reason.code is Cause.VEHICLE_NOT_ALLOWED
        assert reason.proven
        assert reason.detail == {"refusal": "PLATE_LIMIT", "rules": "T01"}


def test_another_vehicle_is_offered_instead():
    snapshot = snap(facts(car("V1", "川A12343"), car("V2", "川A12349"), trips=(trip(10),)))
    plan = solve(snapshot.problem, seed=1, stop=StopRule(iterations=30))
    assert not plan.unserved
    assert [snapshot.crews[route.vehicle].vehicle.id for route in plan.routes if len(route.stops) > 2] == ["V2"]


def test_a_promise_knows_the_rule_too():
    for plate, outcome in (("川A12343", Outcome.REFUSAL), ("川A12349", Outcome.PROMISE)):
        store = MemoryStore()
        nouns = [unit(region=CHENGDU), site(region=CHENGDU, lon=SHUANGLIU[0], lat=SHUANGLIU[1]), car("V1", plate)]
        nouns.append(driver(region=CHENGDU))
        writes = [Write(kind=kind_of(noun), id=noun.id, expected_version=0, body=encode(noun)) for noun in nouns]
        store.commit(Commit(type="filled", actor="test", at=BEFORE, writes=tuple(writes)))
        answer = promise(store, ROADS, trip(10), now=BEFORE)
        assert answer.outcome is outcome
        if outcome is Outcome.REFUSAL:
            assert answer.reasons[0].code is Cause.VEHICLE_NOT_ALLOWED


def test_a_drive_past_the_city_goes_round_it_in_those_hours():
    (rule, _) = PlateLimits().rules
    points = [Point(lon_wgs84=lon, lat_wgs84=lat) for lon, lat in (DEYANG, MEISHAN, TIANFU_SQUARE, SHUANGLIU)]
    hours = Hours(MIDNIGHT, ambient_c=20)
    hours.note(0, at(10), at(11))
    hours.note(1, at(12), at(13))
    hours.note(2, at(21), at(22))
    free = legs_by_the_hour(ROADS, points, PROFILES["sedan_petrol"], hours, access_limit_m=30_000)
    kept_out = legs_by_the_hour(ROADS, points, PROFILES["sedan_petrol"], hours, access_limit_m=30_000, rules=(rule,))
    assert free.drive_s[0, 1] <= kept_out.drive_s[0, 1] != UNREACHABLE
    assert kept_out.drive_s[3, 2] == free.drive_s[3, 2], "at nine in the evening everybody may come from the yard"
    hours.note(2, at(10), at(11))
    within = legs_by_the_hour(ROADS, points, PROFILES["sedan_petrol"], hours, access_limit_m=30_000, rules=(rule,))
    assert within.drive_s[0, 2] == UNREACHABLE
    assert np.array_equal(within.reachable[:2, :2], free.reachable[:2, :2])


def test_roads_that_the_network_does_not_know_bar_nobody():
    assert ROADS.concerns(Barred(rings=(PlateLimits().rules[0].ring,)))
    assert not ROADS.concerns(Barred(refs=frozenset({"千厮门大桥"})))
    assert ROADS.concerns(Barred(refs=frozenset({"G318"})))
    tiny = Barred(rings=(((104.0, 30.6), (104.001, 30.6), (104.0, 30.601)),))
    assert not ROADS.concerns(tiny), "nothing is left of it inside its edge"


def test_bridges_by_name_close_for_the_plate():
    text = """
id = "T99"
title_zh = "试"
title_en = "try"
from = 2020-01-01
origin = "local"
hours = [["07:00", "20:00"]]
exempt_energies = []
exempt_duties = []
[digits]
wednesday = [3]
[area]
name_zh = "国道"
name_en = "road"
roads = ["G318"]
[[sources]]
title = "t"
where = ""
seen = "all"
"""
    rule = read_plate_rule("T99.toml", text)
    limits = PlateLimits(rules=(rule,))
    kangding, litang = (101.9625, 30.0536), (100.2686, 29.9945)
    one, other = car("V1", "川A12343"), car("V2", "川A12349")
    trips = (trip(9, start=kangding, end=litang),)
    snapshot = build(
        facts(one, other, home=kangding, trips=trips),
        ROADS,
        territory=REGIONS,
        policy=DispatchPolicy(),
        now=BEFORE,
        plates=limits,
    )
    barred, free = (snapshot.legs[spec.legs] for spec in snapshot.problem.vehicles)
    here, there = (stop.location for stop in snapshot.problem.requests[0].stops)
    assert barred.drive_s[here, there] == UNREACHABLE or barred.drive_s[here, there] > free.drive_s[here, there]

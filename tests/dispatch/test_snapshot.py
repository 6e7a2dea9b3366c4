"""Facts to problem: what the snapshot rounds, pairs, permits, pins and answers by itself."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.legs import LegBook
from dispatch.permission import Territory, territory_of
from dispatch.plan import Cause
from dispatch.policy import LARGEST_TOTAL_MFEN, DispatchPolicy
from dispatch.problem import FORBIDDEN, TierRefusal
from dispatch.snapshot import PenaltyOverflow, build
from dispatch.view import LOCAL_ZONE
from fleet.drivers import Shift
from fleet.itineraries import AssignmentState, StopKind
from fleet.regions import load_regions
from fleet.requests import Priority, RequestState, TripKind, TripStop
from fleet.sites import ChargeGroup
from fleet.units import Level
from fleet.vehicles import Battery, Duty, Energy, VehicleKind, VehicleState
from routing.conditions import Conditions
from routing.profiles import PROFILES
from routing.snap import Point
from tests.dispatch.plain import (
    BASE,
    BEFORE,
    MIDNIGHT,
    SUINING,
    TONGNAN,
    GridRoads,
    assigned,
    at,
    driver,
    itinerary_of,
    planned,
    request,
    site,
    stop,
    unit,
    vehicle,
    view,
)

REGIONS = territory_of(load_regions())


def snap(facts, *, now=BEFORE, roads=None, **policy):
    return build(facts, roads or GridRoads(), territory=REGIONS, policy=DispatchPolicy(**policy), now=now)


# ---- rounding and places


@given(early_s=st.floats(0, 80_000), wait_s=st.floats(0, 7_200))
def test_windows_never_get_wider(early_s, wait_s):
    first = TripStop(
        name="a",
        lon_wgs84=105.6,
        lat_wgs84=30.5,
        earliest_at=at(0, early_s),
        latest_at=at(0, early_s + wait_s),
    )
    last = replace(first, latest_at=at(0, early_s + wait_s + 9_000), lon_wgs84=105.7)
    spec = snap(view(*BASE, request(stops=(first, last)))).problem.requests[0].stops[0]
    assert isinstance(spec.earliest_s, int)
    assert isinstance(spec.latest_s, int)
    exact = (first.earliest_at - MIDNIGHT).total_seconds()
    assert spec.earliest_s >= exact
    assert spec.earliest_s - exact < 1
    assert spec.latest_s <= max(spec.earliest_s, (first.latest_at - MIDNIGHT).total_seconds())
    assert spec.earliest_s <= spec.latest_s


def test_equal_coordinates_are_one_location():
    facts = view(*BASE, request("R1"), request("R2"), request("R3", stops=(stop(9, lon=105.5), stop(9, lon=105.61))))
    snapshot = snap(facts)
    assert len(snapshot.points) == len(set(snapshot.points)) == 4
    first, second = snapshot.problem.requests[:2]
    assert [s.location for s in first.stops] == [s.location for s in second.stops]
    assert snapshot.problem.requests[2].stops[0].location == snapshot.problem.vehicles[0].start_location


def test_order_of_facts_does_not_matter():
    nouns = [*BASE, vehicle("V2"), driver("D2"), request("R2"), request("R1", hour=10)]
    one, two = snap(view(*nouns)), snap(view(*reversed(nouns)))
    assert [r.id for r in one.requests] == [r.id for r in two.requests] == ["R1", "R2"]
    assert one.problem.vehicles == two.problem.vehicles
    assert one.problem.requests == two.problem.requests
    assert one.points == two.points


def test_midnight_is_local():
    assert datetime(2026, 3, 3, 16, 0, tzinfo=LOCAL_ZONE).utcoffset() == timedelta(hours=8)
    assert snap(view(*BASE, request())).problem.epoch == MIDNIGHT


# ---- requests


def test_a_stop_off_the_network_is_answered_by_name():
    far = request("R2", stops=(stop(9), stop(9, lon=111.0, wait_s=7_200)))
    snapshot = snap(view(*BASE, request("R1"), far), access_limit_m=500.0)
    assert [r.id for r in snapshot.requests] == ["R1"]
    (reason,) = snapshot.answered["R2"]
    assert reason.code is Cause.OFF_NETWORK
    assert reason.proven
    assert reason.detail == {"stop": 1, "name": "(111.0, 30.5)", "distance_m": 100_000, "limit_m": 500}


def test_a_missed_pick_up_is_answered_not_planned():
    snapshot = snap(view(*BASE, request("R1", hour=9), request("R2", hour=15)), now=at(12))
    assert [r.id for r in snapshot.requests] == ["R2"]
    assert snapshot.answered["R1"][0].code is Cause.TIME_WINDOWS


def test_an_endless_charter_is_answered():
    long = (stop(9), stop(9 + 24 * 30, wait_s=7_200))
    snapshot = snap(view(*BASE, request("R1", kind=TripKind.CHARTER, stops=long)))
    assert snapshot.answered["R1"][0].code is Cause.DURATION
    assert snapshot.problem.horizon_s == 86_400


def test_a_charter_of_two_days_opens_the_second_day():
    trip = request("R1", kind=TripKind.CHARTER, stops=(stop(9), stop(33), stop(40, wait_s=3_600)))
    problem = snap(view(*BASE, trip)).problem
    assert problem.horizon_s == 2 * 86_400
    assert problem.vehicles[0].windows == ((28_800, 61_200), (115_200, 147_600))


def test_ride_limit_is_the_stated_rule():
    near = request("R1", stops=(stop(9), stop(9, lon=105.61, wait_s=7_200)))  # 1 km: 100 s
    far = request("R2", stops=(stop(9), stop(9, lon=106.60, wait_s=30_000)))  # 100 km: 10,000 s
    own = request("R3", max_ride_s=1_234)
    charter = request("R4", kind=TripKind.CHARTER)
    specs = {r.id: r for r in snap(view(*BASE, near, far, own, charter)).problem.requests}
    assert specs["R1"].max_ride_s == 100 + 600
    assert specs["R2"].max_ride_s == 15_000
    assert specs["R3"].max_ride_s == 1_234
    assert specs["R4"].max_ride_s is None
    assert not specs["R4"].shareable


def test_priorities_are_lexicographic_in_effect():
    facts = view(*BASE, *(request(f"R{n}", priority=p) for n, p in enumerate(Priority)))
    penalties = [spec.penalty_mfen for spec in snap(facts).problem.requests]
    assert [a // b for a, b in pairwise(penalties)] == [20, 20, 20]
    assert sum(penalties) <= LARGEST_TOTAL_MFEN


def test_penalties_that_would_overflow_are_refused():
    with pytest.raises(PenaltyOverflow, match="plan by region"):
        snap(view(*BASE, request(priority=Priority.EMERGENCY)), penalty_fen=10**12)


# ---- who serves whom


def tier_of(vehicle_unit, request_unit, *, trip=None, **fields):
    car = vehicle(unit_id=vehicle_unit.id, region=vehicle_unit.region, **fields)
    place = site(region=vehicle_unit.region)
    asked = trip or request(unit_id=request_unit.id, region=request_unit.region)
    problem = snap(view(vehicle_unit, request_unit, place, car, driver(), asked)).problem
    group, pool = problem.requests[0].group, problem.vehicles[0].group
    return int(problem.tier[group, pool]), TierRefusal(int(problem.tier_refusal[group, pool]))


@pytest.mark.parametrize(
    ("mine", "theirs", "tier"),
    [
        (unit("U1"), unit("U1"), 1),
        (unit("U1", compound="市行政中心"), unit("U2", compound="市行政中心"), 1),
        (unit("U1"), unit("U2"), 2),
        (unit("U1"), unit("U2", region="510903", level=Level.COUNTY), 3),
        (unit("U1"), unit("U2", region="510700"), 4),
        (unit("U1"), unit("U2", region=TONGNAN, level=Level.COUNTY), 5),
    ],
)
def test_pool_tiers(mine, theirs, tier):
    assert tier_of(mine, theirs) == (tier, TierRefusal.ALLOWED)


@pytest.mark.parametrize("region", ["513300", "500237", "500117"])
def test_regions_without_agreement_stay_apart(region):
    level = Level.COUNTY if region.startswith("50") else Level.PREFECTURE
    other = unit("U2", region=region, level=level)
    assert tier_of(unit("U1"), other) == (FORBIDDEN, TierRefusal.NO_AGREEMENT)


@pytest.mark.parametrize(
    ("duty", "priority", "own", "refusal"),
    [
        (Duty.CONFIDENTIAL, Priority.ORDINARY, True, TierRefusal.DUTY_MISMATCH),
        (Duty.CONFIDENTIAL, Priority.CONFIDENTIAL, False, TierRefusal.ALLOWED),
        (Duty.POOLED, Priority.CONFIDENTIAL, True, TierRefusal.DUTY_MISMATCH),
        (Duty.EMERGENCY, Priority.ORDINARY, True, TierRefusal.DUTY_MISMATCH),
        (Duty.EMERGENCY, Priority.EMERGENCY, False, TierRefusal.READY_RESERVE),
        (Duty.POOLED, Priority.EMERGENCY, False, TierRefusal.ALLOWED),
        (Duty.ENFORCEMENT, Priority.ORDINARY, True, TierRefusal.ALLOWED),
        (Duty.ENFORCEMENT, Priority.ORDINARY, False, TierRefusal.DUTY_MISMATCH),
        (Duty.ENFORCEMENT, Priority.EMERGENCY, False, TierRefusal.NOT_POOLED),
        (Duty.SPECIAL, Priority.ORDINARY, True, TierRefusal.DUTY_MISMATCH),
    ],
)
def test_class_match(duty, priority, own, refusal):
    asking = unit("U1" if own else "U2")
    trip = request(unit_id=asking.id, priority=priority)
    assert tier_of(unit("U1"), asking, trip=trip, duty=duty)[1] is refusal


def test_self_drive_serves_rentals_and_nothing_else():
    rental = request(kind=TripKind.RENTAL)
    fields = {"duty": Duty.RENTAL, "self_drive": True}
    assert tier_of(unit("U1"), unit("U1"), trip=rental, **fields) == (6, TierRefusal.ALLOWED)
    assert tier_of(unit("U1"), unit("U1"), **fields)[1] is TierRefusal.DUTY_MISMATCH
    assert tier_of(unit("U1"), unit("U1"), trip=rental)[1] is TierRefusal.DUTY_MISMATCH


def test_who_declined_is_not_asked_again():
    facts = view(*BASE, vehicle("V2"), driver("D2"), request("R1"), request("R2"), declined={"R1": ("V1",)})
    problem = snap(facts).problem
    tiers = {
        (spec.id, car.id): int(problem.tier[spec.group, car.group])
        for spec in problem.requests
        for car in problem.vehicles
    }
    assert tiers == {("R1", "V1"): FORBIDDEN, ("R1", "V2"): 1, ("R2", "V1"): 1, ("R2", "V2"): 1}


def test_the_table_of_areas_need_not_be_the_built_in_one():
    facts = view(unit("U1"), unit("U2", region="Z2"), site(), vehicle(), driver(), request(unit_id="U2", region="Z2"))
    territory = Territory(area_of={"Z2": SUINING})
    snapshot = build(facts, GridRoads(), territory=territory, policy=DispatchPolicy(), now=BEFORE)
    assert snapshot.tiers.tolist() == [[2]]


# ---- vehicles, drivers, batteries


def test_vehicles_without_driver_licence_or_service_take_no_part():
    facts = view(
        unit(),
        site(),
        site("S2", lon=111.0),
        vehicle("V1", state=VehicleState.OUT_OF_SERVICE),
        vehicle("V2", home_site_id="S2"),
        vehicle("V3", kind=VehicleKind.COACH, seats=30, profile="coach_diesel"),
        vehicle("V4"),
        vehicle("V5"),
        vehicle("V6", profile="hovercraft"),
        vehicle("V7", home_site_id="S9"),
        driver("D1"),
        driver("D2", on_duty=False),
    )
    snapshot = snap(facts)
    assert [crew.vehicle.id for crew in snapshot.crews] == ["V4"]
    assert snapshot.left_out == {
        "V1": "out_of_service",
        "V2": "off_network",
        "V3": "no_driver",
        "V5": "no_driver",
        "V6": "unknown_profile",
        "V7": "unknown_site",
    }


def test_the_rare_licence_goes_to_the_vehicle_that_needs_it():
    coach = vehicle("V9", kind=VehicleKind.COACH, seats=30, profile="coach_diesel")
    snapshot = snap(view(unit(), site(), vehicle("V1"), coach, driver("D1", licence="A1"), driver("D2")))
    assert {crew.vehicle.id: crew.driver.id for crew in snapshot.crews} == {"V1": "D2", "V9": "D1"}


def test_windows_start_with_the_shift_or_after_now():
    facts = view(*BASE, request(hour=14))
    assert snap(facts).problem.vehicles[0].windows == ((28_800, 64_800),)
    assert snap(facts, now=at(12)).problem.vehicles[0].windows == ((12 * 3_600 + 300, 64_800),)


def test_a_driver_around_the_clock_works_a_day_of_the_rules_length():
    trip = request("R1", kind=TripKind.CHARTER, stops=(stop(9), stop(33), stop(40, wait_s=3_600)))
    always = driver(shift=Shift(start_s=0, end_s=86_400))
    windows = snap(view(unit(), site(), vehicle(), always, trip)).problem.vehicles[0].windows
    assert windows == ((28_800, 61_200), (115_200, 147_600))
    night = driver(shift=Shift(start_s=72_000, end_s=108_000))
    windows = snap(view(unit(), site(), vehicle(), night, trip)).problem.vehicles[0].windows
    assert windows == ((72_000, 104_400), (158_400, 190_800))


def test_nobody_at_all_is_still_a_problem():
    problem = snap(view(unit(), site(), request())).problem
    assert problem.vehicles == ()
    assert len(problem.legs) == 1
    assert len(problem.requests) == 1


def test_a_battery_is_reckoned_with_its_reserve_and_the_night():
    battery = Battery(capacity_wh=60_001, charge_wh=20_000, reserve_frac=0.2, max_ac_w=3_000)
    car = vehicle(energy=Energy.BEV, profile="sedan_bev", battery=battery)
    place = site(charge_groups=(ChargeGroup(points=2, power_w=7_000, dc=False),), price_fen_per_kwh=80)
    facts = view(unit(), place, car, driver(), request())
    spec = snap(facts, now=at(6)).problem.vehicles[0].battery
    assert spec.reserve_wh == 12_001  # never below the asked share
    assert spec.initial_wh == 20_000 + 2 * 3_000
    assert snap(facts, now=BEFORE).problem.vehicles[0].battery.initial_wh == 54_000  # 0.9 of the capacity, rounded down
    assert spec.dc_curve.from_wh == (0, 48_000)
    groups = snap(facts).problem.charge_groups
    assert [(g.id, g.points, g.mfen_per_wh) for g in groups] == [("S1/0", 2, 20)]


def test_a_battery_below_its_reserve_stays_at_home():
    car = vehicle(energy=Energy.BEV, profile="sedan_bev", battery=Battery(capacity_wh=60_000, charge_wh=9_000))
    snapshot = snap(view(unit(), site(), car, driver(), request()))
    assert snapshot.left_out == {"V1": "battery_low"}


def test_costs_follow_the_profile():
    car = vehicle("V2", energy=Energy.BEV, profile="sedan_bev", battery=Battery(capacity_wh=60_000, charge_wh=60_000))
    problem = snap(view(*BASE, car, driver("D2"), request())).problem
    prices = {spec.id: spec.mfen_per_m for spec in problem.vehicles}
    assert prices == {"V1": 35 + round(0.06 * 780), "V2": 35 + round(0.15 * 60)}


# ---- pins


DAY_OF_TWO = (
    planned(StopKind.START, 8.5, 105.5, stay_s=0),
    planned(StopKind.PICKUP, 9.0, 105.6, request_id="R1", leg_s=1_000, load=2),
    planned(StopKind.DROPOFF, 9.5, 105.7, request_id="R1", leg_s=1_000),
    planned(StopKind.PICKUP, 11.0, 105.6, request_id="R2", leg_s=1_000, load=2),
    planned(StopKind.DROPOFF, 11.5, 105.7, request_id="R2", leg_s=1_000),
    planned(StopKind.END, 12.0, 105.5, leg_s=1_800, stay_s=0),
)


def mid_day(now, *, r1=AssignmentState.ACCEPTED, r2=AssignmentState.OFFERED, itinerary=DAY_OF_TWO):
    first = request("R1", hour=9, state=RequestState.ASSIGNED)
    second = request("R2", hour=11, state=RequestState.ASSIGNED)
    facts = view(
        *BASE,
        first,
        second,
        itineraries=[itinerary_of(*itinerary)],
        assignments=[assigned("R1", r1), assigned("R2", r2)],
    )
    return snap(facts, now=now)


def pins(snapshot):
    ids = [spec.id for spec in snapshot.problem.requests]
    return [(None if p.request is None else ids[p.request], p.stop) for p in snapshot.problem.vehicles[0].pinned]


def test_nothing_is_pinned_before_the_freeze_horizon():
    snapshot = mid_day(at(8.2))
    assert pins(snapshot) == []
    spec = snapshot.problem.requests[0]
    assert spec.promised_vehicle == 0
    assert spec.change_mfen == 20_000_000  # accepted by the driver


def test_what_begins_within_the_freeze_horizon_is_pinned():
    assert pins(mid_day(at(8.5))) == [("R1", 0)]


def test_what_is_under_way_is_pinned_and_the_rest_is_free():
    snapshot = mid_day(at(9.1), r1=AssignmentState.ON_BOARD)
    assert pins(snapshot) == [("R1", 0), ("R1", 1)]
    car = snapshot.problem.vehicles[0]
    assert car.windows == ((int(8.5 * 3_600), 64_800),)
    assert [p.begin_s for p in car.pinned] == [9 * 3_600, 34_200]


def test_a_started_trip_is_pinned_even_when_it_is_still_far_off():
    assert pins(mid_day(at(8.0), r1=AssignmentState.STARTED)) == [("R1", 0)]


def test_what_is_over_is_pinned_without_its_request():
    snapshot = mid_day(at(9.6), r1=AssignmentState.FINISHED)
    assert [spec.id for spec in snapshot.problem.requests] == ["R2"]
    assert pins(snapshot) == [(None, 0), (None, 0)]
    # it stands at the drop-off and cannot leave before now
    assert snapshot.problem.vehicles[0].pinned[-1].depart_s == math.ceil(9.6 * 3_600)


def test_the_rest_before_the_way_home_stays():
    pause = replace(planned(StopKind.REST, 9.55, 105.7), depart_at=at(9.9))
    day = (*DAY_OF_TWO[:3], pause, planned(StopKind.END, 10.4, 105.5, leg_s=1_740, stay_s=0))
    snapshot = mid_day(at(8.9), r1=AssignmentState.ACCEPTED, itinerary=day)
    assert pins(snapshot) == [("R1", 0)]
    assert pins(mid_day(at(9.3), itinerary=day)) == [("R1", 0), ("R1", 1), (None, 0)]


def test_a_day_that_runs_late_is_extended_until_the_vehicle_can_be_back():
    snapshot = mid_day(at(19), r1=AssignmentState.ON_BOARD, itinerary=DAY_OF_TWO[:3])
    car = snapshot.problem.vehicles[0]
    assert car.pinned[-1].depart_s == 19 * 3_600
    assert car.windows == ((int(8.5 * 3_600), 19 * 3_600 + 2_000),)


def test_a_charter_under_way_keeps_its_vehicle_through_the_night():
    trip = request(
        "R1",
        kind=TripKind.CHARTER,
        state=RequestState.UNDER_WAY,
        stops=(stop(9), stop(33), stop(38, wait_s=3_600)),
    )
    out = itinerary_of(
        planned(StopKind.START, 8.5, 105.5, stay_s=0),
        planned(StopKind.PICKUP, 9.0, 105.6, request_id="R1", leg_s=1_000, load=2),
        planned(StopKind.VISIT, 33.0, 105.6, request_id="R1", load=2),
        planned(StopKind.DROPOFF, 38.0, 105.6, request_id="R1"),
        planned(StopKind.END, 39.0, 105.5, leg_s=1_000, stay_s=0),
    )
    facts = view(*BASE, trip, itineraries=[out], assignments=[assigned("R1", AssignmentState.ON_BOARD)])
    car = snap(facts, now=at(12)).problem.vehicles[0]
    assert [p.stop for p in car.pinned] == [0]
    assert car.windows == ((int(8.5 * 3_600), 42 * 3_600),)


def test_a_rested_vehicle_begins_anew_where_it_stands():
    idle = (*DAY_OF_TWO[:3], planned(StopKind.END, 10.0, 105.5, leg_s=1_740, stay_s=0))
    snapshot = mid_day(at(13.0), r1=AssignmentState.FINISHED, itinerary=idle)
    car = snapshot.problem.vehicles[0]
    assert car.pinned == ()
    assert len(snapshot.standings[0].history) == 4
    assert car.windows[0][0] == 13 * 3_600 + 300
    assert snapshot.points[car.start_location] == Point(lon_wgs84=105.5, lat_wgs84=30.5)


def test_a_cancelled_trip_frees_its_future_stops():
    facts = view(
        *BASE,
        request("R1", hour=9, state=RequestState.ASSIGNED),
        itineraries=[itinerary_of(*DAY_OF_TWO)],
        assignments=[assigned("R1", AssignmentState.ON_BOARD)],
    )
    assert pins(snap(facts, now=at(10.9))) == [("R1", 0), ("R1", 1)]


def test_a_trip_that_is_over_by_the_plan_is_not_asked_again():
    idle = (*DAY_OF_TWO[:3], planned(StopKind.END, 10.0, 105.5, leg_s=1_740, stay_s=0))
    snapshot = mid_day(at(10.9), r1=AssignmentState.ACCEPTED, itinerary=idle)
    assert [spec.id for spec in snapshot.problem.requests] == ["R2"]
    assert "R1" not in snapshot.answered


def test_a_trip_under_way_in_a_vehicle_out_of_service_is_held():
    facts = view(
        unit(),
        site(),
        vehicle("V1", state=VehicleState.OUT_OF_SERVICE),
        driver(),
        request("R1", state=RequestState.UNDER_WAY),
        itineraries=[itinerary_of(*DAY_OF_TWO[:3])],
        assignments=[assigned("R1", AssignmentState.ON_BOARD)],
    )
    snapshot = snap(facts, now=at(9.1))
    assert snapshot.held == ("R1",)
    assert snapshot.problem.requests == ()


def test_a_vehicle_still_out_on_an_earlier_charter_starts_from_its_end():
    earlier = request(
        "R0",
        kind=TripKind.CHARTER,
        state=RequestState.UNDER_WAY,
        stops=(stop(-15), stop(10), stop(11, lon=105.8)),
    )
    out = replace(assigned("R0", AssignmentState.ON_BOARD), dropoff_at=at(11))
    facts = view(*BASE, request(hour=14), carried={"R0": earlier}, assignments=[out])
    snapshot = snap(facts, now=at(7))
    car = snapshot.problem.vehicles[0]
    assert snapshot.points[car.start_location].lon_wgs84 == 105.8
    assert car.windows == ((11 * 3_600, 64_800),)


# ---- the book of legs

SEDAN = PROFILES["sedan_petrol"]


def test_the_book_cuts_known_points_out_of_one_matrix():
    roads = GridRoads()
    book = LegBook(roads)
    a, b, c = (Point(lon_wgs84=105.0 + n / 10, lat_wgs84=30.5) for n in range(3))
    whole = book.matrix([a, b, c], SEDAN, access_limit_m=500.0, conditions=Conditions())
    part = book.matrix([c, a, c], SEDAN, access_limit_m=500.0, conditions=Conditions())
    assert roads.asked == 1
    assert part.drive_m.tolist() == whole.drive_m[np.ix_([2, 0, 2], [2, 0, 2])].tolist()
    d = Point(lon_wgs84=106.0, lat_wgs84=30.5)
    wider = book.matrix([d, a], SEDAN, access_limit_m=500.0, conditions=Conditions())
    assert roads.asked == 2
    assert wider.drive_m[0, 1] == 100_000


def test_a_small_new_question_does_not_rewrite_the_book():
    roads = GridRoads()
    book = LegBook(roads)
    known = [Point(lon_wgs84=105.0 + n / 10, lat_wgs84=30.5) for n in range(10)]
    book.matrix(known, SEDAN, access_limit_m=500.0, conditions=Conditions())
    new = Point(lon_wgs84=107.0, lat_wgs84=30.5)
    assert book.matrix([known[0], new], SEDAN, access_limit_m=500.0, conditions=Conditions()).drive_m.tolist() == [
        [0, 200_000],
        [200_000, 0],
    ]
    book.matrix(known, SEDAN, access_limit_m=500.0, conditions=Conditions())
    assert roads.asked == 2, "the whole is still known"


def test_a_full_book_starts_afresh():
    book = LegBook(GridRoads(), most_points=3)
    points = [Point(lon_wgs84=105.0 + n / 10, lat_wgs84=30.5) for n in range(5)]
    for pair in pairwise(points):
        legs = book.matrix(list(pair), SEDAN, access_limit_m=500.0, conditions=Conditions())
        assert legs.drive_m.tolist() == [[0, 10_000], [10_000, 0]]

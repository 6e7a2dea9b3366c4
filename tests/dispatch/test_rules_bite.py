"""Hard rules where dispatch turns facts into a problem: what breaks them is not in the problem, or is forbidden in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dispatch.check import Breach, check
from dispatch.crews import Crew
from dispatch.permission import Asking, Offering, judge, territory_of
from dispatch.policy import DispatchPolicy
from dispatch.problem import FORBIDDEN, TierRefusal
from dispatch.ruling import Ruling, Worked
from dispatch.snapshot import build
from dispatch.solve import StopRule, solve
from fleet.drivers import Shift
from fleet.measures import Measure, MeasureKind
from fleet.regions import load_regions
from fleet.requests import Priority
from fleet.rules.energy import reserve_wh
from fleet.rules.hours import drive_limits
from fleet.rules.load import load
from fleet.sites import ChargeGroup
from fleet.units import Level
from fleet.vehicles import Battery, Duty, Energy, VehicleState
from routing.conditions import Conditions
from routing.energy import MIXED_CYCLE, drive_energy
from routing.profiles import get_profile
from tests.dispatch.generated import make_problem
from tests.dispatch.plain import (
    BASE,
    BEFORE,
    DAY,
    SUINING,
    GridRoads,
    at,
    driver,
    request,
    site,
    stop,
    unit,
    vehicle,
    view,
)

TERRITORY = territory_of(load_regions())


def snap(facts):
    return build(facts, GridRoads(), territory=TERRITORY, policy=DispatchPolicy(), now=BEFORE)


def tier(asks, owns, *, duty=Duty.POOLED, priority=Priority.ORDINARY):
    units = {"asks": unit("asks", asks), "owns": unit("owns", owns)}
    return judge(
        Asking(unit_id="asks", rental=False, priority=priority, special=False),
        Offering(unit_id="owns", region=owns, duty=duty, self_drive=False),
        units=units,
        territory=TERRITORY,
        cooperation=True,
    )


@pytest.mark.parametrize("state", sorted(set(VehicleState) - {VehicleState.AVAILABLE}))
def test_only_vehicles_in_service_take_part(state):
    """R037 and R051: repair, sealed, in disposal: not in the problem."""
    snapshot = snap(view(*BASE, vehicle("V2", state=state), driver("D2"), request()))
    assert [car.id for car in snapshot.problem.vehicles] == ["V1"]
    assert "V2" in snapshot.left_out


def test_pairs_that_are_not_enabled_are_forbidden_whatever_they_cost():
    """R107 and R011: Garze-Wushan never, Dazhou-Wanzhou not by default, Leshan and Chengdu share no area."""
    for a, b in (("513300", "500237"), ("511700", "500101"), ("511100", "510100")):
        assert tier(a, b) == tier(b, a) == (FORBIDDEN, TierRefusal.NO_AGREEMENT)


def test_the_base_zone_is_open():
    """R010: Suining-Tongnan both ways."""
    assert tier(SUINING, "500152")[0] == tier("500152", SUINING)[0] == 5


def test_a_nearer_pool_is_preferred():
    """R069 and R004: same level, same region, cooperation area, allied: the price rises with the tier."""
    assert [tier(SUINING, other)[0] for other in (SUINING, "510903", "510700", "500152")] == [2, 2, 4, 5]
    prices = snap(view(*BASE, request())).problem.tier_mfen
    assert list(prices[1:6]) == sorted(prices[1:6])


def test_class_against_task_is_forbidden_in_the_problem():
    """R072: confidential, emergency and enforcement vehicles stay with their task; R162: an emergency lifts it."""
    for duty in (Duty.CONFIDENTIAL, Duty.EMERGENCY, Duty.ENFORCEMENT, Duty.SPECIAL):
        assert tier(SUINING, SUINING, duty=duty) == (FORBIDDEN, TierRefusal.DUTY_MISMATCH)
    assert tier(SUINING, SUINING, duty=Duty.CONFIDENTIAL, priority=Priority.EMERGENCY)[1] is TierRefusal.ALLOWED


def test_the_problem_carries_the_drivers_limits_of_the_rule():
    """R116 and R118: 240 min, then 20 min, in the problem of every driven vehicle."""
    limits = drive_limits(load().at(DAY, SUINING))
    car = snap(view(*BASE, request(priority=Priority.EMERGENCY))).problem.vehicles[0]
    assert (car.max_continuous_drive_s, car.rest_s) == (limits.max_continuous_drive_s, limits.rest_s)


def test_the_problem_carries_the_energy_reserve_of_the_rule():
    """R063: the default reserve of a vehicle is that of the rule."""
    view_ = load().at(DAY, SUINING)
    electric = {"energy": Energy.BEV, "profile": "sedan_bev"}
    full = vehicle(battery=Battery(capacity_wh=60_000, charge_wh=59_000), **electric)
    spec = snap(view(unit(), site(), full, driver(), request())).problem.vehicles[0]
    assert spec.battery is not None
    assert spec.battery.reserve_wh == reserve_wh(view_, 60_000)


def test_priorities_outweigh_all_below():
    """R077: one class is worth more than a vehicle's day of the next."""
    facts = view(*BASE, *(request(f"R{n}", priority=p) for n, p in enumerate(Priority)))
    penalties = [spec.penalty_mfen for spec in snap(facts).problem.requests]
    assert penalties == sorted(penalties, reverse=True)
    assert [spec.priority for spec in snap(facts).problem.requests] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("ambient_c", "climate", "key"),
    [
        (-7.0, False, "R064.cold_permille"),
        (-7.0, True, "R064.cold_heated_permille"),
        (35.0, False, "R064.hot_permille"),
        (35.0, True, "R064.hot_cooled_permille"),
    ],
)
def test_consumption_follows_the_defaults(ambient_c, climate, key):
    """R064: a compact battery car on level roads, and what heat and cold add."""
    rules = load().at(DAY, SUINING)
    profile = get_profile("sedan_bev")

    def wh_per_km(conditions):
        length_m = np.array([phase.length_m for phase in MIXED_CYCLE])
        speed_mps = np.array([phase.speed_mps for phase in MIXED_CYCLE])
        energy = drive_energy(
            length_m=length_m,
            speed_mps=speed_mps,
            climb_m=0.0,
            elevation_m=0.0,
            profile=profile,
            conditions=conditions,
        )
        return energy.battery_wh.sum() / length_m.sum() * 1_000

    mild = wh_per_km(Conditions(ambient_c=20.0))
    assert rules["R064.compact_bev_least_wh_per_km"] * 0.9 <= mild <= rules["R064.compact_bev_most_wh_per_km"]
    weather = wh_per_km(Conditions(ambient_c=ambient_c, climate=climate))
    assert weather / mild == pytest.approx(rules[key] / 1_000, rel=0.03)


def test_the_grass_roots_are_not_dropped_for_a_higher_level_of_the_same_class():
    """R076: of two trips at once the township's is served, whoever asked first; else the one approved earlier (R077)."""
    ends = (stop(9, wait_s=60), stop(9, lon=106.1, wait_s=5_400))
    city, town = unit("city", SUINING), unit("town", SUINING, Level.TOWNSHIP)

    def left(*trips, units=(city, town)):
        problem = snap(view(*units, site(), vehicle(), driver(), unit("U1"), *trips)).problem
        plan = solve(problem, seed=1, stop=StopRule(iterations=60))
        assert check(problem, plan) == ()
        return [problem.requests[own.request].id for own in plan.unserved]

    first = request("R1", unit_id="city", stops=ends, decided_at=at(1), shareable=False)
    second = request("R2", unit_id="town", stops=ends, decided_at=at(2), shareable=False)
    assert left(first, second) == ["R1"]
    assert left(first, replace(second, unit_id="city")) == ["R2"]
    above = replace(first, priority=Priority.EVENT)
    assert left(above, second) == ["R2"]


def test_a_driver_who_has_worked_his_hours_is_not_driven_on():
    """R117: eight hours, what is left of week and month, special overtime by consent; R118 lifts it on emergency duty."""

    def limit(week_s=0, overtime_s=0, duty=Duty.POOLED, **fields):
        ruling = Ruling(day=DAY, worked={"D1": Worked(week_s=week_s, overtime_month_s=overtime_s)})
        return ruling.day_limit_s(Crew(vehicle=vehicle(duty=duty), driver=driver(**fields)))

    hour = 3_600
    assert limit() == 9 * hour
    assert limit(overtime_consent_on=DAY) == 11 * hour
    assert limit(overtime_s=36 * hour, overtime_consent_on=DAY) == 8 * hour
    assert limit(week_s=40 * hour, overtime_s=36 * hour) == 4 * hour
    assert limit(duty=Duty.EMERGENCY) is None
    tired = Ruling(day=DAY, worked={"D1": Worked(week_s=44 * hour, overtime_month_s=36 * hour)})
    problem = build(
        view(*BASE, request()), GridRoads(), territory=TERRITORY, policy=DispatchPolicy(), now=BEFORE, ruling=tired
    ).problem
    refused = solve(problem, seed=1, stop=StopRule(iterations=20)).unserved
    assert [own.request for own in refused] == [0]


def test_the_ready_reserve_stays_for_emergencies_at_hand():
    """R161: of two emergency vehicles one stays; an order that begins soon may use it, one for tomorrow may not."""
    fleet = [vehicle(f"V{n}", duty=Duty.EMERGENCY) for n in (1, 2)]
    trips = [request(f"R{n}", priority=Priority.EMERGENCY, hour=9, shareable=False) for n in (1, 2)]
    nouns = (unit(), site(), *fleet, driver("D1"), driver("D2"), *trips)

    def refusals(now):
        problem = build(view(*nouns), GridRoads(), territory=TERRITORY, policy=DispatchPolicy(), now=now).problem
        return sorted(
            TierRefusal(int(problem.tier_refusal[problem.requests[0].group, car.group])).rule_id
            for car in problem.vehicles
        )

    assert refusals(BEFORE) == ["", "R161"]
    assert refusals(at(8)) == ["", ""]


def test_an_office_may_prefer_what_needs_no_charging():
    """R172, R171: while its measure holds battery vehicles cost extra, and none is taken to charge at home by day."""
    energy = {"energy": Energy.BEV, "profile": "sedan_bev", "battery": Battery(capacity_wh=60_000, charge_wh=30_000)}
    car = vehicle(**energy)
    home = site(charge_groups=(ChargeGroup(points=1, power_w=7_000, dc=False),))
    facts = view(unit(), home, car, driver(shift=Shift(start_s=20 * 3_600, end_s=23 * 3_600)), request())
    measure = Measure(
        id="M",
        kind=MeasureKind.ENERGY_EMERGENCY,
        region=SUINING,
        level=1,
        reason="应急",
        starts_at=BEFORE,
        declared_by="P",
        prefer_combustion=True,
    )

    def spec(*measures):
        ruling = Ruling(day=DAY, measures=measures)
        return build(
            facts, GridRoads(), territory=TERRITORY, policy=DispatchPolicy(), now=at(7), ruling=ruling
        ).problem.vehicles[0]

    usual, emergency = spec(), spec(measure)
    assert emergency.fixed_mfen - usual.fixed_mfen == DispatchPolicy().charging_fen * 1_000
    assert usual.battery.initial_wh == 54_000
    assert emergency.battery.initial_wh == 30_000
    assert spec(replace(measure, lifted_at=at(-2))).battery.initial_wh == 54_000


@pytest.fixture(scope="module")
def electric():
    """Problems of battery vehicles far from each other, with the solver's plans for them."""
    problems = [make_problem(seed, electric=1.0, battery_wh=12_000, side_m=45_000.0) for seed in range(4)]
    return [(problem, solve(problem, seed=1, stop=StopRule(iterations=60))) for problem in problems]


def causes(problem, plan):
    return {found.cause for found in check(problem, plan)} - {Breach.DIGEST}


def test_no_plan_of_the_solver_breaks_energy_points_or_rest(electric):
    """R061, R063 and R116: the solver's plans hold, and the checker, which shares no code with it, says so."""
    assert any(stop.charged_wh for _, plan in electric for route in plan.routes for stop in route.stops)
    assert [check(problem, plan) for problem, plan in electric] == [()] * len(electric)


def test_the_checker_catches_each_of_them_broken_by_hand(electric):
    """R061, R063 and R116: less power at the site, two cars on one point, a higher reserve, a shorter drive without rest."""
    found = set()
    for problem, plan in electric:
        found |= causes(replace(problem, site_power_w=(1,) * len(problem.site_power_w)), plan)
        strict = tuple(replace(car, max_continuous_drive_s=60) for car in problem.vehicles)
        found |= causes(replace(problem, vehicles=strict), plan)
        fuller = tuple(
            replace(car, battery=car.battery and replace(car.battery, reserve_wh=car.battery.capacity_wh // 2))
            for car in problem.vehicles
        )
        found |= causes(replace(problem, vehicles=fuller), plan)
        for route in plan.routes:
            if any(stop.charged_wh for stop in route.stops):
                other = next(n for n in range(len(problem.vehicles)) if n != route.vehicle)
                kept = tuple(own for own in plan.routes if own.vehicle != other)
                found |= causes(problem, replace(plan, routes=(*kept, replace(route, vehicle=other))))
    assert {Breach.SITE_POWER, Breach.REST, Breach.BATTERY_RESERVE, Breach.CHARGE_POINTS} <= found

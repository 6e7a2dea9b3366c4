"""Vehicles that are out already: what they have begun is finished once, and they come home rested and charged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dispatch.check import check
from dispatch.plan import Plan, StopKind
from dispatch.problem import BatterySpec, ChargeCurve, ChargeGroupSpec, PinnedStop, Problem
from dispatch.search.engine import Engine
from dispatch.search.lowering import lower
from dispatch.solve import StopRule, solve, warm_up
from tests.dispatch.generated import make_problem
from tests.dispatch.straight_road import HOUR, line, pin, problem_of, transfer, vehicle


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    warm_up()


def run(problem: Problem) -> Plan:
    return solve(problem, seed=1, stop=StopRule(iterations=400))


@pytest.mark.parametrize("depart_s", [8 * HOUR, 13 * HOUR, 30 * HOUR, 50 * HOUR])
def test_a_vehicle_that_is_out_has_one_slot(depart_s: int) -> None:
    windows = ((6 * HOUR, 12 * HOUR), (14 * HOUR, 20 * HOUR), (30 * HOUR, 40 * HOUR))
    out = vehicle(windows=windows, pinned=(pin(1, depart_s, request=0),))
    problem = problem_of(
        line([0, 0.5, 1, 1.5]), [out], [transfer("begun", 1, 2, depart_s, depart_s), transfer("other", 2, 3, 0, 0)]
    )
    assert len(lower(problem).model.slots) == 1
    assert check(problem, run(problem)) == ()


def test_a_party_on_board_is_brought_home_once() -> None:
    windows = ((6 * HOUR, 12 * HOUR), (14 * HOUR, 20 * HOUR))
    out = vehicle(windows=windows, pinned=(pin(1, 8 * HOUR, request=0),))
    requests = [transfer("begun", 1, 2, 8 * HOUR, 8 * HOUR)]
    requests += [transfer(f"r{h}", 2, 3, h * HOUR, h * HOUR) for h in (9, 10, 15, 17)]
    problem = problem_of(line([0, 0.5, 1, 1.5]), [out], requests)
    plan = run(problem)
    assert check(problem, plan) == ()
    assert sum(s.request == 0 and s.kind is StopKind.DROPOFF for s in plan.routes[0].stops) == 1


def test_no_other_vehicle_is_asked_to_take_over_a_party_on_board() -> None:
    out = vehicle("out", pinned=(pin(1, 8 * HOUR, request=0),))
    other = vehicle("other", start_location=2, end_location=2)
    requests = [transfer("begun", 1, 2, 8 * HOUR, 8 * HOUR), transfer("new", 2, 3, 9 * HOUR, 9 * HOUR)]
    lowered = lower(problem_of(line([0, 0.5, 1, 1.5]), [out, other], requests))
    engine = Engine(lowered.model, seed=1, threads=1)
    net = lowered.model.net
    for kind, head in enumerate(lowered.model.heads):
        first = lowered.model.first_node[0]
        nodes = np.array([net.slot_i[kind, 0], *head, first, first + 1, net.slot_i[kind, 1]])
        prices = engine.variants(np.array([kind]), nodes[None, :], np.array([len(nodes)]))
        assert (prices < 0).all()


@pytest.mark.parametrize("window_end_s", [22 * HOUR, 11 * HOUR])
def test_the_way_home_has_its_rest(window_end_s: int) -> None:
    # three hours behind it without a pause, two more to go
    out = vehicle(windows=((6 * HOUR, window_end_s),), pinned=(pin(1, 10 * HOUR), pin(2, 11 * HOUR)))
    problem = problem_of(line([0, 2, 3]), [out], [])
    plan = run(problem)
    assert check(problem, plan) == ()
    assert [s.kind for s in plan.routes[0].stops].count(StopKind.REST) == 3


@pytest.mark.parametrize("window_end_s", [22 * HOUR, 11 * HOUR])
def test_the_way_home_has_its_charging(window_end_s: int) -> None:
    curve = ChargeCurve(from_wh=(0,), power_w=(60_000,))
    battery = BatterySpec(
        capacity_wh=40_000, initial_wh=30_000, reserve_wh=4_000, final_wh=8_000, ac_curve=curve, dc_curve=curve
    )
    group = ChargeGroupSpec(id="c", location=1, site=0, points=1, point_w=60_000, dc=True, mfen_per_wh=1)
    out = vehicle(windows=((6 * HOUR, window_end_s),), battery=battery, pinned=(pin(2, 10 * HOUR),))
    problem = problem_of(line([0, 1, 1.5]), [out], [], (group,))
    plan = run(problem)
    assert check(problem, plan) == ()
    assert [s.kind for s in plan.routes[0].stops].count(StopKind.CHARGE) == 1


def test_two_on_their_way_home_share_the_only_charge_point() -> None:
    curve = ChargeCurve(from_wh=(0,), power_w=(60_000,))
    battery = BatterySpec(
        capacity_wh=40_000, initial_wh=30_000, reserve_wh=4_000, final_wh=8_000, ac_curve=curve, dc_curve=curve
    )
    group = ChargeGroupSpec(id="c", location=1, site=0, points=1, point_w=60_000, dc=True, mfen_per_wh=1)
    both = [vehicle(id, battery=battery, pinned=(pin(2, 10 * HOUR),)) for id in ("v", "w")]
    problem = problem_of(line([0, 1, 1.5]), both, [transfer("r", 0, 1, 15 * HOUR, 15 * HOUR)], (group,))
    plan = run(problem)
    assert check(problem, plan) == ()
    assert plan.unserved == ()


def test_a_duty_that_is_over_already_still_ends_at_home() -> None:
    out = vehicle(max_route_s=6 * HOUR, max_drive_s=4 * HOUR, pinned=(pin(1, 10 * HOUR), pin(2, 11 * HOUR)))
    problem = problem_of(line([0, 2, 3]), [out], [transfer("r", 2, 1, 12 * HOUR, 12 * HOUR)])
    plan = run(problem)
    assert check(problem, plan) == ()
    assert [u.request for u in plan.unserved] == [0]


@pytest.mark.parametrize("seed", range(16))
def test_a_plan_cut_off_at_any_time_is_completed(seed: int) -> None:
    problem = make_problem(seed, electric=0.5, side_m=60_000.0)
    problem = replace(problem, vehicles=tuple(replace(v, max_continuous_drive_s=2 * HOUR) for v in problem.vehicles))
    before = solve(problem, seed=1, stop=StopRule(iterations=200))
    assert check(problem, before) == ()
    now_s = (8 + seed % 8) * HOUR
    vehicles = list(problem.vehicles)
    for route in before.routes:
        pins = tuple(
            PinnedStop(
                request=s.request, stop=s.stop or 0, location=s.location, begin_s=s.begin_s, depart_s=s.depart_s,
                charge_group=s.charge_group, charged_wh=s.charged_wh,
            )
            for s in route.stops[1:-1]
            if s.begin_s <= now_s
        )  # fmt: skip
        windows = ((6 * HOUR, 12 * HOUR), (13 * HOUR, 20 * HOUR))
        vehicles[route.vehicle] = replace(vehicles[route.vehicle], pinned=pins, windows=windows)
    cut = replace(problem, vehicles=tuple(vehicles))
    assert check(cut, solve(cut, seed=2, stop=StopRule(iterations=200))) == ()

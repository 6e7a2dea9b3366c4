"""Exact solving: held against enumeration, against the search, and against what must hold of every optimum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.check import check
from dispatch.errors import TooLargeForProof
from dispatch.exact.prove import ProofLimit, prove
from dispatch.plan import Plan, StopKind
from dispatch.problem import (
    BatterySpec,
    ChargeCurve,
    ChargeGroupSpec,
    PinnedStop,
    Problem,
)
from dispatch.solve import StopRule, solve, warm_up
from tests.dispatch.enumerated import brute_force, brute_force_electric
from tests.dispatch.generated import make_problem
from tests.dispatch.straight_road import HOUR, line, pin, problem_of, transfer, vehicle

CURVE = ChargeCurve(from_wh=(0,), power_w=(60_000,))


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    warm_up()


def best(problem: Problem) -> Plan:
    """The proved optimum, judged."""
    proof = prove(problem)
    assert proof.optimal
    assert check(problem, proof.plan) == ()
    return proof.plan


def total(plan: Plan) -> int:
    return plan.cost_mfen + plan.penalty_mfen


def one_priority(problem: Problem) -> Problem:
    return replace(problem, requests=tuple(replace(r, priority=0) for r in problem.requests))


def everybody_may(problem: Problem) -> Problem:
    tier = np.where(problem.tier < 0, 3, problem.tier).astype(np.int8)
    requests = tuple(replace(r, kinds=0, equipment=0) for r in problem.requests)
    return replace(problem, tier=tier, tier_refusal=np.zeros_like(problem.tier_refusal), requests=requests)


def crowded(seed: int, **sizes: float) -> Problem:
    """Four requests around the same hour, so that they can share."""
    problem = make_problem(seed, vehicles=2, requests=4, places=7, electric=0.0, charters=0.0, **sizes)  # type: ignore[arg-type]
    requests = tuple(
        replace(
            r,
            stops=(
                replace(r.stops[0], earliest_s=30_000 + 300 * i, latest_s=31_500 + 300 * i),
                replace(r.stops[1], earliest_s=30_000, latest_s=40_000),
            ),
        )
        for i, r in enumerate(problem.requests)
    )
    return one_priority(replace(problem, requests=requests))


@pytest.mark.parametrize("seed", range(12))
def test_it_finds_what_trying_everything_finds(seed: int) -> None:
    problem = crowded(seed, side_m=20_000.0)
    plan = best(problem)
    assert total(plan) == brute_force(problem)
    assert plan.bound_mfen == total(plan)


@pytest.mark.parametrize("seed", [0, 2, 3, 4, 5, 6, 7, 9])
def test_electric_too(seed: int) -> None:
    rng = np.random.default_rng(seed)
    legs = line([float(x) / 4 for x in rng.integers(0, 9, 6)])
    battery = BatterySpec(
        capacity_wh=39_000, initial_wh=21_000, reserve_wh=3_000, final_wh=9_000, ac_curve=CURVE, dc_curve=CURVE
    )
    groups = tuple(
        ChargeGroupSpec(
            id=f"c{i}",
            location=i + 1,
            site=0,
            points=1,
            point_w=60_000,
            dc=True,
            mfen_per_wh=100 + 300 * i,
            overhead_s=60,
        )
        for i in range(2)
    )
    asked = []
    for i in range(3):
        a, b = (int(x) for x in rng.choice(6, 2, replace=False))
        begin = int(rng.integers(28, 60)) * 900
        one = transfer(f"r{i}", a, b, begin, 0)
        stops = (replace(one.stops[0], latest_s=begin + 1800, service_s=60), one.stops[1])
        asked.append(replace(one, stops=stops, shareable=False, penalty_mfen=40_000_000))
    problem = problem_of(legs, [vehicle(battery=battery)], asked, groups)
    assert total(best(problem)) == brute_force_electric(problem, step_wh=3_000)


def two_at_one_point(points: int) -> Problem:
    battery = BatterySpec(
        capacity_wh=40_000, initial_wh=16_000, reserve_wh=4_000, final_wh=4_000, ac_curve=CURVE, dc_curve=CURVE
    )
    group = ChargeGroupSpec(id="c", location=0, site=0, points=points, point_w=12_000, dc=True, mfen_per_wh=1)
    vehicles = [vehicle(id, windows=((6 * HOUR + 780, 12 * HOUR),), battery=battery) for id in ("v", "w")]
    # three quarters of an hour out, two hours' charge short: at the point from 6:13 to 8:15, or not at all
    asked = [transfer(id, 1, 2, 9 * HOUR - 600, 0, 10 * HOUR) for id in ("a", "b")]
    asked = [replace(r, shareable=False) for r in asked]
    return problem_of(line([0, 0.75, 1.5]), vehicles, asked, (group,))


def test_two_vehicles_share_a_point_or_one_stays_at_home() -> None:
    assert [len(best(two_at_one_point(points)).unserved) for points in (0, 1, 2)] == [2, 1, 0]


def test_a_site_has_so_much_power_and_no_more() -> None:
    problem = replace(two_at_one_point(2), site_power_w=(20_000,))
    assert len(best(problem).unserved) == 1


def test_dearer_energy_is_bought_where_the_cheap_point_is_taken() -> None:
    problem = two_at_one_point(1)
    dear = replace(problem.charge_groups[0], id="dear", site=0, mfen_per_wh=7)
    plan = best(replace(problem, charge_groups=(*problem.charge_groups, dear)))
    assert plan.unserved == ()
    assert sorted(s.charge_group for r in plan.routes for s in r.stops if s.kind is StopKind.CHARGE) == [0, 1]


def messy(seed: int, *, electric: float) -> Problem:
    """Rests, promises and vehicles that are out, as the seed has it."""
    rng = np.random.default_rng(seed)
    problem = make_problem(
        seed,
        vehicles=2,
        requests=3 if electric else 4,
        places=7,
        electric=electric,
        charters=0.2,
        rentals=0.1,
        side_m=50_000.0,
        sites=2 if seed % 2 else 1,
    )
    problem = everybody_may(one_priority(problem))
    limits = rng.choice([1800, 3600, 7200], len(problem.vehicles))
    vehicles = [replace(v, max_continuous_drive_s=int(x)) for v, x in zip(problem.vehicles, limits, strict=True)]
    problem = replace(problem, vehicles=tuple(vehicles))
    if seed % 3 == 0:
        return problem
    before = solve(problem, seed=1, stop=StopRule(iterations=100))
    if seed % 3 == 1:
        met = {s.request: (r.vehicle, s.begin_s) for r in before.routes for s in r.stops if s.kind is StopKind.PICKUP}
        requests = tuple(
            replace(
                r,
                promised_vehicle=int(rng.integers(2)) if rng.random() < 0.5 else met[i][0],
                promised_earliest_s=met[i][1] - 200,
                promised_latest_s=met[i][1] + 100,
                change_mfen=int(rng.choice([1_000_000, 30_000_000])),
            )
            if i in met
            else r
            for i, r in enumerate(problem.requests)
        )
        return replace(problem, requests=requests)
    now_s = int(rng.integers(8, 16)) * HOUR
    for route in before.routes:
        pins = tuple(
            PinnedStop(
                request=s.request, stop=s.stop or 0, location=s.location, begin_s=s.begin_s, depart_s=s.depart_s,
                charge_group=s.charge_group, charged_wh=s.charged_wh,
            )
            for s in route.stops[1:-1]
            if s.begin_s <= now_s
        )  # fmt: skip
        vehicles[route.vehicle] = replace(vehicles[route.vehicle], pinned=pins)
    return replace(problem, vehicles=tuple(vehicles))


@pytest.mark.parametrize("electric", [0.0, 0.6])
@pytest.mark.parametrize("seed", range(24))
def test_the_search_is_never_below_the_optimum(seed: int, electric: float) -> None:
    problem = messy(seed, electric=electric)
    plan = best(problem)
    found = solve(problem, seed=1, stop=StopRule(iterations=200))
    assert check(problem, found) == ()
    assert total(plan) <= total(found)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    side_m=st.sampled_from([10_000.0, 60_000.0]),
    electric=st.sampled_from([0.0, 0.5]),
    rentals=st.sampled_from([0.0, 0.3]),
)
def test_a_bound_is_below_every_plan(seed: int, side_m: float, electric: float, rentals: float) -> None:
    problem = make_problem(
        seed, vehicles=2, requests=4, places=7, electric=electric, rentals=rentals, side_m=side_m, sites=1
    )
    plan = best(problem)
    found = solve(problem, seed=1, stop=StopRule(iterations=100))
    assert plan.bound_mfen is not None
    assert plan.bound_mfen <= min(total(plan), total(found))
    if len({r.priority for r in problem.requests}) == 1:
        assert plan.bound_mfen == total(plan)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("electric", [0.0, 0.5])
def test_an_idle_vehicle_more_never_makes_the_optimum_worse(seed: int, electric: float) -> None:
    problem = messy(3 * seed, electric=electric)
    more = replace(problem, vehicles=(*problem.vehicles, replace(problem.vehicles[0], id="one more")))
    assert total(best(more)) <= total(best(problem))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("electric", [0.0, 0.5])
def test_the_order_of_the_input_does_not_matter(seed: int, electric: float) -> None:
    problem = messy(3 * seed, electric=electric)
    turned = replace(problem, requests=problem.requests[::-1], vehicles=problem.vehicles[::-1])
    assert total(best(turned)) == total(best(problem))


@pytest.mark.parametrize("seed", [2, 9, 14])
def test_it_repeats(seed: int) -> None:
    problem = messy(seed, electric=0.5)
    assert prove(problem) == prove(problem)


def test_urgent_requests_go_first_though_it_costs_more() -> None:
    asked = [transfer("far", 2, 3, 9 * HOUR, 0), transfer("near", 1, 0, 9 * HOUR, 0)]
    asked = [
        replace(asked[0], priority=0, penalty_mfen=1_000, shareable=False),
        replace(asked[1], priority=3, penalty_mfen=10**9, shareable=False),
    ]
    plan = best(problem_of(line([0, 0.25, 1.5, 2.5]), [vehicle()], asked))
    assert [u.request for u in plan.unserved] == [1]
    assert plan.bound_mfen is not None
    assert plan.bound_mfen < total(plan)


def test_a_party_on_board_is_brought_home_though_the_window_is_over() -> None:
    out = vehicle(windows=((6 * HOUR, 9 * HOUR),), pinned=(pin(1, 10 * HOUR, request=0),))
    asked = [transfer("begun", 1, 2, 8 * HOUR, 0), transfer("other", 2, 3, 11 * HOUR, 0)]
    plan = best(problem_of(line([0, 0.5, 1, 1.5]), [out], asked))
    assert [u.request for u in plan.unserved] == [1]


def test_what_is_too_large_is_said() -> None:
    problem = make_problem(1, vehicles=8, requests=30, electric=0.0, side_m=5_000.0)
    with pytest.raises(TooLargeForProof) as caught:
        prove(problem, limit=ProofLimit(labels=2_000))
    assert (caught.value.what, caught.value.most) == ("labels", 2_000)


def test_nobody_to_serve_and_nobody_to_drive() -> None:
    problem = make_problem(1)
    assert best(replace(problem, requests=())).routes == ()
    assert len(best(replace(problem, vehicles=())).unserved) == len(problem.requests)

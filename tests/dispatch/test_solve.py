"""The solver as a whole: plans hold, repeat, and are the best there are where that can be enumerated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.check import check
from dispatch.plan import Cause, StopKind
from dispatch.problem import PinnedStop, Problem, RequestKind, StopSpec
from dispatch.solve import StopRule, solve, warm_up
from tests.dispatch.enumerated import brute_force
from tests.dispatch.generated import make_problem

SHORT = StopRule(iterations=300)


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    warm_up()


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    electric=st.sampled_from([0.0, 0.5, 1.0]),
    side_m=st.sampled_from([10_000.0, 60_000.0, 250_000.0]),
    rentals=st.sampled_from([0.0, 0.2]),
    points=st.sampled_from([0, 1, 2]),
)
def test_no_plan_breaks_the_check(seed: int, electric: float, side_m: float, rentals: float, points: int) -> None:
    problem = make_problem(seed, electric=electric, side_m=side_m, rentals=rentals, points=points)
    plan = solve(problem, seed=seed, stop=SHORT)
    assert check(problem, plan) == ()


def test_the_same_seed_and_iterations_give_the_same_plan() -> None:
    problem = make_problem(3, electric=0.5)
    stop = StopRule(iterations=2_000)
    assert solve(problem, seed=5, stop=stop) == solve(problem, seed=5, stop=stop)


def test_one_thread_also_repeats() -> None:
    problem = make_problem(4, electric=0.5)
    assert solve(problem, seed=5, stop=SHORT, threads=1) == solve(problem, seed=5, stop=SHORT, threads=1)


@pytest.mark.parametrize("seed", range(12))
def test_four_requests_are_solved_to_optimality(seed: int) -> None:
    problem = make_problem(seed, vehicles=2, requests=4, places=7, electric=0.0, charters=0.0, side_m=20_000.0)
    same = tuple(replace(r, priority=0) for r in problem.requests)
    close = tuple(
        replace(
            r,
            stops=(
                replace(r.stops[0], earliest_s=30_000 + 300 * i, latest_s=31_500 + 300 * i),
                replace(r.stops[1], earliest_s=30_000, latest_s=40_000),
            ),
        )
        for i, r in enumerate(same)
    )
    problem = replace(problem, requests=close)
    plan = solve(problem, seed=1, stop=StopRule(iterations=600))
    assert check(problem, plan) == ()
    assert plan.cost_mfen + plan.penalty_mfen == brute_force(problem)


def total(problem: Problem, iterations: int = 3_000) -> int:
    plan = solve(problem, seed=2, stop=StopRule(iterations=iterations))
    assert check(problem, plan) == ()
    return plan.cost_mfen + plan.penalty_mfen


def small(seed: int) -> Problem:
    problem = make_problem(seed, vehicles=3, requests=5, places=6, electric=0.0, charters=0.2, side_m=15_000.0)
    return replace(problem, requests=tuple(replace(r, priority=0) for r in problem.requests))


@pytest.mark.parametrize("seed", range(4))
def test_an_idle_vehicle_more_never_makes_it_worse(seed: int) -> None:
    problem = small(seed)
    more = replace(problem, vehicles=(*problem.vehicles, replace(problem.vehicles[0], id="one more")))
    assert total(more) <= total(problem)


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_the_input_does_not_matter(seed: int) -> None:
    problem = small(seed)
    turned = replace(problem, requests=problem.requests[::-1], vehicles=problem.vehicles[::-1])
    assert total(turned) == total(problem)


@pytest.mark.parametrize("seed", range(6))
def test_energy_is_never_created(seed: int) -> None:
    problem = make_problem(seed, electric=1.0, side_m=80_000.0)
    plan = solve(problem, seed=1, stop=SHORT)
    for route in plan.routes:
        battery = problem.vehicles[route.vehicle].battery
        assert battery is not None
        used = sum(stop.leg_wh for stop in route.stops)
        charged = sum(stop.charged_wh for stop in route.stops)
        last = route.stops[-1].charge_wh
        assert last is not None
        assert last <= battery.initial_wh - used + charged


def test_pinned_stops_stay_and_their_party_is_brought_home() -> None:
    problem = make_problem(11, electric=0.4, charters=0.0)
    before = solve(problem, seed=1, stop=SHORT)
    route = max(before.routes, key=lambda r: len(r.stops))
    served = [s for s in route.stops if s.request is not None]
    head = route.stops[1 : route.stops.index(served[1]) + 1]
    pins = tuple(
        PinnedStop(
            request=s.request, stop=s.stop or 0, location=s.location, begin_s=s.begin_s, depart_s=s.depart_s,
            charge_group=s.charge_group, charged_wh=s.charged_wh,
        )
        for s in head
    )  # fmt: skip
    vehicles = list(problem.vehicles)
    vehicles[route.vehicle] = replace(vehicles[route.vehicle], pinned=pins)
    pinned = replace(problem, vehicles=tuple(vehicles))
    plan = solve(pinned, seed=2, stop=SHORT)
    assert check(pinned, plan) == ()
    again = next(r for r in plan.routes if r.vehicle == route.vehicle)
    assert [s.begin_s for s in again.stops[1 : len(pins) + 1]] == [p.begin_s for p in pins]


def test_a_promise_is_kept_when_moving_it_costs_more() -> None:
    problem = make_problem(7, electric=0.0)
    first = solve(problem, seed=1, stop=SHORT)
    promises = {
        s.request: (route.vehicle, s.begin_s)
        for route in first.routes
        for s in route.stops
        if s.kind is StopKind.PICKUP
    }
    requests = tuple(
        replace(
            r, promised_vehicle=promises[i][0], promised_earliest_s=promises[i][1] - 300,
            promised_latest_s=promises[i][1] + 300, change_mfen=10**9,
        )
        if i in promises else r
        for i, r in enumerate(problem.requests)
    )  # fmt: skip
    promised = replace(problem, requests=requests)
    plan = solve(promised, seed=9, stop=SHORT)
    assert check(promised, plan) == ()
    kept = {s.request: route.vehicle for route in plan.routes for s in route.stops if s.kind is StopKind.PICKUP}
    assert all(kept.get(r) == v for r, (v, _) in promises.items())


def test_what_nobody_can_do_comes_back_with_its_cause() -> None:
    problem = make_problem(1, electric=0.0, charters=0.0)
    many = replace(problem.requests[0], id="many", seats=60, kinds=0, equipment=0)
    night = replace(
        problem.requests[0],
        id="night",
        stops=(
            StopSpec(location=0, earliest_s=100, latest_s=200),
            StopSpec(location=1, earliest_s=100, latest_s=5_000),
        ),
        kinds=0,
        equipment=0,
    )
    rental = replace(problem.requests[0], id="rental", kind=RequestKind.RENTAL)
    problem = replace(problem, requests=(*problem.requests, many, night, rental))
    plan = solve(problem, seed=1, stop=SHORT)
    assert check(problem, plan) == ()
    why = {problem.requests[u.request].id: u.reasons for u in plan.unserved}
    assert why["many"][0].code is Cause.CAPACITY
    assert why["night"][0].code is Cause.TIME_WINDOWS
    assert why["rental"][0].code is Cause.NO_VEHICLE
    assert all(why[name][0].proven for name in ("many", "night", "rental"))


def test_no_vehicles_and_no_requests_are_answers() -> None:
    problem = make_problem(1)
    plan = solve(replace(problem, vehicles=()), seed=1, stop=SHORT)
    assert {u.reasons[0].code for u in plan.unserved} == {Cause.NO_VEHICLE}
    empty = solve(replace(problem, requests=()), seed=1, stop=SHORT)
    assert (empty.routes, empty.unserved) == ((), ())


def test_a_shorter_way_round_does_not_confuse_it() -> None:
    problem = make_problem(2, electric=0.5)
    legs = problem.legs[0]
    drive = legs.drive_s.copy()
    rng = np.random.default_rng(0)
    drive[rng.random(drive.shape) < 0.3] *= 4
    np.fill_diagonal(drive, 0)
    odd = replace(problem, legs=(replace(legs, drive_s=drive),))
    assert check(odd, solve(odd, seed=1, stop=SHORT)) == ()


def test_places_without_a_way_between_them() -> None:
    problem = make_problem(2, electric=0.5)
    legs = problem.legs[0]
    gone = np.zeros(legs.drive_s.shape, bool)
    gone[0, 1:] = gone[1:, 0] = True
    cut = replace(
        legs,
        **{name: np.where(gone, -1, getattr(legs, name)) for name in ("drive_s", "drive_m", "drive_wh", "toll_fen")},
    )
    island = replace(problem, legs=(cut,))
    plan = solve(island, seed=1, stop=SHORT)
    assert check(island, plan) == ()


def test_cancel_ends_the_search_at_once() -> None:
    problem = make_problem(3)
    plan = solve(problem, seed=1, stop=StopRule(seconds=60, should_cancel=lambda: True))
    assert check(problem, plan) == ()

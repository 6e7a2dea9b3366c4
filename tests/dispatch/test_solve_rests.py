"""Where the driver's rests come from: a wait at a stop is one, the time before the vehicle leaves home is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dispatch.check import check
from dispatch.plan import Stop, StopKind
from dispatch.problem import Problem
from dispatch.solve import StopRule, solve, warm_up
from tests.dispatch.generated import make_problem
from tests.dispatch.straight_road import HOUR, line, pin, problem_of, transfer, vehicle


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    warm_up()


def stops_of(problem: Problem, seed: int = 1) -> tuple[Stop, ...]:
    plan = solve(problem, seed=seed, stop=StopRule(iterations=300))
    assert check(problem, plan) == ()
    assert plan.unserved == ()
    return plan.routes[0].stops


def rests(stops: tuple[Stop, ...]) -> int:
    return sum(s.kind is StopKind.REST for s in stops)


@pytest.mark.parametrize("apart_h", [0, 0.25])
def test_a_long_wait_is_the_rest(apart_h: float) -> None:
    # three hours of driving, five hours of waiting, two hours of driving
    legs = line([0, 3, 3 + apart_h, 5 + apart_h])
    asked = [transfer("out", 0, 1, 8 * HOUR, 8 * HOUR), transfer("on", 2, 3, 16 * HOUR, 16 * HOUR)]
    stops = stops_of(problem_of(legs, [vehicle(end_location=None)], asked))
    assert rests(stops) == 0
    pickup = next(s for s in stops if s.request == 1)
    assert pickup.begin_s - pickup.arrive_s >= 4 * HOUR


def test_a_wait_shorter_than_a_rest_is_none() -> None:
    asked = [transfer("out", 0, 1, 8 * HOUR, 8 * HOUR), transfer("on", 1, 2, 11 * HOUR + 600, 11 * HOUR)]
    asked[1] = replace(asked[1], stops=(replace(asked[1].stops[0], latest_s=12 * HOUR), asked[1].stops[1]))
    assert rests(stops_of(problem_of(line([0, 3, 5]), [vehicle(end_location=None)], asked))) == 1


def test_what_comes_before_leaving_home_is_no_rest() -> None:
    # an hour to the party, and with them four: the vehicle's day begins long before
    asked = [transfer("far", 1, 3, 12 * HOUR, 12 * HOUR), transfer("near", 2, 3, 13 * HOUR, 12 * HOUR)]
    assert rests(stops_of(problem_of(line([0, 1, 2, 4.5]), [vehicle(end_location=None)], asked))) == 1


def test_the_wait_of_a_vehicle_that_is_out_counts() -> None:
    out = vehicle(end_location=None, pinned=(pin(1, 10 * HOUR),))
    asked = [transfer("on", 1, 2, 15 * HOUR, 15 * HOUR)]
    stops = stops_of(problem_of(line([0, 3, 5]), [out], asked))
    assert rests(stops) == 1, "the pinned stop itself, and no other"


@pytest.mark.parametrize("seed", range(12))
def test_whatever_waits_there_are_the_rests_suffice(seed: int) -> None:
    problem = make_problem(seed, electric=0.3, side_m=90_000.0)
    vehicles = tuple(replace(v, max_continuous_drive_s=HOUR + 600 * (seed % 5)) for v in problem.vehicles)
    problem = replace(problem, vehicles=vehicles)
    assert check(problem, solve(problem, seed=seed, stop=StopRule(iterations=300))) == ()

"""All means in one problem: the solver keeps their order, and the order gives way only where somebody would be left behind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dispatch.check import check
from dispatch.errors import InvalidProblem
from dispatch.means import MeansCar, Step, add_means, without_later
from dispatch.problem import RequestKind, RequestSpec, StopSpec
from dispatch.solve import StopRule, solve
from tests.dispatch.straight_road import HOUR, line, problem_of, vehicle

STOP = StopRule(iterations=300)
ROAD = line([0.0, 1.0, 2.0])  # an office, a township with its rental point, a village


def errand(id: str, begin_h: float, *, at: int = 1, to: int = 2, hours: float = 4) -> RequestSpec:
    """There and back from the township, with a stay."""
    begin_s = round(begin_h * HOUR)
    return RequestSpec(
        id=id,
        kind=RequestKind.CHARTER,
        stops=(
            StopSpec(location=at, earliest_s=begin_s, latest_s=begin_s + 1_800),
            StopSpec(location=to, earliest_s=begin_s, latest_s=begin_s + 3 * HOUR, service_s=HOUR // 2),
            StopSpec(location=at, earliest_s=begin_s, latest_s=begin_s + round(hours * HOUR)),
        ),
        seats=1,
        shareable=False,
        group=0,
        priority=0,
        penalty_mfen=10**9,
    )


def rental(id: str = "rental", price: int = 5_000_000, requests=(0, 1, 2)) -> MeansCar:
    car = vehicle(id, start_location=1, end_location=1, mfen_per_m=0)
    return MeansCar(step=Step.TIME_SHARE, vehicle=car, price_mfen=dict.fromkeys(requests, price))


def hired(id: str = "hired", requests=(0, 1, 2)) -> MeansCar:
    return MeansCar(step=Step.HIRED, vehicle=vehicle(id, mfen_per_m=50), price_mfen=dict.fromkeys(requests, 0))


def decide(own_cars: int, requests: list[RequestSpec], *cars: MeansCar):
    base = problem_of(ROAD, [vehicle(f"own{n}") for n in range(own_cars)], requests)
    offered = [replace(car, price_mfen={r: p for r, p in car.price_mfen.items() if r < len(requests)}) for car in cars]
    ladder = add_means(base, offered)
    plan = solve(ladder.problem, seed=1, stop=STOP)
    assert check(ladder.problem, plan) == ()
    return ladder, plan, ladder.decide(plan)


def test_an_own_car_comes_first_though_a_rental_would_be_cheaper():
    _, _, means = decide(1, [errand("a", 9)], rental(price=0), hired())
    assert means == {0: None}


def test_with_the_own_car_out_the_rental_comes_before_the_hired_car():
    _, _, means = decide(1, [errand("a", 9), errand("b", 9)], rental(), hired())
    assert sorted(means.values(), key=str) == [Step.TIME_SHARE, None]


def test_with_both_out_a_car_with_driver_is_hired_and_nobody_is_left():
    ladder, plan, means = decide(1, [errand(id, 9) for id in "abc"], rental(), hired())
    assert sorted(means.values(), key=str) == [Step.TIME_SHARE, Step.HIRED, None]
    assert plan.unserved == ()
    # the proof: without the later means, the earlier ones leave exactly as many behind
    for step, left in ((Step.TIME_SHARE, 2), (Step.HIRED, 1)):
        alone = solve(without_later(ladder, step), seed=1, stop=STOP)
        assert len(alone.unserved) == left


def test_public_transport_comes_before_the_rental_where_there_is_a_connection():
    bus = MeansCar(
        step=Step.PUBLIC_TRANSPORT,
        vehicle=vehicle("bus", start_location=1, end_location=1, mfen_per_m=0, max_continuous_drive_s=None),
        price_mfen={1: 4_000_000},
    )
    _, _, means = decide(1, [errand("a", 9), errand("b", 9)], bus, rental(price=0))
    assert means == {0: None, 1: Step.PUBLIC_TRANSPORT}


def test_one_rental_car_carries_two_errands_that_follow_each_other():
    _, _, means = decide(0, [errand("a", 7), errand("b", 14)], rental())
    assert means == {0: Step.TIME_SHARE, 1: Step.TIME_SHARE}


def test_a_rental_is_only_for_who_begins_and_ends_at_its_point():
    base = problem_of(ROAD, [], [errand("a", 9, at=0)])
    with pytest.raises(InvalidProblem):
        add_means(base, [rental(requests=(0,))])
    with pytest.raises(InvalidProblem):
        add_means(base, [rental(requests=(7,))])


def test_many_prices_are_told_by_a_hundred_and_never_lowered():
    requests = [errand(f"r{n:03d}", 9) for n in range(150)]
    base = problem_of(ROAD, [], requests)
    ladder = add_means(base, [replace(rental(), price_mfen={n: n * 1_000 for n in range(150)})])
    prices = [ladder.problem.tier_mfen[int(t)] for t in ladder.problem.tier[:, -1]]
    asked = [2 * 30_000_000 + n * 1_000 for n in range(150)]
    assert all(told >= real for told, real in zip(prices, asked, strict=True))
    assert len(set(prices)) <= 100
    assert np.all(np.diff(prices) >= 0)

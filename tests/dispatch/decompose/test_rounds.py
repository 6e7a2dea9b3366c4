"""Searching in parts: plans hold, repeat, stop in time, and are told about."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.check import check
from dispatch.decompose.rounds import Rhythm
from dispatch.decompose.workers import Here, Processes, Task
from dispatch.plan import Cause
from dispatch.problem import PinnedStop
from dispatch.search.session import Found
from dispatch.solve import Progress, StopRule, is_large, solve, warm_up
from tests.benchmarks.scale_fleet import make_day
from tests.dispatch.generated import make_problem

SMALL = Rhythm(size=7, most_rounds=3)
SHORT = StopRule(iterations=400)


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    warm_up()


class Ticking:
    """A clock that moves by ``step_s`` whenever it is read."""

    def __init__(self, step_s: float) -> None:
        self.now_s, self.step_s = 0.0, step_s

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


def here(clock: Ticking | None = None) -> Here:
    return Here(clock=clock or Ticking(0.0), should_stop=lambda: False)


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), electric=st.sampled_from([0.0, 0.7]), points=st.sampled_from([0, 1]))
def test_no_plan_breaks_the_check(seed: int, electric: float, points: int) -> None:
    problem = make_problem(seed, electric=electric, points=points, side_m=60_000.0, rentals=0.1)
    plan = solve(problem, seed=seed, stop=SHORT, workers=here(), rhythm=SMALL)
    assert check(problem, plan) == ()


def test_a_day_with_drives_by_area_is_planned() -> None:
    problem = make_day(requests=90, vehicles=16, areas=3)
    plan = solve(problem, seed=1, stop=StopRule(iterations=900), workers=here(), rhythm=Rhythm(size=30, most_rounds=3))
    assert check(problem, plan) == ()
    assert len(plan.unserved) <= 2


def test_the_same_seed_and_iterations_give_the_same_plan_in_processes_as_here() -> None:
    problem = make_problem(3, electric=0.5)
    first = solve(problem, seed=5, stop=SHORT, workers=here(), rhythm=SMALL)
    assert solve(problem, seed=5, stop=SHORT, workers=here(), rhythm=SMALL) == first
    alone = Processes(1)
    try:
        assert solve(problem, seed=5, stop=SHORT, workers=alone, rhythm=SMALL) == first
    finally:
        alone.close()


def test_what_is_pinned_stays_even_when_there_is_no_time_at_all() -> None:
    problem = make_problem(3, charters=0.0)
    request = problem.requests[0]
    pins = (
        PinnedStop(request=0, stop=0, location=request.stops[0].location, begin_s=request.stops[0].latest_s,
                   depart_s=request.stops[0].latest_s + 60),
    )  # fmt: skip
    permitted = replace(request, kinds=0, equipment=0, group=problem.vehicles[0].group, seats=1)
    fleet = (replace(problem.vehicles[0], pinned=pins, battery=None), *problem.vehicles[1:])
    problem = replace(problem, vehicles=fleet, requests=(permitted, *problem.requests[1:]))
    for stop in (SHORT, StopRule(seconds=60, should_cancel=lambda: True)):
        plan = solve(problem, seed=1, stop=stop, workers=here(), rhythm=SMALL)
        assert check(problem, plan) == ()
        assert any(route.vehicle == 0 for route in plan.routes)


def test_the_time_limit_is_kept_on_an_injected_clock() -> None:
    problem = make_problem(3, electric=0.5, requests=30)
    clock = Ticking(0.1)
    solve(problem, seed=1, stop=StopRule(seconds=40.0), workers=here(clock), rhythm=SMALL, clock=clock)
    assert clock.now_s <= 40.0 * 1.05


def test_progress_is_told_about_once_a_second_and_gets_better() -> None:
    problem = make_problem(3, requests=40)
    told: list[Progress] = []
    clock = Ticking(0.1)
    plan = solve(
        problem,
        seed=1,
        stop=StopRule(seconds=60.0, on_progress=told.append),
        workers=here(clock),
        rhythm=SMALL,
        clock=clock,
    )
    assert 3 < len(told) <= 61
    assert [p.elapsed_s for p in told] == sorted(p.elapsed_s for p in told)
    assert told[-1].objective_mfen < told[0].objective_mfen
    assert plan.iterations >= told[-1].iterations > 0


def test_a_cancelled_search_leaves_everybody_unserved_with_a_reason() -> None:
    problem = make_problem(3)
    plan = solve(problem, seed=1, stop=StopRule(seconds=60, should_cancel=lambda: True), workers=here(), rhythm=SMALL)
    assert check(problem, plan) == ()
    assert len(plan.unserved) == len(problem.requests)


class Dying:
    """Workers whose processes die."""

    count = 2

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass

    def submit(self, task: Task) -> Future[Found]:
        future: Future[Found] = Future()
        future.set_exception(BrokenProcessPool(f"killed with {len(task.problem.requests)} requests"))
        return future


def test_where_processes_die_the_search_goes_on_without_them() -> None:
    problem = make_problem(3)
    plan = solve(problem, seed=1, stop=SHORT, workers=Dying(), rhythm=SMALL)
    assert check(problem, plan) == ()
    assert len(plan.unserved) < 10


def test_two_thousand_requests_are_large_and_two_hundred_are_not() -> None:
    assert not is_large(make_day(requests=200, vehicles=30, areas=2))
    assert is_large(make_day(requests=2_000, vehicles=30, areas=2))


def test_a_large_day_without_vehicles_is_answered() -> None:
    day = make_day(requests=2_000, vehicles=1, areas=2)
    empty = replace(day, vehicles=())
    plan = solve(empty, seed=1, stop=StopRule(seconds=60))
    assert check(empty, plan) == ()
    assert {reason.code for u in plan.unserved for reason in u.reasons} == {Cause.NO_VEHICLE}


def test_requests_that_are_all_the_same_are_answered() -> None:
    """One request many times over: cut by chance, asked about once."""
    day = make_day(requests=30, vehicles=6, areas=1)
    same = replace(day, requests=tuple(replace(day.requests[0], id=f"r{i}") for i in range(400)))
    plan = solve(same, seed=1, stop=StopRule(iterations=100), workers=here(), rhythm=Rhythm(size=100, most_rounds=2))
    assert check(same, plan) == ()

"""Input that nothing good can come of: a clear error or an honest unserved, never a hang."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dispatch.check import check
from dispatch.exact.prove import prove
from dispatch.plan import Cause, Plan
from dispatch.problem import Problem
from dispatch.solve import StopRule, solve, warm_up
from tests.dispatch.generated import make_problem

SHORT = StopRule(iterations=100)
TABLES = ("drive_s", "drive_m", "drive_wh", "toll_fen")


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    warm_up()


def judged(problem: Problem) -> Plan:
    plan = solve(problem, seed=1, stop=SHORT)
    assert check(problem, plan) == ()
    return plan


def test_vehicles_without_a_way_home() -> None:
    problem = make_problem(1, electric=0.3)
    legs = problem.legs[0]
    gone = np.zeros(legs.drive_s.shape, bool)
    gone[1:, 0] = True
    cut = replace(legs, **{name: np.where(gone, -1, getattr(legs, name)) for name in TABLES})
    stuck = tuple(replace(v, start_location=0, end_location=0) for v in problem.vehicles)
    plan = judged(replace(problem, legs=(cut,), vehicles=stuck))
    assert plan.routes == ()
    assert {r.code for u in plan.unserved for r in u.reasons} == {Cause.UNREACHABLE}


def test_the_longest_legs_that_a_table_can_hold() -> None:
    problem = make_problem(1, electric=0.3)
    legs = problem.legs[0]
    longest = np.iinfo(np.int32).max
    tables = {n: np.where(legs.drive_s > 0, longest, 0).astype(np.int32) for n in ("drive_s", "drive_m", "toll_fen")}
    far = replace(problem, legs=(replace(legs, **tables),))
    assert len(judged(far).unserved) == len(problem.requests)
    patient = replace(
        far, vehicles=tuple(replace(v, max_drive_s=None, max_route_s=None, mfen_per_m=10**9) for v in far.vehicles)
    )
    assert len(judged(patient).unserved) == len(problem.requests)


def test_the_highest_prices_that_are_allowed() -> None:
    problem = make_problem(1, electric=0.0)
    dear = replace(problem, vehicles=tuple(replace(v, fixed_mfen=2**52) for v in problem.vehicles))
    assert judged(dear).routes == (), "whoever costs more than to be left out stays at home"
    worth = replace(problem, requests=tuple(replace(r, penalty_mfen=2**53, priority=0) for r in problem.requests))
    assert len(judged(worth).unserved) < len(problem.requests)


@pytest.mark.parametrize("seed", range(4))
def test_ways_round_that_are_shorter_than_the_way(seed: int) -> None:
    problem = make_problem(seed, vehicles=2, requests=4, places=7, electric=0.5, side_m=30_000.0, sites=1)
    legs, rng = problem.legs[0], np.random.default_rng(seed)
    far = rng.random(legs.drive_s.shape) < 0.3
    np.fill_diagonal(far, False)
    odd = replace(legs, drive_s=np.where(far, 5, 1) * legs.drive_s, drive_m=np.where(far, 5, 1) * legs.drive_m)
    twisted = replace(problem, legs=(odd,), requests=tuple(replace(r, priority=0) for r in problem.requests))
    best, found = prove(twisted).plan, judged(twisted)
    assert check(twisted, best) == ()
    assert best.cost_mfen + best.penalty_mfen <= found.cost_mfen + found.penalty_mfen


def test_many_identical_requests_for_two_vehicles() -> None:
    problem = make_problem(1, vehicles=2, electric=0.0, charters=0.0)
    one = replace(problem.requests[0], kinds=0, equipment=0, seats=1, shareable=True, group=0)
    vehicles = tuple(replace(v, group=0) for v in problem.vehicles)
    many = tuple(replace(one, id=f"r{i:04}") for i in range(150))
    plan = judged(replace(problem, vehicles=vehicles, requests=many))
    assert 0 < len(many) - len(plan.unserved) <= sum(v.seats for v in vehicles) * 3
    assert all(u.reasons for u in plan.unserved)

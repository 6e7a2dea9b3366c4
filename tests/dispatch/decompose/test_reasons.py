"""Causes found among the vehicles nearby are those of the whole."""

from __future__ import annotations

from dataclasses import replace

from dispatch.decompose.reasons import explain_nearby
from dispatch.plan import Cause
from dispatch.problem import Problem
from dispatch.solve import assemble
from tests.dispatch.generated import make_problem


def asked(problem: Problem) -> dict[int, set[Cause]]:
    plan = assemble(problem, problem.digest(), [], seed=1, iterations=0)
    told = explain_nearby(problem, plan, should_stop=lambda: False)
    return {u.request: {reason.code for reason in u.reasons if reason.proven} for u in told.unserved}


def test_who_could_be_served_alone_lost_to_others() -> None:
    problem = make_problem(3, electric=0.0, charters=0.0)
    first = problem.requests[0]
    easy = replace(first, seats=1, kinds=0, equipment=0, group=problem.vehicles[0].group)
    assert Cause.LOST_TO in asked(replace(problem, requests=(easy, *problem.requests[1:])))[0]


def test_who_has_a_simple_cause_keeps_it() -> None:
    problem = make_problem(3)
    crowd = replace(problem.requests[0], seats=50, kinds=0, equipment=0)
    assert asked(replace(problem, requests=(crowd, *problem.requests[1:])))[0] == {Cause.CAPACITY}


def test_nothing_is_claimed_without_time() -> None:
    problem = make_problem(3)
    plan = assemble(problem, problem.digest(), [], seed=1, iterations=0, should_stop=lambda: True)
    assert explain_nearby(problem, plan, should_stop=lambda: True) == plan
    assert all(not reason.proven for u in plan.unserved for reason in u.reasons)

"""Why not: each cause is found where it was planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from dispatch.check import check
from dispatch.plan import Cause
from dispatch.problem import Problem, RequestSpec
from dispatch.solve import StopRule, solve
from tests.dispatch.generated import make_problem

SHORT = StopRule(iterations=200)


def plain() -> Problem:
    """One petrol car and one easy request that everybody may share."""
    problem = make_problem(2, vehicles=1, requests=1, places=6, electric=0.0, charters=0.0, side_m=20_000.0)
    request = replace(problem.requests[0], group=0, kinds=0, equipment=0, seats=1, shareable=False, max_ride_s=None)
    vehicle = replace(problem.vehicles[0], group=0, seats=4, equipment=0, max_drive_s=None, max_route_s=None)
    return replace(
        problem,
        vehicles=(vehicle,),
        requests=(request,),
        tier=np.ones((3, 3), np.int8),
        tier_refusal=np.zeros((3, 3), np.int8),
    )


def with_request(problem: Problem, edit: Callable[[RequestSpec], RequestSpec]) -> Problem:
    return replace(problem, requests=(edit(problem.requests[0]),))


def causes(problem: Problem) -> dict[str, set[Cause]]:
    plan = solve(problem, seed=1, stop=SHORT)
    assert check(problem, plan) == ()
    return {problem.requests[u.request].id: {r.code for r in u.reasons if r.proven} for u in plan.unserved}


def test_the_easy_request_is_served() -> None:
    assert causes(plain()) == {}


@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        (lambda p: with_request(p, lambda r: replace(r, max_ride_s=0)), Cause.RIDE_TIME),
        (lambda p: with_request(p, lambda r: replace(r, seats=9)), Cause.CAPACITY),
        (lambda p: with_request(p, lambda r: replace(r, equipment=4)), Cause.VEHICLE_NOT_ALLOWED),
        (lambda p: replace(p, vehicles=(replace(p.vehicles[0], max_drive_s=1),)), Cause.DRIVER_HOURS),
        (lambda p: replace(p, vehicles=(replace(p.vehicles[0], max_route_s=1),)), Cause.DURATION),
        (lambda p: replace(p, vehicles=(replace(p.vehicles[0], windows=((0, 60),)),)), Cause.TIME_WINDOWS),
    ],
)
def test_a_planted_cause_is_found(damage: Callable[[Problem], Problem], cause: Cause) -> None:
    found = causes(damage(plain()))
    assert cause in found["r0"]


def test_an_empty_battery() -> None:
    electric = make_problem(2, vehicles=1, requests=1, places=6, electric=1.0, charters=0.0, side_m=20_000.0)
    easy = plain()
    battery = electric.vehicles[0].battery
    assert battery is not None
    low = replace(battery, initial_wh=battery.reserve_wh, final_wh=battery.reserve_wh)
    problem = replace(easy, vehicles=(replace(easy.vehicles[0], battery=low),), charge_groups=(), site_power_w=())
    assert causes(problem)["r0"] == {Cause.SOC}


def test_whoever_loses_to_a_more_urgent_party() -> None:
    problem = plain()
    first = problem.requests[0]
    # both at the same minute: one car cannot be at two parties' service
    stops = (replace(first.stops[0], latest_s=first.stops[0].earliest_s + 30, service_s=60), first.stops[1])
    urgent = replace(first, id="urgent", priority=0, stops=stops)
    ordinary = replace(first, id="ordinary", priority=3, stops=stops)
    found = causes(replace(problem, requests=(ordinary, urgent)))
    assert set(found) == {"ordinary"}
    assert Cause.LOST_TO in found["ordinary"]

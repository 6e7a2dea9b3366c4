"""The checker: finds every kind of damage done to a good plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from dispatch.check import Breach, check
from dispatch.plan import Plan, Route, Stop, StopKind
from dispatch.problem import Problem
from dispatch.solve import StopRule, solve
from tests.dispatch.generated import make_problem


@pytest.fixture(scope="module")
def good() -> tuple[Problem, Plan]:
    problem = make_problem(9, vehicles=8, requests=24, electric=0.8, side_m=70_000.0)
    plan = solve(problem, seed=1, stop=StopRule(iterations=500))
    assert check(problem, plan) == ()
    kinds = {s.kind for r in plan.routes for s in r.stops}
    assert StopKind.CHARGE in kinds
    return problem, plan


def change(plan: Plan, wanted: Callable[[Stop], bool], edit: Callable[[Stop], Stop]) -> Plan:
    """Edit the first stop that is wanted."""
    for x, route in enumerate(plan.routes):
        for y, stop in enumerate(route.stops):
            if wanted(stop):
                stops = (*route.stops[:y], edit(stop), *route.stops[y + 1 :])
                routes = (*plan.routes[:x], replace(route, stops=stops), *plan.routes[x + 1 :])
                return replace(plan, routes=routes)
    raise AssertionError("no such stop")


def drop_stop(plan: Plan, wanted: Callable[[Stop], bool]) -> Plan:
    for x, route in enumerate(plan.routes):
        for y, stop in enumerate(route.stops):
            if wanted(stop):
                stops = route.stops[:y] + route.stops[y + 1 :]
                return replace(plan, routes=(*plan.routes[:x], replace(route, stops=stops), *plan.routes[x + 1 :]))
    raise AssertionError("no such stop")


def is_kind(kind: StopKind) -> Callable[[Stop], bool]:
    return lambda stop: stop.kind is kind


def first_routes(plan: Plan, edit: Callable[[Route], Route]) -> Plan:
    return replace(plan, routes=(edit(plan.routes[0]), *plan.routes[1:]))


MUTATIONS: dict[Breach, Callable[[Plan], Plan]] = {
    Breach.DIGEST: lambda p: replace(p, problem_digest="0" * 64),
    Breach.UNKNOWN: lambda p: first_routes(p, lambda r: replace(r, vehicle=99)),
    Breach.VEHICLE_REUSED: lambda p: replace(p, routes=(*p.routes, p.routes[0])),
    Breach.ROUTE_SHAPE: lambda p: first_routes(p, lambda r: replace(r, stops=r.stops[1:])),
    Breach.MISSING_STOP: lambda p: drop_stop(p, is_kind(StopKind.DROPOFF)),
    Breach.UNACCOUNTED: lambda p: replace(p, routes=p.routes[1:]),
    Breach.LOAD: lambda p: change(p, is_kind(StopKind.PICKUP), lambda s: replace(s, load=s.load + 1)),
    Breach.LOCATION: lambda p: change(
        p, is_kind(StopKind.PICKUP), lambda s: replace(s, location=(s.location + 1) % 15)
    ),
    Breach.TIME_ORDER: lambda p: change(p, is_kind(StopKind.PICKUP), lambda s: replace(s, depart_s=s.begin_s - 1)),
    Breach.TIME_WINDOW: lambda p: change(p, is_kind(StopKind.PICKUP), lambda s: replace(s, begin_s=1, arrive_s=1)),
    Breach.SERVICE_TIME: lambda p: change(p, is_kind(StopKind.PICKUP), lambda s: replace(s, depart_s=s.begin_s)),
    Breach.LEG: lambda p: change(p, is_kind(StopKind.DROPOFF), lambda s: replace(s, leg_m=s.leg_m + 1)),
    Breach.STATED_CHARGE: lambda p: change(
        p, lambda s: s.kind is StopKind.PICKUP and s.charge_wh is not None, lambda s: replace(s, charge_wh=1)
    ),
    Breach.BATTERY_OVERFULL: lambda p: change(p, is_kind(StopKind.CHARGE), lambda s: replace(s, charged_wh=10**6)),
    Breach.CHARGE_TIME: lambda p: change(p, is_kind(StopKind.CHARGE), lambda s: replace(s, depart_s=s.begin_s + 1)),
    Breach.COST: lambda p: first_routes(p, lambda r: replace(r, cost_mfen=r.cost_mfen - 1)),
    Breach.PENALTY: lambda p: replace(p, penalty_mfen=p.penalty_mfen + 1),
    Breach.BOUND: lambda p: replace(p, bound_mfen=p.cost_mfen + p.penalty_mfen + 1),
    Breach.CHARGE_NOT_ALLOWED: lambda p: change(p, is_kind(StopKind.PICKUP), lambda s: replace(s, charged_wh=5)),
}


@pytest.mark.parametrize("cause", list(MUTATIONS), ids=str)
def test_damage_is_named(good: tuple[Problem, Plan], cause: Breach) -> None:
    problem, plan = good
    assert cause in {v.cause for v in check(problem, MUTATIONS[cause](plan))}


def test_a_charge_left_out_empties_the_battery(good: tuple[Problem, Plan]) -> None:
    problem, plan = good
    causes = {
        v.cause for v in check(problem, change(plan, is_kind(StopKind.CHARGE), lambda s: replace(s, charged_wh=0)))
    }
    assert causes & {Breach.BATTERY_RESERVE, Breach.BATTERY_FINAL}


@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        (lambda p: replace(p, vehicles=tuple(replace(v, seats=1) for v in p.vehicles)), Breach.CAPACITY),
        (lambda p: replace(p, vehicles=tuple(replace(v, max_route_s=60) for v in p.vehicles)), Breach.ROUTE_DURATION),
        (lambda p: replace(p, vehicles=tuple(replace(v, max_drive_s=60) for v in p.vehicles)), Breach.DRIVE_LIMIT),
        (
            lambda p: replace(p, vehicles=tuple(replace(v, windows=((0, 60),)) for v in p.vehicles)),
            Breach.VEHICLE_WINDOW,
        ),
        (lambda p: replace(p, vehicles=tuple(replace(v, self_drive=True) for v in p.vehicles)), Breach.SELF_DRIVE),
        (lambda p: replace(p, requests=tuple(replace(r, equipment=8) for r in p.requests)), Breach.NOT_ALLOWED),
        (lambda p: replace(p, requests=tuple(replace(r, max_ride_s=1) for r in p.requests)), Breach.RIDE_TIME),
        (lambda p: replace(p, site_power_w=tuple(1 for _ in p.site_power_w)), Breach.SITE_POWER),
        (
            lambda p: replace(p, charge_groups=tuple(replace(g, points=0) for g in p.charge_groups)),
            Breach.CHARGE_POINTS,
        ),
        (
            lambda p: replace(p, vehicles=tuple(replace(v, max_continuous_drive_s=900) for v in p.vehicles)),
            Breach.REST,
        ),
    ],
)
def test_a_plan_is_judged_by_its_problem(
    good: tuple[Problem, Plan], damage: Callable[[Problem], Problem], cause: Breach
) -> None:
    problem, plan = good
    assert cause in {v.cause for v in check(damage(problem), plan)}


def test_an_exclusive_party_rides_alone() -> None:
    problem = make_problem(1, vehicles=2, requests=12, electric=0.0, charters=0.0, side_m=4_000.0)
    shared = replace(
        problem,
        requests=tuple(
            replace(r, shareable=True, group=0, max_ride_s=None, kinds=0, seats=1) for r in problem.requests
        ),
    )
    plan = solve(shared, seed=1, stop=StopRule(iterations=600))
    most = max(s.load for r in plan.routes for s in r.stops)
    assert most > 1
    alone = replace(shared, requests=tuple(replace(r, shareable=False) for r in shared.requests))
    assert Breach.EXCLUSIVE in {v.cause for v in check(alone, replace(plan, problem_digest=alone.digest()))}

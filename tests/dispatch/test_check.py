"""The checker: finds every kind of damage done to a good plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from dispatch.check import Breach, check
from dispatch.plan import Cause, Plan, Reason, Route, Stop, StopKind, Unserved
from dispatch.problem import PinnedStop, Problem
from dispatch.solve import StopRule, solve
from tests.dispatch.generated import make_problem
from tests.dispatch.straight_road import HOUR, line, pin, problem_of, transfer, vehicle
from tests.dispatch.test_coupling import CASES


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


def split(plan: Plan) -> Plan:
    """Move the last drop-off of the first route into the second."""
    a, b = plan.routes[0], plan.routes[1]
    at = max(i for i, s in enumerate(a.stops) if s.kind is StopKind.DROPOFF)
    first = replace(a, stops=a.stops[:at] + a.stops[at + 1 :])
    second = replace(b, stops=(*b.stops[:-1], a.stops[at], b.stops[-1]))
    return replace(plan, routes=(first, second, *plan.routes[2:]))


def turned(plan: Plan) -> Plan:
    """Visit the first request of the first route in the wrong order."""
    route = plan.routes[0]
    mine = next(s.request for s in route.stops if s.request is not None)
    places = [i for i, s in enumerate(route.stops) if s.request == mine]
    stops = list(route.stops)
    stops[places[0]], stops[places[-1]] = stops[places[-1]], stops[places[0]]
    return replace(plan, routes=(replace(route, stops=tuple(stops)), *plan.routes[1:]))


def twice(plan: Plan) -> Plan:
    """Serve the first pick-up a second time."""
    route = plan.routes[0]
    at = next(i for i, s in enumerate(route.stops) if s.kind is StopKind.PICKUP)
    stops = (*route.stops[: at + 1], *route.stops[at:])
    return replace(plan, routes=(replace(route, stops=stops), *plan.routes[1:]))


def charged_with_company(plan: Plan) -> Plan:
    """Let the vehicle charge right after a pick-up."""
    for x, route in enumerate(plan.routes):
        at = next((i for i, s in enumerate(route.stops) if s.kind is StopKind.PICKUP and s.charge_wh is not None), None)
        if at is not None:
            plug = replace(route.stops[at], kind=StopKind.CHARGE, request=None, stop=None, charge_group=0)
            stops = (*route.stops[: at + 1], plug, *route.stops[at + 1 :])
            return replace(plan, routes=(*plan.routes[:x], replace(route, stops=stops), *plan.routes[x + 1 :]))
    raise AssertionError("no battery vehicle picks anybody up")


MUTATIONS |= {
    Breach.DUPLICATE: twice,
    Breach.STOP_ORDER: turned,
    Breach.SPLIT: split,
    Breach.BOTH_SERVED_AND_NOT: lambda p: replace(
        p,
        unserved=(
            *p.unserved,
            Unserved(
                request=next(s.request for s in p.routes[0].stops if s.request is not None),
                reasons=(Reason(code=Cause.UNPROVEN, proven=False),),
            ),
        ),
    ),
    Breach.CHARGE_OCCUPIED: charged_with_company,
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


def unreachable(problem: Problem) -> Problem:
    legs = problem.legs[0]
    gone = ~np.eye(len(legs.drive_s), dtype=bool)
    names = ("drive_s", "drive_m", "drive_wh", "toll_fen")
    return replace(problem, legs=(replace(legs, **{n: np.where(gone, -1, getattr(legs, n)) for n in names}),))


def elsewhere(problem: Problem) -> Problem:
    stop = PinnedStop(request=None, stop=0, location=0, begin_s=7, depart_s=8)
    return replace(problem, vehicles=tuple(replace(v, pinned=(stop,)) for v in problem.vehicles))


def batteries(**values: int) -> Callable[[Problem], Problem]:
    return lambda p: replace(
        p,
        vehicles=tuple(
            v if v.battery is None else replace(v, battery=replace(v.battery, **values)) for v in p.vehicles
        ),
    )


PROBLEMS: list[tuple[Callable[[Problem], Problem], Breach]] = [
    (unreachable, Breach.UNREACHABLE),
    (batteries(reserve_wh=19_000), Breach.BATTERY_RESERVE),
    (batteries(final_wh=20_000), Breach.BATTERY_FINAL),
    (elsewhere, Breach.PINNED),
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
]


@pytest.mark.parametrize(
    ("damage", "cause"), PROBLEMS, ids=lambda value: str(value) if isinstance(value, Breach) else ""
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


def test_every_kind_of_damage_has_its_test() -> None:
    tested = {*MUTATIONS, *(cause for _, cause in PROBLEMS), Breach.EXCLUSIVE, *CASES}
    assert tested == set(Breach) - {Breach.RULE}, "RULE is what the judge of rules says"


STATED: dict[str, Callable[[Stop], Stop]] = {
    "load": lambda s: replace(s, load=s.load + 1),
    "leg_s": lambda s: replace(s, leg_s=s.leg_s + 1),
    "leg_m": lambda s: replace(s, leg_m=s.leg_m - 1),
    "leg_toll_fen": lambda s: replace(s, leg_toll_fen=s.leg_toll_fen + 1),
    "location": lambda s: replace(s, location=(s.location + 1) % 15),
    "kind": lambda s: replace(s, kind=StopKind.REST),
    "charge_wh": lambda s: replace(s, charge_wh=1 if s.charge_wh is None else s.charge_wh + 1),
    "charged_wh": lambda s: replace(s, charged_wh=s.charged_wh + 1),
    "begin_s": lambda s: replace(s, begin_s=s.begin_s - 86_400),
    "arrive_s": lambda s: replace(s, arrive_s=s.arrive_s - 86_400),
    "depart_s": lambda s: replace(s, depart_s=s.depart_s - 86_400),
}


@pytest.mark.parametrize("field", list(STATED))
def test_no_stop_states_anything_false_unnoticed(good: tuple[Problem, Plan], field: str) -> None:
    problem, plan = good
    for x, route in enumerate(plan.routes):
        for y, stop in enumerate(route.stops[1:], 1):
            stops = (*route.stops[:y], STATED[field](stop), *route.stops[y + 1 :])
            routes = (*plan.routes[:x], replace(route, stops=stops), *plan.routes[x + 1 :])
            if stops[y] != stop:
                assert check(problem, replace(plan, routes=routes)), (route.vehicle, y, stop)


def out(**limits: object) -> tuple[Problem, Plan]:
    """A vehicle that is out, has brought home whom it had begun to serve, and serves another one."""
    asked = [transfer("begun", 1, 2, 8 * HOUR, 8 * HOUR), transfer("new", 2, 3, 10 * HOUR, 10 * HOUR)]
    van = vehicle(pinned=(pin(1, 8 * HOUR, request=0), pin(2, 9 * HOUR, request=0, stop=1)))
    problem = problem_of(line([0, 0.5, 1, 1.5]), [van], asked)
    plan = solve(problem, seed=1, stop=StopRule(iterations=100))
    assert check(problem, plan) == ()
    assert plan.unserved == ()
    changed = replace(problem, vehicles=(replace(van, **limits),))
    return changed, replace(plan, problem_digest=changed.digest())


@pytest.mark.parametrize(
    ("limit", "cause"),
    [
        ({"windows": ((6 * HOUR, 11 * HOUR),)}, Breach.VEHICLE_WINDOW),
        ({"windows": ((6 * HOUR, 8 * HOUR), (9 * HOUR + 1, 22 * HOUR))}, Breach.VEHICLE_WINDOW),
        ({"max_route_s": 4 * HOUR}, Breach.ROUTE_DURATION),
        ({"max_drive_s": 2 * HOUR}, Breach.DRIVE_LIMIT),
    ],
)
def test_what_is_added_to_a_vehicle_that_is_out_keeps_its_limits(limit: dict[str, object], cause: Breach) -> None:
    problem, plan = out(**limit)
    assert cause in {v.cause for v in check(problem, plan)}


def test_leaving_later_on_paper_makes_no_route_shorter() -> None:
    problem, plan = out(max_route_s=4 * HOUR)
    late = first_routes(plan, lambda r: replace(r, stops=(replace(r.stops[0], depart_s=8 * HOUR), *r.stops[1:])))
    assert Breach.ROUTE_DURATION in {v.cause for v in check(problem, late)}


def test_standing_at_the_pickup_with_the_party_is_riding() -> None:
    asked = [transfer("r", 1, 2, 8 * HOUR, 10 * HOUR)]
    problem = problem_of(line([0, 0.5, 1]), [vehicle()], asked)
    plan = solve(problem, seed=1, stop=StopRule(iterations=100))
    assert plan.unserved == ()
    strict = replace(problem, requests=(replace(asked[0], max_ride_s=HOUR),))
    # the vehicle stays at the pick-up for as long as it would have to wait at the drop-off
    stay = change(plan, is_kind(StopKind.PICKUP), lambda s: replace(s, depart_s=9 * HOUR + 1800))
    stay = change(stay, is_kind(StopKind.DROPOFF), lambda s: replace(s, arrive_s=10 * HOUR))
    assert Breach.RIDE_TIME in {v.cause for v in check(strict, stay)}

"""A part is a problem of its own, and its routes are routes of the whole."""

from __future__ import annotations

from dataclasses import replace

from dispatch.check import Breach, check
from dispatch.decompose.division import Part
from dispatch.decompose.part import cut, holds_of, inward, outward
from dispatch.problem import HeldPoint, PinnedStop
from dispatch.solve import StopRule, assemble, solve
from tests.dispatch.generated import make_problem

EVERYTHING = StopRule(iterations=300)


def test_the_way_out_and_back_changes_nothing() -> None:
    problem = make_problem(3, electric=0.5)
    plan = solve(problem, seed=1, stop=EVERYTHING)
    routes = {route.vehicle: route for route in plan.routes}
    mine = sorted(routes)[:3]
    requests = sorted({s.request for v in mine for s in routes[v].stops if s.request is not None})
    part = Part(vehicles=tuple(mine), requests=tuple(requests), sites=frozenset({0, 1, 2}))
    piece = cut(problem, part, holds_of(problem, routes))
    inside = inward(piece, routes)
    assert outward(problem, piece, inside) == {v: routes[v] for v in mine}
    answer = assemble(piece.problem, piece.problem.digest(), list(inside), seed=1, iterations=0)
    assert check(piece.problem, answer) == ()


def test_points_of_other_vehicles_and_of_other_parts_are_held() -> None:
    problem = make_problem(3, electric=1.0, sites=2)
    pin = PinnedStop(request=None, stop=0, location=problem.charge_groups[1].location, begin_s=20_000, depart_s=22_000,
                     charge_group=1, charged_wh=500)  # fmt: skip
    other = PinnedStop(request=None, stop=0, location=problem.charge_groups[0].location, begin_s=30_000, depart_s=32_000,
                       charge_group=0, charged_wh=500)  # fmt: skip
    fleet = list(problem.vehicles)
    fleet[0], fleet[1] = replace(fleet[0], pinned=(pin,)), replace(fleet[1], pinned=(other,))
    problem = replace(problem, vehicles=tuple(fleet))
    piece = cut(problem, Part(vehicles=(0,), requests=(4,), sites=frozenset({0})), holds_of(problem, {}))
    assert [piece.groups[h.charge_group] for h in piece.problem.held_points] == [1, 0]
    blocked, taken = piece.problem.held_points
    assert blocked.begin_s < 0
    assert blocked.end_s > problem.horizon_s
    assert (taken.begin_s, taken.end_s) == (30_000, 32_000)
    assert piece.problem.vehicles[0].pinned[0].charge_group == 1


def test_a_promise_of_a_vehicle_that_is_elsewhere_is_a_change_whoever_comes() -> None:
    problem = make_problem(3, charters=0.0, electric=0.0)
    asked = tuple(replace(r, promised_vehicle=7, change_mfen=900_000) for r in problem.requests)
    problem = replace(problem, requests=asked)
    part = Part(vehicles=tuple(range(7)), requests=tuple(range(20)), sites=frozenset())
    piece = cut(problem, part, {})
    assert {r.promised_vehicle for r in piece.problem.requests} == {None}
    found = solve(piece.problem, seed=1, stop=EVERYTHING)
    routes = list(outward(problem, piece, found.routes).values())
    assert routes
    assert check(problem, assemble(problem, problem.digest(), routes, seed=1, iterations=0)) == ()


def test_a_point_that_is_held_cannot_be_used_at_that_time() -> None:
    problem = make_problem(9, electric=1.0, sites=1, side_m=60_000.0)
    plan = solve(problem, seed=1, stop=EVERYTHING)
    [stop, *_] = [s for route in plan.routes for s in route.stops if s.charge_group is not None]
    held = replace(problem, held_points=(HeldPoint(charge_group=0, begin_s=stop.begin_s - 5, end_s=stop.begin_s + 5),))
    causes = {v.cause for v in check(held, replace(plan, problem_digest=held.digest()))}
    assert causes & {Breach.CHARGE_POINTS, Breach.SITE_POWER}
    assert check(held, solve(held, seed=1, stop=EVERYTHING)) == ()

"""Why somebody is left over on a large day: asked of the vehicles nearby.

What is found there holds for the whole day: a request that some vehicles could serve if it were alone lost them to others,
and a constraint whose dropping lets it into their present routes keeps it out of those. What is not found is not proved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from dispatch.decompose.coordinates import Points, coordinates
from dispatch.decompose.division import Part
from dispatch.decompose.part import cut, holds_of, inward
from dispatch.explain import accepted, relaxations
from dispatch.plan import Cause, Plan, Reason, Route
from dispatch.problem import Problem
from dispatch.search.lowering import allowed_price
from dispatch.search.tables import INF

NEARBY = 40
"""Vehicles that are asked."""
TOGETHER = 30
"""Requests that are asked about at a time."""


def explain_nearby(problem: Problem, plan: Plan, *, should_stop: Callable[[], bool]) -> Plan:
    """Return the plan with proven causes in place of ``X_UNPROVEN`` where they are found before ``should_stop``."""
    asked = [u.request for u in plan.unserved if not any(reason.proven for reason in u.reasons)]
    if not asked or should_stop():
        return plan
    routes = {route.vehicle: route for route in plan.routes}
    points = coordinates(problem)
    homes = points[[vehicle.start_location for vehicle in problem.vehicles]]
    reasons: dict[int, tuple[Reason, ...]] = {}
    while asked and not should_stop():
        place = points[problem.requests[asked[0]].stops[0].location]
        asked.sort(key=lambda r: float(((points[problem.requests[r].stops[0].location] - place) ** 2).sum()))
        batch, asked = asked[:TOGETHER], asked[TOGETHER:]
        reasons.update(_ask(problem, routes, batch, _nearest(problem, homes, points, batch), should_stop))
    unserved = tuple(replace(u, reasons=reasons.get(u.request, u.reasons)) for u in plan.unserved)
    return replace(plan, unserved=unserved)


def _nearest(problem: Problem, homes: Points, points: Points, batch: list[int]) -> list[int]:
    """Return the vehicles nearest to the requests of those that are permitted at all, each request's own in turn."""
    found: dict[int, None] = {}
    most = max(4, NEARBY // len(batch))
    for r in batch:
        request = problem.requests[r]
        order = np.argsort(((homes - points[request.stops[0].location]) ** 2).sum(axis=1), kind="stable")
        mine = 0
        for v in order.tolist():
            if allowed_price(problem, request, problem.vehicles[v]) < INF:
                found.setdefault(v)
                mine += 1
                if mine == most:
                    break
    return sorted(found)


def _ask(
    problem: Problem, routes: dict[int, Route], batch: list[int], vehicles: list[int], should_stop: Callable[[], bool]
) -> dict[int, tuple[Reason, ...]]:
    if not vehicles or should_stop():
        return {}
    theirs = {s.request for v in vehicles if v in routes for s in routes[v].stops if s.request is not None}
    begun = {pin.request for v in vehicles for pin in problem.vehicles[v].pinned if pin.request is not None}
    requests = tuple(sorted(theirs | begun | set(batch)))
    sites = frozenset(group.site for group in problem.charge_groups)
    piece = cut(problem, Part(vehicles=tuple(vehicles), requests=requests, sites=sites), holds_of(problem, routes))
    small = piece.problem
    present = Plan(
        problem_digest="",
        routes=inward(piece, {v: routes[v] for v in vehicles if v in routes}),
        unserved=(),
        cost_mfen=0,
        penalty_mfen=0,
        bound_mfen=None,
        seed=0,
        iterations=0,
    )
    number = {r: i for i, r in enumerate(requests)}
    alone = accepted(small, None, [number[r] for r in batch])
    reasons: dict[int, tuple[Reason, ...]] = {i: (Reason(code=Cause.LOST_TO, proven=True),) for i in alone}
    for code, relaxed in relaxations(small, frozenset(number[r] for r in batch)):
        if should_stop():
            break
        for i in accepted(relaxed, present, alone):
            # the particular cause before the general one
            reasons[i] = (Reason(code=code, proven=True), *reasons[i])
    return {requests[i]: found for i, found in reasons.items()}

"""Why not: causes of unserved requests, each proved by dropping one constraint and finding that the request is then served.

Two questions are asked of every request that is left over. Could it be served if it were alone with the whole fleet? Then it
lost its vehicle to others. And which single constraint, dropped for this request or for the vehicles, lets it into the
present plan (or, where it cannot be served even alone, into an empty one)? What neither answers stays ``X_UNPROVEN``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from dispatch.plan import Cause, Plan, Reason
from dispatch.problem import Problem, RequestKind, RequestSpec, TierRefusal
from dispatch.search.causes import Judge
from dispatch.search.coupling import Rows
from dispatch.search.engine import Engine
from dispatch.search.lowering import lower
from dispatch.search.warm import routes_of

_FAR_S = 10**8


def explain(problem: Problem, plan: Plan, *, should_stop: Callable[[], bool] | None = None) -> Plan:
    """Return the plan with proven causes in place of ``X_UNPROVEN`` where they can be found before ``should_stop``."""
    open_ones = [u.request for u in plan.unserved if not any(reason.proven for reason in u.reasons)]
    judge = Judge(problem)
    reasons: dict[int, tuple[Reason, ...]] = {index: judge.reasons(index) for index in open_ones}
    asked = [index for index in open_ones if not reasons[index]]

    def stopped() -> bool:
        return should_stop is not None and should_stop()

    if asked and not stopped():
        alone = accepted(problem, None, asked)
        for index in alone:
            reasons[index] = (Reason(code=Cause.LOST_TO, proven=True),)
        for code, relaxed in relaxations(problem, frozenset(asked)):
            for base, group in ((plan, [i for i in asked if i in alone]), (None, [i for i in asked if i not in alone])):
                if not group or stopped():
                    continue
                for index in accepted(relaxed, base, group):
                    # the particular cause before the general one
                    detail = forbidding(problem, index) if code is Cause.VEHICLE_NOT_ALLOWED else {}
                    reasons[index] = (Reason(code=code, proven=True, detail=detail), *reasons[index])
        if problem.coupling and not stopped():
            for index, code in held_back(problem, plan, asked).items():
                reasons[index] = (Reason(code=code, proven=True), *reasons[index])
    unserved = tuple(replace(u, reasons=reasons[u.request]) if reasons.get(u.request) else u for u in plan.unserved)
    return replace(plan, unserved=unserved)


def forbidding(problem: Problem, index: int) -> dict[str, int | str]:
    """Return the refusals, and their rules, that keep vehicles of the right sort from the request (rule R083)."""
    request = problem.requests[index]
    rental = request.kind is RequestKind.RENTAL
    refusals = {int(problem.tier_refusal[request.group, v.group]) for v in problem.vehicles if v.self_drive == rental}
    named = [TierRefusal(number) for number in sorted(refusals - {TierRefusal.ALLOWED})]
    if not named:
        return {"refusal": "KIND_OR_EQUIPMENT"}
    return {
        "refusal": ",".join(own.name for own in named),
        "rules": ",".join(sorted({own.rule_id for own in named})),
    }


def accepted(problem: Problem, plan: Plan | None, asked: Iterable[int]) -> set[int]:
    """Return which of the requests fit, one at a time, into the plan's routes (None: into empty ones)."""
    wanted = sorted(asked)
    if not wanted:
        return set()
    everybody = frozenset(range(len(problem.requests)))
    lowered = lower(problem, relaxed=everybody, only=tuple(wanted) if plan is None else None)
    engine = Engine(lowered.model, seed=0, threads=1)
    if plan is not None:
        engine.load(*routes_of(problem, lowered, engine, plan.routes))
    number = {request: r for r, request in enumerate(lowered.requests)}
    return {index for index in wanted if index in number and engine.offer(number[index])[1] >= 0}


def held_back(problem: Problem, plan: Plan, asked: Iterable[int]) -> dict[int, Cause]:
    """Return the requests that fit into the plan's routes but for one kind of limit between routes, and that kind."""
    everybody = frozenset(range(len(problem.requests)))
    lowered = lower(problem, relaxed=everybody)
    engine = Engine(lowered.model, seed=0, threads=1)
    engine.load(*routes_of(problem, lowered, engine, plan.routes))
    rows, best = Rows(problem, lowered), engine.best
    number = {request: r for r, request in enumerate(lowered.requests)}
    found: dict[int, Cause] = {}
    for index in sorted(asked):
        slot = engine.offer(number[index])[1] if index in number else -1
        if slot >= 0:
            causes = rows.broken_by(number[index], slot, best.b_route_of, best.b_length)
            if len(causes) == 1:
                found[index] = causes.pop()
    return found


def relaxations(problem: Problem, asked: frozenset[int]) -> list[tuple[Cause, Problem]]:
    """Return the problem with one constraint dropped at a time, for the requests asked about or for the vehicles."""

    def requests(edit: Callable[[RequestSpec], RequestSpec]) -> Problem:
        return replace(problem, requests=tuple(edit(r) if i in asked else r for i, r in enumerate(problem.requests)))

    def any_time(request: RequestSpec) -> RequestSpec:
        stops = tuple(replace(s, earliest_s=min(s.earliest_s, 0), latest_s=_FAR_S) for s in request.stops)
        return replace(request, stops=stops)

    open_tiers = np.where(problem.tier < 0, 0, problem.tier).astype(np.int8)
    found = [
        (Cause.TIME_WINDOWS, requests(any_time)),
        (Cause.RIDE_TIME, requests(lambda r: replace(r, max_ride_s=None))),
        (Cause.CAPACITY, requests(lambda r: replace(r, seats=1))),
        (Cause.VEHICLE_NOT_ALLOWED, replace(requests(lambda r: replace(r, kinds=0, equipment=0)), tier=open_tiers)),
    ]
    vehicles = problem.vehicles
    if any(v.battery for v in vehicles):
        found.append((Cause.SOC, replace(problem, vehicles=tuple(replace(v, battery=None) for v in vehicles))))
        groups = tuple(replace(g, points=1_000) for g in problem.charge_groups)
        free = replace(problem, charge_groups=groups, site_power_w=tuple(None for _ in problem.site_power_w))
        if groups:
            found.append((Cause.CHARGE_POINT_BUSY, free))
    hours = tuple(replace(v, max_continuous_drive_s=None, max_drive_s=None) for v in vehicles)
    found.append((Cause.DRIVER_HOURS, replace(problem, vehicles=hours)))
    found.append((Cause.DURATION, replace(problem, vehicles=tuple(replace(v, max_route_s=None) for v in vehicles))))
    mine = problem.digest()
    return [(code, relaxed) for code, relaxed in found if relaxed.digest() != mine]

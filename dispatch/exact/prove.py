"""The entry: a plan with the proof that no other is better."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from dispatch.coupling import Coupling
from dispatch.errors import TooLargeForProof
from dispatch.exact.cover import Cover, Pool, best_cover
from dispatch.exact.duties import begun_requests, classes, duties_of, leg_mfen, needed_s, served_mfen
from dispatch.exact.routes import Enumeration, Purse, Step, place_of
from dispatch.exact.timetable import TimedStop, Timetable
from dispatch.plan import Cause, Plan, Reason, Route, Stop, StopKind, Unserved
from dispatch.problem import Problem
from dispatch.urgency import urgency_weights

MOST_MFEN = 2**52
"""Beyond this, sums of prices may leave the 64 bits of the master."""


@dataclass(frozen=True, kw_only=True)
class ProofLimit:
    """How far to go before a problem is said to be too large: labels of partial routes, seconds in all."""

    labels: int = 400_000
    seconds: float = 600.0


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A plan, and whether it was proved that none weighs less; ``columns_count`` routes were weighed for it."""

    plan: Plan
    optimal: bool
    columns_count: int


def prove(problem: Problem, *, limit: ProofLimit | None = None, should_stop: Callable[[], bool] | None = None) -> Proof:
    """Return the best plan there is; ``Plan.bound_mfen`` is the least sum of cost and penalty that any plan can have.

    The best plan is that of the least cost with whoever is left out at the weight of :mod:`dispatch.urgency`, as in the
    search. Where priorities differ, its sum of cost and penalty may therefore lie above ``bound_mfen``.

    A vehicle visits a charge group at most once between two stops of requests; otherwise everything that the checker
    accepts is weighed.

    Raises
    ------
    TooLargeForProof
        The problem has too many routes, the time was too short for any plan, or it has limits that hold for all routes
        together (``Problem.coupling``), which are not weighed here.
    """
    if problem.coupling != Coupling():
        raise TooLargeForProof("limits over all routes together, which are not weighed", 1, 0)
    limit = limit or ProofLimit()
    clock = time.monotonic
    began = clock()

    def left_s() -> float:
        return limit.seconds - (clock() - began)

    def stopped() -> bool:
        return left_s() <= 0 or bool(should_stop and should_stop())

    begun = begun_requests(problem)
    open_requests = tuple(r for r in range(len(problem.requests)) if r not in begun)
    weights = [int(w) for w in urgency_weights(problem)]
    penalties = [r.penalty_mfen for r in problem.requests]
    if sum(weights) > MOST_MFEN:
        raise TooLargeForProof("penalties", sum(weights), MOST_MFEN)
    pool = Pool(columns=[], class_of=[], classes=classes(problem))
    purse = Purse(limit.labels, stopped)
    ceilings = [max(a, b) for a, b in zip(weights, penalties, strict=True)]
    for k, vehicles in enumerate(pool.classes):
        for duty in duties_of(problem, vehicles[0]):
            routes = Enumeration(problem, duty, open_requests=open_requests, weights=ceilings)
            found = routes.columns(purse)
            pool.columns.extend(found)
            pool.class_of.extend([k] * len(found))
    cover = best_cover(problem, pool, weights, open_requests, left_s=left_s)
    if cover is None:
        raise TooLargeForProof("ways home", 0, 0)
    bound: int | None = cover.bound
    if weights != penalties:
        plain = best_cover(problem, pool, penalties, open_requests, left_s=left_s)
        bound = None if plain is None else plain.bound
    plan = plan_of(problem, cover, bound)
    return Proof(plan=plan, optimal=cover.bound == cover.cost, columns_count=len(pool.columns))


def plan_of(problem: Problem, cover: Cover, bound_mfen: int | None) -> Plan:
    """Write the cover as a plan."""
    routes = sorted(
        (
            _route(problem, vehicle, column.steps, table)
            for column, vehicle, table in zip(cover.columns, cover.vehicles, cover.timed.tables, strict=True)
        ),
        key=lambda route: route.vehicle,
    )
    served = {s.request for route in routes for s in route.stops if s.request is not None}
    left = [r for r in range(len(problem.requests)) if r not in served]
    return Plan(
        problem_digest=problem.digest(),
        routes=tuple(routes),
        unserved=tuple(Unserved(request=r, reasons=(Reason(code=Cause.UNPROVEN, proven=False),)) for r in left),
        cost_mfen=sum(route.cost_mfen for route in routes),
        penalty_mfen=sum(problem.requests[r].penalty_mfen for r in left),
        bound_mfen=bound_mfen,
        seed=0,
        iterations=0,
    )


@dataclass(frozen=True, kw_only=True)
class _Event:
    step: Step | None
    kind: StopKind
    location: int
    stop: TimedStop


def _route(problem: Problem, index: int, steps: tuple[Step, ...], table: Timetable) -> Route:
    vehicle = problem.vehicles[index]
    legs = problem.legs[vehicle.legs]
    here = vehicle.start_location
    events: list[_Event] = []
    depart = table.depart_s
    if vehicle.pinned:
        first, last = vehicle.pinned[0], vehicle.pinned[-1]
        depart = first.begin_s - needed_s(vehicle, max(0, int(legs.drive_s[here, first.location])))
        events = _pinned(problem, index, depart)
        if table.depart_s > last.depart_s:
            events.append(_rest(last.location, last.depart_s, table.depart_s))
    for step, stop in zip((*steps, None), table.stops, strict=True):
        if step is None:
            last_place = events[-1].location if events else here
            place = last_place if vehicle.end_location is None else vehicle.end_location
            events.append(_Event(step=None, kind=StopKind.END, location=place, stop=stop))
            continue
        events.append(_Event(step=step, kind=_kind(problem, step), location=place_of(problem, step), stop=stop))
        if stop.leave_s > stop.done_s:
            events.append(_rest(events[-1].location, stop.done_s, stop.leave_s))
    level = vehicle.battery.initial_wh if vehicle.battery else None
    stops = [
        Stop(
            kind=StopKind.START,
            location=here,
            arrive_s=depart,
            begin_s=depart,
            depart_s=depart,
            load=0,
            charge_wh=level,
        )
    ]
    load, cost = 0, vehicle.fixed_mfen
    for event in events:
        there, step, at = event.location, event.step, event.stop
        used = int(legs.drive_wh[here, there])
        if level is not None and vehicle.battery is not None:
            level = min(vehicle.battery.capacity_wh, level - used)
        cost += leg_mfen(vehicle, legs, here, there)
        request = None if step is None else step.request
        if request is not None and step is not None:
            spec = problem.requests[request]
            if step.stop == 0:
                load += spec.seats
                cost += served_mfen(problem, index, spec, at.begin_s)
            elif step.stop == len(spec.stops) - 1:
                load -= spec.seats
        group = None if step is None else step.charge_group
        stops.append(
            Stop(
                kind=event.kind,
                location=there,
                arrive_s=at.arrive_s,
                begin_s=at.begin_s,
                depart_s=at.done_s,
                load=load,
                request=request,
                stop=None if request is None or step is None else step.stop,
                charge_group=group,
                charge_wh=level,
                charged_wh=at.charged_wh,
                leg_s=needed_s(vehicle, max(0, int(legs.drive_s[here, there]))),
                leg_m=int(legs.drive_m[here, there]),
                leg_wh=used if level is not None else 0,
                leg_toll_fen=int(legs.toll_fen[here, there]),
            )
        )
        if group is not None and level is not None and vehicle.battery is not None:
            level = min(vehicle.battery.capacity_wh, level + at.charged_wh)
            cost += at.charged_wh * problem.charge_groups[group].mfen_per_wh
        here = there
    return Route(vehicle=index, stops=tuple(stops), cost_mfen=cost)


def _pinned(problem: Problem, index: int, depart_s: int) -> list[_Event]:
    vehicle = problem.vehicles[index]
    legs = problem.legs[vehicle.legs]
    here, clock = vehicle.start_location, depart_s
    events = []
    for pin in vehicle.pinned:
        came = min(pin.begin_s, clock + needed_s(vehicle, max(0, int(legs.drive_s[here, pin.location]))))
        step, kind = None, StopKind.REST
        if pin.request is not None or pin.charge_group is not None:
            step = Step(request=pin.request, stop=pin.stop, charge_group=pin.charge_group)
            kind = _kind(problem, step)
        stop = TimedStop(
            arrive_s=came, begin_s=pin.begin_s, done_s=pin.depart_s, leave_s=pin.depart_s, charged_wh=pin.charged_wh
        )
        events.append(_Event(step=step, kind=kind, location=pin.location, stop=stop))
        here, clock = pin.location, pin.depart_s
    return events


def _rest(location: int, begin_s: int, end_s: int) -> _Event:
    stop = TimedStop(arrive_s=begin_s, begin_s=begin_s, done_s=end_s, leave_s=end_s)
    return _Event(step=None, kind=StopKind.REST, location=location, stop=stop)


def _kind(problem: Problem, step: Step) -> StopKind:
    if step.request is None:
        return StopKind.CHARGE
    if step.stop == 0:
        return StopKind.PICKUP
    last = step.stop == len(problem.requests[step.request].stops) - 1
    return StopKind.DROPOFF if last else StopKind.VISIT

"""Limits between routes, shared out to the parts of a round: what each part uses now, and its share of what is left.

If every part keeps its own limits the whole keeps them. A share of trips is asked of every part alike, and rental points belong
to the one part that has all self-drive cars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dispatch.coupling import Coupling, ReadyReserve, TripQuota
from dispatch.decompose.division import Part
from dispatch.plan import Route
from dispatch.problem import Problem


def apportion(problem: Problem, parts: Sequence[Part], routes: Mapping[int, Route]) -> list[Coupling]:
    """Return the limits of every part, in the indices of the whole."""
    coupling = problem.coupling
    if not coupling:
        return [coupling for _ in parts]
    trips = [(r, v) for v, route in sorted(routes.items()) for r in served(problem, route)]
    quotas: list[list[TripQuota]] = [[] for _ in parts]
    for quota in coupling.quotas:
        counted = {
            (r, v)
            for r, v in trips
            if problem.requests[r].group in quota.request_groups and problem.vehicles[v].group in quota.vehicle_groups
        }
        used = [sum(v in mine for _, v in counted) for mine in _vehicles(parts)]
        asking = [sum(problem.requests[r].group in quota.request_groups for r in part.requests) for part in parts]
        spare = quota.most_count - len(counted)
        for i, more in enumerate(in_proportion(spare, [a - u for a, u in zip(asking, used, strict=True)])):
            quotas[i].append(replace(quota, most_count=used[i] + more))
    reserves: list[list[ReadyReserve]] = [[] for _ in parts]
    for reserve in coupling.reserves:
        on_duty = [v for v in reserve.vehicles if is_on_duty(problem, v, reserve)]
        out = {v for v in on_duty if v in routes and is_out(problem, routes[v], reserve)}
        mine = [[v for v in on_duty if v in vehicles] for vehicles in _vehicles(parts)]
        used = [sum(v in out for v in members) for members in mine]
        spare = len(on_duty) - min(reserve.ready_count, len(on_duty)) - len(out)
        shares = in_proportion(spare, [len(members) - u for members, u in zip(mine, used, strict=True)])
        for i, members in enumerate(mine):
            ready = len(members) - used[i] - shares[i]
            reserves[i].append(replace(reserve, vehicles=tuple(members), ready_count=ready))
    return [
        Coupling(
            reserves=tuple(reserves[i]),
            quotas=tuple(quotas[i]),
            shares=tuple(
                replace(share, vehicles=tuple(v for v in share.vehicles if v in mine)) for share in coupling.shares
            ),
            rental_points=coupling.rental_points if any(problem.vehicles[v].self_drive for v in mine) else (),
        )
        for i, mine in enumerate(_vehicles(parts))
    ]


def keeps(problem: Problem, routes: Mapping[int, Route]) -> bool:
    """Whether the routes keep the limits that parts share. Rental points are one part's own."""
    coupling = problem.coupling
    if not coupling:
        return True
    trips = [(r, v) for v, route in routes.items() for r in served(problem, route)]
    for quota in coupling.quotas:
        used = sum(
            problem.requests[r].group in quota.request_groups and problem.vehicles[v].group in quota.vehicle_groups
            for r, v in trips
        )
        if used > quota.most_count:
            return False
    for share in coupling.shares:
        if sum(v in share.vehicles for _, v in trips) * 1000 < share.least_of_1000 * len(trips):
            return False
    for reserve in coupling.reserves:
        on_duty = [v for v in reserve.vehicles if is_on_duty(problem, v, reserve)]
        out = sum(v in routes and is_out(problem, routes[v], reserve) for v in on_duty)
        if len(on_duty) - out < min(reserve.ready_count, len(on_duty)):
            return False
    return True


def _vehicles(parts: Sequence[Part]) -> list[frozenset[int]]:
    return [frozenset(part.vehicles) for part in parts]


def served(problem: Problem, route: Route) -> list[int]:
    """Return the requests of a route that are not begun."""
    begun = {pin.request for pin in problem.vehicles[route.vehicle].pinned}
    return sorted({stop.request for stop in route.stops if stop.request is not None and stop.request not in begun})


def is_on_duty(problem: Problem, vehicle: int, reserve: ReadyReserve) -> bool:
    spec = problem.vehicles[vehicle]
    return not spec.pinned and any(a <= reserve.end_s and b >= reserve.begin_s for a, b in spec.windows)


def is_out(problem: Problem, route: Route, reserve: ReadyReserve) -> bool:
    """Whether the route lies in a working window that meets the reserve's time."""
    begin, end = route.stops[0].depart_s, route.stops[-1].arrive_s
    return any(
        a <= end and b >= begin and a <= reserve.end_s and b >= reserve.begin_s
        for a, b in problem.vehicles[route.vehicle].windows
    )


def in_proportion(total: int, weights: Sequence[int]) -> list[int]:
    """Return whole numbers that add up to ``total`` (0 where that is negative), in proportion to ``weights``.

    By largest remainders, the first of equal ones first; no more than its weight to anybody.
    """
    weights = [max(0, w) for w in weights]
    total = max(0, min(total, sum(weights)))
    if not total:
        return [0] * len(weights)
    exact = [total * w / sum(weights) for w in weights]
    shares = [int(x) for x in exact]
    order = sorted(range(len(weights)), key=lambda i: (shares[i] - exact[i], i))
    for i in order[: total - sum(shares)]:
        shares[i] += 1
    return shares

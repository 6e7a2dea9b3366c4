"""The independent judge of what routes owe to each other: counted from the plan's own routes and times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from dispatch.plan import Route, StopKind
from dispatch.problem import Problem, RequestKind


class CouplingBreach(StrEnum):
    """What routes can do wrong together."""

    READY_RESERVE = "ready_reserve"
    TRIP_QUOTA = "trip_quota"
    TRIP_SHARE = "trip_share"
    RENTAL_SPACES = "rental_spaces"
    RENTAL_LEFT = "rental_cars_left"


def judge_coupling(problem: Problem, routes: Sequence[Route], say: Callable[[CouplingBreach, str], None]) -> None:
    """Tell ``say`` of every limit of ``problem.coupling`` that the routes break."""
    if not problem.coupling:
        return
    begun = {pin.request for v in problem.vehicles for pin in v.pinned}
    trips = [
        (stop.request, route.vehicle)
        for route in routes
        for stop in route.stops
        if stop.kind is StopKind.PICKUP and stop.request is not None and stop.request not in begun
    ]
    busy = {r.vehicle: (r.stops[0].depart_s, r.stops[-1].arrive_s) for r in routes}
    for reserve in problem.coupling.reserves:
        on_duty = [
            v
            for v in reserve.vehicles
            if not problem.vehicles[v].pinned
            and any(a <= reserve.end_s and b >= reserve.begin_s for a, b in problem.vehicles[v].windows)
        ]
        out = [v for v in on_duty if v in busy and busy[v][0] <= reserve.end_s and busy[v][1] >= reserve.begin_s]
        ready, wanted = len(on_duty) - len(out), min(reserve.ready_count, len(on_duty))
        if ready < wanted:
            say(CouplingBreach.READY_RESERVE, f"{reserve.id}: {ready} ready of {wanted} wanted")
    for quota in problem.coupling.quotas:
        used = sum(
            problem.requests[r].group in quota.request_groups and problem.vehicles[v].group in quota.vehicle_groups
            for r, v in trips
        )
        if used > quota.most_count:
            say(CouplingBreach.TRIP_QUOTA, f"{quota.id}: {used} trips, at most {quota.most_count}")
    for share in problem.coupling.shares:
        mine = sum(v in share.vehicles for _, v in trips)
        if mine * 1000 < share.least_of_1000 * len(trips):
            say(
                CouplingBreach.TRIP_SHARE,
                f"{share.id}: {mine} of {len(trips)} trips, at least {share.least_of_1000} in 1000",
            )
    _rental_points(problem, routes, say)


def _rental_points(problem: Problem, routes: Sequence[Route], say: Callable[[CouplingBreach, str], None]) -> None:
    """Follow the cars through the day: one leaves as its rental begins and is back as it ends."""
    points = {point.location: point for point in problem.coupling.rental_points}
    standing = dict.fromkeys(points, 0)
    begun: set[int] = set()
    for vehicle in problem.vehicles:
        place = vehicle.start_location
        for pin in vehicle.pinned:
            # a rental that is under way ends where it was meant to
            place = pin.location if pin.request is None else problem.requests[pin.request].stops[-1].location
            begun.update(() if pin.request is None else (pin.request,))
        if vehicle.self_drive and place in standing:
            standing[place] += 1
    moves: list[tuple[int, int, int]] = []  # instant, those who leave before those who come, change and place
    for route in routes:
        for stop in route.stops:
            if (
                stop.request is None
                or stop.request in begun
                or problem.requests[stop.request].kind is not RequestKind.RENTAL
            ):
                continue
            if stop.location in points and stop.kind in {StopKind.PICKUP, StopKind.DROPOFF}:
                moves.append((stop.begin_s, 1 if stop.kind is StopKind.DROPOFF else -1, stop.location))
    at_first = dict(standing)
    full: set[int] = set()
    for _, change, place in sorted(moves):
        standing[place] += change
        spaces = points[place].spaces
        if change > 0 and spaces is not None and standing[place] > max(spaces, at_first[place]) and place not in full:
            full.add(place)
            say(CouplingBreach.RENTAL_SPACES, f"{points[place].id}: {standing[place]} cars, {spaces} spaces")
    for place, point in points.items():
        least = min(point.left_count, at_first[place])
        if standing[place] < least:
            say(CouplingBreach.RENTAL_LEFT, f"{point.id}: {standing[place]} cars at the end, at least {least}")

"""A part as a problem of its own, and its routes as routes of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dispatch.coupling import Coupling
from dispatch.decompose.division import Part
from dispatch.plan import Route
from dispatch.problem import HeldPoint, Problem, RequestSpec, VehicleSpec


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part's problem with the way back: ``vehicles``, ``requests``, ``locations``, ``groups`` name the whole's indices.

    ``moved`` are requests (indices of the whole) whose promised vehicle is elsewhere: the price of the change is not in the
    piece's costs.
    """

    problem: Problem
    vehicles: tuple[int, ...]
    requests: tuple[int, ...]
    locations: tuple[int, ...]
    groups: tuple[int, ...]
    moved: frozenset[int]


Holds = Mapping[int, Sequence[tuple[int, int, int]]]
"""Charge group to (vehicle, begin, end) of everybody who charges there."""


def holds_of(problem: Problem, routes: Mapping[int, Route]) -> Holds:
    """Return who charges where: by the routes, and by what is pinned of vehicles that have none yet."""
    found: dict[int, list[tuple[int, int, int]]] = {}
    for v, vehicle in enumerate(problem.vehicles):
        stops = routes[v].stops if v in routes else vehicle.pinned
        for stop in stops:
            if stop.charge_group is not None:
                found.setdefault(stop.charge_group, []).append((v, stop.begin_s, stop.depart_s))
    return found


def cut(problem: Problem, part: Part, holds: Holds, coupling: Coupling | None = None) -> Piece:
    """Return the part of ``problem`` as a problem.

    ``holds`` are the charge stops of all vehicles, ``coupling`` the part's limits in the indices of the whole.
    """
    mine = frozenset(part.vehicles)
    vehicles = [problem.vehicles[v] for v in part.vehicles]
    requests = [problem.requests[r] for r in part.requests]
    pinned_groups = {pin.charge_group for v in vehicles for pin in v.pinned if pin.charge_group is not None}
    groups = tuple(g for g, group in enumerate(problem.charge_groups) if group.site in part.sites or g in pinned_groups)
    used = {location for v in vehicles for location in _places_of(v)}
    used.update(stop.location for r in requests for stop in r.stops)
    used.update(problem.charge_groups[g].location for g in groups)
    coupling = coupling or Coupling()
    used.update(point.location for point in coupling.rental_points)
    locations = tuple(sorted(used))
    place = {location: i for i, location in enumerate(locations)}
    number = {r: i for i, r in enumerate(part.requests)}
    vehicle_number = {v: i for i, v in enumerate(part.vehicles)}
    group_number = {g: i for i, g in enumerate(groups)}
    rows = np.array(locations, np.int64)
    moved = frozenset(
        r
        for r, request in zip(part.requests, requests, strict=True)
        if request.promised_vehicle is not None and request.promised_vehicle not in mine
    )
    piece = Problem(
        epoch=problem.epoch,
        horizon_s=problem.horizon_s,
        legs=tuple(legs.cut(rows) for legs in problem.legs),
        vehicles=tuple(_vehicle(v, place, number, group_number) for v in vehicles),
        requests=tuple(
            _request(request, place, vehicle_number, moved=r in moved)
            for r, request in zip(part.requests, requests, strict=True)
        ),
        charge_groups=tuple(
            replace(problem.charge_groups[g], location=place[problem.charge_groups[g].location]) for g in groups
        ),
        site_power_w=problem.site_power_w,
        tier=problem.tier,
        tier_refusal=problem.tier_refusal,
        tier_mfen=problem.tier_mfen,
        held_points=tuple(_held(problem, part, groups, holds, mine)),
        coupling=_limits(coupling, place, vehicle_number),
    )
    return Piece(
        problem=piece, vehicles=part.vehicles, requests=part.requests, locations=locations, groups=groups, moved=moved
    )


def _limits(coupling: Coupling, place: Mapping[int, int], vehicle: Mapping[int, int]) -> Coupling:
    def own(vehicles: Iterable[int]) -> tuple[int, ...]:
        return tuple(vehicle[v] for v in vehicles if v in vehicle)

    return Coupling(
        reserves=tuple(replace(reserve, vehicles=own(reserve.vehicles)) for reserve in coupling.reserves),
        quotas=coupling.quotas,
        shares=tuple(replace(share, vehicles=own(share.vehicles)) for share in coupling.shares),
        rental_points=tuple(replace(point, location=place[point.location]) for point in coupling.rental_points),
    )


def _places_of(vehicle: VehicleSpec) -> Iterable[int]:
    yield vehicle.start_location
    if vehicle.end_location is not None:
        yield vehicle.end_location
    for pin in vehicle.pinned:
        yield pin.location


def _vehicle(
    vehicle: VehicleSpec, place: Mapping[int, int], number: Mapping[int, int], group: Mapping[int, int]
) -> VehicleSpec:
    return replace(
        vehicle,
        start_location=place[vehicle.start_location],
        end_location=None if vehicle.end_location is None else place[vehicle.end_location],
        pinned=tuple(
            replace(
                pin,
                location=place[pin.location],
                request=None if pin.request is None else number[pin.request],
                charge_group=None if pin.charge_group is None else group[pin.charge_group],
            )
            for pin in vehicle.pinned
        ),
    )


def _request(request: RequestSpec, place: Mapping[int, int], vehicle: Mapping[int, int], *, moved: bool) -> RequestSpec:
    stops = tuple(replace(stop, location=place[stop.location]) for stop in request.stops)
    if moved:
        # changed whoever serves it here: leaving it out saves that price
        return replace(
            request,
            stops=stops,
            promised_vehicle=None,
            penalty_mfen=max(0, request.penalty_mfen - request.change_mfen),
            change_mfen=0,
        )
    promised = None if request.promised_vehicle is None else vehicle[request.promised_vehicle]
    return replace(request, stops=stops, promised_vehicle=promised)


def _held(
    problem: Problem, part: Part, groups: tuple[int, ...], holds: Holds, mine: frozenset[int]
) -> Iterable[HeldPoint]:
    """What others hold at the part's charge groups; a group of another part's site is held for the whole time."""
    number = {g: i for i, g in enumerate(groups)}
    for held in problem.held_points:
        if held.charge_group in number:
            yield replace(held, charge_group=number[held.charge_group])
    for g in groups:
        if problem.charge_groups[g].site not in part.sites:
            for _ in range(problem.charge_groups[g].points):
                yield HeldPoint(charge_group=number[g], begin_s=-problem.horizon_s, end_s=3 * problem.horizon_s)
    for g in groups:
        for v, begin_s, end_s in holds.get(g, ()):
            if v not in mine:
                yield HeldPoint(charge_group=number[g], begin_s=begin_s, end_s=end_s)


def inward(piece: Piece, routes: Mapping[int, Route]) -> tuple[Route, ...]:
    """Return the whole's routes of the piece's vehicles in the piece's indices."""
    place = {location: i for i, location in enumerate(piece.locations)}
    number = {r: i for i, r in enumerate(piece.requests)}
    group = {g: i for i, g in enumerate(piece.groups)}
    return tuple(
        Route(
            vehicle=i,
            cost_mfen=routes[v].cost_mfen,
            stops=tuple(
                replace(
                    stop,
                    location=place[stop.location],
                    request=None if stop.request is None else number[stop.request],
                    charge_group=None if stop.charge_group is None else group[stop.charge_group],
                )
                for stop in routes[v].stops
            ),
        )
        for i, v in enumerate(piece.vehicles)
        if v in routes
    )


def outward(problem: Problem, piece: Piece, routes: Iterable[Route]) -> dict[int, Route]:
    """Return the piece's routes in the whole's indices, by vehicle."""
    found: dict[int, Route] = {}
    for route in routes:
        vehicle = piece.vehicles[route.vehicle]
        stops = tuple(
            replace(
                stop,
                location=piece.locations[stop.location],
                request=None if stop.request is None else piece.requests[stop.request],
                charge_group=None if stop.charge_group is None else piece.groups[stop.charge_group],
            )
            for stop in route.stops
        )
        changed = {stop.request for stop in stops if stop.request in piece.moved}
        cost = route.cost_mfen + sum(problem.requests[r].change_mfen for r in changed if r is not None)
        found[vehicle] = Route(vehicle=vehicle, stops=stops, cost_mfen=cost)
    return found

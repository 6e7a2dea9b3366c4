"""Drawing parts: routes, idle vehicles and open requests that lie near each other in space and time.

Routes are kept whole and placed at their barycentre, so that a part holds routes which may exchange requests (after the
route-based clustering of Santini, Schneider, Vidal and Vigo 2023, and the parts of POPMUSIC, Taillard and Voss 2002). The
cuts fall differently in every round, so that what lay at a border comes to lie inside a part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dispatch.decompose.coordinates import Points
from dispatch.plan import Route, StopKind
from dispatch.problem import Problem, RequestKind

TIME_WEIGHT = 0.3
"""How much a second of the day counts against a second of driving."""
UNEVEN = 0.15
"""How far a cut may move from the middle, as a share of what is cut."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Indices into the problem, ascending. Sites whose charge points the part may use; no two parts of a round share one."""

    vehicles: tuple[int, ...]
    requests: tuple[int, ...]
    sites: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class _Item:
    """What stays together: a vehicle with its requests, or a request that has no vehicle."""

    vehicle: int | None
    requests: tuple[int, ...]
    weight: float


def draw(
    problem: Problem,
    routes: Mapping[int, Route],
    points: Points,
    *,
    size: int,
    rng: np.random.Generator,
    least: int = 1,
) -> list[Part]:
    """Return parts of some ``size`` requests, but ``least`` so many; every request and vehicle is in one at most.

    Left out are vehicles that charge where another part has the charge points, with their requests.
    """
    items, places = _items(problem, routes, points, timed=bool(rng.random() < 0.5))
    if not items:
        return []
    weights = np.array([item.weight for item in items])
    count = max(least, round(len(problem.requests) / size), 1)
    labels = np.zeros(len(items), np.int64)
    _split(np.arange(len(items)), places, weights, count, 0, labels, rng)
    if problem.coupling.rental_points:
        # who takes a car away or brings one concerns all points: self-drive cars are a part of their own
        for i, item in enumerate(items):
            alone = item.vehicle is None and problem.requests[item.requests[0]].kind is RequestKind.RENTAL
            if alone or (item.vehicle is not None and problem.vehicles[item.vehicle].self_drive):
                labels[i] = count
        count += 1
    return _parts(problem, routes, points, items, labels, count)


def _items(problem: Problem, routes: Mapping[int, Route], points: Points, *, timed: bool) -> tuple[list[_Item], Points]:
    """Return what is to be divided, and where it lies: coordinates, and the time of the day scaled like them."""
    served: set[int] = set()
    taken: dict[int, list[int]] = {}
    for v, route in routes.items():
        mine = list(dict.fromkeys(stop.request for stop in route.stops if stop.request is not None))
        taken[v] = mine
        served.update(mine)
    for v, vehicle in enumerate(problem.vehicles):
        if vehicle.pinned and v not in taken:
            taken[v] = list(dict.fromkeys(pin.request for pin in vehicle.pinned if pin.request is not None))
            served.update(taken[v])
    for r, request in enumerate(problem.requests):
        # whoever was promised a vehicle is planned together with it
        if r not in served and request.promised_vehicle is not None:
            taken.setdefault(request.promised_vehicle, []).append(r)
            served.add(r)
    idle = len(problem.vehicles) - sum(1 for mine in taken.values() if mine)
    left = len(problem.requests) - len(served)
    # while there is no plan, vehicles count as much as requests do; later they are only in the way
    idle_weight = max(0.1, min(1.0, left / len(problem.requests))) * len(problem.requests) / max(1, idle + 1)
    idle_weight = idle_weight if left * 2 > len(problem.requests) else 0.1
    scale = TIME_WEIGHT * float(np.sqrt(points.shape[1])) if timed else 0.0
    day = _middle_of_day(problem)
    items: list[_Item] = []
    rows: list[tuple[npt.NDArray[np.float64], float]] = []
    for v, vehicle in enumerate(problem.vehicles):
        mine = taken.get(v, [])
        if mine:
            spots = [stop.location for r in mine for stop in problem.requests[r].stops]
            when = float(np.mean([stop.earliest_s for r in mine for stop in problem.requests[r].stops]))
            items.append(_Item(vehicle=v, requests=tuple(mine), weight=float(len(mine))))
            rows.append((points[spots].mean(axis=0), when))
        else:
            items.append(_Item(vehicle=v, requests=(), weight=idle_weight))
            rows.append((points[vehicle.start_location], day))
    for r, request in enumerate(problem.requests):
        if r not in served:
            items.append(_Item(vehicle=None, requests=(r,), weight=1.0))
            rows.append((points[request.stops[0].location], float(request.stops[0].earliest_s)))
    if not rows:
        return [], np.zeros((0, points.shape[1] + 1))
    return items, np.array([[*row, when * scale] for row, when in rows])


def _middle_of_day(problem: Problem) -> float:
    stops = [request.stops[0].earliest_s for request in problem.requests]
    return float(np.mean(stops)) if stops else problem.horizon_s / 2


def _split(
    members: npt.NDArray[np.int64],
    places: Points,
    weights: npt.NDArray[np.float64],
    count: int,
    first: int,
    labels: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> None:
    """Label ``members`` with ``first``, ``first`` + 1, ... by cutting them in two again and again, across their longer side."""
    if count <= 1 or len(members) <= 1:
        labels[members] = first
        return
    here = places[members]
    pivot = here[int(rng.integers(len(here)))]
    far = here[int(np.argmax(((here - pivot) ** 2).sum(axis=1)))]
    other = here[int(np.argmax(((here - far) ** 2).sum(axis=1)))]
    axis = other - far
    length = float(np.linalg.norm(axis))
    axis += rng.normal(0.0, 0.3 * length / np.sqrt(len(axis)), len(axis))
    # ties in a random order, or equal places would be cut at the same spot in every round
    order = np.lexsort((rng.random(len(here)), here @ axis))
    half = count // 2
    share = half / count
    if count > 2:
        share += float(rng.uniform(-UNEVEN, UNEVEN)) * min(share, 1.0 - share)
    upto = np.cumsum(weights[members][order])
    cut = int(np.searchsorted(upto, share * upto[-1]))
    cut = min(max(cut, 1), len(members) - 1)
    _split(np.sort(members[order[:cut]]), places, weights, half, first, labels, rng)
    _split(np.sort(members[order[cut:]]), places, weights, count - half, first + half, labels, rng)


def _parts(
    problem: Problem,
    routes: Mapping[int, Route],
    points: Points,
    items: list[_Item],
    labels: npt.NDArray[np.int64],
    count: int,
) -> list[Part]:
    part_of: dict[int, int] = {
        item.vehicle: int(label) for item, label in zip(items, labels, strict=True) if item.vehicle is not None
    }
    owner = _sites(problem, routes, points, part_of)
    vehicles: list[list[int]] = [[] for _ in range(count)]
    requests: list[list[int]] = [[] for _ in range(count)]
    for item, label in zip(items, labels.tolist(), strict=True):
        if item.vehicle is not None:
            if item.vehicle in routes and not charges_at(problem, routes[item.vehicle], owner, label):
                continue
            vehicles[label].append(item.vehicle)
        requests[label].extend(item.requests)
    sites: list[set[int]] = [set() for _ in range(count)]
    for site, label in owner.items():
        sites[label].add(site)
    return [
        Part(vehicles=tuple(sorted(v)), requests=tuple(sorted(r)), sites=frozenset(s))
        for v, r, s in zip(vehicles, requests, sites, strict=True)
        if v
    ]


def charges_at(problem: Problem, route: Route, owner: Mapping[int, int], label: int) -> bool:
    """Whether all charge stops that the route may still move are at sites of the part ``label``."""
    pinned = len(problem.vehicles[route.vehicle].pinned)
    return all(
        owner[problem.charge_groups[stop.charge_group].site] == label
        for stop in route.stops[pinned + 1 :]
        if stop.charge_group is not None
    )


def _sites(problem: Problem, routes: Mapping[int, Route], points: Points, part_of: Mapping[int, int]) -> dict[int, int]:
    """Give every site to the part that charges there most.

    One that nobody uses goes to the part with the nearest electric vehicle.
    """
    use: dict[int, dict[int, int]] = {}
    for v, route in sorted(routes.items()):
        for stop in route.stops:
            if stop.kind is StopKind.CHARGE and stop.charge_group is not None and v in part_of:
                parts = use.setdefault(problem.charge_groups[stop.charge_group].site, {})
                parts[part_of[v]] = parts.get(part_of[v], 0) + 1
    electric = [v for v in sorted(part_of) if problem.vehicles[v].battery is not None] or sorted(part_of)
    homes = points[[problem.vehicles[v].start_location for v in electric]]
    owner: dict[int, int] = {}
    for group in problem.charge_groups:
        if group.site in owner or not electric:
            continue
        if group.site in use:
            owner[group.site] = min(use[group.site], key=lambda part: (-use[group.site][part], part))
        else:
            nearest = int(np.argmin(((homes - points[group.location]) ** 2).sum(axis=1)))
            owner[group.site] = part_of[electric[nearest]]
    return owner

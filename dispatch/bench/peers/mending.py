"""Routes of a peer held against the instance's own rules; whoever does not fit is taken out and counts as unserved."""

from __future__ import annotations

import math
from itertools import pairwise

from dispatch.bench.readers import Instance

EPS = 1e-9
Routes = list[tuple[int, list[int]]]
"""Routes as (vehicle, nodes without depots)."""


def holds(instance: Instance, vehicle: int, nodes: list[int]) -> bool:
    """Whether the vehicle can drive the nodes in this order: pairs, loads, windows, ride times and duration.

    The least begin times are the least fixed point of the difference constraints; a sequence can be driven if there is one.
    """
    delivery_of = dict(instance.pairs)
    pickup_of = {d: p for p, d in instance.pairs}
    at = {v: i for i, v in enumerate(nodes, 1)}
    load = [0.0] * len(instance.capacity[vehicle])
    for v in nodes:
        other = delivery_of.get(v, pickup_of.get(v))
        if other is None or other not in at or len(at) < len(nodes) or (v in delivery_of and at[v] > at[other]):
            return False
        load = [held + more for held, more in zip(load, instance.loads[v], strict=True)]
        if any(held > most + EPS for held, most in zip(load, instance.capacity[vehicle], strict=True)):
            return False
    route = [instance.start[vehicle], *nodes, instance.end[vehicle]]
    index = {v: i for i, v in enumerate(instance.nodes)}
    gaps = [instance.service[a] + float(instance.times[index[a], index[b]]) for a, b in pairwise(route)]
    begin = [instance.early[v] for v in route]
    latest = [instance.late[v] for v in route]
    for _ in range(len(route) * len(route)):
        moved = False
        for i, gap in enumerate(gaps):
            if begin[i + 1] < begin[i] + gap - EPS:
                begin[i + 1], moved = begin[i] + gap, True
        for p, limit in instance.ride.items():
            if p in at and math.isfinite(limit):
                need = begin[at[delivery_of[p]]] - limit - instance.service[p]
                if begin[at[p]] < need - EPS:
                    begin[at[p]], moved = need, True
        if begin[0] < begin[-1] - instance.duration[vehicle] - EPS:
            begin[0], moved = begin[-1] - instance.duration[vehicle], True
        if any(b > late + 1e-7 for b, late in zip(begin, latest, strict=True)):
            return False
        if not moved:
            return True
    return False


def mended(instance: Instance, routes: Routes) -> Routes:
    """Take requests out of routes that do not hold, as few as a greedy choice finds, and put them where they fit.

    Whom the peer itself left over stays so: that is its answer.
    """
    pickup_of = {d: p for p, d in instance.pairs}
    delivery_of = dict(instance.pairs)
    kept: Routes = []
    for vehicle, given in routes:
        nodes = list(given)
        while nodes and not holds(instance, vehicle, nodes):
            pairs = sorted({pickup_of.get(v, v) for v in nodes})
            fewer = [[v for v in nodes if v != p and pickup_of.get(v) != p] for p in pairs]
            good = [rest for rest in fewer if holds(instance, vehicle, rest)]
            # one less that mends it, the dearest; else the one whose leaving saves most
            nodes = min(good or fewer, key=lambda rest: route_length(instance, vehicle, rest))
        if nodes:
            kept.append((vehicle, nodes))
    served = {v for _, nodes in kept for v in nodes}
    idle = [k for k in range(len(instance.start)) if k not in {vehicle for vehicle, _ in kept}]
    open_routes = kept + [(k, []) for k in idle]
    given_out = {v for _, nodes in routes for v in nodes}
    for p in sorted(set(delivery_of) & given_out - served):
        best: tuple[float, int, list[int]] | None = None
        for number, (vehicle, nodes) in enumerate(open_routes):
            now = route_length(instance, vehicle, nodes)
            for i in range(len(nodes) + 1):
                for j in range(i, len(nodes) + 1):
                    longer = [*nodes[:i], p, *nodes[i:j], delivery_of[p], *nodes[j:]]
                    more = route_length(instance, vehicle, longer) - now
                    if (best is None or more < best[0]) and holds(instance, vehicle, longer):
                        best = (more, number, longer)
        if best is not None:
            open_routes[best[1]] = (open_routes[best[1]][0], best[2])
    return sorted((vehicle, nodes) for vehicle, nodes in open_routes if nodes)


def route_length(instance: Instance, vehicle: int, nodes: list[int]) -> float:
    """Return the length of a route in the file's unit; 0 for a vehicle that stays at home."""
    if not nodes:
        return 0.0
    index = {v: i for i, v in enumerate(instance.nodes)}
    row = [index[v] for v in (instance.start[vehicle], *nodes, instance.end[vehicle])]
    return float(instance.times[row[:-1], row[1:]].sum())


def weight(instance: Instance, routes: Routes) -> tuple[int, int, float]:
    """Return what solutions are compared by: unserved, vehicles where they count, length."""
    served = sum(len(nodes) for _, nodes in routes) // 2
    length = sum(route_length(instance, vehicle, nodes) for vehicle, nodes in routes)
    return len(instance.pairs) - served, len(routes) if instance.fleet_first else 0, length

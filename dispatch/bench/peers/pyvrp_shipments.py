"""PyVRP: shipments, iterated local search until the time is over.

It cannot state ride-time limits: windows are cut (:mod:`dispatch.bench.peers.windows`), for half of the time so that
every schedule keeps the limits, for the other half less; the better answer counts. Route durations, several depots,
several capacities and fixed costs (which stand for "vehicles first") it can. An answer is mended where it breaks a rule. No
charging: ``eadarp`` is refused. One thread only.
"""

from __future__ import annotations

import math
import time
from importlib import import_module
from typing import Any

import numpy as np

from dispatch.bench.peers.mending import Routes, mended, weight
from dispatch.bench.peers.windows import cut_windows
from dispatch.bench.readers import Instance

SCALE = 1000
VEHICLE = 10**7
LONG = 10**12
SHARES = (1.0, 0.5)


def solve(instance: Instance, *, seconds: float, seed: int, threads: int) -> tuple[Routes, int]:
    """Return routes as (vehicle, nodes) and the number of iterations; one thread, whatever is asked for."""
    del threads
    pyvrp = import_module("pyvrp")
    limited = any(math.isfinite(ride) for ride in instance.ride.values())
    shares = SHARES if limited else (0.0,)
    began = time.monotonic()
    answers = [
        _run(pyvrp, instance, share, seed, until=began + seconds * (i + 1) / len(shares))
        for i, share in enumerate(shares)
    ]
    best = min((mended(instance, routes) for routes, _ in answers), key=lambda routes: weight(instance, routes))
    return best, sum(count for _, count in answers)


def _run(pyvrp: Any, instance: Instance, share: float, seed: int, *, until: float) -> tuple[Routes, int]:
    windows = cut_windows(instance, share=share)
    model = pyvrp.Model()
    places = {v: model.add_location(instance.x[v], instance.y[v]) for v in instance.nodes}
    cost = np.rint(instance.times * SCALE).astype(np.int64)
    way = np.ceil(instance.times * SCALE - 1e-9).astype(np.int64)
    for i, a in enumerate(instance.nodes):
        for j, b in enumerate(instance.nodes):
            model.add_edge(places[a], places[b], distance=int(cost[i, j]), duration=int(way[i, j]))
    depots = {v: model.add_depot(places[v]) for v in sorted({*instance.start, *instance.end})}
    for k, (start, end) in enumerate(zip(instance.start, instance.end, strict=True)):
        longest = instance.duration[k]
        model.add_vehicle_type(
            capacity=[math.floor(c + 1e-9) for c in instance.capacity[k]],
            start_depot=depots[start],
            end_depot=depots[end],
            fixed_cost=VEHICLE if instance.fleet_first else 0,
            tw_early=math.ceil(instance.early[start] * SCALE),
            tw_late=math.floor(instance.late[end] * SCALE),
            shift_duration=math.floor(longest * SCALE) if math.isfinite(longest) else LONG,
            name=str(k),
        )
    for p, d in instance.pairs:
        first, last = windows[p], windows[d]
        model.add_shipment(
            places[p],
            places[d],
            pickup_tw_early=math.ceil(first[0] * SCALE - 1e-6),
            pickup_tw_late=max(math.ceil(first[0] * SCALE - 1e-6), math.floor(first[1] * SCALE + 1e-6)),
            pickup_service_duration=math.ceil(instance.service[p] * SCALE),
            delivery_tw_early=math.ceil(last[0] * SCALE - 1e-6),
            delivery_tw_late=max(math.ceil(last[0] * SCALE - 1e-6), math.floor(last[1] * SCALE + 1e-6)),
            delivery_service_duration=math.ceil(instance.service[d] * SCALE),
            amount=[round(q) for q in instance.loads[p]],
        )
    result = model.solve(
        pyvrp.stop.MaxRuntime(max(0.01, until - time.monotonic())), seed=seed, collect_stats=False, display=False
    )
    routes = []
    for route in result.best.routes():
        nodes = []
        for activity in route:
            if activity.is_pickup():
                nodes.append(instance.pairs[activity.idx][0])
            elif activity.is_delivery():
                nodes.append(instance.pairs[activity.idx][1])
        if nodes:
            routes.append((route.vehicle_type(), nodes))
    return sorted(routes), result.num_iterations

"""VROOM through pyvroom: shipments, its highest exploration level, as many windows as the time allows.

It cannot state ride-time limits, nor a limit on a route's duration with its waits (its limit is on travel alone). Ride
times are kept by cutting windows (:mod:`dispatch.bench.peers.windows`), in several degrees one after the other as long
as there is time; every answer is mended, and the best one counts. Routes too long are mended too. Vehicles come first
by their fixed cost. No charging: ``eadarp`` is refused. It takes no seed.
"""

from __future__ import annotations

import math
import time
from datetime import timedelta
from importlib import import_module
from typing import Any

import numpy as np

from dispatch.bench.peers.mending import Routes, mended, weight
from dispatch.bench.peers.windows import cut_windows
from dispatch.bench.readers import Instance

SCALE = 1000
VEHICLE = 10**7
SHARES = (1.0, 0.5, 0.0, 0.75, 0.25)


def solve(instance: Instance, *, seconds: float, seed: int, threads: int) -> tuple[Routes, int]:
    """Return routes as (vehicle, nodes) and how many runs were made; it takes no seed."""
    del seed
    vroom = import_module("vroom")
    began = time.monotonic()
    best: Routes = []
    runs, longest = 0, 0.0
    limited = any(math.isfinite(ride) for ride in instance.ride.values())
    for share in SHARES if limited else (0.0,):
        at = time.monotonic()
        left = seconds - (at - began)
        if runs and left < longest:
            break
        routes = mended(instance, _run(vroom, instance, share, max(0.01, left), threads))
        runs += 1
        longest = max(longest, time.monotonic() - at)
        if runs == 1 or weight(instance, routes) < weight(instance, best):
            best = routes
    return best, runs


def _run(vroom: Any, instance: Instance, share: float, seconds: float, threads: int) -> Routes:
    index = {v: i for i, v in enumerate(instance.nodes)}
    windows = cut_windows(instance, share=share)
    problem = vroom.Input()
    problem.set_durations_matrix("car", np.ceil(instance.times * SCALE - 1e-9).astype(np.uint32))
    problem.set_costs_matrix("car", np.rint(instance.times * SCALE).astype(np.uint32))
    for k, (start, end) in enumerate(zip(instance.start, instance.end, strict=True)):
        problem.add_vehicle(
            vroom.Vehicle(
                k,
                start=index[start],
                end=index[end],
                capacity=[math.floor(c + 1e-9) for c in instance.capacity[k]],
                time_window=vroom.TimeWindow(
                    math.ceil(instance.early[start] * SCALE), math.floor(instance.late[end] * SCALE)
                ),
                costs=vroom.VehicleCosts(fixed=VEHICLE if instance.fleet_first else 0),
            )
        )
    for p, d in instance.pairs:
        problem.add_job(
            vroom.Shipment(
                _step(vroom, instance, index, windows, p),
                _step(vroom, instance, index, windows, d),
                amount=vroom.Amount([round(q) for q in instance.loads[p]]),
            )
        )
    answer = problem.solve(5, nb_threads=threads, timeout=timedelta(seconds=seconds))
    routes: dict[int, list[int]] = {}
    for row in answer.routes.itertuples():
        if row.type in {"pickup", "delivery"}:
            routes.setdefault(int(row.vehicle_id), []).append(int(row.id))
    return sorted(routes.items())


def _step(
    vroom: Any, instance: Instance, index: dict[int, int], windows: dict[int, tuple[float, float]], v: int
) -> Any:
    early, late = windows[v]
    begin = math.ceil(early * SCALE - 1e-6)
    window = vroom.TimeWindow(begin, max(begin, math.floor(late * SCALE + 1e-6)))
    return vroom.ShipmentStep(
        v, location=index[v], default_service=math.ceil(instance.service[v] * SCALE), time_windows=[window]
    )

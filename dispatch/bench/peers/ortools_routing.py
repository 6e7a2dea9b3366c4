"""OR-Tools' routing library: parallel cheapest insertion, then guided local search until the time is over.

States everything of the formats ``cordeau``, ``lilim`` and ``mdhdarp``. Times are in thousandths of the file's unit, legs
rounded up, so that what it finds can be driven. It has no partial charging: ``eadarp`` is refused. One thread only.
"""

from __future__ import annotations

import math
import time as clock

import numpy as np
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from dispatch.bench.peers.mending import Routes
from dispatch.bench.peers.windows import cut_windows
from dispatch.bench.readers import Instance

SCALE = 1000
DROPPED = 10**9
VEHICLE = 10**8


def solve(instance: Instance, *, seconds: float, seed: int, threads: int) -> tuple[Routes, int]:
    """Return routes as (vehicle, nodes) and 0, as the library counts no iterations; it takes no seed and one thread."""
    del seed, threads
    began = clock.monotonic()
    index = {v: i for i, v in enumerate(instance.nodes)}
    windows = cut_windows(instance, share=0.0)
    manager = pywrapcp.RoutingIndexManager(
        len(index), len(instance.start), [index[v] for v in instance.start], [index[v] for v in instance.end]
    )
    routing = pywrapcp.RoutingModel(manager)
    way = np.ceil(instance.times * SCALE - 1e-9).astype(np.int64)
    stay = np.array([math.ceil(instance.service[v] * SCALE) for v in instance.nodes], np.int64)
    cost = routing.RegisterTransitMatrix(np.rint(instance.times * SCALE).astype(np.int64).tolist())
    routing.SetArcCostEvaluatorOfAllVehicles(cost)
    transit = routing.RegisterTransitMatrix((way + stay[:, None]).tolist())
    horizon = math.ceil(max(instance.late[v] for v in instance.nodes) * SCALE) + 1
    routing.AddDimension(transit, horizon, horizon, False, "time")
    time = routing.GetDimensionOrDie("time")
    for g in range(len(instance.capacity[0])):
        amounts = [round(instance.loads[v][g]) if v in instance.loads else 0 for v in instance.nodes]
        load = routing.RegisterUnaryTransitVector(amounts)
        most = [math.floor(capacity[g] + 1e-9) for capacity in instance.capacity]
        routing.AddDimensionWithVehicleCapacity(load, 0, most, True, f"load{g}")
    solver = routing.solver()
    for p, d in instance.pairs:
        a, b = manager.NodeToIndex(index[p]), manager.NodeToIndex(index[d])
        routing.AddPickupAndDelivery(a, b)
        solver.Add(routing.VehicleVar(a) == routing.VehicleVar(b))
        solver.Add(time.CumulVar(a) <= time.CumulVar(b))
        ride = instance.ride.get(p, math.inf)
        if math.isfinite(ride):
            most_ride = math.floor((ride + instance.service[p]) * SCALE + 1e-9)
            solver.Add(time.CumulVar(b) - time.CumulVar(a) <= most_ride)
        for v, at in ((p, a), (d, b)):
            time.CumulVar(at).SetRange(
                math.ceil(windows[v][0] * SCALE - 1e-9), math.floor(windows[v][1] * SCALE + 1e-9)
            )
        routing.AddDisjunction([a, b], DROPPED, 2)
    for k in range(len(instance.start)):
        for v, at in ((instance.start[k], routing.Start(k)), (instance.end[k], routing.End(k))):
            time.CumulVar(at).SetRange(
                math.ceil(instance.early[v] * SCALE), math.floor(min(instance.late[v] * SCALE, horizon))
            )
        if math.isfinite(instance.duration[k]):
            time.SetSpanUpperBoundForVehicle(math.floor(instance.duration[k] * SCALE), k)
        if instance.fleet_first:
            routing.SetFixedCostOfVehicle(VEHICLE, k)
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    parameters.time_limit.FromMilliseconds(max(1, round((seconds - (clock.monotonic() - began)) * 1000)))
    found = routing.SolveWithParameters(parameters)
    routes: Routes = []
    if found is None:
        return routes, 0
    for k in range(len(instance.start)):
        at, nodes = found.Value(routing.NextVar(routing.Start(k))), []
        while not routing.IsEnd(at):
            nodes.append(instance.nodes[manager.IndexToNode(at)])
            at = found.Value(routing.NextVar(at))
        if nodes:
            routes.append((k, nodes))
    return routes, 0

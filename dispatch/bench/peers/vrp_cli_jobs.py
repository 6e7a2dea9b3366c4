"""vrp-cli (reinterpretcat/vrp) in its pragmatic format: jobs with a pick-up and a delivery, until the time is over.

It cannot state ride-time limits: windows are cut (:mod:`dispatch.bench.peers.windows`) so that every schedule keeps
them. Route durations, several depots, several capacities and "fewest tours first" it can. Its answer is mended where it
breaks a rule. Its recharge stations fill the battery and know no partial charge: ``eadarp`` is refused. It takes no seed, whole
seconds, and as many threads as the machine has.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import numpy as np

from dispatch.bench.peers.mending import Routes, mended
from dispatch.bench.peers.windows import Windows, cut_windows
from dispatch.bench.readers import Instance

SCALE = 100
MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)


def solve(instance: Instance, *, seconds: float, seed: int, threads: int) -> tuple[Routes, int]:
    """Return routes as (vehicle, nodes) and the number of generations; ``seed`` and ``threads`` it does not take."""
    del seed, threads
    vrp_cli = import_module("vrp_cli")
    windows = cut_windows(instance, share=1.0)
    index = {v: i for i, v in enumerate(instance.nodes)}
    problem = {
        "plan": {
            "jobs": [
                {
                    "id": str(p),
                    "pickups": [_task(instance, index, windows, p, p)],
                    "deliveries": [_task(instance, index, windows, d, p)],
                }
                for p, d in instance.pairs
            ]
        },
        "fleet": {
            "vehicles": [_vehicle(instance, index, k) for k in range(len(instance.start))],
            "profiles": [{"name": "car"}],
        },
        "objectives": _objectives(instance),
    }
    matrix = {
        "profile": "car",
        "travelTimes": np.ceil(instance.times * SCALE - 1e-9).astype(int).ravel().tolist(),
        "distances": np.rint(instance.times * SCALE).astype(int).ravel().tolist(),
    }
    config = {
        "termination": {"maxTime": max(1, round(seconds))},
        "telemetry": {"metrics": {"enabled": True, "trackPopulation": 1000}},
        "environment": {"logging": {"enabled": False}},
    }
    answer = json.loads(
        vrp_cli.solve_pragmatic(problem=json.dumps(problem), matrices=[json.dumps(matrix)], config=json.dumps(config))
    )
    delivery_of = dict(instance.pairs)
    routes = []
    for tour in answer["tours"]:
        nodes = []
        for stop in tour["stops"]:
            for activity in stop["activities"]:
                if activity["type"] == "pickup":
                    nodes.append(int(activity["jobId"]))
                elif activity["type"] == "delivery":
                    nodes.append(delivery_of[int(activity["jobId"])])
        if nodes:
            routes.append((int(tour["vehicleId"]), nodes))
    generations = ((answer.get("extras") or {}).get("metrics") or {}).get("generations", 0)
    return mended(instance, sorted(routes)), int(generations)


def _objectives(instance: Instance) -> list[Any]:
    kinds = ["minimize-unassigned", *(["minimize-tours"] if instance.fleet_first else []), "minimize-cost"]
    return [[{"type": kind}] for kind in kinds]


def _at(time: float, rounded: float) -> str:
    return (MIDNIGHT + timedelta(seconds=rounded)).strftime("%Y-%m-%dT%H:%M:%SZ") if math.isfinite(time) else ""


def _task(instance: Instance, index: dict[int, int], windows: Windows, v: int, p: int) -> dict[str, Any]:
    early, late = windows[v]
    begin = math.ceil(early * SCALE - 1e-6)
    end = max(begin, math.floor(late * SCALE + 1e-6))
    place = {
        "location": {"index": index[v]},
        "duration": math.ceil(instance.service[v] * SCALE),
        "times": [[_at(early, begin), _at(late, end)]],
    }
    return {"places": [place], "demand": [round(q) for q in instance.loads[p]]}


def _vehicle(instance: Instance, index: dict[int, int], k: int) -> dict[str, Any]:
    start, end = instance.start[k], instance.end[k]
    shift = {
        "start": {
            "earliest": _at(instance.early[start], math.ceil(instance.early[start] * SCALE)),
            "location": {"index": index[start]},
        },
        "end": {
            "latest": _at(instance.late[end], math.floor(instance.late[end] * SCALE)),
            "location": {"index": index[end]},
        },
    }
    vehicle: dict[str, Any] = {
        "typeId": f"type{k}",
        "vehicleIds": [str(k)],
        "profile": {"matrix": "car"},
        "costs": {"fixed": 0, "distance": 1, "time": 0},
        "shifts": [shift],
        "capacity": [math.floor(c + 1e-9) for c in instance.capacity[k]],
    }
    if math.isfinite(instance.duration[k]):
        vehicle["limits"] = {"maxDuration": math.floor(instance.duration[k] * SCALE)}
    return vehicle

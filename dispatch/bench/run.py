"""Solve one benchmark instance and write what it takes to check it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from dispatch.bench.readers import Instance, read
from dispatch.search.engine import Clocked, Engine, Tuning
from dispatch.search.model import Model, NodeRow, RequestRow, SlotRow, build
from dispatch.search.tables import INF


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The line that a benchmark run prints; ``cost`` in the file's own unit, ``bound`` None where none was proved."""

    instance: str
    cost: float
    vehicles: int
    unserved: int
    seconds: float
    iterations: int
    seed: int
    bound: float | None


def model_of(instance: Instance, *, vehicles: int | None = None) -> Model:
    """Turn an instance into a model of the search, with at most ``vehicles`` slots."""
    index = {v: i for i, v in enumerate(instance.nodes)}
    size = len(index)
    times = np.zeros((1, size + 1, size + 1))
    times[0, :size, :size] = instance.times
    penalty = max(1000.0, 50.0 * float(instance.times.mean())) * 20.0

    def node(v: int) -> NodeRow:
        return NodeRow(loc=index[v], early=instance.early[v], late=instance.late[v], service=instance.service[v])

    requests = [
        RequestRow(
            nodes=(node(p), node(d)),
            load=instance.loads[p],
            block=False,
            penalty=penalty,
            price=np.zeros(1),
            ride=instance.ride.get(p, INF),
        )
        for p, d in instance.pairs
    ]
    slots = []
    for k in range(len(instance.start) if vehicles is None else vehicles):
        start, end = instance.start[k], instance.end[k]
        place = (instance.x[start], instance.y[start], instance.x[end], instance.y[end])
        duration = instance.duration[k] if math.isfinite(instance.duration[k]) else INF
        slots.append(
            SlotRow(
                vehicle=k,
                kind=(place, instance.capacity[k], duration),
                start=node(start),
                end=node(end),
                gear=0,
                capacity=instance.capacity[k],
                compat=0,
                duration=duration,
            )
        )
    return build(
        requests=requests, slots=slots, drive=times, price=times, energy=np.zeros_like(times), tick=0.0,
        window_weight=0.1 if instance.fleet_first else 0.3,
    )  # fmt: skip


def solve_file(
    path: Path,
    format: str,
    *,
    seconds: float,
    seed: int,
    threads: int,
    out: Path,
    gamma: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    tuning: Tuning | None = None,
) -> Outcome:
    """Solve one instance file, write ``NAME.solution.json`` into ``out`` and return the figures.

    Raises
    ------
    BadInstance
        The file is not of the stated format.
    """
    began = clock()
    instance = read(path, format, gamma=gamma)
    model = model_of(instance)
    engine = Engine(model, seed=seed, threads=threads, tuning=tuning)
    watch = Clocked(clock=clock, iterations=None, seconds=seconds - (clock() - began))
    if instance.fleet_first:
        engine.shed(watch, upto=0.45)
    engine.run(watch)
    routes = node_routes(engine, instance)
    used = [(k, nodes) for k, nodes in enumerate(routes) if nodes]
    body = [
        nodes if instance.identical else {"vehicle": model.slots[k].vehicle + 1, "nodes": nodes} for k, nodes in used
    ]
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{instance.name}.solution.json").write_text(json.dumps({"routes": body}) + "\n", encoding="utf-8")
    index = {v: i for i, v in enumerate(instance.nodes)}
    cost = 0.0
    for k, nodes in used:
        vehicle = model.slots[k].vehicle
        row = [index[v] for v in (instance.start[vehicle], *nodes, instance.end[vehicle])]
        cost += float(instance.times[row[:-1], row[1:]].sum())
    return Outcome(
        instance=instance.name,
        cost=cost,
        vehicles=len(used),
        unserved=engine.unserved,
        seconds=round(clock() - began, 3),
        iterations=engine.iterations,
        seed=seed,
        bound=engine.bound,
    )


def node_routes(engine: Engine, instance: Instance) -> list[list[int]]:
    """Return the best plan's routes by slot, as the file numbers the nodes."""
    numbers: dict[int, int] = {}
    for (p, d), first in zip(instance.pairs, engine.model.first_node, strict=True):
        numbers[first], numbers[first + 1] = p, d
    best = engine.best
    return [[numbers[int(v)] for v in best.b_seq[k, 1 : best.b_length[k] - 1]] for k in range(len(engine.net.slot_i))]


def json_line(outcome: Outcome) -> str:
    return json.dumps(asdict(outcome))

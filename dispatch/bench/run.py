"""Solve one benchmark instance and write what it takes to check it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dispatch.bench.electric import RIDE_WEIGHT, TRAVEL_WEIGHT, electric_cost
from dispatch.bench.outcome import Outcome, write_solution
from dispatch.bench.readers import Instance, read
from dispatch.search.engine import Clocked, Engine, Tuning
from dispatch.search.model import EnergyTables, Model, NodeRow, RequestRow, SlotRow, build
from dispatch.search.tables import INF, NEEDS_ENERGY, NEEDS_EXCESS
from dispatch.search.warmup import compile_kernels


def model_of(instance: Instance, *, vehicles: int | None = None) -> Model:
    """Turn an instance into a model of the search, with at most ``vehicles`` vehicles."""
    index = {v: i for i, v in enumerate(instance.nodes)}
    size = len(index)
    times = np.zeros((1, size + 1, size + 1))
    times[0, :size, :size] = instance.times
    penalty = max(1000.0, 50.0 * float(instance.times.mean())) * 20.0

    def node(v: int) -> NodeRow:
        return NodeRow(loc=index[v], early=instance.early[v], late=instance.late[v], service=instance.service[v])

    battery = bool(instance.battery)
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
    places = list(end_places(instance).values())
    ends = [(yard, found[0]) for yard, found in enumerate(places)]
    for k in range(len(instance.start) if vehicles is None else vehicles):
        for yard, end_node in ends if battery else [(-1, instance.end[k])]:
            start = instance.start[k]
            place = (instance.x[start], instance.y[start], instance.x[end_node], instance.y[end_node])
            duration = instance.duration[k] if math.isfinite(instance.duration[k]) else INF
            slots.append(
                SlotRow(
                    vehicle=k,
                    kind=(place, instance.capacity[k], duration),
                    start=node(start),
                    end=node(end_node),
                    gear=0,
                    capacity=instance.capacity[k],
                    compat=0,
                    duration=duration,
                    fixed=-idle_trip(instance, k),
                    yard=yard,
                    battery=0 if battery else -1,
                    needs=NEEDS_ENERGY | NEEDS_EXCESS if battery else 0,
                )
            )
    if not battery:
        return build(
            requests=requests,
            slots=slots,
            drive=times,
            price=times,
            energy=np.zeros_like(times),
            tick=0.0,
            window_weight=0.1 if instance.fleet_first else 0.3,
        )
    return build(
        requests=requests,
        slots=slots,
        drive=times,
        price=TRAVEL_WEIGHT * times,
        energy=instance.drain * times,
        energy_tables=energy_tables(instance, index),
        tick=0.0,
        excess=RIDE_WEIGHT,
        visits=True,
        yard_room=[len(found) for found in places],
    )


def end_places(instance: Instance) -> dict[tuple[float, float], list[int]]:
    """Return the end depots by where they lie; depots at one place are interchangeable."""
    places: dict[tuple[float, float], list[int]] = {}
    for v in instance.ends:
        places.setdefault((instance.x[v], instance.y[v]), []).append(v)
    return places


def idle_trip(instance: Instance, k: int) -> float:
    """What it costs that vehicle ``k`` does nothing: battery vehicles go to the nearest end depot in any case."""
    if not instance.ends:
        return 0.0
    index = {v: i for i, v in enumerate(instance.nodes)}
    return TRAVEL_WEIGHT * min(float(instance.times[index[instance.start[k]], index[v]]) for v in instance.ends)


def energy_tables(instance: Instance, index: dict[int, int]) -> EnergyTables:
    """Return one battery for all vehicles, as the files have it, and the stations with their linear charging."""
    stations = sorted(instance.stations)
    capacity = instance.battery[0]
    curve = np.full((1, 2, 2, 2), INF)
    curve[:, :, 0, 0] = 0.0
    return EnergyTables(
        battery_f=np.array([[capacity, 0.0, instance.gamma * capacity, instance.initial[0]]]),
        curve=curve,
        group_i=np.array([(index[v], i, instance.station_visits, 1) for i, v in enumerate(stations)], np.int64),
        # a rate per time unit stands for watts in hours of 3600 units
        group_f=np.array([(instance.stations[v] * 3600.0, 0.0, 0.0) for v in stations]),
        site_power=np.full(len(stations), INF),
    )


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
    compile_kernels()
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
    write_solution(instance, [(model.slots[k].vehicle, nodes) for k, nodes in used], out)
    index = {v: i for i, v in enumerate(instance.nodes)}
    cost = 0.0
    for k, nodes in used:
        vehicle = model.slots[k].vehicle
        stops = [v for v in nodes if isinstance(v, int)]
        ends = (index[instance.start[vehicle]], model.slots[k].end.loc)
        row = [ends[0], *(index[v] for v in stops), ends[1]]
        cost += float(instance.times[row[:-1], row[1:]].sum())
    if instance.battery:
        timed = electric_cost(instance, [(model.slots[k].vehicle, nodes) for k, nodes in used])
        idle = sum(idle_trip(instance, k) for k in range(len(instance.start)))
        cost = engine.objective + idle if timed is None else timed
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


def node_routes(engine: Engine, instance: Instance) -> list[list[int | dict[str, int]]]:
    """Return the best plan's routes by slot, as the file numbers the nodes."""
    numbers: dict[int, int] = {}
    for (p, d), first in zip(instance.pairs, engine.model.first_node, strict=True):
        numbers[first], numbers[first + 1] = p, d
    best = engine.best
    stations = sorted(instance.stations)
    routes: list[list[int | dict[str, int]]] = []
    for k in range(len(engine.net.slot_i)):
        route: list[int | dict[str, int]] = []
        charges = [(int(at), int(group)) for at, group in best.b_charge_i[k, : best.b_charge_count[k]]]
        for at, node in enumerate(best.b_seq[k, : best.b_length[k] - 1]):
            if at:
                route.append(numbers[int(node)])
            route.extend({"station": stations[group]} for position, group in charges if position == at)
        routes.append(route)
    return routes

"""The cost of electric routes with the best schedule that their sequence allows, by linear programming.

The objective of the ``eadarp`` set (Bongiovanni et al. 2019, Transp. Res. B 122) holds excess ride times, and those depend
on how a route is timed and how much is charged where. Both are chosen here at once for every vehicle and every place it
may end at, and the end depots are then shared out at the least total cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.optimize import linear_sum_assignment, linprog

from dispatch.bench.outcome import Node
from dispatch.bench.readers import Instance

TRAVEL_WEIGHT, RIDE_WEIGHT = 0.75, 0.25
"""Weights of travel time and of excess ride time."""
SLACK = 1e-7
"""What a schedule may break a limit by, for rounding."""


def electric_cost(instance: Instance, routes: Sequence[tuple[int, Sequence[Node]]]) -> float | None:
    """Return the cost of the routes, idle vehicles' ways to an end depot included; None if they cannot be driven."""
    index = {v: i for i, v in enumerate(instance.nodes)}
    nodes_of = dict(routes)
    ends = sorted(instance.ends)
    cost = np.full((len(instance.start), len(ends)), np.inf)
    for k, start in enumerate(instance.start):
        known: dict[tuple[float, float], float] = {}
        for column, end in enumerate(ends):
            place = (instance.x[end], instance.y[end])
            if place not in known:
                if nodes_of.get(k):
                    known[place] = route_cost(instance, index, k, nodes_of[k], end)
                else:
                    known[place] = TRAVEL_WEIGHT * float(instance.times[index[start], index[end]])
            cost[k, column] = known[place]
    try:
        rows, columns = linear_sum_assignment(cost)
    except ValueError:
        return None
    return float(cost[rows, columns].sum())


def route_cost(instance: Instance, index: dict[int, int], k: int, nodes: Sequence[Node], end: int) -> float:
    """Return the least cost of vehicle ``k`` driving ``nodes`` to ``end``; infinite if no schedule and charging allow it."""
    stops = [v if isinstance(v, int) else v["station"] for v in nodes]
    plugs = [i for i, v in enumerate(nodes, 1) if not isinstance(v, int)]
    route = [instance.start[k], *stops, end]
    legs = [float(instance.times[index[a], index[b]]) for a, b in pairwise(route)]
    count, size = len(route), len(route) + len(plugs)
    charge = {i: count + j for j, i in enumerate(plugs)}
    rate = {i: instance.stations[route[i]] for i in plugs}
    most = instance.battery[k]
    bounds = [(instance.early[v], instance.late[v]) for v in route] + [(0.0, most)] * len(plugs)
    rows: list[np.ndarray] = []
    limits: list[float] = []

    def at_most(terms: dict[int, float], limit: float) -> None:
        row = np.zeros(size)
        for variable, factor in terms.items():
            row[variable] = factor
        rows.append(row)
        limits.append(limit + SLACK)

    for i, leg in enumerate(legs):
        terms = {i: 1.0, i + 1: -1.0}
        if i in charge:
            terms[charge[i]] = 1.0 / rate[i]
        at_most(terms, -instance.service[route[i]] - leg)
    level = instance.initial[k]
    before: dict[int, float] = {}
    for i, leg in enumerate(legs, 1):
        level -= instance.drain * leg
        least = instance.gamma * most if i == count - 1 else 0.0
        at_most(dict.fromkeys(before, -1.0), level - least)
        if i in charge:
            before[charge[i]] = 1.0
            at_most(dict(before), most - level)
    position = {v: i for i, v in enumerate(route)}
    objective, constant = np.zeros(size), 0.0
    for p, d in instance.pairs:
        if p in position and d in position:
            a, b = position[p], position[d]
            at_most({b: 1.0, a: -1.0}, instance.ride[p] + instance.service[p])
            objective[b] += 1.0
            objective[a] -= 1.0
            constant += instance.service[p] + float(instance.times[index[p], index[d]])
    found = linprog(objective, A_ub=np.array(rows), b_ub=np.array(limits), bounds=bounds, method="highs")
    if found.status != 0 or found.fun is None:
        return float("inf")
    return TRAVEL_WEIGHT * sum(legs) + RIDE_WEIGHT * max(0.0, float(found.fun) - constant)

"""What the kernels find for one request, against every position tried with a schedule of its own."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest

from dispatch.search.engine import Clocked, Engine
from dispatch.search.model import EnergyTables, Model, NodeRow, RequestRow, SlotRow, build
from dispatch.search.pool import RoutePool
from dispatch.search.tables import INF, NEEDS_ENERGY, FloatTable

DAY = 200.0
RIDE = 45.0
DURATION = 150.0


def road(places: FloatTable) -> FloatTable:
    """Drive times between places in the plane, with "nowhere" behind them."""
    size = len(places)
    times = np.full((1, size + 1, size + 1), 0.0)
    times[0, :size, :size] = np.hypot(*(places[:, None, :] - places[None, :, :]).transpose(2, 0, 1))
    return times


def transfers(seed: int, count: int) -> tuple[Model, FloatTable]:
    rng = np.random.default_rng(seed)
    places = rng.uniform(-10, 10, (2 * count + 1, 2))
    times = road(places)
    requests = []
    for r in range(count):
        early = rng.uniform(0, DAY - 60)
        requests.append(
            RequestRow(
                nodes=(
                    NodeRow(loc=2 * r + 1, early=early, late=early + 40, service=2.0),
                    NodeRow(loc=2 * r + 2, early=0.0, late=DAY, service=2.0),
                ),
                load=(float(rng.integers(1, 3)),),
                block=False,
                penalty=1e4,
                price=np.zeros(1),
                ride=RIDE,
            )
        )
    depot = NodeRow(loc=0, early=0.0, late=DAY, service=0.0)
    slots = [
        SlotRow(vehicle=k, kind=0, start=depot, end=depot, gear=0, capacity=(3.0,), compat=0, duration=DURATION)
        for k in range(2)
    ]
    return build(requests=requests, slots=slots, drive=times, price=times, energy=np.zeros_like(times)), times[0]


def feasible(model: Model, nodes: list[int], times: FloatTable) -> bool:
    """Raise begin times until every limit holds (Bellman and Ford)."""
    net = model.net
    load = np.cumsum(net.load[nodes, 0])
    if load.max() > 3.0:
        return False
    at = net.node_f[nodes, 0].copy()
    place = {v: i for i, v in enumerate(nodes)}
    limits = [
        (i, i + 1, net.node_f[a, 2] + times[net.node_i[a, 0], net.node_i[b, 0]])
        for i, (a, b) in enumerate(pairwise(nodes))
    ]
    limits += [
        (place[int(last)], place[int(first)], -net.node_f[first, 2] - RIDE)
        for first, last in net.req_i[:, :2]
        if first in place
    ]
    limits.append((len(nodes) - 1, 0, -DURATION))
    changed = True
    while changed:
        changed = False
        for a, b, gap in limits:
            if at[b] < at[a] + gap - 1e-9:
                at[b], changed = at[a] + gap, True
        if (at > net.node_f[nodes, 1] + 1e-6).any():
            return False
    return True


def cheapest(model: Model, routes: list[list[int]], r: int, times: FloatTable) -> float:
    net = model.net
    loc = net.node_i[:, 0]
    first, last = (int(v) for v in net.req_i[r, :2])

    def length(nodes: list[int]) -> float:
        return sum(float(times[loc[a], loc[b]]) for a, b in pairwise(nodes))

    best = INF
    for route in routes:
        for i in range(1, len(route)):
            for j in range(i, len(route)):
                more = [*route[:i], first, *route[i:j], last, *route[j:]]
                if feasible(model, more, times):
                    best = min(best, length(more) - length(route))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_the_cheapest_feasible_position_is_found(seed: int) -> None:
    model, times = transfers(seed, 8)
    engine = Engine(model, seed=seed, threads=1)
    engine.step(300, 5.0, 0.1, None)
    best = engine.best
    found = 0
    for r in range(8):
        if best.b_route_of[r] < 0:
            continue
        seq, length = engine.heads()
        routes = []
        for k in range(2):
            nodes = [int(v) for v in best.b_seq[k, : best.b_length[k]] if model.net.node_i[v, 1] != r]
            seq[k, : len(nodes)], length[k] = nodes, len(nodes)
            routes.append(nodes)
        engine.install(seq, length, engine.states[0])
        cost = engine.offer(r)[0]
        assert cost == pytest.approx(cheapest(model, routes, r, times))
        found += cost < INF
    assert found


def charged(rounds: int, initial_wh: float) -> Engine:
    """A vehicle goes out and back ``rounds`` times, 20 Wh each, and may charge 20 Wh between two of them."""
    times = road(np.array([(0.0, 0.0), (10.0, 0.0)]))
    requests = [
        RequestRow(
            nodes=(
                NodeRow(loc=0, early=40.0 * r, late=40.0 * r, service=0.0),
                NodeRow(loc=1, early=0.0, late=40.0 * r + 10, service=0.0),
            ),
            load=(1.0,), block=False, penalty=1e4, price=np.zeros(1),
        )
        for r in range(rounds)
    ]  # fmt: skip
    depot = NodeRow(loc=0, early=0.0, late=1000.0, service=0.0)
    slot = SlotRow(
        vehicle=0, kind=0, start=depot, end=depot, gear=0, capacity=(1.0,), compat=0, battery=0, needs=NEEDS_ENERGY
    )
    curve = np.full((1, 2, 2, 2), INF)
    curve[:, :, 0, 0] = 0.0
    tables = EnergyTables(
        battery_f=np.array([[100.0, 0.0, 0.0, initial_wh]]),
        curve=curve,
        group_i=np.array([(0, 0, 1, 1)], np.int64),
        group_f=np.array([(3600.0, 0.0, 0.0)]),
        site_power=np.array([INF]),
    )
    engine = Engine(
        build(requests=requests, slots=[slot], drive=times, price=times, energy=times, energy_tables=tables),
        seed=0,
        threads=1,
    )
    engine.run(Clocked(clock=time.monotonic, iterations=200, seconds=None))
    return engine


def test_a_charge_that_has_no_time_for_all_is_made_up_for_later() -> None:
    engine = charged(4, 30.0)
    best = engine.best
    assert engine.unserved == 0
    gained = best.b_charge_f[0, : best.b_charge_count[0], 2]
    assert gained.max() <= 20.0 + 1e-6
    assert gained.sum() == pytest.approx(50.0)


def test_energy_is_not_made_up() -> None:
    # three gaps of 20 Wh and 10 Wh at first do not drive four rounds
    assert charged(4, 10.0).unserved == 1


@pytest.mark.parametrize(("room", "unserved"), [((1,), 1), ((2,), 0)])
def test_no_more_vehicles_end_in_a_yard_than_it_holds(room: tuple[int, ...], unserved: int) -> None:
    times = road(np.array([(0.0, 0.0), (10.0, 0.0)]))
    requests = [
        RequestRow(
            nodes=(NodeRow(loc=0, early=0.0, late=0.0, service=0.0), NodeRow(loc=1, early=0.0, late=10.0, service=0.0)),
            load=(1.0,), block=False, penalty=1e4, price=np.zeros(1),
        )
        for _ in range(2)
    ]  # fmt: skip
    depot = NodeRow(loc=0, early=0.0, late=100.0, service=0.0)
    slots = [
        SlotRow(vehicle=k, kind=k, start=depot, end=depot, gear=0, capacity=(1.0,), compat=0, yard=0) for k in range(2)
    ]
    model = build(requests=requests, slots=slots, drive=times, price=times, energy=np.zeros_like(times), yard_room=room)
    engine = Engine(model, seed=0, threads=1)
    engine.run(Clocked(clock=time.monotonic, iterations=100, seconds=None))
    assert engine.unserved == unserved


def test_the_pool_keeps_a_set_of_requests_once_at_its_least_cost() -> None:
    model, _ = transfers(3, 8)
    engine = Engine(model, seed=3, threads=2)
    engine.step(400, 5.0, 0.5, None)
    pool = RoutePool(model.net)
    pool.gather(engine.states, None)
    assert len(pool) > 5
    sets = [(int(pool.kind[at]), frozenset(pool.members(at).tolist())) for at in range(len(pool))]
    assert len(set(sets)) == len(sets)
    cover = pool.cover()
    for at, (_, members) in enumerate(sets):
        assert set(cover.indices[cover.indptr[at] : cover.indptr[at + 1]].tolist()) == members
    before, count = pool.cost.copy(), len(pool)
    engine.step(400, 5.0, 0.5, None)
    pool.gather(engine.states, None)
    assert (pool.cost[:count] <= before + 1e-9).all()
    assert not engine.states[0].pool_count[0]

"""Ruin and recreate under simulated annealing: the kernel that does the searching."""

from __future__ import annotations

import math

import numpy as np

from dispatch.search.compiled import entry, inner
from dispatch.search.duty import release
from dispatch.search.insertion import drop, refresh, serving_price, touch, undo
from dispatch.search.recreate import recreate_best, recreate_regret
from dispatch.search.ruin import mark, ruin
from dispatch.search.tables import (
    INF,
    MAX_CHARGES,
    O_BEST,
    O_BEST_UNSERVED,
    O_CURRENT,
    O_UNSERVED,
    R_BLOCK,
    R_PENALTY,
    REQ,
    S_CLASS,
    S_END,
    S_SELF_DRIVE,
    S_VEHICLE,
    S_YARD,
)
from dispatch.search.timing import uniform

KERNELS = "4f7a277901b15c9e"
"""Digest of every kernel compiled into this file's, so that kept ones are renewed (tests/repo/test_kernels.py)."""

EXCHANGE = 0.1
"""Share of the iterations in which two slots of different classes swap what they do, where there are several classes."""
MINIMISE, SHED = 0, 1
"""Modes of :func:`anneal`: least cost; or serving everybody with the slots there are, by counting absences."""


@inner
def keep_route(k, fleet, plan, pool):
    """Put slot ``k``'s sequence into the pool unless its class has one as cheap with the same requests."""
    m = plan.length[k]
    if m > pool.pool_seq.shape[1]:
        return
    kind = fleet.slot_i[k, S_CLASS]
    h = np.uint64(kind + 1) * np.uint64(0x9E3779B97F4A7C15)
    for i in range(1, m - 1):
        h ^= pool.zobrist[plan.seq[k, i]]
    if h == 0:
        h = np.uint64(1)
    mask = np.uint64(pool.pool_hash.shape[0] - 1)
    slot = h & mask
    while pool.pool_hash[slot] != 0 and pool.pool_hash[slot] != h:
        slot = (slot + np.uint64(1)) & mask
    if pool.pool_hash[slot] == 0:
        at = pool.pool_count[0]
        if at >= pool.pool_len.shape[0]:
            return
        pool.pool_hash[slot] = h
        pool.pool_at[slot] = at
        pool.pool_count[0] = at + 1
    else:
        at = pool.pool_at[slot]
        if plan.cost[k] >= pool.pool_cost[at] - 1e-9:
            return
    for i in range(m):
        pool.pool_seq[at, i] = plan.seq[k, i]
    pool.pool_len[at] = m
    pool.pool_cost[at] = plan.cost[k]
    pool.pool_class[at] = kind


@inner
def keep_best(asks, fleet, plan, best, plugs):
    """Remember the current plan as the best one."""
    plan.objective[O_BEST] = plan.objective[O_CURRENT]
    plan.objective[O_BEST_UNSERVED] = plan.objective[O_UNSERVED]
    for k in range(fleet.slot_i.shape[0]):
        m = plan.length[k]
        best.b_length[k] = m
        for i in range(m):
            best.b_seq[k, i] = plan.seq[k, i]
        best.b_charge_count[k] = plugs.charge_count[k]
        for c in range(plugs.charge_count[k]):
            for x in range(2):
                best.b_charge_i[k, c, x] = plugs.charge_i[k, c, x]
            for x in range(3):
                best.b_charge_f[k, c, x] = plugs.charge_f[k, c, x]
    for r in range(asks.req_i.shape[0]):
        best.b_route_of[r] = plan.route_of[r]


@inner
def hand_over(a, b, touched, roads, asks, fleet, cells, plan, back, plugs, desk, work):
    """Let slots ``a`` (used) and ``b`` swap their requests in the order they are in; False if that cannot be driven.

    Returns with both touched; the caller puts them back.
    """
    if fleet.slot_i[a, S_SELF_DRIVE] or fleet.slot_i[b, S_SELF_DRIVE]:
        return False
    for which in range(2):
        k = a if which == 0 else b
        other = b if which == 0 else a
        if plan.length[k] > plan.seq.shape[1] - 2 * MAX_CHARGES:
            return False
        for i in range(1, plan.length[k] - 1):
            # what a slot has begun it finishes itself
            r = roads.node_i[plan.seq[k, i], REQ]
            if r < 0 or serving_price(other, r, asks, fleet) >= INF:
                return False
            if asks.req_i[r, R_BLOCK] == 0:
                for q in range(roads.load.shape[1]):
                    if plan.load[k, i, q] > fleet.capacity[other, q]:
                        return False
    touch(b, touch(a, touched, plan, back, plugs, work), plan, back, plugs, work)
    for which in range(2):
        k = a if which == 0 else b
        if plugs.charge_count[k] > 0:
            release(k, plugs)
            plugs.charge_count[k] = 0
    m = plan.length[a]
    n = plan.length[b]
    for i in range(1, max(m, n) - 1):
        v = plan.seq[a, i]
        plan.seq[a, i] = plan.seq[b, i]
        plan.seq[b, i] = v
    plan.length[a] = n
    plan.length[b] = m
    plan.seq[a, n - 1] = fleet.slot_i[a, S_END]
    plan.seq[b, m - 1] = fleet.slot_i[b, S_END]
    ok = refresh(a, roads, asks, fleet, cells, plan, plugs, desk)
    return refresh(b, roads, asks, fleet, cells, plan, plugs, desk) and ok


@inner
def partner(a, fleet, plan, rng):
    """Return a slot of another class that could take over what slot ``a`` does, -1 if none was met."""
    K = fleet.slot_i.shape[0]
    for _ in range(8):
        b = int(uniform(rng) * K)
        if fleet.slot_i[b, S_CLASS] == fleet.slot_i[a, S_CLASS]:
            continue
        if plan.active[b]:
            return np.int64(b)
        yard = fleet.slot_i[b, S_YARD]
        room = yard < 0 or yard == fleet.slot_i[a, S_YARD] or plan.yard_left[yard] > 0
        vehicle = fleet.slot_i[b, S_VEHICLE]
        own = vehicle == fleet.slot_i[a, S_VEHICLE] and plan.vehicle_use[vehicle] == 1
        if room and (own or plan.vehicle_use[vehicle] == 0):
            return np.int64(b)
    return np.int64(-1)


@inner
def exchange(a, b, temperature, pool_within, roads, asks, fleet, cells, plan, back, best, plugs, desk, work, pool):
    """Let slots ``a`` and ``b`` swap what they do, if the annealing accepts it."""
    before = plan.cost[a] + plan.cost[b]
    ok = hand_over(a, b, np.int64(0), roads, asks, fleet, cells, plan, back, plugs, desk, work)
    if not work.touched[a]:
        return
    accepted = False
    if ok:
        new = plan.objective[O_CURRENT] + plan.cost[a] + plan.cost[b] - before
        accepted = new < plan.objective[O_CURRENT] - temperature * math.log(max(1e-300, uniform(work.rng)))
        if plan.objective[O_UNSERVED] <= plan.objective[O_BEST_UNSERVED] and new < plan.objective[O_BEST] * pool_within:
            for x in range(2):
                if plan.active[work.touched_list[x]]:
                    keep_route(work.touched_list[x], fleet, plan, pool)
    if not accepted:
        undo(2, fleet, plan, back, plugs, work)
    for x in range(2):
        k = work.touched_list[x]
        work.touched[k] = 0
        for i in range(1, plan.length[k] - 1):
            r = roads.node_i[plan.seq[k, i], REQ]
            if r >= 0:
                plan.route_of[r] = k
    if accepted:
        plan.objective[O_CURRENT] = new
        if new < plan.objective[O_BEST] - 1e-7:
            keep_best(asks, fleet, plan, best, plugs)


@entry
def anneal(
    iterations,
    t_begin,
    t_end,
    average,
    blink,
    regret,
    pool_within,
    mode,
    wide,
    shares,
    roads,
    asks,
    fleet,
    kin,
    cells,
    plan,
    back,
    best,
    plugs,
    desk,
    work,
    bids,
    pool,
):
    """Run ``iterations`` of ruin and recreate on ``st`` while the temperature falls from ``t_begin`` to ``t_end``.

    ``average`` requests are taken out at a time; ``shares`` (5,) are the probabilities of the ruin operators; ``wide`` tries
    every slot. In mode SHED it returns as soon as everybody is served.
    """
    n = asks.req_i.shape[0]
    rng = work.rng
    factor = (t_end / t_begin) ** (1.0 / max(1, iterations))
    temperature = t_begin
    for k in range(fleet.slot_i.shape[0]):
        work.touched[k] = 0
    for r in range(n):
        work.is_removed[r] = 0
    for _ in range(iterations):
        temperature *= factor
        waiting = int(plan.objective[O_UNSERVED])
        if kin.class_from.shape[0] > 2 and mode == MINIMISE and uniform(rng) < EXCHANGE:
            r = int(uniform(rng) * n)
            if plan.route_of[r] >= 0:
                a = plan.route_of[r]
                b = partner(a, fleet, plan, rng)
                if b >= 0:
                    exchange(
                        a,
                        b,
                        temperature,
                        pool_within,
                        roads,
                        asks,
                        fleet,
                        cells,
                        plan,
                        back,
                        best,
                        plugs,
                        desk,
                        work,
                        pool,
                    )
            continue
        count = np.int64(0)
        if waiting > 0:
            share = 1.0 if waiting <= 8 or mode == SHED or waiting == n else 6.0 / waiting
            for r in range(n):
                if plan.route_of[r] < 0 and (share >= 1.0 or uniform(rng) < share):
                    count = mark(r, count, work)
        tried = count
        u = uniform(rng)
        operator = 0
        total = 0.0
        for o in range(shares.shape[0]):
            total += shares[o]
            if u < total:
                operator = o
                break
        if waiting < n:
            count = ruin(count, operator, average, n - waiting, roads, asks, fleet, kin, plan, work)
        if count == 0:
            continue
        touched = np.int64(0)
        for x in range(tried, count):
            touched = touch(plan.route_of[work.removed[x]], touched, plan, back, plugs, work)
        for x in range(tried, count):
            r = work.removed[x]
            drop(plan.route_of[r], r, asks, plan)
        ok = True
        old = 0.0
        for x in range(touched):
            old += back.u_cost[work.touched_list[x]]
            ok = refresh(work.touched_list[x], roads, asks, fleet, cells, plan, plugs, desk) and ok
        # where the ruined requests were, to put them back on rejection
        for x in range(count):
            r = work.removed[x]
            work.previous[r] = plan.route_of[r]
            plan.route_of[r] = -1
        if ok:
            scan = wide or (waiting > 0 and uniform(rng) < min(0.05, 10.0 / fleet.slot_i.shape[0]))
            if count <= 60 and (wide or count <= 24) and uniform(rng) < regret:
                touched = recreate_regret(
                    count, touched, scan, roads, asks, fleet, kin, cells, plan, back, plugs, desk, work, bids
                )
            else:
                touched = recreate_best(
                    count,
                    touched,
                    mode == SHED,
                    blink,
                    scan,
                    roads,
                    asks,
                    fleet,
                    kin,
                    cells,
                    plan,
                    back,
                    plugs,
                    desk,
                    work,
                    bids,
                )
            if touched < 0:
                ok = False
                touched = -touched
        accepted = False
        new = plan.objective[O_CURRENT]
        unserved = waiting - tried
        if ok:
            for x in range(touched):
                k = work.touched_list[x]
                new += plan.cost[k] - back.u_cost[k]
            absent_new = 0.0
            absent_old = 0.0
            for x in range(count):
                r = work.removed[x]
                if work.previous[r] < 0:
                    absent_old += work.absent[r]
                    if plan.route_of[r] >= 0:
                        new -= asks.req_f[r, R_PENALTY]
                elif plan.route_of[r] < 0:
                    new += asks.req_f[r, R_PENALTY]
                if plan.route_of[r] < 0:
                    unserved += 1
                    absent_new += work.absent[r]
            bound = plan.objective[O_CURRENT] - temperature * math.log(max(1e-300, uniform(rng)))
            if mode == MINIMISE:
                accepted = new < bound
            else:
                accepted = (
                    unserved < waiting
                    or (unserved > 0 and absent_new < absent_old)
                    or (unserved == waiting and new < bound)
                )
                for x in range(count):
                    if plan.route_of[work.removed[x]] < 0:
                        work.absent[work.removed[x]] += 1.0
            if unserved <= plan.objective[O_BEST_UNSERVED] and new < plan.objective[O_BEST] * pool_within:
                for x in range(touched):
                    if plan.active[work.touched_list[x]]:
                        keep_route(work.touched_list[x], fleet, plan, pool)
        if accepted:
            plan.objective[O_CURRENT] = new
            plan.objective[O_UNSERVED] = unserved
            if new < plan.objective[O_BEST] - 1e-7:
                keep_best(asks, fleet, plan, best, plugs)
        else:
            undo(touched, fleet, plan, back, plugs, work)
            for x in range(count):
                r = work.removed[x]
                plan.route_of[r] = work.previous[r]
        for x in range(touched):
            work.touched[work.touched_list[x]] = 0
        for x in range(count):
            work.is_removed[work.removed[x]] = 0
        if accepted and mode == SHED and unserved == 0:
            return

"""Ruin and recreate under simulated annealing: the kernel that does the searching."""

from __future__ import annotations

import math

import numpy as np

from dispatch.search.compiled import entry, inner
from dispatch.search.insertion import drop, refresh, touch, undo
from dispatch.search.recreate import recreate_best, recreate_regret
from dispatch.search.ruin import mark, ruin
from dispatch.search.tables import (
    O_BEST,
    O_BEST_UNSERVED,
    O_CURRENT,
    O_UNSERVED,
    R_PENALTY,
    S_CLASS,
)
from dispatch.search.timing import uniform

KERNELS = "78b12b2080cdac02"
"""Digest of every kernel compiled into this file's, so that kept ones are renewed (tests/repo/test_kernels.py)."""

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

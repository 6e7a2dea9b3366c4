"""Ruin and recreate under simulated annealing: the kernel that does the searching.

Ruin: strings of neighbouring stops (Christiaens and Vanden Berghe 2020, Transp. Sci. 54(2)), related requests (Shaw 1998),
random ones, the ones that cost most (Ropke and Pisinger 2006, Transp. Sci. 40(4)), and whole routes. Recreate: best insertion
with blinks in one of several orders, or regret insertion.
"""

from __future__ import annotations

import math

import numpy as np

from dispatch.search.compiled import entry, inner
from dispatch.search.insertion import bid, candidates, drop, put, refresh, touch, undo
from dispatch.search.tables import (
    EARLY,
    INF,
    LATE,
    LOC,
    O_BEST,
    O_BEST_UNSERVED,
    O_CURRENT,
    O_UNSERVED,
    R_DIRECT,
    R_FIRST,
    R_LAST,
    R_PENALTY,
    REQ,
    S_CLASS,
    S_GEAR,
    S_START,
    S_VEHICLE,
)
from dispatch.search.timing import uniform

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
def removal_gain(k, r, roads, asks, fleet, plan):
    """What slot ``k`` saves on driving without request ``r``."""
    first = asks.req_i[r, R_FIRST]
    last = asks.req_i[r, R_LAST]
    price = roads.price[fleet.slot_i[k, S_GEAR]]
    gain = 0.0
    before = roads.node_i[plan.seq[k, 0], LOC]
    kept = before
    for i in range(1, plan.length[k]):
        v = plan.seq[k, i]
        here = roads.node_i[v, LOC]
        gain += price[before, here]
        before = here
        if v < first or v > last:
            gain -= price[kept, here]
            kept = here
    return gain


@inner
def mark(r, count, work):
    work.is_removed[r] = 1
    work.removed[count] = r
    return count + 1


@inner
def ruin(count, operator, average, served, roads, asks, fleet, kin, plan, work):
    """Choose requests to take out, beside the ``count`` unserved ones in ``work.removed``; return the new count."""
    n = asks.req_i.shape[0]
    rng = work.rng
    unserved = count
    target = 1 + int(uniform(rng) * (2.0 * average - 1.0) + 0.5)
    if target > served:
        target = served
    seed = int(uniform(rng) * n)
    if unserved > 0 and uniform(rng) < 0.8:
        seed = work.removed[int(uniform(rng) * unserved)]
    if operator == 0:
        used = 0
        stops = 0
        for k in range(fleet.slot_i.shape[0]):
            if plan.active[k]:
                stops += plan.length[k] - 2
                used += 1
        longest = 1.0
        if used > 0:
            longest = max(1.0, min(average, stops * 0.5 / used))
        most = max(1.0, 4.0 * average / (1.0 + longest) - 1.0)
        strings = int(uniform(rng) * most + 1.0)
        done = 0
        for x in range(-1, kin.near.shape[1]):
            if done >= strings:
                break
            c = seed if x < 0 else kin.near[seed, x]
            if c < 0:
                break
            if work.is_removed[c] or plan.route_of[c] < 0:
                continue
            k = plan.route_of[c]
            if work.touched[k]:
                continue
            work.touched[k] = 2
            work.touched_list[done] = k
            done += 1
            m = plan.length[k]
            v = asks.req_i[c, R_FIRST] if uniform(rng) < 0.5 else asks.req_i[c, R_LAST]
            lo = 1
            for i in range(1, m - 1):
                if plan.seq[k, i] == v:
                    lo = i
                    break
            hi = lo
            wanted = int(uniform(rng) * min((m - 2) * 0.5, longest) + 1.0)
            count = mark(c, count, work)
            got = 1
            split = uniform(rng) < 0.3
            while got < wanted:
                left = lo > 1
                right = hi < m - 2
                if not left and not right:
                    break
                if left and (not right or uniform(rng) < 0.5):
                    lo -= 1
                    v = plan.seq[k, lo]
                else:
                    hi += 1
                    v = plan.seq[k, hi]
                r = roads.node_i[v, REQ]
                if r < 0 or work.is_removed[r]:
                    continue
                if split and uniform(rng) < 0.3:
                    continue
                count = mark(r, count, work)
                got += 1
        for x in range(done):
            work.touched[work.touched_list[x]] = 0
    elif operator == 1:
        if plan.route_of[seed] >= 0 and not work.is_removed[seed]:
            count = mark(seed, count, work)
        for x in range(kin.near.shape[1]):
            c = kin.near[seed, x]
            if c < 0 or count - unserved >= target:
                break
            if uniform(rng) < 0.25 or plan.route_of[c] < 0 or work.is_removed[c]:
                continue
            count = mark(c, count, work)
    elif operator == 2:
        tries = 0
        while count - unserved < target and tries < 10 * target:
            tries += 1
            r = int(uniform(rng) * n)
            if plan.route_of[r] < 0 or work.is_removed[r]:
                continue
            count = mark(r, count, work)
    elif operator == 3:
        tries = 0
        while count - unserved < target and tries < 4 * target:
            tries += 1
            most = -INF
            worst = -1
            for _ in range(6):
                r = int(uniform(rng) * n)
                if plan.route_of[r] < 0 or work.is_removed[r]:
                    continue
                gain = removal_gain(plan.route_of[r], r, roads, asks, fleet, plan)
                if gain > most:
                    most = gain
                    worst = r
            if worst >= 0:
                count = mark(worst, count, work)
    else:
        k = plan.route_of[seed]
        if k >= 0:
            for i in range(1, plan.length[k] - 1):
                r = roads.node_i[plan.seq[k, i], REQ]
                if r >= 0 and not work.is_removed[r] and count - unserved < 3 * average:
                    count = mark(r, count, work)
    return count


@inner
def sort_by_key(count, work):
    """Sort ``work.removed[:count]`` by ``work.key`` (shell sort: no memory, and the lists are short)."""
    gap = 1
    while gap < count // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for x in range(gap, count):
            key = work.key[x]
            r = work.removed[x]
            y = x
            while y >= gap and (work.key[y - gap] > key or (work.key[y - gap] == key and work.removed[y - gap] > r)):
                work.key[y] = work.key[y - gap]
                work.removed[y] = work.removed[y - gap]
                y -= gap
            work.key[y] = key
            work.removed[y] = r
        gap //= 3


@inner
def recreate_best(
    count, touched, shed, blink, wide, roads, asks, fleet, kin, cells, plan, back, plugs, desk, work, bids
):
    """Insert ``work.removed[:count]`` one by one where cheapest; return the number of touched slots, negative if broken."""
    rng = work.rng
    w = uniform(rng)
    by_absence = shed and uniform(rng) < 0.5
    base = fleet.slot_i[0, S_START]
    depot = roads.node_i[base, LOC]
    for x in range(count):
        r = work.removed[x]
        first = asks.req_i[r, R_FIRST]
        last = asks.req_i[r, R_LAST]
        if by_absence:
            key = -work.absent[r] + 0.001 * uniform(rng)
        elif w < 0.35:
            key = uniform(rng)
        elif w < 0.6:
            key = roads.price[0, depot, roads.node_i[first, LOC]] + roads.price[0, depot, roads.node_i[last, LOC]]
            if w < 0.5:
                key = -key
        elif w < 0.75:
            key = min(
                roads.node_f[first, LATE] - roads.node_f[first, EARLY],
                roads.node_f[last, LATE] - roads.node_f[last, EARLY],
            )
        elif w < 0.9:
            key = roads.node_f[first, EARLY]
        else:
            key = -asks.req_f[r, R_DIRECT]
        work.key[x] = key
    sort_by_key(count, work)
    for x in range(count):
        r = work.removed[x]
        best = asks.req_f[r, R_PENALTY]
        best_k = np.int64(-1)
        best_i = np.int64(-1)
        best_j = np.int64(-1)
        found = candidates(r, wide, touched, asks, fleet, kin, plan, work)
        for y in range(found):
            k = work.cand[y]
            cost, i, j = bid(k, r, best, blink, roads, asks, fleet, cells, plan, plugs, desk, work, bids)
            if i >= 0:
                best = cost
                best_k = k
                best_i = i
                best_j = j
        if best_k >= 0:
            touched = touch(best_k, touched, plan, back, plugs, work)
            put(best_k, r, best_i, best_j, asks, plan)
            plan.route_of[r] = best_k
            if not refresh(best_k, roads, asks, fleet, cells, plan, plugs, desk):
                drop(best_k, r, asks, plan)
                plan.route_of[r] = -1
                if not refresh(best_k, roads, asks, fleet, cells, plan, plugs, desk):
                    return -touched
    return touched


@inner
def recreate_regret(count, touched, wide, roads, asks, fleet, kin, cells, plan, back, plugs, desk, work, bids):
    """Insert ``work.removed[:count]`` (at most 64), always the one that would lose most by waiting; returns as above."""
    columns = bids.col_cost.shape[1]
    left = count
    noise = 0.1 if uniform(work.rng) < 0.5 else 0.0
    for x in range(count):
        r = work.removed[x]
        found = candidates(r, wide, touched, asks, fleet, kin, plan, work)
        w = 0
        for y in range(found):
            k = work.cand[y]
            cost, i, j = bid(
                k, r, asks.req_f[r, R_PENALTY], 0.0, roads, asks, fleet, cells, plan, plugs, desk, work, bids
            )
            if i >= 0 and w < columns:
                bids.col_cost[x, w] = cost
                bids.col_i[x, w, 0] = k
                bids.col_i[x, w, 1] = i
                bids.col_i[x, w, 2] = j
                w += 1
        bids.col_count[x] = w
        work.key[x] = r
    while left > 0:
        best_x = np.int64(-1)
        best_y = np.int64(-1)
        most = -INF
        for x in range(left):
            c1 = INF
            c2 = INF
            y1 = np.int64(-1)
            for y in range(bids.col_count[x]):
                c = bids.col_cost[x, y]
                if c < c1:
                    c2 = c1
                    c1 = c
                    y1 = y
                elif c < c2:
                    c2 = c
            if y1 < 0:
                continue
            score = min(c2, 2.0 * asks.req_f[int(work.key[x]), R_PENALTY]) - c1
            if noise > 0.0:
                score *= 1.0 + noise * (uniform(work.rng) - 0.5)
            if score > most:
                most = score
                best_x = x
                best_y = y1
        if best_x < 0:
            return touched
        r = int(work.key[best_x])
        k = bids.col_i[best_x, best_y, 0]
        was_empty = plan.active[k] == 0
        touched = touch(k, touched, plan, back, plugs, work)
        put(k, r, bids.col_i[best_x, best_y, 1], bids.col_i[best_x, best_y, 2], asks, plan)
        plan.route_of[r] = k
        if not refresh(k, roads, asks, fleet, cells, plan, plugs, desk):
            return -touched
        left -= 1
        work.key[best_x] = work.key[left]
        bids.col_count[best_x] = bids.col_count[left]
        for y in range(bids.col_count[left]):
            bids.col_cost[best_x, y] = bids.col_cost[left, y]
            for z in range(3):
                bids.col_i[best_x, y, z] = bids.col_i[left, y, z]
        fresh = np.int64(-1)
        if was_empty:
            c = fleet.slot_i[k, S_CLASS]
            for z in range(kin.class_from[c], kin.class_from[c + 1]):
                if plan.active[z] == 0 and plan.vehicle_use[fleet.slot_i[z, S_VEHICLE]] == 0:
                    fresh = z
                    break
        for x in range(left):
            r = int(work.key[x])
            w = 0
            for y in range(bids.col_count[x]):
                z = bids.col_i[x, y, 0]
                if z == k or (plan.active[z] == 0 and plan.vehicle_use[fleet.slot_i[z, S_VEHICLE]] > 0):
                    continue
                if w != y:
                    bids.col_cost[x, w] = bids.col_cost[x, y]
                    for q in range(3):
                        bids.col_i[x, w, q] = bids.col_i[x, y, q]
                w += 1
            for which in range(2):
                z = int(k) if which == 0 else int(fresh)
                if z < 0 or w >= columns:
                    continue
                cost, i, j = bid(
                    z, r, asks.req_f[r, R_PENALTY], 0.0, roads, asks, fleet, cells, plan, plugs, desk, work, bids
                )
                if i >= 0:
                    bids.col_cost[x, w] = cost
                    bids.col_i[x, w, 0] = z
                    bids.col_i[x, w, 1] = i
                    bids.col_i[x, w, 2] = j
                    w += 1
            bids.col_count[x] = w
    return touched


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
            scan = wide or (waiting > 0 and uniform(rng) < 0.05)
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

"""Recreate: best insertion in one of several orders, with blinks, or regret insertion."""

from __future__ import annotations

import numpy as np

from dispatch.search.compiled import inner
from dispatch.search.insertion import bid, candidates, drop, may_open, put, refresh, touch
from dispatch.search.tables import (
    EARLY,
    INF,
    LATE,
    LOC,
    R_DIRECT,
    R_FIRST,
    R_LAST,
    R_PENALTY,
    S_CLASS,
    S_START,
)
from dispatch.search.timing import uniform


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
                if plan.active[z] == 0 and may_open(z, fleet, plan):
                    fresh = z
                    break
        for x in range(left):
            r = int(work.key[x])
            w = 0
            for y in range(bids.col_count[x]):
                z = bids.col_i[x, y, 0]
                if z == k or (plan.active[z] == 0 and not may_open(z, fleet, plan)):
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

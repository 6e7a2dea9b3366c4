"""Kernels that Python calls for one thing at a time: loading routes, timing one, offering one request to all."""

from __future__ import annotations

import numpy as np

from dispatch.search.anneal import keep_best
from dispatch.search.compiled import entry, inner
from dispatch.search.duty import complete, held_hash, lay_out, stop_to_charge
from dispatch.search.insertion import best_insertion, may_open, refresh, serving_price, use
from dispatch.search.tables import (
    BLOCK_LOAD,
    INF,
    LOC,
    MAX_CHARGES,
    O_BEST,
    O_CURRENT,
    O_UNSERVED,
    R_FIRST,
    R_PENALTY,
    REQ,
    S_CLASS,
    S_COMPAT,
    S_DURATION,
    S_END,
    S_FIXED,
    S_GEAR,
    S_NEEDS,
    S_SELF_DRIVE,
    S_START,
    S_YARD,
)
from dispatch.search.timing import earliest

KERNELS = "4f7a277901b15c9e"
"""Digest of every kernel compiled into this file's, so that kept ones are renewed (tests/repo/test_kernels.py)."""


@entry
def schedule(k, nodes, m, charges, charge_i, charge_f, roads, fleet, cells, desk):
    """Lay out one route with its charge stops: the full sequence and its times are left in ``desk``.

    Return its length, 0 if broken.
    """
    scratch = roads.node_f.shape[0] - MAX_CHARGES - 1
    n_aug = np.int64(0)
    c = 0
    for i in range(m):
        desk.aug[n_aug] = nodes[i]
        desk.aug_extra[n_aug] = 0.0
        n_aug += 1
        while c < charges and charge_i[c, 0] == i:
            stop_to_charge(
                scratch + c,
                charge_i[c, 1],
                charge_f[c, 0],
                charge_f[c, 1] - charge_f[c, 0],
                charge_f[c, 2],
                roads,
                cells,
            )
            desk.aug[n_aug] = scratch + c
            desk.aug_extra[n_aug] = 0.0
            n_aug += 1
            c += 1
    return n_aug if lay_out(k, n_aug, roads, fleet, desk) else 0


@entry
def load_routes(seq, length, roads, asks, fleet, cells, plan, best, plugs, desk):
    """Replace the current plan by the given routes.

    Routes that do not fit lose their removable requests. Sets the objective.
    """
    n = asks.req_i.shape[0]
    for r in range(n):
        plan.route_of[r] = -1
    for k in range(fleet.slot_i.shape[0]):
        if plugs.charge_count[k] > 0:
            release_all(k, plugs)
        if plan.active[k]:
            use(k, 0, fleet, plan)
    total = 0.0
    for k in range(fleet.slot_i.shape[0]):
        plan.length[k] = length[k]
        for i in range(length[k]):
            plan.seq[k, i] = seq[k, i]
        yard = fleet.slot_i[k, S_YARD]
        crowded = length[k] > 2 and yard >= 0 and plan.yard_left[yard] <= 0
        if crowded or not refresh(k, roads, asks, fleet, cells, plan, plugs, desk):
            w = 0
            for i in range(plan.length[k]):
                v = plan.seq[k, i]
                r = roads.node_i[v, REQ]
                if r < 0:
                    plan.seq[k, w] = v
                    w += 1
            plan.length[k] = w
            refresh(k, roads, asks, fleet, cells, plan, plugs, desk)
        for i in range(plan.length[k]):
            r = roads.node_i[plan.seq[k, i], REQ]
            if r >= 0:
                plan.route_of[r] = k
        total += plan.cost[k]
    unserved = 0
    for r in range(n):
        if plan.route_of[r] < 0:
            unserved += 1
            total += asks.req_f[r, R_PENALTY]
    plan.objective[O_CURRENT] = total
    plan.objective[O_UNSERVED] = unserved
    if total < plan.objective[O_BEST] - 1e-7:
        keep_best(asks, fleet, plan, best, plugs)


@inner
def release_all(k, plugs):
    for g in range(plugs.occ_count.shape[0]):
        w = 0
        for i in range(plugs.occ_count[g]):
            if plugs.occ_owner[g, i] == k:
                plugs.occ_hash[0] ^= held_hash(g, k, plugs.occ_f[g, i, 0], plugs.occ_f[g, i, 1])
            else:
                plugs.occ_owner[g, w] = plugs.occ_owner[g, i]
                plugs.occ_f[g, w, 0] = plugs.occ_f[g, i, 0]
                plugs.occ_f[g, w, 1] = plugs.occ_f[g, i, 1]
                w += 1
        plugs.occ_count[g] = w
    plugs.charge_count[k] = 0


@entry
def offer(r, roads, asks, fleet, cells, plan, plugs, desk):
    """Return (cost, slot, i, j) of the cheapest insertion of request ``r`` into the present routes (slot -1: none)."""
    best = INF
    best_k = np.int64(-1)
    best_i = np.int64(-1)
    best_j = np.int64(-1)
    last_empty = np.int64(-1)
    for k in range(fleet.slot_i.shape[0]):
        if asks.compat[r, fleet.slot_i[k, S_COMPAT]] >= INF:
            continue
        if plan.active[k] == 0:
            if fleet.slot_i[k, S_CLASS] == last_empty or not may_open(k, fleet, plan):
                continue
            last_empty = fleet.slot_i[k, S_CLASS]
        cost, i, j = best_insertion(k, r, best, roads, asks, fleet, cells, plan, plugs, desk)
        if i >= 0:
            best = cost
            best_k = np.int64(k)
            best_i = i
            best_j = j
    return best, best_k, best_i, best_j


@inner
def variant(k, nodes, m, roads, asks, fleet, cells, plugs, desk):
    """Return what the stops of ``nodes[:m]`` would cost slot ``k``, -1 if it cannot serve them in this order."""
    tmp = desk.tmp
    for i in range(m):
        tmp[i] = nodes[i]
    tmp[0] = fleet.slot_i[k, S_START]
    tmp[m - 1] = fleet.slot_i[k, S_END]
    gear = fleet.slot_i[k, S_GEAR]
    price = roads.price[gear]
    cost = fleet.slot_f[k, S_FIXED]
    for q in range(roads.load.shape[1]):
        on_board = 0.0
        for i in range(m - 1):
            on_board += roads.load[tmp[i], q]
            if on_board > fleet.capacity[k, q] and on_board < BLOCK_LOAD:
                return -1.0
    for i in range(1, m):
        cost += price[roads.node_i[tmp[i - 1], LOC], roads.node_i[tmp[i], LOC]]
        r = roads.node_i[tmp[i], REQ]
        if r >= 0 and asks.req_i[r, R_FIRST] == tmp[i]:
            cost += serving_price(k, r, asks, fleet)
    if cost >= INF or fleet.slot_i[k, S_SELF_DRIVE]:
        return -1.0
    if not earliest(
        tmp,
        m,
        desk.zero,
        desk.times,
        desk.pos,
        roads.node_f,
        roads.node_i,
        roads.drive[gear],
        fleet.slot_f[k, S_DURATION],
    ):
        return -1.0
    if fleet.slot_i[k, S_NEEDS] != 0:
        extra = complete(k, tmp, m, roads, fleet, cells, plugs, desk)
        if extra < 0.0:
            return -1.0
        cost += extra
    return cost


@entry
def variants(kinds, nodes, lengths, class_from, tied, prices, roads, asks, fleet, cells, plugs, desk):
    """Fill ``prices`` (routes, classes) with what every route would cost a slot of every class, -1 where it cannot be driven.

    What a slot has begun it finishes itself: classes that are ``tied`` neither give routes away nor get any.
    """
    for x in range(nodes.shape[0]):
        for c in range(prices.shape[1]):
            prices[x, c] = -1.0
            if c != kinds[x] and not tied[c] and not (kinds[x] >= 0 and tied[kinds[x]]):
                prices[x, c] = variant(class_from[c], nodes[x], lengths[x], roads, asks, fleet, cells, plugs, desk)

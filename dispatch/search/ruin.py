"""Ruin: choosing what to take out of a plan.

Strings of neighbouring stops (Christiaens and Vanden Berghe 2020, Transp. Sci. 54(2)), related requests (Shaw 1998), random
ones, the ones that cost most (Ropke and Pisinger 2006, Transp. Sci. 40(4)), and whole routes.
"""

from __future__ import annotations

from dispatch.search.compiled import inner
from dispatch.search.tables import (
    INF,
    LOC,
    R_FIRST,
    R_LAST,
    REQ,
    S_GEAR,
)
from dispatch.search.timing import uniform


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

"""Putting one request into a route, and keeping what is known about a route up to date."""

from __future__ import annotations

import numpy as np

from dispatch.search.compiled import inner
from dispatch.search.duty import adopt, complete, occupy, release
from dispatch.search.tables import (
    EARLY,
    EPS,
    INF,
    LATE,
    LOC,
    MAX_CHARGES,
    NEEDS_ENERGY,
    NEEDS_EXCESS,
    NEEDS_HOME,
    R_BLOCK,
    R_CHANGE,
    R_FIRST,
    R_LAST,
    R_PROMISED,
    REQ,
    RIDE,
    S_CLASS,
    S_COMPAT,
    S_DURATION,
    S_FIXED,
    S_GEAR,
    S_NEEDS,
    S_SELF_DRIVE,
    S_VEHICLE,
    S_YARD,
    SERVICE,
    X_EXCESS,
)
from dispatch.search.timing import earliest, latest, uniform
from dispatch.search.trial import fits, queue, weave


@inner
def mixed(h):
    """Scramble 64 bits (the finalizer of MurmurHash3, Appleby 2011, shortened)."""
    h *= np.uint64(0xFF51AFD7ED558CCD)
    return h ^ (h >> np.uint64(32))


@inner
def use(k, now, fleet, plan):
    """Enter whether slot ``k`` is used (1) or not (0)."""
    change = now - plan.active[k]
    plan.active[k] = now
    plan.vehicle_use[fleet.slot_i[k, S_VEHICLE]] += change
    if fleet.slot_i[k, S_YARD] >= 0:
        plan.yard_left[fleet.slot_i[k, S_YARD]] -= change


@inner
def may_open(k, fleet, plan):
    """Whether the unused slot ``k`` may be used: its vehicle is free, and there is room where it ends."""
    yard = fleet.slot_i[k, S_YARD]
    return plan.vehicle_use[fleet.slot_i[k, S_VEHICLE]] == 0 and (yard < 0 or plan.yard_left[yard] > 0)


@inner
def refresh(k, roads, asks, fleet, cells, plan, plugs, desk):
    """Recompute schedule bounds, loads, charge stops and cost of slot ``k``; False if its sequence is infeasible."""
    m = plan.length[k]
    nodes = plan.seq[k]
    h = np.uint64(k + 1) * np.uint64(0x9E3779B97F4A7C15)
    for i in range(1, m - 1):
        plan.place[nodes[i]] = i
        h = mixed(h ^ np.uint64(nodes[i] + 1))
    plan.version[k] = h
    gear = fleet.slot_i[k, S_GEAR]
    node_i = roads.node_i
    now = 1 if m > 2 else 0
    if now != plan.active[k]:
        use(k, now, fleet, plan)
    ok = earliest(
        nodes,
        m,
        desk.zero,
        plan.early[k],
        desk.pos,
        roads.node_f,
        node_i,
        roads.drive[gear],
        fleet.slot_f[k, S_DURATION],
    )
    if ok:
        latest(nodes, m, plan.late[k], desk.pos, roads.node_f, node_i, roads.drive[gear], fleet.slot_f[k, S_DURATION])
    for q in range(roads.load.shape[1]):
        on_board = 0.0
        for i in range(m):
            on_board += roads.load[nodes[i], q]
            plan.load[k, i, q] = on_board
    cost = 0.0
    if m > 2:
        cost = fleet.slot_f[k, S_FIXED]
        price = roads.price[gear]
        before = node_i[nodes[0], LOC]
        for i in range(1, m):
            v = nodes[i]
            here = node_i[v, LOC]
            cost += price[before, here]
            before = here
            r = node_i[v, REQ]
            if r >= 0 and asks.req_i[r, R_FIRST] == v:
                cost += serving_price(k, r, asks, fleet)
    if fleet.slot_i[k, S_NEEDS] != 0:
        if plugs.charge_count[k] > 0:
            release(k, plugs)
        plugs.charge_count[k] = 0
        if ok and (m > 2 or fleet.slot_i[k, S_NEEDS] & NEEDS_HOME):
            extra = complete(k, nodes, m, roads, fleet, cells, plugs, desk)
            if extra >= 0.0:
                adopt(k, plugs, desk)
                occupy(k, plugs)
                # going home with nothing added is not a choice, so it is not priced
                if m > 2:
                    cost += extra
            elif m > 2:
                ok = False
    plan.cost[k] = cost
    return ok


@inner
def serving_price(k, r, asks, fleet):
    """Price of serving ``r`` with slot ``k`` besides driving: pool tier, and the change of a promise."""
    price = asks.compat[r, fleet.slot_i[k, S_COMPAT]]
    promised = asks.req_i[r, R_PROMISED]
    if promised >= 0 and promised != fleet.slot_i[k, S_VEHICLE]:
        price += asks.req_f[r, R_CHANGE]
    return price


@inner
def put(k, r, i, j, asks, plan):
    """Insert request ``r`` into slot ``k``: its first node after position i, its last after position j (a block: i == j)."""
    m = plan.length[k]
    nodes = plan.seq[k]
    first = asks.req_i[r, R_FIRST]
    last = asks.req_i[r, R_LAST]
    count = last - first + 1
    if i == j:
        for x in range(m - 1, i, -1):
            nodes[x + count] = nodes[x]
        for x in range(count):
            nodes[i + 1 + x] = first + x
    else:
        for x in range(m - 1, j, -1):
            nodes[x + 2] = nodes[x]
        nodes[j + 2] = last
        for x in range(j, i, -1):
            nodes[x + 1] = nodes[x]
        nodes[i + 1] = first
    plan.length[k] = m + count


@inner
def drop(k, r, asks, plan):
    """Take the nodes of request ``r`` out of slot ``k``."""
    nodes = plan.seq[k]
    first = asks.req_i[r, R_FIRST]
    last = asks.req_i[r, R_LAST]
    w = 0
    for x in range(plan.length[k]):
        v = nodes[x]
        if v < first or v > last:
            nodes[w] = v
            w += 1
    plan.length[k] = w


@inner
def best_insertion(k, r, bound, roads, asks, fleet, cells, plan, plugs, desk):
    """Return (cost, i, j) of the cheapest feasible insertion of ``r`` into slot ``k`` below ``bound``; i = -1 if none.

    Positions are screened in constant time with the route's earliest and latest schedules; what passes and improves is
    timed exactly.
    """
    best = bound
    best_i = np.int64(-1)
    best_j = np.int64(-1)
    base = serving_price(k, r, asks, fleet)
    if base >= INF:
        return best, best_i, best_j
    m = plan.length[k]
    first = asks.req_i[r, R_FIRST]
    last = asks.req_i[r, R_LAST]
    count = last - first + 1
    if m + count > plan.seq.shape[1] - 2 * MAX_CHARGES:
        return best, best_i, best_j
    nodes = plan.seq[k]
    node_f = roads.node_f
    node_i = roads.node_i
    early = plan.early[k]
    late = plan.late[k]
    gear = fleet.slot_i[k, S_GEAR]
    drive = roads.drive[gear]
    price = roads.price[gear]
    duration = fleet.slot_f[k, S_DURATION]
    needs = fleet.slot_i[k, S_NEEDS]
    queued = np.int64(0)
    self_drive = fleet.slot_i[k, S_SELF_DRIVE]
    block = asks.req_i[r, R_BLOCK]
    dims = roads.load.shape[1]
    before_extra = 0.0
    if needs != 0:
        before_extra = extra_price(k, roads, asks, fleet, plan)
    # what every unit of the request's own detour costs at least
    dear = cells.scalars[X_EXCESS] if needs & NEEDS_EXCESS else 0.0
    if m == 2:
        # an unused vehicle stays where it is, so that its way from start to end is not saved
        base += fleet.slot_f[k, S_FIXED] + price[node_i[nodes[0], LOC], node_i[nodes[1], LOC]]
    pl = node_i[first, LOC]
    dl = node_i[last, LOC]
    p_early = node_f[first, EARLY]
    p_late = node_f[first, LATE] + EPS
    p_service = node_f[first, SERVICE]
    d_early = node_f[last, EARLY]
    d_late = node_f[last, LATE] + EPS
    d_service = node_f[last, SERVICE]
    direct = drive[pl, dl]
    ride = node_f[first, RIDE]
    inner = price[pl, dl]
    if block:
        inner = 0.0
        for v in range(first, last):
            inner += price[node_i[v, LOC], node_i[v + 1, LOC]]
    for i in range(m - 1):
        a = nodes[i]
        b = nodes[i + 1]
        la = node_i[a, LOC]
        lb = node_i[b, LOC]
        t_p = early[i] + node_f[a, SERVICE] + drive[la, pl]
        if t_p < p_early:
            t_p = p_early
        if t_p > p_late:
            if early[i] > p_late:
                break
            continue
        if block:
            if plan.load[k, i, 0] > EPS:
                continue
            if self_drive and (la != pl or (lb != dl and i + 2 < m) or (i + 2 == m and price[dl, lb] != 0.0)):
                continue
            c = base + price[la, pl] + inner + price[dl, lb] - price[la, lb]
            if c >= best:
                continue
            t = t_p
            in_time = True
            for v in range(first + 1, last + 1):
                t += node_f[v - 1, SERVICE] + drive[node_i[v - 1, LOC], node_i[v, LOC]]
                if t < node_f[v, EARLY]:
                    t = node_f[v, EARLY]
                if t > node_f[v, LATE] + EPS:
                    in_time = False
                    break
            if not in_time or t + d_service + drive[dl, lb] > late[i + 1] + EPS:
                continue
            if fits(i, i, first, last, m, nodes, early, late, plan.place, desk, node_f, node_i, drive, duration):
                if needs != 0:
                    queued = queue(queued, c, i, i, desk)
                    continue
                best = c
                best_i = i
                best_j = i
            continue
        full = False
        for q in range(dims):
            if plan.load[k, i, q] + roads.load[first, q] > fleet.capacity[k, q]:
                full = True
        if full:
            continue
        lead = base + price[la, pl]
        # both ends between a and b
        t_d = t_p + p_service + direct
        if t_d < d_early:
            t_d = d_early
        if t_d <= d_late:
            c = lead + inner + price[dl, lb] - price[la, lb]
            if c < best and t_d + d_service + drive[dl, lb] <= late[i + 1] + EPS:
                if fits(i, i, first, last, m, nodes, early, late, plan.place, desk, node_f, node_i, drive, duration):
                    if needs != 0:
                        queued = queue(queued, c, i, i, desk)
                    else:
                        best = c
                        best_i = i
                        best_j = i
        lead += price[pl, lb] - price[la, lb]
        if lead >= best:
            continue
        # the last end further on; the ride begins at the latest when the next stop can still be reached
        t = t_p
        detour = -direct
        d_by = min(d_late, min(p_late, late[i + 1] + EPS - p_service - drive[pl, lb]) + p_service + ride)
        prev_loc = pl
        prev_service = p_service
        for j in range(i + 1, m - 1):
            x = nodes[j]
            lx = node_i[x, LOC]
            leg = prev_service + drive[prev_loc, lx]
            t += leg
            # the ride begins after the service at its first end
            detour += leg if j > i + 1 else drive[pl, lx]
            if t < early[j]:
                t = early[j]
            if t > late[j] + EPS:
                break
            full = False
            for q in range(dims):
                if plan.load[k, j, q] + roads.load[first, q] > fleet.capacity[k, q]:
                    full = True
            if full:
                break
            prev_loc = lx
            prev_service = node_f[x, SERVICE]
            y = nodes[j + 1]
            ly = node_i[y, LOC]
            t_d = t + prev_service + drive[lx, dl]
            if t_d < d_early:
                t_d = d_early
            if t_d > d_by:
                if t > d_by:
                    break
                continue
            c = lead + price[lx, dl] + price[dl, ly] - price[lx, ly]
            if dear > 0.0 and c + dear * (detour + prev_service + drive[lx, dl]) >= best:
                continue
            if c < best and t_d + d_service + drive[dl, ly] <= late[j + 1] + EPS:
                if fits(i, j, first, last, m, nodes, early, late, plan.place, desk, node_f, node_i, drive, duration):
                    if needs != 0:
                        queued = queue(queued, c + dear * (detour + prev_service + drive[lx, dl]), i, j, desk)
                        continue
                    best = c
                    best_i = i
                    best_j = j
    # what more is needed than time costs time to find out: the most promising first
    while queued > 0:
        x = np.int64(0)
        for y in range(1, queued):
            if desk.queue_cost[y] < desk.queue_cost[x]:
                x = np.int64(y)
        c = desk.queue_cost[x]
        if c >= best:
            break
        i = desk.queue_at[x, 0]
        j = desk.queue_at[x, 1]
        queued -= 1
        desk.queue_cost[x] = desk.queue_cost[queued]
        desk.queue_at[x, 0] = desk.queue_at[queued, 0]
        desk.queue_at[x, 1] = desk.queue_at[queued, 1]
        weave(i, j, first, last, m, nodes, desk.tmp)
        extra = complete(k, desk.tmp, m + count, roads, fleet, cells, plugs, desk)
        if extra < 0.0:
            continue
        # the price of the driving alone
        c = base + extra - before_extra
        for x in range(1, m + count):
            c += price[node_i[desk.tmp[x - 1], LOC], node_i[desk.tmp[x], LOC]]
        for x in range(1, m):
            c -= price[node_i[nodes[x - 1], LOC], node_i[nodes[x], LOC]]
        if c < best:
            best = c
            best_i = i
            best_j = j
    return best, best_i, best_j


@inner
def bid(k, r, bound, blink, roads, asks, fleet, cells, plan, plugs, desk, work, bids):
    """As :func:`best_insertion`, remembering the answer for the route as it is, also for when it is so again.

    With probability ``blink`` the route is overlooked (after Christiaens and Vanden Berghe 2020).
    """
    if blink > 0.0 and uniform(work.rng) < blink:
        return bound, np.int64(-1), np.int64(-1)
    key = plan.version[k] ^ (np.uint64(r + 1) * np.uint64(0xC2B2AE3D27D4EB4F))
    if fleet.slot_i[k, S_NEEDS] & NEEDS_ENERGY:
        # where it can charge depends on who else does
        key ^= plugs.occ_hash[0]
    key = mixed(key)
    at = key & np.uint64(bids.memo_key.shape[0] - 1)
    if bids.memo_key[at] == key:
        cost = bids.memo_cost[at]
        if cost >= bound:
            return bound, np.int64(-1), np.int64(-1)
        both = bids.memo_at[at]
        if both >= 0:
            return cost, both >> np.int64(32), both & np.int64(0xFFFFFFFF)
    cost, i, j = best_insertion(k, r, bound, roads, asks, fleet, cells, plan, plugs, desk)
    bids.memo_key[at] = key
    bids.memo_cost[at] = cost
    bids.memo_at[at] = (i << np.int64(32)) | j if i >= 0 else np.int64(-1)
    return cost, i, j


@inner
def extra_price(k, roads, asks, fleet, plan):
    """Price of the charge stops that slot ``k`` has now: its cost less driving, serving and the fixed price."""
    m = plan.length[k]
    if m <= 2:
        return 0.0
    price = roads.price[fleet.slot_i[k, S_GEAR]]
    rest = plan.cost[k] - fleet.slot_f[k, S_FIXED]
    nodes = plan.seq[k]
    for i in range(1, m):
        v = nodes[i]
        rest -= price[roads.node_i[nodes[i - 1], LOC], roads.node_i[v, LOC]]
        r = roads.node_i[v, REQ]
        if r >= 0 and asks.req_i[r, R_FIRST] == v:
            rest -= serving_price(k, r, asks, fleet)
    return rest


@inner
def touch(k, count, plan, back, plugs, work):
    """Keep an undo copy of slot ``k`` unless there is one; return the new number of touched slots."""
    if work.touched[k]:
        return count
    work.touched[k] = 1
    work.touched_list[count] = k
    m = plan.length[k]
    back.u_length[k] = m
    back.u_cost[k] = plan.cost[k]
    back.u_version[k] = plan.version[k]
    for i in range(m):
        back.u_seq[k, i] = plan.seq[k, i]
        back.u_early[k, i] = plan.early[k, i]
        back.u_late[k, i] = plan.late[k, i]
        for q in range(plan.load.shape[2]):
            back.u_load[k, i, q] = plan.load[k, i, q]
    back.u_charge_count[k] = plugs.charge_count[k]
    for c in range(plugs.charge_count[k]):
        for x in range(2):
            back.u_charge_i[k, c, x] = plugs.charge_i[k, c, x]
        for x in range(3):
            back.u_charge_f[k, c, x] = plugs.charge_f[k, c, x]
    return count + 1


@inner
def undo(count, fleet, plan, back, plugs, work):
    """Put all touched slots back as they were."""
    for t in range(count):
        k = work.touched_list[t]
        if plugs.charge_count[k] > 0:
            release(k, plugs)
    for t in range(count):
        k = work.touched_list[t]
        m = back.u_length[k]
        plan.length[k] = m
        plan.cost[k] = back.u_cost[k]
        plan.version[k] = back.u_version[k]
        for i in range(m):
            plan.seq[k, i] = back.u_seq[k, i]
            plan.place[back.u_seq[k, i]] = i
            plan.early[k, i] = back.u_early[k, i]
            plan.late[k, i] = back.u_late[k, i]
            for q in range(plan.load.shape[2]):
                plan.load[k, i, q] = back.u_load[k, i, q]
        plugs.charge_count[k] = back.u_charge_count[k]
        for c in range(plugs.charge_count[k]):
            for x in range(2):
                plugs.charge_i[k, c, x] = back.u_charge_i[k, c, x]
            for x in range(3):
                plugs.charge_f[k, c, x] = back.u_charge_f[k, c, x]
        if plugs.charge_count[k] > 0:
            occupy(k, plugs)
        now = 1 if m > 2 else 0
        if now != plan.active[k]:
            use(k, now, fleet, plan)


@inner
def candidates(r, wide, touched, asks, fleet, kin, plan, work):
    """Write the slots worth trying for request ``r`` into ``work.cand``; return their number.

    With ``wide`` every used slot and the first unused one of every class; otherwise the slots of related requests, the slots
    touched in this iteration, and the first unused slot of the classes that serve ``r`` alone most cheaply.
    """
    K = fleet.slot_i.shape[0]
    count = np.int64(0)
    mark = r
    compat = asks.compat[r]
    if wide:
        last_empty = -1
        for k in range(K):
            if compat[fleet.slot_i[k, S_COMPAT]] >= INF:
                continue
            if plan.active[k] == 0:
                if fleet.slot_i[k, S_CLASS] == last_empty or not may_open(k, fleet, plan):
                    continue
                last_empty = fleet.slot_i[k, S_CLASS]
            work.cand[count] = k
            count += 1
        return count
    for k in range(K):
        work.cand_mark[k] = -1
    taken = 0
    for x in range(kin.near.shape[1]):
        c = kin.near[r, x]
        if c < 0 or taken >= 24:
            break
        k = plan.route_of[c]
        if k >= 0 and work.cand_mark[k] != mark:
            work.cand_mark[k] = mark
            taken += 1
            if compat[fleet.slot_i[k, S_COMPAT]] < INF:
                work.cand[count] = k
                count += 1
    for x in range(min(touched, 12)):
        k = work.touched_list[x]
        if plan.active[k] and work.cand_mark[k] != mark and compat[fleet.slot_i[k, S_COMPAT]] < INF:
            work.cand_mark[k] = mark
            work.cand[count] = k
            count += 1
    found = 0
    for x in range(kin.classes.shape[1]):
        c = kin.classes[r, x]
        if c < 0 or found >= 6:
            break
        for k in range(kin.class_from[c], kin.class_from[c + 1]):
            if plan.active[k] == 0 and may_open(k, fleet, plan):
                work.cand[count] = k
                count += 1
                found += 1
                break
    return count

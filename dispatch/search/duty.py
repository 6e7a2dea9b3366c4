"""What a sequence needs besides its stops: charge stops for the battery, rests for the driver, limits on driving.

Routes are kept without charge stops and rests. :func:`complete` adds what a given sequence needs, so that every insertion is
judged with it. Charge stops are pinned in time where the group has a point and the site the power for them.
"""

from __future__ import annotations

import math

import numpy as np

from dispatch.search.compiled import inner
from dispatch.search.tables import (
    B_CAPACITY,
    B_FINAL,
    B_INITIAL,
    B_RESERVE,
    EARLY,
    EPS,
    FIRST,
    G_DC,
    G_LOC,
    G_OVERHEAD,
    G_POINTS,
    G_POWER,
    G_PRICE,
    G_SITE,
    GAIN,
    INF,
    KIND,
    LAST,
    LATE,
    LOC,
    MATE,
    MAX_CHARGES,
    MIDDLE,
    NEEDS_ENERGY,
    NEEDS_EXCESS,
    NEEDS_HOME,
    NEEDS_HOURS,
    OCCUPANCY,
    REQ,
    RIDE,
    S_BATTERY,
    S_CONTINUOUS,
    S_DRIVEN,
    S_DURATION,
    S_GEAR,
    S_MAX_DRIVE,
    S_NEEDS,
    S_REST,
    SERVICE,
    X_EXCESS,
    X_TICK,
    X_VISITS,
)
from dispatch.search.timing import earliest, latest, settle


@inner
def charge_seconds(curve, point_w, level, target):
    """Return the seconds from ``level`` to ``target`` Wh at a point of ``point_w``, ``curve`` (J, 2) as in ``Net.curve``."""
    total = 0.0
    j = 0
    while level < target - EPS:
        while curve[j + 1, 0] <= level + EPS:
            j += 1
        upto = min(target, curve[j + 1, 0])
        power = min(point_w, curve[j, 1])
        if power <= 0.0:
            return INF
        total += (upto - level) * 3600.0 / power
        level = upto
    return total


@inner
def charged_within(curve, point_w, level, target, seconds):
    """Return the energy that ``seconds`` at a point of ``point_w`` add to ``level`` Wh, up to ``target``."""
    begin = level
    j = 0
    while level < target - EPS and seconds > 0.0:
        while curve[j + 1, 0] <= level + EPS:
            j += 1
        power = min(point_w, curve[j, 1])
        if power <= 0.0:
            break
        step = min(min(target, curve[j + 1, 0]) - level, seconds * power / 3600.0)
        level += step
        seconds -= step * 3600.0 / power
        if step <= EPS * EPS:
            break
    return level - begin


@inner
def free_from(group, begin, seconds, owner, cells, plugs):
    """Return the first time >= ``begin`` at which the group has a point and its site the power for ``seconds`` on end.

    What slot ``owner`` holds does not count. INF if there is none.
    """
    site = cells.group_i[group, G_SITE]
    points = cells.group_i[group, G_POINTS]
    limit = cells.site_power[site]
    if points < 1 or cells.group_f[group, G_POWER] > limit or plugs.occ_count[group] >= OCCUPANCY:
        return INF
    if cells.scalars[X_VISITS] > 0.0:
        visits = np.int64(0)
        for i in range(plugs.occ_count[group]):
            if plugs.occ_owner[group, i] != owner:
                visits += 1
        return begin if visits < points else INF
    at = begin
    while True:
        blocked_until = INF
        # the most that runs at once is reached at `at` or where another one begins
        probe = at
        while True:
            count = np.int64(0)
            power = 0.0
            first_end = INF
            nxt = INF
            for g in range(cells.group_i.shape[0]):
                if cells.group_i[g, G_SITE] != site:
                    continue
                for i in range(plugs.occ_count[g]):
                    if plugs.occ_owner[g, i] == owner:
                        continue
                    if plugs.occ_f[g, i, 0] <= probe + EPS and plugs.occ_f[g, i, 1] > probe + EPS:
                        power += cells.group_f[g, G_POWER]
                        if g == group:
                            count += 1
                        first_end = min(first_end, plugs.occ_f[g, i, 1])
                    elif plugs.occ_f[g, i, 0] > probe + EPS and plugs.occ_f[g, i, 0] < nxt:
                        nxt = plugs.occ_f[g, i, 0]
            if count + 1 > points or power + cells.group_f[group, G_POWER] > limit + EPS:
                blocked_until = first_end
                break
            if nxt >= at + seconds - EPS:
                break
            probe = nxt
        if blocked_until >= INF:
            return at
        at = max(blocked_until, at + EPS)


@inner
def release(k, plugs):
    """Take the charge stops of slot ``k`` out of the occupancy."""
    for c in range(plugs.charge_count[k]):
        g = plugs.charge_i[k, c, 1]
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


@inner
def held_hash(group, owner, begin, end):
    """Scramble who holds a point of a group and when, to thousandths of a second."""
    h = np.uint64(group + 1) * np.uint64(0x9E3779B97F4A7C15)
    h ^= np.uint64(owner + 2) * np.uint64(0xC2B2AE3D27D4EB4F)
    h ^= np.uint64(np.int64(begin * 1000.0)) * np.uint64(0xFF51AFD7ED558CCD)
    h ^= np.uint64(np.int64(end * 1000.0)) * np.uint64(0x165667B19E3779F9)
    h *= np.uint64(0xFF51AFD7ED558CCD)
    return h ^ (h >> np.uint64(32))


@inner
def occupy(k, plugs):
    """Enter the charge stops of slot ``k`` into the occupancy."""
    for c in range(plugs.charge_count[k]):
        g = plugs.charge_i[k, c, 1]
        i = plugs.occ_count[g]
        plugs.occ_owner[g, i] = k
        plugs.occ_f[g, i, 0] = plugs.charge_f[k, c, 0]
        plugs.occ_f[g, i, 1] = plugs.charge_f[k, c, 1]
        plugs.occ_count[g] = i + 1
        plugs.occ_hash[0] ^= held_hash(g, k, plugs.charge_f[k, c, 0], plugs.charge_f[k, c, 1])


@inner
def stop_to_charge(node, group, begin, seconds, gain, roads, cells):
    """Make the scratch row ``node`` a charge stop at ``group``, pinned in time."""
    roads.node_f[node, EARLY] = begin
    roads.node_f[node, LATE] = INF if cells.scalars[X_VISITS] > 0.0 else begin
    roads.node_f[node, SERVICE] = seconds
    roads.node_f[node, RIDE] = INF
    roads.node_f[node, GAIN] = gain
    roads.node_i[node, LOC] = cells.group_i[group, G_LOC]
    roads.node_i[node, REQ] = -1
    roads.node_i[node, KIND] = MIDDLE
    roads.node_i[node, MATE] = -1


@inner
def rest_wanted(k, n_aug, roads, fleet, desk):
    """Return the position in ``desk.aug[:n_aug]``, timed in ``desk.aug_times``, that needs a rest next; -1 if none does.

    A pause is all the time from the arrival at a place to the departure from it. Where the driving since the last one would
    pass the limit, a rest is wanted at the stop since then before whose successor the vehicle waits longest anyway. A leg
    longer than the limit already holds its rests on the way.
    """
    node_f = roads.node_f
    node_i = roads.node_i
    aug = desk.aug
    extra = desk.aug_extra
    t = desk.aug_times
    drive = roads.drive[fleet.slot_i[k, S_GEAR]]
    longest = fleet.slot_f[k, S_CONTINUOUS]
    rest = fleet.slot_f[k, S_REST]
    driven = fleet.slot_f[k, S_DRIVEN]
    # the last position with no driving behind it, where there is nothing to rest from
    last = np.int64(-1)
    pause = 0.0
    waited = 0.0
    for i in range(n_aug - 1):
        a = aug[i]
        pause += waited + node_f[a, SERVICE] + extra[i]
        if pause >= rest - EPS:
            driven = 0.0
        if driven <= EPS:
            last = np.int64(i)
        x = drive[node_i[a, LOC], node_i[aug[i + 1], LOC]]
        if x > 0.0:
            pause = 0.0
        # a vehicle leaves its first place as late as it can, unless it is out already
        waited = 0.0
        if i > 0 or fleet.slot_i[k, S_NEEDS] & NEEDS_HOME:
            waited = t[i + 1] - (t[i] + node_f[a, SERVICE] + extra[i] + x)
        stops = math.floor((x - EPS) / (longest + rest)) if x > longest else 0.0
        x -= stops * rest
        if i > last and driven + min(x, longest) > longest + EPS:
            at = np.int64(i)
            most = -1.0
            for j in range(last + 1, i + 1):
                v = aug[j]
                wait = t[j + 1] - (
                    t[j] + node_f[v, SERVICE] + extra[j] + drive[node_i[v, LOC], node_i[aug[j + 1], LOC]]
                )
                if wait >= most - EPS:
                    most = wait
                    at = np.int64(j)
            return at
        driven = x - stops * longest if stops > 0.0 else driven + x
    return np.int64(-1)


@inner
def lay_out(k, n_aug, roads, fleet, desk):
    """Add the driver's rests to ``desk.aug[:n_aug]`` and time it into ``desk.aug_times``; False if it cannot be driven.

    Every rest moves what follows, and with it the waits that are pauses themselves: so all is timed anew after each.
    """
    node_f = roads.node_f
    node_i = roads.node_i
    aug = desk.aug
    extra = desk.aug_extra
    drive = roads.drive[fleet.slot_i[k, S_GEAR]]
    duration = fleet.slot_f[k, S_DURATION]
    if not fleet.slot_i[k, S_NEEDS] & NEEDS_HOURS:
        return earliest(aug, n_aug, extra, desk.aug_times, desk.pos, node_f, node_i, drive, duration)
    longest = fleet.slot_f[k, S_CONTINUOUS]
    rest = fleet.slot_f[k, S_REST]
    total = 0.0
    for i in range(n_aug - 1):
        x = drive[node_i[aug[i], LOC], node_i[aug[i + 1], LOC]]
        total += x - math.floor((x - EPS) / (longest + rest)) * rest if x > longest else x
    if total > fleet.slot_f[k, S_MAX_DRIVE] + EPS:
        return False
    while earliest(aug, n_aug, extra, desk.aug_times, desk.pos, node_f, node_i, drive, duration):
        if total + fleet.slot_f[k, S_DRIVEN] <= longest + EPS:
            return True
        at = rest_wanted(k, n_aug, roads, fleet, desk)
        if at < 0:
            return True
        # where a rest is already there is none wanted, so that this comes to an end
        extra[at] = rest - node_f[aug[at], SERVICE]
    return False


@inner
def excess_ride(k, m, roads, fleet, desk):
    """Return the ride time beyond the direct rides, after moving stops later in ``desk.aug_times`` where that shortens it.

    From the earliest schedule on, the waiting before a stop is used up by delaying the stops before it, as many as pay most:
    every pick-up that is delayed without its drop-off gains, every drop-off without its pick-up loses.
    """
    node_f = roads.node_f
    node_i = roads.node_i
    nodes = desk.aug
    t = desk.aug_times
    drive = roads.drive[fleet.slot_i[k, S_GEAR]]
    for i in range(m):
        desk.pos[nodes[i]] = i
    for j in range(1, m):
        while True:
            a = nodes[j - 1]
            wait = (
                t[j]
                - t[j - 1]
                - node_f[a, SERVICE]
                - desk.aug_extra[j - 1]
                - drive[node_i[a, LOC], node_i[nodes[j], LOC]]
            )
            if wait <= EPS:
                break
            best = 0.0
            best_i = np.int64(-1)
            best_delay = 0.0
            rate = 0
            most = wait
            for i in range(j - 1, -1, -1):
                v = nodes[i]
                most = min(most, node_f[v, LATE] - t[i])
                if most <= EPS:
                    break
                kind = node_i[v, KIND]
                if kind == FIRST:
                    rate += 1
                elif kind == LAST:
                    rate -= 1
                if rate <= 0 or rate * most <= best + EPS:
                    continue
                # whoever is on board before position i rides longer, if set down before j
                delay = most
                for x in range(i, j):
                    v = nodes[x]
                    if node_i[v, KIND] == LAST:
                        at = desk.pos[node_i[v, MATE]]
                        if at < i:
                            p = nodes[at]
                            delay = min(delay, node_f[p, RIDE] - (t[x] - t[at] - node_f[p, SERVICE]))
                if rate * delay > best + EPS:
                    best = rate * delay
                    best_i = np.int64(i)
                    best_delay = delay
            if best_i < 0:
                break
            for x in range(best_i, j):
                t[x] += best_delay
    total = 0.0
    for i in range(m):
        v = nodes[i]
        if node_i[v, KIND] == FIRST:
            to = node_i[v, MATE]
            direct = drive[node_i[v, LOC], node_i[to, LOC]]
            total += t[desk.pos[to]] - t[i] - node_f[v, SERVICE] - direct
    return total


@inner
def complete(k, nodes, m, roads, fleet, cells, plugs, desk):
    """Add what slot ``k`` needs to drive ``nodes[:m]``; return its extra price, or -1 if nothing fits.

    Leaves the full sequence in ``desk.aug`` with ``desk.aug_extra``, ``desk.aug_times``, its length in ``desk.aug_i[-1,
    0]``, and the
    charge stops in ``desk.aug_i``, ``desk.aug_f``, their number in ``desk.aug_i[-1, 1]``.
    """
    needs = fleet.slot_i[k, S_NEEDS]
    gear = fleet.slot_i[k, S_GEAR]
    drive = roads.drive[gear]
    duration = fleet.slot_f[k, S_DURATION]
    node_f = roads.node_f
    node_i = roads.node_i
    aug = desk.aug
    extra = desk.aug_extra
    first_scratch = roads.node_f.shape[0] - MAX_CHARGES - 1
    n_aug = m
    for i in range(m):
        aug[i] = nodes[i]
        extra[i] = 0.0
    charges = np.int64(0)
    price = 0.0
    last_slot = desk.aug_i.shape[0] - 1
    if needs & NEEDS_ENERGY:
        battery = fleet.slot_i[k, S_BATTERY]
        capacity = cells.battery_f[battery, B_CAPACITY]
        reserve = cells.battery_f[battery, B_RESERVE]
        final = max(reserve, cells.battery_f[battery, B_FINAL])
        energy = roads.energy[gear]
        cost = roads.price[gear]
        while True:
            level = cells.battery_f[battery, B_INITIAL]
            desk.aug_level[0] = level
            failed = -1
            for i in range(1, n_aug):
                a = aug[i - 1]
                level = min(capacity, level + node_f[a, GAIN])
                level = min(capacity, level - energy[node_i[a, LOC], node_i[aug[i], LOC]])
                desk.aug_level[i] = level
                if level < (final if i == n_aug - 1 else reserve) - EPS:
                    failed = i
                    break
            if failed < 0:
                break
            if charges == MAX_CHARGES:
                return -1.0
            # least charge on arrival at i with which the rest can be driven
            need = final
            desk.aug_need[n_aug - 1] = need
            for i in range(n_aug - 2, -1, -1):
                need = need + energy[node_i[aug[i], LOC], node_i[aug[i + 1], LOC]] - node_f[aug[i], GAIN]
                if need < reserve:
                    need = reserve
                desk.aug_need[i] = need
            if not earliest(aug, n_aug, extra, desk.aug_times, desk.pos, node_f, node_i, drive, duration):
                return -1.0
            latest(aug, n_aug, desk.cap, desk.pos, node_f, node_i, drive, duration)
            lowest = 0
            for c in range(charges):
                lowest = max(lowest, desk.aug_i[c, 0] + c + 1)
            best = INF
            best_short = INF
            best_at = np.int64(-1)
            best_group = np.int64(-1)
            best_begin = best_end = best_wh = 0.0
            scratch = first_scratch + charges
            on_board = 0.0
            for i in range(failed):
                a = aug[i]
                on_board += roads.load[a, 0]
                if i < lowest or on_board > EPS:
                    continue
                b = aug[i + 1]
                la = node_i[a, LOC]
                lb = node_i[b, LOC]
                leave = min(capacity, desk.aug_level[i] + node_f[a, GAIN])
                for x in range(cells.near_groups.shape[1] * 2):
                    # points near where the vehicle is, and near where it goes
                    at_loc = la if x < cells.near_groups.shape[1] else lb
                    g = cells.near_groups[at_loc, x % cells.near_groups.shape[1]]
                    if g < 0:
                        continue
                    if x >= cells.near_groups.shape[1]:
                        again = False
                        for y in range(cells.near_groups.shape[1]):
                            if cells.near_groups[la, y] == g:
                                again = True
                        if again:
                            continue
                    if cells.scalars[X_VISITS] > 0.0:
                        again = False
                        for c in range(charges):
                            if desk.aug_i[c, 1] == g:
                                again = True
                        if again:
                            continue
                    lg = cells.group_i[g, G_LOC]
                    if drive[la, lg] >= INF or drive[lg, lb] >= INF:
                        continue
                    arrive = leave - energy[la, lg]
                    if arrive < reserve - EPS:
                        continue
                    want = desk.aug_need[i + 1] + energy[lg, lb] - arrive
                    got = min(want, capacity - arrive)
                    if got <= EPS:
                        continue
                    short = want - got
                    detour = cost[la, lg] + cost[lg, lb] - cost[la, lb] + got * cells.group_f[g, G_PRICE]
                    if short > EPS:
                        if best_at >= 0 and (best_short <= EPS or short > best_short - EPS):
                            continue
                    elif best_short <= EPS and detour >= best:
                        continue
                    seconds = cells.group_f[g, G_OVERHEAD] + charge_seconds(
                        cells.curve[battery, cells.group_i[g, G_DC]], cells.group_f[g, G_POWER], arrive, arrive + got
                    )
                    if cells.scalars[X_TICK] > 0.0:
                        seconds = math.ceil(seconds - EPS)
                    begin = desk.aug_times[i] + node_f[a, SERVICE] + extra[i] + drive[la, lg]
                    begin = free_from(g, begin, seconds, k, cells, plugs)
                    if begin >= INF:
                        continue
                    if cells.scalars[X_TICK] > 0.0:
                        begin = math.ceil(begin - EPS)
                    room = desk.cap[i + 1] - drive[lg, lb] - begin
                    if seconds > room + EPS:
                        # as much as there is time for; the rest has to come from another stop
                        overhead = cells.group_f[g, G_OVERHEAD]
                        curve = cells.curve[battery, cells.group_i[g, G_DC]]
                        got = charged_within(curve, cells.group_f[g, G_POWER], arrive, arrive + got, room - overhead)
                        if cells.scalars[X_TICK] > 0.0:
                            got = math.floor(got + EPS)
                        short = want - got
                        if got <= EPS or (best_at >= 0 and (best_short <= EPS or short > best_short - EPS)):
                            continue
                        seconds = overhead + charge_seconds(curve, cells.group_f[g, G_POWER], arrive, arrive + got)
                        if cells.scalars[X_TICK] > 0.0:
                            seconds = math.ceil(seconds - EPS)
                        detour = cost[la, lg] + cost[lg, lb] - cost[la, lb] + got * cells.group_f[g, G_PRICE]
                    # the same vehicle never holds two points at once, so its own stops need no test
                    stop_to_charge(scratch, g, begin, seconds, got, roads, cells)
                    for y in range(i + 1):
                        desk.aug_try[y] = aug[y]
                        desk.times[y] = desk.aug_times[y]
                        desk.cap_try[y] = desk.cap[y]
                    desk.aug_try[i + 1] = scratch
                    desk.times[i + 1] = begin
                    desk.cap_try[i + 1] = node_f[scratch, LATE]
                    for y in range(i + 1, n_aug):
                        desk.aug_try[y + 1] = aug[y]
                        desk.times[y + 1] = desk.aug_times[y]
                        desk.cap_try[y + 1] = desk.cap[y]
                    if settle(
                        n_aug + 1, i + 1, i + 1, desk.aug_try, desk.times, desk.cap_try, desk.pos, i, i, 1, -1,
                        node_f, node_i, drive, duration,
                    ):  # fmt: skip
                        best = detour
                        best_short = short
                        best_at = i
                        best_group = g
                        best_begin = begin
                        best_end = begin + seconds
                        best_wh = got
            if best_at < 0:
                return -1.0
            for y in range(n_aug - 1, best_at, -1):
                aug[y + 1] = aug[y]
            aug[best_at + 1] = scratch
            stop_to_charge(scratch, best_group, best_begin, best_end - best_begin, best_wh, roads, cells)
            desk.aug_i[charges, 0] = best_at - charges
            desk.aug_i[charges, 1] = best_group
            desk.aug_f[charges, 0] = best_begin
            desk.aug_f[charges, 1] = best_end
            desk.aug_f[charges, 2] = best_wh
            n_aug += 1
            extra[n_aug - 1] = 0.0
            charges += 1
            price += best
    desk.aug_i[last_slot, 0] = n_aug
    desk.aug_i[last_slot, 1] = charges
    if not lay_out(k, n_aug, roads, fleet, desk):
        return -1.0
    if needs & NEEDS_EXCESS:
        price += cells.scalars[X_EXCESS] * excess_ride(k, n_aug, roads, fleet, desk)
    return price


@inner
def adopt(k, plugs, desk):
    """Make the charge stops that :func:`complete` left in scratch those of slot ``k``."""
    count = desk.aug_i[desk.aug_i.shape[0] - 1, 1]
    plugs.charge_count[k] = count
    for c in range(count):
        plugs.charge_i[k, c, 0] = desk.aug_i[c, 0]
        plugs.charge_i[k, c, 1] = desk.aug_i[c, 1]
        for x in range(3):
            plugs.charge_f[k, c, x] = desk.aug_f[c, x]

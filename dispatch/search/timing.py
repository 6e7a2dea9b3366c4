"""Exact timing of a fixed sequence of stops: the least and the greatest solution of its difference constraints.

Constraints: time windows, service and drive times, ride-time limits between the two ends of a request, and the longest
route duration. Each says t[j] >= t[i] + c, so the feasible schedules form a lattice; its least element is found by forward
passes that go back only where a limit pushes an earlier stop later. A sequence is feasible if and only if it exists.
"""

from __future__ import annotations

import numpy as np

from dispatch.search.compiled import inner
from dispatch.search.tables import EARLY, EPS, FIRST, INF, KIND, LAST, LATE, LOC, MATE, RIDE, SERVICE


@inner
def earliest(nodes, m, extra, t, pos, node_f, node_i, drive, duration):
    """Write the least feasible begin times of ``nodes[:m]`` into ``t``; False if there are none.

    ``extra[i]`` is spent after the service at position i (a rest). ``pos`` is scratch.
    """
    guard = 0
    limit = 60 + 4 * m
    t[0] = node_f[nodes[0], EARLY]
    for i in range(1, m):
        t[i] = -INF
    a = nodes[0]
    if node_i[a, KIND] == FIRST:
        pos[a] = 0
    i = 1
    while True:
        while i < m:
            a = nodes[i - 1]
            b = nodes[i]
            x = t[i - 1] + node_f[a, SERVICE] + extra[i - 1] + drive[node_i[a, LOC], node_i[b, LOC]]
            if x < node_f[b, EARLY]:
                x = node_f[b, EARLY]
            if x < t[i]:
                x = t[i]
            if x > node_f[b, LATE] + EPS:
                return False
            t[i] = x
            kind = node_i[b, KIND]
            if kind == FIRST:
                pos[b] = i
            elif kind == LAST:
                p = node_i[b, MATE]
                at = pos[p]
                need = x - node_f[p, SERVICE] - node_f[p, RIDE]
                if t[at] < need - EPS:
                    guard += 1
                    if guard > limit or need > node_f[p, LATE] + EPS:
                        return False
                    t[at] = need
                    i = at + 1
                    continue
            i += 1
        x = t[m - 1] - duration
        if t[0] >= x - EPS:
            return True
        guard += 1
        if guard > limit or x > node_f[nodes[0], LATE] + EPS:
            return False
        t[0] = x
        i = 1


@inner
def settle(m, begin, hi, nodes, t, cap, place, i, j, grown, own, node_f, node_i, drive, duration):
    """Raise ``t[:m]`` to the least feasible begin times, given those of the route before something was put into it.

    ``nodes[:m]`` is that route with ``grown`` more stops between positions i and j of old (own: the first of them; the last
    stands at ``hi``); ``t`` holds the old times and the windows' beginnings for the new stops, ``cap`` upper bounds alike.
    ``begin`` is the first position whose time may have to rise. ``place`` are the old positions. Stops as soon as a stop
    behind ``hi`` keeps its time, because then all after it do. Where a detour can be quicker than the direct drive
    the times may be later than the least; they are feasible all the same. False if there are none.
    """
    guard = 0
    limit = 60 + 4 * m
    x = begin
    while True:
        while x < m:
            a = nodes[x - 1]
            b = nodes[x]
            s = t[x - 1] + node_f[a, SERVICE] + drive[node_i[a, LOC], node_i[b, LOC]]
            if s <= t[x]:
                if x > hi:
                    return True
                s = t[x]
            else:
                if s > cap[x] + EPS:
                    return False
                t[x] = s
                if x > hi:
                    hi = x
            if node_i[b, KIND] == LAST:
                p = node_i[b, MATE]
                if p == own:
                    at = i + 1
                else:
                    at = place[p]
                    if at > j:
                        at += grown
                    elif at > i:
                        at += 1
                need = s - node_f[p, SERVICE] - node_f[p, RIDE]
                if t[at] < need - EPS:
                    guard += 1
                    if guard > limit or need > cap[at] + EPS:
                        return False
                    t[at] = need
                    x = at + 1
                    continue
            x += 1
        s = t[m - 1] - duration
        if t[0] >= s - EPS:
            return True
        guard += 1
        if guard > limit or s > cap[0] + EPS:
            return False
        t[0] = s
        x = 1


@inner
def latest(nodes, m, t, pos, node_f, node_i, drive, duration):
    """Write upper bounds of feasible begin times into ``t``: the greatest solution when the sequence is feasible."""
    for i in range(m):
        if node_i[nodes[i], KIND] == LAST:
            pos[nodes[i]] = i
        t[i] = INF
    t[m - 1] = node_f[nodes[m - 1], LATE]
    i = m - 2
    guard = 0
    limit = 60 + 4 * m
    while True:
        while i >= 0:
            a = nodes[i]
            b = nodes[i + 1]
            x = t[i + 1] - node_f[a, SERVICE] - drive[node_i[a, LOC], node_i[b, LOC]]
            if x > node_f[a, LATE]:
                x = node_f[a, LATE]
            if x > t[i]:
                x = t[i]
            t[i] = x
            if node_i[a, KIND] == FIRST:
                at = pos[node_i[a, MATE]]
                most = x + node_f[a, SERVICE] + node_f[a, RIDE]
                if t[at] > most + EPS:
                    guard += 1
                    if guard > limit:
                        return
                    t[at] = most
                    i = at - 1
                    continue
            i -= 1
        if t[m - 1] > t[0] + duration + EPS:
            guard += 1
            if guard > limit:
                return
            t[m - 1] = t[0] + duration
            i = m - 2
            continue
        return


@inner
def uniform(rng):
    """Next number in [0, 1) of the xorshift64* generator whose state is ``rng[0]`` (Vigna 2016, ACM TOMS 42(4))."""
    x = rng[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    rng[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) * (1.0 / 9007199254740992.0)

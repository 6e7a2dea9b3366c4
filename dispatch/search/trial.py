"""Trying one request in one route: the sequence it would give, whether that fits in time, and which to look into first."""

from __future__ import annotations

import numpy as np

from dispatch.search.compiled import inner
from dispatch.search.tables import EARLY, LATE
from dispatch.search.timing import settle


@inner
def fits(i, j, first, last, m, nodes, early, late, place, desk, node_f, node_i, drive, duration):
    """Whether a request can be put into ``nodes[:m]`` after positions i and j; leaves the new sequence in ``desk.tmp``."""
    tmp = desk.tmp
    t = desk.times
    cap = desk.cap
    for x in range(i + 1):
        tmp[x] = nodes[x]
        t[x] = early[x]
        cap[x] = late[x]
    w = i + 1
    if i == j:
        for v in range(first, last + 1):
            tmp[w] = v
            t[w] = node_f[v, EARLY]
            cap[w] = node_f[v, LATE]
            w += 1
    else:
        tmp[w] = first
        t[w] = node_f[first, EARLY]
        cap[w] = node_f[first, LATE]
        w += 1
        for x in range(i + 1, j + 1):
            tmp[w] = nodes[x]
            t[w] = early[x]
            cap[w] = late[x]
            w += 1
        tmp[w] = last
        t[w] = node_f[last, EARLY]
        cap[w] = node_f[last, LATE]
        w += 1
    grown = last - first + 1
    for x in range(j + 1, m):
        tmp[x + grown] = nodes[x]
        t[x + grown] = early[x]
        cap[x + grown] = late[x]
    return settle(m + grown, i + 1, w - 1, tmp, t, cap, place, i, j, grown, first, node_f, node_i, drive, duration)


@inner
def weave(i, j, first, last, m, nodes, tmp):
    """Write ``nodes[:m]`` with a request put in after positions i and j into ``tmp``."""
    for x in range(i + 1):
        tmp[x] = nodes[x]
    w = i + 1
    if i == j:
        for v in range(first, last + 1):
            tmp[w] = v
            w += 1
    else:
        tmp[w] = first
        for x in range(i + 1, j + 1):
            tmp[x + 1] = nodes[x]
        w = j + 3
        tmp[j + 2] = last
    for x in range(j + 1, m):
        tmp[w + x - j - 1] = nodes[x]


@inner
def queue(count, cost, i, j, desk):
    """Put an insertion that fits in time on the list; where that is full, the dearest makes room. Return the new number."""
    at = count
    if count == desk.queue_cost.shape[0]:
        at = np.int64(0)
        for x in range(1, count):
            if desk.queue_cost[x] > desk.queue_cost[at]:
                at = np.int64(x)
        if desk.queue_cost[at] <= cost:
            return count
        count -= 1
    desk.queue_cost[at] = cost
    desk.queue_at[at, 0] = i
    desk.queue_at[at, 1] = j
    return count + 1

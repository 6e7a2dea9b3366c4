"""Time windows for solvers that know no ride-time limit: tightened without loss, then cut so that every schedule keeps it.

The tightening is that of Cordeau (2006, Oper. Res. 54(3), section 5.1): with a limit on the ride, the window of one end of a
request bounds that of the other. What is left over beyond the limit (the latest drop-off lies later than the earliest
pick-up, its service and the limit) is cut from the wider of the two windows, and from the other when that one is used up. With
``share`` 1 every schedule within the windows keeps the limit, but some schedules that would keep it are lost; with less, more
of them remain, and routes that break the limit are mended afterwards (:mod:`dispatch.bench.peers.mending`).
"""

from __future__ import annotations

import math

from dispatch.bench.readers import Instance

Windows = dict[int, tuple[float, float]]


def cut_windows(instance: Instance, *, share: float) -> Windows:
    """Return (earliest, latest) by node, with ``share`` of what exceeds the ride-time limits cut away."""
    index = {v: i for i, v in enumerate(instance.nodes)}
    windows = {v: (instance.early[v], instance.late[v]) for v in instance.nodes}
    starts = [(index[v], instance.early[v]) for v in set(instance.start)]
    ends = [(index[v], instance.late[v]) for v in set(instance.end)]
    for p, d in instance.pairs:
        at, to = index[p], index[d]
        ride, service = instance.ride.get(p, math.inf), instance.service[p]
        direct = service + float(instance.times[at, to])
        (a, b), (c, e) = windows[p], windows[d]
        a = max(a, min(early + float(instance.times[v, at]) for v, early in starts))
        e = min(e, max(late - float(instance.times[to, v]) for v, late in ends) - instance.service[d])
        a, b = max(a, c - ride - service), min(b, e - direct)
        c, e = max(c, a + direct), min(e, b + service + ride)
        over = (e - a - service - ride) * share
        if over > 0.0:
            if b - a >= e - c:
                first = min(over, b - a)
                a, e = a + first, e - min(over - first, e - c)
            else:
                last = min(over, e - c)
                a, e = a + min(over - last, b - a), e - last
        windows[p], windows[d] = (a, b), (c, e)
    return windows

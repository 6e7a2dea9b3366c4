"""Charge points as a queue: first come, first served, on a number of equal points."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from math import factorial


class ChargeQueue:
    """``points`` equal points; vehicles must be announced in the order in which they arrive.

    Times are seconds on any common axis. ``busy_s`` and ``wait_s`` are sums over all sessions so far.
    """

    def __init__(self, points: int, *, busy_until_s: Iterable[float] = ()) -> None:
        if points < 0:
            raise ValueError(f"points = {points}: zero or more")
        free = sorted(busy_until_s)[-points:] if points else []
        self._free_at = [0.0] * (points - len(free)) + free
        heapq.heapify(self._free_at)
        self.busy_s = 0.0
        self.wait_s = 0.0
        self.sessions_count = 0

    @property
    def points(self) -> int:
        return len(self._free_at)

    def peek_s(self, arrive_s: float) -> float:
        """When charging would begin for a vehicle that arrives then; infinity without a point."""
        return max(arrive_s, self._free_at[0]) if self._free_at else float("inf")

    def serve(self, arrive_s: float, charge_s: float) -> float:
        """Take the earliest free point from the later of arrival and its release; return when charging begins.

        Raises
        ------
        ValueError
            If there is no point at all.
        """
        if not self._free_at:
            raise ValueError("no charge point works here")
        begin_s = max(arrive_s, self._free_at[0])
        heapq.heapreplace(self._free_at, begin_s + charge_s)
        self.busy_s += charge_s
        self.wait_s += begin_s - arrive_s
        self.sessions_count += 1
        return begin_s


def erlang_c_wait_s(*, points: int, arrivals_per_s: float, mean_charge_s: float) -> float:
    """Mean waiting time of an M/M/c queue in the long run.

    Erlang's delay formula (Gross et al., *Fundamentals of Queueing Theory*, sec. 3.3).

    Raises
    ------
    ValueError
        If the points cannot keep up with the arrivals.
    """
    load = arrivals_per_s * mean_charge_s
    if load >= points:
        raise ValueError(f"{load:.3f} erlang on {points} points: the queue grows without bound")
    tail = load**points / factorial(points) * points / (points - load)
    busy = tail / (sum(load**k / factorial(k) for k in range(points)) + tail)
    return busy * mean_charge_s / (points - load)

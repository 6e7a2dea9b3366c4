"""The roads as dispatch uses them, and a book of the legs already worked out."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from routing.conditions import Barred, Conditions
from routing.matrix import LegMatrix
from routing.profiles import DriveProfile
from routing.snap import Point, Snap


class Roads(Protocol):
    """The part of :class:`routing.engine.RoadEngine` that dispatch needs."""

    def try_snap(self, point: Point, *, limit_m: float) -> Snap | None:
        """Nearest node, or None when it is farther away than ``limit_m``."""

    def concerns(self, barred: Barred) -> bool:
        """Whether the network knows any of these roads."""

    def matrix(
        self, points: Sequence[Point], profile: DriveProfile, *, access_limit_m: float, conditions: Conditions
    ) -> LegMatrix:
        """Fastest drives between all points, in this traffic and weather."""


class LegBook:
    """Roads that remember: a matrix over known points is cut out of the last one instead of being searched again.

    Repeated planning of one day asks for nearly the same points every few minutes. The book keeps one matrix per profile and
    conditions over all points seen so far, and starts afresh when that would exceed ``most_points``. A small question with a
    point unknown so far (what one new request asks) is answered by itself: it must not wait for the whole book to be written
    anew. Safe to share between threads.
    """

    def __init__(self, roads: Roads, *, most_points: int = 3_000) -> None:
        self._roads = roads
        self._most = most_points
        self._lock = threading.Lock()
        self._known: dict[tuple[str, float, Conditions], tuple[dict[Point, int], LegMatrix]] = {}

    def try_snap(self, point: Point, *, limit_m: float) -> Snap | None:
        return self._roads.try_snap(point, limit_m=limit_m)

    def concerns(self, barred: Barred) -> bool:
        return self._roads.concerns(barred)

    def matrix(
        self, points: Sequence[Point], profile: DriveProfile, *, access_limit_m: float, conditions: Conditions
    ) -> LegMatrix:
        key = (profile.name, access_limit_m, conditions)
        with self._lock:
            index, whole = self._known.get(key, ({}, None))
            asked_for = dict.fromkeys(points)
            fresh = [point for point in asked_for if point not in index]
            if fresh and len(asked_for) * 2 < len(index):
                whole = None
            elif whole is None or fresh:
                kept = list(index) if len(index) + len(fresh) <= self._most else []
                asked = kept + (fresh if kept or not index else list(asked_for))
                whole = self._roads.matrix(asked, profile, access_limit_m=access_limit_m, conditions=conditions)
                index = {point: number for number, point in enumerate(asked)}
                self._known[key] = (index, whole)
        if whole is None:
            return self._roads.matrix(points, profile, access_limit_m=access_limit_m, conditions=conditions)
        rows = np.fromiter((index[point] for point in points), dtype=np.intp, count=len(points))
        cut = np.ix_(rows, rows)
        return LegMatrix(
            profile=profile.name,
            drive_s=whole.drive_s[cut],
            drive_m=whole.drive_m[cut],
            drive_wh=whole.drive_wh[cut],
            fuel_ml=whole.fuel_ml[cut],
            toll_fen=whole.toll_fen[cut],
            confidence=whole.confidence[cut],
        )

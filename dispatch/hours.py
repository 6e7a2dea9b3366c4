"""Which traffic and weather each drive of a plan meets: the time bands of the windows at its ends.

A plan is made before it is known when exactly a vehicle drives from one place to another. It can only be while something is
asked for there: a drive between two stops falls into a band that the windows of both touch, a drive from or to a yard into one
of its stop's. Of several the slowest counts, so that a plan is not late because it was made for better traffic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from dispatch.legs import Roads
from dispatch.plates import barred_by, touches_hours
from fleet.rules.plates import PlateRule
from routing.conditions import Barred, Conditions, TimeBand
from routing.matrix import UNREACHABLE, LegMatrix
from routing.profiles import DriveProfile
from routing.snap import Point
from routing.traffic import BAND_MINUTES, LOCAL_ZONE, band_at

FROM_SLOWEST = (
    TimeBand.EVENING_PEAK,
    TimeBand.MORNING_PEAK,
    TimeBand.DAY,
    TimeBand.WEEKEND,
    TimeBand.NIGHT,
    TimeBand.FREE_FLOW,
)
"""Time bands, the one with the slowest town streets first (:data:`routing.traffic.SPEED_FRAC`)."""
_BIT = {band: 1 << number for number, band in enumerate(FROM_SLOWEST)}
_LONGEST = timedelta(days=7)


def bands_between(begin: datetime, end: datetime) -> int:
    """The bands that a span of time touches, as bits in the order of :data:`FROM_SLOWEST`."""
    begin, end = begin.astimezone(LOCAL_ZONE), min(end, begin + _LONGEST).astimezone(LOCAL_ZONE)
    touched = _BIT[band_at(begin)]
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    while midnight <= end:
        for minute in BAND_MINUTES:
            at = midnight + timedelta(minutes=minute)
            if begin <= at <= end:
                touched |= _BIT[band_at(at)]
        midnight += timedelta(days=1)
    return touched


def slowest_conditions(
    spans: Sequence[tuple[datetime, datetime]], *, ambient_c: float | None, traffic: bool = True
) -> Conditions:
    """Traffic of the slowest band that any of the spans touches, and the weather of the first one's month.

    Without ``traffic`` roads are as fast as they are said to be at every hour.
    """
    touched = 0
    for begin, end in spans:
        touched |= bands_between(begin, end) if traffic else _BIT[TimeBand.FREE_FLOW]
    return _conditions(_slowest(touched), spans[0][0], ambient_c)


class Hours:
    """When something is asked for at each location of a problem; without ``traffic`` the hour slows no drive."""

    def __init__(self, midnight: datetime, *, ambient_c: float | None, traffic: bool = True) -> None:
        self._midnight = midnight
        self._ambient_c = ambient_c
        self._traffic = traffic
        self._touched: dict[int, int] = {}
        self._spans: dict[int, list[tuple[datetime, datetime]]] = {}
        # Drives between places where nothing is asked for (a yard, a charging site) take place in working hours.
        self._otherwise = self._bands(midnight + timedelta(hours=12), midnight + timedelta(hours=12))

    def note(self, location: int, begin: datetime, end: datetime) -> None:
        """Something is asked for at this location in this span."""
        self._touched[location] = self._touched.get(location, 0) | self._bands(begin, end)
        self._spans.setdefault(location, []).append((begin, end))

    def _bands(self, begin: datetime, end: datetime) -> int:
        return bands_between(begin, end) if self._traffic else _BIT[TimeBand.FREE_FLOW]

    def conditions(self, band: TimeBand, barred: Barred | None = None) -> Conditions:
        return replace(_conditions(band, self._midnight, self._ambient_c), barred=barred)

    def restricted(self, locations: int, rules: Sequence[PlateRule]) -> npt.NDArray[np.bool_]:
        """(n, n) whether the drive from row to column may fall into the hours of one of these rules."""
        if not rules:
            return np.zeros((locations, locations), dtype=bool)
        within = np.zeros(locations, dtype=np.int64)
        for location, spans in self._spans.items():
            for begin, end in spans:
                touches, leaves = touches_hours(rules, begin, end)
                within[location] |= int(touches) | int(leaves) << 1
        both, either = within[:, None] & within[None, :], within[:, None] | within[None, :]
        # Between two places where nothing is asked for it may be driven at any hour.
        mask = np.where(both > 0, both, np.where(either > 0, either, 1))
        return np.asarray((mask & 1) > 0)

    def bands(self, locations: int) -> npt.NDArray[np.int64]:
        """(n, n) index into :data:`FROM_SLOWEST`: the band in which the drive from row to column counts."""
        touched = np.array([self._touched.get(number, 0) for number in range(locations)], dtype=np.int64)
        both = touched[:, None] & touched[None, :]
        either = touched[:, None] | touched[None, :]
        mask = np.where(both > 0, both, np.where(either > 0, either, self._otherwise))
        # The lowest bit that is set stands for the slowest band.
        return np.asarray(np.log2(mask & -mask).astype(np.int64))


def legs_by_the_hour(
    roads: Roads,
    points: Sequence[Point],
    profile: DriveProfile,
    hours: Hours,
    *,
    access_limit_m: float,
    rules: Sequence[PlateRule] = (),
) -> LegMatrix:
    """Drives between all points, each in its own band; raises as :meth:`routing.engine.RoadEngine.matrix`.

    ``rules`` keep the vehicle off their roads wherever the drive may fall into their hours. Each band is asked only for the
    points between which it counts.
    """
    count = len(points)
    barred = barred_by(rules)
    kind_of = 2 * hours.bands(count) + hours.restricted(count, rules)
    kinds = [int(kind) for kind in np.unique(kind_of)] or [2 * FROM_SLOWEST.index(TimeBand.DAY)]

    def ask(kind: int, asked: Sequence[Point]) -> LegMatrix:
        conditions = hours.conditions(FROM_SLOWEST[kind // 2], barred if kind % 2 else None)
        return roads.matrix(asked, profile, access_limit_m=access_limit_m, conditions=conditions)

    if len(kinds) == 1:
        return ask(kinds[0], points)
    tables = {name: np.full((count, count), UNREACHABLE, dtype=np.int32) for name in _TABLES}
    confidence = np.zeros((count, count), dtype=np.uint8)
    for kind in kinds:
        here = kind_of == kind
        chosen = np.flatnonzero(here.any(axis=0) | here.any(axis=1))
        legs = ask(kind, [points[at] for at in chosen.tolist()])
        part = here[np.ix_(chosen, chosen)]
        for name, table in tables.items():
            table[here] = getattr(legs, name)[part]
        confidence[here] = legs.confidence[part]
    return LegMatrix(profile=profile.name, confidence=confidence, **tables)


_TABLES = ("drive_s", "drive_m", "drive_wh", "fuel_ml", "toll_fen")


def _slowest(touched: int) -> TimeBand:
    return next(band for band in FROM_SLOWEST if touched & _BIT[band])


def _conditions(band: TimeBand, at: datetime, ambient_c: float | None) -> Conditions:
    if ambient_c is not None:
        return Conditions(band=band, ambient_c=ambient_c)
    return Conditions(band=band, month=at.astimezone(LOCAL_ZONE).month)

"""Under which conditions a drive takes place: weather and traffic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class TimeBand(StrEnum):
    """Traffic of a part of the day; see :data:`routing.traffic.SPEED_FRAC`."""

    FREE_FLOW = "free_flow"
    MORNING_PEAK = "morning_peak"
    EVENING_PEAK = "evening_peak"
    DAY = "day"
    NIGHT = "night"
    WEEKEND = "weekend"


@dataclass(frozen=True, kw_only=True)
class Barred:
    """Roads that a vehicle may not use, by name or number, or inside rings of (lon, lat) positions.

    What lies within 300 m of a ring is not meant: a ring drawn along a road leaves that road free.
    """

    refs: frozenset[str] = frozenset()
    rings: tuple[tuple[tuple[float, float], ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Outside temperature in degrees Celsius, and the time band. ``climate`` tells whether the cabin is heated or cooled.

    ``month`` (1 to 12) gives every road the usual temperature of its place and height in that month
    (:func:`routing.climate.usual_c`); ``ambient_c`` then counts only where none is known.
    ``barred`` are roads closed to this vehicle, such as by the last digit of its plate.
    """

    ambient_c: float = 20.0
    band: TimeBand = TimeBand.FREE_FLOW
    climate: bool = True
    month: int | None = None
    barred: Barred | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.ambient_c) and -50 <= self.ambient_c <= 60):
            raise ValueError(f"ambient_c = {self.ambient_c}: degrees Celsius from -50 to 60")
        if self.month is not None and not 1 <= self.month <= 12:
            raise ValueError(f"month = {self.month}: 1 to 12")

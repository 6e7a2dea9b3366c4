"""Rental points (网点): sites where cars are taken and returned, with hours, a geofence and the township that they serve."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fleet.errors import InvalidFact
from fleet.ids import RegionCode, SiteId

_LOCAL = ZoneInfo("Asia/Shanghai")
_EARTH_RADIUS_M = 6_371_008.8


@dataclass(frozen=True, kw_only=True)
class RentalPoint:
    """What a site is as a rental point; ``id`` is the site's.

    ``opens_s`` and ``closes_s`` are seconds after local midnight (0 and 86,400: always open). A return counts within
    ``radius_m`` of the site. ``bays_count`` bounds the cars that may stand there (None: not limited).
    """

    id: SiteId
    region: RegionCode
    township: str = ""
    opens_s: int = 0
    closes_s: int = 86_400
    radius_m: int = 200
    bays_count: int | None = None
    takes_returns: bool = True

    def __post_init__(self) -> None:
        def refuse(field: str, value: object, remedy: str) -> InvalidFact:
            return InvalidFact(kind="rental_point", id=self.id, field=field, value=value, remedy=remedy)

        if not 0 <= self.opens_s < self.closes_s <= 86_400:
            raise refuse("opens_s", self.opens_s, "opens before it closes, both within the day")
        if self.radius_m <= 0:
            raise refuse("radius_m", self.radius_m, "at least 1")
        if self.bays_count is not None and self.bays_count < 0:
            raise refuse("bays_count", self.bays_count, "zero or more")

    def is_open(self, at: datetime) -> bool:
        """Whether cars are taken and returned at an instant."""
        local = at.astimezone(_LOCAL)
        second = local.hour * 3_600 + local.minute * 60 + local.second
        return self.opens_s <= second < self.closes_s or (self.closes_s == 86_400 and second >= self.opens_s)


def ground_distance_m(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Great-circle distance of two WGS-84 points on the mean sphere."""
    low, high = math.radians(lat_a), math.radians(lat_b)
    step = math.radians(lon_b - lon_a)
    chord = math.sin((high - low) / 2) ** 2 + math.cos(low) * math.cos(high) * math.sin(step / 2) ** 2
    return 2 * _EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord)))

"""The 59 fleets of the demo: 21 prefectures of Sichuan and 38 districts and counties of Chongqing, and their shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import asin, cos, pi, radians, sin, sqrt
from random import Random
from typing import Protocol

from scenarios.naming import FACILITIES

SICHUAN = "510000"
CHONGQING = "500000"

#: Prefectures that the shares of new-energy vehicles do not bind (rule R020); the demo gives them few.
NEV_EXEMPT = frozenset({"510400", "513200", "513300", "513400"})

EARTH_RADIUS_M = 6_371_009


class PlaceFact(Protocol):
    """What the demo needs of a place of the fact table (one row of ``places.csv``)."""

    @property
    def adcode(self) -> str: ...
    @property
    def name_zh(self) -> str: ...
    @property
    def parent_adcode(self) -> str: ...
    @property
    def lon_wgs84(self) -> float: ...
    @property
    def lat_wgs84(self) -> float: ...
    @property
    def public_admin_employees_2020(self) -> int | None: ...


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A named place to drive to; ``county`` is the code of the county-level unit it lies in."""

    name: str
    county: str
    lon_wgs84: float
    lat_wgs84: float


@dataclass(frozen=True, kw_only=True)
class County:
    """A county-level unit with its seat and the facilities generated around it (at most 15 km from the seat)."""

    code: str
    name: str
    employees: int
    seat: Spot
    facilities: tuple[Spot, ...]


@dataclass(frozen=True, kw_only=True)
class Area:
    """A prefecture of Sichuan or a district of Chongqing: the scale at which the demo keeps a pooled fleet."""

    code: str
    name: str
    province: str
    employees: int
    seat: Spot
    counties: tuple[County, ...]


def crow_m(a: Spot, b: Spot) -> float:
    """Great-circle distance in metres (haversine)."""
    dlat, dlon = radians(b.lat_wgs84 - a.lat_wgs84), radians(b.lon_wgs84 - a.lon_wgs84)
    h = sin(dlat / 2) ** 2 + cos(radians(a.lat_wgs84)) * cos(radians(b.lat_wgs84)) * sin(dlon / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(sqrt(h))


def offset(rng: Random, origin: Spot, *, name: str, nearest_m: float, usual_m: float, farthest_m: float) -> Spot:
    """A spot in a random direction from ``origin``, its distance triangular between the bounds."""
    distance_m, bearing = rng.triangular(nearest_m, farthest_m, usual_m), rng.uniform(0, 2 * pi)
    metres_per_degree = EARTH_RADIUS_M * pi / 180
    return Spot(
        name=name,
        county=origin.county,
        lon_wgs84=round(
            origin.lon_wgs84 + distance_m * sin(bearing) / (metres_per_degree * cos(radians(origin.lat_wgs84))), 5
        ),
        lat_wgs84=round(origin.lat_wgs84 + distance_m * cos(bearing) / metres_per_degree, 5),
    )


def build_areas(places: Sequence[PlaceFact], rng: Random) -> tuple[Area, ...]:
    """Arrange the fact table into the 59 areas, ordered by code; facilities are drawn from ``rng``."""
    by_code = {place.adcode: place for place in places}
    codes = sorted(code for code, place in by_code.items() if place.parent_adcode in (SICHUAN, CHONGQING))
    return tuple(_area(by_code, code, rng) for code in codes)


def _area(by_code: Mapping[str, PlaceFact], code: str, rng: Random) -> Area:
    place = by_code[code]
    children = sorted(child for child, fact in by_code.items() if fact.parent_adcode == code) or [code]
    counties = tuple(_county(by_code[child], rng) for child in children)
    own = Spot(name=place.name_zh, county=code, lon_wgs84=place.lon_wgs84, lat_wgs84=place.lat_wgs84)
    nearest = min(counties, key=lambda county: (crow_m(county.seat, own), county.code))
    seat = Spot(
        name=f"{place.name_zh}行政中心",
        county=nearest.code,
        lon_wgs84=place.lon_wgs84,
        lat_wgs84=place.lat_wgs84,
    )
    return Area(
        code=code,
        name=place.name_zh,
        province=place.parent_adcode,
        employees=place.public_admin_employees_2020 or 0,
        seat=seat,
        counties=counties,
    )


def _county(place: PlaceFact, rng: Random) -> County:
    seat = Spot(
        name=f"{place.name_zh}人民政府",
        county=place.adcode,
        lon_wgs84=place.lon_wgs84,
        lat_wgs84=place.lat_wgs84,
    )
    kinds = rng.sample(FACILITIES, 4)
    return County(
        code=place.adcode,
        name=place.name_zh,
        employees=place.public_admin_employees_2020 or 0,
        seat=seat,
        facilities=tuple(
            offset(rng, seat, name=place.name_zh + kind, nearest_m=800, usual_m=2_500, farthest_m=14_000)
            for kind in kinds
        ),
    )


def apportion(total: int, weights: Mapping[str, float], *, at_least: int = 0) -> dict[str, int]:
    """Share ``total`` by weight: quotas rounded down, the rest by largest remainder, each at least ``at_least``.

    The sum is exactly ``total``. Hamilton's method, with ties broken by key.

    Raises
    ------
    ValueError
        If ``total`` does not reach ``at_least`` for every key.
    """
    if total < at_least * len(weights):
        raise ValueError(f"{total} cannot give {at_least} to each of {len(weights)}")
    free, fixed = dict(weights), dict.fromkeys(weights, 0)
    remaining = total
    while True:
        weight_sum = sum(free.values())
        low = [key for key, weight in free.items() if weight_sum <= 0 or weight * remaining < at_least * weight_sum]
        if not low:
            break
        for key in low:
            del free[key]
            fixed[key] = at_least
        remaining = total - at_least * (len(fixed) - len(free))
    if not free:
        for key in sorted(fixed)[: total - sum(fixed.values())]:
            fixed[key] += 1
        return fixed
    quotas = {key: weight * remaining / weight_sum for key, weight in free.items()}
    shares = {key: int(quota) for key, quota in quotas.items()}
    spare = remaining - sum(shares.values())
    for key in sorted(quotas, key=lambda k: (shares[k] - quotas[k], k))[:spare]:
        shares[key] += 1
    return fixed | shares

"""Places and regions as callers name them: one look-up over the region table and the place table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

from fleet.errors import InvalidFact
from fleet.regions import Region, load_regions
from routing.geography import Geography, Place, Whereabouts, load_geography

__all__ = [
    "Place",
    "Region",
    "Whereabouts",
    "covers",
    "find_place",
    "find_region",
    "judge",
    "list_regions",
    "search_places",
]


@cache
def get_geography() -> Geography:
    """Return the built-in places, read once."""
    return load_geography()


@lru_cache(maxsize=65_536)
def covers(scope: str, region: str) -> bool:
    """Whether a person's region includes another one; the empty scope includes everything, an unknown code nothing."""
    if scope == "":
        return True
    try:
        return load_regions().covers(scope, region)
    except InvalidFact:
        return False


def find_region(code: str) -> Region | None:
    return load_regions().find(code)


def list_regions() -> Sequence[Region]:
    return load_regions().list()


def search_places(text: str, *, limit: int) -> Sequence[Place]:
    return get_geography().search(text, limit=limit)


def find_place(name: str) -> Place | None:
    """Return the one place of that code or full name; None when there is none or more than one."""
    geography = get_geography()
    by_code = geography.find(name)
    if by_code is not None:
        return by_code
    named = [place for place in geography.places if name in (place.name_zh, place.name_short_zh)]
    return named[0] if len(named) == 1 else None


def judge(lon_wgs84: float, lat_wgs84: float) -> Whereabouts:
    """Tell whether a point lies in Sichuan or Chongqing, or would if its coordinates changed places."""
    return get_geography().judge(lon_wgs84, lat_wgs84)

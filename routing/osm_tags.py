"""What OpenStreetMap tags mean to a motor car: whether a way may be driven, in which direction and how fast. Pure functions."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

Tags = Mapping[str, str]

ROAD_CLASSES = (
    "motorway",
    "motorway_link",
    "trunk",
    "trunk_link",
    "primary",
    "primary_link",
    "secondary",
    "secondary_link",
    "tertiary",
    "tertiary_link",
    "unclassified",
    "residential",
    "living_street",
    "service",
    "road",
    "track",
    "ferry",
)
"""Drivable values of ``highway``, and ferries. The index in this tuple is stored per edge."""

CLASS_INDEX: Mapping[str, int] = MappingProxyType({name: number for number, name in enumerate(ROAD_CLASSES)})
NO_STOPPING = frozenset(CLASS_INDEX[name] for name in ("motorway", "motorway_link", "trunk_link", "ferry"))
"""Classes on which nobody gets in or out; a stop is never snapped to a place that only they touch."""


@dataclass(frozen=True, kw_only=True)
class CountryRules:
    """Defaults where a way says nothing. ``speed_kmh`` is the limit by class; ``toll_fen_per_km`` for a small car."""

    code: str
    speed_kmh: Mapping[str, float]
    toll_fen_per_km: float
    source: str


_CN = {
    "motorway": 100.0,
    "motorway_link": 40.0,
    "trunk": 80.0,
    "trunk_link": 40.0,
    "primary": 60.0,
    "primary_link": 40.0,
    "secondary": 50.0,
    "secondary_link": 30.0,
    "tertiary": 40.0,
    "tertiary_link": 30.0,
    "unclassified": 30.0,
    "residential": 30.0,
    "living_street": 20.0,
    "service": 20.0,
    "road": 30.0,
    "track": 15.0,
    "ferry": 10.0,
}
_EU = _CN | {
    "motorway": 120.0,
    "motorway_link": 60.0,
    "trunk": 90.0,
    "trunk_link": 50.0,
    "primary": 80.0,
    "primary_link": 50.0,
    "secondary": 80.0,
    "secondary_link": 50.0,
    "tertiary": 50.0,
    "tertiary_link": 40.0,
    "unclassified": 50.0,
    "residential": 40.0,
    "road": 40.0,
}

COUNTRIES: Mapping[str, CountryRules] = MappingProxyType(
    {
        "CN": CountryRules(
            code="CN",
            speed_kmh=MappingProxyType(_CN),
            toll_fen_per_km=50.0,
            source="JTG B01-2014 Technical Standard of Highway Engineering, sec. 3.5 design speeds: expressway 120/100/80, "
            "class 1 100/80/60, class 2 80/60, class 3 40/30, class 4 30/20; CJJ 37-2012 Code for Design of Urban Road "
            "Engineering, sec. 3.2: arterial 60/50/40, secondary 50/40/30, branch 40/30/20; implementing regulation of the "
            "Road Traffic Safety Law, art. 45 (30 km/h town and 40 km/h country roads without a centre line) and art. 78; "
            "ramps: JTG D20-2017 sec. 11.2, 40 km/h. Toll: planning figure.",
        ),
        "EU": CountryRules(
            code="EU",
            speed_kmh=MappingProxyType(_EU),
            toll_fen_per_km=0.0,
            source="usual European limits; for extracts outside China, tolls not priced",
        ),
    }
)

TRAVEL_FRAC_FAST = 0.95
TRAVEL_FRAC = 0.80
"""Free-flow speed over the limit: 0.80 as in the car profile of the Open Source Routing Machine (``speed_reduction``), and
0.95 on motorways, where nothing stops the flow."""

_DENIED = frozenset(
    {"no", "private", "agricultural", "forestry", "emergency", "psv", "bus", "military", "use_sidepath", "delivery"}
)
_ALLOWED = frozenset({"yes", "permissive", "designated", "destination", "customers", "permit", "residents", "official"})
_ACCESS_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")
"""Most specific first (OpenStreetMap wiki, *Key:access*)."""

_BLOCKING = frozenset(
    {"bollard", "block", "jersey_barrier", "chain", "log", "debris", "fence", "wall", "kerb", "cycle_barrier", "stile"}
)
_PASSING_UNLESS_TOLD = frozenset(
    {"gate", "lift_gate", "swing_gate", "toll_booth", "cattle_grid", "border_control", "entrance", "height_restrictor"}
)

_SURFACE_LIMIT_KMH = MappingProxyType(
    {
        "unpaved": 40.0,
        "compacted": 50.0,
        "fine_gravel": 40.0,
        "gravel": 35.0,
        "pebblestone": 30.0,
        "ground": 25.0,
        "dirt": 25.0,
        "earth": 25.0,
        "grass": 15.0,
        "mud": 10.0,
        "sand": 15.0,
        "cobblestone": 30.0,
        "sett": 40.0,
    }
)
"""What a car drives on such a surface, as in the car profile of the Open Source Routing Machine, rounded."""

_NUMBER = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph|knots)?\s*$")
_UNIT_KMH = {None: 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": 1.609344, "knots": 1.852}
_HEIGHT = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(m|cm)?\s*$")
_UNIT_M: Mapping[str | None, float] = MappingProxyType({None: 1.0, "m": 1.0, "cm": 0.01})
_FEET = re.compile(r"^\s*(\d+)'\s*(?:(\d+)\")?\s*$")
_MASS = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(t|kg|lbs)?\s*$")
_UNIT_KG: Mapping[str | None, float] = MappingProxyType({None: 1000.0, "t": 1000.0, "kg": 1.0, "lbs": 0.45359237})
_DURATION = re.compile(r"^(?:(\d+):)?(\d{1,2}):(\d{2})$|^(\d+)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class WayRules:
    """How one way may be driven. ``forward`` and ``backward`` tell the directions; ``duration_s`` is a ferry's crossing.

    ``built`` roads do not follow the ground: bridges, tunnels, ferries.
    """

    class_index: int
    forward: bool
    backward: bool
    forward_kmh: float
    backward_kmh: float
    ref: str
    toll: bool
    duration_s: int | None
    speed_unreadable: bool
    inferred: bool
    height_limit_m: float
    mass_limit_kg: float
    built: bool


def judge_way(tags: Tags, country: CountryRules) -> WayRules | None:
    """What the tags of a way say; None when no car may drive there."""
    road_class = _road_class(tags)
    if road_class is None or tags.get("area") == "yes":
        return None
    access = _access(tags)
    if access is False or (road_class == "track" and access is not True and tags.get("tracktype") != "grade1"):
        return None
    if tags.get("service") in ("emergency_access", "bus"):
        return None
    forward, backward = _directions(tags, road_class)
    if not (forward or backward):
        return None
    forward_kmh, unreadable_there = _speed(tags, "maxspeed:forward", road_class, country)
    backward_kmh, unreadable_back = _speed(tags, "maxspeed:backward", road_class, country)
    duration_s = parse_duration_s(tags.get("duration", "")) if road_class == "ferry" else None
    return WayRules(
        class_index=CLASS_INDEX[road_class],
        forward=forward,
        backward=backward,
        forward_kmh=forward_kmh,
        backward_kmh=backward_kmh,
        ref=tags.get("ref") or tags.get("name") or "",
        toll=tags.get("toll") == "yes" or tags.get("toll:motorcar") == "yes",
        duration_s=duration_s,
        speed_unreadable=unreadable_there or unreadable_back,
        inferred=road_class in ("track", "road") or (road_class == "ferry" and duration_s is None),
        height_limit_m=height_limit_m(tags),
        mass_limit_kg=_mass_limit_kg(tags),
        built=_is_built(tags) or road_class == "ferry",
    )


def _is_built(tags: Tags) -> bool:
    return any(tags.get(key, "no") != "no" for key in ("bridge", "tunnel"))


def height_limit_m(tags: Tags) -> float:
    """The clearance in metres, infinite where none is given or it cannot be read as a number."""
    return _limit(tags.get("maxheight", ""), _HEIGHT, _UNIT_M)


def _mass_limit_kg(tags: Tags) -> float:
    return _limit(tags.get("maxweight", ""), _MASS, _UNIT_KG)


def _limit(text: str, pattern: re.Pattern[str], units: Mapping[str | None, float]) -> float:
    feet = _FEET.match(text)
    if feet and pattern is _HEIGHT:
        return int(feet[1]) * 0.3048 + int(feet[2] or 0) * 0.0254
    found = pattern.match(text)
    return float(found[1]) * units[found[2]] if found and float(found[1]) > 0 else math.inf


def blocks_cars(tags: Tags) -> bool:
    """Whether a node with these tags lets no car pass."""
    barrier = tags.get("barrier")
    if barrier is None:
        return False
    access = _access(tags)
    if access is not None:
        return not access
    return barrier in _BLOCKING or (barrier not in _PASSING_UNLESS_TOLD and tags.get("locked") == "yes")


def parse_speed_kmh(text: str) -> float | None:
    """A limit in km/h, None when it cannot be read. Of several (``80;60``) the least counts."""
    speeds: list[float] = []
    for part in re.split(r"[;|,]", text):
        found = _NUMBER.match(part)
        if not found:
            return None
        speeds.append(float(found[1]) * _UNIT_KMH[found[2]])
    return min(speeds) if speeds and min(speeds) >= 1 else None


def parse_duration_s(text: str) -> int | None:
    """``hh:mm``, ``hh:mm:ss`` or whole minutes, None when it cannot be read."""
    found = _DURATION.match(text.strip())
    if not found:
        return None
    if found[4]:
        return int(found[4]) * 60 or None
    if found[1] is not None:
        return int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3])
    return int(found[2]) * 3600 + int(found[3]) * 60 or None


def _road_class(tags: Tags) -> str | None:
    highway = tags.get("highway")
    if highway in CLASS_INDEX and highway != "ferry":
        return highway
    if tags.get("route") in ("ferry", "shuttle_train") and highway is None:
        # A ferry carries cars only where it says so: many are for passengers alone.
        return "ferry" if _access(tags) is True else None
    return None


def _access(tags: Tags) -> bool | None:
    """Whether cars may pass; None when nothing is said, or a word that decides nothing."""
    for key in _ACCESS_KEYS:
        value = tags.get(key)
        if value in _DENIED:
            return False
        if value in _ALLOWED:
            return True
    return None


def _directions(tags: Tags, road_class: str) -> tuple[bool, bool]:
    oneway = tags.get("oneway:motorcar") or tags.get("oneway:motor_vehicle") or tags.get("oneway")
    if oneway in ("yes", "1", "true"):
        return True, False
    if oneway in ("-1", "reverse"):
        return False, True
    if oneway == "reversible":
        # Its direction changes by the hour; nobody can plan on it.
        return False, False
    if oneway in ("no", "0", "false", "alternating"):
        return True, True
    implied = road_class in ("motorway", "motorway_link") or tags.get("junction") in ("roundabout", "circular")
    return True, not implied


def _speed(tags: Tags, directed_key: str, road_class: str, country: CountryRules) -> tuple[float, bool]:
    """Free-flow speed in km/h, and whether a limit was given that could not be read."""
    text = tags.get(directed_key) or tags.get("maxspeed:motorcar") or tags.get("maxspeed")
    limit = parse_speed_kmh(text) if text else None
    unreadable = (
        bool(text) and limit is None and text not in ("none", "signals", "variable", "walk") and ":" not in str(text)
    )
    if text == "walk":
        limit = 6.0
    if limit is None:
        limit = country.speed_kmh[road_class]
    if road_class == "ferry":
        return limit, unreadable
    travel = limit * (TRAVEL_FRAC_FAST if road_class == "motorway" else TRAVEL_FRAC)
    return max(3.0, min(travel, _SURFACE_LIMIT_KMH.get(tags.get("surface", ""), travel))), unreadable

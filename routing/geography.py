"""Places and the region: search by code, Chinese name or pinyin, nearest county seat, and whether a point can be right."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
import shapely.geometry
from scipy.spatial import cKDTree

from routing.builtin.load import read_table
from routing.errors import InvalidClosure
from routing.graph import RoadGraph
from routing.snap import arc_m, on_sphere_m

REACH_M = 50.0
"""How far around a point or a line a closure reaches."""
METRES_PER_DEGREE = 111_195.0
"""Of latitude, on the mean sphere."""
OUTLINE_MARGIN_DEG = 0.5
"""The outline is drawn around county seats and border points; county borders lie up to this far outside (about 50 km)."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """An administrative place; ``elevation_m`` None where unknown. The coordinate is that of its seat."""

    adcode: str
    name_zh: str
    name_short_zh: str
    name_en: str
    pinyin: str
    level: str
    parent_adcode: str
    lon_wgs84: float
    lat_wgs84: float
    elevation_m: float | None


class Whereabouts(StrEnum):
    """What :meth:`Geography.judge` finds out about a coordinate."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    SWAPPED = "swapped"
    IMPOSSIBLE = "impossible"


class Geography:
    """The places of Sichuan and Chongqing with their search indexes. Build one with :func:`load_geography`."""

    def __init__(self, places: Sequence[Place], outline_points: Sequence[tuple[float, float]]) -> None:
        self.places = tuple(sorted(places, key=lambda place: place.adcode))
        self._by_code = {place.adcode: place for place in self.places}
        self._names = {place.adcode: self._names_of(place) for place in self.places}
        self._seats = [place for place in self.places if place.level == "county"]
        self._tree = cKDTree(
            on_sphere_m([seat.lon_wgs84 for seat in self._seats], [seat.lat_wgs84 for seat in self._seats])
        )
        outline = shapely.concave_hull(shapely.MultiPoint(outline_points), ratio=0.3)
        self._outline = outline.buffer(OUTLINE_MARGIN_DEG)
        shapely.prepare(self._outline)

    def find(self, adcode: str) -> Place | None:
        """The place of that GB/T 2260 code."""
        return self._by_code.get(adcode)

    def search(self, text: str, *, limit: int = 10) -> list[Place]:
        """Places whose code begins with the text, or whose Chinese name, English name or pinyin contains it, best first.

        Pinyin is matched without tones, spaces and case; a county is also found with its parent before it (``成都锦江``).
        Exact names come before beginnings, beginnings before the rest; among equals the higher level, then the smaller code.
        """
        wanted = _plain(text)
        if not wanted:
            return []
        scored = [
            (score, _LEVELS.index(place.level), place.adcode, place)
            for place in self.places
            if (score := _score(place.adcode, self._names[place.adcode], wanted)) is not None
        ]
        scored.sort(key=lambda item: item[:3])
        return [place for *_, place in scored[:limit]]

    def nearest(self, lon_wgs84: float, lat_wgs84: float) -> tuple[Place, float]:
        """The nearest county seat and its distance in metres.

        The tables hold seats, not borders: near a county's border the seat of the neighbour may be nearer.
        """
        chord, found = self._tree.query(on_sphere_m(lon_wgs84, lat_wgs84))
        return self._seats[int(found)], float(arc_m(np.array([chord]))[0])

    def prefecture_of(self, place: Place) -> Place:
        """The prefecture that a county belongs to; a district of Chongqing, and any higher place, stands for itself."""
        parent = self._by_code.get(place.parent_adcode)
        return parent if place.level == "county" and parent is not None and parent.level == "prefecture" else place

    def judge(self, lon_wgs84: float, lat_wgs84: float) -> Whereabouts:
        """Whether a coordinate lies in the two provinces, or would if longitude and latitude changed places."""
        if not (math.isfinite(lon_wgs84) and math.isfinite(lat_wgs84)):
            return Whereabouts.IMPOSSIBLE
        if self._contains(lon_wgs84, lat_wgs84):
            return Whereabouts.INSIDE
        if self._contains(lat_wgs84, lon_wgs84):
            return Whereabouts.SWAPPED
        if not (-180 <= lon_wgs84 <= 180 and -90 <= lat_wgs84 <= 90):
            return Whereabouts.IMPOSSIBLE
        return Whereabouts.OUTSIDE

    def _names_of(self, place: Place) -> tuple[str, ...]:
        own = [place.name_zh, place.name_short_zh, place.name_en, place.pinyin]
        parent = self._by_code.get(place.parent_adcode)
        if parent is not None:
            for prefix in (parent.name_zh, parent.name_short_zh):
                own += [prefix + place.name_zh, prefix + place.name_short_zh]
        return tuple(_plain(name) for name in own)

    def _contains(self, lon: float, lat: float) -> bool:
        return bool(self._outline.contains(shapely.Point(lon, lat)))


def edges_touching(
    graph: RoadGraph,
    geometry: Mapping[str, Any],
    among: npt.NDArray[np.bool_],
    *,
    closure_id: str,
    inset_deg: float = 0.0,
) -> npt.NDArray[np.bool_]:
    """(m,) which of the edges ``among`` (m,) meet a GeoJSON geometry; points and lines reach :data:`REACH_M` around.

    Of an area, a strip ``inset_deg`` wide along its edge is not meant.

    Raises
    ------
    InvalidClosure
        If it is no geometry, or an empty one.
    """
    try:
        area = shapely.geometry.shape(dict(geometry))
    except (AttributeError, KeyError, TypeError, ValueError, IndexError, shapely.errors.ShapelyError) as error:
        raise InvalidClosure(id=closure_id, field="geometry", reason=f"not a GeoJSON geometry ({error})") from error
    if area.is_empty or not np.isfinite(area.bounds).all():
        raise InvalidClosure(id=closure_id, field="geometry", reason="it is empty or not finite")
    if not area.is_valid:
        raise InvalidClosure(
            id=closure_id,
            field="geometry",
            reason=f"it does not close or crosses itself: {shapely.is_valid_reason(area)}",
        )
    if area.area == 0:
        area = area.buffer(REACH_M / METRES_PER_DEGREE)
    elif inset_deg:
        area = area.buffer(-inset_deg)
        if area.is_empty:
            return np.zeros(graph.edge_count, dtype=bool)
    west, south, east, north = area.bounds
    lon, lat = graph.node_lon_wgs84, graph.node_lat_wgs84
    touching = np.zeros(graph.edge_count, dtype=bool)
    # An edge with its shape lies within its length of its ends, so that far ones need no closer look.
    slack = graph.length_m / METRES_PER_DEGREE / math.cos(math.radians(min(80.0, max(abs(south), abs(north)))))
    a = graph.edge_from
    near = (
        among
        & (lon[a] >= west - slack)
        & (lon[a] <= east + slack)
        & (lat[a] >= south - slack)
        & (lat[a] <= north + slack)
    )
    chosen = np.flatnonzero(near)
    if chosen.size:
        shapely.prepare(area)
        touching[chosen] = shapely.intersects(area, _lines(graph, chosen))
    return touching


def _lines(graph: RoadGraph, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """One line an edge, over its shape points."""
    tail, head = graph.edge_from[edges], graph.edge_to[edges]
    if graph.shape_offset is None or graph.shape_lon_wgs84 is None or graph.shape_lat_wgs84 is None:
        between = np.zeros(len(edges), dtype=np.int64)
        inner = np.zeros((0, 2))
    else:
        first = graph.shape_offset[edges]
        between = graph.shape_offset[edges + 1] - first
        at = np.repeat(first - np.cumsum(between) + between, between) + np.arange(between.sum())
        inner = np.stack([graph.shape_lon_wgs84[at], graph.shape_lat_wgs84[at]], axis=1).astype(np.float64)
    owner = np.concatenate([np.arange(len(edges)), np.repeat(np.arange(len(edges)), between), np.arange(len(edges))])
    ends = [np.stack([graph.node_lon_wgs84[n], graph.node_lat_wgs84[n]], axis=1) for n in (tail, head)]
    order = np.argsort(owner, kind="stable")
    return np.asarray(shapely.linestrings(np.concatenate([ends[0], inner, ends[1]])[order], indices=owner[order]))


def load_geography() -> Geography:
    """Read the built-in tables."""
    places = [
        Place(
            adcode=row["adcode"],
            name_zh=row["name_zh"],
            name_short_zh=row["name_short_zh"],
            name_en=row["name_en"],
            pinyin=_pinyin(row["name_en"]),
            level=row["level"],
            parent_adcode=row["parent_adcode"],
            lon_wgs84=float(row["lon_wgs84"]),
            lat_wgs84=float(row["lat_wgs84"]),
            elevation_m=float(row["elevation_m"]) if row["elevation_m"] else None,
        )
        for row in read_table("places.csv")
    ]
    nodes = read_table("road_nodes.csv")
    return Geography(places, [(float(row["lon_wgs84"]), float(row["lat_wgs84"])) for row in nodes])


_LEVELS = ("province", "municipality", "prefecture", "county")
_SUFFIXES = ("province", "municipality", "prefecture", "district", "county", "city", "autonomous", "new area")


def _plain(text: str) -> str:
    """Lower case, without tones, spaces, hyphens and apostrophes."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign) and sign.isalnum())


def _pinyin(name_en: str) -> str:
    """The romanised name without the words for its level: ``Zigong City`` is ``zigong``."""
    words = [word for word in name_en.casefold().split() if word not in _SUFFIXES]
    return " ".join(words)


def _score(adcode: str, names: Sequence[str], wanted: str) -> int | None:
    if wanted in names or wanted == adcode:
        return 0
    if adcode.startswith(wanted) or any(name.startswith(wanted) for name in names):
        return 1
    if any(wanted in name for name in names):
        return 2
    return None

"""Roads and routes as GeoJSON (RFC 7946): positions are longitude, latitude in WGS-84."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

import numpy as np

from api.stops import ACCESS_LIMIT_M
from routing.conditions import Conditions, TimeBand
from routing.engine import RoadEngine
from routing.errors import NoRoute, OffNetwork
from routing.graph import Confidence, RoadGraph
from routing.profiles import get_profile
from routing.snap import Point
from routing.traffic import band_at

_REMEMBERED = 20_000
_DIGITS = 5

Line = tuple[tuple[float, float], ...]


MOST_SHOWN_EDGES = 20_000
"""A map of more edges than this shows the higher road classes only."""
_CLASSES_BY_RANK = ("motorway", "trunk", "primary", "motorway_link", "trunk_link", "secondary", "ferry", "tertiary")


def network_collection(graph: RoadGraph) -> dict[str, Any]:
    """Return the network: one line per road (both directions in one), one point per named node.

    Of a network with more than :data:`MOST_SHOWN_EDGES` edges only the highest classes that fit are returned.
    """
    seen: set[tuple[int, int, int]] = set()
    features: list[dict[str, Any]] = []
    for edge in _shown(graph):
        start, end = int(graph.edge_from[edge]), int(graph.edge_to[edge])
        ref = int(graph.ref_index[edge])
        key = (min(start, end), max(start, end), ref)
        if key in seen:
            continue
        seen.add(key)
        shape = [[round(lon, _DIGITS), round(lat, _DIGITS)] for lon, lat in graph.shape_of(edge)]
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "LineString", "coordinates": [_node(graph, start), *shape, _node(graph, end)]},
                "properties": {
                    "ref": graph.refs[ref],
                    "road_class": "" if graph.class_index is None else graph.road_classes[int(graph.class_index[edge])],
                    "confidence": Confidence(int(graph.confidence[edge])).name.lower(),
                    "length_m": int(graph.length_m[edge]),
                    "speed_mps": round(float(graph.speed_mps[edge]), 2),
                },
            }
        )
    for node, name in enumerate(graph.node_names):
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": _node(graph, node)},
                "properties": {"node_id": graph.node_ids[node] if graph.node_ids else str(node), "name_zh": name},
            }
        )
    return {"type": "FeatureCollection", "features": features}


def _shown(graph: RoadGraph) -> list[int]:
    """The edges that a map shows; not the copies that turn restrictions made."""
    drawn = np.ones(graph.edge_count, dtype=bool)
    if graph.base_node is not None and graph.arrival_node is not None:
        arrives = (graph.arrival_node[graph.edge_from] == graph.edge_to) & (graph.edge_from != graph.edge_to)
        drawn = (graph.base_node[graph.edge_from] == graph.edge_from) & ~arrives
    if int(drawn.sum()) > MOST_SHOWN_EDGES and graph.class_index is not None:
        chosen = np.zeros(graph.edge_count, dtype=bool)
        for name in _CLASSES_BY_RANK:
            if name in graph.road_classes:
                more = chosen | (drawn & (graph.class_index == graph.road_classes.index(name)))
                if int(more.sum()) > MOST_SHOWN_EDGES:
                    break
                chosen = more
        drawn = chosen
    return [int(edge) for edge in np.flatnonzero(drawn)]


def _node(graph: RoadGraph, node: int) -> list[float]:
    return [round(float(graph.node_lon_wgs84[node]), _DIGITS), round(float(graph.node_lat_wgs84[node]), _DIGITS)]


class RoadLines:
    """The lines of drives, remembered: a plan's map is asked for again and again. Safe to share between threads."""

    def __init__(self, roads: RoadEngine) -> None:
        self._roads = roads
        self._known: OrderedDict[tuple[Point, Point, str, TimeBand], Line] = OrderedDict()
        self._lock = Lock()

    def line(self, start: Point, end: Point, profile: str, band: TimeBand = TimeBand.FREE_FLOW) -> Line:
        """Return the line of a drive in the traffic of a time band; raises ``OffNetwork`` or ``NoRoute``."""
        key = (start, end, profile, band)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        found = self._roads.geometry(
            start, end, get_profile(profile), access_limit_m=ACCESS_LIMIT_M, conditions=Conditions(band=band)
        )
        line = tuple((round(lon, _DIGITS), round(lat, _DIGITS)) for lon, lat in found)
        with self._lock:
            self._known[key] = line
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return line

    def itinerary_features(self, itinerary: Mapping[str, Any], profile: str) -> list[dict[str, Any]]:
        """Return one line per leg of an itinerary; a leg without a road is drawn straight and says so."""
        stops: Sequence[Mapping[str, Any]] = itinerary["stops"]
        features = []
        for number in range(1, len(stops)):
            stop = stops[number]
            start, end = _point(stops[number - 1]), _point(stop)
            if start == end:
                continue
            straight = False
            try:
                departs_at = datetime.fromisoformat(str(stops[number - 1]["depart_at"]))
                line = self.line(start, end, profile, band_at(departs_at))
            except (OffNetwork, NoRoute):
                straight = True
                line = ((start.lon_wgs84, start.lat_wgs84), (end.lon_wgs84, end.lat_wgs84))
            features.append(
                {
                    "type": "Feature",
                    "geometry": {"type": "LineString", "coordinates": [list(position) for position in line]},
                    "properties": {
                        "itinerary_id": itinerary["id"],
                        "vehicle_id": itinerary["vehicle_id"],
                        "leg": number,
                        "leg_m": stop["leg_m"],
                        "leg_s": stop["leg_s"],
                        "load_count": stops[number - 1]["load_count"],
                        "confidence": stop["leg_confidence"],
                        "straight": straight,
                    },
                }
            )
        return features


def _point(stop: Mapping[str, Any]) -> Point:
    return Point(lon_wgs84=float(stop["lon_wgs84"]), lat_wgs84=float(stop["lat_wgs84"]))

"""From a coordinate to the nearest node of a road network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from routing.errors import OffNetwork
from routing.graph import RoadGraph

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the WGS-84 ellipsoid (IUGG)."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """A place on the ground, WGS-84 degrees."""

    lon_wgs84: float
    lat_wgs84: float


@dataclass(frozen=True, kw_only=True)
class Snap:
    """The nearest node and the straight distance to it."""

    node: int
    distance_m: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Snaps:
    """Many snaps at once: ``node`` (k,) int32 and ``distance_m`` (k,) float64."""

    node: npt.NDArray[np.int32]
    distance_m: npt.NDArray[np.float64]


def on_sphere_m(lon_wgs84: npt.ArrayLike, lat_wgs84: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Earth-centred coordinates in metres, (k, 3): local distances are right everywhere, at any latitude and span."""
    lon = np.radians(np.asarray(lon_wgs84, dtype=np.float64))
    lat = np.radians(np.asarray(lat_wgs84, dtype=np.float64))
    return EARTH_RADIUS_M * np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def arc_m(chord_m: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Length along the ground of a straight chord through the sphere."""
    return 2 * EARTH_RADIUS_M * np.arcsin(np.clip(chord_m / (2 * EARTH_RADIUS_M), 0.0, 1.0))


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance."""
    chord = float(np.linalg.norm(on_sphere_m(a.lon_wgs84, a.lat_wgs84) - on_sphere_m(b.lon_wgs84, b.lat_wgs84)))
    return float(arc_m(np.array([chord]))[0])


class Snapper:
    """Finds the nearest node that has an edge and where one may stop; built once per graph, safe to share between threads."""

    def __init__(self, graph: RoadGraph) -> None:
        usable = np.zeros(graph.node_count, dtype=bool)
        usable[graph.edge_from] = True
        usable[graph.edge_to] = True
        if graph.base_node is not None:
            usable &= graph.base_node == np.arange(graph.node_count)
        if graph.can_stop is not None:
            usable &= graph.can_stop
        # A network without any edge still answers, so that its single places can be found.
        self._nodes = np.flatnonzero(usable if usable.any() else ~usable).astype(np.int32)
        self._tree = cKDTree(on_sphere_m(graph.node_lon_wgs84[self._nodes], graph.node_lat_wgs84[self._nodes]))

    def snap(self, lon: float, lat: float, *, limit_m: float) -> Snap:
        """Return the nearest node.

        Raises
        ------
        OffNetwork
            If it lies farther than ``limit_m`` away.
        """
        snap = self._nearest(lon, lat)
        if not snap.distance_m <= limit_m:
            raise OffNetwork(lon_wgs84=lon, lat_wgs84=lat, distance_m=snap.distance_m, limit_m=limit_m)
        return snap

    def try_snap(self, lon: float, lat: float, *, limit_m: float) -> Snap | None:
        """As :meth:`snap`, but None when the point is off the network."""
        snap = self._nearest(lon, lat)
        return snap if snap.distance_m <= limit_m else None

    def snap_many(self, points: Sequence[Point]) -> Snaps:
        """The nearest node of each point, however far away it is; infinitely far when a coordinate is not a number."""
        at = on_sphere_m([point.lon_wgs84 for point in points], [point.lat_wgs84 for point in points])
        node = np.full(len(points), self._nodes[0], dtype=np.int32)
        away_m = np.full(len(points), np.inf)
        real = np.flatnonzero(np.isfinite(at).all(axis=1))
        if real.size:
            chord, found = self._tree.query(at[real])
            node[real], away_m[real] = self._nodes[found], arc_m(np.asarray(chord))
        return Snaps(node=node, distance_m=away_m)

    def _nearest(self, lon: float, lat: float) -> Snap:
        snaps = self.snap_many([Point(lon_wgs84=lon, lat_wgs84=lat)])
        return Snap(node=int(snaps.node[0]), distance_m=float(snaps.distance_m[0]))

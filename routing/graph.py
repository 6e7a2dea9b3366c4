"""The road graph: frozen arrays, one entry per node or per directed edge."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from routing.errors import InvalidNetwork


class Confidence(IntEnum):
    """How well a link is known. A path is as good as its weakest link."""

    SOURCED = 0
    INFERRED = 1
    UNVERIFIED = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class RoadGraph:
    """A directed road network.

    Nodes
        ``node_names`` (n,) str; ``node_lon_wgs84``, ``node_lat_wgs84`` (n,) float64; ``node_ids`` (n,) str, the ids of
        the source, or empty; ``node_elevation_m`` (n,) float64, NaN where unknown, or None.
    Edges
        ``edge_from``, ``edge_to`` (m,) int32 node indices; ``length_m`` (m,) int32; ``speed_mps`` (m,) float64, the
        free-flow speed; ``climb_m`` (m,) float64, height gained along the edge, negative downhill, NaN where no
        elevation is known; ``ascent_m`` (m,) float64, the sum of all rises on the way, NaN where
        unknown (the descent is ``ascent_m - climb_m``), or None where edges rise or fall evenly; ``toll_fen`` (m,) int32
        for a small car; ``ref_index`` (m,) int32 into ``refs``; ``confidence`` (m,) uint8 of :class:`Confidence`;
        ``class_index`` (m,) uint8 into ``road_classes``, or None.
        ``height_limit_m``, ``mass_limit_kg`` (m,) float32, infinite where nothing limits, or None.
    Shape
        ``shape_offset`` (m + 1,) int64 into ``shape_lon_wgs84``, ``shape_lat_wgs84`` (k,) float32: the points between the
        ends of each edge; None where edges are straight.

    Splits
        Where turn restrictions split junctions (:mod:`routing.turns`): ``base_node`` (n,) int32, the junction that a node is a
        copy of (itself for a genuine node), and ``arrival_node`` (n,) int32, where drives to it end; None without splits.
        ``can_stop`` (n,) bool: whether somebody may get in or out here; None: everywhere.
    Sources
        ``source_node_id`` (n,) and ``source_way_id`` (m,) int64, the ids of the map, or None.

    Search
        ``contraction_order`` (n,) int32: nodes in the order of :func:`routing.hierarchy.contraction_order`, or None.

    ``notes`` states what the data does not say by itself, such as a speed that the caller gave.

    Raises
    ------
    InvalidNetwork
        If arrays of one kind differ in length, an edge names no node, or a length or speed is impossible.
    """

    name: str
    node_names: tuple[str, ...]
    node_lon_wgs84: npt.NDArray[np.float64]
    node_lat_wgs84: npt.NDArray[np.float64]
    edge_from: npt.NDArray[np.int32]
    edge_to: npt.NDArray[np.int32]
    length_m: npt.NDArray[np.int32]
    speed_mps: npt.NDArray[np.float64]
    climb_m: npt.NDArray[np.float64]
    toll_fen: npt.NDArray[np.int32]
    ref_index: npt.NDArray[np.int32]
    refs: tuple[str, ...]
    confidence: npt.NDArray[np.uint8]
    node_ids: tuple[str, ...] = ()
    node_elevation_m: npt.NDArray[np.float64] | None = None
    ascent_m: npt.NDArray[np.float64] | None = None
    class_index: npt.NDArray[np.uint8] | None = None
    road_classes: tuple[str, ...] = ()
    shape_offset: npt.NDArray[np.int64] | None = None
    shape_lon_wgs84: npt.NDArray[np.float32] | None = None
    shape_lat_wgs84: npt.NDArray[np.float32] | None = None
    base_node: npt.NDArray[np.int32] | None = None
    arrival_node: npt.NDArray[np.int32] | None = None
    can_stop: npt.NDArray[np.bool_] | None = None
    height_limit_m: npt.NDArray[np.float32] | None = None
    mass_limit_kg: npt.NDArray[np.float32] | None = None
    source_node_id: npt.NDArray[np.int64] | None = None
    source_way_id: npt.NDArray[np.int64] | None = None
    contraction_order: npt.NDArray[np.int32] | None = None
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        nodes, edges = self.node_count, self.edge_count
        if not nodes:
            raise self._invalid("node_lon_wgs84", "a network has at least one node")
        self._check_lengths(
            nodes,
            "node_lat_wgs84",
            "node_elevation_m",
            "base_node",
            "arrival_node",
            "can_stop",
            "source_node_id",
            "contraction_order",
        )
        self._check_lengths(
            edges,
            "edge_to",
            "length_m",
            "speed_mps",
            "climb_m",
            "ascent_m",
            "toll_fen",
            "ref_index",
            "confidence",
            "class_index",
            "source_way_id",
        )
        self._check_lengths(edges, "source_way_id", "height_limit_m", "mass_limit_kg")
        if len(self.node_names) not in (0, nodes) or len(self.node_ids) not in (0, nodes):
            raise self._invalid("node_names", f"one entry for each of {nodes} nodes, or none at all")
        if edges:
            if (
                min(self.edge_from.min(), self.edge_to.min()) < 0
                or max(self.edge_from.max(), self.edge_to.max()) >= nodes
            ):
                raise self._invalid("edge_from/edge_to", f"every end is a node index from 0 to {nodes - 1}")
            if self.length_m.min() < 0:
                raise self._invalid("length_m", "zero or more")
            if not (np.isfinite(self.speed_mps) & (self.speed_mps > 0)).all():
                raise self._invalid("speed_mps", "above zero")

    @property
    def node_count(self) -> int:
        return len(self.node_lon_wgs84)

    @property
    def edge_count(self) -> int:
        return len(self.edge_from)

    def with_order(self, order: npt.NDArray[np.int32]) -> RoadGraph:
        """The same graph with the order of its contraction."""
        return replace(self, contraction_order=order)

    def shape_of(self, edge: int) -> list[tuple[float, float]]:
        """(lon, lat) of the points between the ends of an edge."""
        if self.shape_offset is None or self.shape_lon_wgs84 is None or self.shape_lat_wgs84 is None:
            return []
        between = slice(int(self.shape_offset[edge]), int(self.shape_offset[edge + 1]))
        lons, lats = self.shape_lon_wgs84[between].tolist(), self.shape_lat_wgs84[between].tolist()
        return list(zip(lons, lats, strict=True))

    def digest(self) -> str:
        """SHA-256 over everything a route depends on, as hexadecimal text; the key of caches."""
        sha = hashlib.sha256()
        for item in fields(self):
            value = getattr(self, item.name)
            sha.update(item.name.encode())
            if isinstance(value, np.ndarray):
                sha.update(f"{value.dtype.str}{value.shape}".encode())
                sha.update(np.ascontiguousarray(value).data)
            else:
                sha.update(repr(value).encode())
        return sha.hexdigest()

    def _check_lengths(self, expected: int, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if value is not None and len(value) != expected:
                raise self._invalid(name, f"{len(value)} entries where {expected} are due")

    def _invalid(self, name: str, reason: str) -> InvalidNetwork:
        return InvalidNetwork(source=self.name, row=None, field=name, reason=reason)

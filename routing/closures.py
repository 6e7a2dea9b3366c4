"""Closed and slow roads: a landslide on a pass, snow, works; by road number, by area or by both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from routing.conditions import Barred
from routing.errors import InvalidClosure
from routing.geography import edges_touching
from routing.graph import RoadGraph


@dataclass(frozen=True, kw_only=True)
class Closure:
    """Roads that are closed (``speed_frac`` 0) or slow (below 1) from ``starts_at`` until before ``ends_at`` (None: open end).

    ``refs`` are road numbers such as ``G318``; ``geometry`` is a GeoJSON geometry (Point, LineString, Polygon or their Multi
    forms, WGS-84). With both, roads of that number inside the geometry are meant. Points and lines reach 50 m around.

    Raises
    ------
    InvalidClosure
        If neither a number nor a geometry is given, the factor is not in 0 to 1, or the period is empty.
    """

    id: str
    starts_at: datetime
    ends_at: datetime | None
    speed_frac: float = 0.0
    refs: frozenset[str] = frozenset()
    geometry: Mapping[str, Any] | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.refs and self.geometry is None:
            raise InvalidClosure(id=self.id, field="geometry", reason="name road numbers, or draw a geometry, or both")
        if not 0 <= self.speed_frac < 1:
            raise InvalidClosure(id=self.id, field="speed_frac", reason="0 closes; above 0 and below 1 slows down")
        if self.starts_at.tzinfo is None or (self.ends_at is not None and self.ends_at.tzinfo is None):
            raise InvalidClosure(id=self.id, field="starts_at", reason="an instant needs a time zone")
        if self.ends_at is not None and self.ends_at <= self.starts_at:
            raise InvalidClosure(id=self.id, field="ends_at", reason="after starts_at, or none")

    def in_force(self, at: datetime) -> bool:
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)


def find_edges(graph: RoadGraph, closure: Closure) -> npt.NDArray[np.int64]:
    """The edges that a closure concerns, ascending.

    Raises
    ------
    InvalidClosure
        If the geometry cannot be read, or no road of the network is concerned.
    """
    chosen = np.ones(graph.edge_count, dtype=bool)
    if closure.refs:
        wanted = {ref.strip().upper() for ref in closure.refs}
        named = np.array([bool(wanted & _numbers(ref)) for ref in graph.refs], dtype=bool)
        chosen &= named[graph.ref_index] if len(named) else False
    if closure.geometry is not None:
        chosen = edges_touching(graph, closure.geometry, chosen, closure_id=closure.id)
    edges = np.flatnonzero(chosen)
    if not edges.size:
        raise InvalidClosure(
            id=closure.id,
            field="geometry" if closure.geometry is not None else "refs",
            reason="no road of the network lies there",
        )
    return edges


_FREE_EDGE_DEG = 300 / 111_195
"""How far inside its line a ring of :class:`routing.conditions.Barred` begins, in degrees of latitude."""


def barred_edges(graph: RoadGraph, barred: Barred) -> npt.NDArray[np.bool_]:
    """(m,) which edges are barred; none where the network knows no such road."""
    found = np.zeros(graph.edge_count, dtype=bool)
    if barred.refs:
        wanted = {ref.strip().upper() for ref in barred.refs}
        named = np.array([bool(wanted & _numbers(ref)) for ref in graph.refs], dtype=bool)
        if len(named):
            found |= named[graph.ref_index]
    for number, ring in enumerate(barred.rings):
        geometry = {"type": "Polygon", "coordinates": [[*map(list, ring), list(ring[0])]]}
        everywhere = np.ones(graph.edge_count, dtype=bool)
        found |= edges_touching(graph, geometry, everywhere, closure_id=f"ring {number}", inset_deg=_FREE_EDGE_DEG)
    return found


def speed_factors(graph: RoadGraph, closures: Sequence[Closure]) -> npt.NDArray[np.float64]:
    """(m,) factor on the speed of every edge, 0 where closed; of several on one edge the least counts."""
    factor = np.ones(graph.edge_count)
    for closure in closures:
        edges = find_edges(graph, closure)
        factor[edges] = np.minimum(factor[edges], closure.speed_frac)
    return factor


def _numbers(ref: str) -> set[str]:
    """The road numbers in a ref: ``G5/G93`` and ``G5;G93`` are two."""
    return {part.strip().upper() for part in ref.replace(";", "/").split("/") if part.strip()}

"""The road graph: frozen arrays, one entry per node or per directed edge."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt


class Confidence(IntEnum):
    """How well a link is known. A path is as good as its weakest link."""

    SOURCED = 0
    INFERRED = 1
    UNVERIFIED = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class RoadGraph:
    """A directed road network.

    Nodes
        ``node_names`` (n,) str; ``node_lon_wgs84``, ``node_lat_wgs84`` (n,) float64.
    Edges
        ``edge_from``, ``edge_to`` (m,) int32 node indices; ``length_m`` (m,) int32; ``speed_mps`` (m,) float64, the
        free-flow speed; ``climb_m`` (m,) float64, height gained along the edge, negative downhill, NaN where no
        elevation is known; ``toll_fen`` (m,) int32 for a small car; ``ref_index`` (m,) int32 into ``refs``;
        ``confidence`` (m,) uint8 of :class:`Confidence`.
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

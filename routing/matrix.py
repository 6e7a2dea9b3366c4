"""What it costs to drive between every two of a set of stops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

UNREACHABLE = -1
"""Entry of a pair without a way between them, in every int32 array of :class:`LegMatrix`."""

UNREACHABLE_CONFIDENCE = np.uint8(255)
"""Its entry in ``confidence``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LegMatrix:
    """Drives between ``n`` stops for one drive profile and time band; every array is (n, n), row = from, column = to.

    ``drive_s`` seconds, ``drive_m`` metres, ``drive_wh`` watt-hours at the battery (zero for combustion), ``fuel_ml``
    millilitres (zero for battery vehicles), ``toll_fen`` fen, all int32; ``confidence`` uint8, the weakest
    :class:`routing.graph.Confidence` on the way. ``drive_wh`` may be negative on a descent, so that only ``drive_s`` tells
    whether a pair is reachable.
    """

    profile: str
    drive_s: npt.NDArray[np.int32]
    drive_m: npt.NDArray[np.int32]
    drive_wh: npt.NDArray[np.int32]
    fuel_ml: npt.NDArray[np.int32]
    toll_fen: npt.NDArray[np.int32]
    confidence: npt.NDArray[np.uint8]

    @property
    def reachable(self) -> npt.NDArray[np.bool_]:
        """(n, n): whether a way leads from row to column."""
        return np.not_equal(self.drive_s, UNREACHABLE)

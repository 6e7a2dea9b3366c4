"""Climb and descent along the shape of roads, from heights of the ground."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from routing.compiled import compiled
from routing.elevation import interpolate_over_links

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]

SAMPLE_M = 90.0
"""Heights are asked for at least this often along a road: the spacing of three-second models such as SRTM."""
DEAD_BAND_M = 3.0
"""The road has risen or fallen only when it did so by this much since it last had; less is taken for noise of the height model.
A planning figure."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Slopes:
    """``node_m`` (n,) heights of the junctions; ``ascent_m``, ``descent_m`` (p,) from begin to end of each piece, or NaN."""

    node_m: Floats
    ascent_m: Floats
    descent_m: Floats


def slopes_of_pieces(
    heights: Callable[[Floats, Floats], Floats],
    *,
    lon: Floats,
    lat: Floats,
    step_m: Floats,
    begin: Longs,
    end: Longs,
    one: Longs,
    other: Longs,
    built: npt.NDArray[np.bool_],
    node_lon: Floats,
    node_lat: Floats,
) -> Slopes:
    """Climb and descent of every piece of road.

    Parameters
    ----------
    heights
        Of the ground, at (lon, lat).
    lon, lat, step_m
        (k,) points of all ways one after the other, and the metres from each to the next.
    begin, end, one, other
        (p,) first and last point of each piece, and the numbers of the junctions there.
    built
        (p,) whether the piece is a bridge or a tunnel. The ground says nothing of its height: between its ends it is level or
        evenly sloped, and junctions that only such pieces meet get their heights from the ends of the whole structure.
    node_lon, node_lat
        (n,) the junctions.
    """
    node_m = np.asarray(heights(node_lon, node_lat), dtype=np.float64)
    grounded = np.zeros(len(node_m), dtype=bool)
    grounded[one[~built]] = True
    grounded[other[~built]] = True
    hovering = ~grounded
    if hovering.any():
        over = np.flatnonzero(built)
        length_m = _length_m(step_m, begin[over], end[over])
        touched, ends = np.unique(np.concatenate([one[over], other[over]]), return_inverse=True)
        known_m = np.where(hovering[touched], np.nan, node_m[touched])
        pairs = ends.reshape(2, -1).astype(np.int32)
        node_m[touched] = interpolate_over_links(known_m, pairs[0], pairs[1], np.maximum(length_m, 1).astype(np.int32))
    count = np.where(built, 1, 0)
    open_pieces = np.flatnonzero(~built)
    steps = end[open_pieces] - begin[open_pieces]
    # Each step between two shape points is divided evenly.
    step = np.repeat(begin[open_pieces] - np.concatenate([[0], np.cumsum(steps)[:-1]]), steps) + np.arange(steps.sum())
    parts = np.maximum(1, np.ceil(step_m[step] / SAMPLE_M)).astype(np.int64)
    count[open_pieces] = np.add.reduceat(parts, np.concatenate([[0], np.cumsum(steps)[:-1]])) if steps.size else 0
    share = (np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)) / np.repeat(parts, parts)
    start = np.repeat(step, parts)
    sample_m = np.asarray(
        heights(
            lon[start] + share * (lon[start + 1] - lon[start]),
            lat[start] + share * (lat[start + 1] - lat[start]),
        ),
        dtype=np.float64,
    )
    # Structures have one sample, their beginning, which is overwritten below like the beginning of every piece.
    offset = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    along_m = np.empty(offset[-1])
    along_m[np.repeat(~built, count)] = sample_m
    along_m[offset[:-1]] = node_m[one]
    ascent_m, descent_m = _ascents(offset, along_m, node_m[other], DEAD_BAND_M)
    return Slopes(node_m=node_m, ascent_m=ascent_m, descent_m=descent_m)


def _length_m(step_m: Floats, begin: Longs, end: Longs) -> Floats:
    gone = np.concatenate([[0.0], np.cumsum(step_m)])
    return np.asarray(gone[end] - gone[begin])


@compiled
def _ascents(offset: Any, along_m: Any, last_m: Any, band_m: float) -> Any:  # pragma: no cover - compiled
    pieces = len(offset) - 1
    up, down = np.zeros(pieces), np.zeros(pieces)
    for piece in range(pieces):
        first, final = along_m[offset[piece]], last_m[piece]
        if np.isnan(first) or np.isnan(final):
            up[piece] = down[piece] = np.nan
            continue
        counted = first
        for at in range(offset[piece] + 1, offset[piece + 1]):
            here = along_m[at]
            if here - counted >= band_m:
                up[piece] += here - counted
                counted = here
            elif counted - here >= band_m:
                down[piece] += counted - here
                counted = here
        if final > counted:
            up[piece] += final - counted
        else:
            down[piece] += counted - final
    return up, down

"""Heights where none were measured: interpolation over the network from the nodes that have one."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from routing.errors import InvalidNetwork
from routing.snap import arc_m, on_sphere_m

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]


def interpolate_over_links(
    elevation_m: Floats, edge_from: Ints, edge_to: Ints, length_m: npt.NDArray[np.int32]
) -> Floats:
    """Fill NaN heights with the harmonic interpolation of the known ones.

    Each unknown node gets the mean of its neighbours weighted by 1 / length, all at once: heights then change evenly along
    a road between two known places. Undulation in between is lost, so that energy over a pass whose summit has no known
    height is a lower bound. Nodes whose component holds no known height stay NaN.
    """
    n = len(elevation_m)
    known = np.isfinite(elevation_m)
    if known.all() or not known.any():
        return elevation_m.copy()
    weight = 1.0 / np.maximum(length_m, 1)
    adjacency = sparse.csr_matrix((weight, (edge_from, edge_to)), shape=(n, n))
    adjacency = adjacency + adjacency.T
    _, component = csgraph.connected_components(adjacency, directed=False)
    anchored = np.zeros(component.max() + 1, dtype=bool)
    anchored[component[known]] = True
    open_nodes = np.flatnonzero(~known & anchored[component])
    result = elevation_m.copy()
    if open_nodes.size:
        degree = np.asarray(adjacency.sum(axis=1)).ravel()
        laplacian = sparse.csr_matrix(sparse.diags(degree) - adjacency)
        fixed = np.flatnonzero(known)
        right = np.asarray(-(laplacian[open_nodes][:, fixed] @ elevation_m[fixed]), dtype=np.float64).ravel()
        result[open_nodes] = splu(sparse.csc_matrix(laplacian[open_nodes][:, open_nodes])).solve(right)
    return result


POINT_REACH_M = 5_000.0
"""A place farther than this from every height point has no height."""
_NEIGHBOURS = 4


def heights_from_points(path: Path, *, reach_m: float = POINT_REACH_M) -> Callable[[Floats, Floats], Floats]:
    """Read a CSV of ``lon``, ``lat``, ``elevation_m`` (WGS-84) and return a function that interpolates between its points.

    The height of a place is the mean of its four nearest points weighted by the inverse square of the distance (Shepard, 1968).

    Raises
    ------
    InvalidNetwork
        With row and column, at the first one that cannot be read.
    """

    def refuse(row: int | None, field: str, reason: str) -> InvalidNetwork:
        return InvalidNetwork(source=str(path), row=row, field=field, reason=reason)

    try:
        reader = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise refuse(None, "file", f"not readable as UTF-8 text ({error})") from error
    columns = ("lon", "lat", "elevation_m")
    limits = ((-180.0, 180.0), (-90.0, 90.0), (-500.0, 9_000.0))
    for column in columns:
        if column not in (reader.fieldnames or []):
            raise refuse(None, column, "no such column; the header needs lon, lat, elevation_m")
    rows: list[list[float]] = []
    for number, row in enumerate(reader, start=1):
        values: list[float] = []
        for column, (low, high) in zip(columns, limits, strict=True):
            try:
                value = float(row[column])
            except (TypeError, ValueError):
                raise refuse(number, column, f"{row[column]!r} is not a number") from None
            if not (math.isfinite(value) and low <= value <= high):
                raise refuse(number, column, f"{value} is not between {low:g} and {high:g}")
            values.append(value)
        rows.append(values)
    if not rows:
        raise refuse(None, "file", "a header and at least one row")
    table = np.array(rows)
    tree = cKDTree(on_sphere_m(table[:, 0], table[:, 1]))
    nearest = min(_NEIGHBOURS, len(table))

    def heights(lon: Floats, lat: Floats) -> Floats:
        chord, found = tree.query(on_sphere_m(lon, lat), k=list(range(1, nearest + 1)))
        away_m = arc_m(np.asarray(chord))
        weight = 1.0 / np.maximum(away_m, 1e-3) ** 2
        result = np.sum(weight * table[found, 2], axis=1) / np.sum(weight, axis=1)
        return np.where(away_m[:, 0] <= reach_m, result, np.nan)

    return heights

"""Heights that somebody measured: point tables, rasters and SRTM tiles."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from routing.errors import InvalidNetwork
from routing.snap import arc_m, on_sphere_m

Floats = npt.NDArray[np.float64]
Heights = Callable[[Floats, Floats], Floats]
"""(lon, lat) arrays to heights in metres, NaN where unknown."""

POINT_REACH_M = 5_000.0
"""A place farther than this from every height point has no height."""
_NEIGHBOURS = 4


def heights_from_points(path: Path, *, reach_m: float = POINT_REACH_M) -> Heights:
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


_TILE = re.compile(r"^([NS])(\d{2})([EW])(\d{3})\.hgt$", re.IGNORECASE)
_VOID = -32768


def heights_from_tiles(folder: Path) -> Heights:
    """Read the SRTM tiles (``N30E104.hgt``: big-endian 16-bit metres, one degree square) of a folder.

    Heights are interpolated bilinearly between the four nearest samples; places without a tile, and those beside a void, have
    none. Tiles are mapped and read only where they are asked for.

    Raises
    ------
    InvalidNetwork
        If the folder holds no tile, or one whose size is not that of a square of samples.
    """
    tiles: dict[tuple[int, int], npt.NDArray[np.int16]] = {}
    for path in sorted(folder.iterdir()):
        found = _TILE.match(path.name)
        if not found:
            continue
        side = math.isqrt(path.stat().st_size // 2)
        if side < 2 or side * side * 2 != path.stat().st_size:
            raise InvalidNetwork(source=str(path), row=None, field="file", reason="no square of 16-bit samples")
        south = int(found[2]) * (1 if found[1].upper() == "N" else -1)
        west = int(found[4]) * (1 if found[3].upper() == "E" else -1)
        tiles[west, south] = np.memmap(path, dtype=">i2", mode="r", shape=(side, side))
    if not tiles:
        raise InvalidNetwork(
            source=str(folder), row=None, field="folder", reason="no GeoTIFF and no tile such as N30E104.hgt in it"
        )

    def heights(lon: Floats, lat: Floats) -> Floats:
        result = np.full(len(lon), np.nan)
        corner = np.stack([np.floor(lon), np.floor(lat)], axis=1).astype(np.int64)
        for west, south in np.unique(corner, axis=0):
            samples = tiles.get((int(west), int(south)))
            if samples is None:
                continue
            here = np.flatnonzero((corner[:, 0] == west) & (corner[:, 1] == south))
            steps = len(samples) - 1
            # The first row of a tile is its northern edge.
            x, y = (lon[here] - west) * steps, (south + 1 - lat[here]) * steps
            column = np.minimum(x.astype(np.int64), steps - 1)
            row = np.minimum(y.astype(np.int64), steps - 1)
            right, down = x - column, y - row
            total = np.zeros(len(here))
            for d_row, d_column, weight in (
                (0, 0, (1 - right) * (1 - down)),
                (0, 1, right * (1 - down)),
                (1, 0, (1 - right) * down),
                (1, 1, right * down),
            ):
                sample = np.asarray(samples[row + d_row, column + d_column], dtype=np.float64)
                total += np.where((sample == _VOID) & (weight > 0), np.nan, sample * weight)
            result[here] = total
        return result

    return heights


def load_heights(path: Path) -> Heights:
    """Heights from a CSV of points, a raster file, or a folder of rasters or SRTM tiles, whichever ``path`` is.

    Raises
    ------
    InvalidNetwork
        As :func:`heights_from_points`, :func:`heights_from_tiles` and :func:`routing.rasters.heights_from_rasters`.
    """
    if path.suffix.lower() in (".csv", ".txt") or not path.exists():
        return heights_from_points(path)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    # Loaded here: only who has rasters waits for GDAL.
    rasters = import_module("routing.rasters")
    found = [file for file in files if not path.is_dir() or file.suffix.lower() in rasters.SUFFIXES]
    if not found:
        return heights_from_tiles(path)
    heights: Heights = rasters.heights_from_rasters(found)
    return heights

"""Heights out of raster files: GeoTIFF and whatever else GDAL reads, through rasterio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.warp import transform
from rasterio.windows import Window

from routing.errors import InvalidNetwork

Floats = npt.NDArray[np.float64]

SUFFIXES = (".tif", ".tiff", ".vrt", ".img", ".asc")
"""What is taken out of a folder; a single file may have any name that GDAL understands."""
_BLOCK = 1_024
"""Samples a side that are read at once: a province does not fit into memory."""
_WGS84 = CRS.from_epsg(4326)


def heights_from_rasters(paths: Sequence[Path]) -> Callable[[Floats, Floats], Floats]:
    """Open rasters of heights in metres and return a function of (lon, lat) that interpolates between their samples.

    Any coordinate system that the file names is understood. Heights are bilinear between the centres of the four nearest
    samples; scale and offset of the band are applied. Where several files have a height the first one counts; beside a sample
    without data, and outside all files, there is none. Files are read in blocks, as they are asked for.

    Raises
    ------
    InvalidNetwork
        If a file cannot be read as a raster, names no coordinate system, or is turned against its axes.
    """
    for path in paths:
        try:
            with rasterio.open(path) as source:
                if source.crs is None:
                    raise _refuse(path, "names no coordinate system; state one with `gdal_edit.py -a_srs`")
                if source.transform.b or source.transform.d:
                    raise _refuse(path, "is turned against its axes; warp it with `gdalwarp`")
        except (RasterioError, OSError) as error:
            raise _refuse(path, f"not readable as a raster of heights ({error})") from error

    def heights(lon: Floats, lat: Floats) -> Floats:
        found = np.full(len(lon), np.nan)
        for path in paths:
            missing = np.flatnonzero(np.isnan(found))
            if not missing.size:
                break
            try:
                found[missing] = _sample(path, np.asarray(lon)[missing], np.asarray(lat)[missing])
            except (RasterioError, OSError) as error:
                raise _refuse(path, f"not readable as a raster of heights ({error})") from error
        return found

    return heights


def _refuse(path: Path, reason: str) -> InvalidNetwork:
    return InvalidNetwork(source=str(path), row=None, field="file", reason=reason)


def _sample(path: Path, lon: Floats, lat: Floats) -> Floats:
    found = np.full(len(lon), np.nan)
    with rasterio.open(path) as source:
        x, y = lon, lat
        if source.crs != _WGS84:
            eastings, northings = transform(_WGS84, source.crs, lon.tolist(), lat.tolist())[:2]
            x, y = np.array(eastings), np.array(northings)
        # In samples, counted from the centre of the first one.
        column = (x - source.transform.c) / source.transform.a - 0.5
        row = (y - source.transform.f) / source.transform.e - 0.5
        width, height = source.width, source.height
        inside = (column >= -0.5) & (column <= width - 0.5) & (row >= -0.5) & (row <= height - 0.5)
        column, row = np.clip(column, 0, width - 1), np.clip(row, 0, height - 1)
        here = np.flatnonzero(inside)
        left = np.minimum(column[here].astype(np.int64), max(0, width - 2))
        top = np.minimum(row[here].astype(np.int64), max(0, height - 2))
        block = (top // _BLOCK) * (width // _BLOCK + 1) + left // _BLOCK
        order = np.argsort(block, kind="stable")
        for group in np.split(order, np.flatnonzero(np.diff(block[order])) + 1):
            if not group.size:
                continue
            first_column, first_row = int(left[group].min()), int(top[group].min())
            window = Window(
                first_column,
                first_row,
                min(width, int(left[group].max()) + 2) - first_column,
                min(height, int(top[group].max()) + 2) - first_row,
            )
            samples = source.read(1, window=window, masked=True).astype(np.float64).filled(np.nan)
            samples = samples * source.scales[0] + source.offsets[0]
            found[here[group]] = _bilinear(samples, column[here[group]] - first_column, row[here[group]] - first_row)
    return found


def _bilinear(samples: Floats, column: Floats, row: Floats) -> Floats:
    left = np.minimum(column.astype(np.int64), max(0, samples.shape[1] - 2))
    top = np.minimum(row.astype(np.int64), max(0, samples.shape[0] - 2))
    right, bottom = np.minimum(left + 1, samples.shape[1] - 1), np.minimum(top + 1, samples.shape[0] - 1)
    x, y = column - left, row - top
    total = np.zeros(len(column))
    for at_row, at_column, weight in (
        (top, left, (1 - x) * (1 - y)),
        (top, right, x * (1 - y)),
        (bottom, left, (1 - x) * y),
        (bottom, right, x * y),
    ):
        # A sample without data spoils only those places that it has a share in; the change of coordinates is not exact.
        total += np.where(weight > 1e-6, samples[at_row, at_column] * weight, 0.0)
    return total

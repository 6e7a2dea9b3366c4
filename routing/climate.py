"""Usual outside temperatures by place and month, where nobody says how warm it is."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from routing.builtin.load import read_table
from routing.snap import arc_m, on_sphere_m

Floats = npt.NDArray[np.float64]

_CHENGDU = (
    (3.7, 5.4, 13.4, 17.2, 22.1, 24.4, 25.7, 24.1, 22.2, 18.1, 12.2, 7.1),
    (5.7, 10.8, 12.5, 17.5, 21.1, 24.6, 24.9, 25.0, 22.7, 17.7, 10.7, 7.9),
)
_CHONGQING = (
    (6.2, 7.3, 15.5, 19.0, 23.8, 25.8, 29.1, 26.3, 25.6, 19.6, 14.2, 9.4),
    (7.7, 13.0, 14.8, 18.8, 21.9, 25.4, 28.9, 28.4, 26.9, 19.6, 12.9, 9.9),
)
"""Monthly means of 2008 and of 2009: National Bureau of Statistics of China, China Statistical Yearbook 2009, table 11-13, and
2010, table 12-13 (Chengdu at Wenjiang, Chongqing at Shapingba). Two years, not the thirty of a climate normal."""
_LITANG = (
    (3.5, 5.0, 8.0, 11.0, 15.3, 17.1, 16.8, 16.3, 15.1, 12.3, 7.8, 4.2),
    (-13.3, -10.6, -6.5, -2.9, 1.5, 5.4, 6.3, 5.8, 3.9, -0.8, -7.5, -12.7),
)
"""Mean highs and lows of 1971 to 2000, China Meteorological Administration, as quoted by public encyclopedias."""

_LOW_STATIONS = ((104.06, 30.66, 499.0, _CHENGDU), (106.46, 29.58, 259.0, _CHONGQING))
_HIGH_M = 3_974.0
"""Heights of the stations' towns (GeoNames; Shapingba: the height of its weather station)."""
REACH_M = 120_000.0
"""A place farther than this from every county seat of the region has no usual temperature here."""


@lru_cache(maxsize=1)
def _seats() -> tuple[cKDTree, Floats]:
    rows = [row for row in read_table("places.csv") if row["elevation_m"]]
    at = on_sphere_m([float(row["lon_wgs84"]) for row in rows], [float(row["lat_wgs84"]) for row in rows])
    return cKDTree(at), np.array([float(row["elevation_m"]) for row in rows])


def usual_c(lon_wgs84: npt.ArrayLike, lat_wgs84: npt.ArrayLike, elevation_m: npt.ArrayLike, month: int) -> Floats:
    """Mean temperature of a month (1 to 12) in degrees Celsius, NaN outside Sichuan and Chongqing.

    A straight line over height: below, Chengdu and Chongqing weighted by inverse squared distance; above them, Litang. Where a
    height is unknown, that of the nearest county seat counts. The valleys of the south are warmer in winter than this says
    (Xichang in January 9.6 C, here 2 C), so that their winter range is underestimated. A month's mean, not the day's forecast.
    """
    lon, lat = np.asarray(lon_wgs84, dtype=np.float64), np.asarray(lat_wgs84, dtype=np.float64)
    height = np.asarray(elevation_m, dtype=np.float64)
    tree, seat_m = _seats()
    chord, nearest = tree.query(on_sphere_m(lon, lat))
    height = np.where(np.isnan(height), seat_m[nearest], height)
    weights, low_m, low_c = np.zeros(lon.shape), np.zeros(lon.shape), np.zeros(lon.shape)
    for station_lon, station_lat, station_m, years in _LOW_STATIONS:
        weight = 1.0 / ((lon - station_lon) ** 2 + (lat - station_lat) ** 2 + 1e-6)
        weights += weight
        low_m += weight * station_m
        low_c += weight * float(np.mean([year[month - 1] for year in years]))
    low_m, low_c = low_m / weights, low_c / weights
    high_c = float(np.mean([year[month - 1] for year in _LITANG]))
    found = low_c + (high_c - low_c) * (height - low_m) / (_HIGH_M - low_m)
    return np.where(arc_m(np.asarray(chord)) <= REACH_M, found, np.nan)

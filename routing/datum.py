"""Chinese map coordinates: GCJ-02 and BD-09 to WGS-84 and back. For the edge only; inside everything is WGS-84.

GCJ-02 shifts WGS-84 by some hundred metres with a deterministic formula on the Krasovsky 1940 ellipsoid; BD-09 shifts
GCJ-02 once more. The formulas became public through the open implementations known as *eviltransform* and *coordtransform*;
their inverse has no closed form and is found by fixed-point iteration, here to well below a centimetre.
"""

from __future__ import annotations

import math
from enum import StrEnum

_A_M = 6_378_245.0
"""Semi-major axis of the Krasovsky 1940 ellipsoid."""
_EE = 0.00669342162296594323
"""Its first eccentricity squared."""
_X_PI = math.pi * 3000.0 / 180.0
_ITERATIONS = 12


class Datum(StrEnum):
    """The coordinate system that an imported record says it uses."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def to_wgs84(lon: float, lat: float, datum: Datum) -> tuple[float, float]:
    """(lon, lat) in WGS-84. Outside China GCJ-02 equals WGS-84 and nothing is shifted."""
    if datum is Datum.BD09:
        lon, lat = _bd09_to_gcj02(lon, lat)
    if datum is Datum.WGS84 or not _shifted(lon, lat):
        return lon, lat
    guess_lon, guess_lat = lon, lat
    for _ in range(_ITERATIONS):
        there_lon, there_lat = wgs84_to_gcj02(guess_lon, guess_lat)
        guess_lon += lon - there_lon
        guess_lat += lat - there_lat
    return guess_lon, guess_lat


def from_wgs84(lon: float, lat: float, datum: Datum) -> tuple[float, float]:
    """(lon, lat) in the given system, for map services that expect it."""
    if datum is Datum.WGS84:
        return lon, lat
    lon, lat = wgs84_to_gcj02(lon, lat)
    return (lon, lat) if datum is Datum.GCJ02 else _gcj02_to_bd09(lon, lat)


def wgs84_to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    if not _shifted(lon, lat):
        return lon, lat
    x, y = lon - 105.0, lat - 35.0
    root, wave = math.sqrt(abs(x)), math.pi * x
    common = 20.0 * math.sin(6.0 * wave) + 20.0 * math.sin(2.0 * wave)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (common + 20.0 * math.sin(math.pi * y) + 40.0 * math.sin(math.pi * y / 3.0)) * 2.0 / 3.0
    north += (160.0 * math.sin(math.pi * y / 12.0) + 320.0 * math.sin(math.pi * y / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (common + 20.0 * math.sin(wave) + 40.0 * math.sin(wave / 3.0)) * 2.0 / 3.0
    east += (150.0 * math.sin(wave / 12.0) + 300.0 * math.sin(wave / 30.0)) * 2.0 / 3.0
    phi = math.radians(lat)
    w = 1.0 - _EE * math.sin(phi) ** 2
    d_lat = math.degrees(north / (_A_M * (1.0 - _EE) / (w * math.sqrt(w))))
    d_lon = math.degrees(east / (_A_M / math.sqrt(w) * math.cos(phi)))
    return lon + d_lon, lat + d_lat


def _gcj02_to_bd09(lon: float, lat: float) -> tuple[float, float]:
    radius = math.hypot(lon, lat) + 0.00002 * math.sin(lat * _X_PI)
    angle = math.atan2(lat, lon) + 0.000003 * math.cos(lon * _X_PI)
    return radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006


def _bd09_to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    guess_lon, guess_lat = lon - 0.0065, lat - 0.006
    for _ in range(_ITERATIONS):
        there_lon, there_lat = _gcj02_to_bd09(guess_lon, guess_lat)
        guess_lon += lon - there_lon
        guess_lat += lat - there_lat
    return guess_lon, guess_lat


def _shifted(lon: float, lat: float) -> bool:
    """The box in which the formula is applied."""
    return 72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271

"""Temporary: replaced when the fact tables arrive."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Region:
    adcode: str
    name_zh: str
    name_en: str
    province: str
    parent: str | None
    lon_wgs84: float
    lat_wgs84: float


@cache
def _table() -> dict[str, Region]:
    path = Path(__file__).resolve().parents[2] / "shared" / "facts" / "places.csv"
    with path.open(encoding="utf-8") as lines:
        return {
            row["adcode"]: Region(
                adcode=row["adcode"],
                name_zh=row["name_zh"],
                name_en=row["name_en"],
                province=row["adcode"][:2] + "0000",
                parent=row["parent_adcode"] or None,
                lon_wgs84=float(row["lon_wgs84"]),
                lat_wgs84=float(row["lat_wgs84"]),
            )
            for row in csv.DictReader(lines)
            if row["lon_wgs84"]
        }


def find_region(code: str) -> Region | None:
    return _table().get(code)


def list_regions() -> Sequence[Region]:
    return tuple(_table().values())


def find_places(query: str, *, limit: int) -> Sequence[Region]:
    wanted = query.strip().lower()
    if not wanted:
        return ()
    hits = [
        region
        for region in list_regions()
        if wanted in region.name_zh or wanted in region.name_en.lower() or region.adcode.startswith(wanted)
    ]
    return sorted(hits, key=lambda region: (len(region.name_zh), region.adcode))[:limit]

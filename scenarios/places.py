"""The place table as the demo reads it: seats, coordinates and headcounts of the two provinces."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from routing.builtin.load import read_table


@dataclass(frozen=True, kw_only=True)
class Place:
    """One row of the table of places beside the built-in road network as far as the demo needs it."""

    adcode: str
    name_zh: str
    parent_adcode: str
    lon_wgs84: float
    lat_wgs84: float
    public_admin_employees_2020: int | None


@cache
def load_places() -> tuple[Place, ...]:
    """Return the built-in table, read once."""
    return tuple(
        Place(
            adcode=row["adcode"],
            name_zh=row["name_zh"],
            parent_adcode=row["parent_adcode"],
            lon_wgs84=float(row["lon_wgs84"]),
            lat_wgs84=float(row["lat_wgs84"]),
            public_admin_employees_2020=int(row["public_admin_employees_2020"] or 0) or None,
        )
        for row in read_table("places.csv")
    )

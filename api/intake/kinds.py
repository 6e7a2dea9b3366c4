"""What the only sheet of a file may hold when the caller has to say so."""

from __future__ import annotations

from enum import StrEnum


class ImportKind(StrEnum):
    VEHICLES = "vehicles"
    DRIVERS = "drivers"
    SITES = "sites"
    UNITS = "units"
    REQUESTS = "requests"

"""Drivers as registered facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from fleet.ids import DriverId, PersonId, RegionCode, SiteId, UnitId


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Daily working time in seconds after local midnight (Asia/Shanghai); ``end_s`` may exceed 86,400."""

    start_s: int
    end_s: int


@dataclass(frozen=True, kw_only=True)
class Driver:
    """A driver. ``licence`` is the class of GA/T 16 (C1, B1, A1 ...); ``person_id`` is the account that signs in.

    ``overtime_consent_on`` is the day since which the driver's consent to special overtime is on record (R117).
    """

    id: DriverId
    name: str
    unit_id: UnitId
    region: RegionCode
    home_site_id: SiteId
    licence: str
    shift: Shift
    phone: str = ""
    person_id: PersonId | None = None
    on_duty: bool = True
    overtime_consent_on: date | None = None

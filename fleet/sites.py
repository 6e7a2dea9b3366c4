"""Sites: where vehicles are kept, charged and rented."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.ids import RegionCode, SiteId, UnitId


@dataclass(frozen=True, kw_only=True)
class ChargeGroup:
    """Charge points of one kind at a site: ``points`` of them, each ``power_w`` strong. ``dc`` tells direct current."""

    points: int
    power_w: int
    dc: bool


@dataclass(frozen=True, kw_only=True)
class Site:
    """A parking place of vehicles. ``site_power_w`` bounds all its charge points together (None: not limited)."""

    id: SiteId
    name: str
    region: RegionCode
    unit_id: UnitId | None
    lon_wgs84: float
    lat_wgs84: float
    charge_groups: tuple[ChargeGroup, ...] = ()
    site_power_w: int | None = None
    price_fen_per_kwh: int = 80
    rental_point: bool = False

"""Offices that own vehicles and ask for trips."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fleet.ids import RegionCode, UnitId


class Level(StrEnum):
    """Organisation level (rule R002). Chongqing has no prefectures: its districts are at county level."""

    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"
    TOWNSHIP = "township"


@dataclass(frozen=True, kw_only=True)
class Unit:
    """An office.

    ``compound`` names the office compound (办公区) that it shares with others: tier 1 of the pool order (rule R069).
    """

    id: UnitId
    name: str
    region: RegionCode
    level: Level
    compound: str | None = None
    parent_id: UnitId | None = None

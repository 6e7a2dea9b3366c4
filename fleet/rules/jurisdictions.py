"""Whose rules hold where: the 21 prefectures, 38 districts and counties, provincial organs and zones that rules name.

The table (``data/jurisdictions.csv``) carries names and common borders; areas, alliances and exemptions are rules and stand
in the rule files. Codes are GB/T 2260; zones without one have a code of ours (``CQ-LJ`` ...). Borders were computed from
public polygons with a tolerance of about 400 m (contacts under 2 km dropped): they suggest partners and permit nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from fleet.errors import InvalidFact
from fleet.ids import RegionCode

SICHUAN = RegionCode("510000")
CHONGQING = RegionCode("500000")


class Province(StrEnum):
    SICHUAN = "SC"
    CHONGQING = "CQ"


@dataclass(frozen=True, kw_only=True)
class Jurisdiction:
    """A region to which rules are addressed: provincial organs, a prefecture, a district or county of Chongqing, a zone."""

    code: RegionCode
    name_zh: str
    name_en: str
    province: Province
    kind: str
    economic_zone_zh: str
    borders: tuple[RegionCode, ...]


@cache
def jurisdictions() -> Mapping[RegionCode, Jurisdiction]:
    """Return the table by code. Read once from the package."""
    text = files("fleet.rules").joinpath("data/jurisdictions.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return MappingProxyType(
        {
            RegionCode(row["code"]): Jurisdiction(
                code=RegionCode(row["code"]),
                name_zh=row["name_zh"],
                name_en=row["name_en"],
                province=Province(row["province"]),
                kind=row["kind"],
                economic_zone_zh=row["economic_zone_zh"],
                borders=tuple(RegionCode(code) for code in row["borders"].split()),
            )
            for row in rows
        }
    )


def find_jurisdiction(region: str) -> Jurisdiction | None:
    """Return the jurisdiction of a region code; a county of Sichuan answers with its prefecture. None: unknown (R001)."""
    table = jurisdictions()
    own = table.get(RegionCode(region))
    if own is None and len(region) == 6 and region.isdecimal() and region.startswith("51"):
        own = table.get(RegionCode(region[:4] + "00"))
    return own


def get_jurisdiction(region: str) -> Jurisdiction:
    """Return the jurisdiction of a region code.

    Raises
    ------
    InvalidFact
        If the code is neither in the table nor a county below a prefecture of it (rule R001).
    """
    found = find_jurisdiction(region)
    if found is None:
        raise InvalidFact(
            kind="region",
            id=region,
            field="region",
            value=region,
            remedy="R001: a region code of Sichuan or Chongqing, such as 510700 or 500152",
        )
    return found


def list_prefectures() -> tuple[Jurisdiction, ...]:
    """The 21 prefectures of Sichuan, by code."""
    return tuple(own for own in jurisdictions().values() if own.kind == "prefecture")


def list_districts() -> tuple[Jurisdiction, ...]:
    """The 38 districts and counties of Chongqing, by code."""
    return tuple(own for own in jurisdictions().values() if own.kind == "district")


def is_within(region: str, outer: str) -> bool:
    """Return whether a region lies in ``outer``: itself, or a county of Sichuan in its prefecture.

    ``510000`` and ``500000`` stand for the provincial organs alone; whole provinces are the groups ``SC`` and ``CQ``.
    """
    if region == outer:
        return True
    if outer in (SICHUAN, CHONGQING):
        return False
    return outer.startswith("51") and outer.endswith("00") and region.startswith(outer[:4]) and len(region) == 6

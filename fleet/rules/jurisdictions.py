"""Whose rules hold where: the jurisdiction of a region code, out of the region table of :mod:`fleet.regions`.

Rules are addressed to provincial organs, the 21 prefectures, the 38 districts and counties of Chongqing and its zones; a county
of Sichuan answers with its prefecture. Areas, alliances and exemptions are rules and stand in the rule files.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from fleet.errors import InvalidFact
from fleet.ids import RegionCode
from fleet.regions import RegionLevel, load_regions

SICHUAN = RegionCode("510000")
CHONGQING = RegionCode("500000")


class Province(StrEnum):
    SICHUAN = "SC"
    CHONGQING = "CQ"


@dataclass(frozen=True, kw_only=True)
class Jurisdiction:
    """A region to which rules are addressed. ``borders`` touch it across the border of the province: a hint, no permission."""

    code: RegionCode
    name_zh: str
    name_en: str
    province: Province
    borders: tuple[RegionCode, ...]


@cache
def find_jurisdiction(region: str) -> Jurisdiction | None:
    """Return the jurisdiction of a region code; None for an unknown one (R001) and for zones that lie in both provinces."""
    table = load_regions()
    own = table.find(region)
    if own is None or not own.province:
        return None
    if own.level is RegionLevel.COUNTY and own.province == Province.SICHUAN and own.parent is not None:
        own = table.get(own.parent)
    return Jurisdiction(
        code=own.code,
        name_zh=f"{own.name_zh}本级" if own.level is RegionLevel.PROVINCE else own.name_zh,
        name_en=f"{own.name_en} (own organs)" if own.level is RegionLevel.PROVINCE else own.name_en,
        province=Province(own.province),
        borders=own.neighbours,
    )


def get_jurisdiction(region: str) -> Jurisdiction:
    """Return the jurisdiction of a region code.

    Raises
    ------
    InvalidFact
        If the code is unknown (R001), or names a zone in both provinces: what counts is where a vehicle is registered (R108).
    """
    found = find_jurisdiction(region)
    if found is None:
        known = load_regions().get(region)
        raise InvalidFact(
            kind="region",
            id=region,
            field="region",
            value=region,
            remedy=f"R108: the side of {known.name_zh} where it is registered, {' or '.join(known.members)}",
        )
    return found


@cache
def list_prefectures() -> tuple[Jurisdiction, ...]:
    """The 21 prefectures of Sichuan, by code."""
    return tuple(get_jurisdiction(own.code) for own in load_regions().children(SICHUAN))


@cache
def list_districts() -> tuple[Jurisdiction, ...]:
    """The 38 districts and counties of Chongqing, by code; its zones are not among them."""
    districts = [own for own in load_regions().children(CHONGQING) if own.level is RegionLevel.COUNTY]
    return tuple(get_jurisdiction(own.code) for own in districts)


def is_within(region: str, outer: str) -> bool:
    """Return whether a region lies in ``outer``: itself, or a county of Sichuan in its prefecture.

    ``510000`` and ``500000`` stand for the provincial organs alone; whole provinces are the groups ``SC`` and ``CQ``.
    """
    if region == outer:
        return True
    if outer in (SICHUAN, CHONGQING):
        return False
    own = load_regions().find(region)
    return own is not None and own.parent == outer

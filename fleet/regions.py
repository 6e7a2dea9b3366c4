"""Regions: who lies in whom, who cooperates with whom. The table and its sources are in ``fleet/data``.

Codes are those of GB/T 2260; the zones without one have ``CQ-`` or ``X-`` codes. Sichuan has three levels (province,
prefecture, county), Chongqing two (municipality, district or county) and three zones beside its districts (rule R002).
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from importlib.resources import files

from fleet.errors import InvalidFact
from fleet.ids import RegionCode


class RegionLevel(StrEnum):
    """``ZONE`` is a development zone of Chongqing; ``CROSS_ZONE`` lies on both sides of the border of the province."""

    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"
    ZONE = "zone"
    CROSS_ZONE = "cross_zone"


@dataclass(frozen=True, kw_only=True)
class Region:
    """A region as registered.

    ``province`` is ``SC``, ``CQ``, or empty for a zone in both. ``cooperation_area`` (片区, rule R004) is given for the
    prefectures of Sichuan, ``cluster_zh`` (一区两群, rule R006) for Chongqing; ask :class:`Regions` for a county's area.
    ``economic_zone_zh`` is another grouping, for reports only (rule R005). ``neighbours`` touch across the border.
    The exemptions are None where the source does not say.
    """

    code: RegionCode
    name_zh: str
    name_en: str
    level: RegionLevel
    province: str
    parent: RegionCode | None
    cooperation_area: str = ""
    cooperation_area_zh: str = ""
    economic_zone_zh: str = ""
    cluster_zh: str = ""
    cluster_part_zh: str = ""
    neighbours: tuple[RegionCode, ...] = ()
    members: tuple[RegionCode, ...] = ()
    nev_exempt: bool | None = None
    charger_exempt: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Alliance:
    """Offices that help each other across the border. An ``open`` one takes further members of Chongqing (rule R009)."""

    id: str
    name_zh: str
    open: bool
    members: tuple[RegionCode, ...]


class Regions:
    """The table of regions with what follows from it."""

    def __init__(self, regions: Iterable[Region], alliances: Iterable[Alliance]) -> None:
        self._by_code = {region.code: region for region in sorted(regions, key=lambda one: one.code)}
        self.alliances = tuple(sorted(alliances, key=lambda one: one.id))
        self._children: dict[RegionCode, list[Region]] = defaultdict(list)
        for region in self._by_code.values():
            if region.parent is not None:
                self._children[region.parent].append(region)

    def get(self, code: str) -> Region:
        """Return the region of a code.

        Raises
        ------
        InvalidFact
            If no region has it.
        """
        region = self.find(code)
        if region is None:
            near = get_close_matches(code, self._by_code, n=1, cutoff=0.8)
            hint = f"; {near[0]} is {self._by_code[RegionCode(near[0])].name_zh}" if near else ""
            raise InvalidFact(
                kind="region",
                id=code,
                field="region",
                value=code,
                remedy=f"a GB/T 2260 code of Sichuan (51xxxx) or Chongqing (50xxxx){hint}",
            )
        return region

    def find(self, code: str) -> Region | None:
        return self._by_code.get(RegionCode(code))

    def list(self) -> Sequence[Region]:
        """All regions in order of their codes."""
        return tuple(self._by_code.values())

    def children(self, code: str) -> Sequence[Region]:
        """Return the regions directly below, in order of their codes."""
        return tuple(self._children[self.get(code).code])

    def ancestors(self, code: str) -> Sequence[Region]:
        """Return the regions above, nearest first."""
        above: list[Region] = []
        parent = self.get(code).parent
        while parent is not None:
            above.append(self.get(parent))
            parent = above[-1].parent
        return tuple(above)

    def covers(self, scope: str, code: str) -> bool:
        """Tell whether a person whose scope is ``scope`` sees what belongs to the region.

        The empty scope sees everything. A zone across the border is seen by all who see one of its members, and who
        belongs to the zone sees the zone.
        """
        if scope == "":
            return True
        limit, region = self.get(scope), self.get(code)
        if limit.code == region.code or limit in self.ancestors(code):
            return True
        return any(self.covers(scope, member) for member in region.members)

    def cooperation_area(self, code: str) -> str:
        """Return the code of the cooperation area (``A1`` to ``A5``) of a region; empty outside of Sichuan's prefectures."""
        for region in (self.get(code), *self.ancestors(code)):
            if region.cooperation_area:
                return region.cooperation_area
        return ""

    def alliances_between(self, one: str, other: str) -> Sequence[Alliance]:
        """Return the alliances to which both belong, themselves or through a region above them."""
        mine = {region.code for region in (self.get(one), *self.ancestors(one))}
        theirs = {region.code for region in (self.get(other), *self.ancestors(other))}
        return tuple(
            alliance
            for alliance in self.alliances
            if mine.intersection(alliance.members) and theirs.intersection(alliance.members)
        )

    def cross_border_pairs(self) -> Sequence[tuple[Region, Region]]:
        """Return each pair (Sichuan, Chongqing) that touches across the border, in order."""
        return tuple(
            (region, self.get(code))
            for region in self._by_code.values()
            if region.province == "SC"
            for code in region.neighbours
        )


@cache
def load_regions() -> Regions:
    """Return the built-in table, read once."""
    return Regions(
        (
            Region(
                code=RegionCode(row["code"]),
                name_zh=row["name_zh"],
                name_en=row["name_en"],
                level=RegionLevel(row["level"]),
                province=row["province"],
                parent=RegionCode(row["parent"]) if row["parent"] else None,
                cooperation_area=row["cooperation_area"],
                cooperation_area_zh=row["cooperation_area_zh"],
                economic_zone_zh=row["economic_zone_zh"],
                cluster_zh=row["cluster_zh"],
                cluster_part_zh=row["cluster_part_zh"],
                neighbours=_codes(row["neighbours"]),
                members=_codes(row["members"]),
                nev_exempt=_truth(row["nev_exempt"]),
                charger_exempt=_truth(row["charger_exempt"]),
            )
            for row in _rows("regions.csv")
        ),
        (
            Alliance(id=row["id"], name_zh=row["name_zh"], open=row["open"] == "1", members=_codes(row["members"]))
            for row in _rows("alliances.csv")
        ),
    )


def covers(scope_region: str, region: str) -> bool:
    """Tell whether the scope contains the region, by the built-in table; see :meth:`Regions.covers`."""
    return load_regions().covers(scope_region, region)


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("fleet") / "data" / name).read_text("utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def _codes(text: str) -> tuple[RegionCode, ...]:
    return tuple(RegionCode(code) for code in text.split(";") if code)


def _truth(text: str) -> bool | None:
    return {"1": True, "0": False}.get(text)

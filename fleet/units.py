"""Offices that own vehicles and ask for trips."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fleet.errors import InvalidFact
from fleet.ids import RegionCode, UnitId
from fleet.vehicles import Duty


class Level(StrEnum):
    """Organisation level (rule R002). Chongqing has no prefectures: its districts are at county level."""

    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"
    TOWNSHIP = "township"


class Population(StrEnum):
    """Rule R014: party and government organs (党政机关), or other publicly funded institutions (schools, hospitals ...).

    Figures of ``public institutions`` (公共机构) count both, figures of ``organs`` the first alone.
    """

    ORGAN = "organ"
    INSTITUTION = "institution"


@dataclass(frozen=True, kw_only=True)
class AuthorisedNumber:
    """The quota (编制) of one class of vehicles (rule R032)."""

    duty: Duty
    count: int


@dataclass(frozen=True, kw_only=True)
class Unit:
    """An office.

    ``compound`` names the office compound (办公区) that it shares with others: tier 1 of the pool order (rule R069).
    ``authorised`` is its quota by class; empty where none was entered, which a check then says.
    """

    id: UnitId
    name: str
    region: RegionCode
    level: Level
    compound: str | None = None
    parent_id: UnitId | None = None
    population: Population = Population.ORGAN
    authorised: tuple[AuthorisedNumber, ...] = ()

    def __post_init__(self) -> None:
        duties = [number.duty for number in self.authorised]
        if len(set(duties)) != len(duties):
            raise InvalidFact(
                kind="unit", id=self.id, field="authorised", value=duties, remedy="each class of vehicles once (R032)"
            )
        for position, number in enumerate(self.authorised):
            if number.count < 0:
                raise InvalidFact(
                    kind="unit",
                    id=self.id,
                    field=f"authorised[{position}].count",
                    value=number.count,
                    remedy="zero or more",
                )

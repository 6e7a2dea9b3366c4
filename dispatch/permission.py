"""Which pool may serve whom, and how near it is: the tiers of rule R069 and the refusals of rules R070, R072 and R107."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dispatch.problem import FORBIDDEN, TierRefusal
from fleet.ids import UnitId, VehicleId
from fleet.requests import Priority
from fleet.units import Unit
from fleet.vehicles import Duty

SAME_UNIT_OR_COMPOUND = 1
SAME_LEVEL_AND_AREA = 2
SAME_AREA = 3
SAME_COOPERATION_AREA = 4
ALLIED = 5
RENTED = 6


@dataclass(frozen=True, kw_only=True)
class Territory:
    """How regions relate.

    ``area_of`` maps every region code to the area whose pool it belongs to (a county to its prefecture, a district of
    Chongqing to itself); ``cooperation_area`` an area to its cooperation area (片区, rule R004; none for Chongqing);
    ``allied`` holds the pairs of areas between which dispatch is switched on (rules R007-R012, R106).
    """

    area_of: Mapping[str, str]
    cooperation_area: Mapping[str, str] = field(default_factory=dict)
    allied: frozenset[frozenset[str]] = frozenset()

    def area(self, region: str) -> str:
        return self.area_of.get(region, region)

    def are_allied(self, a: str, b: str) -> bool:
        return frozenset((a, b)) in self.allied


@dataclass(frozen=True, kw_only=True, order=True)
class Asking:
    """What of a request decides who may serve it; requests that agree in it form one group."""

    unit_id: UnitId
    rental: bool
    priority: Priority
    special: bool
    declined: tuple[VehicleId, ...] = ()


@dataclass(frozen=True, kw_only=True, order=True)
class Offering:
    """What of a vehicle decides whom it may serve; ``declined_as`` singles out a vehicle whose driver declined trips."""

    unit_id: UnitId
    region: str
    duty: Duty
    self_drive: bool
    declined_as: VehicleId | None = None

    @property
    def sort_key(self) -> tuple[str, str, str, bool, str]:
        return (self.unit_id, self.region, self.duty.value, self.self_drive, self.declined_as or "")


def judge(
    asking: Asking, offering: Offering, *, units: Mapping[UnitId, Unit], territory: Territory, cooperation: bool
) -> tuple[int, TierRefusal]:
    """Return the pool tier at which ``offering`` may serve ``asking``, or ``FORBIDDEN`` with the reason."""
    if offering.declined_as is not None and offering.declined_as in asking.declined:
        return FORBIDDEN, TierRefusal.NO_AGREEMENT
    own = asking.unit_id == offering.unit_id
    if not _fits_duty(asking, offering, own=own):
        return FORBIDDEN, TierRefusal.DUTY_MISMATCH
    if own:
        return (RENTED if asking.rental else SAME_UNIT_OR_COMPOUND), TierRefusal.ALLOWED
    if offering.duty in (Duty.ENFORCEMENT, Duty.SPECIAL):
        return FORBIDDEN, TierRefusal.NOT_POOLED
    unit = units[asking.unit_id]
    here, there = territory.area(unit.region), territory.area(offering.region)
    tier = FORBIDDEN
    if here == there:
        tier = _tier_within(unit, units.get(offering.unit_id))
    elif (
        cooperation
        and territory.cooperation_area.get(here)
        and territory.cooperation_area.get(here) == territory.cooperation_area.get(there)
    ):
        tier = SAME_COOPERATION_AREA
    elif territory.are_allied(here, there):
        tier = ALLIED
    if tier == FORBIDDEN:
        return FORBIDDEN, TierRefusal.NO_AGREEMENT
    return (RENTED if asking.rental else tier), TierRefusal.ALLOWED


def _tier_within(unit: Unit, other: Unit | None) -> int:
    if other is None:
        return SAME_AREA
    if unit.compound is not None and unit.compound == other.compound:
        return SAME_UNIT_OR_COMPOUND
    return SAME_LEVEL_AND_AREA if unit.level is other.level else SAME_AREA


def _fits_duty(asking: Asking, offering: Offering, *, own: bool) -> bool:
    """Rule R072. An emergency lifts the class match, except that nobody self-drives to it."""
    if asking.rental or offering.self_drive or offering.duty is Duty.RENTAL:
        return asking.rental and offering.self_drive
    if asking.priority is Priority.EMERGENCY:
        return True
    if asking.priority is Priority.CONFIDENTIAL:
        return offering.duty is Duty.CONFIDENTIAL
    return {
        Duty.POOLED: True,
        Duty.CONFIDENTIAL: False,
        Duty.EMERGENCY: False,
        Duty.ENFORCEMENT: own,
        Duty.SPECIAL: own and asking.special,
    }[offering.duty]

"""Which pool may serve whom, and how near it is: the tiers of rule R069 and the refusals of rules R070, R072 and R107."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dispatch.problem import FORBIDDEN, TierRefusal
from fleet.ids import RegionCode, UnitId, VehicleId
from fleet.regions import RegionLevel, Regions
from fleet.requests import Priority
from fleet.rules.pools import PoolRules
from fleet.units import Level, Unit
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
    ``pools`` are the rules and agreements of the day, which decide where they are given; the relations then only say whom it
    is worth asking.
    """

    area_of: Mapping[str, str]
    cooperation_area: Mapping[str, str] = field(default_factory=dict)
    allied: frozenset[frozenset[str]] = frozenset()
    pools: PoolRules | None = None

    def area(self, region: str) -> str:
        return self.area_of.get(region, region)

    def are_allied(self, a: str, b: str) -> bool:
        return frozenset((a, b)) in self.allied


#: Pairs over the provincial border between which dispatch is on by default: Suining-Tongnan and, for Gaozhu New Area,
#: Guang'an-Yubei (rule R010). Others are switched on pair by pair when both sides have confirmed (rules R011, R012).
BASE_CROSS_PAIRS: frozenset[frozenset[str]] = frozenset(
    {frozenset(("510900", "500152")), frozenset(("511600", "500112"))}
)


def territory_of(regions: Regions, *, cross_pairs: frozenset[frozenset[str]] = BASE_CROSS_PAIRS) -> Territory:
    """Relations as the region table states them.

    Members of one alliance on the same side of the provincial border help each other (rules R007-R009); over the border only
    the pairs in ``cross_pairs`` do, because an alliance alone does not switch dispatch on (rules R010-R012).
    """
    area_of: dict[str, str] = {}
    for region in regions.list():
        above = [one for one in regions.ancestors(region.code) if one.level is RegionLevel.PREFECTURE]
        area_of[region.code] = above[0].code if above else region.code
    areas = sorted({area for area in area_of.values() if regions.get(area).level is not RegionLevel.CROSS_ZONE})
    within = {
        frozenset((one, other))
        for alliance in regions.alliances
        for one in alliance.members
        for other in alliance.members
        if one < other and regions.get(one).province == regions.get(other).province
    }
    return Territory(
        area_of=area_of,
        cooperation_area={area: regions.cooperation_area(area) for area in areas},
        allied=frozenset(within) | cross_pairs,
    )


def territory_under(regions: Regions, pools: PoolRules) -> Territory:
    """Relations as the rules and the agreements of a day have them: opt-ins open areas, confirmed pairs open the border."""
    stated = territory_of(regions, cross_pairs=frozenset())
    joined = {stated.area(region) for region in pools.opted_in()}
    pairs = {frozenset(map(stated.area, pair)) for pair in pools.open_pairs()}
    return replace(
        stated,
        cooperation_area={area: code for area, code in stated.cooperation_area.items() if area in joined},
        allied=frozenset(pairs),
        pools=pools,
    )


@dataclass(frozen=True, kw_only=True, order=True)
class Asking:
    """What of a request decides who may serve it; requests that agree in it form one group.

    ``only`` is the one vehicle that a dispatcher chose for it.
    ``plate_places`` and ``plate_hours`` are keys of :class:`dispatch.plates.PlateLimits`: plates kept out where it stops, and
    plates kept out anywhere while it lasts.
    ``sealed``: it falls on a public holiday and has no exception (R078). ``urgent``: it may use the ready reserve (R161).
    """

    unit_id: UnitId
    rental: bool
    priority: Priority
    special: bool
    declined: tuple[VehicleId, ...] = ()
    only: VehicleId | None = None
    plate_places: tuple[str, ...] = ()
    plate_hours: tuple[str, ...] = ()
    sealed: bool = False
    urgent: bool = True

    @property
    def sort_key(self) -> tuple[str | bool | int | tuple[str, ...], ...]:
        own = (self.unit_id, self.rental, self.priority.rank, self.special)
        return (*own, self.declined, self.only or "", self.plate_places, self.plate_hours, self.sealed, self.urgent)


@dataclass(frozen=True, kw_only=True, order=True)
class Offering:
    """What of a vehicle decides whom it may serve.

    ``declined_as`` singles out a vehicle whose driver declined trips, or that was chosen.
    ``plate`` are the keys under which its plate is kept out, ``plate_home`` those of the areas that it stands in.
    ``sealable``: public holidays seal vehicles of its class (R078). ``reserved``: it is in the ready reserve (R161).
    """

    unit_id: UnitId
    region: str
    duty: Duty
    self_drive: bool
    declined_as: VehicleId | None = None
    pooled: bool = True
    listed: bool = False
    plate: tuple[str, ...] = ()
    plate_home: tuple[str, ...] = ()
    sealable: bool = True
    reserved: bool = False

    @property
    def sort_key(self) -> tuple[str | bool | tuple[str, ...], ...]:
        own = (self.unit_id, self.region, self.duty.value, self.self_drive, self.declined_as or "")
        return (*own, self.pooled, self.listed, self.plate, self.plate_home, self.sealable, self.reserved)


def judge(
    asking: Asking, offering: Offering, *, units: Mapping[UnitId, Unit], territory: Territory, cooperation: bool
) -> tuple[int, TierRefusal]:
    """Return the pool tier at which ``offering`` may serve ``asking``, or ``FORBIDDEN`` with the reason."""
    if offering.declined_as is not None and offering.declined_as in asking.declined:
        return FORBIDDEN, TierRefusal.NO_AGREEMENT
    if asking.only is not None and offering.declined_as != asking.only:
        return FORBIDDEN, TierRefusal.NO_AGREEMENT
    if not set(asking.plate_places).isdisjoint(offering.plate):
        return FORBIDDEN, TierRefusal.PLATE_LIMIT
    if not set(asking.plate_hours).isdisjoint(offering.plate_home):
        return FORBIDDEN, TierRefusal.PLATE_LIMIT
    own = asking.unit_id == offering.unit_id
    if not _fits_duty(asking, offering, own=own):
        return FORBIDDEN, TierRefusal.DUTY_MISMATCH
    if asking.sealed and offering.sealable:
        return FORBIDDEN, TierRefusal.SEALED
    if offering.reserved and not asking.urgent:
        return FORBIDDEN, TierRefusal.READY_RESERVE
    if own:
        return (RENTED if asking.rental else SAME_UNIT_OR_COMPOUND), TierRefusal.ALLOWED
    if offering.duty in (Duty.ENFORCEMENT, Duty.SPECIAL):
        return FORBIDDEN, TierRefusal.NOT_POOLED
    unit = units[asking.unit_id]
    if not asking.rental and not offering.pooled:
        return FORBIDDEN, TierRefusal.NOT_POOLED
    if not asking.rental and offering.listed:
        return FORBIDDEN, TierRefusal.OVER_QUOTA
    if territory.pools is not None:
        return _by_agreement(territory.pools, unit, units.get(offering.unit_id), asking, offering)
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


#: codes of :mod:`fleet.rules.pools` -> what the problem says of the pair
_REFUSALS = {
    "not_pooled": TierRefusal.NOT_POOLED,
    "over_quota": TierRefusal.OVER_QUOTA,
    "not_opted_in": TierRefusal.NOT_OPTED_IN,
    "not_confirmed": TierRefusal.NOT_CONFIRMED,
    "agreement_expired": TierRefusal.EXPIRED,
}


def _by_agreement(
    pools: PoolRules, unit: Unit, other: Unit | None, asking: Asking, offering: Offering
) -> tuple[int, TierRefusal]:
    """The tier by rules and agreements (R069, R105-R107). A vehicle counts in the region where it is registered (R108)."""
    region = RegionCode(offering.region)
    if other is None:
        other = Unit(id=offering.unit_id, name=offering.unit_id, region=region, level=Level.COUNTY)
    elif other.region != region:
        other = replace(other, region=region)
    answer = pools.answer_for(
        requester=unit, owner=other, rental=asking.rental, pooled=offering.pooled, listed=offering.listed
    )
    if answer.refusal is not None:
        return FORBIDDEN, _REFUSALS.get(answer.refusal.code, TierRefusal.NO_AGREEMENT)
    return int(answer.tier or FORBIDDEN), TierRefusal.ALLOWED


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

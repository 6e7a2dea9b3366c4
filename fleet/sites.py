"""Sites: where vehicles are kept, charged and rented."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.errors import InvalidFact
from fleet.ids import RegionCode, SiteId, UnitId


@dataclass(frozen=True, kw_only=True)
class ChargeGroup:
    """Charge points of one kind at a site: ``points`` of them, each ``power_w`` strong. ``dc`` tells direct current.

    ``out_points`` of them are dead or blocked at present.
    """

    points: int
    power_w: int
    dc: bool
    out_points: int = 0

    @property
    def usable_points(self) -> int:
        return max(0, self.points - self.out_points)


@dataclass(frozen=True, kw_only=True)
class CarPark:
    """The spaces of a site, as the site rules count them (R054-R058).

    ``nev_spaces_count`` are dedicated to new-energy vehicles (专属新能源汽车停车位), ``charging_spaces_count`` have a
    charger (充电车位): two different counts. ``new`` tells a new car park from an existing one, ``venue`` one of a culture or
    sports venue (文体场馆), ``underground`` matters at night in an energy emergency (R173).
    """

    spaces_count: int
    nev_spaces_count: int = 0
    charging_spaces_count: int = 0
    new: bool = False
    venue: bool = False
    underground: bool = False


@dataclass(frozen=True, kw_only=True)
class Site:
    """A parking place of vehicles. ``site_power_w`` bounds all its charge points together (None: not limited).

    ``piles_count`` counts charging devices (桩), on which ratios are tested; one pile may have several points (R053).
    None: as many as points. ``protected`` keeps full power in an energy emergency (R175).
    """

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
    piles_count: int | None = None
    car_park: CarPark | None = None
    protected: bool = False

    def __post_init__(self) -> None:
        park = self.car_park
        if park is None:
            return
        for name, count in (
            ("nev_spaces_count", park.nev_spaces_count),
            ("charging_spaces_count", park.charging_spaces_count),
        ):
            if not 0 <= count <= park.spaces_count:
                raise InvalidFact(
                    kind="site",
                    id=self.id,
                    field=f"car_park.{name}",
                    value=count,
                    remedy="from zero to the number of all spaces",
                )

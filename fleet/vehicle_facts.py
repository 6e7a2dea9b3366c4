"""What is told of a vehicle, a driver or a charge point in the course of the day, as it came; the newest reading counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from fleet.drivers import Driver
from fleet.errors import InvalidFact
from fleet.ids import PersonId, RegionCode
from fleet.sites import Site
from fleet.vehicles import Vehicle, VehicleState


class FactKind(StrEnum):
    """``FAULT`` and ``ACCIDENT`` take the vehicle off the road; the readings do not."""

    FAULT = "fault"
    ACCIDENT = "accident"
    CHARGE = "charge"
    FUEL = "fuel"
    ODOMETER = "odometer"
    DRIVER_ILL = "driver_ill"
    DRIVER_BACK = "driver_back"
    CHARGE_POINT_OUT = "charge_point_out"
    CHARGE_POINT_BACK = "charge_point_back"


STOPS_A_VEHICLE = frozenset({FactKind.FAULT, FactKind.ACCIDENT})


@dataclass(frozen=True, kw_only=True)
class DayFact:
    """One report. ``about`` is the id of the vehicle, driver or site; ``at`` when it was so, ``received_at`` when it was heard.

    ``applied`` is False for a reading that was older than the one already known: kept, and without effect. ``day`` is the
    local day of ``at``.
    """

    id: str
    kind: FactKind
    about: str
    region: RegionCode
    day: str
    at: datetime
    received_at: datetime
    told_by: PersonId
    applied: bool = True
    reason: str = ""
    charge_frac: float | None = None
    fuel_frac: float | None = None
    odometer_m: int | None = None
    lon_wgs84: float | None = None
    lat_wgs84: float | None = None
    group: int | None = None
    points_count: int | None = None

    def __post_init__(self) -> None:
        needed = {
            FactKind.CHARGE: "charge_frac",
            FactKind.FUEL: "fuel_frac",
            FactKind.ODOMETER: "odometer_m",
            FactKind.CHARGE_POINT_OUT: "points_count",
        }.get(self.kind)
        if needed is not None and getattr(self, needed) is None:
            raise InvalidFact(kind="day_fact", id=self.id, field=needed, value=None, remedy="the reading itself")


def read_charge(vehicle: Vehicle, fact: DayFact) -> Vehicle:
    """Take a charge reading over; a vehicle without a battery has none."""
    if vehicle.battery is None or fact.charge_frac is None:
        return vehicle
    charge_wh = round(fact.charge_frac * vehicle.battery.capacity_wh)
    return replace(vehicle, battery=replace(vehicle.battery, charge_wh=charge_wh))


def stop_vehicle(vehicle: Vehicle) -> Vehicle:
    """Off the road; a second report of the same breakdown changes nothing."""
    if vehicle.state is not VehicleState.AVAILABLE:
        return vehicle
    return replace(vehicle, state=VehicleState.OUT_OF_SERVICE)


def change_duty(driver: Driver, *, on_duty: bool) -> Driver:
    return replace(driver, on_duty=on_duty)


def put_points_out(site: Site, *, group: int, points_count: int) -> Site:
    """So many points of a group are dead or blocked from now on.

    Raises
    ------
    InvalidFact
        If the site has no such group or fewer points.
    """
    if not 0 <= group < len(site.charge_groups):
        raise InvalidFact(
            kind="site", id=site.id, field="group", value=group, remedy="a charge group of the site, from 0"
        )
    concerned = site.charge_groups[group]
    if not 0 <= points_count <= concerned.points:
        raise InvalidFact(
            kind="site",
            id=site.id,
            field="points_count",
            value=points_count,
            remedy="from zero to the points of the group",
        )
    groups = list(site.charge_groups)
    groups[group] = replace(concerned, out_points=points_count)
    return replace(site, charge_groups=tuple(groups))

"""Which driver has which vehicle on a day, and when the two can work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fleet.drivers import Driver
from fleet.ids import DriverId, UnitId, VehicleId
from fleet.vehicles import Duty, Energy, Vehicle

DAY_S = 86_400
_USUAL_BEGIN_S = 8 * 3_600

#: Licence classes and the classes of vehicle they cover (Provisions on the Application for and Use of Motor Vehicle Driving
#: Licences, annex 1; GA/T 16): A1 large coaches, B1 medium (10 to 19 seats), C1 small, C2 small with automatic gearbox.
LICENCE_COVERS: Mapping[str, frozenset[str]] = {
    "A1": frozenset({"A1", "B1", "C1", "C2"}),
    "A2": frozenset({"B1", "C1", "C2"}),
    "B1": frozenset({"B1", "C1", "C2"}),
    "B2": frozenset({"C1", "C2"}),
    "C1": frozenset({"C1", "C2"}),
    "C2": frozenset({"C2"}),
}
_NEEDED_ORDER = ("A1", "B1", "C1", "C2")


@dataclass(frozen=True, kw_only=True)
class Crew:
    """A vehicle with its driver; a self-drive vehicle has none."""

    vehicle: Vehicle
    driver: Driver | None


def needed_licence(vehicle: Vehicle) -> str:
    """The least class for the vehicle; ``seats`` counts passengers, the limits of the law count the driver too."""
    if vehicle.seats + 1 > 19:
        return "A1"
    if vehicle.seats + 1 > 9:
        return "B1"
    return "C2" if vehicle.energy is Energy.BEV else "C1"


def may_drive(driver: Driver, vehicle: Vehicle) -> bool:
    return needed_licence(vehicle) in LICENCE_COVERS.get(driver.licence.upper(), frozenset())


def pair(
    vehicles: Sequence[Vehicle], drivers: Sequence[Driver], *, kept: Mapping[VehicleId, DriverId]
) -> tuple[tuple[Crew, ...], tuple[VehicleId, ...]]:
    """Pair vehicles with drivers of the same home site; return the crews by vehicle id, and the vehicles left without.

    ``kept`` are pairs of the present plan; they stay while the driver is on duty and may drive the vehicle. Then the
    vehicles that need the rarest licence choose first, each the driver with the least sufficient licence, of the own unit
    before others: with nested classes no other order gives more vehicles a driver.
    """
    by_id = {driver.id: driver for driver in drivers if driver.on_duty}
    crews: dict[VehicleId, Crew] = {}
    free = dict(by_id)
    for vehicle in sorted(vehicles, key=lambda v: v.id):
        if vehicle.self_drive:
            crews[vehicle.id] = Crew(vehicle=vehicle, driver=None)
            continue
        driver = free.get(kept[vehicle.id]) if vehicle.id in kept else None
        if driver is not None and may_drive(driver, vehicle):
            crews[vehicle.id] = Crew(vehicle=vehicle, driver=free.pop(driver.id))
    waiting = [v for v in vehicles if v.id not in crews]
    by_site: dict[str, list[Driver]] = {}
    for driver in sorted(free.values(), key=lambda d: d.id):
        by_site.setdefault(driver.home_site_id, []).append(driver)
    left_out: list[VehicleId] = []
    for vehicle in sorted(waiting, key=_turn):
        candidates = [d for d in by_site.get(vehicle.home_site_id, ()) if may_drive(d, vehicle)]
        if not candidates:
            left_out.append(vehicle.id)
            continue
        chosen = min(candidates, key=lambda d: _preference(d, vehicle.unit_id))
        by_site[vehicle.home_site_id].remove(chosen)
        crews[vehicle.id] = Crew(vehicle=vehicle, driver=chosen)
    return tuple(crews[id] for id in sorted(crews)), tuple(sorted(left_out))


def _turn(vehicle: Vehicle) -> tuple[int, bool, VehicleId]:
    """The rarest licence first; of equal ones emergency vehicles, whose ready reserve has drivers (R161)."""
    return _NEEDED_ORDER.index(needed_licence(vehicle)), vehicle.duty is not Duty.EMERGENCY, vehicle.id


def _preference(driver: Driver, unit_id: UnitId) -> tuple[int, bool, str]:
    covered = len(LICENCE_COVERS.get(driver.licence.upper(), frozenset()))
    return covered, driver.unit_id != unit_id, driver.id


def working_windows(
    crew: Crew, *, days: int, not_before_s: int, day_limit_s: int | None = None
) -> tuple[tuple[int, int], ...]:
    """Periods in seconds after local midnight of the first day, disjoint and ascending, cut at ``not_before_s``.

    A shift longer than ``day_limit_s`` (R117) is cut down to that, as near to the usual begin at eight as it allows.
    """
    if crew.driver is None:
        spans = [(0, days * DAY_S)]
    else:
        shift = crew.driver.shift
        start_s, end_s = shift.start_s, shift.end_s
        if day_limit_s is not None and end_s - start_s > day_limit_s:
            start_s = min(max(_USUAL_BEGIN_S, start_s), end_s - day_limit_s)
            end_s = start_s + day_limit_s
        spans = [(day * DAY_S + start_s, day * DAY_S + end_s) for day in range(days)]
    return merged([(max(begin, not_before_s), end) for begin, end in spans if end > not_before_s])


def merged(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Join periods that touch or overlap; ``spans`` ascend by their begin."""
    joined: list[tuple[int, int]] = []
    for begin, end in spans:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif begin < end:
            joined.append((begin, end))
    return tuple(joined)

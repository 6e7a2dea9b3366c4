"""What a replayed day amounts to: every figure with its unit and formula, computed from the executed itineraries alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from dispatch.policy import DispatchPolicy
from fleet.ids import RequestId, VehicleId
from fleet.itineraries import Itinerary, ItineraryStop
from fleet.vehicles import Vehicle
from scenarios.factors import Factors


@dataclass(frozen=True, kw_only=True)
class DayRecord:
    """A day as it was executed.

    ``refused`` holds for every request that was not served the code of its first cause; ``asked_count`` all requests of the
    day.
    """

    asked_count: int
    itineraries: Sequence[Itinerary]
    vehicles: Mapping[VehicleId, Vehicle]
    refused: Mapping[RequestId, str]
    policy: DispatchPolicy
    factors: Factors

    def stops(self) -> list[tuple[Vehicle, ItineraryStop | None, ItineraryStop]]:
        """Each stop with its vehicle and the stop before it."""
        found: list[tuple[Vehicle, ItineraryStop | None, ItineraryStop]] = []
        for itinerary in self.itineraries:
            before: ItineraryStop | None = None
            for stop in itinerary.stops:
                found.append((self.vehicles[itinerary.vehicle_id], before, stop))
                before = stop
        return found

    def served(self) -> set[RequestId]:
        return {stop.request_id for _, _, stop in self.stops() if stop.request_id is not None}


def _litres(record: DayRecord, *, diesel: bool) -> float:
    return sum(s.leg_fuel_ml for v, _, s in record.stops() if ("diesel" in v.profile) == diesel) / 1_000


def _grid_kwh(record: DayRecord) -> float:
    """Battery energy of all legs, drawn from the grid with its losses; recuperation counts as a gain."""
    wh = sum(stop.leg_wh for _, _, stop in record.stops())
    return max(0.0, wh / 1_000 / record.factors.charge_efficiency_frac)


def _drive_m(record: DayRecord) -> int:
    return sum(stop.leg_m for _, _, stop in record.stops())


def _empty_m(record: DayRecord) -> int:
    return sum(stop.leg_m for _, before, stop in record.stops() if before is not None and before.load_count == 0)


def _nev_m(record: DayRecord) -> int:
    return sum(stop.leg_m for vehicle, _, stop in record.stops() if vehicle.energy.is_nev)


def _shared(record: DayRecord) -> int:
    """Requests during whose ride another one was on board."""
    shared: set[RequestId] = set()
    for itinerary in record.itineraries:
        aboard: set[RequestId] = set()
        for number, stop in enumerate(itinerary.stops):
            if stop.request_id is None:
                continue
            later = any(s.request_id == stop.request_id for s in itinerary.stops[number + 1 :])
            aboard.add(stop.request_id)
            if len(aboard) > 1:
                shared |= aboard
            if not later:
                aboard.discard(stop.request_id)
    return len(shared)


def _duty_s(record: DayRecord) -> int:
    """Time on the road of vehicles with a driver, from leaving to returning, nights of a charter not counted."""
    total_s = 0.0
    for itinerary in record.itineraries:
        if itinerary.driver_id is None or len(itinerary.stops) < 2:
            continue
        first, last = itinerary.stops[1], itinerary.stops[-1]
        leave_at = max(itinerary.stops[0].depart_at, first.begin_at - timedelta(seconds=first.leg_s))
        nights = (last.arrive_at.date() - leave_at.date()).days
        total_s += max(0.0, (last.arrive_at - leave_at).total_seconds() - nights * 14 * 3_600)
    return round(total_s)


def _wheel_s(record: DayRecord) -> int:
    """Driving time of vehicles with a driver, the basis on which the plan prices it."""
    return sum(stop.leg_s for i in record.itineraries if i.driver_id is not None for stop in i.stops)


def _used(record: DayRecord) -> int:
    return sum(any(stop.request_id is not None for stop in i.stops) for i in record.itineraries)


def _charged_kwh(record: DayRecord) -> float:
    return sum(stop.charged_wh for _, _, stop in record.stops()) / 1_000


def _unverified_m(record: DayRecord) -> int:
    return sum(stop.leg_m for _, _, stop in record.stops() if stop.leg_confidence == "unverified")


def _fuel_fen(record: DayRecord) -> float:
    policy = record.policy
    petrol, diesel = _litres(record, diesel=False), _litres(record, diesel=True)
    return petrol * policy.petrol_fen_per_l + diesel * policy.diesel_fen_per_l


def _power_fen(record: DayRecord) -> float:
    return _grid_kwh(record) * record.policy.power_fen_per_kwh


def _toll_fen(record: DayRecord) -> float:
    return sum(stop.leg_toll_fen for _, _, stop in record.stops())


def _wear_fen(record: DayRecord) -> float:
    return _drive_m(record) / 1_000 * record.policy.wear_fen_per_km


def _driver_fen(record: DayRecord) -> float:
    return _wheel_s(record) / 3_600 * record.policy.driver_fen_per_h


def _use_fen(record: DayRecord) -> float:
    return _used(record) * record.policy.use_fen


def _cost_fen(record: DayRecord) -> float:
    return sum(item(record) for item in (_fuel_fen, _power_fen, _toll_fen, _wear_fen, _driver_fen, _use_fen))


def _co2_kg(record: DayRecord) -> float:
    factors = record.factors
    return (
        _litres(record, diesel=False) * factors.petrol_kg_per_l
        + _litres(record, diesel=True) * factors.diesel_kg_per_l
        + _grid_kwh(record) * factors.grid_kg_per_kwh
    )


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A figure of a day: its name in two languages, its unit, its formula in words, and how it is computed."""

    id: str
    name_zh: str
    name_en: str
    unit: str
    formula: str
    compute: Callable[[DayRecord], float]


MEASURES: tuple[Measure, ...] = (
    Measure(
        id="asked_count",
        name_zh="用车申请",
        name_en="Requests",
        unit="1",
        formula="requests whose first stop lies on the day",
        compute=lambda r: r.asked_count,
    ),
    Measure(
        id="served_count",
        name_zh="已保障",
        name_en="Served",
        unit="1",
        formula="requests with stops on an executed itinerary",
        compute=lambda r: len(r.served()),
    ),
    Measure(
        id="refused_count",
        name_zh="未保障",
        name_en="Not served",
        unit="1",
        formula="requests - served",
        compute=lambda r: len(r.refused),
    ),
    Measure(
        id="shared_count",
        name_zh="合乘",
        name_en="Shared rides",
        unit="1",
        formula="requests during whose ride another request was on board",
        compute=_shared,
    ),
    Measure(
        id="vehicles_used_count",
        name_zh="出动车辆",
        name_en="Vehicles used",
        unit="1",
        formula="itineraries that serve somebody",
        compute=_used,
    ),
    Measure(
        id="drive_km",
        name_zh="行驶里程",
        name_en="Distance driven",
        unit="km",
        formula="sum of legs",
        compute=lambda r: _drive_m(r) / 1_000,
    ),
    Measure(
        id="empty_km",
        name_zh="空驶里程",
        name_en="Distance empty",
        unit="km",
        formula="legs that begin with nobody on board",
        compute=lambda r: _empty_m(r) / 1_000,
    ),
    Measure(
        id="nev_km",
        name_zh="新能源里程",
        name_en="Distance by NEVs",
        unit="km",
        formula="legs of battery, plug-in hybrid and fuel-cell vehicles",
        compute=lambda r: _nev_m(r) / 1_000,
    ),
    Measure(
        id="unverified_km",
        name_zh="未核实道路里程",
        name_en="Distance over unverified roads",
        unit="km",
        formula="legs whose weakest road is unverified",
        compute=lambda r: _unverified_m(r) / 1_000,
    ),
    Measure(
        id="grid_kwh",
        name_zh="电网用电",
        name_en="Electricity from the grid",
        unit="kWh",
        formula="battery energy of legs / charge efficiency",
        compute=_grid_kwh,
    ),
    Measure(
        id="charged_kwh",
        name_zh="途中充电",
        name_en="Charged on the way",
        unit="kWh",
        formula="energy added at charge stops",
        compute=_charged_kwh,
    ),
    Measure(
        id="petrol_l",
        name_zh="汽油",
        name_en="Petrol",
        unit="l",
        formula="fuel of legs of petrol and plug-in hybrid vehicles",
        compute=lambda r: _litres(r, diesel=False),
    ),
    Measure(
        id="diesel_l",
        name_zh="柴油",
        name_en="Diesel",
        unit="l",
        formula="fuel of legs of diesel vehicles",
        compute=lambda r: _litres(r, diesel=True),
    ),
    Measure(
        id="co2_kg",
        name_zh="二氧化碳",
        name_en="Carbon dioxide",
        unit="kg",
        formula="petrol x factor + diesel x factor + grid electricity x factor",
        compute=_co2_kg,
    ),
    Measure(
        id="duty_h",
        name_zh="出车时长",
        name_en="Duty time",
        unit="h",
        formula="from leaving in time for the first stop to returning, with a driver; 14 h a night not counted",
        compute=lambda r: _duty_s(r) / 3_600,
    ),
    Measure(
        id="wheel_h",
        name_zh="驾驶时长",
        name_en="Time at the wheel",
        unit="h",
        formula="sum of legs' times, with a driver",
        compute=lambda r: _wheel_s(r) / 3_600,
    ),
    Measure(
        id="fuel_fen",
        name_zh="燃油费",
        name_en="Fuel",
        unit="fen",
        formula="litres x price",
        compute=_fuel_fen,
    ),
    Measure(
        id="power_fen",
        name_zh="电费",
        name_en="Electricity",
        unit="fen",
        formula="grid electricity x price",
        compute=_power_fen,
    ),
    Measure(
        id="toll_fen",
        name_zh="通行费",
        name_en="Tolls",
        unit="fen",
        formula="sum of legs' tolls",
        compute=_toll_fen,
    ),
    Measure(
        id="wear_fen",
        name_zh="维修折旧",
        name_en="Wear",
        unit="fen",
        formula="distance x price of wear",
        compute=_wear_fen,
    ),
    Measure(
        id="driver_fen",
        name_zh="司勤费",
        name_en="Drivers",
        unit="fen",
        formula="time at the wheel x price of an hour",
        compute=_driver_fen,
    ),
    Measure(
        id="use_fen",
        name_zh="出车费",
        name_en="Bringing vehicles out",
        unit="fen",
        formula="vehicles used x price",
        compute=_use_fen,
    ),
    Measure(
        id="cost_fen",
        name_zh="费用合计",
        name_en="Cost in all",
        unit="fen",
        formula="fuel + electricity + tolls + wear + drivers + bringing out",
        compute=_cost_fen,
    ),
)


def measure(record: DayRecord) -> dict[str, float]:
    """Return every figure by its id; counts and fen are whole numbers, the others rounded to thousandths."""
    return {m.id: round(m.compute(record)) if m.unit in ("1", "fen") else round(m.compute(record), 3) for m in MEASURES}


def refusals(record: DayRecord) -> dict[str, int]:
    """Number of unserved requests by the code of their first cause."""
    return dict(sorted(Counter(record.refused.values()).items()))

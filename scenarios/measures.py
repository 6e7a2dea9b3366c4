"""What a period amounts to: every figure with its unit and formula, defined once, computed from a tally alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dispatch.policy import DispatchPolicy
from scenarios.factors import Factors
from scenarios.tally import Tally, quantile_s

#: Offices with fewer requests than this say nothing about fairness.
LEAST_ASKED = 10


@dataclass(frozen=True, kw_only=True)
class Account:
    """A tally with the prices and factors by which it is read."""

    tally: Tally
    policy: DispatchPolicy
    factors: Factors


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A figure: its name in two languages, its unit, its formula in words, and how it is computed.

    ``better`` is -1 where less is better, 1 where more is, 0 where neither is. ``additive`` figures of days add up.
    """

    id: str
    name_zh: str
    name_en: str
    unit: str
    formula: str
    compute: Callable[[Account], float]
    better: int = 0
    additive: bool = True


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _grid_kwh(own: Account) -> float:
    """Battery energy of all drives, drawn from the grid with its losses; recuperation counts as a gain."""
    return max(0.0, own.tally.drive_wh / 1_000 / own.factors.charge_efficiency_frac)


def _fuel_fen(own: Account) -> float:
    t, policy = own.tally, own.policy
    return (t.petrol_ml * policy.petrol_fen_per_l + t.diesel_ml * policy.diesel_fen_per_l) / 1_000


def _power_fen(own: Account) -> float:
    return _grid_kwh(own) * own.policy.power_fen_per_kwh


def _wear_fen(own: Account) -> float:
    return own.tally.drive_m / 1_000 * own.policy.wear_fen_per_km


def _driver_fen(own: Account) -> float:
    return own.tally.wheel_s / 3_600 * own.policy.driver_fen_per_h


def _use_fen(own: Account) -> float:
    return own.tally.vehicle_days * own.policy.use_fen


def _cost_fen(own: Account) -> float:
    items = (_fuel_fen, _power_fen, _wear_fen, _driver_fen, _use_fen)
    return own.tally.toll_fen + sum(item(own) for item in items)


def _co2_kg(own: Account) -> float:
    t, factors = own.tally, own.factors
    burnt = t.petrol_ml * factors.petrol_kg_per_l + t.diesel_ml * factors.diesel_kg_per_l
    return burnt / 1_000 + _grid_kwh(own) * factors.grid_kg_per_kwh


def gini(table: Mapping[str, list[int]]) -> float:
    """Inequality of the share served between groups: 0 when all are served alike, towards 1 when one has everything.

    Gini coefficient of served / asked, every group weighted by what it asked (Lorenz 1905, Gini 1914).
    """
    groups = sorted((served / asked, asked) for asked, served in table.values() if asked >= LEAST_ASKED)
    whole = sum(asked for _, asked in groups)
    mean = _share(sum(share * asked for share, asked in groups), whole)
    if mean == 0:
        return 0.0
    below, area = 0.0, 0.0
    for share, asked in groups:
        here = below + share * asked / (mean * whole)
        area += (below + here) / 2 * asked / whole
        below = here
    return max(0.0, 1 - 2 * area)


def _worst(table: Mapping[str, list[int]]) -> float:
    shares = [served / asked for asked, served in table.values() if asked >= LEAST_ASKED]
    return min(shares, default=0.0)


def _m(
    id: str,
    name_zh: str,
    name_en: str,
    unit: str,
    formula: str,
    compute: Callable[[Account], float],
    better: int = 0,
    *,
    additive: bool = True,
) -> Measure:
    return Measure(
        id=id,
        name_zh=name_zh,
        name_en=name_en,
        unit=unit,
        formula=formula,
        compute=compute,
        better=better,
        additive=additive,
    )


def _ratio(
    id: str, name_zh: str, name_en: str, unit: str, formula: str, compute: Callable[[Account], float], better: int = 0
) -> Measure:
    return _m(id, name_zh, name_en, unit, formula, compute, better, additive=False)


MEASURES: tuple[Measure, ...] = (
    _m(
        "asked_count",
        "用车申请",
        "Requests",
        "1",
        "requests whose first stop lies in the period",
        lambda a: a.tally.asked,
    ),
    _m(
        "served_count", "已保障", "Served", "1", "requests whose passengers were picked up", lambda a: a.tally.served, 1
    ),
    _m(
        "refused_count",
        "未保障",
        "Not served",
        "1",
        "requests - served - no-shows - not over at the end",
        lambda a: a.tally.refused,
        -1,
    ),
    _ratio(
        "refused_frac",
        "未保障比例",
        "Share not served",
        "1",
        "not served / (served + not served)",
        lambda a: _share(a.tally.refused, a.tally.refused + a.tally.served),
        -1,
    ),
    _m("no_show_count", "乘客未到", "No-shows", "1", "passengers who did not come", lambda a: a.tally.no_show),
    _m(
        "shared_count",
        "合乘",
        "Shared rides",
        "1",
        "requests during whose ride another request was on board",
        lambda a: a.tally.shared,
    ),
    _ratio(
        "wait_min",
        "平均等候",
        "Mean wait",
        "min",
        "(pick-up - asked for), mean over served",
        lambda a: _share(a.tally.wait_s, a.tally.served) / 60,
        -1,
    ),
    _ratio(
        "wait_p90_min",
        "等候九成位",
        "Wait, 90th percentile",
        "min",
        "upper bound of the class the percentile lies in",
        lambda a: min(quantile_s(a.tally.wait_classes, 0.9), 14_400) / 60,
        -1,
    ),
    _ratio(
        "late_frac",
        "晚点比例",
        "Share late",
        "1",
        "served with a stop begun over 60 s after its latest instant / served",
        lambda a: _share(a.tally.late, a.tally.served),
        -1,
    ),
    _ratio(
        "late_min",
        "平均晚点",
        "Mean delay",
        "min",
        "largest delay beyond the latest instant, mean over served",
        lambda a: _share(a.tally.late_s, a.tally.served) / 60,
        -1,
    ),
    _ratio(
        "detour_frac",
        "绕行",
        "Detour",
        "1",
        "distance on board / direct distance - 1, transfers only",
        lambda a: max(0.0, _share(a.tally.ride_m, a.tally.direct_m) - 1) if a.tally.direct_m else 0.0,
        -1,
    ),
    _m(
        "vehicles_used_count",
        "出动车辆",
        "Vehicle days used",
        "1",
        "days x vehicles that serve somebody",
        lambda a: a.tally.vehicle_days,
        -1,
    ),
    _m("drive_km", "行驶里程", "Distance driven", "km", "sum of legs", lambda a: a.tally.drive_m / 1_000, -1),
    _m(
        "empty_km",
        "空驶里程",
        "Distance empty",
        "km",
        "legs that begin with nobody on board",
        lambda a: a.tally.empty_m / 1_000,
        -1,
    ),
    _m(
        "nev_km",
        "新能源里程",
        "Distance by NEVs",
        "km",
        "legs of battery, plug-in hybrid and fuel-cell vehicles",
        lambda a: a.tally.nev_m / 1_000,
    ),
    _ratio(
        "nev_km_frac",
        "新能源里程占比",
        "NEV share of distance",
        "1",
        "distance by NEVs / distance",
        lambda a: _share(a.tally.nev_m, a.tally.drive_m),
        1,
    ),
    _ratio(
        "nev_trip_frac",
        "新能源出行占比",
        "NEV share of trips",
        "1",
        "served by an NEV / served",
        lambda a: _share(a.tally.nev_served, a.tally.served),
        1,
    ),
    _m(
        "unverified_km",
        "未核实道路里程",
        "Distance over unverified roads",
        "km",
        "legs whose weakest road is unverified",
        lambda a: a.tally.unverified_m / 1_000,
    ),
    _m(
        "grid_kwh",
        "电网用电",
        "Electricity from the grid",
        "kWh",
        "battery energy of legs / charge efficiency",
        _grid_kwh,
    ),
    _m(
        "charged_kwh",
        "途中充电",
        "Charged on the way",
        "kWh",
        "energy added at charge stops",
        lambda a: a.tally.on_way_wh / 1_000,
    ),
    _m(
        "depot_kwh",
        "驻地充电",
        "Charged at home",
        "kWh",
        "energy added overnight at the home site",
        lambda a: a.tally.depot_wh / 1_000,
    ),
    _ratio(
        "point_use_frac",
        "充电枪利用率",
        "Use of charge points",
        "1",
        "busy time / time in order",
        lambda a: _share(a.tally.point_busy_s, a.tally.point_open_s),
    ),
    _ratio(
        "point_wait_min",
        "充电排队",
        "Queue for charging",
        "min",
        "waiting / charging sessions",
        lambda a: _share(a.tally.point_wait_s, a.tally.sessions) / 60,
        -1,
    ),
    _m(
        "short_count",
        "充电不足车次",
        "Starts short of charge",
        "1",
        "mornings on which a vehicle is not charged as planned",
        lambda a: a.tally.short_of_charge,
        -1,
    ),
    _m(
        "stranded_count",
        "电量耗尽",
        "Ran empty",
        "1",
        "vehicles whose battery was empty on the way",
        lambda a: a.tally.stranded,
        -1,
    ),
    _m(
        "petrol_l",
        "汽油",
        "Petrol",
        "l",
        "fuel of legs of petrol and plug-in hybrid vehicles",
        lambda a: a.tally.petrol_ml / 1_000,
        -1,
    ),
    _m("diesel_l", "柴油", "Diesel", "l", "fuel of legs of diesel vehicles", lambda a: a.tally.diesel_ml / 1_000, -1),
    _m(
        "co2_kg",
        "二氧化碳",
        "Carbon dioxide",
        "kg",
        "petrol x factor + diesel x factor + grid electricity x factor",
        _co2_kg,
        -1,
    ),
    _m(
        "duty_h",
        "出车时长",
        "Duty time",
        "h",
        "from leaving for the first stop to returning, with a driver; 14 h a night not counted",
        lambda a: a.tally.duty_s / 3_600,
        -1,
    ),
    _m(
        "wheel_h",
        "驾驶时长",
        "Time at the wheel",
        "h",
        "sum of legs' times, with a driver",
        lambda a: a.tally.wheel_s / 3_600,
        -1,
    ),
    _ratio(
        "unit_gini",
        "单位间不均",
        "Inequality between offices",
        "1",
        f"Gini coefficient of the share served, offices with {LEAST_ASKED} requests or more",
        lambda a: gini(a.tally.by_unit),
        -1,
    ),
    _ratio(
        "region_gini",
        "地区间不均",
        "Inequality between places",
        "1",
        f"Gini coefficient of the share served, counties and townships with {LEAST_ASKED} requests or more",
        lambda a: gini(a.tally.by_region),
        -1,
    ),
    _ratio(
        "worst_region_frac",
        "最低地区保障率",
        "Worst place's share served",
        "1",
        "least served / asked of a county or township",
        lambda a: _worst(a.tally.by_region),
        1,
    ),
    _m("fuel_fen", "燃油费", "Fuel", "fen", "litres x price", _fuel_fen, -1),
    _m("power_fen", "电费", "Electricity", "fen", "grid electricity x price", _power_fen, -1),
    _m("toll_fen", "通行费", "Tolls", "fen", "sum of legs' tolls", lambda a: a.tally.toll_fen, -1),
    _m("wear_fen", "维修折旧", "Wear", "fen", "distance x price of wear", _wear_fen, -1),
    _m("driver_fen", "司勤费", "Drivers", "fen", "time at the wheel x price of an hour", _driver_fen, -1),
    _m("use_fen", "出车费", "Bringing vehicles out", "fen", "vehicles used x price", _use_fen, -1),
    _m(
        "cost_fen",
        "费用合计",
        "Cost in all",
        "fen",
        "fuel + electricity + tolls + wear + drivers + bringing out",
        _cost_fen,
        -1,
    ),
)

MEASURE_OF: Mapping[str, Measure] = {measure.id: measure for measure in MEASURES}
_WHOLE = frozenset(m.id for m in MEASURES if m.id.endswith("_count") or m.unit == "fen")


def measure(account: Account) -> dict[str, float]:
    """Return every figure by its id; counts and fen are whole numbers, shares have 6 decimals, the others 3."""
    figures: dict[str, float] = {}
    for own in MEASURES:
        value = own.compute(account)
        figures[own.id] = round(value) if own.id in _WHOLE else round(value, 6 if own.unit == "1" else 3)
    return figures

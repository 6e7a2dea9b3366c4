"""The scenario files of NREL's HIVE, read and run by our dispatch: same vehicles, requests, stations, roads and patience.

HIVE (github.com/NREL/hive, BSD 3-Clause) simulates autonomous fleets in steps of a minute: a request that no vehicle has
reached within its patience is given up. Here the same trips are offered to the same search that plans official trips, in
rounds: at each round it knows the requests that have come in by then, and what vehicles have begun stays. Nothing of HIVE is in
this repository; its files are read where the caller has them.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from dispatch.drives import Legs
from dispatch.plan import StopKind
from dispatch.problem import (
    BatterySpec,
    ChargeCurve,
    ChargeGroupSpec,
    Problem,
    RequestKind,
    RequestSpec,
    StopSpec,
    VehicleSpec,
)
from dispatch.service import Solver
from dispatch.solve import StopRule
from scenarios.errors import InvalidScenario
from scenarios.quick import solve_quickly

_METRES_PER_MILE = 1_609.344
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PENALTY_MFEN = 10**9
_RESERVE_FRAC = 0.1


@dataclass(frozen=True, kw_only=True)
class HiveVehicle:
    """``capacity_wh`` None: burns fuel, which HIVE's stations have without end."""

    id: str
    node: int
    capacity_wh: int | None
    charge_wh: int
    wh_per_m: float
    max_w: int


@dataclass(frozen=True, kw_only=True)
class HiveRequest:
    id: str
    from_node: int
    to_node: int
    at_s: int
    passengers: int


@dataclass(frozen=True, kw_only=True)
class HiveStation:
    id: str
    node: int
    points: int
    power_w: int


@dataclass(frozen=True, kw_only=True, eq=False)
class HiveScenario:
    """A scenario: nodes numbered from 0, ``drive_s`` and ``drive_m`` between all of them (int32, -1 where no way is)."""

    name: str
    vehicles: tuple[HiveVehicle, ...]
    requests: tuple[HiveRequest, ...]
    stations: tuple[HiveStation, ...]
    drive_s: npt.NDArray[np.int32]
    drive_m: npt.NDArray[np.int32]
    patience_s: int
    begin_s: int
    end_s: int


@dataclass(frozen=True, kw_only=True)
class HiveOutcome:
    """What our dispatch made of it; ``seconds`` is wall-clock time, reading the files aside."""

    asked_count: int
    served_count: int
    rounds_count: int
    drive_km: float
    empty_km: float
    charged_kwh: float
    mean_wait_s: float
    seconds: float

    @property
    def served_frac(self) -> float:
        return self.served_count / max(1, self.asked_count)


# ---- reading


def read_sections(text: str) -> dict[str, dict[str, str]]:
    """Read the two levels of ``name:`` and ``  name: value`` that HIVE's files have; lists and comments are passed over."""
    found: dict[str, dict[str, str]] = {}
    section = ""
    for raw in text.splitlines():
        line = raw.split("#", 1)[0].rstrip()
        if not line.strip() or line.strip().startswith("-") or ":" not in line:
            continue
        name, _, value = line.strip().partition(":")
        if not line.startswith(" "):
            section = name
            found.setdefault(section, {})
            if value.strip():
                found[section][""] = value.strip().strip("\"'")
        elif section:
            found[section][name] = value.strip().strip("\"'")
    return found


def read_hive(resources: Path, yaml_file: Path) -> HiveScenario:
    """Read a scenario: ``resources`` is HIVE's folder with ``mechatronics`` and ``chargers``, beside the scenarios.

    Raises
    ------
    InvalidScenario
        If a file is missing, or a model or charger is unknown.
    """
    sections = read_sections(yaml_file.read_text("utf-8"))
    files, sim = sections.get("input", {}), sections.get("sim", {})

    def path(key: str, folder: str) -> Path:
        name = files.get(key, "")
        own = yaml_file.parent / folder / name
        if not name or not own.is_file():
            raise InvalidScenario(
                source=yaml_file.name, field=f"input.{key}", value=name, remedy=f"a file in {folder}/"
            )
        return own

    roads = json.loads(path("road_network_file", "road_network").read_text("utf-8"))
    drive_s, drive_m = _matrices(roads, sections.get("network", {}))
    places = np.array([[node["x"], node["y"]] for node in roads["nodes"]])

    def snap(row: dict[str, str], lon: str = "lon", lat: str = "lat") -> int:
        off = (places - [float(row[lon]), float(row[lat])]) * [np.cos(np.radians(float(row[lat]))), 1.0]
        return int(np.argmin((off**2).sum(axis=1)))

    models = read_sections((resources / "mechatronics" / "mechatronics.yaml").read_text("utf-8"))
    chargers = {row["charger_id"]: row for row in _rows(resources / "chargers" / "default_chargers.csv")}
    stations = []
    for row in _rows(path("stations_file", "stations")):
        charger = chargers.get(row["charger_id"])
        if charger is None:
            raise InvalidScenario(
                source=yaml_file.name,
                field="charger_id",
                value=row["charger_id"],
                remedy=f"one of {', '.join(chargers)}",
            )
        if charger["energy_type"] == "electric" and row.get("on_shift_access", "true").lower() != "false":
            stations.append(
                HiveStation(
                    id=f"{row['station_id']}/{row['charger_id']}",
                    node=snap(row),
                    points=int(row["charger_count"]),
                    power_w=round(float(charger["rate"]) * 1_000),
                )
            )
    return HiveScenario(
        name=sim.get("sim_name", yaml_file.stem),
        vehicles=tuple(
            _vehicle(row, models, snap(row), yaml_file.name) for row in _rows(path("vehicles_file", "vehicles"))
        ),
        requests=tuple(
            HiveRequest(
                id=row["request_id"],
                from_node=snap(row, "o_lon", "o_lat"),
                to_node=snap(row, "d_lon", "d_lat"),
                at_s=_second(row["departure_time"]),
                passengers=int(row["passengers"]),
            )
            for row in _rows(path("requests_file", "requests"))
        ),
        stations=tuple(stations),
        drive_s=drive_s,
        drive_m=drive_m,
        patience_s=int(sim.get("request_cancel_time_seconds", "600")),
        begin_s=_second(sim["start_time"]),
        end_s=_second(sim["end_time"]),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def _second(text: str) -> int:
    if text.isdigit():
        return int(text)
    at = datetime.fromisoformat(text)
    return round((at.replace(tzinfo=UTC) - _EPOCH).total_seconds())


def _vehicle(row: dict[str, str], models: dict[str, dict[str, str]], node: int, source: str) -> HiveVehicle:
    model = models.get(row["mechatronics_id"])
    if model is None:
        raise InvalidScenario(
            source=source,
            field="mechatronics_id",
            value=row["mechatronics_id"],
            remedy=f"one of {', '.join(sorted(models))}",
        )
    electric = model.get("mechatronics_type") == "bev"
    capacity_wh = round(float(model["battery_capacity_kwh"]) * 1_000) if electric else None
    return HiveVehicle(
        id=row["vehicle_id"],
        node=node,
        capacity_wh=capacity_wh,
        charge_wh=round(float(row["initial_soc"]) * (capacity_wh or 0)),
        wh_per_m=float(model.get("nominal_watt_hour_per_mile", "0")) / _METRES_PER_MILE if electric else 0.0,
        max_w=round(float(model.get("nominal_max_charge_kw", "50")) * 1_000),
    )


def _matrices(
    roads: dict[str, list[dict[str, float]]], network: dict[str, str]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Fastest drives between all nodes of the network, and how far they are."""
    number = {node["id"]: n for n, node in enumerate(roads["nodes"])}
    default_kmph = float(network.get("default_speed_kmph", "40"))
    best: dict[tuple[int, int], tuple[float, float]] = {}
    for link in roads["links"]:
        key = (number[link["source"]], number[link["target"]])
        link_s = link["length"] / (float(link.get("speed_kmph") or default_kmph) / 3.6)
        if key not in best or link_s < best[key][0]:
            best[key] = (link_s, link["length"])
    size = len(number)
    rows, columns = zip(*best, strict=True)
    times = csr_array(([value[0] for value in best.values()], (rows, columns)), shape=(size, size))
    seconds, before = dijkstra(times, return_predecessors=True)
    metres = np.zeros((size, size))
    for origin in range(size):
        order: list[int] = np.argsort(seconds[origin], kind="stable").tolist()
        for node in order:
            last = int(before[origin, node])
            if last >= 0:
                metres[origin, node] = metres[origin, last] + best[last, node][1]
    reached = np.isfinite(seconds)
    drive_s = np.where(reached, np.ceil(np.where(reached, seconds, 0)), -1).astype(np.int32)
    return drive_s, np.where(reached, np.rint(metres), -1).astype(np.int32)


# ---- running


@dataclass(kw_only=True)
class _Cab:
    spec: HiveVehicle
    node: int
    free_s: int
    charge_wh: float


def run_hive(
    scenario: HiveScenario,
    *,
    every_s: int = 60,
    iterations: int = 60,
    seed: int = 1,
    solver: Solver = solve_quickly,
    clock: Callable[[], float] = time.monotonic,
) -> HiveOutcome:
    """Dispatch the scenario in rounds of ``every_s``: a request is served when a vehicle reaches it within its patience.

    Between two rounds a vehicle carries out what it can begin before the next one; everything else is planned anew.
    """
    begun = clock()
    cabs = [
        _Cab(spec=own, node=own.node, free_s=scenario.begin_s, charge_wh=float(own.charge_wh))
        for own in scenario.vehicles
    ]
    waiting: list[HiveRequest] = []
    coming = sorted((own for own in scenario.requests if scenario.begin_s <= own.at_s < scenario.end_s), key=_arrival)
    asked = len(coming)
    served, waits, drive_m, empty_m, charged_wh, rounds = 0, 0, 0, 0, 0.0, 0
    reach_s = scenario.drive_s
    for now in range(scenario.begin_s + every_s, scenario.end_s + every_s, every_s):
        split = next((n for n, own in enumerate(coming) if own.at_s > now), len(coming))
        waiting, coming = waiting + coming[:split], coming[split:]
        waiting = [
            own for own in waiting if own.at_s + scenario.patience_s >= now and reach_s[own.from_node, own.to_node] >= 0
        ]
        idle = [n for n, cab in enumerate(cabs) if cab.free_s < now + scenario.patience_s]
        if not idle or (not waiting and not any(_is_low(cabs[n]) for n in idle)):
            continue
        rounds += 1
        if waiting:
            free = [cabs[n] for n in idle]
            nodes = _used_nodes(scenario, free, waiting)
            problem = _problem(scenario, free, waiting, nodes, now)
            plan = solver(problem, seed=seed, stop=StopRule(iterations=iterations))
            taken: set[int] = set()
            for route in plan.routes:
                cab = cabs[idle[route.vehicle]]
                at = _Walk(scenario, cab, max(cab.free_s, now))
                for stop in route.stops[1:]:
                    if stop.kind is StopKind.END:
                        break
                    if at.aboard is None and at.now_s >= now + every_s:
                        break
                    metres = at.drive(nodes[stop.location])
                    drive_m += metres
                    empty_m += metres if at.aboard is None else 0
                    if stop.kind is StopKind.CHARGE:
                        charged_wh += at.charge(stop.charged_wh, max(60, stop.depart_s - stop.begin_s))
                    elif stop.kind is StopKind.PICKUP and stop.request is not None:
                        at.aboard = stop.request
                        taken.add(stop.request)
                        served += 1
                        waits += at.now_s - waiting[stop.request].at_s
                    elif stop.kind is StopKind.DROPOFF:
                        at.aboard = None
                at.leave()
            waiting = [own for n, own in enumerate(waiting) if n not in taken]
        for n in idle:
            cab = cabs[n]
            if _is_low(cab) and cab.free_s < now + every_s:
                # nobody waits for it: charge at the nearest station, as HIVE's charging dispatcher does
                metres, wh = _go_and_charge(scenario, cab, max(cab.free_s, now))
                drive_m, empty_m, charged_wh = drive_m + metres, empty_m + metres, charged_wh + wh
    return HiveOutcome(
        asked_count=asked,
        served_count=served,
        rounds_count=rounds,
        drive_km=drive_m / 1_000,
        empty_km=empty_m / 1_000,
        charged_kwh=charged_wh / 1_000,
        mean_wait_s=waits / max(1, served),
        seconds=clock() - begun,
    )


def _arrival(request: HiveRequest) -> tuple[int, str]:
    return request.at_s, request.id


def _is_low(cab: _Cab) -> bool:
    return cab.spec.capacity_wh is not None and cab.charge_wh < 0.25 * cab.spec.capacity_wh


class _Walk:
    """A vehicle on its way through the stops that it begins before the next round."""

    def __init__(self, scenario: HiveScenario, cab: _Cab, now_s: int) -> None:
        self.scenario, self.cab, self.now_s = scenario, cab, now_s
        self.node = cab.node
        self.aboard: int | None = None

    def drive(self, node: int) -> int:
        metres = int(self.scenario.drive_m[self.node, node])
        self.now_s += int(self.scenario.drive_s[self.node, node])
        self.cab.charge_wh -= metres * self.cab.spec.wh_per_m
        self.node = node
        return metres

    def charge(self, wh: int, seconds: int) -> float:
        self.now_s += seconds
        self.cab.charge_wh += wh
        return float(wh)

    def leave(self) -> None:
        self.cab.node, self.cab.free_s = self.node, max(self.cab.free_s, self.now_s)


def _go_and_charge(scenario: HiveScenario, cab: _Cab, now_s: int) -> tuple[int, float]:
    near = [own for own in scenario.stations if scenario.drive_s[cab.node, own.node] >= 0]
    if not near or cab.spec.capacity_wh is None:
        return 0, 0.0
    station = min(
        near, key=lambda own: (-min(own.power_w, cab.spec.max_w), int(scenario.drive_s[cab.node, own.node]), own.id)
    )
    walk = _Walk(scenario, cab, now_s)
    metres = walk.drive(station.node)
    wh = max(0.0, 0.8 * cab.spec.capacity_wh - cab.charge_wh)
    power_w = min(station.power_w, cab.spec.max_w)
    walk.charge(round(wh), round(wh / power_w * 3_600))
    walk.leave()
    return metres, wh


def _problem(
    scenario: HiveScenario, cabs: Sequence[_Cab], waiting: Sequence[HiveRequest], nodes: Sequence[int], now: int
) -> Problem:
    """One round: who waits, and where and when the vehicles are free; times in seconds from now."""
    at = {node: n for n, node in enumerate(nodes)}
    cut = np.ix_(nodes, nodes)
    drive_s, drive_m = scenario.drive_s[cut], scenario.drive_m[cut]
    rates = sorted({cab.spec.wh_per_m for cab in cabs})
    legs = tuple(
        Legs(
            drive_s=drive_s,
            drive_m=drive_m,
            drive_wh=np.where(drive_m < 0, -1, np.ceil(drive_m * rate)).astype(np.int32),
            toll_fen=np.where(drive_m < 0, -1, 0).astype(np.int32),
        )
        for rate in rates
    )
    horizon_s = scenario.patience_s + 4 * 3_600
    return Problem(
        epoch=datetime.fromtimestamp(now, tz=UTC),
        horizon_s=horizon_s,
        legs=legs,
        vehicles=tuple(
            VehicleSpec(
                id=cab.spec.id,
                start_location=at[cab.node],
                end_location=None,
                windows=((max(0, cab.free_s - now), horizon_s),),
                seats=4,
                kind=0,
                legs=rates.index(cab.spec.wh_per_m),
                group=0,
                mfen_per_m=100,
                mfen_per_s=1,
                battery=_battery(cab),
                max_continuous_drive_s=None,
            )
            for cab in cabs
        ),
        requests=tuple(
            RequestSpec(
                id=own.id,
                kind=RequestKind.TRANSFER,
                stops=(
                    StopSpec(location=at[own.from_node], earliest_s=0, latest_s=own.at_s + scenario.patience_s - now),
                    StopSpec(location=at[own.to_node], earliest_s=0, latest_s=horizon_s),
                ),
                seats=min(4, own.passengers),
                shareable=False,
                group=0,
                priority=3,
                penalty_mfen=_PENALTY_MFEN,
            )
            for own in waiting
        ),
        charge_groups=tuple(
            ChargeGroupSpec(
                id=own.id, location=at[own.node], site=n, points=own.points, point_w=own.power_w, dc=True, mfen_per_wh=0
            )
            for n, own in enumerate(scenario.stations)
        ),
        site_power_w=tuple(None for _ in scenario.stations),
        tier=np.ones((1, 1), dtype=np.int8),
        tier_refusal=np.zeros((1, 1), dtype=np.int8),
        tier_mfen=(0, 0),
    )


def _battery(cab: _Cab) -> BatterySpec | None:
    capacity_wh = cab.spec.capacity_wh
    if capacity_wh is None:
        return None
    reserve_wh = round(capacity_wh * _RESERVE_FRAC)
    curve = ChargeCurve(from_wh=(0,), power_w=(cab.spec.max_w,))
    charge_wh = max(reserve_wh, min(capacity_wh, round(cab.charge_wh)))
    return BatterySpec(
        capacity_wh=capacity_wh,
        initial_wh=charge_wh,
        reserve_wh=reserve_wh,
        final_wh=reserve_wh,
        ac_curve=curve,
        dc_curve=curve,
    )


def _used_nodes(scenario: HiveScenario, cabs: Iterable[_Cab], waiting: Iterable[HiveRequest]) -> list[int]:
    used = {cab.node for cab in cabs} | {own.node for own in scenario.stations}
    for own in waiting:
        used |= {own.from_node, own.to_node}
    return sorted(used)

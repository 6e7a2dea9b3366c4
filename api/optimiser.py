"""Between the stateless optimiser's JSON and the solver: a model in, a problem out; its plan out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from api.plan_views import say_reason
from api.problems import FieldError, InvalidInput
from api.schemas.optimiser import (
    LocationInput,
    ModelInput,
    OptimiserVehicleInput,
    ShipmentInput,
    VehicleBatteryInput,
)
from api.stops import ACCESS_LIMIT_M, check_coordinates
from api.wording import Language, Text
from dispatch.drives import Legs
from dispatch.plan import Cause, Plan, Reason, Route, Stop
from dispatch.problem import (
    FORBIDDEN,
    BatterySpec,
    ChargeCurve,
    ChargeGroupSpec,
    Problem,
    RequestKind,
    RequestSpec,
    StopSpec,
    TierRefusal,
    VehicleSpec,
)
from routing.engine import RoadEngine
from routing.profiles import PROFILES
from routing.snap import Point

MFEN_PER_FEN = 1_000


@dataclass(frozen=True, kw_only=True)
class Translated:
    """A problem with the way back: ``points[i]`` is location i, ``shipments[i]`` the model's index of request i.

    ``off_network`` are the shipments that no road leads to; they take no part and are told as skipped.
    """

    problem: Problem
    model: ModelInput
    points: tuple[Point, ...]
    shipments: tuple[int, ...]
    off_network: tuple[int, ...]


def translate(model: ModelInput, roads: RoadEngine) -> Translated:
    """Return the solver's problem of a model.

    Raises
    ------
    InvalidInput
        With everything that is wrong with the model.
    """
    findings = [*_check_model(model), *_check_places(model, roads)]
    if findings:
        raise InvalidInput(findings)
    epoch = model.global_start_at
    places = _Places()
    kept: list[int] = []
    off: list[int] = []
    for index, shipment in enumerate(model.shipments):
        reachable = all(_snaps(visit, roads) for visit in shipment.visits)
        (kept if reachable else off).append(index)
    profiles = sorted({vehicle.profile for vehicle in model.vehicles}) or ["sedan_petrol"]
    allowed = sorted({_allowed(model.shipments[index]) for index in kept}, key=str)
    requests = tuple(_request(model, index, places, epoch, allowed) for index in kept)
    vehicles = tuple(_vehicle(index, vehicle, places, epoch, profiles) for index, vehicle in enumerate(model.vehicles))
    chargers = tuple(
        ChargeGroupSpec(
            id=f"{index}",
            location=places.index_of(charger),
            site=index,
            points=charger.points,
            point_w=charger.power_w,
            dc=charger.dc,
            mfen_per_wh=charger.price_fen_per_kwh,
        )
        for index, charger in enumerate(model.chargers)
    )
    points = places.points or [Point(lon_wgs84=104.0633, lat_wgs84=30.6598)]
    tier = np.ones((max(1, len(allowed)), max(1, len(vehicles))), dtype=np.int8)
    refusal = np.zeros_like(tier)
    for group, indices in enumerate(allowed):
        if indices is None:
            continue
        for vehicle in range(len(vehicles)):
            if vehicle not in indices:
                tier[group, vehicle] = FORBIDDEN
                refusal[group, vehicle] = TierRefusal.NO_AGREEMENT
    problem = Problem(
        epoch=epoch,
        horizon_s=seconds_after(model.global_end_at, epoch),
        legs=tuple(_legs(points, profile, roads) for profile in profiles),
        vehicles=vehicles,
        requests=requests,
        charge_groups=chargers,
        site_power_w=tuple(charger.site_power_w for charger in model.chargers),
        tier=tier,
        tier_refusal=refusal,
        tier_mfen=(0, 0),
    )
    return Translated(problem=problem, model=model, points=tuple(points), shipments=tuple(kept), off_network=tuple(off))


class _Places:
    """Numbers the distinct points of a model."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self._known: dict[Point, int] = {}

    def index_of(self, place: LocationInput) -> int:
        point = Point(lon_wgs84=place.lon_wgs84, lat_wgs84=place.lat_wgs84)
        if point not in self._known:
            self._known[point] = len(self.points)
            self.points.append(point)
        return self._known[point]


def seconds_after(at: datetime, epoch: datetime) -> int:
    return round((at - epoch).total_seconds())


def _allowed(shipment: ShipmentInput) -> tuple[int, ...] | None:
    return None if shipment.allowed_vehicle_indices is None else tuple(sorted(set(shipment.allowed_vehicle_indices)))


def _request(
    model: ModelInput, index: int, places: _Places, epoch: datetime, allowed: Sequence[tuple[int, ...] | None]
) -> RequestSpec:
    shipment = model.shipments[index]
    return RequestSpec(
        id=f"{index}",
        kind=shipment.kind,
        stops=tuple(
            StopSpec(
                location=places.index_of(visit),
                earliest_s=seconds_after(visit.earliest_at, epoch),
                latest_s=seconds_after(visit.latest_at, epoch),
                service_s=visit.duration_s,
            )
            for visit in shipment.visits
        ),
        seats=shipment.load_count,
        shareable=shipment.shareable,
        group=allowed.index(_allowed(shipment)),
        priority=shipment.priority,
        penalty_mfen=shipment.penalty_cost_fen * MFEN_PER_FEN,
        max_ride_s=shipment.max_ride_s,
    )


def _vehicle(
    index: int, vehicle: OptimiserVehicleInput, places: _Places, epoch: datetime, profiles: Sequence[str]
) -> VehicleSpec:
    rule = vehicle.break_rule
    return VehicleSpec(
        id=f"{index}",
        start_location=places.index_of(vehicle.start_location),
        end_location=None if vehicle.end_location is None else places.index_of(vehicle.end_location),
        windows=tuple(
            (seconds_after(span.start_at, epoch), seconds_after(span.end_at, epoch)) for span in vehicle.time_windows
        ),
        seats=vehicle.seats,
        kind=0,
        legs=profiles.index(vehicle.profile),
        group=index,
        self_drive=vehicle.self_drive,
        fixed_mfen=vehicle.fixed_cost_fen * MFEN_PER_FEN,
        mfen_per_m=vehicle.cost_fen_per_km,
        mfen_per_s=round(vehicle.cost_fen_per_hour * MFEN_PER_FEN / 3_600),
        battery=None if vehicle.battery is None else _battery(vehicle.battery),
        max_route_s=vehicle.max_route_s,
        max_drive_s=vehicle.max_drive_s,
        max_continuous_drive_s=None if rule is None else rule.max_continuous_drive_s,
        rest_s=0 if rule is None else rule.rest_s,
    )


def _battery(battery: VehicleBatteryInput) -> BatterySpec:
    reserve_wh = round(battery.reserve_frac * battery.capacity_wh)
    return BatterySpec(
        capacity_wh=battery.capacity_wh,
        initial_wh=battery.charge_wh,
        reserve_wh=reserve_wh,
        final_wh=reserve_wh,
        ac_curve=ChargeCurve(from_wh=(0,), power_w=(battery.max_ac_w,)),
        dc_curve=ChargeCurve(from_wh=(0,), power_w=(battery.max_dc_w,)),
    )


def _legs(points: Sequence[Point], profile: str, roads: RoadEngine) -> Legs:
    matrix = roads.matrix(points, PROFILES[profile], access_limit_m=ACCESS_LIMIT_M)
    return Legs(drive_s=matrix.drive_s, drive_m=matrix.drive_m, drive_wh=matrix.drive_wh, toll_fen=matrix.toll_fen)


def _snaps(place: LocationInput, roads: RoadEngine) -> bool:
    point = Point(lon_wgs84=place.lon_wgs84, lat_wgs84=place.lat_wgs84)
    return roads.try_snap(point, limit_m=ACCESS_LIMIT_M) is not None


def _check_model(model: ModelInput) -> list[FieldError]:
    found: list[FieldError] = []

    def refuse(field: str, value: object, message: Text, remedy: Text) -> None:
        found.append(FieldError(field=f"model.{field}", value=value, message=message, remedy=remedy))

    reversed_text = Text("结束早于开始", "the end is before the start")
    later = Text("改为更晚的时刻", "give a later instant")
    if model.global_end_at <= model.global_start_at:
        refuse("global_end_at", model.global_end_at.isoformat(), reversed_text, later)
    for number, shipment in enumerate(model.shipments):
        at = f"shipments[{number}]"
        if shipment.kind is not RequestKind.CHARTER and len(shipment.visits) != 2:
            refuse(
                f"{at}.visits",
                len(shipment.visits),
                Text("停靠点数量不符", "not the right number of visits"),
                Text(
                    "须有一个上车点和一个下车点；只有包车可以更多", "a pick-up and a delivery; only a charter has more"
                ),
            )
        for place, visit in enumerate(shipment.visits):
            if visit.latest_at < visit.earliest_at:
                refuse(f"{at}.visits[{place}].latest_at", visit.latest_at.isoformat(), reversed_text, later)
        if shipment.visits[-1].latest_at < shipment.visits[0].earliest_at:
            refuse(
                f"{at}.visits[{len(shipment.visits) - 1}].latest_at",
                shipment.visits[-1].latest_at.isoformat(),
                Text("下车时间早于上车时间", "the drop-off is before the pick-up"),
                later,
            )
        for index in shipment.allowed_vehicle_indices or ():
            if index >= len(model.vehicles):
                refuse(
                    f"{at}.allowed_vehicle_indices",
                    index,
                    Text("没有这辆车", "there is no such vehicle"),
                    Text(f"小于 {len(model.vehicles)}", f"less than {len(model.vehicles)}"),
                )
    for number, vehicle in enumerate(model.vehicles):
        at = f"vehicles[{number}]"
        if vehicle.profile not in PROFILES:
            known = ", ".join(sorted(PROFILES))
            refuse(
                f"{at}.profile",
                vehicle.profile,
                Text("没有这个行驶参数", "there is no such drive profile"),
                Text(f"可选：{known}", f"one of {known}"),
            )
        if vehicle.battery is not None and vehicle.battery.charge_wh > vehicle.battery.capacity_wh:
            refuse(
                f"{at}.battery.charge_wh",
                vehicle.battery.charge_wh,
                Text("电量超过电池容量", "more than the battery holds"),
                Text(f"至多 {vehicle.battery.capacity_wh}", f"at most {vehicle.battery.capacity_wh}"),
            )
        ends = None
        for place, span in enumerate(vehicle.time_windows):
            if span.end_at <= span.start_at or (ends is not None and span.start_at < ends):
                refuse(
                    f"{at}.time_windows[{place}]",
                    [span.start_at.isoformat(), span.end_at.isoformat()],
                    Text("时间段颠倒或重叠", "reversed or overlapping"),
                    Text("按先后顺序填写，互不重叠", "give them in order, without overlap"),
                )
            ends = span.end_at
    return found


def _check_places(model: ModelInput, roads: RoadEngine) -> list[FieldError]:
    named: list[tuple[str, LocationInput, bool]] = []
    for number, shipment in enumerate(model.shipments):
        named += [
            (f"model.shipments[{number}].visits[{place}]", visit, False) for place, visit in enumerate(shipment.visits)
        ]
    for number, vehicle in enumerate(model.vehicles):
        named.append((f"model.vehicles[{number}].start_location", vehicle.start_location, True))
        if vehicle.end_location is not None:
            named.append((f"model.vehicles[{number}].end_location", vehicle.end_location, True))
    named += [(f"model.chargers[{number}]", charger, True) for number, charger in enumerate(model.chargers)]
    found: list[FieldError] = []
    for at, place, needs_road in named:
        wrong = check_coordinates(place.lon_wgs84, place.lat_wgs84, at=at)
        if wrong is not None:
            found.append(wrong)
        elif needs_road and not _snaps(place, roads):
            found.append(
                FieldError(
                    field=at,
                    value=[place.lon_wgs84, place.lat_wgs84],
                    message=Text("此地点附近没有道路，无法到达", "no road leads there"),
                    remedy=Text(
                        f"选择距道路 {ACCESS_LIMIT_M // 1000} 公里以内的地点",
                        f"choose a place within {ACCESS_LIMIT_M // 1000} km of a road",
                    ),
                )
            )
    return found


# ---- the plan as JSON


def show_solution(made: Translated, plan: Plan, language: Language) -> dict[str, Any]:
    """Return a plan in the interface's words."""
    routes = [_show_route(made, route) for route in plan.routes if _serves(route)]
    skipped = [_skip(made, made.shipments[entry.request], entry.reasons, language) for entry in plan.unserved]
    off = (Reason(code=Cause.OFF_NETWORK, proven=True),)
    skipped += [_skip(made, index, off, language) for index in made.off_network]
    total_mfen = plan.cost_mfen + plan.penalty_mfen
    gap = None
    if plan.bound_mfen is not None and total_mfen > 0:
        gap = max(0.0, (total_mfen - plan.bound_mfen) / total_mfen)
    return {
        "problem_digest": plan.problem_digest,
        "seed": plan.seed,
        "iterations": plan.iterations,
        "routes": routes,
        "skipped_shipments": sorted(skipped, key=lambda entry: int(entry["index"])),
        "metrics": {
            "performed_shipment_count": len(made.model.shipments) - len(skipped),
            "skipped_shipment_count": len(skipped),
            "used_vehicle_count": len(routes),
            "travel_s": sum(int(stop["travel_s"]) for route in routes for stop in route["stops"]),
            "travel_m": sum(int(stop["travel_m"]) for route in routes for stop in route["stops"]),
            "travel_wh": sum(int(stop["travel_wh"]) for route in routes for stop in route["stops"]),
            "cost_fen": round(plan.cost_mfen / MFEN_PER_FEN),
            "penalty_cost_fen": round(plan.penalty_mfen / MFEN_PER_FEN),
            "bound_fen": None if plan.bound_mfen is None else plan.bound_mfen // MFEN_PER_FEN,
            "gap_frac": gap,
        },
    }


def _serves(route: Route) -> bool:
    return any(stop.request is not None for stop in route.stops)


def _show_route(made: Translated, route: Route) -> dict[str, Any]:
    return {
        "vehicle_index": route.vehicle,
        "vehicle_label": made.model.vehicles[route.vehicle].label,
        "cost_fen": round(route.cost_mfen / MFEN_PER_FEN),
        "stops": [_show_stop(made, stop) for stop in route.stops],
    }


def _show_stop(made: Translated, stop: Stop) -> dict[str, Any]:
    def instant(seconds: int) -> str:
        return (made.problem.epoch + timedelta(seconds=seconds)).isoformat()

    shipment = None if stop.request is None else made.shipments[stop.request]
    point = made.points[stop.location]
    return {
        "kind": stop.kind.value,
        "shipment_index": shipment,
        "shipment_label": None if shipment is None else made.model.shipments[shipment].label,
        "visit_index": stop.stop,
        "charger_index": stop.charge_group,
        "lon_wgs84": point.lon_wgs84,
        "lat_wgs84": point.lat_wgs84,
        "arrive_at": instant(stop.arrive_s),
        "start_at": instant(stop.begin_s),
        "end_at": instant(stop.depart_s),
        "load_count": stop.load,
        "charge_wh": stop.charge_wh,
        "charged_wh": stop.charged_wh,
        "travel_s": stop.leg_s,
        "travel_m": stop.leg_m,
        "travel_wh": stop.leg_wh,
        "toll_fen": stop.leg_toll_fen,
    }


def _skip(made: Translated, index: int, reasons: Sequence[Reason], language: Language) -> dict[str, Any]:
    shipment = made.model.shipments[index]
    return {
        "index": index,
        "label": shipment.label,
        "penalty_cost_fen": shipment.penalty_cost_fen,
        "reasons": [
            say_reason({"code": reason.code.value, "proven": reason.proven, "detail": reason.detail}, language)
            for reason in reasons
        ],
    }

"""Between the stateless optimiser's JSON and the solver: a model in, a problem out; a plan in either direction."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
    RouteInput,
    RouteStopInput,
    ShipmentInput,
    VehicleBatteryInput,
)
from api.stops import ACCESS_LIMIT_M, check_coordinates
from api.wording import Language, Text
from dispatch.check import Breach, Violation, check, route_cost_mfen
from dispatch.plan import Cause, Plan, Reason, Route, Stop, StopKind, Unserved
from dispatch.problem import (
    FORBIDDEN,
    BatterySpec,
    ChargeCurve,
    ChargeGroupSpec,
    Legs,
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
MONEY = frozenset({Breach.COST, Breach.PENALTY, Breach.BOUND, Breach.DIGEST})
"""What a plan from elsewhere does not state as the solver does; a route's stated price is judged by itself."""

SAME_PLACE_DEG = 1e-6
"""Coordinates that differ by less (0.1 m) are the same place: their decimals may have been rounded on the way."""


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
        horizon_s=_seconds(model.global_end_at, epoch),
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


def _seconds(at: datetime, epoch: datetime) -> int:
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
                earliest_s=_seconds(visit.earliest_at, epoch),
                latest_s=_seconds(visit.latest_at, epoch),
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
        windows=tuple((_seconds(span.start_at, epoch), _seconds(span.end_at, epoch)) for span in vehicle.time_windows),
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


# ---- a plan from elsewhere


def read_plan(made: Translated, routes: Sequence[RouteInput], skipped: Sequence[int]) -> Plan:
    """Return somebody's plan as the checker takes it: what it leaves out and follows from the model is worked out here.

    Raises
    ------
    InvalidInput
        If an index names nothing, or a label something else than its index.
    """
    request_of = {shipment: index for index, shipment in enumerate(made.shipments)}
    findings = _check_indices(made, routes, skipped)
    if findings:
        raise InvalidInput(findings)
    served = {stop.shipment_index for route in routes for stop in route.stops}
    given_up = [index for index in skipped if index in request_of and index not in served]
    unserved = [
        Unserved(request=request_of[index], reasons=(Reason(code=Cause.UNPROVEN, proven=False),))
        for index in dict.fromkeys(given_up)
    ]
    return Plan(
        problem_digest=made.problem.digest(),
        routes=tuple(_read_route(made, route, request_of) for route in routes),
        unserved=tuple(unserved),
        cost_mfen=0,
        penalty_mfen=0,
        bound_mfen=None,
        seed=0,
        iterations=0,
    )


def _check_indices(made: Translated, routes: Sequence[RouteInput], skipped: Sequence[int]) -> list[FieldError]:
    found: list[FieldError] = []

    def within(field: str, value: int | None, count: int) -> None:
        if value is not None and value >= count:
            found.append(
                FieldError(
                    field=field,
                    value=value,
                    message=Text("编号超出范围", "the index names nothing"),
                    remedy=Text(f"小于 {count}", f"less than {count}"),
                )
            )

    def labelled(field: str, value: str | None, label: str) -> None:
        if value is not None and value != label:
            found.append(
                FieldError(
                    field=field,
                    value=value,
                    message=Text("名称与编号所指不符", "the label is not that of the index"),
                    remedy=Text(f"改为 {label!r}，或不填", f"give {label!r}, or leave it out"),
                )
            )

    model = made.model
    for number, index in enumerate(skipped):
        within(f"skipped_shipment_indices[{number}]", index, len(model.shipments))
    for number, route in enumerate(routes):
        within(f"routes[{number}].vehicle_index", route.vehicle_index, len(model.vehicles))
        if route.vehicle_index < len(model.vehicles):
            labelled(f"routes[{number}].vehicle_label", route.vehicle_label, model.vehicles[route.vehicle_index].label)
        for place, stop in enumerate(route.stops):
            at = f"routes[{number}].stops[{place}]"
            within(f"{at}.shipment_index", stop.shipment_index, len(model.shipments))
            within(f"{at}.charger_index", stop.charger_index, len(model.chargers))
            if stop.shipment_index is not None and stop.shipment_index < len(model.shipments):
                shipment = model.shipments[stop.shipment_index]
                labelled(f"{at}.shipment_label", stop.shipment_label, shipment.label)
                visits = len(shipment.visits)
                within(f"{at}.visit_index", stop.visit_index, visits)
                if stop.shipment_index in made.off_network:
                    found.append(
                        FieldError(
                            field=f"{at}.shipment_index",
                            value=stop.shipment_index,
                            message=Text("此地点附近没有道路，无法到达", "no road leads there"),
                            remedy=Text("放入 skipped_shipment_indices", "put it into skipped_shipment_indices"),
                        )
                    )
    return found


def _read_route(made: Translated, route: RouteInput, request_of: Mapping[int, int]) -> Route:
    problem, epoch = made.problem, made.problem.epoch
    vehicle = problem.vehicles[route.vehicle_index]
    legs = problem.legs[vehicle.legs]
    level = None if vehicle.battery is None else vehicle.battery.initial_wh
    stops: list[Stop] = []
    here = vehicle.start_location
    load = 0
    for given in route.stops:
        request = None if given.shipment_index is None else request_of[given.shipment_index]
        there = here
        if request is not None and given.visit_index is not None:
            there = problem.requests[request].stops[given.visit_index].location
            if given.kind is StopKind.PICKUP:
                load += problem.requests[request].seats
            elif given.kind is StopKind.DROPOFF:
                load -= problem.requests[request].seats
        elif given.charger_index is not None:
            there = problem.charge_groups[given.charger_index].location
        elif given.kind is StopKind.END and vehicle.end_location is not None:
            there = vehicle.end_location
        drive_s = int(legs.drive_s[here, there])
        leg_s = drive_s + _rests(drive_s, vehicle) * vehicle.rest_s if drive_s > 0 else drive_s
        begin_s, depart_s = _seconds(given.start_at, epoch), _seconds(given.end_at, epoch)
        leg_wh = int(legs.drive_wh[here, there]) if stops else 0
        if level is not None and vehicle.battery is not None:
            level = min(vehicle.battery.capacity_wh, level - leg_wh)
        arrive_s = stops[-1].depart_s + max(0, leg_s) if stops else begin_s
        stops.append(
            Stop(
                kind=given.kind,
                location=there,
                arrive_s=arrive_s if given.arrive_at is None else _seconds(given.arrive_at, epoch),
                begin_s=begin_s,
                depart_s=depart_s,
                load=_stated(given.load_count, load),
                request=request,
                stop=given.visit_index if request is not None else None,
                charge_group=given.charger_index,
                charge_wh=level if given.charge_wh is None else given.charge_wh,
                charged_wh=given.charged_wh,
                leg_s=_stated(given.travel_s, leg_s if stops else 0),
                leg_m=_stated(given.travel_m, int(legs.drive_m[here, there]) if stops else 0),
                leg_wh=_stated(given.travel_wh, leg_wh),
                leg_toll_fen=_stated(given.toll_fen, int(legs.toll_fen[here, there]) if stops else 0),
            )
        )
        if level is not None and vehicle.battery is not None and given.charger_index is not None:
            level = min(vehicle.battery.capacity_wh, level + given.charged_wh)
        here = there
    return Route(vehicle=route.vehicle_index, stops=tuple(stops), cost_mfen=0)


def _stated(given: int | None, derived: int) -> int:
    return derived if given is None else given


def judge(made: Translated, plan: Plan, routes: Sequence[RouteInput]) -> list[Violation]:
    """Return what is wrong with a plan that was read from ``routes``, with the places and prices that they state."""
    found = [breach for breach in check(made.problem, plan) if breach.cause not in MONEY]
    shapeless = {breach.vehicle for breach in found if breach.cause in {Breach.ROUTE_SHAPE, Breach.UNKNOWN}}
    for given, route in zip(routes, plan.routes, strict=True):
        for at, (told, stop) in enumerate(zip(given.stops, route.stops, strict=True)):
            point = made.points[stop.location]
            if _elsewhere(told, point):
                detail = f"states {told.lon_wgs84}, {told.lat_wgs84}; is at {point.lon_wgs84}, {point.lat_wgs84}"
                found.append(
                    Violation(
                        cause=Breach.LOCATION, vehicle=route.vehicle, request=stop.request, stop=at, detail=detail
                    )
                )
        if given.cost_fen is None or route.vehicle in shapeless:
            continue
        cost_fen = round(route_cost_mfen(made.problem, route) / MFEN_PER_FEN)
        if given.cost_fen != cost_fen:
            detail = f"states {given.cost_fen} fen, costs {cost_fen}"
            found.append(Violation(cause=Breach.COST, vehicle=route.vehicle, detail=detail))
    return found


def _elsewhere(told: RouteStopInput, point: Point) -> bool:
    lon, lat = told.lon_wgs84, told.lat_wgs84
    return (lon is not None and abs(lon - point.lon_wgs84) > SAME_PLACE_DEG) or (
        lat is not None and abs(lat - point.lat_wgs84) > SAME_PLACE_DEG
    )


def _rests(drive_s: int, vehicle: VehicleSpec) -> int:
    """Pauses that a single leg needs by itself."""
    longest = None if vehicle.self_drive else vehicle.max_continuous_drive_s
    return max(0, math.ceil(drive_s / longest) - 1) if longest else 0


def show_violations(made: Translated, violations: Sequence[Violation], language: Language) -> list[dict[str, Any]]:
    """Return what is wrong with a plan in the interface's words."""
    return [
        {
            "cause": violation.cause.value,
            "message": BREACHES[violation.cause].say(language),
            "vehicle_index": violation.vehicle,
            "shipment_index": None if violation.request is None else made.shipments[violation.request],
            "stop_index": violation.stop,
            "detail": violation.detail,
        }
        for violation in violations
    ]


BREACHES: Mapping[Breach, Text] = {
    Breach.DIGEST: Text("方案对应的是另一个问题", "the plan belongs to another problem"),
    Breach.UNKNOWN: Text("编号不存在", "an index names nothing"),
    Breach.VEHICLE_REUSED: Text("同一辆车有两条路线", "a vehicle has two routes"),
    Breach.ROUTE_SHAPE: Text("路线结构不正确", "the route is not of the right shape"),
    Breach.DUPLICATE: Text("同一停靠点重复", "a visit is made twice"),
    Breach.MISSING_STOP: Text("缺少停靠点", "a visit is missing"),
    Breach.STOP_ORDER: Text("停靠顺序不对", "the visits are out of order"),
    Breach.SPLIT: Text("同一申请分给了两辆车", "a shipment is split between vehicles"),
    Breach.UNACCOUNTED: Text("申请既未安排也未列为未安排", "a shipment is neither served nor skipped"),
    Breach.BOTH_SERVED_AND_NOT: Text("申请既已安排又列为未安排", "a shipment is both served and skipped"),
    Breach.NOT_ALLOWED: Text("不允许用这辆车", "the vehicle is not allowed for it"),
    Breach.CAPACITY: Text("超过座位数", "more people than seats"),
    Breach.LOAD: Text("载客数与停靠不符", "the stated load is wrong"),
    Breach.EXCLUSIVE: Text("不可合乘的行程与他人同车", "an exclusive trip shares the vehicle"),
    Breach.LOCATION: Text("位置不对", "it is at the wrong place"),
    Breach.TIME_ORDER: Text("时间先后颠倒，或来不及到达", "the times are out of order, or too early for the drive"),
    Breach.TIME_WINDOW: Text("不在时间窗内", "outside the time window"),
    Breach.SERVICE_TIME: Text("停留时间不足", "the stay is too short"),
    Breach.UNREACHABLE: Text("没有道路相通", "no road leads there"),
    Breach.LEG: Text("路程与道路不符", "the stated drive is wrong"),
    Breach.RIDE_TIME: Text("乘车时间过长", "the ride is too long"),
    Breach.VEHICLE_WINDOW: Text("超出车辆可用时间", "outside the vehicle's hours"),
    Breach.ROUTE_DURATION: Text("路线总时长超限", "the route is too long"),
    Breach.DRIVE_LIMIT: Text("驾驶总时长超限", "too much driving"),
    Breach.REST: Text("连续驾驶未休息", "driving without the rest that is due"),
    Breach.BATTERY_RESERVE: Text("电量低于保留值", "the charge falls below the reserve"),
    Breach.BATTERY_FINAL: Text("收车电量不足", "too little charge at the end"),
    Breach.BATTERY_OVERFULL: Text("充电超过电池容量", "more charge than the battery holds"),
    Breach.STATED_CHARGE: Text("电量与计算不符", "the stated charge is wrong"),
    Breach.CHARGE_TIME: Text("充电时间不足", "the charging time is too short"),
    Breach.CHARGE_OCCUPIED: Text("载客时充电", "charging with passengers on board"),
    Breach.CHARGE_NOT_ALLOWED: Text("此处不能充电", "no charging is possible here"),
    Breach.CHARGE_POINTS: Text("充电桩数量不足", "more vehicles than charge points"),
    Breach.SITE_POWER: Text("超过站点功率", "more power than the site has"),
    Breach.PINNED: Text("已固定的停靠被改动", "a pinned stop was changed"),
    Breach.SELF_DRIVE: Text("自驾车不会自己移动", "a self-drive car does not move by itself"),
    Breach.COST: Text("费用与计算不符", "the stated cost is wrong"),
    Breach.PENALTY: Text("未安排的代价不符", "the stated penalty is wrong"),
    Breach.BOUND: Text("下界高于方案自身", "the bound is above the plan"),
}

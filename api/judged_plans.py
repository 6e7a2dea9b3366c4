"""Plans from elsewhere for the stateless optimiser's models: read, judged, and what is wrong with them told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from api.optimiser import MFEN_PER_FEN, Translated, seconds_after
from api.problems import FieldError, InvalidInput
from api.schemas.optimiser import RouteInput, RouteStopInput
from api.wording import Language, Text
from dispatch.check import Breach, Violation, check, route_cost_mfen
from dispatch.plan import Cause, Plan, Reason, Route, Stop, StopKind, Unserved
from dispatch.problem import VehicleSpec
from routing.snap import Point

MONEY = frozenset({Breach.COST, Breach.PENALTY, Breach.BOUND, Breach.DIGEST})
"""What a plan from elsewhere does not state as the solver does; a route's stated price is judged by itself."""

SAME_PLACE_DEG = 1e-6
"""Coordinates that differ by less (0.1 m) are the same place: their decimals may have been rounded on the way."""


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
        begin_s, depart_s = seconds_after(given.start_at, epoch), seconds_after(given.end_at, epoch)
        leg_wh = int(legs.drive_wh[here, there]) if stops else 0
        if level is not None and vehicle.battery is not None:
            level = min(vehicle.battery.capacity_wh, level - leg_wh)
        arrive_s = stops[-1].depart_s + max(0, leg_s) if stops else begin_s
        stops.append(
            Stop(
                kind=given.kind,
                location=there,
                arrive_s=arrive_s if given.arrive_at is None else seconds_after(given.arrive_at, epoch),
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
    Breach.READY_RESERVE: Text("待命车辆不足", "too few vehicles stand ready"),
    Breach.TRIP_QUOTA: Text("超过用车配额", "more trips than the quota"),
    Breach.TRIP_SHARE: Text("新能源车出行占比不足", "too small a share of trips with new-energy vehicles"),
    Breach.RENTAL_SPACES: Text("租赁点车位不足", "more cars than spaces at a rental point"),
    Breach.RENTAL_LEFT: Text("租赁点剩余车辆不足", "too few cars left at a rental point"),
    Breach.RULE: Text("派车单违反规则", "an order breaks a rule"),
}

"""From a plan back to nouns: each vehicle's itinerary and the assignments on it, with names, instants and road confidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dispatch.plan import Plan, Route, Stop
from dispatch.policy import MFEN_PER_FEN
from dispatch.snapshot import Snapshot
from fleet.ids import AssignmentId, ItineraryId, PlanId, RequestId, VehicleId
from fleet.itineraries import Assignment, AssignmentState, Itinerary, ItineraryStop, StopKind
from routing.graph import Confidence
from routing.matrix import LegMatrix

_UNKNOWN_CONFIDENCE = Confidence.UNVERIFIED.name.lower()


@dataclass(frozen=True, kw_only=True)
class Order:
    """What one vehicle is to do: its itinerary and an assignment for each request on it that is not over."""

    itinerary: Itinerary
    assignments: tuple[Assignment, ...]


def itinerary_id(day: str, vehicle_id: VehicleId) -> ItineraryId:
    """One itinerary per vehicle and day: a new plan rewrites it, so that two plans can never both hold a vehicle."""
    return ItineraryId(f"I-{day}-{vehicle_id}")


def write_orders(snapshot: Snapshot, plan: Plan, *, plan_id: PlanId) -> tuple[Order, ...]:
    """Translate every route that serves somebody, by vehicle id; a vehicle whose day is over keeps what it has done."""
    orders = [_order(snapshot, route, plan_id) for route in plan.routes if _serves(snapshot, route)]
    routed = {route.vehicle for route in plan.routes}
    orders += [
        _done_order(snapshot, vehicle, plan_id)
        for vehicle, standing in enumerate(snapshot.standings)
        if standing.history and vehicle not in routed
    ]
    return tuple(sorted(orders, key=lambda order: order.itinerary.vehicle_id))


def _serves(snapshot: Snapshot, route: Route) -> bool:
    standing = snapshot.standings[route.vehicle]
    return bool(standing.history or standing.frozen) or any(stop.request is not None for stop in route.stops)


def _order(snapshot: Snapshot, route: Route, plan_id: PlanId) -> Order:
    standing = snapshot.standings[route.vehicle]
    legs = snapshot.legs[snapshot.problem.vehicles[route.vehicle].legs]
    written: list[ItineraryStop] = []
    before: Stop | None = None
    for number, stop in enumerate(route.stops):
        here = _stop(snapshot, stop, before, legs)
        if 1 <= number <= len(standing.frozen):
            here = _as_it_was(standing.frozen[number - 1].stop, here)
        written.append(here)
        before = stop
    if standing.first is not None:
        written = [*standing.history, *written[1:]] if standing.history else [standing.first, *written[1:]]
    elif standing.history and len(written) == 2:
        return _done_order(snapshot, route.vehicle, plan_id)
    elif standing.history:
        # The day so far stays on record; the new part begins where it ended, so that its own start says nothing new.
        written = [*standing.history, *written[1:]]
    cost_mfen = route.cost_mfen + _history_mfen(snapshot, route.vehicle)
    itinerary = _itinerary(snapshot, route.vehicle, plan_id, tuple(written), cost_mfen)
    assignments: list[Assignment] = []
    for index in dict.fromkeys(stop.request for stop in route.stops if stop.request is not None):
        stops = [stop for stop in route.stops if stop.request == index]
        assignments.append(_assignment(snapshot, route, index, stops[0], stops[-1], itinerary))
    return Order(itinerary=itinerary, assignments=tuple(assignments))


def _as_it_was(frozen: ItineraryStop, planned: ItineraryStop) -> ItineraryStop:
    """A frozen stop keeps everything but the drive to it: the stop before it may have been cancelled."""
    return replace(
        frozen,
        leg_s=planned.leg_s,
        leg_m=planned.leg_m,
        leg_wh=planned.leg_wh,
        leg_toll_fen=planned.leg_toll_fen,
        leg_fuel_ml=planned.leg_fuel_ml,
        leg_confidence=planned.leg_confidence,
    )


def _done_order(snapshot: Snapshot, vehicle: int, plan_id: PlanId) -> Order:
    """The day of a vehicle that gets nothing more to do: what it has done, ending where it stands."""
    history = snapshot.standings[vehicle].history
    last = history[-1]
    end = ItineraryStop(
        kind=StopKind.END,
        name=last.name,
        lon_wgs84=last.lon_wgs84,
        lat_wgs84=last.lat_wgs84,
        arrive_at=last.depart_at,
        begin_at=last.depart_at,
        depart_at=last.depart_at,
        load_count=0,
        leg_s=0,
        leg_m=0,
        leg_wh=0,
        site_id=last.site_id,
        charge_wh=None if last.charge_wh is None else last.charge_wh + last.charged_wh,
    )
    # A way home that was the end becomes a stop when a plan goes on from it; nothing goes on here, so it is the end again.
    at_home = last.kind is StopKind.VISIT and last.request_id is None
    stops = (*history[:-1], replace(last, kind=StopKind.END)) if at_home else (*history, end)
    cost_mfen = _history_mfen(snapshot, vehicle) + snapshot.problem.vehicles[vehicle].fixed_mfen
    return Order(itinerary=_itinerary(snapshot, vehicle, plan_id, stops, cost_mfen), assignments=())


def _itinerary(
    snapshot: Snapshot, vehicle: int, plan_id: PlanId, stops: tuple[ItineraryStop, ...], cost_mfen: int
) -> Itinerary:
    crew, day = snapshot.crews[vehicle], snapshot.view.day.isoformat()
    return Itinerary(
        id=itinerary_id(day, crew.vehicle.id),
        plan_id=plan_id,
        vehicle_id=crew.vehicle.id,
        driver_id=crew.driver.id if crew.driver is not None else None,
        region=crew.vehicle.region,
        day=day,
        stops=stops,
        cost_fen=round(cost_mfen / MFEN_PER_FEN),
    )


def _history_mfen(snapshot: Snapshot, vehicle: int) -> int:
    """Distance, time at the wheel and tolls of what is over and therefore not in the route's own cost."""
    history = snapshot.standings[vehicle].history
    if not history:
        return 0
    spec = snapshot.problem.vehicles[vehicle]
    wheel_s = sum(stop.leg_s for stop in history)
    metres, toll_fen = sum(stop.leg_m for stop in history), sum(stop.leg_toll_fen for stop in history)
    return metres * spec.mfen_per_m + wheel_s * spec.mfen_per_s + toll_fen * MFEN_PER_FEN


def _stop(snapshot: Snapshot, stop: Stop, before: Stop | None, legs: LegMatrix) -> ItineraryStop:
    view, point = snapshot.view, snapshot.points[stop.location]
    name, request_id, site_id, group_id = "", None, None, None
    if stop.request is not None and stop.stop is not None:
        request = snapshot.requests[stop.request]
        request_id, name = request.id, request.stops[stop.stop].name
    elif stop.charge_group is not None:
        site_id = snapshot.site_of_group[stop.charge_group]
        group_id = snapshot.problem.charge_groups[stop.charge_group].id
        name = view.sites[site_id].name
    else:
        site_id = snapshot.site_at.get(stop.location)
        name = view.sites[site_id].name if site_id is not None else ""
    fuel_ml, confidence = 0, Confidence.SOURCED.name.lower()
    if before is not None and stop.leg_m > 0:
        fuel_ml = int(legs.fuel_ml[before.location, stop.location])
        weakest = int(legs.confidence[before.location, stop.location])
        confidence = Confidence(weakest).name.lower() if weakest in tuple(Confidence) else _UNKNOWN_CONFIDENCE
    return ItineraryStop(
        kind=StopKind(stop.kind.value),
        name=name,
        lon_wgs84=point.lon_wgs84,
        lat_wgs84=point.lat_wgs84,
        arrive_at=_local(snapshot, stop.arrive_s),
        begin_at=_local(snapshot, stop.begin_s),
        depart_at=_local(snapshot, stop.depart_s),
        load_count=stop.load,
        leg_s=stop.leg_s,
        leg_m=stop.leg_m,
        leg_wh=stop.leg_wh,
        request_id=request_id,
        site_id=site_id,
        charge_wh=stop.charge_wh,
        charged_wh=stop.charged_wh,
        leg_toll_fen=stop.leg_toll_fen,
        leg_confidence=confidence,
        leg_fuel_ml=fuel_ml,
        charge_group_id=group_id,
    )


def _local(snapshot: Snapshot, seconds: int) -> datetime:
    return snapshot.problem.epoch + timedelta(seconds=seconds)


def _assignment(
    snapshot: Snapshot, route: Route, index: int, first: Stop, last: Stop, itinerary: Itinerary
) -> Assignment:
    """Keep the present assignment when vehicle and driver stay (with the new times), else write the next one."""
    request, crew = snapshot.requests[index], snapshot.crews[route.vehicle]
    present = snapshot.view.assignments.get(request.id)
    pickup_at, dropoff_at = _local(snapshot, first.begin_s), _local(snapshot, last.begin_s)
    driver_id = crew.driver.id if crew.driver is not None else None
    if present is not None and present.vehicle_id == crew.vehicle.id and present.driver_id == driver_id:
        if (present.pickup_at, present.dropoff_at) == (pickup_at, dropoff_at):
            return present  # written only when something changes for the driver
        return replace(
            present,
            itinerary_id=itinerary.id,
            plan_id=itinerary.plan_id,
            pickup_at=pickup_at,
            dropoff_at=dropoff_at,
        )
    spec = snapshot.problem.requests[index]
    tier = int(snapshot.tiers[spec.group, snapshot.problem.vehicles[route.vehicle].group])
    return Assignment(
        id=next_assignment_id(snapshot, request.id),
        request_id=request.id,
        itinerary_id=itinerary.id,
        plan_id=itinerary.plan_id,
        vehicle_id=crew.vehicle.id,
        driver_id=driver_id,
        region=crew.vehicle.region,
        pickup_at=pickup_at,
        dropoff_at=dropoff_at,
        offered_at=snapshot.now,
        state=AssignmentState.OFFERED,
        why=f"R069_TIER_{tier}",
        notices=snapshot.ruling.notices(crew.vehicle),
        dispatcher_id=snapshot.ruling.dispatcher_id,
    )


def next_assignment_id(snapshot: Snapshot, request_id: RequestId) -> AssignmentId:
    """Assignments of a request are numbered from 1 in the order in which they were offered."""
    return AssignmentId(f"A-{request_id}-{snapshot.view.offers.get(request_id, 0) + 1}")

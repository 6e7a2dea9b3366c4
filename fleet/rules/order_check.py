"""Written orders held against the rules: the vehicle, the trips on it, the driver's day, the batteries and the charge points.

This judge reads facts and itineraries only. It knows neither the solver's problem nor how permissions were put into it, so that
what one of them got wrong the other finds. A finding names the rule, the vehicle and the trip.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise

from fleet.agreements import Agreement
from fleet.drivers import Driver
from fleet.ids import DriverId, PersonId, RequestId, SiteId, UnitId, VehicleId
from fleet.itineraries import Itinerary, ItineraryStop, StopKind
from fleet.measures import Measure, MeasureKind, find_emergency
from fleet.requests import Priority, TripRequest
from fleet.rules.approvals import field_refusal, separation_refusal
from fleet.rules.energy import (
    SHANGHAI,
    charging_class,
    charging_refusal,
    emergency_charging_refusal,
    emergency_site_power_w,
    reserve_refusal,
)
from fleet.rules.fitness import closure_refusal, duty_refusal, sealing_refusal, state_refusal
from fleet.rules.hours import day_allowance_s
from fleet.rules.jurisdictions import SICHUAN, find_jurisdiction, get_jurisdiction
from fleet.rules.model import RuleBook, RuleView
from fleet.rules.pools import PoolRules
from fleet.rules.priorities import reserve_refusal as ready_refusal
from fleet.rules.refusals import Refusal
from fleet.rules.rentals import vehicle_refusal
from fleet.sites import Site
from fleet.units import Unit
from fleet.vehicles import Duty, Energy, Vehicle

#: A stand at least this long divides two working days of a driver.
OVERNIGHT = timedelta(hours=8)


@dataclass(frozen=True, kw_only=True)
class OrderFacts:
    """What the orders are held against. ``county_of`` names the region of a coordinate (longitude, latitude; WGS-84).

    ``worked`` holds a driver's hours on other days: of the week, and overtime of the month, in seconds. ``urgent_until`` is up
    to when an emergency order may begin to use the ready reserve. ``approvals`` False: nobody knows who approved (a file).
    """

    book: RuleBook
    day: date
    units: Mapping[UnitId, Unit]
    sites: Mapping[SiteId, Site]
    vehicles: Mapping[VehicleId, Vehicle]
    drivers: Mapping[DriverId, Driver]
    requests: Mapping[RequestId, TripRequest]
    urgent_until: datetime
    county_of: Callable[[float, float], str]
    agreements: tuple[Agreement, ...] = ()
    measures: tuple[Measure, ...] = ()
    worked: Mapping[DriverId, tuple[int, int]] = field(default_factory=dict)
    dispatcher_id: PersonId | None = None
    approvals: bool = True

    def view(self, region: str, day: date | None = None) -> RuleView:
        """The rules of a region; of a zone in both provinces those of Sichuan, whose numbers they share."""
        return self.book.at(day or self.day, region if find_jurisdiction(region) is not None else SICHUAN)


@dataclass(frozen=True, kw_only=True)
class OrderFinding:
    """A rule that an order breaks."""

    refusal: Refusal
    vehicle_id: VehicleId
    request_id: RequestId | None = None


def judge_orders(facts: OrderFacts, itineraries: Iterable[Itinerary]) -> tuple[OrderFinding, ...]:
    """Return every rule that the orders of a day break, by vehicle and rule."""
    written = sorted(itineraries, key=lambda own: own.vehicle_id)
    pools = PoolRules(book=facts.book, day=facts.day, agreements=facts.agreements)
    found: list[OrderFinding] = []
    for itinerary in written:
        vehicle = facts.vehicles[itinerary.vehicle_id]
        view = facts.view(vehicle.region)
        found += [
            OrderFinding(refusal=own, vehicle_id=vehicle.id) for own in _of_vehicle(facts, view, vehicle, itinerary)
        ]
        for id in dict.fromkeys(stop.request_id for stop in itinerary.stops if stop.request_id is not None):
            found += [
                OrderFinding(refusal=own, vehicle_id=vehicle.id, request_id=id)
                for own in _of_trip(facts, pools, facts.requests[id], vehicle)
            ]
    found.extend(_of_charging(facts, written))
    found.extend(_of_reserve(facts, written))
    return tuple(sorted(found, key=lambda own: (own.vehicle_id, own.refusal.rule_id, own.request_id or "")))


# ---- a trip in a vehicle


def _of_trip(facts: OrderFacts, pools: PoolRules, trip: TripRequest, vehicle: Vehicle) -> Iterator[Refusal]:
    view = facts.view(trip.region)
    said = [
        duty_refusal(vehicle, unit_id=trip.unit_id, priority=trip.priority, equipment=trip.equipment),
        pools.answer(requester=facts.units[trip.unit_id], owner=facts.units[vehicle.unit_id], vehicle=vehicle).refusal,
        _sealing(facts, trip, vehicle),
        _closure(facts, trip),
    ]
    if facts.approvals:
        said.append(field_refusal(view, trip))
        said.append(
            separation_refusal(
                requester_id=trip.requester_id,
                approver_id=trip.approver_id,
                dispatcher_id=facts.dispatcher_id,
                priority=trip.priority,
            )
        )
    yield from (refusal for refusal in said if refusal is not None)


def _sealing(facts: OrderFacts, trip: TripRequest, vehicle: Vehicle) -> Refusal | None:
    waiver = trip.find_waiver("R078")
    day, last = (trip.stops[number].earliest_at.astimezone(SHANGHAI).date() for number in (0, -1))
    while day <= last:
        refusal = sealing_refusal(
            facts.view(vehicle.region, day),
            vehicle,
            priority=trip.priority,
            exception_reason="" if waiver is None else waiver.reason,
            exception_text="" if waiver is None else waiver.text,
        )
        if refusal is not None:
            return refusal
        day += timedelta(days=1)
    return None


def _closure(facts: OrderFacts, trip: TripRequest) -> Refusal | None:
    touched: set[str] = set()
    closed: set[str] = set()
    for stop in trip.stops:
        county = facts.county_of(stop.lon_wgs84, stop.lat_wgs84)
        touched.add(county)
        for measure in facts.measures:
            holds = measure.holds_between(stop.earliest_at, stop.latest_at + timedelta(seconds=1))
            if measure.kind is MeasureKind.CLOSED and measure.site_id is None and holds and measure.reaches(county):
                closed.add(county)
    waiver = trip.find_waiver("R176")
    return closure_refusal(touched, closed, permit="" if waiver is None else waiver.text)


# ---- a vehicle with its driver and battery


def _of_vehicle(facts: OrderFacts, view: RuleView, vehicle: Vehicle, itinerary: Itinerary) -> Iterator[Refusal]:
    said = [state_refusal(view, vehicle)]
    if vehicle.duty is Duty.RENTAL:
        said.append(vehicle_refusal(view, vehicle))
    driver = None if itinerary.driver_id is None else facts.drivers[itinerary.driver_id]
    if driver is not None:
        said.append(_rest(view, itinerary))
        if vehicle.duty is not Duty.EMERGENCY:  # R118: emergency duty lifts the working day, never the rest
            said.append(_working_day(facts, driver, itinerary))
    battery = vehicle.battery
    if battery is not None and vehicle.energy is Energy.BEV:
        lowest = [stop.charge_wh for stop in itinerary.stops[1:] if stop.charge_wh is not None]
        if lowest:
            said.append(reserve_refusal(view, charge_wh=min(lowest), capacity_wh=battery.capacity_wh))
    said.extend(_closed_home(facts, vehicle, itinerary))
    yield from (refusal for refusal in said if refusal is not None)


def _rest(view: RuleView, itinerary: Itinerary) -> Refusal | None:
    """R116. A leg longer than the limit has its rests in it: so many as are needed from a rested start."""
    most_s, rest_s = view["R116.max_continuous_drive_s"], view["R116.rest_s"]
    driven_s, standing_s = 0, rest_s
    for before, stop in pairwise(itinerary.stops):
        standing_s += round((before.depart_at - before.arrive_at).total_seconds())
        if stop.leg_s == 0:
            continue
        if standing_s >= rest_s:
            driven_s = 0
        standing_s = 0
        rests = max(0, -(-(stop.leg_s - most_s) // (most_s + rest_s)))
        driven_s += stop.leg_s - rests * (most_s + rest_s)
        if driven_s > most_s:
            return Refusal(
                rule_id="R116",
                code="continuous_drive",
                message_zh=f"连续驾驶超过{most_s // 60}分钟未休息满{rest_s // 60}分钟",
                message_en=f"more than {most_s // 60} min at the wheel without a rest of {rest_s // 60} min",
                detail={"driven_s": driven_s, "limit_s": most_s},
            )
    return None


def _working_day(facts: OrderFacts, driver: Driver, itinerary: Itinerary) -> Refusal | None:
    """R117: what lies between two nights, from leaving to the end of the last stop."""
    view = facts.view(driver.region)
    week_s, overtime_s = facts.worked.get(driver.id, (0, 0))
    consent = driver.overtime_consent_on is not None and driver.overtime_consent_on <= facts.day
    most_s = day_allowance_s(view, worked_week_s=week_s, overtime_month_s=overtime_s, consent=consent)
    stops = itinerary.stops
    begin = stops[0].depart_at
    for before, stop in pairwise(stops):
        if stop is not stops[1] and before.depart_at - before.arrive_at >= OVERNIGHT:
            begin = before.depart_at
        end = stop.arrive_at if stop.depart_at - stop.arrive_at >= OVERNIGHT else stop.depart_at
        worked_s = round((end - begin).total_seconds())
        if worked_s > most_s:
            return Refusal(
                rule_id="R117",
                code="day",
                message_zh=f"{driver.name}工作{worked_s // 60}分钟，上限{most_s // 60}分钟",
                message_en=f"{driver.name} works {worked_s // 60} min, at most {most_s // 60}",
                detail={"actual_s": worked_s, "limit_s": most_s},
            )
    return None


def _closed_home(facts: OrderFacts, vehicle: Vehicle, itinerary: Itinerary) -> Iterator[Refusal | None]:
    begin, end = itinerary.stops[0].depart_at, itinerary.stops[-1].depart_at + timedelta(seconds=1)
    for measure in facts.measures:
        if measure.kind is MeasureKind.CLOSED and measure.holds_between(begin, end):
            here = measure.site_id == vehicle.home_site_id if measure.site_id else measure.reaches(vehicle.region)
            place = {str(measure.site_id or measure.region)}
            yield closure_refusal(place, place) if here else None


# ---- charge points, and what stays ready


def _of_charging(facts: OrderFacts, itineraries: Iterable[Itinerary]) -> Iterator[OrderFinding]:
    by_site: defaultdict[SiteId, list[tuple[ItineraryStop, Vehicle]]] = defaultdict(list)
    for itinerary in itineraries:
        vehicle = facts.vehicles[itinerary.vehicle_id]
        for stop in itinerary.stops:
            if stop.kind is StopKind.CHARGE and stop.charge_group_id is not None:
                by_site[SiteId(stop.charge_group_id.rpartition("/")[0])].append((stop, vehicle))
    for site_id, charges in sorted(by_site.items()):
        site = facts.sites[site_id]
        view = facts.view(site.region)
        for stop, vehicle in charges:
            at = stop.begin_at
            present = [(own, car) for own, car in charges if own.begin_at <= at < own.depart_at]
            here = [own for own, _ in present if own.charge_group_id == stop.charge_group_id]
            group = site.charge_groups[int(str(stop.charge_group_id).rpartition("/")[2])]
            emergency = find_emergency(facts.measures, region=site.region, begin=at, end=at + timedelta(seconds=1))
            site_w = site.site_power_w
            if emergency is not None:
                all_w = sum(own.points * own.power_w for own in site.charge_groups)
                full_w = all_w if site_w is None else min(site_w, all_w)
                site_w = emergency_site_power_w(view, full_w, at=at, protected=site.protected)
            said = [
                charging_refusal(
                    view,
                    charging_count=len(here),
                    points_count=group.points,
                    drawn_w=sum(_mean_w(own) for own, _ in present),
                    site_w=site_w,
                )
            ]
            if emergency is not None:
                grade = charging_class(
                    view, duty=vehicle.duty, priority=Priority.ORDINARY, approved_departure_at=at, at=at
                )
                underground = site.car_park is not None and site.car_park.underground
                said.append(emergency_charging_refusal(view, charging_class=grade, at=at, underground=underground))
            for refusal in said:
                if refusal is not None:
                    yield OrderFinding(refusal=refusal, vehicle_id=vehicle.id)


def _mean_w(stop: ItineraryStop) -> int:
    """Mean power of a charge, rounded down: never more than what flows at its peak."""
    seconds = (stop.depart_at - stop.begin_at).total_seconds()
    return int(stop.charged_wh * 3_600 / seconds) if seconds > 0 else 0


def _of_reserve(facts: OrderFacts, itineraries: Iterable[Itinerary]) -> Iterator[OrderFinding]:
    """R161: orders other than urgent ones leave the reserve of each jurisdiction alone."""
    crewed = {own.home_site_id for own in facts.drivers.values() if own.on_duty}
    fleet: defaultdict[str, set[VehicleId]] = defaultdict(set)
    for vehicle in facts.vehicles.values():
        known = find_jurisdiction(vehicle.region) is not None
        ready = known and vehicle.duty is Duty.EMERGENCY and vehicle.home_site_id in crewed
        if ready and state_refusal(facts.view(vehicle.region), vehicle) is None:
            fleet[get_jurisdiction(vehicle.region).code].add(vehicle.id)
    taken: dict[VehicleId, list[TripRequest]] = {}
    for itinerary in itineraries:
        trips = [facts.requests[stop.request_id] for stop in itinerary.stops if stop.request_id is not None]
        if trips:
            taken[itinerary.vehicle_id] = trips
    for code, vehicles in sorted(fleet.items()):
        refusal = ready_refusal(
            facts.view(code),
            emergency_vehicles_count=len(vehicles),
            ready_count=len(vehicles - taken.keys()),
        )
        for id in sorted(vehicles & taken.keys()) if refusal is not None else ():
            for trip in taken[id]:
                if refusal is not None and not _is_urgent(facts, trip):
                    yield OrderFinding(refusal=refusal, vehicle_id=id, request_id=trip.id)


def _is_urgent(facts: OrderFacts, trip: TripRequest) -> bool:
    return trip.priority is Priority.EMERGENCY and trip.stops[0].earliest_at <= facts.urgent_until

"""What a plan begins from: the day with expected times and charges in place of planned ones, and trips that are set free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from dispatch.follow import follow
from dispatch.view import FleetView
from fleet.ids import RequestId, SiteId
from fleet.itineraries import AssignmentState, Itinerary, ItineraryStop, StopKind, without_trips
from fleet.sites import Site
from fleet.vehicle_facts import DayFact
from fleet.vehicles import Vehicle

SMALL_CHARGE_FRAC = 0.02
"""A reading this near to the plan confirms it: gauges show whole percents."""


def expect(view: FleetView, *, now: datetime, free_the_late: bool) -> tuple[FleetView, frozenset[RequestId]]:
    """Return the view with what the reports lead to expect, and the trips that were set free.

    A trip that has not begun and would be picked up too late is free for another vehicle. A stop at a charge point that is out
    is given up unless the vehicle already stands there. A charge that was read moves the charge of all that follows.
    """
    out = _groups_out(view.sites)
    followed = {}
    freed: set[RequestId] = set()
    for vehicle_id, planned in view.itineraries.items():
        itinerary = without_dead_points(planned, out, now) if out else planned
        itinerary = follow(itinerary, assignments=view.assignments, now=now)
        vehicle = view.vehicles.get(vehicle_id)
        if vehicle is not None:
            itinerary = with_read_charge(itinerary, vehicle, view.readings.get(vehicle_id))
        late = frozenset(
            stop.request_id
            for stop in itinerary.stops
            if stop.request_id is not None and stop.kind is StopKind.PICKUP and _too_late(view, stop, now)
        )
        if late and free_the_late:
            freed |= late
            rest = without_trips(itinerary, late)
            if rest is None:
                continue
            itinerary = rest
        followed[vehicle_id] = itinerary
    return replace(view, itineraries=followed), frozenset(freed)


def _too_late(view: FleetView, stop: ItineraryStop, now: datetime) -> bool:
    if stop.request_id is None:
        return False
    request, assignment = view.requests.get(stop.request_id), view.assignments.get(stop.request_id)
    return (
        request is not None
        and assignment is not None
        and assignment.state is AssignmentState.ACCEPTED
        and request.stops[0].latest_at >= now
        and stop.begin_at > request.stops[0].latest_at
    )


def _groups_out(sites: Mapping[SiteId, Site]) -> dict[str, int]:
    """Usable points of every charge group that has some out, by the group's id."""
    return {
        f"{site.id}/{number}": group.usable_points
        for site in sites.values()
        for number, group in enumerate(site.charge_groups)
        if group.out_points
    }


def without_dead_points(itinerary: Itinerary, usable: Mapping[str, int], now: datetime) -> Itinerary:
    """Give up charging at groups with points out, except where it has begun and a point is left."""
    missing_wh = 0
    stops: list[ItineraryStop] = []
    for stop in itinerary.stops:
        gone = stop.charge_group_id in usable and (stop.begin_at > now or usable[str(stop.charge_group_id)] == 0)
        if gone:
            missing_wh += stop.charged_wh
            continue
        if missing_wh and stop.charge_wh is not None:
            stop = replace(stop, charge_wh=max(0, stop.charge_wh - missing_wh))  # noqa: PLW2901
        stops.append(stop)
    return replace(itinerary, stops=tuple(stops)) if missing_wh else itinerary


def with_read_charge(itinerary: Itinerary, vehicle: Vehicle, reading: DayFact | None) -> Itinerary:
    """Shift the charge along the day by how much the newest reading of that day differs from the plan."""
    battery = vehicle.battery
    if battery is None or reading is None or reading.charge_frac is None:
        return itinerary
    planned_wh = _planned_wh(itinerary, reading.at)
    if planned_wh is None:
        return itinerary
    differs_wh = round(reading.charge_frac * battery.capacity_wh) - planned_wh
    if abs(differs_wh) < SMALL_CHARGE_FRAC * battery.capacity_wh:
        return itinerary

    def shifted(stop: ItineraryStop) -> ItineraryStop:
        if stop.charge_wh is None:
            return stop
        return replace(stop, charge_wh=min(battery.capacity_wh, max(0, stop.charge_wh + differs_wh)))

    return replace(itinerary, stops=tuple(shifted(stop) for stop in itinerary.stops))


def _planned_wh(itinerary: Itinerary, at: datetime) -> int | None:
    """The charge that the plan has at an instant, on the way by the share of the drive's time."""
    before: ItineraryStop | None = None
    for stop in itinerary.stops:
        if stop.charge_wh is None:
            return None
        if before is not None and at < stop.arrive_at:
            left_wh = (before.charge_wh or 0) + before.charged_wh
            whole_s = (stop.arrive_at - before.depart_at).total_seconds()
            gone_s = (at - before.depart_at).total_seconds()
            share = 1.0 if whole_s <= 0 else min(1.0, max(0.0, gone_s / whole_s))
            return round(left_wh - share * (left_wh - stop.charge_wh))
        before = stop
    if before is None or before.charge_wh is None:
        return None
    return before.charge_wh + before.charged_wh

"""What the files of a plan are written from: the nouns, the answer, and everything that was assumed on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from api.reason_words import message_of, particulars
from api.wording import Language, Text
from dispatch.plan import Cause
from fleet.drivers import Driver
from fleet.ids import DriverId, RequestId, SiteId, UnitId, VehicleId
from fleet.itineraries import Assignment, Itinerary, StopKind
from fleet.plans import PlanReason, PlanRecord, PlanUnserved
from fleet.requests import TripRequest
from fleet.sites import Site
from fleet.units import Unit
from fleet.vehicles import Vehicle

Line = tuple[tuple[float, float], ...]
"""Longitude and latitude (WGS-84) of the points of a line."""

STOP_WORDS: Mapping[StopKind, Text] = {
    StopKind.START: Text("出车", "Start"),
    StopKind.PICKUP: Text("接客", "Pick up"),
    StopKind.VISIT: Text("途经", "Visit"),
    StopKind.DROPOFF: Text("送达", "Drop off"),
    StopKind.CHARGE: Text("充电", "Charge"),
    StopKind.REST: Text("休息", "Rest"),
    StopKind.END: Text("收车", "End"),
}
CONFIDENCE_WORDS: Mapping[str, Text] = {
    "sourced": Text("有来源", "sourced"),
    "inferred": Text("推算", "inferred"),
    "unverified": Text("未核实", "unverified"),
}
LEFT_OUT_WORDS: Mapping[str, Text] = {
    "out_of_service": Text("停用、封存或已处置", "out of service, sealed or disposed of"),
    "unknown_profile": Text("没有这条能耗曲线", "its drive profile is not known"),
    "unknown_site": Text("停放站点不在登记中", "its home site is not registered"),
    "off_network": Text("停放站点不在路网范围内", "its home site is off the road network"),
    "no_driver": Text("没有可驾驶的驾驶员", "no driver of its site may drive it"),
    "battery_low": Text("电量低于保留电量", "its charge is below the reserve"),
}


@dataclass(frozen=True, kw_only=True)
class RoadLines:
    """The lines of a map: ``legs`` by vehicle and the number of the stop they lead to; ``network`` as a background."""

    legs: Mapping[tuple[VehicleId, int], Line] = field(default_factory=dict)
    network: tuple[Line, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlanBook:
    """One plan with all it refers to.

    ``record.unserved`` names every request without a vehicle, those off the network included. ``violations`` are what the
    independent check found, worded; an empty tuple says that it ran and found none. ``assumptions`` state what the input
    did not say, ``notes`` what intake noticed; ``left_out`` why a vehicle takes no part. ``set_aside`` are requests of the
    input that were not to be planned, with why. ``seconds`` holds the time of each phase.
    """

    record: PlanRecord
    itineraries: tuple[Itinerary, ...]
    assignments: tuple[Assignment, ...]
    requests: Mapping[RequestId, TripRequest]
    vehicles: Mapping[VehicleId, Vehicle]
    drivers: Mapping[DriverId, Driver]
    units: Mapping[UnitId, Unit]
    sites: Mapping[SiteId, Site]
    network_name: str
    lines: RoadLines
    violations: tuple[str, ...] = ()
    assumptions: tuple[Text, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: Mapping[VehicleId, str] = field(default_factory=dict)
    set_aside: Mapping[RequestId, Text] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


def say_reason(reason: PlanReason, language: Language) -> str:
    """Return a reason in words, with its particulars and whether it is proven."""
    detail = reason.detail
    said = message_of(reason.code, detail, language)
    if reason.code == Cause.OFF_NETWORK and "distance_m" in detail:
        distance = Text(
            f"：{detail.get('name', '')} 距最近道路 {detail['distance_m']} 米（限 {detail['limit_m']} 米）",
            f": {detail.get('name', '')} is {detail['distance_m']} m from the nearest road (limit {detail['limit_m']} m)",
        )
        said += distance.say(language)
    elif rest := particulars(detail):
        said += " (" + ", ".join(f"{key}={value}" for key, value in rest.items()) + ")"
    if not reason.proven and reason.code != Cause.UNPROVEN:
        said += Text("（未证明）", " (not proven)").say(language)
    return said


def is_off_network(entry: PlanUnserved) -> bool:
    return any(reason.code == Cause.OFF_NETWORK for reason in entry.reasons)


def off_network_count(book: PlanBook) -> int:
    """Return how many requests have a stop off the road network: no fleet could serve them."""
    return sum(is_off_network(entry) for entry in book.record.unserved)


def say_left_out(code: str, language: Language) -> str:
    words = LEFT_OUT_WORDS.get(code)
    return code if words is None else words.say(language)


def distance_m(itinerary: Itinerary) -> int:
    return sum(stop.leg_m for stop in itinerary.stops)


def with_passengers_m(itinerary: Itinerary) -> int:
    """Metres driven with passengers on board: the load before a stop is that at which the stop before was left."""
    return sum(
        stop.leg_m for before, stop in zip(itinerary.stops, itinerary.stops[1:], strict=False) if before.load_count > 0
    )

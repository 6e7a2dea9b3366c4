"""GBFS 3.0 of the rental cars: https://github.com/MobilityData/gbfs/blob/v3.0/gbfs.md.

Everything public and nothing more: no plate, no renter, and a ``vehicle_id`` that changes after every trip and with the
server's secret, so that no car can be followed from feed to feed. Cars that are out are not told at all, as the
specification asks. ``vehicle_availability`` is of the 3.1 release candidate and is given under its own address only where
it is switched on.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from fleet.rental_calendar import RentalCalendar
from fleet.rental_points import RentalPoint
from fleet.sites import Site
from fleet.tariffs import RentalTariff
from fleet.vehicles import Energy, Vehicle

VERSION = "3.0"
AVAILABILITY_VERSION = "3.1-RC3"
TTL_S = 60
SYSTEM_ID = "chuanyu"
WH_PER_KM = 160
"""Mixed consumption for the range that is told, inside the 136-200 Wh/km of rule R064."""

RESERVE_TIME_MIN = 15
_AHEAD = timedelta(days=7)
_CORNERS = 24
_PROPULSION = {
    Energy.PETROL: "combustion",
    Energy.DIESEL: "combustion_diesel",
    Energy.PHEV: "plug_in_hybrid",
    Energy.BEV: "electric",
    Energy.FCEV: "hydrogen_fuel_cell",
}


@dataclass(frozen=True, kw_only=True)
class Stand:
    """A car with what the feed needs of it: its calendar and the tariff of its provider."""

    vehicle: Vehicle
    calendar: RentalCalendar
    tariff: RentalTariff | None


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The rental service at one instant."""

    now: datetime
    points: Sequence[tuple[Site, RentalPoint]]
    stands: Sequence[Stand]
    secret: bytes
    base_url: str
    contact: str

    def vehicle_id(self, vehicle: Vehicle) -> str:
        """An id that holds from one return to the next."""
        trip = f"{vehicle.id}\x00{vehicle.odometer_m}\x00{vehicle.home_site_id}"
        return hmac.new(self.secret, f"gbfs\x00{trip}".encode(), hashlib.sha256).hexdigest()[:32]

    def is_out(self, stand: Stand) -> bool:
        return any(slot.release_at is None for slot in stand.calendar.slots)

    def is_reserved(self, stand: Stand) -> bool:
        """Whether somebody holds it for now."""
        return any(
            not slot.lapsed(self.now) and slot.from_at - timedelta(minutes=RESERVE_TIME_MIN) <= self.now
            for slot in stand.calendar.slots
        )


def gbfs(picture: Picture) -> dict[str, Any]:
    feeds = [{"name": name, "url": f"{picture.base_url}/gbfs/3.0/{name}.json"} for name in FEEDS]
    return _envelope(picture, {"feeds": feeds})


def system_information(picture: Picture) -> dict[str, Any]:
    return _envelope(
        picture,
        {
            "system_id": SYSTEM_ID,
            "languages": ["zh-CN", "en"],
            "name": _said("川渝公务用车分时租赁", "Sichuan-Chongqing official time-share rental"),
            "opening_hours": "24/7",
            "feed_contact_email": picture.contact,
            "timezone": "Asia/Shanghai",
        },
    )


def vehicle_types(picture: Picture) -> dict[str, Any]:
    """One type per energy, body and battery of the cars in service."""
    types: dict[str, dict[str, Any]] = {}
    for stand in picture.stands:
        own, id = stand.vehicle, type_id(stand.vehicle)
        entry: dict[str, Any] = {
            "vehicle_type_id": id,
            "form_factor": "car",
            "rider_capacity": own.seats + 1,
            "propulsion_type": _PROPULSION[own.energy],
            "name": _said(_NAMES[own.energy][0], _NAMES[own.energy][1]),
            "wheel_count": 4,
            "return_constraint": "any_station",
            "default_reserve_time": RESERVE_TIME_MIN,
            "max_range_meters": _range_m(own, full=True),
        }
        plans = {s.tariff.id for s in picture.stands if s.tariff is not None and type_id(s.vehicle) == id}
        if plans:
            entry |= {"default_pricing_plan_id": min(plans), "pricing_plan_ids": sorted(plans)}
        types[id] = entry
    return _envelope(picture, {"vehicle_types": [types[id] for id in sorted(types)]})


def station_information(picture: Picture) -> dict[str, Any]:
    stations = []
    for site, point in picture.points:
        entry: dict[str, Any] = {
            "station_id": site.id,
            "name": _said(site.name, site.name),
            "lat": site.lat_wgs84,
            "lon": site.lon_wgs84,
            "station_opening_hours": opening_hours(point),
            "parking_type": "parking_lot",
            "is_virtual_station": False,
            "is_charging_station": any(group.points > 0 for group in site.charge_groups),
        }
        if point.bays_count is not None:
            entry["capacity"] = point.bays_count
        stations.append(entry)
    return _envelope(picture, {"stations": stations})


def station_status(picture: Picture) -> dict[str, Any]:
    stations = []
    for site, point in picture.points:
        free = [s for s in picture.stands if s.vehicle.home_site_id == site.id and not picture.is_out(s)]
        free = [stand for stand in free if not picture.is_reserved(stand)]
        counts = Counter(type_id(stand.vehicle) for stand in free)
        entry: dict[str, Any] = {
            "station_id": site.id,
            "num_vehicles_available": len(free),
            "vehicle_types_available": [
                {"vehicle_type_id": id, "count": counts.get(id, 0)}
                for id in sorted({type_id(stand.vehicle) for stand in picture.stands})
            ],
            "is_installed": True,
            "is_renting": point.is_open(picture.now),
            "is_returning": point.takes_returns and point.is_open(picture.now),
            "last_reported": _instant(picture.now),
        }
        if point.bays_count is not None:
            there = sum(1 for s in picture.stands if s.vehicle.home_site_id == site.id and not picture.is_out(s))
            entry["num_docks_available"] = max(0, point.bays_count - there)
        stations.append(entry)
    return _envelope(picture, {"stations": stations})


def vehicle_status(picture: Picture) -> dict[str, Any]:
    known = {site.id for site, _ in picture.points}
    vehicles = []
    for stand in picture.stands:
        own = stand.vehicle
        if picture.is_out(stand) or own.home_site_id not in known:
            continue
        entry: dict[str, Any] = {
            "vehicle_id": picture.vehicle_id(own),
            "vehicle_type_id": type_id(own),
            "station_id": own.home_site_id,
            "is_reserved": picture.is_reserved(stand),
            "is_disabled": False,
            "current_range_meters": _range_m(own, full=False),
            "last_reported": _instant(picture.now),
        }
        if own.battery is not None:
            # From 0 to 1, whatever the name says (GBFS 3.0, vehicle_status.json).
            entry["current_fuel_percent"] = round(own.battery.charge_wh / own.battery.capacity_wh, 2)
        if stand.tariff is not None:
            entry["pricing_plan_id"] = stand.tariff.id
        coming = min((s.from_at for s in stand.calendar.slots if not s.lapsed(picture.now)), default=None)
        if coming is not None and coming > picture.now:
            entry["available_until"] = _instant(coming)
        vehicles.append(entry)
    return _envelope(picture, {"vehicles": sorted(vehicles, key=lambda entry: str(entry["vehicle_id"]))})


def system_pricing_plans(picture: Picture) -> dict[str, Any]:
    """Tariffs as plans: time tiers per minute of a day, kilometre tiers, and the rest in words."""
    tariffs = {stand.tariff.id: stand.tariff for stand in picture.stands if stand.tariff is not None}
    return _envelope(picture, {"plans": [_plan(tariffs[id]) for id in sorted(tariffs)]})


def _plan(tariff: RentalTariff) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "plan_id": tariff.id,
        "name": _said(tariff.name, tariff.id),
        "currency": "CNY",
        "price": tariff.start_fen / 100,
        "is_taxable": False,
        "description": _said(_conditions(tariff, 0), _conditions(tariff, 1)),
    }
    minutes = [
        {"start": tier.from_s // 60, "rate": tier.step_fen / 100, "interval": max(1, tariff.step_s // 60)}
        for tier in tariff.time_tiers
    ]
    for before, after in pairwise(minutes):
        before["end"] = after["start"]
    metres = [
        {"start": (tier.from_m + tariff.included_m) // 1_000, "rate": tier.km_fen / 100, "interval": 1}
        for tier in tariff.distance_tiers
    ]
    for before, after in pairwise(metres):
        before["end"] = after["start"]
    if minutes:
        entry["per_min_pricing"] = minutes
    if metres:
        entry["per_km_pricing"] = metres
    return entry


def _conditions(tariff: RentalTariff, language: int) -> str:
    parts: list[tuple[str, str]] = []
    if tariff.day_cap_fen is not None:
        yuan = f"{tariff.day_cap_fen / 100:g}"
        parts.append((f"每24小时时长费封顶{yuan}元", f"time capped at {yuan} yuan per 24 hours"))
    if tariff.energy_fen_per_kwh:
        yuan = f"{tariff.energy_fen_per_kwh / 100:g}"
        parts.append((f"电费每千瓦时{yuan}元", f"energy {yuan} yuan per kWh"))
    if tariff.one_way_fen:
        yuan = f"{tariff.one_way_fen / 100:g}"
        parts.append((f"异地还车{yuan}元", f"return at another point {yuan} yuan"))
    parts.append(("限已审批的公务出行", "approved official trips only"))
    return ("；" if language == 0 else "; ").join(part[language] for part in parts)


def geofencing_zones(picture: Picture) -> dict[str, Any]:
    """A circle around each point, in which a rental may begin and end; elsewhere it only passes through."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "name": _said(site.name, site.name),
                "rules": [
                    {
                        "ride_start_allowed": True,
                        "ride_end_allowed": point.takes_returns,
                        "ride_through_allowed": True,
                    }
                ],
            },
            "geometry": {"type": "MultiPolygon", "coordinates": [[_circle(site, point.radius_m)]]},
        }
        for site, point in picture.points
    ]
    return _envelope(
        picture,
        {
            "geofencing_zones": {"type": "FeatureCollection", "features": features},
            "global_rules": [{"ride_start_allowed": False, "ride_end_allowed": False, "ride_through_allowed": True}],
        },
    )


def vehicle_availability(picture: Picture) -> dict[str, Any]:
    """Free times of the coming week by car (3.1 release candidate)."""
    vehicles = []
    for stand in picture.stands:
        if picture.is_out(stand):
            continue
        free: list[dict[str, str]] = []
        begin = picture.now
        for slot in sorted(stand.calendar.slots, key=lambda own: own.from_at):
            if slot.lapsed(picture.now):
                continue
            if slot.from_at > begin:
                free.append({"from": _instant(begin), "until": _instant(slot.from_at)})
            begin = max(begin, slot.until_at)
        if begin < picture.now + _AHEAD:
            free.append({"from": _instant(begin), "until": _instant(picture.now + _AHEAD)})
        vehicles.append(
            {
                "vehicle_id": picture.vehicle_id(stand.vehicle),
                "vehicle_type_id": type_id(stand.vehicle),
                "station_id": stand.vehicle.home_site_id,
                "availabilities": free,
            }
        )
    found = _envelope(picture, {"vehicles": sorted(vehicles, key=lambda entry: str(entry["vehicle_id"]))})
    return found | {"version": AVAILABILITY_VERSION}


FEEDS: Mapping[str, Callable[[Picture], dict[str, Any]]] = {
    "system_information": system_information,
    "vehicle_types": vehicle_types,
    "station_information": station_information,
    "station_status": station_status,
    "vehicle_status": vehicle_status,
    "system_pricing_plans": system_pricing_plans,
    "geofencing_zones": geofencing_zones,
}
"""Every feed by its name, the discovery file aside."""

_NAMES = {
    Energy.PETROL: ("汽油轿车", "petrol car"),
    Energy.DIESEL: ("柴油轿车", "diesel car"),
    Energy.PHEV: ("插电混动轿车", "plug-in hybrid"),
    Energy.BEV: ("纯电动轿车", "battery car"),
    Energy.FCEV: ("燃料电池轿车", "fuel-cell car"),
}


def type_id(vehicle: Vehicle) -> str:
    capacity = "" if vehicle.battery is None else f"-{vehicle.battery.capacity_wh // 1_000}kwh"
    return f"{vehicle.energy}-{vehicle.kind}-{vehicle.seats}{capacity}"


def opening_hours(point: RentalPoint) -> str:
    """OpenStreetMap's form, as the specification asks."""
    if point.opens_s == 0 and point.closes_s == 86_400:
        return "24/7"
    return f"Mo-Su {_clock(point.opens_s)}-{_clock(point.closes_s)}"


def _clock(second: int) -> str:
    return f"{second // 3_600:02d}:{second % 3_600 // 60:02d}"


def _range_m(vehicle: Vehicle, *, full: bool) -> int:
    """Metres until the reserve; a car without a traction battery is told with a usual tank of 500 km."""
    battery = vehicle.battery
    if battery is None:
        return 500_000
    wh = battery.capacity_wh if full else battery.charge_wh
    return max(0, round((wh - battery.reserve_frac * battery.capacity_wh) / WH_PER_KM * 1_000))


def _circle(site: Site, radius_m: int) -> list[list[float]]:
    """A closed ring counter-clockwise (RFC 7946)."""
    lat_m = 111_195.0
    lon_m = lat_m * math.cos(math.radians(site.lat_wgs84))
    ring = []
    for corner in range(_CORNERS):
        angle = 2 * math.pi * corner / _CORNERS
        lon = site.lon_wgs84 + radius_m * math.cos(angle) / lon_m
        lat = site.lat_wgs84 + radius_m * math.sin(angle) / lat_m
        ring.append([round(lon, 6), round(lat, 6)])
    return [*ring, ring[0]]


def _said(zh: str, en: str) -> list[dict[str, str]]:
    return [{"text": zh, "language": "zh-CN"}, {"text": en, "language": "en"}]


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _envelope(picture: Picture, data: dict[str, Any]) -> dict[str, Any]:
    return {"last_updated": _instant(picture.now), "ttl": TTL_S, "version": VERSION, "data": data}

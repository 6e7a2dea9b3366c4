"""Positions as devices and gateways send them: read, judged for plausibility, and never taken for more than they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.services import LOCAL_ZONE
from api.wording import Text
from fleet.ids import VehicleId
from fleet.tracks import Position

AHEAD = timedelta(minutes=5)
BEHIND = timedelta(days=30)
FASTEST_MPS = 70.0
"""252 km/h: no road vehicle of a fleet; what goes faster is a slip of the receiver."""

BOX = (97.0, 25.5, 110.6, 34.6)
"""West, south, east and north of what fleets of Sichuan and Chongqing reach: both, and some 30 km around them."""

KNOT_MPS = 0.514444
_EARTH_M = 6_371_008.8


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A position that was not stored; ``index`` is its place in the batch."""

    index: int
    field: str
    message: Text


def implausible(position: Position, *, now: datetime, last: Position | None) -> tuple[str, Text] | None:
    """Say what cannot be true of a position, by field; None when nothing speaks against it."""
    west, south, east, north = BOX
    if not (west <= position.lon_wgs84 <= east and south <= position.lat_wgs84 <= north):
        return "lon_wgs84, lat_wgs84", Text("位置不在川渝及周边", "not in Sichuan, Chongqing or near them")
    if position.at > now + AHEAD:
        return "at", Text("时间在未来", "the time lies in the future")
    if position.at < now - BEHIND:
        return "at", Text("时间早于 30 天前", "more than 30 days ago")
    if position.speed_mps is not None and not 0 <= position.speed_mps <= FASTEST_MPS:
        return "speed_mps", Text("车速超过 252 公里/小时", "faster than 252 km/h")
    if position.charge_frac is not None and not 0 <= position.charge_frac <= 1:
        return "charge_frac", Text("电量须为 0 到 1", "the charge lies between 0 and 1")
    if last is not None and last.at != position.at:
        seconds = abs((position.at - last.at).total_seconds())
        metres = crow_m(last, position)
        # Receivers scatter by some hundred metres between tall buildings.
        if metres > 500 + FASTEST_MPS * seconds:
            return "lon_wgs84, lat_wgs84", Text(
                f"与上一位置相距 {metres / 1000:.0f} 公里，{seconds:.0f} 秒内不可能到达",
                f"{metres / 1000:.0f} km from the last position, out of reach in {seconds:.0f} s",
            )
    return None


def crow_m(a: Position, b: Position) -> float:
    """Great-circle distance (haversine) in metres."""
    lat1, lat2 = math.radians(a.lat_wgs84), math.radians(b.lat_wgs84)
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin(math.radians(b.lon_wgs84 - a.lon_wgs84) / 2) ** 2
    return 2 * _EARTH_M * math.asin(math.sqrt(min(1.0, half)))


def sort_out(
    positions: Sequence[tuple[int, Position]], *, now: datetime, newest: Mapping[VehicleId, Position]
) -> tuple[list[Position], list[Refused]]:
    """Split a batch, given with its places, into what is plausible and what is not, vehicle by vehicle in order of time."""
    last: dict[VehicleId, Position] = dict(newest)
    good: list[Position] = []
    bad: list[Refused] = []
    for index, position in sorted(positions, key=lambda entry: (entry[1].at, entry[0])):
        before = last.get(position.vehicle_id)
        found = implausible(position, now=now, last=before)
        if found is not None:
            bad.append(Refused(index=index, field=found[0], message=found[1]))
            continue
        good.append(position)
        if before is None or before.at <= position.at:
            last[position.vehicle_id] = position
    return good, sorted(bad, key=lambda refused: refused.index)


def from_traccar(body: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Read Traccar's forwarded position: device id, and the fields of ours.

    Traccar's ``forward.type=json`` sends ``{"position": {...}, "device": {...}}`` with speed in knots
    (https://www.traccar.org/forward/, position and device as in its API reference).
    """
    position, device = body["position"], body.get("device") or {}
    attributes = position.get("attributes") or {}
    speed, charge = position.get("speed"), attributes.get("batteryLevel")
    return str(device.get("uniqueId") or position["deviceId"]), {
        "at": datetime.fromisoformat(str(position.get("fixTime") or position["deviceTime"])),
        "lon_wgs84": float(position["longitude"]),
        "lat_wgs84": float(position["latitude"]),
        "speed_mps": None if speed is None else float(speed) * KNOT_MPS,
        "charge_frac": None if charge is None else float(charge) / 100,
    }


def from_gateway(body: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Read one report of a gateway for JT/T 808 or GB/T 32960: terminal, and the fields of ours.

    The gateway decodes the bytes and sends numbers in the units of the standards: JT/T 808-2019 message 0x0200 has millionths
    of a degree, speed in 0.1 km/h and a time of UTC+8 without zone; GB/T 32960.3 has the state of charge in percent. Field
    names: ``terminal, protocol, time, lat_e6, lon_e6, speed_dkmh, soc_percent``.
    """
    at = datetime.strptime(str(body["time"]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=LOCAL_ZONE)
    speed, charge = body.get("speed_dkmh"), body.get("soc_percent")
    return str(body["terminal"]), {
        "at": at,
        "lon_wgs84": int(body["lon_e6"]) / 1_000_000,
        "lat_wgs84": int(body["lat_e6"]) / 1_000_000,
        "speed_mps": None if speed is None else int(speed) / 36,
        "charge_frac": None if charge is None else int(charge) / 100,
    }

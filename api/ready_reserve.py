"""The ready reserve of emergency-support vehicles, centre by centre: what the rule asks for and what stands ready (R161)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from dispatch.agreed import ruling_on
from fleet.documents import decode
from fleet.itineraries import AssignmentState
from fleet.rules.jurisdictions import find_jurisdiction, get_jurisdiction
from fleet.rules.priorities import ready_reserve_count
from fleet.store import Document, FleetStore
from fleet.vehicles import Duty, Vehicle, VehicleState

_BUSY = (
    AssignmentState.OFFERED,
    AssignmentState.ACCEPTED,
    AssignmentState.STARTED,
    AssignmentState.ON_BOARD,
    AssignmentState.DROPPED_OFF,
)


def show_reserve(store: FleetStore, *, now: datetime, day: str) -> list[dict[str, Any]]:
    """Return one entry per centre that has emergency-support vehicles; ``breached`` where fewer stand ready than must.

    A vehicle stands ready when it is in service, has no order of the day, and its charge is above its reserve.
    """
    vehicles: dict[str, list[Vehicle]] = defaultdict(list)
    for document in _all(store, "vehicle", None):
        if document.body["duty"] != Duty.EMERGENCY or find_jurisdiction(str(document.body["region"])) is None:
            continue
        vehicle: Vehicle = decode("vehicle", document.body)
        if vehicle.state is not VehicleState.DISPOSED:
            vehicles[get_jurisdiction(vehicle.region).code].append(vehicle)
    if not vehicles:
        return []
    busy = {
        str(document.body["vehicle_id"])
        for state in _BUSY
        for document in _all(store, "assignment", ("state", state.value))
        if datetime.fromisoformat(str(document.body["dropoff_at"])) >= now and day in str(document.body["itinerary_id"])
    }
    ruling = ruling_on(store, date.fromisoformat(day))
    found = []
    for code, own in sorted(vehicles.items()):
        ready = [vehicle.id for vehicle in own if _is_ready(vehicle) and vehicle.id not in busy]
        needed = ready_reserve_count(ruling.view(code), len(own))
        found.append(
            {
                "region": code,
                "vehicles_count": len(own),
                "needed_count": needed,
                "ready_count": len(ready),
                "ready_vehicle_ids": sorted(ready),
                "breached": len(ready) < needed,
                "rule_id": "R161",
            }
        )
    return found


def _is_ready(vehicle: Vehicle) -> bool:
    battery = vehicle.battery
    charged = battery is None or battery.charge_wh >= battery.capacity_wh * battery.reserve_frac
    return vehicle.state is VehicleState.AVAILABLE and charged


def _all(store: FleetStore, kind: str, where: tuple[str, str] | None) -> Iterator[Document]:
    after = ""
    while True:
        page = store.list(kind, where=where, after=after)
        yield from page.documents
        if page.next_after is None:
            return
        after = page.next_after

"""Names that a trip over the border is read with: the unit that asks, and the vehicle and driver that come (R106, R111).

Only what is needed crosses: plate, kind and office of the vehicle, name and telephone of the driver, and no passengers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.dependencies import render
from fleet.store import Document, FleetStore


def with_unit_name(store: FleetStore) -> Callable[[Document], dict[str, Any]]:
    """Return what shows a request with the name of its unit; each unit is read once."""
    known: dict[str, str] = {}

    def show(document: Document) -> dict[str, Any]:
        id = str(document.body["unit_id"])
        if id not in known:
            unit = store.find("unit", id)
            known[id] = id if unit is None else str(unit.body["name"])
        return {**render(document), "unit_name": known[id]}

    return show


def with_names(store: FleetStore, assignment: Document) -> dict[str, Any]:
    """Return an order with what whoever waits for it must know of vehicle and driver."""
    vehicle = store.find("vehicle", str(assignment.body["vehicle_id"]))
    driver_id = assignment.body["driver_id"]
    driver = None if driver_id is None else store.find("driver", str(driver_id))
    unit = None if vehicle is None else store.find("unit", str(vehicle.body["unit_id"]))
    return {
        **render(assignment),
        "plate": "" if vehicle is None else vehicle.body["plate"],
        "vehicle_kind": None if vehicle is None else vehicle.body["kind"],
        "vehicle_unit_name": "" if unit is None else unit.body["name"],
        "driver_name": "" if driver is None else driver.body["name"],
        "driver_phone": "" if driver is None else driver.body["phone"],
    }

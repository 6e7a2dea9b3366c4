"""Vehicles' days as planned."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.access import READERS
from api.days import DayText
from api.dependencies import Caller, Store, render
from api.paging import After, Limit, list_visible
from fleet.people import Role
from fleet.store import Document

router = APIRouter(prefix="/v1", tags=["itineraries"])


@router.get("/itineraries", summary="List itineraries")
def list_itineraries(
    viewer: Caller,
    store: Store,
    day: DayText | None = None,
    vehicle_id: Annotated[str | None, Query(max_length=64)] = None,
    driver_id: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = 100,
    after: After = "",
) -> dict[str, Any]:
    viewer.require(READERS["itinerary"])
    if viewer.person.roles <= {Role.DRIVER, Role.REQUESTER} and driver_id is None:
        driver_id = viewer.person.driver_id
    where = next(
        (
            (field, value)
            for field, value in (("vehicle_id", vehicle_id), ("driver_id", driver_id), ("day", day))
            if value is not None
        ),
        None,
    )

    def keep(document: Document) -> bool:
        body = document.body
        return (
            (day is None or body["day"] == day)
            and (vehicle_id is None or body["vehicle_id"] == vehicle_id)
            and (driver_id is None or body["driver_id"] == driver_id)
            and viewer.sees("itinerary", body)
        )

    return list_visible(store, "itinerary", where=where, keep=keep, show=render, after=after, limit=limit)

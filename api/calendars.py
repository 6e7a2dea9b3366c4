"""Calendar feeds (RFC 5545): the trips of a driver or of a unit, one event per trip, cancelled ones as cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from icalendar import Calendar, Event

from fleet.itineraries import GONE
from fleet.outside_links import CalendarLink, CalendarScope
from fleet.store import Document, FleetStore

PRODUCT = "-//chuanyu//dispatch//ZH"
BACK = timedelta(days=31)
"""How long past trips stay in the feed."""


def render_feed(link: CalendarLink, store: FleetStore, *, now: datetime) -> bytes:
    """Return the calendar as text/calendar; times are UTC, so that no time zone table is needed."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _name(link, store))
    calendar.add("refresh-interval", timedelta(minutes=15), parameters={"VALUE": "DURATION"})
    orders = _orders_of_driver(link, store) if link.scope is CalendarScope.DRIVER else _orders_of_unit(link, store)
    for order in sorted(orders, key=lambda each: (str(each.body["pickup_at"]), each.id)):
        if datetime.fromisoformat(str(order.body["dropoff_at"])) >= now - BACK:
            calendar.add_component(_event(order, link, store))
    return bytes(calendar.to_ical())


def _event(order: Document, link: CalendarLink, store: FleetStore) -> Event:
    body = order.body
    request = store.get("request", str(body["request_id"]))
    vehicle = store.find("vehicle", str(body["vehicle_id"]))
    stops: list[dict[str, Any]] = list(request.body["stops"])
    plate = "" if vehicle is None else str(vehicle.body["plate"])
    event = Event()
    event.add("uid", f"{order.id}@chuanyu")
    event.add("sequence", order.version - 1)
    event.add("dtstamp", _utc(body["offered_at"]))
    event.add("dtstart", _utc(body["pickup_at"]))
    event.add("dtend", _utc(body["dropoff_at"]))
    places = f"{stops[0]['name']} → {stops[-1]['name']}"
    event.add("summary", f"{places} {plate}" if link.scope is CalendarScope.UNIT else places)
    event.add("location", str(stops[0]["name"]))
    event.add("geo", (float(stops[0]["lat_wgs84"]), float(stops[0]["lon_wgs84"])))
    event.add("description", f"{request.body['purpose']}\n{request.body['passengers']} 人\n{plate}")
    event.add("status", "CANCELLED" if body["state"] in GONE else "CONFIRMED")
    return event


def _utc(text: object) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)


def _name(link: CalendarLink, store: FleetStore) -> str:
    found = store.find(link.scope.value, link.about)
    return link.about if found is None else str(found.body["name"])


def _orders_of_driver(link: CalendarLink, store: FleetStore) -> Iterator[Document]:
    yield from _all(store, "assignment", ("driver_id", link.about))


def _orders_of_unit(link: CalendarLink, store: FleetStore) -> Iterator[Document]:
    for request in _all(store, "request", ("unit_id", link.about)):
        yield from _all(store, "assignment", ("request_id", request.id))


def _all(store: FleetStore, kind: str, where: tuple[str, str]) -> Iterator[Document]:
    after = ""
    while True:
        page = store.list(kind, where=where, after=after)
        yield from page.documents
        if page.next_after is None:
            return
        after = page.next_after

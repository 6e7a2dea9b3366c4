"""Writes that several facts about a trip have in common: its promise, and its stops on a vehicle's day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from api.access import find_assignment_of
from api.services import local_day
from fleet.documents import decode, encode
from fleet.itineraries import MOVABLE, Itinerary, without_trips
from fleet.itineraries import withdraw as withdraw_assignment
from fleet.promises import Promise, PromiseState, end, judge_pickup
from fleet.requests import TripRequest
from fleet.store import Document, FleetStore, Write
from fleet.vehicles import VehicleKind


def provisional_promise(request: TripRequest, answer: Mapping[str, Any], *, now: datetime) -> list[Write]:
    """Keep what a new request was told at once; nothing where it was not a promise."""
    if answer.get("outcome") != "promise":
        return []
    promise = Promise(
        id=request.id,
        region=request.region,
        unit_id=request.unit_id,
        requester_id=request.requester_id,
        day=local_day(request.stops[0].earliest_at),
        pickup_from_at=datetime.fromisoformat(answer["pickup_from_at"]),
        pickup_to_at=datetime.fromisoformat(answer["pickup_to_at"]),
        dropoff_at=datetime.fromisoformat(answer["dropoff_at"]),
        made_at=now,
        vehicle_kind=VehicleKind(answer["vehicle_kind"]),
    )
    return [Write(kind="promise", id=promise.id, expected_version=0, body=encode(promise))]


def end_promise(store: FleetStore, request_id: str) -> list[Write]:
    """Nobody waits any more."""
    document = store.find("promise", request_id)
    if document is None:
        return []
    promise: Promise = decode("promise", document.body)
    return _changed(document, promise, end(promise))


def judge_promise(store: FleetStore, request_id: str, *, at: datetime, tolerance: timedelta) -> list[Write]:
    """Judge the promise now that the passengers are on board."""
    document = store.find("promise", request_id)
    if document is None:
        return []
    promise: Promise = decode("promise", document.body)
    if promise.state is not PromiseState.OPEN:
        return []
    return _changed(document, promise, judge_pickup(promise, at=at, tolerance=tolerance))


def take_from_vehicle(store: FleetStore, request_id: str) -> list[Write]:
    """Withdraw a trip that has not begun, and take its stops out of the vehicle's day at once."""
    found = find_assignment_of(store, request_id)
    if found is None or found.body["state"] not in MOVABLE:
        return []
    withdrawn = withdraw_assignment(decode("assignment", found.body))
    return [
        Write(kind="assignment", id=found.id, expected_version=found.version, body=encode(withdrawn)),
        *clear_stops(store, str(found.body["itinerary_id"]), frozenset({request_id})),
    ]


def clear_stops(store: FleetStore, itinerary_id: str, request_ids: frozenset[Any]) -> list[Write]:
    """Take trips out of an itinerary; with none left it goes."""
    document = store.find("itinerary", itinerary_id)
    if document is None:
        return []
    itinerary: Itinerary = decode("itinerary", document.body)
    if not any(stop.request_id in request_ids for stop in itinerary.stops):
        return []
    left = without_trips(itinerary, request_ids)
    body = None if left is None else encode(left)
    return [Write(kind="itinerary", id=document.id, expected_version=document.version, body=body)]


def _changed(document: Document, before: Any, after: Any) -> list[Write]:
    if before == after:
        return []
    return [Write(kind=document.kind, id=document.id, expected_version=document.version, body=encode(after))]

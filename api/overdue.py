"""What becomes due by the clock alone: orders that nobody answered, approvals that were not added."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from api.services import local_day
from api.trip_writes import clear_stops
from dispatch.view import local_midnight
from fleet import requests as trips
from fleet.documents import decode, encode
from fleet.drivers import Driver
from fleet.errors import IllegalTransition, StaleRevision
from fleet.itineraries import Assignment, AssignmentState, lapse
from fleet.regions import covers
from fleet.store import Commit, Document, FleetStore, Lease, Write

ACTOR = "dispatch"
ANSWER_S = 900
"""How long a driver may take to answer, counted within the shift: 15 min."""


def answer_due_at(assignment: Assignment, driver: Driver | None) -> datetime:
    """When the driver must have answered: 15 min after the offer, or after the begin of the day's shift."""
    begins = assignment.offered_at
    if driver is not None:
        midnight = local_midnight(_day_of(assignment.pickup_at))
        begins = max(begins, midnight + timedelta(seconds=driver.shift.start_s))
    return begins + timedelta(seconds=ANSWER_S)


def _day_of(at: datetime) -> date:
    return date.fromisoformat(local_day(at))


def reopen_unanswered(store: FleetStore, *, now: datetime, area: str, lease: Lease | None = None) -> list[str]:
    """Take orders back that were not answered in time; returns their ids. The next round gives the trips to others."""
    drivers: dict[str, Driver | None] = {}
    lapsed: list[str] = []
    for document in _all(store, "assignment", ("state", AssignmentState.OFFERED.value)):
        assignment: Assignment = decode("assignment", document.body)
        if assignment.driver_id is None or not covers(area, assignment.region):
            continue
        if assignment.driver_id not in drivers:
            found = store.find("driver", assignment.driver_id)
            drivers[assignment.driver_id] = None if found is None else decode("driver", found.body)
        if answer_due_at(assignment, drivers[assignment.driver_id]) > now:
            continue
        try:
            store.commit(_lapse(store, document, assignment, now=now, lease=lease))
        except (StaleRevision, IllegalTransition):
            continue  # answered or taken away just now
        lapsed.append(assignment.id)
    return lapsed


def _lapse(
    store: FleetStore, document: Document, assignment: Assignment, *, now: datetime, lease: Lease | None
) -> Commit:
    stored = store.get("request", assignment.request_id)
    request = trips.withdraw(decode("request", stored.body))
    return Commit(
        type="assignment.lapsed",
        actor=ACTOR,
        at=now,
        region=assignment.region,
        writes=[
            Write(kind="assignment", id=document.id, expected_version=document.version, body=encode(lapse(assignment))),
            Write(kind="request", id=stored.id, expected_version=stored.version, body=encode(request)),
            *clear_stops(store, assignment.itinerary_id, frozenset({assignment.request_id})),
        ],
        data={"request_id": assignment.request_id},
        lease=lease,
    )


def _all(store: FleetStore, kind: str, where: tuple[str, str]) -> Iterator[Document]:
    after = ""
    while True:
        page = store.list(kind, where=where, after=after)
        yield from page.documents
        if page.next_after is None:
            return
        after = page.next_after

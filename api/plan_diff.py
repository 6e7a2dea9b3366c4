"""Two plans of a day beside each other: whose trip changes, by how much, and who must be told."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from api.access import Viewer
from api.problems import FieldError, InvalidInput
from api.wording import Text
from fleet.documents import decode
from fleet.plans import PlanChanges, TripChange
from fleet.store import Document, FleetStore


def compare(earlier: Document, later: Document, viewer: Viewer, store: FleetStore) -> dict[str, Any]:
    """Return what every plan after ``earlier`` up to ``later`` changed, taken together; asked backwards, the way back.

    Raises
    ------
    InvalidInput
        If the two are of different days.
    """
    day = str(later.body["day"])
    if earlier.body["day"] != day:
        raise InvalidInput(
            [
                FieldError(
                    field="b",
                    value=later.id,
                    message=Text("两个方案不是同一天", "the plans are of different days"),
                    remedy=Text(f"选 {earlier.body['day']} 的方案", f"a plan of {earlier.body['day']}"),
                )
            ]
        )
    first, last = sorted((_order(earlier), _order(later)))
    backwards = _order(earlier) > _order(later)
    found: dict[str, TripChange] = {}
    notices: dict[str, list[str]] = {}
    for changes in _of_day(store, day):
        if not first < (changes.created_at, changes.id) <= last:
            continue
        for change in changes.changes:
            known = found.get(change.request_id)
            found[change.request_id] = change if known is None else _joined(known, change)
            if change.notice_id is not None:
                notices.setdefault(change.request_id, []).append(change.notice_id)
    items = []
    told_persons: set[str] = set()
    told_drivers: set[str] = set()
    for request_id, change in sorted(found.items()):
        if _before(change) == _after(change):
            continue
        request = store.find("request", request_id)
        if request is None or not viewer.sees("request", request.body):
            continue
        shown = _turned(change) if backwards else change
        must = sorted({str(d) for d in (shown.before_driver_id, shown.after_driver_id) if d is not None})
        moved_s = (
            round((shown.after_pickup_at - shown.before_pickup_at).total_seconds())
            if shown.before_pickup_at is not None and shown.after_pickup_at is not None
            else None
        )
        told_persons.add(str(request.body["requester_id"]))
        told_drivers.update(must)
        items.append(
            {
                **{name: value for name, value in _json(shown).items() if name != "notice_id"},
                "change": _word(shown),
                "moved_s": moved_s,
                "requester_id": request.body["requester_id"],
                "driver_ids": must,
                "notice_ids": notices.get(request_id, []),
            }
        )
    return {
        "a": earlier.id,
        "b": later.id,
        "day": day,
        "items": items,
        "told": {"requester_ids": sorted(told_persons), "driver_ids": sorted(told_drivers)},
    }


def _order(plan: Document) -> tuple[datetime, str]:
    return datetime.fromisoformat(str(plan.body["created_at"])), plan.id


def _of_day(store: FleetStore, day: str) -> list[PlanChanges]:
    found: list[PlanChanges] = []
    after = ""
    while True:
        page = store.list("plan_changes", where=("day", day), after=after)
        found += [decode("plan_changes", document.body) for document in page.documents]
        if page.next_after is None:
            return sorted(found, key=lambda changes: (changes.created_at, changes.id))
        after = page.next_after


def _joined(first: TripChange, second: TripChange) -> TripChange:
    return replace(
        second,
        before_vehicle_id=first.before_vehicle_id,
        before_driver_id=first.before_driver_id,
        before_pickup_at=first.before_pickup_at,
    )


def _turned(change: TripChange) -> TripChange:
    return replace(
        change,
        before_vehicle_id=change.after_vehicle_id,
        before_driver_id=change.after_driver_id,
        before_pickup_at=change.after_pickup_at,
        after_vehicle_id=change.before_vehicle_id,
        after_driver_id=change.before_driver_id,
        after_pickup_at=change.before_pickup_at,
    )


def _before(change: TripChange) -> tuple[object, ...]:
    return change.before_vehicle_id, change.before_driver_id, change.before_pickup_at


def _after(change: TripChange) -> tuple[object, ...]:
    return change.after_vehicle_id, change.after_driver_id, change.after_pickup_at


def _word(change: TripChange) -> str:
    if change.before_vehicle_id is None:
        return "placed"
    if change.after_vehicle_id is None:
        return "dropped"
    if change.before_vehicle_id != change.after_vehicle_id:
        return "other_vehicle"
    if change.before_driver_id != change.after_driver_id:
        return "other_driver"
    return "other_time"


def _json(change: TripChange) -> dict[str, Any]:
    body = asdict(change)
    for name in ("before_pickup_at", "after_pickup_at"):
        body[name] = None if body[name] is None else body[name].isoformat()
    return body

"""What a drill proves: nobody counted on twice, nobody stranded, every promise kept or told, and how little was moved."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from api.drill.day import Day
from fleet.documents import decode
from fleet.itineraries import GONE, Assignment, AssignmentState
from fleet.promises import NoticeReason, PromiseState
from fleet.requests import RequestState
from fleet.store import FleetStore

MOVED_LIMIT_FRAC = 0.05
TOLD_WITHIN = timedelta(minutes=5)


def report_on(day: Day, store: FleetStore) -> dict[str, Any]:
    """Judge the day from the store's own documents; ``faults`` names every breach, and is empty for a day that holds."""
    requests = {r.id: r for r in _every(store, "request")}
    assignments: list[Assignment] = _every(store, "assignment")
    promises = {p.id: p for p in _every(store, "promise")}
    notices = _every(store, "notice")
    faults = [
        *_booked_twice(assignments),
        *_below_reserve(store),
        *_broken_promises(promises, notices),
        *_untold(day, notices),
        *_inconsistent(requests, assignments),
    ]
    served = [a for a in assignments if a.state is AssignmentState.FINISHED]
    moved = {
        notice.request_id
        for notice in notices
        if notice.before_vehicle_id is not None and notice.after_vehicle_id not in (None, notice.before_vehicle_id)
    }
    promised = [p for p in promises.values() if p.vehicle_id is not None]
    share = len(moved) / len(promised) if promised else 0.0
    if share >= MOVED_LIMIT_FRAC:
        faults.append(f"{share:.1%} of promised trips moved to another vehicle, below {MOVED_LIMIT_FRAC:.0%} asked")
    return {
        "day": day.day.isoformat(),
        "requests_count": len(requests),
        "finished_count": len(served),
        "promises": _count(str(p.state) for p in promises.values()),
        "notices": _count(f"{n.kind}/{n.reason}" for n in notices),
        "moved_frac": round(share, 4),
        "requests": _count(str(r.state) for r in requests.values()),
        "played": asdict(day.played),
        "emergencies_without_vehicle": [each["id"] for each in day.played.emergencies if each["vehicle_id"] is None],
        "calls": day.people.calls,
        "refusals": day.people.refusals,
        "faults": faults,
        "digest": _digest(requests, assignments, promises),
    }


def _every(store: FleetStore, kind: str) -> list[Any]:
    found: list[Any] = []
    after = ""
    while True:
        page = store.list(kind, after=after)
        found += [decode(kind, document.body) for document in page.documents]
        if page.next_after is None:
            return found
        after = page.next_after


def _count(words: Any) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for word in words:
        counts[word] += 1
    return dict(sorted(counts.items()))


def _booked_twice(assignments: list[Assignment]) -> list[str]:
    """A request has one live order, and a driver is on one tour at a time unless people share the ride."""
    faults = []
    live: dict[str, list[str]] = defaultdict(list)
    for assignment in assignments:
        if assignment.state not in GONE:
            live[assignment.request_id].append(assignment.id)
    faults += [f"request {id} has the orders {orders}" for id, orders in sorted(live.items()) if len(orders) > 1]
    drives: dict[str, list[tuple[datetime, datetime, Assignment]]] = defaultdict(list)
    for assignment in assignments:
        at = {report.action: report.at for report in assignment.reports}
        if assignment.driver_id is not None and "pick_up" in at and "drop_off" in at:
            drives[assignment.driver_id].append((at["pick_up"], at["drop_off"], assignment))
    for driver_id, spans in sorted(drives.items()):
        spans.sort(key=lambda span: (span[0], span[2].id))
        for (_, end, one), (begin, _, other) in pairwise(spans):
            if begin < end and one.vehicle_id != other.vehicle_id:
                faults.append(f"driver {driver_id} drove {one.id} and {other.id} at once")
    return faults


def _below_reserve(store: FleetStore) -> list[str]:
    reserves = {
        v.id: v.battery.capacity_wh * v.battery.reserve_frac for v in _every(store, "vehicle") if v.battery is not None
    }
    return [
        f"vehicle {itinerary.vehicle_id} has {stop.charge_wh} Wh at {stop.name}"
        for itinerary in _every(store, "itinerary")
        for stop in itinerary.stops
        if stop.charge_wh is not None and stop.charge_wh < reserves.get(itinerary.vehicle_id, 0) - 1
    ]


def _broken_promises(promises: dict[Any, Any], notices: list[Any]) -> list[str]:
    told: dict[str, int] = defaultdict(int)
    for notice in notices:
        told[notice.request_id] += 1
    faults = []
    for id, promise in sorted(promises.items()):
        if promise.state is PromiseState.MISSED:
            faults.append(f"promise {id} was missed without a notice in time")
        if promise.state is PromiseState.WITHDRAWN and not told[id]:
            faults.append(f"promise {id} was taken back without a notice")
        if promise.notices_count != told[id]:
            faults.append(f"promise {id} counts {promise.notices_count} notices, {told[id]} were told")
    return faults


def _untold(day: Day, notices: list[Any]) -> list[str]:
    """Whoever made way for an emergency was told within 5 min (R162)."""
    faults = []
    for emergency in day.played.emergencies:
        at = datetime.fromisoformat(emergency["at"])
        for request_id in emergency["displaced"]:
            heard = [
                n.at
                for n in notices
                if n.request_id == request_id and n.reason is NoticeReason.EMERGENCY and n.at >= at
            ]
            if not heard or min(heard) > at + TOLD_WITHIN:
                faults.append(f"request {request_id} made way for {emergency['id']} and was not told in 5 min")
    return faults


def _inconsistent(requests: dict[Any, Any], assignments: list[Assignment]) -> list[str]:
    """Whoever is assigned has an order, and no order is of somebody who cancelled."""
    live = {a.request_id: a for a in assignments if a.state not in GONE}
    faults = []
    for id, request in sorted(requests.items()):
        if request.state in (RequestState.ASSIGNED, RequestState.UNDER_WAY) and id not in live:
            faults.append(f"request {id} is {request.state} without an order")
        if request.state is RequestState.CANCELLED and id in live:
            faults.append(f"request {id} was cancelled and still has the order {live[id].id}")
    return faults


def _digest(requests: dict[Any, Any], assignments: list[Assignment], promises: dict[Any, Any]) -> str:
    """The same seed gives the same day: what became of everybody, in one number."""
    facts = [
        sorted((id, str(request.state)) for id, request in requests.items()),
        sorted((a.id, a.vehicle_id, str(a.state), a.pickup_at.isoformat()) for a in assignments),
        sorted((id, str(p.state), p.pickup_from_at.isoformat()) for id, p in promises.items()),
    ]
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()

"""Where the day really is: an itinerary with the times that the drivers' reports lead to expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fleet.ids import RequestId
from fleet.itineraries import Assignment, AssignmentState, DriverReport, Itinerary, ItineraryStop

GRACE_S = 300
"""Nobody is late before so many seconds have gone by: taps come a little after the deed."""

SHIFT_S = 60
"""Being later by less than this is not worth another itinerary."""

_OVER = frozenset({AssignmentState.DROPPED_OFF, AssignmentState.FINISHED})


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What is known of one trip: when each step really was, and until when its driver expects to stand still."""

    state: AssignmentState
    started_at: datetime | None
    arrived_at: datetime | None
    picked_up_at: datetime | None
    dropped_off_at: datetime | None
    delay: DriverReport | None


def follow(itinerary: Itinerary, *, assignments: Mapping[RequestId, Assignment], now: datetime) -> Itinerary:
    """Return the itinerary with expected times in place of planned ones; the same object where the day runs as planned.

    Facts move what comes after them, later only: who is ahead of the plan waits for its next time. A driver who answers
    through the app and has not set off ``GRACE_S`` after the planned time leaves now at the earliest. A driver who never
    tapped is taken to drive as planned.
    """
    facts = {
        id: _facts(assignment)
        for stop in itinerary.stops
        if (id := stop.request_id) is not None
        and (assignment := assignments.get(id)) is not None
        and assignment.vehicle_id == itinerary.vehicle_id
    }
    if not any(_tells(each) for each in facts.values()):
        return itinerary
    now = now.replace(microsecond=0)
    last: dict[RequestId | None, int] = {
        stop.request_id: number for number, stop in enumerate(itinerary.stops) if stop.request_id is not None
    }
    stops = list(itinerary.stops)
    seen: dict[RequestId, int] = {}
    for number in range(1, len(stops)):
        planned, before = itinerary.stops[number], stops[number - 1]
        id = planned.request_id
        known: _Facts | None = None
        index = 0
        if id is not None:
            known = facts.get(id)
            index = seen.get(id, 0)
            seen[id] = index + 1
        stops[number] = _expect(
            planned,
            itinerary.stops[number - 1],
            before,
            known,
            index=index,
            is_last=id is not None and last[id] == number,
            now=now,
        )
    shifted = any(
        max(new.begin_at - old.begin_at, new.depart_at - old.depart_at).total_seconds() >= SHIFT_S
        for new, old in zip(stops, itinerary.stops, strict=True)
    )
    return replace(itinerary, stops=tuple(stops)) if shifted else itinerary


def _expect(
    planned: ItineraryStop,
    planned_before: ItineraryStop,
    before: ItineraryStop,
    known: _Facts | None,
    *,
    index: int,
    is_last: bool,
    now: datetime,
) -> ItineraryStop:
    drive = min(timedelta(seconds=planned.leg_s), max(timedelta(0), planned.arrive_at - planned_before.depart_at))
    arrive = max(planned.arrive_at, before.depart_at + drive)
    grace = timedelta(seconds=GRACE_S)
    if known is not None and index == 0:
        if known.picked_up_at is not None:
            left = max(known.picked_up_at, before.depart_at)
            arrive = min(max(known.arrived_at or planned.arrive_at, before.depart_at), left)
            return replace(planned, arrive_at=arrive, begin_at=min(max(planned.begin_at, arrive), left), depart_at=left)
        if known.arrived_at is not None:
            arrive = max(known.arrived_at, before.depart_at)
        elif known.started_at is not None:
            arrive = max(arrive, known.started_at + drive)
            arrive = max(arrive, now) if arrive + grace < now else arrive
        elif known.state is AssignmentState.ACCEPTED and planned.begin_at - drive + grace < now:
            arrive = max(arrive, now + drive)
    elif known is not None and is_last:
        if known.dropped_off_at is not None:
            out = max(known.dropped_off_at, before.depart_at)
            arrive = min(max(planned.arrive_at, before.depart_at), out)
            return replace(planned, arrive_at=arrive, begin_at=arrive, depart_at=out)
        if known.state is AssignmentState.ON_BOARD and arrive + grace < now:
            arrive = now
    begin = max(planned.begin_at, arrive)
    depart = max(planned.depart_at, begin + (planned.depart_at - planned.begin_at))
    if known is not None and known.arrived_at is not None and index == 0 and depart + grace < now:
        depart = now  # at the pick-up, and nobody has come yet
    delay = None if known is None else known.delay
    if delay is not None and delay.expected_at is not None and _concerns(delay, known, planned, index, is_last):
        depart = max(depart, delay.expected_at)
    return replace(planned, arrive_at=arrive, begin_at=begin, depart_at=depart)


def _concerns(delay: DriverReport, known: _Facts | None, planned: ItineraryStop, index: int, is_last: bool) -> bool:
    """Whether a delay was told at this stop: at the pick-up before anybody was on board, else where the vehicle stood."""
    if known is None or known.picked_up_at is None or delay.at < known.picked_up_at:
        return index == 0
    return not is_last and index > 0 and planned.depart_at >= delay.at - timedelta(seconds=GRACE_S)


def _tells(facts: _Facts) -> bool:
    return facts.state in (AssignmentState.ACCEPTED, *_OVER) or facts.started_at is not None


def _facts(assignment: Assignment) -> _Facts:
    return _Facts(
        state=assignment.state,
        started_at=_at(assignment.reports, "start"),
        arrived_at=_at(assignment.reports, "arrive"),
        picked_up_at=_at(assignment.reports, "pick_up"),
        dropped_off_at=_at(assignment.reports, "drop_off"),
        delay=next((r for r in reversed(assignment.reports) if r.action == "delay"), None),
    )


def _at(reports: Sequence[DriverReport], action: str) -> datetime | None:
    found = next((report.at for report in reports if report.action == action), None)
    return None if found is None else found.replace(microsecond=0)

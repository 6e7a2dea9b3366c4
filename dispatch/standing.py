"""Where each vehicle stands in its day: what is done, what is under way or frozen, and from where it can be planned anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fleet.ids import RequestId
from fleet.itineraries import Assignment, AssignmentState, Itinerary, ItineraryStop, StopKind

_BEGUN = frozenset({AssignmentState.STARTED, AssignmentState.ON_BOARD})
_BREAKS = frozenset({StopKind.REST, StopKind.CHARGE})
_PAUSES = _BREAKS | {StopKind.END}
_DONE = frozenset({AssignmentState.DROPPED_OFF, AssignmentState.FINISHED})


@dataclass(frozen=True, kw_only=True)
class FrozenStop:
    """A stop that keeps its place. ``request_id`` None: nothing of it is left to decide; ``index`` counts a request's stops."""

    stop: ItineraryStop
    request_id: RequestId | None
    index: int


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a vehicle enters a new plan.

    ``settled`` are the trips in ``history``: over by the plan, whether the driver reported it or not.

    Either the whole frozen part of its itinerary is handed over in ``frozen`` and the plan begins at ``first``, where the
    itinerary began; or all that is frozen is over and the vehicle has rested: then it is ``history``, and the plan begins at
    ``last`` not before ``free_at``. A car without a driver needs no rest: what is over becomes ``history`` at once, and
    ``first`` is where it stands before the trips in ``frozen``.
    """

    history: tuple[ItineraryStop, ...] = ()
    first: ItineraryStop | None = None
    frozen: tuple[FrozenStop, ...] = ()
    last: ItineraryStop | None = None
    free_at: datetime | None = None

    @property
    def settled(self) -> frozenset[RequestId]:
        return frozenset(stop.request_id for stop in self.history if stop.request_id is not None)


def stand(
    itinerary: Itinerary,
    *,
    assignments: Mapping[RequestId, Assignment],
    now: datetime,
    freeze_s: int,
    rest_s: int,
    driverless: bool = False,
) -> Standing:
    """Split an itinerary at the last stop that is done, under way, or begins within the freeze horizon.

    A stop is frozen when the drive to it begins within ``freeze_s`` from now (drivers are taken to leave in time, not to wait
    at the next stop), or when it belongs to a trip that the driver has begun; the way home only once it was begun. Whatever
    lies before a frozen stop is frozen. Stops of trips that this vehicle no longer has are left out.
    """
    stops = itinerary.stops
    count = _frozen_count(itinerary, assignments, now, now + timedelta(seconds=freeze_s))
    if count <= 1:
        return Standing()
    count = _with_pauses(stops, count)
    frozen: list[FrozenStop] = []
    seen: dict[RequestId, int] = {}
    for stop in stops[1:count]:
        request_id = stop.request_id
        if request_id is None:
            frozen.append(FrozenStop(stop=stop, request_id=None, index=0))
            continue
        index = seen.get(request_id, 0)
        seen[request_id] = index + 1
        assignment = assignments.get(request_id)
        if assignment is not None and assignment.vehicle_id == itinerary.vehicle_id:
            undecided = None if assignment.state in _DONE else request_id
            frozen.append(FrozenStop(stop=stop, request_id=undecided, index=index))
    if not frozen:
        return Standing()
    last = frozen[-1].stop
    open_ends = {f.request_id for f in frozen if f.request_id} - _completed(stops, count)
    # By the plan it may be over, but a driver who reported the start and not the end is taken at his word.
    open_ends |= {f.request_id for f in frozen if f.request_id and assignments[f.request_id].state in _BEGUN}
    home = last.kind is StopKind.END
    rest_s = 0 if driverless else rest_s
    if not open_ends and (home or last.depart_at + timedelta(seconds=rest_s) <= now):
        over = (replace(f.stop, kind=StopKind.VISIT) if f.stop.kind is StopKind.END else f.stop for f in frozen)
        rested_at = last.depart_at + timedelta(seconds=rest_s)
        return Standing(history=(stops[0], *over), last=last, free_at=max(rested_at, now))
    frozen = [f for f in frozen if f.stop.kind is not StopKind.END]
    done = _done_count(frozen, open_ends, now) if driverless else 0
    if done:
        history = (stops[0], *(f.stop for f in frozen[:done]))
        return Standing(history=history, first=_standing_start(history[-1]), frozen=tuple(frozen[done:]))
    frozen[-1] = replace(frozen[-1], stop=replace(frozen[-1].stop, depart_at=max(frozen[-1].stop.depart_at, now)))
    return Standing(first=stops[0], frozen=tuple(frozen))


def _done_count(frozen: list[FrozenStop], open_ends: set[RequestId], now: datetime) -> int:
    """Number of leading stops after which the car is free, everything before them being over; fewer than all of them."""
    done = 0
    for number, entry in enumerate(frozen[:-1], start=1):
        if entry.stop.depart_at > now or entry.request_id in open_ends:
            break
        if entry.stop.load_count == 0:
            done = number
    return done


def _standing_start(stop: ItineraryStop) -> ItineraryStop:
    """A start where and when a stop ended."""
    return replace(
        stop,
        kind=StopKind.START,
        arrive_at=stop.depart_at,
        begin_at=stop.depart_at,
        leg_s=0,
        leg_m=0,
        leg_wh=0,
        leg_toll_fen=0,
        leg_fuel_ml=0,
        request_id=None,
        charge_wh=None if stop.charge_wh is None else stop.charge_wh + stop.charged_wh,
        charged_wh=0,
        charge_group_id=None,
    )


def _frozen_count(
    itinerary: Itinerary, assignments: Mapping[RequestId, Assignment], now: datetime, until: datetime
) -> int:
    """Number of leading stops that are frozen, the start included."""
    stops = itinerary.stops
    count = 1 if stops else 0
    for number in range(1, len(stops)):
        stop = stops[number]
        leave_at = max(stops[number - 1].depart_at, stop.begin_at - timedelta(seconds=stop.leg_s))
        if leave_at <= (now if stop.kind is StopKind.END else until):
            count = number + 1
            continue
        request_id = stop.request_id
        assignment = assignments.get(request_id) if request_id else None
        if (
            assignment is not None
            and assignment.vehicle_id == itinerary.vehicle_id
            and assignment.state in _BEGUN
            and request_id not in {s.request_id for s in stops[:number]}
        ):
            count = number + 1
    return count


def _with_pauses(stops: tuple[ItineraryStop, ...], count: int) -> int:
    """Where nothing but pauses and charging lies before the end, they stay: the way home was planned with them."""
    if any(stop.kind not in _PAUSES for stop in stops[count:]):
        return count
    return max([count, *(number + 1 for number, stop in enumerate(stops) if stop.kind in _BREAKS and number >= count)])


def _completed(stops: tuple[ItineraryStop, ...], count: int) -> set[RequestId]:
    """Requests whose last stop lies among the first ``count`` stops."""
    later = {stop.request_id for stop in stops[count:]}
    return {stop.request_id for stop in stops[1:count] if stop.request_id and stop.request_id not in later}

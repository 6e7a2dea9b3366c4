"""What was promised: a vehicle's itinerary, and one assignment (派车单) per request on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from fleet.errors import IllegalTransition
from fleet.ids import AssignmentId, DriverId, ItineraryId, PersonId, PlanId, RegionCode, RequestId, SiteId, VehicleId


class StopKind(StrEnum):
    START = "start"
    PICKUP = "pickup"
    VISIT = "visit"
    DROPOFF = "dropoff"
    CHARGE = "charge"
    REST = "rest"
    END = "end"


@dataclass(frozen=True, kw_only=True)
class ItineraryStop:
    """One planned stop; the ``leg_*`` fields describe the drive that leads to it.

    ``leg_confidence`` is the weakest confidence of the roads on that drive: ``sourced``, ``inferred`` or ``unverified``.
    """

    kind: StopKind
    name: str
    lon_wgs84: float
    lat_wgs84: float
    arrive_at: datetime
    begin_at: datetime
    depart_at: datetime
    load_count: int
    leg_s: int
    leg_m: int
    leg_wh: int
    request_id: RequestId | None = None
    site_id: SiteId | None = None
    charge_wh: int | None = None
    charged_wh: int = 0
    leg_toll_fen: int = 0
    leg_confidence: str = "sourced"
    leg_fuel_ml: int = 0
    charge_group_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Itinerary:
    """A vehicle's work of one day, in order. ``cost_fen`` is the planned operating cost."""

    id: ItineraryId
    plan_id: PlanId
    vehicle_id: VehicleId
    driver_id: DriverId | None
    region: RegionCode
    day: str
    stops: tuple[ItineraryStop, ...]
    cost_fen: int


class AssignmentState(StrEnum):
    """How far an order is.

    ``LAPSED``: the driver did not answer in time. ``ABSENT``: nobody came to the pick-up. ``BROKEN_OFF``: the vehicle could
    not go on after it had set off.
    """

    OFFERED = "offered"
    ACCEPTED = "accepted"
    STARTED = "started"
    ON_BOARD = "on_board"
    DROPPED_OFF = "dropped_off"
    FINISHED = "finished"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "unanswered"
    ABSENT = "absent"
    BROKEN_OFF = "broken_off"


#: States in which an assignment binds nobody any more, and whoever asked has no vehicle by it.
GONE = frozenset(
    {
        AssignmentState.DECLINED,
        AssignmentState.WITHDRAWN,
        AssignmentState.LAPSED,
        AssignmentState.ABSENT,
        AssignmentState.BROKEN_OFF,
    }
)
#: Given to a driver and not begun: a plan may still take it away.
MOVABLE = frozenset({AssignmentState.OFFERED, AssignmentState.ACCEPTED})
#: Under way: the vehicle has set off for it.
BEGUN = frozenset({AssignmentState.STARTED, AssignmentState.ON_BOARD})

#: action -> (states it is possible in, state it leads to)
DRIVER_ACTIONS: dict[str, tuple[frozenset[AssignmentState], AssignmentState]] = {
    "accept": (frozenset({AssignmentState.OFFERED}), AssignmentState.ACCEPTED),
    "decline": (frozenset({AssignmentState.OFFERED, AssignmentState.ACCEPTED}), AssignmentState.DECLINED),
    "start": (frozenset({AssignmentState.ACCEPTED}), AssignmentState.STARTED),
    "pick_up": (frozenset({AssignmentState.STARTED}), AssignmentState.ON_BOARD),
    "drop_off": (frozenset({AssignmentState.ON_BOARD}), AssignmentState.DROPPED_OFF),
    "finish": (frozenset({AssignmentState.DROPPED_OFF}), AssignmentState.FINISHED),
    "absent": (frozenset({AssignmentState.STARTED}), AssignmentState.ABSENT),
}

#: What a driver tells of a trip that leaves its state as it is, and the states in which it can be said.
DRIVER_NEWS: dict[str, frozenset[AssignmentState]] = {
    "arrive": frozenset({AssignmentState.STARTED}),
    "delay": frozenset({AssignmentState.ACCEPTED, AssignmentState.STARTED, AssignmentState.ON_BOARD}),
}


@dataclass(frozen=True, kw_only=True)
class DriverReport:
    """A driver's tap: what was done, when it happened at the wheel and when the service heard of it.

    ``passengers`` is how many really came on board, where the driver counted them. ``expected_at`` is, with a delay, when
    the vehicle can go on from where it stands. ``implied``: nobody told it, a later step that came first says that it was so.
    """

    action: str
    at: datetime
    received_at: datetime
    odometer_m: int | None = None
    charge_frac: float | None = None
    reason: str = ""
    passengers: int | None = None
    expected_at: datetime | None = None
    implied: bool = False


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A request given to a vehicle and its driver. ``why`` says in a code what decided for this vehicle (rule R083).

    ``pinned_by`` is the dispatcher who fixed it to this vehicle: no plan moves it.
    ``notices`` are rules that warn about the trip without stopping it, such as ``R045`` for a vehicle without marking;
    ``dispatcher_id`` is who had the plan made, None for the machine (R156).
    """

    id: AssignmentId
    request_id: RequestId
    itinerary_id: ItineraryId
    plan_id: PlanId
    vehicle_id: VehicleId
    driver_id: DriverId | None
    region: RegionCode
    pickup_at: datetime
    dropoff_at: datetime
    offered_at: datetime
    state: AssignmentState = AssignmentState.OFFERED
    why: str = ""
    pinned_by: PersonId | None = None
    notices: tuple[str, ...] = ()
    dispatcher_id: PersonId | None = None
    reports: tuple[DriverReport, ...] = ()


#: The steps of a trip in their order; each leads to the state of the same place in ``_STATES``.
STEPS = ("accept", "start", "pick_up", "drop_off", "finish")
_STATES = (
    AssignmentState.OFFERED,
    AssignmentState.ACCEPTED,
    AssignmentState.STARTED,
    AssignmentState.ON_BOARD,
    AssignmentState.DROPPED_OFF,
    AssignmentState.FINISHED,
)


def report(assignment: Assignment, what: DriverReport) -> Assignment:
    """Apply a driver's tap, also one that comes late or ahead of the steps before it.

    A step says of those before it that they were done: they are noted as implied, at the same instant, until their own tap
    comes and gives the time.

    Raises
    ------
    IllegalTransition
        If the assignment's state does not allow the action, or the step was told already.
    """
    refused = IllegalTransition(kind="assignment", id=assignment.id, state=assignment.state, action=what.action)
    if what.action not in STEPS or assignment.state not in _STATES:
        if what.action in DRIVER_NEWS:
            allowed, leads_to = DRIVER_NEWS[what.action], assignment.state
        else:
            allowed, leads_to = DRIVER_ACTIONS[what.action]
        if assignment.state not in allowed:
            raise refused
        return replace(assignment, state=leads_to, reports=(*assignment.reports, what))
    done, wanted = _STATES.index(assignment.state), STEPS.index(what.action) + 1
    if wanted <= done:
        return _told_late(assignment, what, refused)
    implied = tuple(
        DriverReport(action=STEPS[step], at=what.at, received_at=what.received_at, implied=True)
        for step in range(done, wanted - 1)
    )
    return replace(assignment, state=_STATES[wanted], reports=(*assignment.reports, *implied, what))


def _told_late(assignment: Assignment, what: DriverReport, refused: IllegalTransition) -> Assignment:
    """Put a step's own tap in the place of the implied one."""
    reports = list(assignment.reports)
    for number, known in enumerate(reports):
        if known.action == what.action and known.implied:
            reports[number] = what
            return replace(assignment, reports=tuple(reports))
    raise refused


def lapse(assignment: Assignment) -> Assignment:
    """The driver did not answer in time."""
    if assignment.state is not AssignmentState.OFFERED:
        raise IllegalTransition(kind="assignment", id=assignment.id, state=assignment.state, action="take_back")
    return replace(assignment, state=AssignmentState.LAPSED)


def break_off(assignment: Assignment) -> Assignment:
    """The vehicle cannot go on with a trip that it has set off for."""
    if assignment.state not in BEGUN:
        raise IllegalTransition(kind="assignment", id=assignment.id, state=assignment.state, action="break_off")
    return replace(assignment, state=AssignmentState.BROKEN_OFF)


def without_trips(itinerary: Itinerary, gone: frozenset[RequestId]) -> Itinerary | None:
    """Take the stops of trips out at once; None when no trip is left. The times of the others stay as promised."""
    stops: list[ItineraryStop] = []
    load = 0
    for stop in itinerary.stops:
        if stop.request_id in gone:
            continue
        stops.append(stop)
        load += stop.request_id is not None
    if not load:
        return None
    return replace(itinerary, stops=_loads_without(itinerary, gone, tuple(stops)))


def _loads_without(
    itinerary: Itinerary, gone: frozenset[RequestId], stops: tuple[ItineraryStop, ...]
) -> tuple[ItineraryStop, ...]:
    """Lower the load of each stop by the passengers who are no longer on board there."""
    seats: dict[RequestId, int] = {}
    missing: dict[int, int] = {}
    on_board, before = 0, 0
    for number, stop in enumerate(itinerary.stops):
        if stop.request_id in gone and stop.request_id is not None:
            if stop.kind is StopKind.PICKUP:
                seats[stop.request_id] = stop.load_count - before
                on_board += seats[stop.request_id]
            elif stop.kind is StopKind.DROPOFF:
                on_board -= seats.get(stop.request_id, 0)
        missing[number] = on_board
        before = stop.load_count
    kept = [number for number, stop in enumerate(itinerary.stops) if stop.request_id not in gone]
    return tuple(
        stop if not missing[number] else replace(stop, load_count=stop.load_count - missing[number])
        for number, stop in zip(kept, stops, strict=True)
    )


def withdraw(assignment: Assignment) -> Assignment:
    """The plan or a cancellation takes the trip away before it began."""
    if assignment.state not in (AssignmentState.OFFERED, AssignmentState.ACCEPTED):
        raise IllegalTransition(kind="assignment", id=assignment.id, state=assignment.state, action="withdraw")
    return replace(assignment, state=AssignmentState.WITHDRAWN)

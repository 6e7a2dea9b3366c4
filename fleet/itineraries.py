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
    OFFERED = "offered"
    ACCEPTED = "accepted"
    STARTED = "started"
    ON_BOARD = "on_board"
    DROPPED_OFF = "dropped_off"
    FINISHED = "finished"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


#: action -> (states it is possible in, state it leads to)
DRIVER_ACTIONS: dict[str, tuple[frozenset[AssignmentState], AssignmentState]] = {
    "accept": (frozenset({AssignmentState.OFFERED}), AssignmentState.ACCEPTED),
    "decline": (frozenset({AssignmentState.OFFERED, AssignmentState.ACCEPTED}), AssignmentState.DECLINED),
    "start": (frozenset({AssignmentState.ACCEPTED}), AssignmentState.STARTED),
    "pick_up": (frozenset({AssignmentState.STARTED}), AssignmentState.ON_BOARD),
    "drop_off": (frozenset({AssignmentState.ON_BOARD}), AssignmentState.DROPPED_OFF),
    "finish": (frozenset({AssignmentState.DROPPED_OFF}), AssignmentState.FINISHED),
}


@dataclass(frozen=True, kw_only=True)
class DriverReport:
    """A driver's tap: what was done, when it happened at the wheel and when the service heard of it.

    ``passengers`` is how many really came on board, where the driver counted them.
    """

    action: str
    at: datetime
    received_at: datetime
    odometer_m: int | None = None
    charge_frac: float | None = None
    reason: str = ""
    passengers: int | None = None


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A request given to a vehicle and its driver. ``why`` says in a code what decided for this vehicle (rule R083).

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
    notices: tuple[str, ...] = ()
    dispatcher_id: PersonId | None = None
    reports: tuple[DriverReport, ...] = ()


def report(assignment: Assignment, what: DriverReport) -> Assignment:
    """Apply a driver's tap.

    Raises
    ------
    IllegalTransition
        If the assignment's state does not allow the action.
    """
    allowed, leads_to = DRIVER_ACTIONS[what.action]
    if assignment.state not in allowed:
        raise IllegalTransition(kind="assignment", id=assignment.id, state=assignment.state, action=what.action)
    return replace(assignment, state=leads_to, reports=(*assignment.reports, what))


def withdraw(assignment: Assignment) -> Assignment:
    """The plan or a cancellation takes the trip away before it began."""
    if assignment.state not in (AssignmentState.OFFERED, AssignmentState.ACCEPTED):
        raise IllegalTransition(kind="assignment", id=assignment.id, state=assignment.state, action="withdraw")
    return replace(assignment, state=AssignmentState.WITHDRAWN)

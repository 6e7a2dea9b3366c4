"""Trip requests: what a person asked for, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from fleet.errors import IllegalTransition, InvalidFact
from fleet.ids import PersonId, RegionCode, RequestId, UnitId
from fleet.vehicles import VehicleKind


class TripKind(StrEnum):
    """``TRANSFER`` takes people from A to B; ``CHARTER`` keeps the vehicle over several stops; ``RENTAL`` is self-drive."""

    TRANSFER = "transfer"
    CHARTER = "charter"
    RENTAL = "rental"


class Priority(StrEnum):
    """Rule R077, highest first."""

    EMERGENCY = "emergency"
    CONFIDENTIAL = "confidential"
    EVENT = "event"
    ORDINARY = "ordinary"

    @property
    def rank(self) -> int:
        """0 is the most urgent."""
        return tuple(Priority).index(self)


class RequestState(StrEnum):
    SUBMITTED = "submitted"
    APPROVED = "approved"
    ASSIGNED = "assigned"
    UNDER_WAY = "under_way"
    FINISHED = "finished"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class TripStop:
    """One place of a trip, with the instants between which service there may begin and how long it takes.

    For a transfer's pick-up ``latest_at - earliest_at`` is the waiting that the requester accepts.
    """

    name: str
    lon_wgs84: float
    lat_wgs84: float
    earliest_at: datetime
    latest_at: datetime
    service_s: int = 60


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """Why a rule that would stop this trip lets it pass: a reason of the rule's list and what is said to it.

    ``text`` of R176 is the number of the permit. ``by`` and ``at`` are set where a person other than the requester gave it.
    """

    rule_id: str
    reason: str
    text: str
    by: PersonId | None = None
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class TripRequest:
    """A request with the mandatory fields of rule R068: purpose, unit, origin, destination, window, passengers, approver.

    ``stops[0]`` is the pick-up and ``stops[-1]`` the drop-off; a charter has its further stops between them.
    ``max_ride_s`` bounds the time on board of a transfer (None: the service's default factor on the direct ride).
    ``estimate_fen`` is what the trip was taken to cost when it was approved (R131), ``waivers`` the reasons given to rules that
    would stop it. ``drill``: an exercise, which behaves the same and counts for nothing (R166).
    """

    id: RequestId
    unit_id: UnitId
    region: RegionCode
    requester_id: PersonId
    kind: TripKind
    purpose: str
    passengers: int
    stops: tuple[TripStop, ...]
    submitted_at: datetime
    priority: Priority = Priority.ORDINARY
    shareable: bool = True
    max_ride_s: int | None = None
    vehicle_kind: VehicleKind | None = None
    equipment: frozenset[str] = frozenset()
    state: RequestState = RequestState.SUBMITTED
    approver_id: PersonId | None = None
    decided_at: datetime | None = None
    reason: str = ""
    waivers: tuple[Waiver, ...] = ()
    estimate_fen: int | None = None
    drill: bool = False

    def __post_init__(self) -> None:
        def refuse(field: str, value: object, remedy: str) -> InvalidFact:
            return InvalidFact(kind="request", id=self.id, field=field, value=value, remedy=remedy)

        if self.passengers < 1:
            raise refuse("passengers", self.passengers, "at least 1")
        if not self.purpose.strip():
            raise refuse("purpose", self.purpose, "say what the trip is for (R068)")
        if len(self.stops) < 2 or (self.kind is not TripKind.CHARTER and len(self.stops) != 2):
            raise refuse("stops", len(self.stops), "a pick-up and a drop-off; only a charter has more")
        for number, stop in enumerate(self.stops):
            if stop.latest_at < stop.earliest_at:
                raise refuse(f"stops[{number}].latest_at", stop.latest_at.isoformat(), "not before earliest_at")
            if stop.service_s < 0:
                raise refuse(f"stops[{number}].service_s", stop.service_s, "zero or more")
        if self.stops[-1].latest_at < self.stops[0].earliest_at:
            raise refuse(
                "stops[-1].latest_at", self.stops[-1].latest_at.isoformat(), "the drop-off is not before the pick-up"
            )
        rules = [waiver.rule_id for waiver in self.waivers]
        for number, waiver in enumerate(self.waivers):
            if rules.index(waiver.rule_id) != number:
                raise refuse(f"waivers[{number}].rule_id", waiver.rule_id, "each rule once")
            if not waiver.reason.strip() or not waiver.text.strip():
                raise refuse(
                    f"waivers[{number}]", waiver.rule_id, f"{waiver.rule_id}: a reason, and what is said to it"
                )

    def find_waiver(self, rule_id: str) -> Waiver | None:
        return next((waiver for waiver in self.waivers if waiver.rule_id == rule_id), None)


def waive(request: TripRequest, waiver: Waiver) -> TripRequest:
    """Add a reason that somebody gave to a rule that would stop the trip."""
    if request.state not in (RequestState.SUBMITTED, RequestState.APPROVED):
        raise IllegalTransition(kind="request", id=request.id, state=request.state, action="waive")
    kept = tuple(own for own in request.waivers if own.rule_id != waiver.rule_id)
    return replace(request, waivers=(*kept, waiver))


def approve(request: TripRequest, *, by: PersonId, at: datetime, estimate_fen: int | None = None) -> TripRequest:
    """Separation of duties (rule R156): nobody approves a request of their own."""
    if request.state is not RequestState.SUBMITTED:
        raise IllegalTransition(kind="request", id=request.id, state=request.state, action="approve")
    if by == request.requester_id:
        raise IllegalTransition(kind="request", id=request.id, state="own", action="approve")
    return replace(request, state=RequestState.APPROVED, approver_id=by, decided_at=at, estimate_fen=estimate_fen)


def confirm(request: TripRequest, *, by: PersonId, at: datetime) -> TripRequest:
    """Add the approval of an emergency that went ahead of it (R177); nobody confirms an order of their own (R156)."""
    refused = IllegalTransition(kind="request", id=request.id, state=request.state, action="approve")
    ended = request.state in (RequestState.REJECTED, RequestState.CANCELLED)
    if request.priority is not Priority.EMERGENCY or request.approver_id is not None or ended:
        raise refused
    if by == request.requester_id:
        raise IllegalTransition(kind="request", id=request.id, state="own", action="approve")
    return replace(request, approver_id=by, decided_at=at)


def reject(request: TripRequest, *, by: PersonId, at: datetime, reason: str) -> TripRequest:
    if request.state is not RequestState.SUBMITTED:
        raise IllegalTransition(kind="request", id=request.id, state=request.state, action="reject")
    return replace(request, state=RequestState.REJECTED, approver_id=by, decided_at=at, reason=reason)


def cancel(request: TripRequest, *, reason: str) -> TripRequest:
    if request.state not in (RequestState.SUBMITTED, RequestState.APPROVED, RequestState.ASSIGNED):
        raise IllegalTransition(kind="request", id=request.id, state=request.state, action="cancel")
    return replace(request, state=RequestState.CANCELLED, reason=reason)


def assign(request: TripRequest) -> TripRequest:
    if request.state not in (RequestState.APPROVED, RequestState.ASSIGNED):
        raise IllegalTransition(kind="request", id=request.id, state=request.state, action="assign")
    return replace(request, state=RequestState.ASSIGNED)


def withdraw(request: TripRequest) -> TripRequest:
    """The assignment was declined or re-planned away: the request waits for a vehicle again."""
    if request.state is not RequestState.ASSIGNED:
        raise IllegalTransition(kind="request", id=request.id, state=request.state, action="withdraw")
    return replace(request, state=RequestState.APPROVED)


def depart(request: TripRequest) -> TripRequest:
    if request.state is not RequestState.ASSIGNED:
        raise IllegalTransition(kind="request", id=request.id, state=request.state, action="depart")
    return replace(request, state=RequestState.UNDER_WAY)


def reopen(request: TripRequest) -> TripRequest:
    """The vehicle broke down on its way: the request waits for another one."""
    if request.state is not RequestState.UNDER_WAY:
        raise IllegalTransition(kind="request", id=request.id, state=request.state, action="withdraw")
    return replace(request, state=RequestState.APPROVED)


def miss(request: TripRequest, *, reason: str) -> TripRequest:
    """Nobody came to the pick-up."""
    if request.state is not RequestState.UNDER_WAY:
        raise IllegalTransition(kind="request", id=request.id, state=request.state, action="absent")
    return replace(request, state=RequestState.CANCELLED, reason=reason)


def finish(request: TripRequest) -> TripRequest:
    if request.state is not RequestState.UNDER_WAY:
        raise IllegalTransition(kind="request", id=request.id, state=request.state, action="finish")
    return replace(request, state=RequestState.FINISHED)

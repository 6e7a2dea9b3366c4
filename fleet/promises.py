"""What a requester was promised, and the notices by which alone a promise changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from fleet.errors import IllegalTransition, InvalidFact
from fleet.ids import DriverId, PersonId, PlanId, RegionCode, RequestId, UnitId, VehicleId
from fleet.vehicles import VehicleKind


class PromiseState(StrEnum):
    """``MET`` and ``MISSED`` are judged when the passengers are on board; ``WITHDRAWN`` was told in a notice."""

    OPEN = "open"
    MET = "met"
    MISSED = "missed"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class Promise:
    """The pick-up that a requester counts on; ``id`` is the request's.

    ``vehicle_id`` None: provisional, as answered at once to a new request. ``notices_count`` numbers what was told since.
    """

    id: RequestId
    region: RegionCode
    unit_id: UnitId
    requester_id: PersonId
    day: str
    pickup_from_at: datetime
    pickup_to_at: datetime
    dropoff_at: datetime
    made_at: datetime
    vehicle_id: VehicleId | None = None
    vehicle_kind: VehicleKind | None = None
    shared: bool = False
    state: PromiseState = PromiseState.OPEN
    notices_count: int = 0

    def __post_init__(self) -> None:
        if self.pickup_to_at < self.pickup_from_at:
            value = self.pickup_to_at.isoformat()
            raise InvalidFact(
                kind="promise", id=self.id, field="pickup_to_at", value=value, remedy="not before pickup_from_at"
            )

    def holds_at(self, pickup_at: datetime) -> bool:
        """Whether a pick-up at that instant keeps the promise."""
        return self.pickup_from_at <= pickup_at <= self.pickup_to_at


def judge_pickup(promise: Promise, *, at: datetime, tolerance: timedelta) -> Promise:
    """The vehicle was there at ``at``; being there before the promised begin breaks nothing."""
    if promise.state is not PromiseState.OPEN:
        raise IllegalTransition(kind="promise", id=promise.id, state=promise.state, action="pick_up")
    met = at <= promise.pickup_to_at + tolerance
    return replace(promise, state=PromiseState.MET if met else PromiseState.MISSED)


def end(promise: Promise) -> Promise:
    """The request was cancelled: nobody waits for the vehicle any more."""
    return replace(promise, state=PromiseState.CANCELLED) if promise.state is PromiseState.OPEN else promise


class NoticeKind(StrEnum):
    """``MOVED``: another window; ``VEHICLE_CHANGED``: another vehicle, the window stays; ``RESTORED``: served after all."""

    MOVED = "moved"
    VEHICLE_CHANGED = "vehicle_changed"
    WITHDRAWN = "withdrawn"
    RESTORED = "restored"


class NoticeReason(StrEnum):
    """Why a promise changed. ``REPLANNED`` is left for what no single fact explains."""

    VEHICLE_OUT = "vehicle_out"
    DRIVER_OUT = "driver_out"
    DECLINED = "declined"
    UNANSWERED = "unanswered"
    RUNNING_LATE = "running_late"
    EMERGENCY = "emergency"
    ROAD_CLOSED = "road_closed"
    CHARGING = "charging"
    CHOSEN = "chosen"
    REPLANNED = "replanned"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One change of a promise as it was told: before, after, and why.

    ``told_driver_ids`` are the drivers whose day changes with it. The windows after are None where the promise was withdrawn,
    those before where there was none.
    """

    id: str
    request_id: RequestId
    region: RegionCode
    unit_id: UnitId
    requester_id: PersonId
    kind: NoticeKind
    reason: NoticeReason
    at: datetime
    plan_id: PlanId | None
    before_from_at: datetime | None
    before_to_at: datetime | None
    after_from_at: datetime | None
    after_to_at: datetime | None
    before_vehicle_id: VehicleId | None
    after_vehicle_id: VehicleId | None
    told_driver_ids: tuple[DriverId, ...] = ()

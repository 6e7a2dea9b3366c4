"""What a plan does to a promise: it keeps it, narrows it, or changes it with a notice that names the reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from dispatch.policy import DispatchPolicy
from dispatch.view import FleetView, local_day
from fleet.ids import PlanId, VehicleId
from fleet.itineraries import BEGUN, MOVABLE, Assignment
from fleet.promises import Notice, NoticeKind, NoticeReason, Promise, PromiseState
from fleet.requests import TripRequest
from fleet.vehicles import VehicleState


def window_around(pickup_at: datetime, request: TripRequest, policy: DispatchPolicy) -> tuple[datetime, datetime]:
    """The window that is promised for a planned pick-up: inside what was asked for, and always around the plan."""
    first = request.stops[0]
    begin = max(first.earliest_at, pickup_at - timedelta(seconds=policy.promise_before_s))
    end = pickup_at + timedelta(seconds=policy.promise_after_s)
    if pickup_at <= first.latest_at:
        end = min(first.latest_at, end)
    return min(begin, pickup_at), max(end, pickup_at)


def settle(
    view: FleetView,
    request: TripRequest,
    *,
    goal: Assignment | None,
    shared: bool,
    now: datetime,
    plan_id: PlanId | None,
    cause: NoticeReason,
    policy: DispatchPolicy,
) -> tuple[Promise | None, Notice | None]:
    """Return the promise of a request as a plan leaves it (None: there is nothing to keep), and the notice that this takes.

    ``goal`` is the assignment after the plan, None where nobody serves the request.
    """
    before = view.promises.get(request.id)
    if goal is not None and goal.state not in MOVABLE | BEGUN:
        return before, None
    if goal is None:
        if before is None or before.state is not PromiseState.OPEN:
            return before, None
        notice = _notice(view, request, before, None, goal=None, now=now, plan_id=plan_id, cause=cause)
        return replace(before, state=PromiseState.WITHDRAWN, notices_count=before.notices_count + 1), notice
    vehicle = view.vehicles.get(goal.vehicle_id)
    begin, end = window_around(goal.pickup_at, request, policy)
    fresh = Promise(
        id=request.id,
        region=request.region,
        unit_id=request.unit_id,
        requester_id=request.requester_id,
        day=local_day(request.stops[0].earliest_at).isoformat(),
        pickup_from_at=begin,
        pickup_to_at=end,
        dropoff_at=goal.dropoff_at,
        made_at=now,
        vehicle_id=goal.vehicle_id,
        vehicle_kind=None if vehicle is None else vehicle.kind,
        shared=shared,
        notices_count=0 if before is None else before.notices_count,
    )
    if before is None:
        return fresh, None
    if before.state in (PromiseState.MET, PromiseState.MISSED, PromiseState.CANCELLED):
        return before, None
    if before.state is PromiseState.OPEN and before.holds_at(goal.pickup_at):
        fresh = _inside(before, fresh)
        if before.vehicle_id in (None, goal.vehicle_id):
            return fresh, None
    fresh = replace(fresh, notices_count=before.notices_count + 1)
    return fresh, _notice(view, request, before, fresh, goal=goal, now=now, plan_id=plan_id, cause=cause)


def _inside(before: Promise, fresh: Promise) -> Promise:
    """Keep the window that was told; only a provisional one is narrowed, to the part of it that the plan needs."""
    begin, end = before.pickup_from_at, before.pickup_to_at
    if before.vehicle_id is None:
        begin, end = max(begin, fresh.pickup_from_at), min(end, fresh.pickup_to_at)
    return replace(fresh, pickup_from_at=begin, pickup_to_at=end, made_at=before.made_at)


def _notice(
    view: FleetView,
    request: TripRequest,
    before: Promise,
    after: Promise | None,
    *,
    goal: Assignment | None,
    now: datetime,
    plan_id: PlanId | None,
    cause: NoticeReason,
) -> Notice:
    withdrawn = before.state is PromiseState.WITHDRAWN
    if after is None:
        kind = NoticeKind.WITHDRAWN
    elif withdrawn:
        kind = NoticeKind.RESTORED
    elif (after.pickup_from_at, after.pickup_to_at) == (before.pickup_from_at, before.pickup_to_at):
        kind = NoticeKind.VEHICLE_CHANGED
    else:
        kind = NoticeKind.MOVED
    present = view.assignments.get(request.id)
    same = goal is not None and present is not None and present.id == goal.id
    drivers = {a.driver_id for a in (present, goal) if a is not None and a.driver_id is not None}
    return Notice(
        id=f"N-{request.id}-{before.notices_count + 1}",
        request_id=request.id,
        region=request.region,
        unit_id=request.unit_id,
        requester_id=request.requester_id,
        kind=kind,
        reason=NoticeReason.RUNNING_LATE
        if same and kind is NoticeKind.MOVED
        else _reason(view, request, before, cause),
        at=now,
        plan_id=plan_id,
        before_from_at=None if withdrawn else before.pickup_from_at,
        before_to_at=None if withdrawn else before.pickup_to_at,
        after_from_at=None if after is None else after.pickup_from_at,
        after_to_at=None if after is None else after.pickup_to_at,
        before_vehicle_id=None if withdrawn else before.vehicle_id,
        after_vehicle_id=None if after is None else after.vehicle_id,
        told_driver_ids=tuple(sorted(drivers)),
    )


def _reason(view: FleetView, request: TripRequest, before: Promise, cause: NoticeReason) -> NoticeReason:
    """The fact that explains the change, as far as the documents show one; else what started this run."""
    former: VehicleId | None = before.vehicle_id
    vehicle = None if former is None else view.vehicles.get(former)
    if vehicle is not None and vehicle.state is not VehicleState.AVAILABLE:
        return NoticeReason.VEHICLE_OUT
    if former is not None and former in view.declined.get(request.id, ()):
        silent = former in view.lapsed.get(request.id, ())
        return NoticeReason.UNANSWERED if silent else NoticeReason.DECLINED
    present = view.assignments.get(request.id)
    driver = None if present is None or present.driver_id is None else view.drivers.get(present.driver_id)
    if driver is not None and not driver.on_duty:
        return NoticeReason.DRIVER_OUT
    return cause

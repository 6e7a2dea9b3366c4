"""The writes of a plan: vehicle by vehicle, each with the version it was read at, and only where something changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dispatch.orders import Order
from dispatch.policy import DispatchPolicy
from dispatch.snapshot import Snapshot
from dispatch.telling import settle
from dispatch.view import FleetView
from fleet.documents import encode
from fleet.ids import PersonId, PlanId, RegionCode, RequestId, VehicleId
from fleet.itineraries import BEGUN, MOVABLE, Assignment, Itinerary, without_trips
from fleet.itineraries import withdraw as withdraw_assignment
from fleet.plans import TripChange
from fleet.promises import Notice, NoticeReason, Promise
from fleet.requests import RequestState, TripRequest, assign
from fleet.requests import withdraw as withdraw_request
from fleet.store import Write


@dataclass(frozen=True, kw_only=True)
class Why:
    """What started a run, and what a dispatcher holds on to: ``pins`` fixes requests to their vehicle in somebody's name."""

    cause: NoticeReason = NoticeReason.REPLANNED
    pins: Mapping[RequestId, PersonId | None] | None = None


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """The writes of one commit, and whom they concern. ``writes`` is empty where everything stays as it is."""

    writes: tuple[Write, ...]
    orders: tuple[Order, ...]
    vehicles: tuple[VehicleId, ...]
    requests: tuple[RequestId, ...]
    region: str
    changes: tuple[TripChange, ...] = ()
    notices: tuple[Notice, ...] = ()


def bundles(
    snapshot: Snapshot,
    orders: Sequence[Order],
    *,
    answered: Iterable[RequestId],
    plan_id: PlanId,
    policy: DispatchPolicy,
    why: Why,
) -> list[Bundle]:
    """Group the changed vehicles: each alone, except that those between which a trip moved are committed together.

    A request that has no vehicle, before or after, but whose promise must be taken back is a bundle of its own.
    """
    view = snapshot.view
    by_vehicle = {order.itinerary.vehicle_id: order for order in orders}
    touched: dict[VehicleId, set[RequestId]] = {
        id: {a.request_id for a in order.assignments} for id, order in by_vehicle.items()
    }
    dropped = set(answered)
    moved_to = {a.request_id: id for id, order in by_vehicle.items() for a in order.assignments}
    leader: dict[VehicleId, VehicleId] = {}

    def find(id: VehicleId) -> VehicleId:
        while leader.get(id, id) != id:
            id = leader[id]
        return id

    for request_id, present in sorted(view.assignments.items()):
        if present.state not in MOVABLE:
            continue
        goal = moved_to.get(request_id)
        if goal is not None and goal != present.vehicle_id and find(goal) != find(present.vehicle_id):
            leader[find(goal)] = find(present.vehicle_id)
        if (goal is not None or request_id in dropped) and goal != present.vehicle_id:
            touched.setdefault(present.vehicle_id, set()).add(request_id)
    for crew in snapshot.crews:
        if crew.vehicle.id in view.itineraries:
            touched.setdefault(crew.vehicle.id, set())
    groups: dict[VehicleId, list[VehicleId]] = {}
    for id in sorted(touched):
        groups.setdefault(find(id), []).append(id)
    writer = _Writer(snapshot, by_vehicle, touched, moved_to, plan_id=plan_id, policy=policy, why=why)
    found = [writer.bundle(members) for _, members in sorted(groups.items())]
    reached = set().union(*touched.values()) if touched else set()
    found += [writer.alone(id) for id in sorted(dropped - reached) if id in view.promises and id in view.requests]
    return found


class _Writer:
    def __init__(
        self,
        snapshot: Snapshot,
        by_vehicle: Mapping[VehicleId, Order],
        touched: Mapping[VehicleId, set[RequestId]],
        moved_to: Mapping[RequestId, VehicleId],
        *,
        plan_id: PlanId,
        policy: DispatchPolicy,
        why: Why,
    ) -> None:
        self._snapshot, self._view = snapshot, snapshot.view
        self._by_vehicle, self._touched, self._moved_to = by_vehicle, touched, moved_to
        self._plan_id, self._policy, self._why = plan_id, policy, why
        self._goals = {a.request_id: a for order in by_vehicle.values() for a in order.assignments}

    def bundle(self, members: Sequence[VehicleId]) -> Bundle:
        view = self._view
        writes: list[Write] = []
        orders: list[Order] = []
        concerned: set[RequestId] = set()
        for id in members:
            concerned |= self._touched[id]
            order, present = self._by_vehicle.get(id), view.itineraries.get(id)
            if order is not None:
                order = self._pinned(order)
                if present is not None and _same_day(present, order.itinerary):
                    order = replace(order, itinerary=present)
                orders.append(order)
                _put(writes, view, "itinerary", order.itinerary, before=present)
                for assignment in order.assignments:
                    before = view.assignments.get(assignment.request_id)
                    same = before is not None and before.id == assignment.id
                    _put(writes, view, "assignment", assignment, before=before if same else None)
            elif present is not None:
                writes.append(_without(view, present, self._touched[id]))
        changes: list[TripChange] = []
        notices: list[Notice] = []
        for request_id in sorted(concerned):
            request = view.requests[request_id]
            before = view.assignments.get(request_id)
            goal = self._moved_to.get(request_id)
            if before is not None and self._replaced(before, goal):
                _put(writes, view, "assignment", withdraw_assignment(before), before=before)
            if goal is None and request.state is RequestState.ASSIGNED:
                _put(writes, view, "request", withdraw_request(request), before=request)
            elif goal is not None and request.state is RequestState.APPROVED:
                _put(writes, view, "request", assign(request), before=request)
            self._promise(writes, changes, notices, request, None if goal is None else self._goals[request_id])
        regions = {view.vehicles[id].region for id in members if id in view.vehicles}
        return Bundle(
            writes=tuple(writes),
            orders=tuple(orders),
            vehicles=tuple(members),
            requests=tuple(sorted(concerned)),
            region=_common_region(regions),
            changes=tuple(changes),
            notices=tuple(notices),
        )

    def alone(self, request_id: RequestId) -> Bundle:
        """Take back the promise of a request that no vehicle has."""
        request = self._view.requests[request_id]
        writes: list[Write] = []
        changes: list[TripChange] = []
        notices: list[Notice] = []
        self._promise(writes, changes, notices, request, None)
        return Bundle(
            writes=tuple(writes),
            orders=(),
            vehicles=(),
            requests=(request_id,),
            region=request.region,
            changes=tuple(changes),
            notices=tuple(notices),
        )

    def _promise(
        self,
        writes: list[Write],
        changes: list[TripChange],
        notices: list[Notice],
        request: TripRequest,
        goal: Assignment | None,
    ) -> None:
        view = self._view
        promise, notice = settle(
            view,
            request,
            goal=goal,
            shared=goal is not None and _is_shared(self._by_vehicle[goal.vehicle_id].itinerary, request.id),
            now=self._snapshot.now,
            plan_id=self._plan_id,
            cause=self._why.cause,
            policy=self._policy,
        )
        if promise is not None:
            _put(writes, view, "promise", promise, before=view.promises.get(request.id))
        if notice is not None:
            notices.append(notice)
            writes.append(Write(kind="notice", id=notice.id, expected_version=0, body=encode(notice)))
        present = view.assignments.get(request.id)
        if present is not None and present.state not in MOVABLE | BEGUN:
            present = None
        change = TripChange(
            request_id=request.id,
            before_vehicle_id=None if present is None else present.vehicle_id,
            after_vehicle_id=None if goal is None else goal.vehicle_id,
            before_driver_id=None if present is None else present.driver_id,
            after_driver_id=None if goal is None else goal.driver_id,
            before_pickup_at=None if present is None else present.pickup_at,
            after_pickup_at=None if goal is None else goal.pickup_at,
            notice_id=None if notice is None else notice.id,
        )
        before = (change.before_vehicle_id, change.before_driver_id, change.before_pickup_at)
        if before != (change.after_vehicle_id, change.after_driver_id, change.after_pickup_at):
            changes.append(change)

    def _pinned(self, order: Order) -> Order:
        pins = self._why.pins
        if not pins:
            return order
        held = tuple(
            replace(a, pinned_by=pins[a.request_id], why=CHOSEN) if a.request_id in pins else a
            for a in order.assignments
        )
        self._goals.update({a.request_id: a for a in held})
        return replace(order, assignments=held)

    def _replaced(self, before: Assignment, goal: VehicleId | None) -> bool:
        """Whether another assignment takes the place of this one, or none at all."""
        if before.state not in MOVABLE:
            return False
        if goal is None:
            return True
        return all(a.id != before.id for a in self._by_vehicle[goal].assignments)


CHOSEN = "R083_CHOSEN"
"""Why an assignment is as it is: a dispatcher chose the vehicle."""


def _same_day(present: Itinerary, fresh: Itinerary) -> bool:
    """Whether nothing changes for the driver; which plan wrote it last is no change."""
    return (present.driver_id, present.stops) == (fresh.driver_id, fresh.stops)


def _is_shared(itinerary: Itinerary, request_id: RequestId) -> bool:
    """Whether somebody else is on board at any time of the trip."""
    inside = False
    on_board: set[RequestId] = set()
    for stop in itinerary.stops:
        if stop.request_id is None:
            continue
        if stop.kind == "pickup":
            on_board.add(stop.request_id)
        inside = request_id in on_board
        if inside and len(on_board) > 1:
            return True
        if stop.kind == "dropoff":
            on_board.discard(stop.request_id)
    return False


def _without(view: FleetView, present: Itinerary, gone: set[RequestId]) -> Write:
    """Take trips out of the itinerary of a vehicle that gets no route; with nothing left it is deleted."""
    away = {id for stop in present.stops if (id := stop.request_id) is not None and id not in view.assignments} | gone
    left = without_trips(present, frozenset(away))
    body = None if left is None else encode(left)
    return Write(kind="itinerary", id=present.id, expected_version=view.version("itinerary", present.id), body=body)


def _put(
    writes: list[Write],
    view: FleetView,
    kind: str,
    noun: Itinerary | Assignment | TripRequest | Promise,
    *,
    before: Itinerary | Assignment | TripRequest | Promise | None,
) -> None:
    """Add a write against the version that was read, unless nothing changed."""
    if noun == before:
        return
    writes.append(Write(kind=kind, id=noun.id, expected_version=view.version(kind, noun.id), body=encode(noun)))


def _common_region(regions: set[RegionCode]) -> str:
    """The region that may read the commit's event: the one region, else the province, else everything."""
    if len(regions) == 1:
        return next(iter(regions))
    provinces = {region[:2] for region in regions}
    return f"{next(iter(provinces))}0000" if len(provinces) == 1 else ""

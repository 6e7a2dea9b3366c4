"""The live loop's five steps: read, snapshot, solve, check, commit.

A plan is committed vehicle by vehicle, each commit a compare-and-set of its own over that vehicle's itinerary, its
assignments and its requests. What changed in the store since it was read is left alone and reported for the next plan; it is
never overwritten. Vehicles between which trips moved are committed together, so that no trip is on two itineraries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from dispatch.agreed import ruling_on, territory_on
from dispatch.check import Violation, check
from dispatch.errors import DispatchError
from dispatch.judged import judge
from dispatch.legs import Roads
from dispatch.orders import Order, write_orders
from dispatch.permission import Territory
from dispatch.plan import Plan, Reason
from dispatch.policy import MFEN_PER_FEN, DispatchPolicy
from dispatch.ruling import Ruling
from dispatch.snapshot import Snapshot, build
from dispatch.solve import StopRule, solve
from dispatch.view import FleetView, read
from fleet.documents import encode
from fleet.errors import StaleRevision
from fleet.ids import ItineraryId, PlanId, RegionCode, RequestId, VehicleId
from fleet.itineraries import Assignment, AssignmentState, Itinerary
from fleet.itineraries import withdraw as withdraw_assignment
from fleet.plans import PlanFigures, PlanReason, PlanRecord, PlanUnserved
from fleet.regions import covers
from fleet.requests import RequestState, TripRequest, assign
from fleet.requests import withdraw as withdraw_request
from fleet.store import Commit, FleetStore, Write

ACTOR = "dispatch"
#: With more violations than this a plan is not mended any further.
MOST_MENDED = 50
Solver = Callable[..., Plan]


class PlanRejected(DispatchError):
    """The checker found violations in what the solver returned; nothing was committed."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        first = violations[0]
        super().__init__(f"plan not committed: {len(violations)} violations, first {first}")
        self.violations = tuple(violations)


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What one run did.

    ``committed`` are the itineraries written; ``stale`` requests and vehicles whose documents changed in between: the next run
    plans them again. ``unserved`` holds everybody without a vehicle, with reasons. ``left_out`` are vehicles that took no part.
    ``mended`` are the violations of plans that were thrown away: the vehicles concerned kept their itineraries.
    """

    plan_id: PlanId
    record: PlanRecord
    committed: tuple[ItineraryId, ...]
    stale_requests: tuple[RequestId, ...]
    stale_vehicles: tuple[VehicleId, ...]
    unserved: Mapping[RequestId, tuple[Reason, ...]]
    left_out: Mapping[VehicleId, str]
    held: tuple[RequestId, ...]
    mended: tuple[Violation, ...] = ()

    @property
    def needs_replan(self) -> bool:
        return bool(self.stale_vehicles)


def run_once(
    store: FleetStore,
    roads: Roads,
    *,
    day: date,
    now: datetime,
    seed: int,
    stop: StopRule,
    region: str | None = None,
    territory: Territory | None = None,
    policy: DispatchPolicy | None = None,
    clock: Callable[[], float] | None = None,
    solver: Solver = solve,
    ruling: Ruling | None = None,
) -> RunReport:
    """Plan one local day and commit the plan.

    Parameters
    ----------
    store, roads
        Where facts are read and plans written, and what drives cost.
    day, now
        The local day (Asia/Shanghai) and the present instant; what has begun by then, or begins within the freeze horizon,
        stays as it is.
    seed, stop
        Handed to the solver.
    region
        Code of the region planned, with all that lies below it; None or empty for everything. Vehicles, drivers and
        requests of others are left alone.
    territory
        How regions relate; by default as the agreements in the store and the rules of the day have it.
    ruling
        The rules of the day with the measures and budgets in force; by default as the store has them, planned by the machine.
    clock
        Seconds of any steady clock, to time the search; without one the record says 0.
    solver
        Stands in for :func:`dispatch.solve.solve` in tests.

    Raises
    ------
    PlanRejected
        If the checker finds a violation that is no single vehicle's, or one of a vehicle that kept its present itinerary.
        Nothing is written.
    """
    policy = policy or DispatchPolicy()
    tick = clock or (lambda: 0.0)
    scope = region or ""
    view = read(store, day=day, in_scope=lambda code: covers(scope, code))
    ruling = ruling or ruling_on(store, day)
    territory = territory or territory_on(store, day, book=ruling.book)
    keep: frozenset[VehicleId] = frozenset()
    seconds = 0.0
    mended: tuple[Violation, ...] = ()
    while True:
        snapshot = build(view, roads, territory=territory, policy=policy, now=now, keep=keep, ruling=ruling)
        begun = tick()
        plan = solver(snapshot.problem, seed=seed, stop=stop)
        seconds += tick() - begun
        violations = check(snapshot.problem, plan)
        orders: tuple[Order, ...] = ()
        if not violations:
            orders = write_orders(snapshot, plan, plan_id=_plan_id(day, now, seed, plan))
            violations = judge(snapshot, orders, territory)
        if not violations:
            break
        # What one vehicle's route does wrong must not stop the others: it keeps its present itinerary. That may take a charge
        # point from another one, which then keeps its own as well; a vehicle that is wrong as it is ends the matter.
        named = {v.vehicle for v in violations if v.vehicle is not None}
        wrong = {crew.vehicle.id for number, crew in enumerate(snapshot.crews) if number in named}
        if wrong <= keep or len(mended) > MOST_MENDED:
            raise PlanRejected(violations)
        keep, mended = keep | wrong, (*mended, *violations)
    plan_id = _plan_id(day, now, seed, plan)
    report = _commit(store, snapshot, plan, orders, plan_id=plan_id, region=scope, seconds=seconds)
    return replace(report, mended=mended)


def _plan_id(day: date, now: datetime, seed: int, plan: Plan) -> PlanId:
    return PlanId(f"PL-{day:%Y%m%d}-{now.timestamp():.0f}-{seed}-{plan.problem_digest[:8]}")


@dataclass(frozen=True, kw_only=True)
class _Bundle:
    """The writes of one commit, and whom they concern."""

    writes: tuple[Write, ...]
    orders: tuple[Order, ...]
    vehicles: tuple[VehicleId, ...]
    requests: tuple[RequestId, ...]
    region: str


def _commit(
    store: FleetStore,
    snapshot: Snapshot,
    plan: Plan,
    orders: Sequence[Order],
    *,
    plan_id: PlanId,
    region: str,
    seconds: float,
) -> RunReport:
    committed: list[Order] = []
    stale_requests: list[RequestId] = []
    stale_vehicles: list[VehicleId] = []
    for bundle in _bundles(snapshot, orders, answered=set(_unserved(snapshot, plan))):
        change = Commit(
            type="plan.itineraries_committed",
            actor=ACTOR,
            at=snapshot.now,
            writes=bundle.writes,
            region=bundle.region,
            key=f"{plan_id}/{bundle.vehicles[0]}",
            data={"plan_id": plan_id, "vehicle_ids": list(bundle.vehicles)},
        )
        try:
            store.commit(change)
        except StaleRevision:
            stale_requests.extend(bundle.requests)
            stale_vehicles.extend(bundle.vehicles)
        else:
            committed.extend(bundle.orders)
    unserved = _unserved(snapshot, plan)
    record = PlanRecord(
        id=plan_id,
        day=snapshot.view.day.isoformat(),
        region=RegionCode(region),
        created_at=snapshot.now,
        figures=_figures(snapshot, plan, committed, len(unserved), seconds),
        unserved=tuple(
            PlanUnserved(
                request_id=id,
                reasons=tuple(PlanReason(code=r.code.value, proven=r.proven, detail=dict(r.detail)) for r in reasons),
            )
            for id, reasons in sorted(unserved.items())
        ),
        problem_digest=plan.problem_digest,
        seed=plan.seed,
        dispatcher_id=snapshot.ruling.dispatcher_id,
    )
    existing = store.find("plan", plan_id)
    store.commit(
        Commit(
            type="plan.made",
            actor=ACTOR,
            at=snapshot.now,
            writes=(
                Write(
                    kind="plan",
                    id=plan_id,
                    expected_version=existing.version if existing is not None else 0,
                    body=encode(record),
                ),
            ),
            region=region,
            data={"day": record.day, "served_count": record.figures.served_count, "unserved_count": len(unserved)},
        )
    )
    return RunReport(
        plan_id=plan_id,
        record=record,
        committed=tuple(order.itinerary.id for order in committed),
        stale_requests=tuple(sorted(set(stale_requests))),
        stale_vehicles=tuple(sorted(set(stale_vehicles))),
        unserved=unserved,
        left_out=snapshot.left_out,
        held=snapshot.held,
    )


def _unserved(snapshot: Snapshot, plan: Plan) -> dict[RequestId, tuple[Reason, ...]]:
    found = dict(snapshot.answered)
    for entry in plan.unserved:
        found[snapshot.requests[entry.request].id] = entry.reasons
    return found


def _figures(
    snapshot: Snapshot, plan: Plan, committed: Sequence[Order], unserved_count: int, seconds: float
) -> PlanFigures:
    """Figures of what was committed; the bound is the solver's, on operating cost plus penalties."""
    nev = {crew.vehicle.id for crew in snapshot.crews if crew.vehicle.energy.is_nev}
    working = [order for order in committed if any(s.request_id is not None for s in order.itinerary.stops)]
    stops = [(order.itinerary.vehicle_id, stop) for order in committed for stop in order.itinerary.stops]
    total_mfen = plan.cost_mfen + plan.penalty_mfen
    gap_frac = None
    if plan.bound_mfen is not None and total_mfen > 0:
        gap_frac = max(0.0, (total_mfen - plan.bound_mfen) / total_mfen)
    return PlanFigures(
        served_count=len({stop.request_id for _, stop in stops if stop.request_id is not None}),
        unserved_count=unserved_count,
        vehicles_used_count=len(working),
        drive_m=sum(stop.leg_m for _, stop in stops),
        cost_fen=sum(order.itinerary.cost_fen for order in committed),
        seconds=seconds,
        bound_fen=None if plan.bound_mfen is None else plan.bound_mfen // MFEN_PER_FEN,
        gap_frac=gap_frac,
        drive_wh=sum(stop.leg_wh for _, stop in stops),
        nev_drive_m=sum(stop.leg_m for vehicle_id, stop in stops if vehicle_id in nev),
    )


# ---- what to write


def _bundles(snapshot: Snapshot, orders: Sequence[Order], *, answered: Iterable[RequestId]) -> list[_Bundle]:
    """Group the changed vehicles: each alone, except that those between which a trip moved are committed together."""
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
        if present.state not in (AssignmentState.OFFERED, AssignmentState.ACCEPTED):
            continue
        goal = moved_to.get(request_id)
        if goal is not None and goal != present.vehicle_id:
            leader[find(goal)] = find(present.vehicle_id)
        if (goal is not None or request_id in dropped) and goal != present.vehicle_id:
            touched.setdefault(present.vehicle_id, set()).add(request_id)
    for crew in snapshot.crews:
        if crew.vehicle.id in view.itineraries:
            touched.setdefault(crew.vehicle.id, set())
    groups: dict[VehicleId, list[VehicleId]] = {}
    for id in sorted(touched):
        groups.setdefault(find(id), []).append(id)
    return [_bundle(view, by_vehicle, members, touched, moved_to) for _, members in sorted(groups.items())]


def _bundle(
    view: FleetView,
    by_vehicle: Mapping[VehicleId, Order],
    members: Sequence[VehicleId],
    touched: Mapping[VehicleId, set[RequestId]],
    moved_to: Mapping[RequestId, VehicleId],
) -> _Bundle:
    writes: list[Write] = []
    orders: list[Order] = []
    concerned: set[RequestId] = set()
    for id in members:
        concerned |= touched[id]
        order, present = by_vehicle.get(id), view.itineraries.get(id)
        if order is not None:
            orders.append(order)
            _put(writes, view, "itinerary", order.itinerary, before=present)
            for assignment in order.assignments:
                before = view.assignments.get(assignment.request_id)
                same = before is not None and before.id == assignment.id
                _put(writes, view, "assignment", assignment, before=before if same else None)
        elif present is not None:
            writes.append(_without(view, present, touched[id]))
    for request_id in sorted(concerned):
        request = view.requests[request_id]
        before = view.assignments.get(request_id)
        goal = moved_to.get(request_id)
        replaced = before is not None and _replaced(before, goal, by_vehicle)
        if before is not None and replaced:
            _put(writes, view, "assignment", withdraw_assignment(before), before=before)
        if goal is None and request.state is RequestState.ASSIGNED:
            _put(writes, view, "request", withdraw_request(request), before=request)
        elif goal is not None and request.state is RequestState.APPROVED:
            _put(writes, view, "request", assign(request), before=request)
    regions = {view.vehicles[id].region for id in members if id in view.vehicles}
    return _Bundle(
        writes=tuple(writes),
        orders=tuple(orders),
        vehicles=tuple(members),
        requests=tuple(sorted(concerned)),
        region=_common_region(regions),
    )


def _without(view: FleetView, present: Itinerary, gone: set[RequestId]) -> Write:
    """Take trips out of the itinerary of a vehicle that gets no route; with nothing left it is deleted."""
    stops = tuple(stop for stop in present.stops if stop.request_id not in gone)
    left = any(stop.request_id in view.assignments for stop in stops if stop.request_id is not None)
    body = encode(replace(present, stops=stops)) if left else None
    return Write(kind="itinerary", id=present.id, expected_version=view.version("itinerary", present.id), body=body)


def _replaced(before: Assignment, goal: VehicleId | None, by_vehicle: Mapping[VehicleId, Order]) -> bool:
    """Whether another assignment takes the place of this one, or none at all."""
    if before.state not in (AssignmentState.OFFERED, AssignmentState.ACCEPTED):
        return False
    if goal is None:
        return True
    return all(a.id != before.id for a in by_vehicle[goal].assignments)


def _put(
    writes: list[Write],
    view: FleetView,
    kind: str,
    noun: Itinerary | Assignment | TripRequest,
    *,
    before: Itinerary | Assignment | TripRequest | None,
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

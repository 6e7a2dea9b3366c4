"""The live loop's five steps: read, snapshot, solve, check, commit.

A plan is committed vehicle by vehicle, each commit a compare-and-set of its own over that vehicle's itinerary, its
assignments, its requests and what was promised to them. What changed in the store since it was read is left alone and
reported for the next plan; it is never overwritten. Vehicles between which trips moved are committed together, so that no trip
is on two itineraries. What stays as it is is not written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from dispatch.agreed import ruling_on, territory_on
from dispatch.check import Violation, check
from dispatch.errors import DispatchError
from dispatch.expect import expect
from dispatch.judged import judge
from dispatch.legs import Roads
from dispatch.orders import Order, write_orders
from dispatch.permission import Territory
from dispatch.plan import Plan, Reason, Route, Stop
from dispatch.plan import StopKind as PlanStopKind
from dispatch.policy import MFEN_PER_FEN, DispatchPolicy
from dispatch.ruling import Ruling
from dispatch.snapshot import Snapshot, build
from dispatch.solve import StopRule, solve
from dispatch.view import FleetView, narrow, read
from dispatch.writes import Bundle, Why, bundles
from fleet.documents import encode
from fleet.errors import StaleRevision
from fleet.ids import ItineraryId, PlanId, RegionCode, RequestId, VehicleId
from fleet.plans import PlanChanges, PlanFigures, PlanReason, PlanRecord, PlanUnserved, TripChange
from fleet.promises import Notice
from fleet.regions import covers
from fleet.store import Commit, FleetStore, Lease, Write

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

    ``committed`` are the itineraries as they stand after it; ``stale`` requests and vehicles those whose documents changed in
    between: the next run plans them again. ``unserved`` holds everybody without a vehicle, with reasons. ``left_out`` are
    vehicles that took no part. ``mended`` are the violations of a first plan that was thrown away: the vehicles concerned kept
    their itineraries. ``changes`` and ``notices`` are what was committed and told.
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
    changes: tuple[TripChange, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def needs_replan(self) -> bool:
        return bool(self.stale_vehicles)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the day to be planned by itself: these vehicles and requests; ``only`` ties requests to one of the vehicles."""

    vehicles: Collection[VehicleId]
    requests: Collection[RequestId] = ()
    only: Mapping[RequestId, VehicleId] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A checked plan that is not committed yet, with the writes it takes."""

    plan_id: PlanId
    snapshot: Snapshot
    plan: Plan
    bundles: tuple[Bundle, ...]
    seconds: float
    mended: tuple[Violation, ...]

    @property
    def unserved(self) -> dict[RequestId, tuple[Reason, ...]]:
        found = dict(self.snapshot.answered)
        for entry in self.plan.unserved:
            found[self.snapshot.requests[entry.request].id] = entry.reasons
        return found


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
    why: Why | None = None,
    go_on: bool = False,
    lease: Lease | None = None,
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
    why
        What the notices of changed promises give as their reason where no fact explains them better.
    go_on
        A round of a day that is planned: the search goes on from the present itineraries, and a round that changes nothing
        leaves no record.
    lease
        Proves, commit by commit, that the caller still leads this area (:meth:`fleet.store.FleetStore.hold`).

    Raises
    ------
    PlanRejected
        If the checker finds a violation that is no single vehicle's, or one of a vehicle that kept its present itinerary.
        Nothing is written.
    LeaseLost
        If another worker leads the area meanwhile; what was committed before that stays.
    """
    prepared = prepare(
        store,
        roads,
        day=day,
        now=now,
        seed=seed,
        stop=stop,
        region=region,
        territory=territory,
        policy=policy,
        clock=clock,
        solver=solver,
        ruling=ruling,
        why=why,
        go_on=go_on,
    )
    return _commit(store, prepared, region=region or "", lease=lease, quiet=go_on)


def prepare(
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
    why: Why | None = None,
    go_on: bool = False,
    part: Part | None = None,
    change: Callable[[FleetView], FleetView] | None = None,
) -> Prepared:
    """Plan a day, or ``part`` of it, and return what would be written; see :func:`run_once` for the parameters.

    ``change`` may put facts into the view that are not stored yet: those that will be committed together with the plan.
    """
    policy = policy or DispatchPolicy()
    tick = clock or (lambda: 0.0)
    scope = region or ""
    view = read(store, day=day, in_scope=lambda code: covers(scope, code))
    if change is not None:
        view = change(view)
    if part is not None:
        view = narrow(view, vehicles=part.vehicles, requests=part.requests, only=part.only)
    ruling = ruling or ruling_on(store, day)
    territory = territory or territory_on(store, day, book=ruling.book)
    keep: frozenset[VehicleId] = frozenset()
    free_the_late = True
    seconds = 0.0
    mended: tuple[Violation, ...] = ()
    while True:
        expected, freed = expect(view, now=now, free_the_late=free_the_late)
        snapshot = build(expected, roads, territory=territory, policy=policy, now=now, keep=keep, ruling=ruling)
        begun = tick()
        more = {"start": present_routes(snapshot)} if go_on or part is not None else {}
        plan = solver(snapshot.problem, seed=seed, stop=stop, **more)
        seconds += tick() - begun
        violations = check(snapshot.problem, plan)
        snapshot = replace(snapshot, view=view)
        plan_id = PlanId(f"PL-{day:%Y%m%d}-{now.timestamp():.0f}-{seed}-{plan.problem_digest[:8]}")
        orders: tuple[Order, ...] = ()
        if not violations:
            orders = write_orders(snapshot, plan, plan_id=plan_id)
            violations = judge(snapshot, orders, territory)
        if violations:
            # What one vehicle's route does wrong must not stop the others: it keeps its present itinerary. That may take a
            # charge point from another one, which then keeps its own as well; a vehicle that is wrong as it is ends the matter.
            named = {v.vehicle for v in violations if v.vehicle is not None}
            wrong = {crew.vehicle.id for number, crew in enumerate(snapshot.crews) if number in named}
            if wrong <= keep or len(mended) > MOST_MENDED:
                raise PlanRejected(violations)
            keep, mended = keep | wrong, (*mended, *violations)
            continue
        lost = {snapshot.requests[entry.request].id for entry in plan.unserved} | set(snapshot.answered)
        if free_the_late and freed & lost:
            free_the_late = False  # late is better than not at all
            continue
        break
    gone = [snapshot.requests[entry.request].id for entry in plan.unserved]
    found = bundles(
        snapshot,
        orders,
        answered=[*snapshot.answered, *gone],
        plan_id=plan_id,
        policy=policy,
        why=why or Why(),
    )
    return Prepared(plan_id=plan_id, snapshot=snapshot, plan=plan, bundles=tuple(found), seconds=seconds, mended=mended)


def present_routes(snapshot: Snapshot) -> tuple[Route, ...]:
    """The present itineraries as routes of the problem: what a search goes on from."""
    index_of = {request.id: number for number, request in enumerate(snapshot.requests)}
    routes = []
    for number, crew in enumerate(snapshot.crews):
        itinerary = snapshot.view.itineraries.get(crew.vehicle.id)
        if itinerary is None:
            continue
        seen: dict[RequestId, int] = {}
        stops = []
        for stop in itinerary.stops:
            id = stop.request_id
            if id is None or id not in index_of:
                continue
            at = seen.get(id, 0)
            seen[id] = at + 1
            begin_s = round((stop.begin_at - snapshot.problem.epoch).total_seconds())
            stops.append(
                Stop(
                    kind=PlanStopKind(stop.kind.value),
                    location=0,
                    arrive_s=begin_s,
                    begin_s=begin_s,
                    depart_s=begin_s,
                    load=0,
                    request=index_of[id],
                    stop=at,
                )
            )
        if stops:
            routes.append(Route(vehicle=number, stops=tuple(stops), cost_mfen=0))
    return tuple(routes)


def _commit(store: FleetStore, prepared: Prepared, *, region: str, lease: Lease | None, quiet: bool) -> RunReport:
    snapshot, plan, plan_id = prepared.snapshot, prepared.plan, prepared.plan_id
    committed: list[Order] = []
    stale_requests: list[RequestId] = []
    stale_vehicles: list[VehicleId] = []
    changes: list[TripChange] = []
    notices: list[Notice] = []
    for bundle in prepared.bundles:
        if bundle.writes:
            change = Commit(
                type="plan.itineraries_committed",
                actor=ACTOR,
                at=snapshot.now,
                writes=bundle.writes,
                region=bundle.region,
                key=f"{plan_id}/{[*bundle.vehicles, *bundle.requests][0]}",
                data={"plan_id": plan_id, "vehicle_ids": list(bundle.vehicles)},
                lease=lease,
            )
            try:
                store.commit(change)
            except StaleRevision:
                stale_requests.extend(bundle.requests)
                stale_vehicles.extend(bundle.vehicles)
                continue
        committed.extend(bundle.orders)
        changes.extend(bundle.changes)
        notices.extend(bundle.notices)
    unserved = prepared.unserved
    record = PlanRecord(
        id=plan_id,
        day=snapshot.view.day.isoformat(),
        region=RegionCode(region),
        created_at=snapshot.now,
        figures=_figures(snapshot, plan, committed, len(unserved), prepared.seconds),
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
    if changes or not quiet:
        _record(store, record, changes, at=snapshot.now, region=region, lease=lease)
    return RunReport(
        plan_id=plan_id,
        record=record,
        committed=tuple(order.itinerary.id for order in committed),
        stale_requests=tuple(sorted(set(stale_requests))),
        stale_vehicles=tuple(sorted(set(stale_vehicles))),
        unserved=unserved,
        left_out=snapshot.left_out,
        held=snapshot.held,
        mended=prepared.mended,
        changes=tuple(changes),
        notices=tuple(notices),
    )


def _record(
    store: FleetStore,
    record: PlanRecord,
    changes: Sequence[TripChange],
    *,
    at: datetime,
    region: str,
    lease: Lease | None,
) -> None:
    told = PlanChanges(
        id=record.id,
        day=record.day,
        region=record.region,
        created_at=at,
        changes=tuple(sorted(changes, key=_by_request)),
    )
    writes = []
    for kind, noun in (("plan", record), ("plan_changes", told)):
        existing = store.find(kind, record.id)
        version = existing.version if existing is not None else 0
        writes.append(Write(kind=kind, id=record.id, expected_version=version, body=encode(noun)))
    store.commit(
        Commit(
            type="plan.made",
            actor=ACTOR,
            at=at,
            writes=writes,
            region=region,
            data={
                "day": record.day,
                "served_count": record.figures.served_count,
                "unserved_count": record.figures.unserved_count,
                "changed_count": len(changes),
            },
            lease=lease,
        )
    )


def _by_request(change: TripChange) -> str:
    return change.request_id


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

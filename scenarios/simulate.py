"""Replay a day: the same dispatch service as on duty, on the store in memory, under a virtual clock.

Requests become known when they were decided; drivers accept what they are offered and report every stop at the planned instant;
the day is planned anew at fixed intervals as long as there is something new to plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dispatch.legs import LegBook, Roads
from dispatch.plan import Cause
from dispatch.service import RunReport, Solver, run_once
from dispatch.solve import StopRule, solve
from dispatch.view import local_midnight
from fleet.documents import decode, encode, kind_of
from fleet.ids import RequestId
from fleet.itineraries import Assignment, AssignmentState, DriverReport, Itinerary, report
from fleet.memory_store import MemoryStore
from fleet.regions import covers
from fleet.requests import RequestState, TripRequest, depart, finish
from fleet.store import Commit, FleetStore, Write
from fleet.vehicles import Vehicle
from routing.builtin import load_builtin
from routing.engine import RoadEngine
from scenarios.demand import DemandMix
from scenarios.errors import ScenarioCancelled
from scenarios.measures import DayRecord, measure, refusals
from scenarios.mixes import replace_combustion
from scenarios.region import DemoRegion, build_demo
from scenarios.report import FleetResult, ScenarioReport
from scenarios.scenario import Demo, FleetChoice, Replay, Scenario, load_scenario

ACTOR = "scenario"


@dataclass(frozen=True, kw_only=True)
class ScenarioProgress:
    """How far a run is: ``done_frac`` over all fleets, the fleet replayed now and its virtual instant."""

    done_frac: float
    fleet_id: str
    at: datetime
    served_count: int


OnProgress = Callable[[ScenarioProgress], None]


def run_scenario(
    scenario: Scenario | str | Path,
    *,
    on_progress: OnProgress | None = None,
    should_cancel: Callable[[], bool] | None = None,
    roads: Roads | None = None,
    solver: Solver = solve,
) -> ScenarioReport:
    """Replay the scenario's day for each of its fleets and compare them.

    Parameters
    ----------
    scenario
        A scenario, the path of its file, or its name in the library.
    on_progress, should_cancel
        Told after every plan; asked before every plan and during the search.
    roads
        Roads to use instead of the built-in network.
    solver
        Stands in for :func:`dispatch.solve.solve` in tests.

    Raises
    ------
    InvalidScenario
        If the file cannot be used.
    ScenarioCancelled
        If ``should_cancel`` said so.
    """
    chosen = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    legs = LegBook(roads if roads is not None else RoadEngine(load_builtin()), most_points=6_000)
    region = build_region(chosen.demo)
    results: list[FleetResult] = []
    for number, fleet in enumerate(chosen.fleets):

        def tell(frac: float, at: datetime, served: int, number: int = number, fleet: FleetChoice = fleet) -> None:
            if on_progress is not None:
                done = (number + frac) / len(chosen.fleets)
                on_progress(ScenarioProgress(done_frac=done, fleet_id=fleet.id, at=at, served_count=served))

        vehicles = replace_combustion(
            region.vehicles, share_frac=fleet.replace_combustion_frac, seed=chosen.replay.seed
        )
        record, plans, mended = replay_day(
            replace(region, vehicles=vehicles), chosen, legs, tell=tell, should_cancel=should_cancel, solver=solver
        )
        nevs = sum(vehicle.energy.is_nev for vehicle in vehicles)
        results.append(
            FleetResult(
                id=fleet.id,
                name_zh=fleet.name_zh,
                name_en=fleet.name_en,
                vehicles_count=len(vehicles),
                nev_count=nevs,
                plans_count=plans,
                mended_count=mended,
                figures=measure(record),
                refusals=refusals(record),
            )
        )
    return ScenarioReport(
        name=chosen.name,
        title_zh=chosen.title_zh,
        title_en=chosen.title_en,
        day=chosen.demo.day,
        factors=chosen.factors,
        fleets=tuple(results),
    )


def build_region(demo: Demo) -> DemoRegion:
    """Generate the scenario's region, cut down to the areas asked for."""
    region = build_demo(
        demo.seed,
        day=demo.day,
        vehicles=demo.vehicles,
        requests=demo.requests,
        sites=demo.sites,
        nev_frac=demo.nev_frac,
        mix=DemandMix(same_day_frac=demo.same_day_frac),
    )
    if not demo.regions:
        return region

    def inside(nouns: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(noun for noun in nouns if any(covers(area, noun.region) for area in demo.regions))

    return replace(
        region,
        sites=inside(region.sites),
        vehicles=inside(region.vehicles),
        drivers=inside(region.drivers),
        requests=inside(region.requests),
    )


def replay_day(
    region: DemoRegion,
    scenario: Scenario,
    roads: Roads,
    *,
    tell: Callable[[float, datetime, int], None],
    should_cancel: Callable[[], bool] | None,
    solver: Solver,
) -> tuple[DayRecord, int, int]:
    """Replay one fleet's day; return what was executed, how many plans it took, and how many of them were made twice."""
    store = MemoryStore()
    midnight = local_midnight(scenario.demo.day)
    instants = _instants(midnight, scenario.replay)
    nouns = [*region.units, *region.sites, *region.vehicles, *region.drivers, *region.agreements]
    _write(store, instants[0], nouns, type="demo.filled")
    waiting = sorted(region.requests, key=lambda r: (r.decided_at or r.submitted_at, r.id))
    causes: dict[RequestId, str] = {}
    plans, served, mended = 0, 0, 0
    last: RunReport | None = None
    for number, now in enumerate(instants):
        known = [request for request in waiting if (request.decided_at or request.submitted_at) <= now]
        waiting = waiting[len(known) :]
        _write(store, now, known, type="request.approved")
        _drive(store, now)
        if known or last is None or last.needs_replan:
            last = _plan(store, roads, scenario, now, first=plans == 0, should_cancel=should_cancel, solver=solver)
            plans += 1
            mended += bool(last.mended)
            served = last.record.figures.served_count
            for request_id, reasons in last.unserved.items():
                # Once the pick-up is past, "too late" hides why nobody came; the last cause before that stays.
                code = reasons[0].code.value if reasons else Cause.UNPROVEN.value
                if request_id not in causes or "now" not in (reasons[0].detail if reasons else {}):
                    causes[request_id] = code
        tell((number + 1) / len(instants), now, served)
    end = midnight + timedelta(days=scenario.policy.longest_days)
    _drive(store, end)
    itineraries: list[Itinerary] = _every(store, "itinerary")
    vehicles: list[Vehicle] = _every(store, "vehicle")
    reached = {stop.request_id for i in itineraries for stop in i.stops if stop.request_id is not None}
    refused = {
        request.id: causes.get(request.id, Cause.UNPROVEN.value)
        for request in region.requests
        if request.id not in reached
    }
    record = DayRecord(
        asked_count=len(region.requests),
        itineraries=itineraries,
        vehicles={vehicle.id: vehicle for vehicle in vehicles},
        refused=refused,
        policy=scenario.policy,
        factors=scenario.factors,
    )
    return record, plans, mended


def _plan(
    store: FleetStore,
    roads: Roads,
    scenario: Scenario,
    now: datetime,
    *,
    first: bool,
    should_cancel: Callable[[], bool] | None,
    solver: Solver,
) -> RunReport:
    if should_cancel is not None and should_cancel():
        raise ScenarioCancelled
    iterations = scenario.replay.first_iterations if first else scenario.replay.iterations
    return run_once(
        store,
        roads,
        day=scenario.demo.day,
        now=now,
        seed=scenario.replay.seed,
        stop=StopRule(iterations=iterations, should_cancel=should_cancel),
        policy=scenario.policy,
        solver=solver,
    )


def _instants(midnight: datetime, replay: Replay) -> list[datetime]:
    """The first plan's instant, then every interval from the day's sixth hour on."""
    first = midnight + timedelta(hours=replay.first_hour)
    at = midnight + timedelta(hours=max(replay.first_hour, 6.0))
    last = midnight + timedelta(hours=replay.last_hour)
    found = [first]
    while at <= last:
        if at > first:
            found.append(at)
        at += timedelta(seconds=replay.every_s)
    return found


# ---- drivers


def _drive(store: FleetStore, now: datetime) -> None:
    """Report everything that happened until now: accept at once, then start, pick up, drop off and finish as planned."""
    requests: dict[RequestId, tuple[TripRequest, int]] = {}
    writes: list[Write] = []
    for state in (
        AssignmentState.OFFERED,
        AssignmentState.ACCEPTED,
        AssignmentState.STARTED,
        AssignmentState.ON_BOARD,
        AssignmentState.DROPPED_OFF,
    ):
        for document in _documents(store, "assignment", ("state", state.value)):
            before: Assignment = decode("assignment", document.body)
            after = _advance(before, now)
            if after == before:
                continue
            writes.append(Write(kind="assignment", id=after.id, expected_version=document.version, body=encode(after)))
            request_document = store.get("request", after.request_id)
            request: TripRequest = decode("request", request_document.body)
            moved = _follow(request, after)
            if moved != request:
                requests[request.id] = (moved, request_document.version)
    writes += [
        Write(kind="request", id=id, expected_version=version, body=encode(request))
        for id, (request, version) in sorted(requests.items())
    ]
    if writes:
        store.commit(Commit(type="assignment.reported", actor=ACTOR, at=now, writes=writes))


def _advance(assignment: Assignment, now: datetime) -> Assignment:
    steps = (
        (AssignmentState.OFFERED, "accept", assignment.offered_at),
        (AssignmentState.ACCEPTED, "start", assignment.pickup_at - timedelta(seconds=60)),
        (AssignmentState.STARTED, "pick_up", assignment.pickup_at),
        (AssignmentState.ON_BOARD, "drop_off", assignment.dropoff_at),
        (AssignmentState.DROPPED_OFF, "finish", assignment.dropoff_at + timedelta(seconds=60)),
    )
    for state, action, at in steps:
        if assignment.state is state and at <= now:
            assignment = report(assignment, DriverReport(action=action, at=at, received_at=now))
    return assignment


def _follow(request: TripRequest, assignment: Assignment) -> TripRequest:
    """The request's state after its driver's reports."""
    begun = assignment.state in (AssignmentState.ON_BOARD, AssignmentState.DROPPED_OFF, AssignmentState.FINISHED)
    if begun and request.state is RequestState.ASSIGNED:
        request = depart(request)
    if assignment.state is AssignmentState.FINISHED and request.state is RequestState.UNDER_WAY:
        request = finish(request)
    return request


# ---- the store


def _write(store: FleetStore, at: datetime, nouns: Sequence[Any], *, type: str) -> None:
    if nouns:
        writes = [Write(kind=kind_of(n), id=n.id, expected_version=0, body=encode(n)) for n in nouns]
        store.commit(Commit(type=type, actor=ACTOR, at=at, writes=writes))


def _documents(store: FleetStore, kind: str, where: tuple[str, str] | None = None) -> list[Any]:
    found: list[Any] = []
    after = ""
    while True:
        page = store.list(kind, where=where, after=after)
        found.extend(page.documents)
        if page.next_after is None:
            return found
        after = page.next_after


def _every(store: FleetStore, kind: str) -> list[Any]:
    return [decode(kind, document.body) for document in _documents(store, kind)]

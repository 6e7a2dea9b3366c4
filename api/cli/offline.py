"""One plan without server and Redis: nouns into a memory store, the service's own run, and a book of the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from api.outputs.book import Line, PlanBook, RoadLines
from api.wording import Text
from dispatch.check import Violation
from dispatch.legs import LegBook
from dispatch.policy import DispatchPolicy
from dispatch.service import PlanRejected, RunReport, Solver, run_once
from dispatch.solve import StopRule, solve
from fleet.documents import decode, encode
from fleet.drivers import Driver
from fleet.ids import PersonId, RequestId, VehicleId
from fleet.itineraries import Assignment, Itinerary
from fleet.memory_store import MemoryStore
from fleet.requests import RequestState, TripRequest, approve
from fleet.sites import Site
from fleet.store import Commit, FleetStore, Write
from fleet.units import Unit
from fleet.vehicles import Vehicle
from routing.engine import RoadEngine
from routing.errors import RoutingError
from routing.graph import RoadGraph
from routing.profiles import get_profile
from routing.snap import Point

#: Who approves, for a plan on paper, what nobody has approved yet.
PAPER_APPROVER = PersonId("chuanyu-plan")


@dataclass(frozen=True, kw_only=True)
class Nouns:
    """What a plan is made of."""

    units: tuple[Unit, ...]
    sites: tuple[Site, ...]
    vehicles: tuple[Vehicle, ...]
    drivers: tuple[Driver, ...]
    requests: tuple[TripRequest, ...]


@dataclass(frozen=True, kw_only=True)
class Task:
    """How to plan: the day, the instant that counts as now, the roads, and the solver's seed and stop rule."""

    day: date
    now: datetime
    graph: RoadGraph
    policy: DispatchPolicy
    seed: int
    stop: StopRule


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A finished run: either ``report`` with its itineraries and assignments, or the check's ``violations``."""

    nouns: Nouns
    task: Task
    report: RunReport | None
    itineraries: tuple[Itinerary, ...]
    assignments: tuple[Assignment, ...]
    violations: tuple[Violation, ...]
    seconds: Mapping[str, float]


def approved_on_paper(requests: Sequence[TripRequest], *, now: datetime) -> tuple[tuple[TripRequest, ...], int]:
    """Approve what is still to be decided, so that it can be planned; return how many that were."""
    done = [approve(r, by=PAPER_APPROVER, at=now) if r.state is RequestState.SUBMITTED else r for r in requests]
    return tuple(done), sum(request.state is RequestState.SUBMITTED for request in requests)


def plan_offline(nouns: Nouns, task: Task, *, roads: LegBook | None = None, solver: Solver = solve) -> Answer:
    """Plan the day with the same service as the server, on a memory store.

    ``roads`` may be kept between runs over the same graph, so that legs are worked out once.
    """
    clock = time.monotonic
    begun = clock()
    store = _fill(nouns, task.now)
    roads = roads or LegBook(RoadEngine(task.graph), most_points=6_000)
    violations: tuple[Violation, ...] = ()
    report: RunReport | None = None
    try:
        report = run_once(
            store,
            roads,
            day=task.day,
            now=task.now,
            seed=task.seed,
            stop=task.stop,
            policy=task.policy,
            clock=clock,
            solver=solver,
        )
    except PlanRejected as rejected:
        violations = rejected.violations
    total = clock() - begun
    searched = report.record.figures.seconds if report is not None else 0.0
    return Answer(
        nouns=nouns,
        task=task,
        report=report,
        itineraries=tuple(_every(store, "itinerary")),
        assignments=tuple(_every(store, "assignment")),
        violations=violations,
        seconds={"search": searched, "rest": max(0.0, total - searched)},
    )


def _fill(nouns: Nouns, now: datetime) -> FleetStore:
    store = MemoryStore()
    for kind, several in (
        ("unit", nouns.units),
        ("site", nouns.sites),
        ("vehicle", nouns.vehicles),
        ("driver", nouns.drivers),
        ("request", nouns.requests),
    ):
        writes = tuple(Write(kind=kind, id=noun.id, expected_version=0, body=encode(noun)) for noun in several)
        if writes:
            store.commit(Commit(type=f"{kind}.imported", actor="chuanyu-plan", at=now, writes=writes))
    return store


def _every(store: FleetStore, kind: str) -> Iterator[Any]:
    after = ""
    while True:
        page = store.list(kind, after=after)
        for document in page.documents:
            yield decode(kind, document.body)
        if page.next_after is None:
            return
        after = page.next_after


def write_book(
    answer: Answer,
    *,
    assumptions: Sequence[Text],
    notes: Sequence[str],
    set_aside: Mapping[RequestId, Text],
    advance: Callable[[float, str], None],
) -> PlanBook:
    """Gather the book of a run that passed the check; the lines of all legs are searched for the map."""
    if answer.report is None:
        raise ValueError("a rejected plan has no book")
    nouns, task = answer.nouns, answer.task
    begun = time.monotonic()
    lines = RoadLines(legs=_legs(answer, advance), network=_network(task.graph))
    return PlanBook(
        record=answer.report.record,
        itineraries=tuple(i for i in answer.itineraries if any(stop.request_id for stop in i.stops)),
        assignments=answer.assignments,
        requests={request.id: request for request in nouns.requests},
        vehicles={vehicle.id: vehicle for vehicle in nouns.vehicles},
        drivers={driver.id: driver for driver in nouns.drivers},
        units={unit.id: unit for unit in nouns.units},
        sites={site.id: site for site in nouns.sites},
        network_name=task.graph.name,
        lines=lines,
        assumptions=tuple(assumptions),
        notes=tuple(notes),
        left_out=dict(answer.report.left_out),
        set_aside=dict(set_aside),
        seconds={**answer.seconds, "map": time.monotonic() - begun},
    )


def _legs(answer: Answer, advance: Callable[[float, str], None]) -> dict[tuple[VehicleId, int], Line]:
    """Search the way of every leg; a leg whose way cannot be drawn stays a straight line on the map."""
    engine = RoadEngine(answer.task.graph)
    profile_of = {vehicle.id: get_profile(vehicle.profile) for vehicle in answer.nouns.vehicles}
    found: dict[tuple[VehicleId, int], Line] = {}
    for done, itinerary in enumerate(answer.itineraries, start=1):
        for number in range(1, len(itinerary.stops)):
            a, b = itinerary.stops[number - 1], itinerary.stops[number]
            if b.leg_m == 0:
                continue
            try:
                line = engine.geometry(
                    Point(lon_wgs84=a.lon_wgs84, lat_wgs84=a.lat_wgs84),
                    Point(lon_wgs84=b.lon_wgs84, lat_wgs84=b.lat_wgs84),
                    profile_of[itinerary.vehicle_id],
                    access_limit_m=answer.task.policy.access_limit_m,
                )
            except RoutingError:
                continue
            found[itinerary.vehicle_id, number] = tuple(line)
        advance(done / len(answer.itineraries), itinerary.vehicle_id)
    return found


def _network(graph: RoadGraph) -> tuple[Line, ...]:
    """Every road once, as straight lines between its nodes."""
    pairs = {(min(a, b), max(a, b)) for a, b in zip(graph.edge_from.tolist(), graph.edge_to.tolist(), strict=True)}
    lon, lat = graph.node_lon_wgs84.tolist(), graph.node_lat_wgs84.tolist()
    return tuple(((lon[a], lat[a]), (lon[b], lat[b])) for a, b in sorted(pairs) if a != b)


def least_vehicles(
    nouns: Nouns,
    task: Task,
    *,
    share_frac: float,
    asked_count: int,
    roads: LegBook,
    advance: Callable[[float, str], None],
) -> tuple[int | None, dict[int, int]]:
    """Bisect for the least number of vehicles, taken in the order given, that serves ``share_frac`` of ``asked_count``.

    Returns that number (None when all together do not reach it) and the number served for every count tried. A heuristic
    search serves not strictly more with one vehicle more, so that the number holds for this seed and search time.
    """
    served: dict[int, int] = {}

    def reaches(count: int) -> bool:
        kept = nouns.vehicles[:count]
        homes = {vehicle.home_site_id for vehicle in kept}
        part = replace(nouns, vehicles=kept, drivers=tuple(d for d in nouns.drivers if d.home_site_id in homes))
        answer = plan_offline(part, task, roads=roads)
        served[count] = answer.report.record.figures.served_count if answer.report is not None else -1
        advance(len(served) / 8, f"{count}: {served[count]}")
        return served[count] >= share_frac * asked_count

    low, high = 0, len(nouns.vehicles)
    if not reaches(high):
        return None, served
    while high - low > 1:
        middle = (low + high) // 2
        if reaches(middle):
            high = middle
        else:
            low = middle
    return high, dict(sorted(served.items()))

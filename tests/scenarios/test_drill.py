"""A live day is recorded and played again in simulation: the same optimiser gives the same assignments."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from dispatch.legs import LegBook
from dispatch.service import run_once
from dispatch.solve import StopRule, solve
from dispatch.view import local_midnight
from fleet.documents import encode
from fleet.itineraries import AssignmentState, DriverReport, report
from fleet.memory_store import MemoryStore
from fleet.store import Commit, Write
from routing.builtin import load_builtin
from routing.engine import RoadEngine
from scenarios.demand import DemandMix
from scenarios.documents import every, page_through, put
from scenarios.drill import replay_events
from scenarios.region import build_ground
from scenarios.streams import Streams
from tests.dispatch.plain import greedy

DAY = date(2025, 3, 6)


@pytest.fixture(scope="module")
def roads():
    return LegBook(RoadEngine(load_builtin()))


@pytest.fixture(scope="module")
def recorded(roads):
    """Two plans by the real solver, drivers' taps between them, and requests that come during the day."""
    ground = build_ground(1, vehicles=8, sites=2, within=("510900",))
    generator = Streams(seed=1).generator("drill")
    requests = ground.ask(day=DAY, count=14, mix=DemandMix(), rng=generator)
    store, midnight = MemoryStore(), local_midnight(DAY)
    put(store, midnight, [*ground.units, *ground.sites, *ground.vehicles, *ground.drivers], type="facts.filled")
    put(store, midnight, requests[:10], type="request.approved")

    def plan(hour: float) -> None:
        now = midnight + timedelta(hours=hour)
        run_once(store, roads, day=DAY, now=now, seed=7, stop=StopRule(iterations=60), solver=solve)

    plan(6)
    tapped_at = midnight + timedelta(hours=6, minutes=30)
    for document, assignment in zip(page_through(store, "assignment"), list(every(store, "assignment")), strict=True):
        if assignment.state is AssignmentState.OFFERED:
            taken = report(assignment, DriverReport(action="accept", at=tapped_at, received_at=tapped_at))
            write = Write(kind="assignment", id=taken.id, expected_version=document.version, body=encode(taken))
            store.commit(Commit(type="assignment.reported", actor="P-driver", at=tapped_at, writes=[write]))
    put(store, midnight + timedelta(hours=7), requests[10:], type="request.approved")
    plan(7.5)
    return store.events()


def test_the_same_optimiser_gives_the_same_assignments(recorded, roads):
    replay = replay_events(recorded, roads, iterations=60)
    assert len(replay.plans) == 2
    assert replay.is_same, replay


def test_another_optimiser_is_found_out(recorded, roads):
    replay = replay_events(recorded, roads, iterations=60, solver=greedy)
    assert not replay.is_same
    assert any(plan.differing for plan in replay.plans)

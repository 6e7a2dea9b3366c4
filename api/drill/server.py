"""The service as a drill runs it: the same application, over a generated region, with a clock that is told the time.

Only this assembly has the route that sets the clock. ``chuanyu serve`` does not know it, so that no setting and no slip can
move the clock of a service on duty.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import shake_256
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import APIRouter, Response

from api.app import attach_store, create_app
from api.demo import ensure_demo
from api.dependencies import Caller, Served
from api.idempotency import json_response
from api.promises import answer_with
from api.rounds import Rounds
from api.schemas.base import Input, Instant, examples
from api.services import LOCAL_ZONE, DemoAccess, Services
from api.settings import Settings
from dispatch.legs import LegBook
from fleet.memory_store import MemoryStore
from fleet.people import Role
from fleet.store import FleetStore
from fleet.tracks import Tracks
from routing.builtin import load_builtin
from routing.engine import RoadEngine

EVE_H = 20
"""The clock begins on the evening before, when the day is planned."""

_SESSION_H = 72.0
LEADER = "drill"
_IMPROVE_S = 7_200.0
"""A drill looks for something better every two hours only: what goes wrong is planned at once all the same."""


class DrillClock:
    """A clock that stands still until it is told to go on, and never goes back."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def go_to(self, at: datetime) -> None:
        self.now = max(self.now, at)

    def seconds(self) -> float:
        return self.now.timestamp()


class ClockInput(Input):
    model_config = examples({"at": "2026-03-03T09:00:00+08:00"})

    at: Instant


@dataclass(frozen=True, kw_only=True)
class DrillServer:
    """A running drill service: its address, its store, and the accounts of its region."""

    url: str
    store: FleetStore
    access: DemoAccess
    services: Services


def _seeded(seed: int) -> Callable[[int], bytes]:
    """Ids that are the same in every run of a seed; a drill keeps no secrets."""
    drawn = 0

    def draw(count: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return shake_256(f"drill/{seed}/{drawn}".encode()).digest(count)

    return draw


def _clock_router(clock: DrillClock, rounds: Rounds) -> APIRouter:
    router = APIRouter(prefix="/v1/drill", tags=["drill"])

    @router.post("/clock", summary="Tell the drill what time it is; the rounds that are due then are done")
    def set_clock(given: ClockInput, viewer: Caller, services: Served) -> Response:
        viewer.require(frozenset({Role.ADMIN}))
        clock.go_to(given.at)
        rounds.turn()
        return json_response({"now": services.clock().isoformat(), "dispatch": _words(rounds)})

    return router


def _words(rounds: Rounds) -> list[dict[str, Any]]:
    shown = rounds.show()
    return [{**area, "waiting_for": None if area["waiting_for"] is None else area["waiting_for"].en} for area in shown]


@contextmanager
def serve_drill(
    *,
    seed: int,
    day: date,
    vehicles: int,
    requests: int,
    var_dir: Path,
    store: FleetStore | None = None,
    port: int = 0,
    iterations: int = 400,
) -> Iterator[DrillServer]:
    """Serve a generated region on this machine; by default in memory, which forgets it afterwards."""
    eve = datetime(day.year, day.month, day.day, EVE_H, tzinfo=LOCAL_ZONE) - timedelta(days=1)
    clock = DrillClock(eve)
    kept = store if store is not None else MemoryStore()
    settings = Settings(
        var_dir=var_dir,
        demo=True,
        demo_vehicles=vehicles,
        demo_requests=requests,
        demo_seed=seed,
        demo_day=day.isoformat(),
        session_hours=_SESSION_H,
        argon2_memory_kib=8,
    )
    services = Services(settings=settings, clock=clock, secret=b"drill", random_bytes=_seeded(seed))
    # The rounds do all planning here: what would start a plan job by itself must not plan beside them.
    attach_store(services, kept, works={"plan": lambda _control: {}})
    services.attach_tracks(Tracks(":memory:"))
    access = ensure_demo(services, kept)
    services.demo_access = access
    roads = RoadEngine(load_builtin())
    services.promiser = answer_with(services)
    services.attach_roads(roads, LegBook(roads))
    rounds = Rounds(
        services,
        areas=("",),
        token=LEADER,
        seconds=1.0,
        iterations=iterations,
        tick=clock.seconds,
        lasts_s=1e9,
        improve_s=_IMPROVE_S,
    )
    services.rounds = rounds
    app = create_app(services)
    # Ahead of the page, which answers every other address.
    app.router.routes[:0] = _clock_router(clock, rounds).routes
    listener = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, lifespan="off", access_log=False, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield DrillServer(url=address, store=kept, access=access, services=services)
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
        services.close()

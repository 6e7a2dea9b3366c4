"""What a server process does besides answering: open the store, load the roads, make the demo, watch over Redis."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import structlog

from api import services as parts
from api.app import attach_store
from api.demo import NotADemo, ensure_demo, load_password
from api.housekeeping import tidy
from api.jobs import JobControl
from api.plan_views import find_latest_plan
from api.planning import plan_day, plan_work
from api.promises import answer_with
from api.rounds import Rounds
from api.scenario_jobs import scenario_work
from api.services import DemoAccess, Services
from api.webhooks import Deliveries
from dispatch.legs import LegBook
from dispatch.solve import warm_up
from fleet import documents, redis_server
from fleet.durable_store import DurableStore
from fleet.errors import FleetError, StoreUnavailable
from fleet.ids import PersonId, RegionCode
from fleet.ledger import Ledger
from fleet.people import Person, Role
from fleet.redis_server import RunningRedis
from fleet.redis_store import RedisStore
from fleet.store import Commit, FleetStore, Write
from fleet.tracks import Tracks
from routing.engine import RoadEngine
from routing.stored import open_network

PREFIX = "chuanyu"
TRACKS_KEPT = timedelta(days=90)
"""How long positions are kept: long enough for a complaint or an inspection, no longer (assumption)."""
_WATCH_S = 0.2
_PAUSE_S = 0.5
_TRIES = 60
"""Half a minute for a store that is being brought back while the server starts."""

_T = TypeVar("_T")


def open_store(
    var_dir: Path, *, redis_url: str | None, ledger_url: str | None
) -> tuple[FleetStore, RunningRedis, Ledger]:
    """Open Redis (a given one, or one of our own in ``var_dir``) with the ledger behind it, and bring both in step."""
    running = redis_server.start(var_dir, redis_url)
    try:
        ledger = Ledger(ledger_url or f"sqlite:///{(var_dir / 'ledger.sqlite').resolve()}")
        store = DurableStore(RedisStore(running.url, prefix=PREFIX, fenced=True), ledger)
        store.recover()
    except BaseException:
        running.stop()
        raise
    return store, running, ledger


class Worker:
    """The background of one server process.

    ``say`` is told what a person at the terminal wants to know; ``fail`` is called when the process cannot go on.
    """

    def __init__(self, services: Services, *, say: Callable[[str], None], fail: Callable[[], None]) -> None:
        self._services = services
        self._say = say
        self._fail = fail
        self._stop = threading.Event()
        self._running: RunningRedis | None = None
        self._ledger: Ledger | None = None
        self._log = structlog.get_logger("chuanyu.worker")
        self._threads = [threading.Thread(target=self._load, name="load", daemon=True)]
        services.await_also(parts.STORE, parts.ROADS)
        if services.settings.demo:
            services.await_also(parts.DEMO, parts.DEMO_PLAN)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End what was started, the embedded Redis last."""
        self._stop.set()
        self._services.close()
        for thread in self._threads:
            thread.join(timeout=15)
        if self._running is not None:
            self._running.stop()
        if self._ledger is not None:
            self._ledger.close()

    def _load(self) -> None:
        try:
            self._open()
            self._load_roads()
            self._patiently(self._make_demo if self._services.settings.demo else self._ensure_admin)
            # The first plan would otherwise wait for the search to be compiled.
            warm_up()
            self._start_rounds()
        except Exception as error:  # nobody else would hear of it: tell and end the process
            if self._stop.is_set():
                return
            self._log.error("cannot start", exc_info=error)
            self._services.failure = str(error) or type(error).__name__
            self._say(f"启动失败 / cannot start: {self._services.failure}")
            self._fail()

    def _start_rounds(self) -> None:
        services = self._services
        if self._stop.is_set():
            return
        services.deliveries = Deliveries(services.store, clock=services.clock)
        services.deliveries.start()
        if not services.settings.rounds:
            return
        services.rounds = Rounds(
            services,
            areas=services.settings.areas,
            token=f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(6)}",
            seconds=services.settings.round_seconds,
            # Nobody sits at the wheel in a demo: its drivers are taken to drive as planned.
            reopens=not services.settings.demo,
        )
        services.rounds.start()

    def _open(self) -> None:
        settings = self._services.settings
        store, running, ledger = self._patiently(
            lambda: open_store(settings.var_dir, redis_url=settings.redis_url, ledger_url=settings.ledger_url)
        )
        self._running, self._ledger = running, ledger
        # From here on a Redis that dies is started anew, also while the rest still loads.
        watch = threading.Thread(target=self._watch, name="watch-redis", daemon=True)
        self._threads.append(watch)
        watch.start()
        self._patiently(lambda: tidy(store, now=self._services.clock()))
        tracks = Tracks(settings.var_dir / "tracks.sqlite")
        tracks.forget(before=self._services.clock() - TRACKS_KEPT)
        self._services.attach_tracks(tracks)
        works = {"plan": plan_work(self._services), "scenario": scenario_work(self._services)}
        attach_store(self._services, store, works=works)

    def _patiently(self, step: Callable[[], _T]) -> _T:
        """Repeat a step of the start, each of which may be done twice, while the store is brought back."""
        for _ in range(_TRIES - 1):
            try:
                return step()
            except StoreUnavailable as error:
                if self._stop.wait(_PAUSE_S):
                    raise
                self._log.warning("the store does not answer yet", error=str(error))
        return step()

    def _load_roads(self) -> None:
        roads = RoadEngine(open_network(self._services.settings.network))
        self._services.promiser = answer_with(self._services)
        self._services.attach_roads(roads, LegBook(roads))

    def _ensure_admin(self) -> None:
        """Give an empty installation its first account, with a drawn password that only its owner can read."""
        services = self._services
        if services.store.list("person", limit=1).documents:
            return
        path = services.settings.var_dir / "admin-password"
        password = load_password(path, services.random_bytes)
        admin = Person(
            id=PersonId("P-admin"),
            login="admin",
            name="管理员",
            roles=frozenset({Role.ADMIN}),
            unit_id=None,
            region=RegionCode(""),
            password_hash=services.new_password_hash(password),
        )
        services.store.commit(
            Commit(
                type="person.registered",
                actor="server",
                at=services.clock(),
                writes=[Write(kind="person", id=admin.id, expected_version=0, body=documents.encode(admin))],
                key="first-admin",
            )
        )
        self._say(f"首个账户 admin，密码见 / first account admin, password in {path}")

    def _watch(self) -> None:
        running = self._running
        while running is not None and not self._stop.wait(_WATCH_S):
            try:
                if running.ensure_running():
                    self._log.warning("Redis was gone and runs again")
            except StoreUnavailable as error:
                self._log.error("Redis does not answer", error=str(error))

    def _make_demo(self) -> None:
        services = self._services
        try:
            access = ensure_demo(services, services.store)
        except NotADemo:
            self._say("数据目录中已有其他数据，未生成演示数据 / the store holds other data: no demo was made")
            services.reached(parts.DEMO)
            services.reached(parts.DEMO_PLAN)
            return
        if services.settings.is_loopback:
            services.demo_access = access
            self._say(tell_accounts(access))
        services.reached(parts.DEMO)
        plan = find_latest_plan(services.store, access.day)
        if plan is None:
            self._plan(access.day)
            plan = find_latest_plan(services.store, access.day)
        services.reached(parts.DEMO_PLAN)
        if plan is not None:
            self._say(tell_plan(access.day, dict(plan.body["figures"])))

    def _plan(self, day: str) -> None:
        warm_up()
        control = JobControl(id="demo", ask={}, started_by="demo")
        while not self._stop.is_set():
            try:
                plan_day(
                    self._services,
                    control,
                    day=day,
                    region="",
                    seconds=self._services.settings.plan_seconds,
                    seed=self._services.settings.demo_seed,
                )
                return
            except FleetError as error:
                # The store went away while planning: try again once it is back.
                self._log.error("demo plan", error=str(error))
                self._stop.wait(_WATCH_S)


def tell_accounts(access: DemoAccess) -> str:
    """Say the demo's accounts, one line per region and role."""
    lines = [f"演示账户 demo accounts ({access.day}), 密码 password: {access.password}"]
    lines += [
        f"  {account.login:<28} {', '.join(account.roles):<12} {account.name} {account.region}"
        for account in access.accounts
    ]
    return "\n".join(lines)


def tell_plan(day: str, figures: dict[str, Any]) -> str:
    """Say a plan's figures in one line for the terminal."""
    km, kwh, yuan = figures["drive_m"] / 1000, figures["drive_wh"] / 1000, figures["cost_fen"] / 100
    return (
        f"{day}: {figures['served_count']} 已安排 served, {figures['unserved_count']} 未安排 unserved, "
        f"{figures['vehicles_used_count']} 辆车 vehicles, {km:,.0f} km, {kwh:,.0f} kWh, {yuan:,.0f} 元 CNY, "
        f"{figures['seconds']:.1f} s"
    )


def load_secret(var_dir: Path) -> bytes:
    """Return the secret of this installation, drawn at the first call; only its owner may read the file."""
    path = var_dir / "secret"
    if not path.exists():
        fresh = var_dir / f"secret.{secrets.token_hex(4)}"
        fresh.touch(mode=0o600)
        fresh.write_bytes(secrets.token_bytes(32))
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes()

"""A whole application over the reference store, and people of two regions to sign in as."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from hashlib import shake_256
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import pytest
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.app import attach_store, create_app
from api.planning import plan_work
from api.promises import answer_with
from api.scenario_jobs import scenario_work
from api.services import Services
from api.settings import Settings
from dispatch.legs import LegBook
from fleet import documents, redis_server
from fleet.drivers import Driver, Shift
from fleet.durable_store import DurableStore
from fleet.ledger import Ledger
from fleet.memory_store import MemoryStore
from fleet.people import Person, Role
from fleet.redis_store import RedisStore
from fleet.sites import ChargeGroup, Site
from fleet.store import Commit, FleetStore, Write
from fleet.tracks import Tracks
from fleet.units import Level, Unit
from fleet.vehicles import Battery, Energy, Vehicle, VehicleKind
from routing.builtin import load_builtin
from routing.engine import RoadEngine
from tests.api.conforms import wrongs

CHINA = timezone(timedelta(hours=8))
NOW = datetime(2026, 3, 2, 7, 0, tzinfo=CHINA)
PASSWORD = "正确的密码 correct horse"


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@dataclass
class World:
    """The application with its parts, and a signed-in client per person."""

    store: FleetStore
    services: Services
    clock: Clock
    client: httpx.Client
    tokens: dict[str, str] = field(default_factory=dict)

    def as_(self, login: str, **headers: str) -> dict[str, str]:
        """Return the headers of a signed-in person."""
        if login not in self.tokens:
            answer = self.client.post("/v1/sessions", json={"login": login, "password": PASSWORD})
            assert answer.status_code == 201, answer.text
            self.tokens[login] = answer.json()["token"]
        return {"Authorization": f"Bearer {self.tokens[login]}", **headers}

    def get(self, path: str, login: str, **params: Any) -> Any:
        return self.client.get(path, headers=self.as_(login), params=params)

    def post(self, path: str, login: str, body: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, headers=self.as_(login, **named), json=body)


SUINING, TONGNAN = "510900", "500152"


def people(password_hash: str) -> list[Person]:
    def person(id: str, *roles: Role, unit: str | None, region: str, driver: str | None = None) -> Person:
        return Person(
            id=f"P-{id}",
            login=id,
            name=f"姓名 {id}",
            roles=frozenset(roles),
            unit_id=unit,
            region=region,
            driver_id=driver,
            password_hash=password_hash,
        )

    return [
        person("asker", Role.REQUESTER, unit="U-SN", region=SUINING),
        person("neighbour", Role.REQUESTER, unit="U-SN", region=SUINING),
        person("boss", Role.APPROVER, unit="U-SN", region=SUINING),
        person("dispatcher", Role.DISPATCHER, unit="U-SN", region=SUINING),
        person("driver", Role.DRIVER, unit="U-SN", region=SUINING, driver="D-SN-1"),
        person("driver2", Role.DRIVER, unit="U-SN", region=SUINING, driver="D-SN-2"),
        person("planner", Role.PLANNER, unit="U-SN", region=SUINING),
        person("auditor", Role.AUDITOR, unit=None, region=SUINING),
        person("admin", Role.ADMIN, unit=None, region=""),
        person("tn-asker", Role.REQUESTER, unit="U-TN", region=TONGNAN),
        person("tn-boss", Role.APPROVER, unit="U-TN", region=TONGNAN),
        person("tn-dispatcher", Role.DISPATCHER, unit="U-TN", region=TONGNAN),
        person("province", Role.DISPATCHER, unit=None, region="510000"),
    ]


def facts() -> list[Any]:
    def battery_car(id: str, unit: str, region: str, site: str, plate: str) -> Vehicle:
        return Vehicle(
            id=id,
            plate=plate,
            unit_id=unit,
            region=region,
            home_site_id=site,
            kind=VehicleKind.SEDAN,
            energy=Energy.BEV,
            seats=4,
            profile="sedan_bev",
            battery=Battery(capacity_wh=60_000, charge_wh=57_000),
            odometer_m=10_000_000,
        )

    def driver(id: str, person: str | None, unit: str, region: str, site: str) -> Driver:
        return Driver(
            id=id,
            name=f"驾驶员 {id}",
            unit_id=unit,
            region=region,
            home_site_id=site,
            licence="C1",
            shift=Shift(start_s=7 * 3600, end_s=20 * 3600),
            phone="13800000000",
            person_id=person,
        )

    groups = (ChargeGroup(points=2, power_w=7_000, dc=False), ChargeGroup(points=1, power_w=60_000, dc=True))
    return [
        Unit(id="U-SN", name="遂宁市机关事务管理局", region=SUINING, level=Level.PREFECTURE),
        Unit(id="U-SN-2", name="遂宁市下属单位", region=SUINING, level=Level.PREFECTURE, parent_id="U-SN"),
        Unit(id="U-TN", name="潼南区机关事务管理局", region=TONGNAN, level=Level.COUNTY),
        Site(
            id="S-SN",
            name="遂宁市政中心",
            region=SUINING,
            unit_id="U-SN",
            lon_wgs84=105.5929,
            lat_wgs84=30.5328,
            charge_groups=groups,
        ),
        Site(
            id="S-TN",
            name="潼南区政府",
            region=TONGNAN,
            unit_id="U-TN",
            lon_wgs84=105.8406,
            lat_wgs84=30.1910,
            charge_groups=groups,
        ),
        battery_car("V-SN-1", "U-SN", SUINING, "S-SN", "川JD00001"),
        battery_car("V-SN-2", "U-SN", SUINING, "S-SN", "川JD00002"),
        battery_car("V-TN-1", "U-TN", TONGNAN, "S-TN", "渝AD00001"),
        driver("D-SN-1", "P-driver", "U-SN", SUINING, "S-SN"),
        driver("D-SN-2", "P-driver2", "U-SN", SUINING, "S-SN"),
        driver("D-TN-1", None, "U-TN", TONGNAN, "S-TN"),
    ]


@pytest.fixture(scope="session")
def password_hash() -> str:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@pytest.fixture(scope="session")
def roads() -> RoadEngine:
    return RoadEngine(load_builtin())


def random_bytes(seed: str) -> Callable[[int], bytes]:
    drawn = 0

    def draw(count: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return shake_256(f"{seed}/{drawn}".encode()).digest(count)

    return draw


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis of the tests' own, as an installation has it."""
    running = redis_server.start(tmp_path_factory.mktemp("redis"))
    yield running.url
    running.stop()


@pytest.fixture
def store_kind() -> str:
    """Which store the world stands on; a module overrides it to run over both."""
    return "memory"


@pytest.fixture
def store(store_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[FleetStore]:
    if store_kind == "memory":
        yield MemoryStore()
        return
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    kept = RedisStore(request.getfixturevalue("redis_url"), prefix=f"test-{token_hex(6)}", fenced=True)
    durable = DurableStore(kept, ledger)
    durable.recover()
    yield durable
    kept.close()
    ledger.close()


@pytest.fixture
def world(password_hash: str, roads: RoadEngine, store: FleetStore, tmp_path: Path) -> Iterator[World]:
    clock = Clock(NOW)
    store.commit(
        Commit(
            type="world.made",
            actor="test",
            at=NOW,
            writes=[
                Write(kind=documents.kind_of(noun), id=noun.id, expected_version=0, body=documents.encode(noun))
                for noun in [*facts(), *people(password_hash)]
            ],
        )
    )
    services = Services(
        settings=Settings(argon2_memory_kib=8, plan_seconds=1.0, var_dir=tmp_path / "var"),
        clock=clock,
        secret=b"secret of the test",
        random_bytes=random_bytes("world"),
    )
    services.attach_tracks(Tracks(":memory:"))
    attach_store(services, store, works={"plan": plan_work(services), "scenario": scenario_work(services)})
    services.promiser = answer_with(services)
    services.attach_roads(roads, LegBook(roads))
    app = create_app(services)
    hooks = {"response": [lambda response: check_described(app, response)]}
    with served(app) as address, httpx.Client(base_url=address, timeout=20, event_hooks=hooks) as client:
        yield World(store=store, services=services, clock=clock, client=client)
        services.jobs.close()
        services.feed.close()
        if not isinstance(store, MemoryStore):
            services.feed.join()


def check_described(app: FastAPI, response: httpx.Response) -> None:
    """Hold every good answer of every test against what OpenAPI says of it."""
    if not response.is_success or response.headers.get("content-type", "") != "application/json":
        return
    path, method = response.request.url.path, response.request.method
    for route in app.routes:
        if isinstance(route, APIRoute) and method in route.methods and route.path_regex.match(path):
            break
    else:
        return
    description = app.openapi()
    answers = description["paths"].get(route.path_format, {}).get(method.lower(), {}).get("responses", {})
    told = answers.get(str(response.status_code), {}).get("content", {}).get("application/json", {}).get("schema", {})
    response.read()
    assert wrongs(response.json(), told, description["components"]["schemas"]) == [], f"{method} {path}"


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port of this machine, over real HTTP."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, lifespan="off", access_log=False, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    host, port = listener.getsockname()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


def at(hour: int, minute: int = 0, day: int = 2) -> str:
    return datetime(2026, 3, day, hour, minute, tzinfo=CHINA).isoformat()


def trip(**changes: Any) -> dict[str, Any]:
    """Return a good request from Suining to Tongnan, with changes."""
    body: dict[str, Any] = {
        "kind": "transfer",
        "purpose": "赴潼南对接工作",
        "passengers": 2,
        "stops": [
            {
                "name": "遂宁市政中心",
                "lon_wgs84": 105.5929,
                "lat_wgs84": 30.5328,
                "earliest_at": at(9),
                "latest_at": at(9, 20),
            },
            {
                "name": "潼南区政府",
                "lon_wgs84": 105.8406,
                "lat_wgs84": 30.1910,
                "earliest_at": at(9),
                "latest_at": at(12),
            },
        ],
    }
    body.update(changes)
    return body

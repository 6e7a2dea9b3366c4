"""What a server process has at hand, and what it still waits for.

The address answers before the store and the roads are there: ``Services`` starts empty, is filled from another thread,
and tells whoever asks too early what is missing.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as datetime_time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from api.access import Viewer
from api.accounts import Accounts, Throttle, make_hasher
from api.closed_roads import ClosedRoads, RoadView
from api.locks import LockPort, SimulatedLock
from api.problems import StillStarting
from api.road_lines import RoadLines, network_collection
from api.settings import Settings
from api.telemetry import Metrics
from api.wording import Language, Text
from fleet.requests import TripRequest
from fleet.rules.load import load
from fleet.rules.model import RuleBook
from fleet.store import FleetStore
from fleet.tracks import Tracks

if TYPE_CHECKING:
    from api.events import EventFeed
    from api.jobs import Jobs
    from api.rounds import Rounds
    from api.webhooks import Deliveries
    from dispatch.legs import Roads
    from routing.engine import RoadEngine

LOCAL_ZONE = ZoneInfo("Asia/Shanghai")
"""The one local time of the service."""

Clock = Callable[[], datetime]
_REMEMBERED_S = 60.0

STORE = Text("数据存储", "the store")
ROADS = Text("路网", "the road network")
DEMO = Text("演示数据", "the demo data")
DEMO_PLAN = Text("演示日的调度方案", "the plan of the demo day")


def local_day(at: datetime) -> str:
    """Return the local calendar day of an instant as ``YYYY-MM-DD``."""
    return at.astimezone(LOCAL_ZONE).date().isoformat()


@dataclass(frozen=True, kw_only=True)
class DemoAccount:
    login: str
    name: str
    roles: tuple[str, ...]
    region: str


@dataclass(frozen=True, kw_only=True)
class DemoAccess:
    """The accounts that the sign-in page may offer, with their common password; only on a loopback address."""

    day: str
    password: str
    accounts: tuple[DemoAccount, ...]


@dataclass(kw_only=True)
class Services:
    """The holder that every route reaches through ``app.state.services``."""

    settings: Settings
    clock: Clock
    secret: bytes
    random_bytes: Callable[[int], bytes] = secrets.token_bytes
    metrics: Metrics = field(default_factory=Metrics)
    demo_access: DemoAccess | None = None
    failure: str | None = None
    planning: threading.Lock = field(default_factory=threading.Lock)
    rounds: Rounds | None = None
    deliveries: Deliveries | None = None
    _tracks: Tracks | None = None
    _seen_vehicles: dict[tuple[str, str], tuple[float, bool]] = field(default_factory=dict)
    solver_slot: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(1))
    locks: LockPort = field(default_factory=SimulatedLock)
    promiser: Callable[[TripRequest, Language], dict[str, Any]] | None = None
    book: RuleBook = field(default_factory=load)
    _waiting: list[Text] = field(default_factory=list)
    _store: FleetStore | None = None
    _roads: RoadEngine | None = None
    _legs: Roads | None = None
    _lines: RoadLines | None = None
    _closed: ClosedRoads | None = None
    _network: dict[str, Any] | None = None
    _accounts: Accounts | None = None
    _jobs: Jobs | None = None
    _feed: EventFeed | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def attach_store(self, store: FleetStore, *, jobs: Jobs, feed: EventFeed) -> None:
        """Make the store available with all that stands on it."""
        accounts = Accounts(
            store,
            clock=self.clock,
            secret=self.secret,
            session_hours=self.settings.session_hours,
            argon2_memory_kib=self.settings.argon2_memory_kib,
            random_bytes=self.random_bytes,
            throttle=Throttle(),
        )
        with self._lock:
            self._jobs, self._feed, self._accounts = jobs, feed, accounts
            self._store = store
        self.reached(STORE)

    def attach_roads(self, roads: RoadEngine, legs: Roads) -> None:
        """Make the roads available; ``legs`` are the same roads with a memory of drives, for planning."""
        self._roads, self._legs, self._lines = roads, legs, RoadLines(roads)
        self._closed = ClosedRoads(roads, legs, self._lines)
        self._network = network_collection(roads.graph)
        self.reached(ROADS)

    def await_also(self, *things: Text) -> None:
        """Readiness will wait for these."""
        with self._lock:
            self._waiting.extend(things)

    def reached(self, thing: Text) -> None:
        with self._lock:
            if thing in self._waiting:
                self._waiting.remove(thing)

    @property
    def waiting_for(self) -> tuple[Text, ...]:
        with self._lock:
            return tuple(self._waiting)

    @property
    def store(self) -> FleetStore:
        """The store; raises :class:`StillStarting` while there is none."""
        if self._store is None:
            raise StillStarting(waiting_for=STORE)
        return self._store

    def attach_tracks(self, tracks: Tracks) -> None:
        """Make the track store available."""
        self._tracks = tracks

    @property
    def tracks(self) -> Tracks:
        """The positions of vehicles; raises :class:`StillStarting` while there is no store."""
        if self._tracks is None:
            raise StillStarting(waiting_for=STORE)
        return self._tracks

    def knows_vehicle(self, id: str, viewer: Viewer, store: FleetStore) -> bool:
        """Whether a vehicle exists and is the caller's to tell of; remembered for a minute, for thousands ask every second."""
        key, now = (viewer.person.id, id), time.monotonic()
        known = self._seen_vehicles.get(key)
        if known is None or now - known[0] > _REMEMBERED_S:
            document = store.find("vehicle", id)
            known = (now, document is not None and viewer.covers(str(document.body["region"])))
            self._seen_vehicles[key] = known
        return known[1]

    @property
    def has_roads(self) -> bool:
        return self._roads is not None

    @property
    def roads(self) -> RoadEngine:
        """The road engine; raises :class:`StillStarting` while it loads."""
        if self._roads is None:
            raise StillStarting(waiting_for=ROADS)
        return self._roads

    @property
    def legs(self) -> Roads:
        """The drives for planning; raises :class:`StillStarting` while the roads load."""
        if self._legs is None:
            raise StillStarting(waiting_for=ROADS)
        return self._legs

    @property
    def closed(self) -> ClosedRoads:
        """The roads with closures; raises :class:`StillStarting` while they load."""
        if self._closed is None:
            raise StillStarting(waiting_for=ROADS)
        return self._closed

    def roads_on(self, day: str) -> RoadView:
        """The roads of a local day with the closures that hold in what is left of it."""
        midnight = datetime.combine(date.fromisoformat(day), datetime_time(), tzinfo=LOCAL_ZONE)
        end = midnight + timedelta(days=1)
        return self.closed.between(self.store, min(max(midnight, self.clock()), end), end)

    def roads_now(self) -> RoadView:
        """The roads with the closures that hold at this moment."""
        return self.roads_at(self.clock())

    def roads_at(self, at: datetime) -> RoadView:
        """The roads with the closures that hold at an instant."""
        return self.closed.between(self.store, at, at + timedelta(microseconds=1))

    @property
    def lines(self) -> RoadLines:
        """The lines of drives, for maps."""
        if self._lines is None:
            raise StillStarting(waiting_for=ROADS)
        return self._lines

    @property
    def network(self) -> dict[str, Any]:
        """The road network as GeoJSON."""
        if self._network is None:
            raise StillStarting(waiting_for=ROADS)
        return self._network

    @property
    def accounts(self) -> Accounts:
        if self._accounts is None:
            raise StillStarting(waiting_for=STORE)
        return self._accounts

    @property
    def jobs(self) -> Jobs:
        if self._jobs is None:
            raise StillStarting(waiting_for=STORE)
        return self._jobs

    @property
    def feed(self) -> EventFeed:
        if self._feed is None:
            raise StillStarting(waiting_for=STORE)
        return self._feed

    def new_id(self, prefix: str) -> str:
        """Return a fresh id: the prefix, the local day and 40 random bits."""
        day = local_day(self.clock()).replace("-", "")
        return f"{prefix}{day}-{self.random_bytes(5).hex()}"

    def new_password_hash(self, password: str) -> str:
        """Return the argon2id text of a password."""
        return make_hasher(self.settings.argon2_memory_kib).hash(password)

    def answer(self, request: TripRequest, language: Language) -> dict[str, Any]:
        """Return what a new request may expect, as far as it can be known now."""
        if self.promiser is None:
            return {
                "outcome": "advice",
                "message": Text(
                    "审批后将编入当日调度方案。", "It will be planned with its day once it is approved."
                ).say(language),
            }
        return self.promiser(request, language)

    def close(self) -> None:
        """Stop what runs in the background; the store itself belongs to whoever opened it."""
        if self.rounds is not None:
            self.rounds.stop()
        if self.deliveries is not None:
            self.deliveries.stop()
        if self._tracks is not None:
            self._tracks.close()
        if self._jobs is not None:
            self._jobs.close()
        if self._feed is not None:
            self._feed.close()
            self._feed.join()

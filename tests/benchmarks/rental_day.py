"""A day of time-share rental against a real server process: ``python -m tests.benchmarks.rental_day``.

One server with its Redis and its ledger on disk, 38 districts, 280 rental points, 1,000 cars. Bookings come in at a fixed rate,
each a quote and a hold over HTTP, one in ten a walk-up that is taken, returned and settled at once. In every district retained
cars stand, so that each quote and hold tries them first. Then 200 clients at once want the cars of one point. At the end
the store is read and judged: no two orders on one car at a time, one live order per request, all settlements balance with
batches and budgets to the fen. ``--kills`` ends Redis or the server with signal 9 at random points meanwhile; then every
acknowledged hold is there, once.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from queue import Empty, Queue
from time import perf_counter
from typing import Any

import httpx
from argon2 import PasswordHasher

from fleet import documents, redis_server
from fleet.drivers import Driver, Shift
from fleet.durable_store import DurableStore
from fleet.ledger import Ledger
from fleet.people import Person, Role
from fleet.providers import (
    Clause,
    Contract,
    Provider,
    ProviderFeed,
    ProviderKind,
    SupportMode,
    activate_contract,
    add_contract,
)
from fleet.redis_store import RedisStore
from fleet.rental_budgets import RentalBudget, rental_budget_id
from fleet.requests import RequestState, TripKind, TripRequest, TripStop
from fleet.sites import ChargeGroup, Site
from fleet.store import Commit, FleetStore, Write
from fleet.tariffs import DistanceTier, RentalTariff, TimeTier
from fleet.units import Level, Unit
from fleet.vehicles import Acquisition, AcquisitionKind, Battery, Duty, Energy, Vehicle, VehicleKind
from scenarios.places import load_places
from tests.e2e.processes import ServerProcess

CHINA = timezone(timedelta(hours=8))
PASSWORD = "rental day"
PREFIX = "chuanyu"
PHOTO = sha256(b"photo").hexdigest()
HOURLY = (0, 0, 0, 0, 0, 1, 3, 8, 14, 13, 9, 6, 5, 9, 10, 7, 5, 4, 3, 2, 1, 0, 0, 0)
CLAUSES = ("acceptance", "payment", "price", "insurance", "return")


@dataclass(frozen=True, kw_only=True)
class Size:
    districts: int = 38
    points: int = 280
    cars: int = 1_000
    bookings: int = 6_000
    walk_up_frac: float = 0.1
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What one client will ask for."""

    request_id: str
    site_id: str
    walk_up: bool


@dataclass
class World:
    """The facts of the day, and what clients will want."""

    nouns: list[Any] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    rush: list[Wish] = field(default_factory=list)


def make_world(size: Size, now: datetime) -> World:
    rng = random.Random(size.seed)
    world = World()
    places = [own for own in load_places() if own.adcode.startswith("50") and own.adcode != "500000"][: size.districts]
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    world.nouns.append(
        Person(
            id="P-desk", login="desk", name="租赁服务台", roles=frozenset({Role.DISPATCHER}), unit_id=None,
            region="500000", password_hash=hashed,
        )
    )  # fmt: skip
    sites_of: dict[str, list[str]] = {}
    for place in places:
        code = place.adcode
        world.nouns += _district(code, place.name_zh, now)
        sites_of[code] = []
    for number in range(size.points):
        place = places[number % len(places)]
        id = f"S-{place.adcode}-{number:03d}"
        sites_of[place.adcode].append(id)
        world.nouns.append(
            Site(
                id=id, name=f"{place.name_zh}网点{number}", region=place.adcode, unit_id=None,
                lon_wgs84=round(place.lon_wgs84 + rng.uniform(-0.08, 0.08), 5),
                lat_wgs84=round(place.lat_wgs84 + rng.uniform(-0.08, 0.08), 5),
                charge_groups=(ChargeGroup(points=4, power_w=7_000, dc=False),), rental_point=True,
            )
        )  # fmt: skip
    every_site = [own for own in world.nouns if isinstance(own, Site) and own.rental_point]
    for number in range(size.cars):
        site = every_site[number % len(every_site)]
        world.nouns.append(_car(f"V-R{number:04d}", site.region, site.id))
    midnight = (now.astimezone(CHINA) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    for number in range(size.bookings + 200):
        rush = number >= size.bookings
        site = every_site[0] if rush else rng.choice(every_site)
        walk_up = not rush and rng.random() < size.walk_up_frac
        hour = rng.choices(range(24), HOURLY)[0]
        start = midnight + timedelta(hours=hour, minutes=rng.randrange(60))
        if rush:
            start = midnight + timedelta(days=3, hours=9)
        elif walk_up:
            start = now + timedelta(minutes=5)
        end = start + timedelta(minutes=rng.randrange(60, 300))
        if walk_up:
            end = start + timedelta(hours=8)
        id = f"R-{number:05d}"
        world.nouns.append(_request(id, site, start, end, now))
        (world.rush if rush else world.wishes).append(Wish(request_id=id, site_id=site.id, walk_up=walk_up))
    return world


def _district(code: str, name: str, now: datetime) -> list[Any]:
    provider = Provider(id=f"PV-{code}", name=f"{name}租赁", kind=ProviderKind.RENTAL_FIRM, region=code)
    contract = Contract(
        id="C-1", mode=SupportMode.TIME_SHARE_RENTAL, starts_on=date(2026, 6, 1), ends_on=date(2030, 1, 1),
        clauses=tuple(Clause(name=clause, text="按合同") for clause in CLAUSES),
    )  # fmt: skip
    unit = Unit(id=f"U-{code}", name=f"{name}机关事务中心", region=code, level=Level.COUNTY)
    tariff = RentalTariff(
        id=f"T-{code}", provider_id=provider.id, name="小时", region=code, valid_from=date(2026, 1, 1), step_s=3_600,
        time_tiers=(TimeTier(from_s=0, step_fen=1_500),), distance_tiers=(DistanceTier(from_m=0, km_fen=60),),
        day_cap_fen=8_300,
    )  # fmt: skip
    place = next(own for own in load_places() if own.adcode == code)
    home = Site(
        id=f"S-{code}", name=name, region=code, unit_id=unit.id, lon_wgs84=place.lon_wgs84, lat_wgs84=place.lat_wgs84
    )
    found: list[Any] = [
        activate_contract(add_contract(provider, contract), "C-1", required=CLAUSES),
        ProviderFeed(id=provider.id, seen_at=now + timedelta(hours=2)),
        unit,
        tariff,
        home,
        RentalBudget(
            id=rental_budget_id(unit.id, now.astimezone(CHINA).year), unit_id=unit.id, region=code,
            year=now.astimezone(CHINA).year, cap_fen=10**9, line="2130101",
        ),
    ]  # fmt: skip
    for number in range(3):
        # Retained cars whose drivers work at night only: each is tried, and none can.
        found += [
            Vehicle(
                id=f"V-{code}-{number}", plate=f"渝AX{code[-3:]}{number}", unit_id=unit.id, region=code,
                home_site_id=home.id, kind=VehicleKind.SEDAN, energy=Energy.PETROL, seats=4, profile="sedan_petrol",
            ),
            Driver(
                id=f"D-{code}-{number}", name="司机", unit_id=unit.id, region=code, home_site_id=home.id, licence="C1",
                shift=Shift(start_s=0, end_s=3 * 3_600),
            ),
        ]  # fmt: skip
    return found


def _car(id: str, region: str, site_id: str) -> Vehicle:
    bought = Acquisition(on=date(2024, 1, 1), kind=AcquisitionKind.ADDED, price_fen=12_000_000, displacement_ml=0)
    return Vehicle(
        id=id, plate=f"渝AD{id[-4:]}", unit_id=f"U-{region}", region=region, home_site_id=site_id,
        kind=VehicleKind.SEDAN, energy=Energy.BEV, seats=4, profile="sedan_bev", duty=Duty.RENTAL, self_drive=True,
        battery=Battery(capacity_wh=50_000, charge_wh=45_000), odometer_m=10_000_000, provider_id=f"PV-{region}",
        acquisition=bought,
    )  # fmt: skip


def _request(id: str, site: Site, start: datetime, end: datetime, now: datetime) -> TripRequest:
    def stop(earliest: datetime, latest: datetime) -> TripStop:
        return TripStop(
            name=site.name, lon_wgs84=site.lon_wgs84, lat_wgs84=site.lat_wgs84, earliest_at=earliest, latest_at=latest
        )

    return TripRequest(
        id=id, unit_id=f"U-{site.region}", region=site.region, requester_id="P-asker", kind=TripKind.RENTAL,
        purpose="下乡检查", passengers=2, stops=(stop(start, start + timedelta(minutes=30)), stop(start, end)),
        submitted_at=now, state=RequestState.APPROVED, approver_id="P-boss", decided_at=now,
    )  # fmt: skip


def open_store(var_dir: Path, url: str) -> tuple[RedisStore, Ledger, DurableStore]:
    inner = RedisStore(url, prefix=PREFIX, fenced=True)
    ledger = Ledger(f"sqlite:///{(var_dir / 'ledger.sqlite').resolve()}")
    store = DurableStore(inner, ledger)
    store.recover()
    return inner, ledger, store


def fill(var_dir: Path, world: World, now: datetime) -> None:
    var_dir.mkdir(parents=True, exist_ok=True)
    with redis_server.start(var_dir) as running:
        inner, ledger, store = open_store(var_dir, running.url)
        for start in range(0, len(world.nouns), 500):
            writes = [
                Write(kind=documents.kind_of(noun), id=noun.id, expected_version=0, body=documents.encode(noun))
                for noun in world.nouns[start : start + 500]
            ]
            store.commit(Commit(type="benchmark.filled", actor="benchmark", at=now, writes=writes))
        inner.close()
        ledger.close()


@dataclass
class Outcome:
    """What the clients saw; lists are appended to from many threads."""

    quote_s: list[float] = field(default_factory=list)
    hold_s: list[float] = field(default_factory=list)
    both_s: list[float] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    settled: dict[str, int] = field(default_factory=dict)
    surprises: list[str] = field(default_factory=list)
    repeats: int = 0


class Client(threading.Thread):
    """Takes wishes from a queue; each at its time, and what is not acknowledged again with its key."""

    def __init__(self, url: str, token: str, queue: Queue[tuple[float, Wish]], outcome: Outcome, zero: float) -> None:
        super().__init__(daemon=True)
        self._client = httpx.Client(base_url=url, timeout=60, headers={"Authorization": f"Bearer {token}"})
        self._queue, self._outcome, self._zero = queue, outcome, zero

    def run(self) -> None:
        with self._client:
            while True:
                try:
                    at, wish = self._queue.get_nowait()
                except Empty:
                    return
                threading.Event().wait(max(0.0, self._zero + at - perf_counter()))
                self._serve(wish)

    def close(self) -> None:
        self._client.close()

    def _serve(self, wish: Wish) -> None:
        body = {
            "request_id": wish.request_id, "from_site_id": wish.site_id, "reason": "urgent", "reason_text": "检查",
            "expected_m": 30_000,
        }  # fmt: skip
        begun = perf_counter()
        quote = self.post("/v1/rentals:quote", body, f"q-{wish.request_id}")
        middle = perf_counter()
        answer = self.post("/v1/rentals", body, f"h-{wish.request_id}") if quote.status_code == 200 else quote
        ended = perf_counter()
        if quote.status_code == 200:
            self._outcome.hold_s.append(ended - middle)
            self._outcome.both_s.append(ended - begun)
        self._outcome.quote_s.append(middle - begun)
        if answer.status_code == 201:
            own = answer.json()
            self._outcome.held[wish.request_id] = own["id"]
            if wish.walk_up:
                self._whole_life(own, wish)
        elif answer.status_code == 409:
            self._outcome.refused["/".join(error["field"] for error in answer.json()["errors"])] += 1
        else:
            self._outcome.surprises.append(f"{wish.request_id}: {answer.status_code} {answer.text[:200]}")

    def _whole_life(self, own: dict[str, Any], wish: Wish) -> None:
        site = self._insist("GET", f"/v1/sites/{wish.site_id}").json()
        car = self._insist("GET", f"/v1/vehicles/{own['vehicle_id']}").json()
        reading = {"odometer_m": car["odometer_m"], "charge_frac": 0.9, "photos": [PHOTO]}
        back = {
            **reading, "odometer_m": car["odometer_m"] + 30_000, "charge_frac": 0.8, "site_id": wish.site_id,
            "lon_wgs84": site["lon_wgs84"], "lat_wgs84": site["lat_wgs84"],
        }  # fmt: skip
        steps: list[tuple[str, Any]] = [
            ("checkLicence", {"licence": "C1", "valid_until": "2035-01-01"}),
            ("inspect", reading),
            ("unlock", None),
            ("return", back),
            ("settle", None),
        ]
        for name, given in steps:
            answer = self.post(f"/v1/rentals/{own['id']}:{name}", given, f"{name}-{own['id']}")
            if answer.status_code != 200:
                self._outcome.surprises.append(f"{own['id']} {name}: {answer.status_code} {answer.text[:200]}")
                return
        self._outcome.settled[own["id"]] = int(answer.json()["settlement"]["bill"]["amount_fen"])

    def post(self, path: str, body: Any, key: str) -> httpx.Response:
        return self._insist("POST", path, json=body, headers={"Idempotency-Key": key})

    def _insist(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask until there is an answer that is not a failure of the store or the wire."""
        last: httpx.Response | None = None
        for _ in range(2_000):
            try:
                answer: httpx.Response | None = self._client.request(method, path, **more)
            except httpx.HTTPError:
                answer = None
            # Two that met at one document: told to try again, as a phone would.
            stale = answer is not None and answer.status_code == 409 and "stale-revision" in answer.text
            if answer is not None and answer.status_code not in (500, 502, 503) and not stale:
                return answer
            self._outcome.repeats += 1
            last = answer
            threading.Event().wait(0.02)
        raise AssertionError(f"{path} never answered: {'' if last is None else last.text[:300]}")


def every(store: FleetStore, kind: str) -> Iterator[Any]:
    after = ""
    while True:
        page = store.list(kind, after=after)
        yield from (documents.decode(kind, own.body) for own in page.documents)
        if page.next_after is None:
            return
        after = page.next_after


def judge(store: FleetStore, outcome: Outcome) -> dict[str, int]:
    """Hold the store against what the clients were told; raises ``AssertionError`` with what is wrong."""
    rentals = {own.id: own for own in every(store, "rental")}
    for request_id, rental_id in outcome.held.items():
        assert rentals[rental_id].request_id == request_id, f"{rental_id} is lost"
    per_request = Counter(own.request_id for own in rentals.values() if own.state not in _OVER)
    assert max(per_request.values(), default=1) == 1, "two orders on one request"
    for calendar in every(store, "rental_calendar"):
        for a, b in pairwise(calendar.slots):
            assert a.until_at <= b.from_at, f"{calendar.id} is let twice"
        for slot in calendar.slots:
            assert rentals[slot.rental_id].vehicle_id == calendar.id
    by_car: dict[str, list[Any]] = {}
    for own in rentals.values():
        if own.state not in _OVER:
            by_car.setdefault(own.vehicle_id, []).append(own)
    for vehicle_id, orders in by_car.items():
        orders.sort(key=lambda own: own.from_at)
        live = [own for own in orders if own.settlement is None]
        assert all(a.until_at <= b.from_at for a, b in pairwise(live)), f"{vehicle_id} is let twice"
    settled = {own.id: own.settlement.bill.amount_fen for own in rentals.values() if own.settlement is not None}
    for rental_id, amount_fen in outcome.settled.items():
        assert settled.get(rental_id) == amount_fen, f"{rental_id} is settled otherwise"
    booked = sum(own.booked_fen for own in every(store, "rental_budget"))
    committed = sum(own.committed_fen for own in every(store, "rental_budget"))
    assert booked == sum(settled.values()), "budgets and settlements differ"
    year = {own.year for own in every(store, "rental_budget")}
    waiting = sum(
        own.quote.amount_fen
        for own in rentals.values()
        if own.settlement is None and own.state not in _OVER and own.from_at.astimezone(CHINA).year in year
    )
    assert committed == waiting, f"committed {committed} fen, orders under way {waiting}"
    return {"orders": len(rentals), "settled": len(settled), "settled_fen": sum(settled.values())}


_OVER = ("expired", "cancelled", "no_show")


def run(
    var_dir: Path,
    size: Size,
    *,
    rate_per_s: float,
    clients: int,
    rush: int = 200,
    kills: int = 0,
    server_frac: float = 0.3,
    say: Callable[[str], Any] = sys.stdout.write,
) -> tuple[Outcome, dict[str, int]]:
    """Fill a store, serve it, let the clients come, and judge what is there afterwards."""
    now = datetime.now(UTC)
    world = make_world(size, now)
    fill(var_dir, world, now)
    outcome, rushed = Outcome(), Outcome()
    server = ServerProcess(var_dir)
    server.start()
    try:
        server.until("/readyz")
        desk = server.sign_in("desk", PASSWORD)
        # The first requests load what is loaded once (rules, roads); they are no part of the day.
        warm = Client(server.url, desk.token, Queue(), Outcome(), 0.0)
        warm.post(
            "/v1/rentals:quote",
            {**_ASK, "request_id": world.wishes[0].request_id, "from_site_id": world.wishes[0].site_id},
            "warm",
        )
        warm.close()
        queue: Queue[tuple[float, Wish]] = Queue()
        for number, wish in enumerate(world.wishes):
            queue.put((number / rate_per_s, wish))
        zero = perf_counter() + 0.5
        threads = [Client(server.url, desk.token, queue, outcome, zero) for _ in range(clients)]
        for thread in threads:
            thread.start()
        _kill(server, outcome, kills, len(world.wishes), random.Random(size.seed), server_frac)
        for thread in threads:
            thread.join()
        took_s = perf_counter() - zero
        _say(say, size, outcome, took_s, clients)
        everybody: Queue[tuple[float, Wish]] = Queue()
        for wish in world.rush[:rush]:
            everybody.put((0.0, wish))
        begun = perf_counter()
        crowd = [Client(server.url, desk.token, everybody, rushed, begun) for _ in range(rush)]
        for thread in crowd:
            thread.start()
        for thread in crowd:
            thread.join()
        at_point = sum(
            1 for own in world.nouns if isinstance(own, Vehicle) and own.home_site_id == world.rush[0].site_id
        )
        say(
            f"{rush} clients at once for {at_point} cars of one point: {len(rushed.held)} held, "
            f"{sum(rushed.refused.values())} refused, {len(rushed.surprises)} surprises, {perf_counter() - begun:.1f} s\n"
        )
        assert len(rushed.held) <= at_point
        server.until("/readyz")
        assert server.stop() == 0, server.said()
    finally:
        server.close()
    assert outcome.surprises + rushed.surprises == [], (outcome.surprises + rushed.surprises)[:3]
    outcome.held |= rushed.held
    with redis_server.start(var_dir) as running:
        inner, ledger, store = open_store(var_dir, running.url)
        ledger.verify()
        figures = judge(store, outcome)
        inner.close()
        ledger.close()
    say(
        f"judged: {figures['orders']} orders, {figures['settled']} settled for {figures['settled_fen']} fen, all balance\n"
    )
    return outcome, figures


_ASK = {"reason": "urgent", "reason_text": "检查", "expected_m": 30_000}


def _kill(
    server: ServerProcess, outcome: Outcome, kills: int, bookings: int, rng: random.Random, server_frac: float
) -> None:
    """End Redis, or now and then the server, with signal 9 at random points of the day."""
    for number in range(kills):
        goal = (number + 1) * bookings // (kills + 2)
        while len(outcome.quote_s) < goal and not outcome.surprises:
            threading.Event().wait(0.005)
        threading.Event().wait(rng.uniform(0.0, 0.05))
        if rng.random() < server_frac:
            server.kill()
            server.start()
        else:
            while not server.kill_redis():
                threading.Event().wait(0.01)


def _say(say: Callable[[str], Any], size: Size, outcome: Outcome, took_s: float, clients: int) -> None:
    say(
        f"{size.cars} cars at {size.points} points in {size.districts} districts; {size.bookings} bookings in {took_s:.0f} s "
        f"({size.bookings / took_s:.1f}/s, {clients} connections)\n"
        f"held {len(outcome.held)}, refused {sum(outcome.refused.values())} {dict(outcome.refused)}, "
        f"settled {len(outcome.settled)}, repeated {outcome.repeats}\n"
    )
    for name, found in (("quote", outcome.quote_s), ("hold", outcome.hold_s), ("quote + hold", outcome.both_s)):
        waits = sorted(found)
        if waits:
            p50, p99 = (1_000 * waits[min(len(waits) - 1, int(len(waits) * share))] for share in (0.5, 0.99))
            say(f"{name:13} p50 {p50:6.1f} ms   p99 {p99:6.1f} ms   most {1_000 * waits[-1]:6.1f} ms\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bookings", type=int, default=6_000)
    parser.add_argument("--cars", type=int, default=1_000)
    parser.add_argument("--points", type=int, default=280)
    parser.add_argument("--rate", type=float, default=10.0, help="bookings a second")
    parser.add_argument("--clients", type=int, default=16, help="connections")
    parser.add_argument("--kills", type=int, default=0, help="how often Redis or the server is killed meanwhile")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    size = Size(points=options.points, cars=options.cars, bookings=options.bookings, seed=options.seed)
    with tempfile.TemporaryDirectory() as temporary:
        run(Path(temporary) / "var", size, rate_per_s=options.rate, clients=options.clients, kills=options.kills)


if __name__ == "__main__":
    main()

"""The demo region: put into an empty store once, planned once, kept from then on.

The accounts of the demo share one password, drawn at the first start and kept in ``demo-password`` in the data folder,
readable by its owner only. It is offered on the sign-in page only while the server listens on a loopback address.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from api.services import LOCAL_ZONE, DemoAccess, DemoAccount, Services, local_day
from fleet import documents
from fleet.people import Person
from fleet.rules.fitness import is_holiday
from fleet.rules.load import load
from fleet.store import Commit, FleetStore, Write
from scenarios.places import load_places
from scenarios.region import build_demo

KIND = "demo"
ID = "demo"
ACTOR = "demo"
_CHUNK = 400
_LAST_HOUR_FOR_TODAY = 5


class NotADemo(Exception):
    """The store holds other data: a demo must not be mixed into it."""


def choose_day(now: datetime) -> str:
    """Return the day to generate: today before 05:00 local time, else tomorrow, so that no trip lies in the past.

    Public holidays are passed over: their vehicles are sealed (R078).
    """
    today = date.fromisoformat(local_day(now))
    early = now.astimezone(LOCAL_ZONE).hour < _LAST_HOUR_FOR_TODAY
    day = today if early else today + timedelta(days=1)
    while is_holiday(load().at(day, "510000"), day):
        day += timedelta(days=1)
    return day.isoformat()


def load_password(path: Path, draw: Callable[[int], bytes]) -> str:
    """Return the password of a file that only its owner may read; drawn and written at the first call."""
    if not path.exists():
        text = draw(9).hex()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
    return path.read_text("ascii").strip()


def ensure_demo(services: Services, store: FleetStore) -> DemoAccess:
    """Fill an empty store with the demo region, or go on where a former start was interrupted.

    Raises
    ------
    NotADemo
        If the store holds data that are not the demo's.
    """
    settings = services.settings
    marker = store.find(KIND, ID)
    if marker is None and store.head() > 0:
        raise NotADemo
    if marker is None:
        day = settings.demo_day or choose_day(services.clock())
        _commit(services, store, "demo.begun", [_marker(day, complete=False, featured=[], version=0)], key="demo/begin")
        marker = store.get(KIND, ID)
    day = str(marker.body["day"])
    password = load_password(settings.var_dir / "demo-password", services.random_bytes)
    if not marker.body["complete"]:
        region = build_demo(
            settings.demo_seed,
            places=load_places(),
            day=date.fromisoformat(day),
            vehicles=settings.demo_vehicles,
            requests=settings.demo_requests,
            sites=settings.demo_sites,
            password_hash=services.new_password_hash(password),
        )
        nouns: list[Any] = [
            *region.units,
            *region.sites,
            *region.vehicles,
            *region.drivers,
            *region.persons,
            *region.requests,
            *region.waiting,
            *region.agreements,
        ]
        for start in range(0, len(nouns), _CHUNK):
            writes = [
                Write(kind=documents.kind_of(noun), id=noun.id, expected_version=0, body=documents.encode(noun))
                for noun in nouns[start : start + _CHUNK]
            ]
            _commit(services, store, "demo.filled", writes, key=f"demo/{start}")
        done = _marker(day, complete=True, featured=list(region.featured), version=marker.version)
        _commit(services, store, "demo.completed", [done], key="demo/end")
        marker = store.get(KIND, ID)
    return DemoAccess(day=day, password=password, accounts=_accounts(store, marker.body["featured"]))


def _marker(day: str, *, complete: bool, featured: list[Any], version: int) -> Write:
    body = {"id": ID, "day": day, "complete": complete, "featured": featured}
    return Write(kind=KIND, id=ID, expected_version=version, body=body)


def _commit(services: Services, store: FleetStore, type: str, writes: Sequence[Write], *, key: str) -> None:
    store.commit(Commit(type=type, actor=ACTOR, at=services.clock(), writes=writes, key=key))


def _accounts(store: FleetStore, featured: Sequence[str]) -> tuple[DemoAccount, ...]:
    accounts = []
    for id in featured:
        person: Person = documents.decode("person", store.get("person", id).body)
        accounts.append(
            DemoAccount(login=person.login, name=person.name, roles=tuple(sorted(person.roles)), region=person.region)
        )
    return tuple(accounts)

"""The figures at the head of the console."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter

from api.access import STAFF
from api.days import DayText
from api.dependencies import Caller, Store
from api.plan_views import find_latest_plan, show_plan_head
from api.routes.requests import day_of_request
from fleet.people import Role
from fleet.store import Document, FleetStore
from fleet.vehicles import Energy

router = APIRouter(prefix="/v1", tags=["overview"])


@router.get("/overview", summary="Requests, vehicles and the newest plan of a day, as far as the caller sees them")
def get_overview(viewer: Caller, store: Store, day: DayText) -> dict[str, Any]:
    viewer.require(STAFF | {Role.APPROVER})
    requests: Counter[str] = Counter()
    for document in _all(store, "request"):
        if viewer.sees("request", document.body) and day_of_request(document) == day:
            requests[str(document.body["state"])] += 1
    states: Counter[str] = Counter()
    energies: Counter[str] = Counter()
    for document in _all(store, "vehicle"):
        if viewer.sees("vehicle", document.body):
            states[str(document.body["state"])] += 1
            energies[str(document.body["energy"])] += 1
    vehicles = sum(energies.values())
    nevs = sum(count for energy, count in energies.items() if Energy(energy).is_nev)
    plan = find_latest_plan(store, day, for_region=viewer.person.region or None)
    if plan is not None and not viewer.sees("plan", plan.body):
        plan = None
    return {
        "day": day,
        "requests_by_state": dict(sorted(requests.items())),
        "requests_count": sum(requests.values()),
        "vehicles_by_state": dict(sorted(states.items())),
        "vehicles_by_energy": dict(sorted(energies.items())),
        "vehicles_count": vehicles,
        "nev_frac": nevs / vehicles if vehicles else None,
        "plan": None if plan is None else show_plan_head(plan),
    }


def _all(store: FleetStore, kind: str) -> Iterator[Document]:
    after = ""
    while True:
        page = store.list(kind, after=after)
        yield from page.documents
        if page.next_after is None:
            return
        after = page.next_after

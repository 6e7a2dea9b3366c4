"""The rules with their numbers and quotations, and the register held against them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from api.access import STAFF
from api.days import DayText
from api.dependencies import Caller, Served, Store
from api.rule_views import finding_json, rule_json
from api.services import Services
from fleet.compliance import evaluate, summary
from fleet.documents import decode
from fleet.rules.findings import Verdict
from fleet.rules.model import RuleType, Status
from fleet.store import FleetStore

router = APIRouter(prefix="/v1", tags=["rules"])

SHANGHAI = ZoneInfo("Asia/Shanghai")

Region = Annotated[str | None, Query(pattern=r"^[A-Z0-9-]{2,20}$", description="Region code.")]


def _day(given: str | None, services: Services) -> date:
    """The day that was asked for; today if left out."""
    return services.clock().astimezone(SHANGHAI).date() if given is None else date.fromisoformat(given)


@router.get("/rules", summary="The rules; with a region, those that reach it and their values of the day")
def list_rules(
    viewer: Caller,
    services: Served,
    region: Region = None,
    day: DayText | None = None,
    type: RuleType | None = None,
    status: Status | None = None,
) -> dict[str, Any]:
    viewer.require(STAFF)
    book = services.book
    on = _day(day, services)
    view = None if region is None else book.at(on, region)
    return {
        "day": on.isoformat(),
        "items": [
            rule_json(rule, view, book)
            for rule in book
            if (type is None or rule.type is type)
            and (status is None or rule.enforcement.status is status)
            and (view is None or view.applies(rule.id))
        ],
        "next_after": None,
    }


@router.get("/rules/{id}", summary="One rule with its quotations, its values and where it bites")
def get_rule(
    id: str, viewer: Caller, services: Served, region: Region = None, day: DayText | None = None
) -> dict[str, Any]:
    viewer.require(STAFF)
    book = services.book
    on = _day(day, services)
    return rule_json(book.get(id), None if region is None else book.at(on, region), book)


@router.get("/compliance", summary="Quota, shares and chargers of the register against the rules, with the way out")
def get_compliance(
    viewer: Caller,
    store: Store,
    services: Served,
    day: DayText | None = None,
    region: Region = None,
    verdict: Annotated[list[Verdict] | None, Query(description="Only these verdicts.")] = None,
) -> dict[str, Any]:
    viewer.require(STAFF)
    book = services.book
    on = _day(day, services)
    if region is not None:
        book.at(on, region)
    found = [
        own
        for own in evaluate(
            _all(store, "unit"),
            _all(store, "vehicle"),
            _all(store, "site"),
            on,
            book,
            requests=_all(store, "request"),
        )
        if viewer.covers(own.region) and (region is None or book.covers(region, own.region))
    ]
    return {
        "day": on.isoformat(),
        "counts": {verdict.value: count for verdict, count in summary(found).items()},
        "items": [finding_json(own) for own in found if verdict is None or own.verdict in verdict],
        "next_after": None,
    }


def _all(store: FleetStore, kind: str) -> Iterator[Any]:
    after = ""
    while True:
        page = store.list(kind, after=after)
        yield from (decode(kind, document.body) for document in page.documents)
        if page.next_after is None:
            return
        after = page.next_after

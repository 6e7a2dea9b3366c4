"""Plans as callers see them: figures, and the unserved with reasons in their language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api.access import Viewer
from api.geography import covers
from api.reason_words import message_of
from api.services import local_day
from api.wording import Language
from fleet.store import Document, FleetStore


def say_reason(reason: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Return a reason of a plan with its message."""
    code = str(reason["code"])
    detail = dict(reason.get("detail") or {})
    message = message_of(code, detail, language)
    return {"code": code, "proven": bool(reason["proven"]), "message": message, "detail": detail}


def find_latest_plan(store: FleetStore, day: str, *, for_region: str | None = None) -> Document | None:
    """Return the newest plan of a day, of those that include the region where one is given."""
    newest: Document | None = None
    after = ""
    while True:
        page = store.list("plan", where=("day", day), after=after)
        for document in page.documents:
            if for_region is not None and not covers(str(document.body["region"]), for_region):
                continue
            if newest is None or _made(document) > _made(newest):
                newest = document
        if page.next_after is None:
            return newest
        after = page.next_after


def _made(document: Document) -> tuple[datetime, str]:
    return datetime.fromisoformat(str(document.body["created_at"])), document.id


def reasons_of(store: FleetStore, request: Document, language: Language) -> list[dict[str, Any]]:
    """Return why the newest plan of its day left a request out; empty when it did not, or there is none."""
    day = local_day(datetime.fromisoformat(str(request.body["stops"][0]["earliest_at"])))
    plan = find_latest_plan(store, day, for_region=str(request.body["region"]))
    if plan is None:
        return []
    for entry in plan.body["unserved"]:
        if entry["request_id"] == request.id:
            return [say_reason(reason, language) for reason in entry["reasons"]]
    return []


def show_plan(plan: Document, viewer: Viewer, store: FleetStore, language: Language) -> dict[str, Any]:
    """Return a plan with those of its unserved requests that the viewer may see."""
    unserved = []
    for entry in plan.body["unserved"]:
        request = store.find("request", str(entry["request_id"]))
        if request is None or not viewer.sees("request", request.body):
            continue
        unserved.append(
            {
                "request_id": entry["request_id"],
                "reasons": [say_reason(reason, language) for reason in entry["reasons"]],
            }
        )
    return {**plan.body, "unserved": unserved, "version": plan.version}


def show_plan_head(plan: Document) -> dict[str, Any]:
    """Return a plan without its unserved, for lists."""
    return {name: value for name, value in plan.body.items() if name != "unserved"} | {"version": plan.version}

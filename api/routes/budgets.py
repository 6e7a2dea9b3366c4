"""Budgets of units (R131): the year's cap, what is booked, and what approved trips are taken to cost on top."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from api.access import PLANNERS, READERS, access_document
from api.dependencies import Caller, Change, Store, document_response, needs, render
from api.idempotency import Effect, etag
from api.paging import After, Limit, list_visible
from api.problems import InvalidInput
from api.registry import check_exists
from api.schemas.measures import BudgetInput
from api.wording import Text
from dispatch.agreed import committed_fen
from fleet.budgets import Budget, budget_id
from fleet.documents import decode, encode
from fleet.ids import RegionCode, UnitId
from fleet.store import Write

router = APIRouter(prefix="/v1", tags=["budgets"])


@router.get("/budgets", summary="List budgets")
def list_budgets(viewer: Caller, store: Store, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    viewer.require(READERS["budget"])
    return list_visible(
        store,
        "budget",
        where=None,
        keep=lambda document: viewer.sees("budget", document.body),
        show=render,
        after=after,
        limit=limit,
    )


@router.get("/budgets/{id}", summary="One budget with what approved trips will cost")
def get_budget(id: str, viewer: Caller, store: Store) -> Response:
    document = access_document(viewer, store, "budget", id)
    return document_response(document, {"committed_fen": committed_fen(store, decode("budget", document.body))})


@router.post(
    "/budgets", dependencies=[needs(PLANNERS)], status_code=201, summary="Set a unit's budget of a year, or set it anew"
)
def set_budget(given: BudgetInput, change: Change, store: Store) -> Response:
    change.viewer.require(PLANNERS)
    if found := check_exists(store, "unit", given.unit_id, "unit_id", Text("单位", "unit")):
        raise InvalidInput(found)
    region = str(store.get("unit", given.unit_id).body["region"])
    change.viewer.require_region(region)
    budget = Budget(
        id=budget_id(UnitId(given.unit_id), given.year),
        unit_id=UnitId(given.unit_id),
        region=RegionCode(region),
        year=given.year,
        cap_fen=given.cap_fen,
        booked_fen=given.booked_fen,
        document_no=given.document_no,
    )

    def effect() -> Effect:
        present = store.find("budget", budget.id)
        version = 0 if present is None else present.version
        body = encode(budget)
        return Effect(
            type="budget.set",
            region=region,
            writes=[Write(kind="budget", id=budget.id, expected_version=version, body=body)],
            status=201,
            body={**body, "version": version + 1},
            headers={"ETag": etag(version + 1), "Location": f"/v1/budgets/{budget.id}"},
        )

    return change.perform(effect)

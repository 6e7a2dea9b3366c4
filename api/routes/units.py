"""The register of units."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response

from api.access import READERS, REGISTRARS, access_document
from api.dependencies import Caller, Change, Store, document_response, needs, render
from api.paging import After, Limit, list_visible
from api.registry import Findings, amend, check_exists, create
from api.schemas.facts import UnitInput
from api.wording import Text
from fleet.store import FleetStore

router = APIRouter(prefix="/v1", tags=["units"])


def _check(store: FleetStore, given: UnitInput) -> Findings:
    return check_exists(store, "unit", given.parent_id, "parent_id", Text("单位", "unit"))


@router.get("/units", summary="List units")
def list_units(
    viewer: Caller,
    store: Store,
    region: Annotated[str | None, Query(pattern=r"^[A-Z0-9-]{2,20}$")] = None,
    limit: Limit = 100,
    after: After = "",
) -> dict[str, Any]:
    viewer.require(READERS["unit"])
    return list_visible(
        store,
        "unit",
        where=None if region is None else ("region", region),
        keep=lambda document: viewer.sees("unit", document.body),
        show=render,
        after=after,
        limit=limit,
    )


@router.post("/units", dependencies=[needs(REGISTRARS)], status_code=201, summary="Register a unit")
def create_unit(given: UnitInput, change: Change, store: Store) -> Response:
    return create("unit", given, change=change, store=store, check=_check)


@router.get("/units/{id}", summary="One unit")
def get_unit(id: str, viewer: Caller, store: Store) -> Response:
    return document_response(access_document(viewer, store, "unit", id))


@router.patch("/units/{id}", summary="Change a unit")
def amend_unit(id: str, patch: Annotated[dict[str, Any], Body()], change: Change, store: Store) -> Response:
    return amend("unit", id, patch, model=UnitInput, change=change, store=store, check=_check)

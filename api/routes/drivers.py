"""The register of drivers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response

from api.access import READERS, REGISTRARS, access_document
from api.dependencies import Caller, Change, Store, document_response, needs, render
from api.paging import After, Limit, list_visible
from api.registry import Findings, amend, check_exists, create
from api.schemas.facts import DriverInput
from api.wording import Text
from fleet.store import FleetStore

router = APIRouter(prefix="/v1", tags=["drivers"])


def _check(store: FleetStore, given: DriverInput) -> Findings:
    return [
        *check_exists(store, "unit", given.unit_id, "unit_id", Text("单位", "unit")),
        *check_exists(store, "site", given.home_site_id, "home_site_id", Text("站点", "site")),
        *check_exists(store, "person", given.person_id, "person_id", Text("账户", "account")),
    ]


@router.get("/drivers", summary="List drivers")
def list_drivers(
    viewer: Caller,
    store: Store,
    region: Annotated[str | None, Query(pattern=r"^[A-Z0-9-]{2,20}$")] = None,
    limit: Limit = 100,
    after: After = "",
) -> dict[str, Any]:
    viewer.require(READERS["driver"])
    return list_visible(
        store,
        "driver",
        where=None if region is None else ("region", region),
        keep=lambda document: viewer.sees("driver", document.body),
        show=render,
        after=after,
        limit=limit,
    )


@router.post("/drivers", dependencies=[needs(REGISTRARS)], status_code=201, summary="Register a driver")
def create_driver(given: DriverInput, change: Change, store: Store) -> Response:
    return create("driver", given, change=change, store=store, check=_check)


@router.get("/drivers/{id}", summary="One driver")
def get_driver(id: str, viewer: Caller, store: Store) -> Response:
    return document_response(access_document(viewer, store, "driver", id))


@router.patch("/drivers/{id}", summary="Change a driver")
def amend_driver(id: str, patch: Annotated[dict[str, Any], Body()], change: Change, store: Store) -> Response:
    return amend("driver", id, patch, model=DriverInput, change=change, store=store, check=_check)

"""The register of sites."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response

from api.access import READERS, REGISTRARS, access_document
from api.dependencies import Caller, Change, Store, document_response, needs, render
from api.paging import After, Limit, list_visible
from api.registry import Findings, amend, check_exists, create
from api.schemas.facts import SiteInput
from api.stops import check_coordinates
from api.wording import Text
from fleet.store import FleetStore

router = APIRouter(prefix="/v1", tags=["sites"])


def _check(store: FleetStore, given: SiteInput) -> Findings:
    place = check_coordinates(given.lon_wgs84, given.lat_wgs84)
    return [
        *check_exists(store, "unit", given.unit_id, "unit_id", Text("单位", "unit")),
        *([] if place is None else [place]),
    ]


@router.get("/sites", summary="List sites")
def list_sites(
    viewer: Caller,
    store: Store,
    region: Annotated[str | None, Query(pattern=r"^[A-Z0-9-]{2,20}$")] = None,
    limit: Limit = 100,
    after: After = "",
) -> dict[str, Any]:
    viewer.require(READERS["site"])
    return list_visible(
        store,
        "site",
        where=None if region is None else ("region", region),
        keep=lambda document: viewer.sees("site", document.body),
        show=render,
        after=after,
        limit=limit,
    )


@router.post("/sites", dependencies=[needs(REGISTRARS)], status_code=201, summary="Register a site")
def create_site(given: SiteInput, change: Change, store: Store) -> Response:
    return create("site", given, change=change, store=store, check=_check)


@router.get("/sites/{id}", summary="One site")
def get_site(id: str, viewer: Caller, store: Store) -> Response:
    return document_response(access_document(viewer, store, "site", id))


@router.patch("/sites/{id}", summary="Change a site")
def amend_site(id: str, patch: Annotated[dict[str, Any], Body()], change: Change, store: Store) -> Response:
    return amend("site", id, patch, model=SiteInput, change=change, store=store, check=_check)

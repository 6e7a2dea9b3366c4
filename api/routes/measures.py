"""Energy emergencies and closed regions: declared, listed, lifted (R170-R176). The next plan heeds them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from api.access import READERS, REGISTRARS, access_document
from api.dependencies import Caller, Change, Served, Store, document_response, needs, render
from api.idempotency import Effect, etag
from api.paging import After, Limit, list_visible
from api.problems import AlreadyExists, FieldError, InvalidInput
from api.registry import check_exists, check_region
from api.schemas.measures import MeasureInput
from api.wording import Text
from fleet.documents import decode, encode
from fleet.ids import MeasureId, RegionCode, SiteId
from fleet.measures import Measure, MeasureKind, lift
from fleet.rules.model import RuleBook
from fleet.store import Write

router = APIRouter(prefix="/v1", tags=["measures"])


@router.get("/measures", summary="Energy emergencies and closures that were not lifted")
def list_measures(viewer: Caller, store: Store, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    viewer.require(READERS["measure"])
    return list_visible(
        store,
        "measure",
        where=None,
        keep=lambda document: document.body.get("lifted_at") is None and viewer.sees("measure", document.body),
        show=render,
        after=after,
        limit=limit,
    )


@router.get("/measures/{id}", summary="One measure")
def get_measure(id: str, viewer: Caller, store: Store) -> Response:
    return document_response(access_document(viewer, store, "measure", id))


@router.post(
    "/measures",
    dependencies=[needs(REGISTRARS)],
    status_code=201,
    summary="Declare an energy emergency, or close a region or site",
)
def declare_measure(given: MeasureInput, change: Change, services: Served, store: Store) -> Response:
    viewer = change.viewer
    viewer.require(REGISTRARS)
    found = [
        *check_region(given.region),
        *check_exists(store, "site", given.site_id, "site_id", Text("站点", "site")),
        *_check_reach(given, services.book),
    ]
    if found:
        raise InvalidInput(found)
    viewer.require_region(given.region)
    measure = Measure(
        id=MeasureId(given.id or services.new_id("M")),
        kind=given.kind,
        region=RegionCode(given.region),
        site_id=None if given.site_id is None else SiteId(given.site_id),
        level=given.level,
        reason=given.reason,
        document_no=given.document_no,
        starts_at=given.starts_at,
        ends_at=given.ends_at,
        prefer_combustion=given.prefer_combustion,
        declared_by=viewer.person.id,
    )

    def effect() -> Effect:
        if store.find("measure", measure.id) is not None:
            raise AlreadyExists(kind="measure", id=measure.id)
        body = encode(measure)
        return Effect(
            type="measure.declared",
            region=measure.region,
            writes=[Write(kind="measure", id=measure.id, expected_version=0, body=body)],
            status=201,
            body={**body, "version": 1},
            headers={"ETag": etag(1), "Location": f"/v1/measures/{measure.id}"},
        )

    return change.perform(effect)


def _check_reach(given: MeasureInput, book: RuleBook) -> list[FieldError]:
    """An energy emergency is declared where its rule reaches (R170)."""
    if given.kind is not MeasureKind.ENERGY_EMERGENCY or check_region(given.region):
        return []
    if any(book.covers(token, given.region) for token in book.get("R170").regions):
        return []
    return [
        FieldError(
            field="region",
            value=given.region,
            message=Text("R170 不适用于该地区", "R170 does not reach this region"),
            remedy=Text("能源供应应急响应的规则只及四川", "the rules of the energy emergency are of Sichuan"),
        )
    ]


@router.post("/measures/{id}:lift", dependencies=[needs(REGISTRARS)], summary="End it")
def lift_measure(id: str, change: Change, store: Store) -> Response:
    change.viewer.require(REGISTRARS)

    def effect() -> Effect:
        document = access_document(change.viewer, store, "measure", id)
        region = str(document.body["region"])
        change.viewer.require_region(region)
        change.check_match(document)
        body = encode(lift(decode("measure", document.body), at=change.now, by=change.viewer.person.id))
        version = document.version + 1
        return Effect(
            type="measure.lifted",
            region=region,
            writes=[Write(kind="measure", id=id, expected_version=document.version, body=body)],
            status=200,
            body={**body, "version": version},
            headers={"ETag": etag(version)},
        )

    return change.perform(effect)

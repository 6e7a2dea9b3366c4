"""Agreements between regions: proposed by one side, confirmed by both, reviewed in time (R007-R012, R017, R105, R106)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from api.access import READERS, REGISTRARS, Viewer, access_document
from api.dependencies import Caller, Change, Served, Store, document_response, needs, render
from api.idempotency import Effect, Writing, etag
from api.paging import After, Limit, list_visible
from api.problems import AlreadyExists, FieldError, InvalidInput, OutsideRegion
from api.registry import check_exists, check_region
from api.schemas.agreements import AgreementInput, AgreementReasonInput, ConfirmationInput, ReviewInput
from api.wording import Text
from fleet.agreements import Agreement, confirm, end, renew, resume, suspend
from fleet.documents import decode, encode
from fleet.ids import AgreementId, RegionCode, UnitId
from fleet.rules.pools import propose
from fleet.settlements import Tariff
from fleet.store import FleetStore, Write

router = APIRouter(prefix="/v1", tags=["agreements"])

SHANGHAI = ZoneInfo("Asia/Shanghai")


@router.get("/agreements", summary="List agreements of the caller's side")
def list_agreements(viewer: Caller, store: Store, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    viewer.require(READERS["agreement"])
    return list_visible(
        store,
        "agreement",
        where=None,
        keep=lambda document: viewer.sees("agreement", document.body),
        show=render,
        after=after,
        limit=limit,
    )


@router.get("/agreements/{id}", summary="One agreement")
def get_agreement(id: str, viewer: Caller, store: Store) -> Response:
    return document_response(access_document(viewer, store, "agreement", id))


@router.post(
    "/agreements",
    dependencies=[needs(REGISTRARS)],
    status_code=201,
    summary="Propose a pair, or the opt-in to a cooperation area",
)
def propose_agreement(given: AgreementInput, change: Change, services: Served, store: Store) -> Response:
    change.viewer.require(REGISTRARS)
    coordinator = check_exists(store, "unit", given.coordinator_id, "coordinator_id", Text("单位", "unit"))
    found = [finding for region in given.regions for finding in check_region(region, "regions")]
    if found or coordinator:
        raise InvalidInput([*found, *coordinator])
    if not any(change.viewer.covers(region) for region in given.regions):
        raise OutsideRegion(region=" ".join(given.regions))
    agreement = propose(
        id=AgreementId(given.id),
        book=services.book,
        day=change.now.astimezone(SHANGHAI).date(),
        regions=tuple(RegionCode(region) for region in given.regions),
        coordinator_id=UnitId(given.coordinator_id),
        review_on=given.review_on,
        starts_on=given.starts_on,
        document_no=given.document_no,
        settlement=given.settlement,
        tariff=None if given.tariff is None else Tariff(name=given.settlement or given.id, **given.tariff.model_dump()),
    )

    def effect() -> Effect:
        if store.find("agreement", given.id) is not None:
            raise AlreadyExists(kind="agreement", id=given.id)
        body = encode(agreement)
        return Effect(
            type="agreement.proposed",
            region=given.regions[0],
            writes=[Write(kind="agreement", id=given.id, expected_version=0, body=body)],
            status=201,
            body={**body, "version": 1},
            headers={"ETag": etag(1), "Location": f"/v1/agreements/{given.id}"},
        )

    return change.perform(effect)


@router.post(
    "/agreements/{id}:confirm",
    dependencies=[needs(REGISTRARS)],
    summary="Give one side's word; with the last one the agreement is active",
)
def confirm_agreement(id: str, given: ConfirmationInput, change: Change, store: Store) -> Response:
    def step(agreement: Agreement) -> Agreement:
        region = _side(change.viewer, agreement, given.region)
        return confirm(agreement, region=region, by=change.viewer.person.id, at=change.now)

    return _move(id, change, store, "agreement.confirmed", step)


@router.post("/agreements/{id}:suspend", dependencies=[needs(REGISTRARS)], summary="Switch it off for a time")
def suspend_agreement(id: str, given: AgreementReasonInput, change: Change, store: Store) -> Response:
    return _move(id, change, store, "agreement.suspended", lambda own: suspend(own, reason=given.reason))


@router.post("/agreements/{id}:resume", dependencies=[needs(REGISTRARS)], summary="Switch it on again")
def resume_agreement(id: str, change: Change, store: Store) -> Response:
    return _move(id, change, store, "agreement.resumed", resume)


@router.post("/agreements/{id}:end", dependencies=[needs(REGISTRARS)], summary="End it for good")
def end_agreement(id: str, given: AgreementReasonInput, change: Change, store: Store) -> Response:
    return _move(id, change, store, "agreement.ended", lambda own: end(own, reason=given.reason))


@router.post(
    "/agreements/{id}:renew",
    dependencies=[needs(REGISTRARS)],
    summary="Reviewed by the joint meeting: both sides confirm again",
)
def renew_agreement(id: str, given: ReviewInput, change: Change, store: Store) -> Response:
    def step(agreement: Agreement) -> Agreement:
        return renew(agreement, review_on=given.review_on, reason=given.reason)

    return _move(id, change, store, "agreement.reviewed", step)


def _side(viewer: Viewer, agreement: Agreement, named: str | None) -> RegionCode:
    """The side that the caller speaks for: the one named, else the only one that they see."""
    if named is not None:
        viewer.require_region(named)
        return RegionCode(named)
    own = [region for region in agreement.missing_sides if viewer.covers(region)]
    if len(own) == 1:
        return own[0]
    if not own:
        raise OutsideRegion(region=" ".join(agreement.missing_sides))
    raise InvalidInput(
        [
            FieldError(
                field="region",
                value=None,
                message=Text("须说明代表哪一方确认", "say which side is confirmed"),
                remedy=Text(f"可填：{'、'.join(own)}", f"one of {', '.join(own)}"),
            )
        ]
    )


def _move(id: str, change: Writing, store: FleetStore, type: str, step: Callable[[Agreement], Agreement]) -> Response:
    def effect() -> Effect:
        document = access_document(change.viewer, store, "agreement", id)
        change.viewer.require(REGISTRARS)
        change.check_match(document)
        body = encode(step(decode("agreement", document.body)))
        version = document.version + 1
        return Effect(
            type=type,
            region=str(document.body["regions"][0]),
            writes=[Write(kind="agreement", id=id, expected_version=document.version, body=body)],
            status=200,
            body={**body, "version": version},
            headers={"ETag": etag(version)},
        )

    return change.perform(effect)

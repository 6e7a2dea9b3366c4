"""Webhooks: register an address, see how it does, replay, end it."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Response

from api.access import REGISTRARS, Viewer
from api.dependencies import Caller, Change, Served, Store, needs
from api.errors import NoSuchPosition
from api.idempotency import Effect, json_response
from api.paging import After, Limit, list_visible
from api.problems import InvalidInput
from api.registry import check_region
from api.schemas.outside import ReplayInput, WebhookInput
from fleet.documents import decode, encode
from fleet.errors import NotFound
from fleet.ids import RegionCode
from fleet.outside_links import Webhook, WebhookCursor, switch_off
from fleet.store import Document, FleetStore, Write

router = APIRouter(prefix="/v1", tags=["webhooks"])
_SECRET_BYTES = 32


def show_webhook(document: Document, store: FleetStore) -> dict[str, Any]:
    """Return a webhook without its secret, with how far it has come."""
    cursor = store.find("webhook_cursor", document.id)
    body = {name: value for name, value in document.body.items() if name != "secret"}
    return {**body, "version": document.version, "cursor": None if cursor is None else dict(cursor.body)}


def _access(viewer: Viewer, store: FleetStore, id: str) -> Document:
    viewer.require(REGISTRARS)
    document = store.find("webhook", id)
    if document is None or not viewer.covers(str(document.body["region"])):
        raise NotFound(kind="webhook", id=id)
    return document


@router.get("/webhooks", dependencies=[needs(REGISTRARS)], summary="List webhooks")
def list_webhooks(viewer: Caller, store: Store, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    return list_visible(
        store,
        "webhook",
        where=None,
        keep=lambda document: viewer.covers(str(document.body["region"])),
        show=lambda document: show_webhook(document, store),
        after=after,
        limit=limit,
    )


@router.post("/webhooks", dependencies=[needs(REGISTRARS)], status_code=201, summary="Have events sent to an address")
def create_webhook(given: WebhookInput, change: Change, services: Served, store: Store) -> Response:
    """Signed after Standard Webhooks 1.0.0. The secret is told in this answer only."""
    viewer = change.viewer
    viewer.require(REGISTRARS)
    region = str(viewer.person.region) if given.region is None else given.region
    if region and (found := check_region(region)):
        raise InvalidInput(found)
    viewer.require_region(region)
    id = services.new_id("W")
    webhook = Webhook(
        id=id,
        region=RegionCode(region),
        url=given.url,
        secret="whsec_" + base64.b64encode(services.random_bytes(_SECRET_BYTES)).decode(),
        types=tuple(given.types),
        created_by=viewer.person.id,
        created_at=change.now,
        description=given.description,
    )
    cursor = WebhookCursor(id=id, sequence=store.head())

    def effect() -> Effect:
        return Effect(
            type="webhook.registered",
            region=region,
            writes=[
                Write(kind="webhook", id=id, expected_version=0, body=encode(webhook)),
                Write(kind="webhook_cursor", id=id, expected_version=0, body=encode(cursor)),
            ],
            status=201,
            body={**encode(webhook), "version": 1, "cursor": encode(cursor)},
            headers={"Location": f"/v1/webhooks/{id}"},
        )

    return change.perform(effect)


@router.get("/webhooks/{id}", dependencies=[needs(REGISTRARS)], summary="One webhook, and how far it has come")
def get_webhook(id: str, viewer: Caller, store: Store) -> Response:
    return json_response(show_webhook(_access(viewer, store, id), store))


@router.post("/webhooks/{id}:replay", dependencies=[needs(REGISTRARS)], summary="Send events again from a place on")
def replay_webhook(id: str, given: ReplayInput, change: Change, store: Store) -> Response:
    def effect() -> Effect:
        document = _access(change.viewer, store, id)
        head = store.head()
        if given.after > head:
            raise NoSuchPosition(given=str(given.after), head=head)
        stored = store.get("webhook_cursor", id)
        before: WebhookCursor = decode("webhook_cursor", stored.body)
        cursor = replace(before, sequence=given.after, failures_count=0, next_at=None, given_up=())
        body = encode(cursor)
        return Effect(
            type="webhook.replayed",
            region=str(document.body["region"]),
            writes=[Write(kind="webhook_cursor", id=id, expected_version=stored.version, body=body)],
            status=200,
            body={**show_webhook(document, store), "cursor": body},
        )

    return change.perform(effect)


@router.post("/webhooks/{id}:end", dependencies=[needs(REGISTRARS)], summary="Send nothing more to an address")
def end_webhook(id: str, change: Change, store: Store) -> Response:
    def effect() -> Effect:
        document = _access(change.viewer, store, id)
        webhook: Webhook = decode("webhook", document.body)
        body = encode(switch_off(webhook))
        writes = []
        if webhook.active:
            writes = [Write(kind="webhook", id=id, expected_version=document.version, body=body)]
        shown = {**show_webhook(document, store), "active": False, "version": document.version + webhook.active}
        return Effect(type="webhook.ended", region=str(document.body["region"]), writes=writes, status=200, body=shown)

    return change.perform(effect)

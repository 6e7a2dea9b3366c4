"""Calendar addresses: make one for a driver or a unit, read it without signing in, revoke it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from fastapi import APIRouter, Response

from api.access import DRIVERS, REGISTRARS, STAFF, Viewer
from api.calendars import render_feed
from api.dependencies import Caller, Change, Served, Store
from api.idempotency import Effect
from api.paging import After, Limit, list_visible
from api.problems import Forbidden, InvalidInput
from api.registry import check_exists
from api.schemas.outside import CalendarInput
from api.wording import Text
from fleet.documents import decode, encode
from fleet.errors import NotFound
from fleet.ids import RegionCode
from fleet.outside_links import CalendarLink, CalendarScope, revoke
from fleet.people import Role
from fleet.store import Document, FleetStore, Write

router = APIRouter(prefix="/v1", tags=["calendars"])
_NOUNS = {CalendarScope.DRIVER: Text("驾驶员", "driver"), CalendarScope.UNIT: Text("单位", "unit")}


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _may_have(viewer: Viewer, scope: str, about: str, region: str) -> bool:
    """Whose calendar a person may open: the own driver's, the own unit's, and any of the region as dispatcher."""
    if viewer.has(REGISTRARS) and viewer.covers(region):
        return True
    if scope == CalendarScope.DRIVER:
        return viewer.has(DRIVERS) and viewer.person.driver_id == about
    return viewer.has({Role.APPROVER}) and viewer.person.unit_id is not None and viewer.is_under(about)


def _show(document: Document) -> dict[str, Any]:
    body = {name: value for name, value in document.body.items() if name != "token_sha256"}
    return {**body, "version": document.version}


@router.post("/calendars", status_code=201, summary="Make a calendar address for a driver or a unit")
def create_calendar(given: CalendarInput, change: Change, services: Served, store: Store) -> Response:
    """Whoever knows the address reads the calendar; it is told in this answer only, and can be revoked."""
    if found := check_exists(store, given.scope.value, given.about, "about", _NOUNS[given.scope]):
        raise InvalidInput(found)
    region = str(store.get(given.scope.value, given.about).body["region"])
    if not _may_have(change.viewer, given.scope, given.about, region):
        raise Forbidden(needs=sorted(REGISTRARS))
    id = services.new_id("K")
    token = base64.urlsafe_b64encode(services.random_bytes(24)).decode().rstrip("=")
    link = CalendarLink(
        id=id,
        scope=given.scope,
        about=given.about,
        region=RegionCode(region),
        token_sha256=_digest(token),
        created_by=change.viewer.person.id,
        created_at=change.now,
    )

    def effect() -> Effect:
        body = encode(link)
        shown = {name: value for name, value in body.items() if name != "token_sha256"}
        return Effect(
            type="calendar.made",
            region=region,
            writes=[Write(kind="calendar", id=id, expected_version=0, body=body)],
            status=201,
            body={**shown, "version": 1, "path": f"/v1/calendar-feeds/{token}.ics"},
        )

    return change.perform(effect)


@router.get("/calendars", summary="List calendar addresses, without their secret part")
def list_calendars(viewer: Caller, store: Store, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    viewer.require(STAFF | DRIVERS | {Role.APPROVER})
    return list_visible(
        store,
        "calendar",
        where=None,
        keep=lambda each: _may_have(viewer, str(each.body["scope"]), str(each.body["about"]), str(each.body["region"])),
        show=_show,
        after=after,
        limit=limit,
    )


@router.post("/calendars/{id}:revoke", summary="Make a calendar address unusable")
def revoke_calendar(id: str, change: Change, store: Store) -> Response:
    def effect() -> Effect:
        document = store.find("calendar", id)
        if document is None or not _may_have(
            change.viewer, str(document.body["scope"]), str(document.body["about"]), str(document.body["region"])
        ):
            raise NotFound(kind="calendar", id=id)
        link: CalendarLink = revoke(decode("calendar", document.body), at=change.now)
        body = encode(link)
        shown = {name: value for name, value in body.items() if name != "token_sha256"}
        return Effect(
            type="calendar.revoked",
            region=link.region,
            writes=[Write(kind="calendar", id=id, expected_version=document.version, body=body)],
            status=200,
            body={**shown, "version": document.version + 1},
        )

    return change.perform(effect)


@router.get("/calendar-feeds/{token}.ics", summary="The calendar behind an address", response_class=Response)
def read_calendar(token: str, services: Served, store: Store) -> Response:
    link = _find(store, token)
    if link is None:
        raise NotFound(kind="calendar", id="***")
    return Response(
        render_feed(link, store, now=services.clock()),
        media_type="text/calendar; charset=utf-8",
        headers={"Cache-Control": "private, max-age=300"},
    )


def _find(store: FleetStore, token: str) -> CalendarLink | None:
    for document in store.list("calendar", where=("token_sha256", _digest(token))).documents:
        link: CalendarLink = decode("calendar", document.body)
        if link.revoked_at is None:
            return link
    return None

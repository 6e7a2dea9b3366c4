"""Requests and orders that concern a person only through one another, for lists that show what a single read shows.

A driver sees the requests on the own orders, a requester the orders of the own requests, and staff both ends of a trip
that another region's vehicle serves (:mod:`api.access`).
"""

from __future__ import annotations

from collections.abc import Iterator

from api.access import APPROVERS, STAFF, Viewer, find_assignment_of
from api.geography import covers, list_regions
from fleet.itineraries import GONE
from fleet.requests import RequestState
from fleet.store import Document, FleetStore

_FEW_REGIONS_COUNT = 8
"""Up to so many regions are read one by one; for more, the whole kind is read once."""


def requests_on_orders(viewer: Viewer, store: FleetStore) -> frozenset[str]:
    """Return the ids of requests whose present order the viewer drives, or has in the region as staff."""
    if viewer.has(STAFF) and viewer.person.region == "":
        return frozenset()  # sees every request anyway
    found: set[str] = set()
    if viewer.person.driver_id is not None:
        found |= _live(viewer, _all(store, "assignment", ("driver_id", str(viewer.person.driver_id))))
    if viewer.has(STAFF):
        found |= _live(viewer, _of_region(viewer, store, "assignment"))
    # Of several orders of one request the newest counts, as for a single read.
    return frozenset(id for id in found if _newest_is_seen(viewer, store, id))


def requests_of(viewer: Viewer, store: FleetStore) -> frozenset[str]:
    """Return the ids of requests that the viewer sees by themselves and that may have an order."""
    if viewer.has(STAFF) and viewer.person.region == "":
        return frozenset()  # sees every order anyway
    found = _all(store, "request", ("requester_id", viewer.person.id))
    ids = {document.id for document in found if _may_have_orders(document)}
    if viewer.has(STAFF | APPROVERS):
        ids |= {
            document.id
            for document in _of_region(viewer, store, "request")
            if _may_have_orders(document) and viewer.sees("request", document.body)
        }
    return frozenset(ids)


def orders_of(store: FleetStore, request_ids: frozenset[str]) -> list[str]:
    """Return the ids of all orders of these requests."""
    return [order.id for id in sorted(request_ids) for order in _all(store, "assignment", ("request_id", id))]


def _newest_is_seen(viewer: Viewer, store: FleetStore, request_id: str) -> bool:
    newest = find_assignment_of(store, request_id)
    return newest is not None and viewer.sees("assignment", newest.body)


def _live(viewer: Viewer, orders: Iterator[Document]) -> set[str]:
    return {
        str(order.body["request_id"])
        for order in orders
        if order.body["state"] not in GONE and viewer.sees("assignment", order.body)
    }


def _may_have_orders(request: Document) -> bool:
    return request.body["state"] not in (RequestState.SUBMITTED, RequestState.REJECTED)


def _of_region(viewer: Viewer, store: FleetStore, kind: str) -> Iterator[Document]:
    own = viewer.person.region
    codes = sorted({own, *(region.code for region in list_regions() if covers(own, region.code))})
    if own == "" or len(codes) > _FEW_REGIONS_COUNT:
        yield from _all(store, kind, None)
        return
    for code in codes:
        yield from _all(store, kind, ("region", code))


def _all(store: FleetStore, kind: str, where: tuple[str, str] | None) -> Iterator[Document]:
    after = ""
    while True:
        page = store.list(kind, where=where, after=after)
        yield from page.documents
        if page.next_after is None:
            return
        after = page.next_after

"""Cursor pages over what the caller may see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Annotated, Any

from fastapi import Query

from fleet.store import Document, FleetStore

Limit = Annotated[int, Query(ge=1, le=1000, description="At most this many items.")]
After = Annotated[str, Query(max_length=200, description="The `next_after` of the page before.")]

_SCANNED = 1_000


def list_visible(
    store: FleetStore,
    kind: str,
    *,
    where: tuple[str, str] | None,
    keep: Callable[[Document], bool],
    show: Callable[[Document], dict[str, Any]],
    after: str,
    limit: int,
    also: Iterable[str] = (),
) -> dict[str, Any]:
    """Return one page: ascending ids above ``after`` for which ``keep`` holds.

    ``also`` names documents beside those that ``where`` selects; they are kept and put in order in the same way. The
    cursor is the id of the last item given, so that it reveals nothing that was left out.
    """
    more = sorted({id for id in also if id > after})
    if more:
        own = list_visible(store, kind, where=where, keep=keep, show=show, after=after, limit=limit)
        listed = {str(item["id"]): item for item in own["items"]}
        # One beyond the page, to know whether there is a next one.
        beside = islice(
            (found for id in more if (found := store.find(kind, id)) is not None and keep(found)), limit + 1
        )
        listed |= {found.id: show(found) for found in beside if found.id not in listed}
        order = sorted(listed)
        ends = len(order) <= limit and own["next_after"] is None
        return {
            "items": [listed[id] for id in order[:limit]],
            "next_after": None if ends else order[:limit][-1],
        }
    items: list[dict[str, Any]] = []
    last = after
    cursor = after
    while True:
        page = store.list(kind, where=where, after=cursor, limit=_SCANNED)
        for document in page.documents:
            if not keep(document):
                continue
            if len(items) == limit:
                return {"items": items, "next_after": last}
            items.append(show(document))
            last = document.id
        if page.next_after is None:
            return {"items": items, "next_after": None}
        cursor = page.next_after

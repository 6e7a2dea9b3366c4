"""Cursor pages over what the caller may see."""

from __future__ import annotations

from collections.abc import Callable
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
) -> dict[str, Any]:
    """Return one page: ascending ids above ``after`` for which ``keep`` holds.

    The cursor is the id of the last item given, so that it reveals nothing that was left out.
    """
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

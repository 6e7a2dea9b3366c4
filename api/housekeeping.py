"""What is only kept for a time: ended sessions and old idempotency records are removed at each start."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from api.idempotency import KIND as ANSWER
from fleet.errors import StaleRevision
from fleet.store import Commit, Document, FleetStore, Write

ANSWERS_KEPT = timedelta(days=30)
"""How long a repeated request still gets its first answer."""

_BATCH = 500


def tidy(store: FleetStore, *, now: datetime) -> int:
    """Remove what is over; returns how many documents. The ledger keeps its record of them."""
    over = [document for document in _all(store, "session") if _instant(document, "expires_at") <= now]
    over += [document for document in _all(store, ANSWER) if _instant(document, "at") <= now - ANSWERS_KEPT]
    removed = 0
    for start in range(0, len(over), _BATCH):
        batch = over[start : start + _BATCH]
        writes = [
            Write(kind=document.kind, id=document.id, expected_version=document.version, body=None)
            for document in batch
        ]
        try:
            store.commit(Commit(type="store.tidied", actor="server", at=now, writes=writes))
        except StaleRevision:
            continue  # somebody signed out just now; the next start takes the rest
        removed += len(batch)
    return removed


def _all(store: FleetStore, kind: str) -> Iterator[Document]:
    after = ""
    while True:
        page = store.list(kind, after=after)
        yield from page.documents
        if page.next_after is None:
            return
        after = page.next_after


def _instant(document: Document, field: str) -> datetime:
    return datetime.fromisoformat(str(document.body[field]))

"""Reading and writing whole kinds of documents of a store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from fleet.documents import decode, encode, kind_of
from fleet.store import Commit, Document, FleetStore, Write

ACTOR = "scenario"


def page_through(store: FleetStore, kind: str, where: tuple[str, str] | None = None) -> list[Document]:
    """Return all documents of a kind, by id."""
    found: list[Document] = []
    after = ""
    while True:
        page = store.list(kind, where=where, after=after)
        found.extend(page.documents)
        if page.next_after is None:
            return found
        after = page.next_after


def every(store: FleetStore, kind: str, where: tuple[str, str] | None = None) -> Iterator[Any]:
    """Return all nouns of a kind, by id."""
    return (decode(kind, document.body) for document in page_through(store, kind, where))


def put(store: FleetStore, at: datetime, nouns: Sequence[Any], *, type: str) -> None:
    """Write nouns over whatever version the store has of them, in one commit."""
    writes = []
    for noun in nouns:
        kind = kind_of(noun)
        before = store.find(kind, noun.id)
        version = 0 if before is None else before.version
        writes.append(Write(kind=kind, id=noun.id, expected_version=version, body=encode(noun)))
    if writes:
        store.commit(Commit(type=type, actor=ACTOR, at=at, writes=writes))

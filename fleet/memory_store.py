"""The reference store: a few dictionaries behind one lock. Tests and simulations run on it; it forgets on exit."""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from collections import defaultdict
from dataclasses import dataclass

from fleet.canonical import checked_bodies, content_text, index_value, parse, parse_event
from fleet.documents import INDEXES
from fleet.errors import InvalidFact, NotFound, StaleRevision
from fleet.store import Body, Commit, Document, Event, Page


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A document as text, so that no reader can change what another will read."""

    version: int
    sequence: int
    text: str


class MemoryStore:
    """A :class:`fleet.store.FleetStore` in memory, safe for threads, deterministic."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._documents: dict[str, dict[str, _Kept]] = defaultdict(dict)
        self._ids: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        self._events: list[str] = []
        self._by_key: dict[str, int] = {}

    def get(self, kind: str, id: str) -> Document:
        document = self.find(kind, id)
        if document is None:
            raise NotFound(kind=kind, id=id)
        return document

    def find(self, kind: str, id: str) -> Document | None:
        with self._changed:
            kept = self._documents[kind].get(id)
        return None if kept is None else Document(kind=kind, id=id, version=kept.version, body=parse(kept.text))

    def list(self, kind: str, *, where: tuple[str, str] | None = None, after: str = "", limit: int = 1000) -> Page:
        field, value = checked_where(kind, where, limit)
        with self._changed:
            ids = self._ids[kind, field, value]
            start = bisect_right(ids, after) if after else 0
            chosen = ids[start : start + limit]
            more = start + limit < len(ids)
            kept = [(id, self._documents[kind][id]) for id in chosen]
        documents = tuple(Document(kind=kind, id=id, version=one.version, body=parse(one.text)) for id, one in kept)
        return Page(documents=documents, next_after=chosen[-1] if more else None)

    def commit(self, commit: Commit) -> Event:
        bodies = checked_bodies(commit)
        with self._changed:
            if commit.key is not None and commit.key in self._by_key:
                return self._event(self._by_key[commit.key])
            for write in commit.writes:
                kept = self._documents[write.kind].get(write.id)
                actual = kept.version if kept is not None else 0
                if actual != write.expected_version:
                    raise StaleRevision(kind=write.kind, id=write.id, expected=write.expected_version, actual=actual)
            sequence = len(self._events) + 1
            for write, body in zip(commit.writes, bodies, strict=True):
                self._put(write.kind, write.id, write.expected_version + 1, sequence, body)
            self._events.append(content_text(commit, bodies))
            if commit.key is not None:
                self._by_key[commit.key] = sequence
            self._changed.notify_all()
            return self._event(sequence)

    def events(self, *, after: int = 0, limit: int = 1000) -> tuple[Event, ...]:
        with self._changed:
            last = min(len(self._events), after + limit)
            return tuple(self._event(sequence) for sequence in range(max(after, 0) + 1, last + 1))

    def head(self) -> int:
        with self._changed:
            return len(self._events)

    def wait(self, *, after: int, timeout_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self._events) > after, timeout_s)

    def _event(self, sequence: int) -> Event:
        return parse_event(sequence, self._events[sequence - 1])

    def _put(self, kind: str, id: str, version: int, sequence: int, text: str | None) -> None:
        before = self._documents[kind].pop(id, None)
        if before is not None:
            for place in index_places(kind, parse(before.text)):
                ids = self._ids[kind, *place]
                del ids[bisect_right(ids, id) - 1]
        if text is not None:
            self._documents[kind][id] = _Kept(version=version, sequence=sequence, text=text)
            for place in index_places(kind, parse(text)):
                insort(self._ids[kind, *place], id)


def index_places(kind: str, body: Body) -> list[tuple[str, str]]:
    """Return each (field, value) under which a document is listed; the pair of empty texts stands for its whole kind."""
    return [("", ""), *((field, index_value(body, field)) for field in INDEXES.get(kind, ()))]


def checked_where(kind: str, where: tuple[str, str] | None, limit: int) -> tuple[str, str]:
    """Return the index to read; raises :class:`InvalidFact` for a field without index or a limit below 1."""
    if limit < 1:
        raise InvalidFact(kind=kind, id="", field="limit", value=limit, remedy="at least 1")
    if where is None:
        return "", ""
    field, value = where
    if field not in INDEXES.get(kind, ()):
        allowed = ", ".join(INDEXES.get(kind, ())) or "nothing"
        raise InvalidFact(kind=kind, id="", field=field, value=value, remedy=f"not indexed; list by {allowed}")
    return field, value

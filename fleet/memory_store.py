"""The reference store: a few dictionaries behind one lock. Tests and simulations run on it; it forgets on exit."""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from fleet.canonical import canonical, checked_bodies, content_text, event_content, parse, parse_event
from fleet.documents import checked_where, index_places
from fleet.errors import EventTrimmed, LeaseLost, LedgerDiverged, NotFound, StaleRevision, Unreconciled
from fleet.store import KEPT_EVENTS_COUNT, Commit, Document, Event, Lease, Page


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A document as text, so that no reader can change what another will read."""

    version: int
    sequence: int
    text: str


class MemoryStore:
    """A :class:`fleet.store.Primary` in memory, safe for threads, deterministic.

    ``fenced`` is for a store behind a ledger (see :class:`fleet.store.Primary`), ``kept_events_count`` how many archived
    events it then keeps at least.
    """

    def __init__(self, *, fenced: bool = False, kept_events_count: int = KEPT_EVENTS_COUNT) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._reconciling = threading.RLock()
        self._fenced = fenced
        self._kept_events_count = kept_events_count
        self._admitted = ""
        self._forget()

    def _forget(self) -> None:
        self._archived = 0
        self._documents: dict[str, dict[str, _Kept]] = defaultdict(dict)
        self._ids: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        self._events: dict[int, str] = {}
        self._head = 0
        self._by_key: dict[str, int] = {}
        self._leases: dict[str, tuple[str, float]] = {}

    def get(self, kind: str, id: str) -> Document:
        document = self.find(kind, id)
        if document is None:
            raise NotFound(kind=kind, id=id)
        return document

    def find(self, kind: str, id: str) -> Document | None:
        with self._open():
            kept = self._documents[kind].get(id)
        return None if kept is None else _document(kind, id, kept)

    def list(self, kind: str, *, where: tuple[str, str] | None = None, after: str = "", limit: int = 1000) -> Page:
        field, value = checked_where(kind, where, limit)
        with self._open():
            ids = self._ids[kind, field, value]
            start = bisect_right(ids, after) if after else 0
            chosen = ids[start : start + limit]
            more = start + limit < len(ids)
            kept = [(id, self._documents[kind][id]) for id in chosen]
        documents = tuple(_document(kind, id, one) for id, one in kept)
        return Page(documents=documents, next_after=chosen[-1] if more else None)

    def commit(self, commit: Commit) -> Event:
        bodies = checked_bodies(commit)
        with self._open():
            if commit.key is not None and commit.key in self._by_key:
                before = self._by_key[commit.key]
                if before not in self._events:
                    raise EventTrimmed(sequence=before)
                return self._event(before)
            if commit.lease is not None and self._leader(commit.lease.name) != commit.lease.token:
                raise LeaseLost(name=commit.lease.name)
            for write in commit.writes:
                kept = self._documents[write.kind].get(write.id)
                actual = kept.version if kept is not None else 0
                if actual != write.expected_version:
                    raise StaleRevision(kind=write.kind, id=write.id, expected=write.expected_version, actual=actual)
            sequence = self._head + 1
            for write, body in zip(commit.writes, bodies, strict=True):
                self._put(write.kind, write.id, write.expected_version + 1, sequence, body)
            self._record(content_text(commit, bodies), commit.key)
            return self._event(sequence)

    def events(self, *, after: int = 0, limit: int = 1000) -> tuple[Event, ...]:
        with self._open():
            return self.raw_events(after=after, limit=limit)

    def head(self) -> int:
        with self._open():
            return self._head

    def wait(self, *, after: int, timeout_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._head > after, timeout_s)

    def hold(self, lease: Lease, *, lasts_s: float) -> str:
        with self._open():
            if self._leader(lease.name) in ("", lease.token):
                self._leases[lease.name] = (lease.token, monotonic() + lasts_s)
            return self._leader(lease.name)

    def release(self, lease: Lease) -> None:
        with self._open():
            if self._leader(lease.name) == lease.token:
                del self._leases[lease.name]

    def _leader(self, name: str) -> str:
        token, until = self._leases.get(name, ("", 0.0))
        return token if monotonic() < until else ""

    def incarnation(self) -> str:
        return f"{id(self)}"

    def admitted(self) -> bool:
        with self._changed:
            return self._admitted == self.incarnation()

    def admit(self, incarnation: str, *, head: int) -> bool:
        with self._changed:
            if incarnation != self.incarnation() or head != self._head:
                return False
            self._admitted = incarnation
            return True

    def shut(self) -> None:
        with self._changed:
            self._admitted = ""

    def reset(self) -> None:
        with self._changed:
            self._admitted = ""
            self._forget()

    def restore(self, events: Sequence[Event]) -> None:
        with self._changed:
            for event in events:
                if event.sequence != self._head + 1:
                    raise LedgerDiverged(sequence=event.sequence, reason="does not follow the head of the store")
                for one in event.documents:
                    text = canonical(one.body) if one.version else None
                    self._put(one.kind, one.id, one.version, event.sequence, text)
                self._record(event_content(event), event.key)

    @contextmanager
    def reconciling(self) -> Iterator[None]:
        with self._reconciling:
            yield

    def raw_events(self, *, after: int, limit: int) -> tuple[Event, ...]:
        with self._changed:
            first = max(after + 1, self._head - len(self._events) + 1)
            return tuple(self._event(sequence) for sequence in range(first, min(self._head, first + limit - 1) + 1))

    def raw_head(self) -> int:
        with self._changed:
            return self._head

    def mark_archived(self, sequence: int) -> None:
        with self._changed:
            self._archived = max(self._archived, sequence)
            while self._events and (oldest := next(iter(self._events))) <= sequence - self._kept_events_count:
                del self._events[oldest]
            self._changed.notify_all()

    def archived(self) -> int:
        with self._changed:
            return self._archived

    def wait_archived(self, *, after: int, timeout_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._archived > after, timeout_s)

    @contextmanager
    def _open(self) -> Iterator[None]:
        with self._changed:
            if self._fenced and not self.admitted():
                raise Unreconciled("the store has not been compared with its ledger")
            yield

    def _record(self, content: str, key: str | None) -> None:
        self._head += 1
        self._events[self._head] = content
        if key is not None:
            self._by_key[key] = self._head
        self._changed.notify_all()

    def _event(self, sequence: int) -> Event:
        return parse_event(sequence, self._events[sequence])

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


def _document(kind: str, id: str, kept: _Kept) -> Document:
    return Document(kind=kind, id=id, version=kept.version, sequence=kept.sequence, body=parse(kept.text))

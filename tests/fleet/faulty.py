"""Stores and ledgers that fail on command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fleet.errors import StoreUnavailable
from fleet.ledger import Head, Ledger
from fleet.memory_store import MemoryStore
from fleet.store import Commit, Document, Event


class ForgetfulStore(MemoryStore):
    """A store whose process can crash and come back with only its first events."""

    def __init__(self, *, fenced: bool = True) -> None:
        self.starts = 1
        self.after_commit: Callable[[], None] | None = None
        super().__init__(fenced=fenced)

    def incarnation(self) -> str:
        return str(self.starts)

    def crash(self, *, keep: int) -> None:
        with self._changed:
            admitted = self._admitted
            events = self.raw_events(after=0, limit=keep)
            archived = min(self._archived, keep)
            self.reset()
            self.restore(events)
            self._archived, self._admitted = archived, admitted
            self.starts += 1

    def commit(self, commit: Commit) -> Event:
        event = super().commit(commit)
        if self.after_commit is not None:
            after, self.after_commit = self.after_commit, None
            after()
        return event

    def find_past_the_fence(self, kind: str, id: str) -> Document | None:
        self._fenced = False
        try:
            return super().find(kind, id)
        finally:
            self._fenced = True

    def commit_past_the_fence(self, commit: Commit) -> Event:
        """Write as an old program without the fence would."""
        self._fenced = False
        try:
            return super().commit(commit)
        finally:
            self._fenced = True


class FlakyLedger(Ledger):
    """A ledger that can be down, or lose its answer after it has written."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"sqlite:///{path}")
        self.down = False
        self.silent = False

    def append(self, events: Sequence[Event]) -> Head:
        if self.down:
            raise StoreUnavailable("the ledger is down")
        head = super().append(events)
        if self.silent:
            raise StoreUnavailable("the ledger's answer was lost")
        return head

    def head(self) -> Head:
        if self.down:
            raise StoreUnavailable("the ledger is down")
        return super().head()

    def _rows(self, after: int, limit: int | None) -> Any:
        if self.down:
            raise StoreUnavailable("the ledger is down")
        return super()._rows(after, limit)

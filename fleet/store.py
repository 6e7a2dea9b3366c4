"""The port to fleet state: versioned documents, multi-document compare-and-set, an event stream.

``memory_store`` is the reference implementation, ``redis_store`` the one on duty; one test class runs over both.
A document is a frozen noun of this folder, encoded by :mod:`fleet.documents`. Every commit yields exactly one event
that carries the full new text of each document it wrote, so that the stream alone restores the store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

Body = Mapping[str, Any]
"""A document's JSON object."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A stored document. ``version`` starts at 1 and grows by 1 with every write.

    ``sequence`` is that of the event which wrote it, 0 where it is not known; it does not count in comparisons.
    """

    kind: str
    id: str
    version: int
    body: Body
    sequence: int = field(default=0, compare=False)


@dataclass(frozen=True, kw_only=True)
class Write:
    """One document of a commit. ``expected_version`` 0 means: must not exist yet. ``body`` None deletes it."""

    kind: str
    id: str
    expected_version: int
    body: Body | None


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The lead of an area, as its holder proves it: ``token`` is a text that no other worker uses."""

    name: str
    token: str


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A change as asked for: all of it happens, or nothing.

    ``type`` names the fact in the past tense (``request.approved``), ``actor`` the person or process, ``region`` the
    region that may read the event; ``key`` makes it idempotent: a second commit with the same key changes nothing and
    returns the first one's event. With a ``lease`` it is refused unless the writer holds that lease at this very moment, so
    that a worker which was stopped for a while cannot write beside its successor.
    """

    type: str
    actor: str
    at: datetime
    writes: Sequence[Write]
    region: str = ""
    key: str | None = None
    data: Body = field(default_factory=dict)
    lease: Lease | None = None


@dataclass(frozen=True, kw_only=True)
class Event:
    """A commit as it happened. ``sequence`` counts from 1 without gaps over the store's whole life."""

    sequence: int
    type: str
    actor: str
    at: datetime
    region: str
    key: str | None
    data: Body
    documents: Sequence[Document]
    """Each written document; a deleted one has version 0 and an empty body."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Documents in ascending id order; ``next_after`` is the cursor of the next page, None on the last."""

    documents: Sequence[Document]
    next_after: str | None


class FleetStore(Protocol):
    """What every store does. All methods are safe to call from several threads and processes at once."""

    def get(self, kind: str, id: str) -> Document:
        """Return the document; raises :class:`fleet.errors.NotFound`."""

    def find(self, kind: str, id: str) -> Document | None: ...

    def list(self, kind: str, *, where: tuple[str, str] | None = None, after: str = "", limit: int = 1000) -> Page:
        """Page through a kind, or through those whose indexed field has the given value.

        The indexed fields of each kind stand in :data:`fleet.documents.INDEXES`.
        """

    def commit(self, commit: Commit) -> Event:
        """Apply a commit and return its event once it is durable.

        Raises
        ------
        StaleRevision
            If a document's version is not the expected one; nothing was applied.
        LeaseLost
            If the commit names a lease that the writer does not hold; nothing was applied.
        StoreUnavailable
            If the store or the ledger behind it did not confirm.
        """

    def hold(self, lease: Lease, *, lasts_s: float) -> str:
        """Take or keep the lead of an area for a while, if nobody else has it; return the token of whoever has it now."""

    def release(self, lease: Lease) -> None:
        """Give the lead back, where it is still the caller's."""

    def events(self, *, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        """Events with a sequence above ``after``, in order."""

    def head(self) -> int:
        """The sequence of the newest event, 0 when there is none."""

    def wait(self, *, after: int, timeout_s: float) -> bool:
        """Block until an event above ``after`` exists; False when the time ran out."""


KEPT_EVENTS_COUNT = 2000
"""How many archived events a store behind a ledger keeps by default: enough for whoever follows or resumes a stream."""


class Primary(FleetStore, Protocol):
    """A store that can stand in front of a ledger: it can be shut, compared, restored and admitted again.

    Made with ``fenced=True`` it answers only while it is admitted; everything else raises
    :class:`fleet.errors.Unreconciled`. A restart of the process that holds the data ends the admission.

    It keeps only the newest of those events that are archived (the documents it keeps all): ``raw_events`` and ``events``
    begin with the oldest that is still there, and ``commit`` with the key of an older one raises
    :class:`fleet.errors.EventTrimmed`.
    """

    def incarnation(self) -> str:
        """Identify the running process that holds the data; another one after each restart."""

    def admitted(self) -> bool: ...

    def admit(self, incarnation: str, *, head: int) -> bool:
        """Open the store, if it still is this process with this head; False otherwise, and nothing changed."""

    def shut(self) -> None:
        """End the admission."""

    def reset(self) -> None:
        """Forget everything, the admission first."""

    def restore(self, events: Sequence[Event]) -> None:
        """Take in events that follow the head, with the documents as they tell them. Also when not admitted."""

    def reconciling(self) -> AbstractContextManager[None]:
        """Keep every other process from comparing and restoring at the same time."""

    def raw_events(self, *, after: int, limit: int) -> Sequence[Event]:
        """Events as they stand, admitted or not."""

    def raw_head(self) -> int:
        """The head as it stands, admitted or not."""

    def mark_archived(self, sequence: int) -> None:
        """Note that the ledger holds everything up to this event, and wake those who wait for it. Old events may go."""

    def archived(self) -> int:
        """The newest event that is noted as archived."""

    def wait_archived(self, *, after: int, timeout_s: float) -> bool:
        """Block until an event above ``after`` is archived; False when the time ran out."""

"""The store with the ledger behind it: what was acknowledged is in both, and losing the store loses nothing.

A commit goes to the store first, where versions are compared, and then with its event into the ledger. Only then is it
acknowledged. Whoever waits for the ledger takes the others' events along, so that many commits share one transaction.

What follows from it:

- The ledger is the truth. A store that has less, has other events or is empty is brought in step from it; events that only
  the store has were never acknowledged, and are taken into the ledger if they continue it, else dropped with the store.
- A server process that starts anew answers nothing until it was compared with the ledger (``Unreconciled`` inside, which
  here leads to :meth:`DurableStore.reconcile`). So a lost last second can neither be read past nor written over.
- A document is shown only once the event that wrote it is in the ledger: a reader who meets a younger one first helps it
  there. When the ledger is down, such documents answer ``StoreUnavailable``; all others are still read. That a document
  is *absent* (deleted, or no longer under an index value) is not held back in that way.
- Events are shown only up to the newest that is in the ledger.
- A commit whose event did not reach the ledger raises ``StoreUnavailable``. It may have happened or not; the same commit
  with the same key settles it and returns the one event. While the ledger is down no further commit touches the store.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice
from threading import Lock
from typing import TypeVar

from fleet.canonical import event_content
from fleet.errors import EventTrimmed, LedgerDiverged, NotFound, StoreUnavailable, Unreconciled
from fleet.ledger import Ledger
from fleet.store import Commit, Document, Event, Lease, Page, Primary

_T = TypeVar("_T")

_BATCH = 1000
_COMPARED = 1000
"""How many events before the common head are compared. A store loses its newest events, not some in the middle."""

_RECENT = 4096
_ATTEMPTS = 5


class DurableStore:
    """A :class:`fleet.store.FleetStore` over a store made with ``fenced=True`` and a ledger.

    Safe for threads; any number of processes may each have one over the same store and ledger.
    Call :meth:`recover` once after making it.
    """

    def __init__(self, store: Primary, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger
        self._turn = Lock()
        self._archived = 0
        self._recent: OrderedDict[int, str] = OrderedDict()
        self._ledger_failed = False

    # -- reading

    def get(self, kind: str, id: str) -> Document:
        document = self.find(kind, id)
        if document is None:
            raise NotFound(kind=kind, id=id)
        return document

    def find(self, kind: str, id: str) -> Document | None:
        document = self._reconciled(lambda: self._store.find(kind, id))
        if document is not None:
            self._archive_upto(document.sequence)
        return document

    def list(self, kind: str, *, where: tuple[str, str] | None = None, after: str = "", limit: int = 1000) -> Page:
        page = self._reconciled(lambda: self._store.list(kind, where=where, after=after, limit=limit))
        self._archive_upto(max((document.sequence for document in page.documents), default=0))
        return page

    def events(self, *, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        events = self._reconciled(lambda: self._store.events(after=after, limit=limit))
        if events and events[0].sequence > after + 1:
            # The store keeps only the newest; what is older has long been in the ledger.
            return tuple(entry.event for entry in self._ledger.entries(after=after, limit=limit))
        if events and events[-1].sequence > self._archived:
            self._note_archived(self._store.archived())
        return tuple(event for event in events if event.sequence <= self._archived)

    def head(self) -> int:
        self._note_archived(self._reconciled(self._store.archived))
        return self._archived

    def wait(self, *, after: int, timeout_s: float) -> bool:
        return self._store.wait_archived(after=after, timeout_s=timeout_s)

    # -- leading

    def hold(self, lease: Lease, *, lasts_s: float) -> str:
        return self._reconciled(lambda: self._store.hold(lease, lasts_s=lasts_s))

    def release(self, lease: Lease) -> None:
        self._reconciled(lambda: self._store.release(lease))

    # -- writing

    def commit(self, commit: Commit) -> Event:
        if self._ledger_failed:
            # What the last failure left behind goes first; while it cannot, nothing new piles up in the store.
            self._archive_upto(self._reconciled(self._store.head))
        try:
            event = self._reconciled(lambda: self._store.commit(commit))
        except EventTrimmed as error:
            entry = self._ledger.find(error.sequence)
            if entry is None:
                raise StoreUnavailable("the ledger lacks an event that the store knows to be in it") from error
            return entry.event
        self._archive_upto(event.sequence)
        self._confirm(event)
        return event

    def _confirm(self, event: Event) -> None:
        """Make sure that the ledger holds this very event: between two steps the store may have lost it."""
        content = event_content(event)
        held = self._recent.get(event.sequence)
        if held is None:
            entry = self._ledger.find(event.sequence)
            held = event_content(entry.event) if entry is not None else None
        if held != content:
            raise StoreUnavailable("the store lost this commit before it was in the ledger; commit it again")

    def _archive_upto(self, sequence: int) -> None:
        """Return once the ledger holds the event; whoever comes first moves everything that is there."""
        if sequence <= self._archived:
            return
        with self._turn:
            if self._archived == 0:
                self._find_place()
            while self._archived < sequence:
                events = self._store.raw_events(after=self._archived, limit=_BATCH)
                if not events:
                    raise StoreUnavailable("the store lost this commit before it was in the ledger; commit it again")
                self._append(events)

    def _find_place(self) -> None:
        """Learn how far the ledger has come, when :meth:`recover` was not called in this process."""
        told = self._ledger.head().sequence
        if not self._same_history(min(told, self._store.raw_head())):
            self._store.shut()
            raise StoreUnavailable("the store went another way than the ledger")
        self._archived = told
        self._store.mark_archived(told)

    def _append(self, events: Sequence[Event]) -> None:
        try:
            head = self._ledger.append(events)
        except StoreUnavailable:
            self._ledger_failed = True
            raise
        except LedgerDiverged as error:
            self._store.shut()
            raise StoreUnavailable(f"the store went another way than the ledger: {error}") from error
        self._ledger_failed = False
        for event in events:
            self._recent[event.sequence] = event_content(event)
        while len(self._recent) > _RECENT:
            self._recent.popitem(last=False)
        self._note_archived(max(head.sequence, self._archived))
        # If the store dies just now, the mark is set anew when it is reconciled.
        with suppress(StoreUnavailable):
            self._store.mark_archived(head.sequence)

    def _note_archived(self, sequence: int) -> None:
        self._archived = max(self._archived, sequence)

    # -- keeping both in step

    def recover(self) -> None:
        """Bring store and ledger in step, whatever happened before; call it at the start.

        Raises
        ------
        StoreUnavailable
            If one of them does not answer.
        """
        self.reconcile(force=True)

    def reconcile(self, *, force: bool = False) -> None:
        """Compare the store with the ledger, restore what it lost, and admit it. Does nothing when it is admitted."""
        with self._turn, self._store.reconciling():
            if not force and self._store.admitted():
                return
            self._store.shut()
            for _ in range(_ATTEMPTS):
                # Taken before looking: if the server restarts while we look, it is not admitted.
                incarnation = self._store.incarnation()
                self._level()
                head = self._ledger.head().sequence
                if self._store.admit(incarnation, head=head):
                    self._archived = head
                    return
        raise StoreUnavailable("the store changed each time it was compared with the ledger")

    def rebuild(self) -> int:
        """Empty the store and replay the whole ledger into it; returns the number of events.

        Events of the store that continue the ledger are taken into it before.
        """
        with self._turn, self._store.reconciling():
            self._store.shut()
            for _ in range(_ATTEMPTS):
                incarnation = self._store.incarnation()
                self._level()
                self._store.reset()
                self._level()
                head = self._ledger.head().sequence
                if self._store.admit(incarnation, head=head):
                    self._archived = head
                    return head
        raise StoreUnavailable("the store changed each time it was rebuilt from the ledger")

    def _level(self) -> None:
        """Make the store hold exactly what the ledger holds."""
        held, told = self._store.raw_head(), self._ledger.head().sequence
        self._recent.clear()
        oldest = next((event.sequence for event in self._store.raw_events(after=0, limit=1)), held + 1)
        if told < min(self._store.archived(), oldest - 1):
            raise StoreUnavailable(
                f"the ledger ends at {told}, but the store knows that it held {self._store.archived()} events: the ledger was "
                "lost or replaced by an older copy; bring the right one back, for the store alone cannot tell the whole"
            )
        if not self._same_history(min(held, told)):
            self._store.reset()
            held = 0
        while held > told:
            events = self._store.raw_events(after=told, limit=_BATCH)
            if not events or events[0].sequence != told + 1:
                self._store.reset()  # its head counts events that it does not have
                held = 0
                break
            self._append(events)
            told = events[-1].sequence
        missing = self._ledger.replay(after=held)
        try:
            while batch := tuple(islice(missing, _BATCH)):
                self._store.restore(batch)
        except LedgerDiverged as error:
            raise StoreUnavailable(f"the store changed while it was restored: {error}") from error
        self._store.mark_archived(self._ledger.head().sequence)

    def _same_history(self, upto: int) -> bool:
        after = max(0, upto - _COMPARED)
        kept = self._store.raw_events(after=after, limit=upto - after)
        if not kept or kept[0].sequence > upto:
            return upto == 0
        told = self._ledger.entries(after=kept[0].sequence - 1, limit=upto - kept[0].sequence + 1)
        return [event_content(event) for event in kept if event.sequence <= upto] == [
            event_content(entry.event) for entry in told
        ]

    def _reconciled(self, read: Callable[[], _T]) -> _T:
        for _ in range(_ATTEMPTS):
            try:
                return read()
            except Unreconciled:
                self.reconcile()
        return read()


def rebuild(store: Primary, ledger: Ledger) -> int:
    """Restore a store, also an empty one, from the ledger; returns the number of events replayed."""
    return DurableStore(store, ledger).rebuild()

"""Random histories, run against plain dictionaries: every store must tell the same story."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from fleet.durable_store import DurableStore
from fleet.errors import StaleRevision, StoreUnavailable
from fleet.memory_store import MemoryStore
from fleet.redis_store import RedisStore
from fleet.store import Commit, Event, FleetStore, Write
from tests.fleet.faulty import FlakyLedger, ForgetfulStore

AT = datetime(2026, 3, 2, tzinfo=UTC)
KINDS = st.sampled_from(["request", "vehicle", "odd"])
IDS = st.sampled_from(["a", "b", "aa", "川", "é", "a:b", "[x]*"])
STATES = st.sampled_from([None, "submitted", "approved", "", "a:b"])
KEYS = st.sampled_from([None, None, "k1", "k2", "k3"])
INDEXED = {"request": "state", "vehicle": "state", "odd": None}
WRITES = st.lists(
    st.tuples(
        KINDS,
        IDS,
        STATES,
        st.sampled_from(["right", "right", "right", "delete", "stale"]),
        st.integers(-(2**63), 2**64),
    ),
    max_size=4,
    unique_by=lambda one: one[:2],
)


class StoreMachine(RuleBasedStateMachine):
    """The model: current bodies and versions, the events, the keys."""

    store: FleetStore

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
        self.told: list[Event] = []
        self.keys: dict[str, Event] = {}
        self.clock = AT

    def build(self, writes: Any, key: str | None) -> tuple[Commit, bool]:
        self.clock += timedelta(microseconds=1)
        made, fits = [], True
        for kind, id, state, how, number in writes:
            version = self.documents.get((kind, id), (0, {}))[0]
            if how == "stale":
                version, fits = version + 1, False
            body = None if how == "delete" and version else {"state": state, "n": number}
            made.append(Write(kind=kind, id=id, expected_version=version, body=body))
        return Commit(type="odd.changed", actor="p", at=self.clock, writes=made, key=key, region="51"), fits

    def apply(self, commit: Commit, event: Event) -> None:
        assert event.sequence == len(self.told) + 1
        for write, document in zip(commit.writes, event.documents, strict=True):
            if write.body is None:
                del self.documents[write.kind, write.id]
                assert (document.version, document.body) == (0, {})
            else:
                self.documents[write.kind, write.id] = (document.version, dict(write.body))
                assert (document.version, document.body) == (write.expected_version + 1, write.body)
        self.told.append(event)
        if commit.key is not None:
            self.keys[commit.key] = event

    @rule(writes=WRITES, key=KEYS)
    def commit(self, writes: Any, key: str | None) -> None:
        commit, fits = self.build(writes, key)
        if key in self.keys:
            assert self.store.commit(commit) == self.keys[key]
        elif fits:
            self.apply(commit, self.store.commit(commit))
        else:
            with pytest.raises(StaleRevision):
                self.store.commit(commit)

    @rule(kind=KINDS, state=STATES, limit=st.integers(1, 4))
    def page(self, kind: str, state: str | None, limit: int) -> None:
        expected = sorted(id for one, id in self.documents if one == kind)
        where = None
        if INDEXED[kind] is not None and state is not None:
            where = (INDEXED[kind], state)
            expected = [id for id in expected if (self.documents[kind, id][1]["state"] or "") == state]
        seen, after = [], ""
        while True:
            page = self.store.list(kind, where=where, after=after, limit=limit)
            seen += [document.id for document in page.documents]
            for document in page.documents:
                assert (document.version, document.body) == self.documents[kind, document.id]
            if page.next_after is None:
                break
            after = page.next_after
        assert seen == expected

    @rule(after=st.integers(0, 30), limit=st.integers(1, 5))
    def some_events(self, after: int, limit: int) -> None:
        assert list(self.store.events(after=after, limit=limit)) == self.told[after : after + limit]

    @invariant()
    def head_counts_events(self) -> None:
        assert self.store.head() == len(self.told)
        assert self.store.wait(after=len(self.told) - 1, timeout_s=0) is bool(self.told) or not self.told

    @invariant()
    def documents_agree(self) -> None:
        for kind in ("request", "vehicle", "odd"):
            for id in ("a", "川", "a:b"):
                document = self.store.find(kind, id)
                kept = None if document is None else (document.version, document.body)
                assert kept == self.documents.get((kind, id))


class MemoryMachine(StoreMachine):
    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()


class RedisMachine(StoreMachine):
    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.inner = RedisStore(self.url, prefix=f"test-{uuid4().hex}")
        self.store = self.inner

    def teardown(self) -> None:
        self.inner.reset()
        self.inner.close()


class DurableMachine(StoreMachine):
    """With crashes that lose the store's newest events, and outages of the ledger."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = FlakyLedger(Path(self.folder.name) / "ledger.sqlite")
        self.inner = ForgetfulStore()
        self.others: list[DurableStore] = [DurableStore(self.inner, self.ledger) for _ in range(2)]
        self.store = self.others[0]
        self.store.recover()
        self.pending: Commit | None = None

    @rule()
    def another_process_goes_on(self) -> None:
        self.others.reverse()
        self.store = self.others[0]

    @rule(lost=st.integers(0, 5))
    def crash(self, lost: int) -> None:
        self.inner.crash(keep=max(0, self.inner.raw_head() - lost))

    @rule(lost=st.integers(0, 3), number=st.integers(0, 9))
    @precondition(lambda self: self.told)
    def crash_and_go_another_way(self, lost: int, number: int) -> None:
        self.inner.crash(keep=max(0, self.inner.raw_head() - lost))
        write = Write(kind="odd", id=f"never{number}", expected_version=0, body={"n": number})
        if self.inner.find_past_the_fence("odd", write.id) is None:
            self.inner.commit_past_the_fence(Commit(type="odd.lost", actor="x", at=AT, writes=[write]))
            if lost == 0:
                # It continues the ledger: it may be kept, and is. Nobody was told, and nobody is told otherwise.
                self.store.recover()
                self.documents["odd", write.id] = (1, {"n": number})
                self.told += self.store.events(after=len(self.told))

    @rule(writes=WRITES, lost=st.integers(0, 3), silent=st.booleans())
    def outage(self, writes: Any, lost: int, silent: bool) -> None:
        """A commit while the ledger is out fails; the retry with the same key has one effect, whatever was lost."""
        commit, fits = self.build(writes, uuid4().hex)
        if not fits:
            return
        self.ledger.silent = silent
        self.ledger.down = not silent
        with pytest.raises(StoreUnavailable):
            self.store.commit(commit)
        if lost:
            self.inner.crash(keep=max(0, self.inner.raw_head() - lost))
        self.ledger.silent = self.ledger.down = False
        self.apply(commit, self.store.commit(commit))

    @rule()
    def rebuild(self) -> None:
        assert self.store.rebuild() == len(self.told)

    @invariant()
    def the_ledger_tells_the_same(self) -> None:
        assert self.ledger.verify().sequence == len(self.told)
        assert list(self.ledger.replay()) == self.told

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()


SMALL = settings(max_examples=15, stateful_step_count=20, deadline=None)


def test_memory_store() -> None:
    run_state_machine_as_test(MemoryMachine, settings=SMALL)


def test_redis_store(redis_url: str) -> None:
    RedisMachine.url = redis_url
    run_state_machine_as_test(RedisMachine, settings=SMALL)


def test_durable_store() -> None:
    run_state_machine_as_test(DurableMachine, settings=SMALL)

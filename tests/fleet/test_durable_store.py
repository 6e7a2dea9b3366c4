from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from fleet.durable_store import DurableStore, rebuild
from fleet.errors import NotFound, StaleRevision, StoreUnavailable, Unreconciled
from fleet.ledger import Ledger
from fleet.memory_store import MemoryStore
from fleet.redis_store import RedisStore
from fleet.store import Commit, Primary, Write
from tests.fleet.faulty import FlakyLedger, ForgetfulStore

AT = datetime(2026, 3, 2, tzinfo=UTC)


def put(id: str, version: int = 0, key: str | None = None, **body: Any) -> Commit:
    return Commit(
        type="request.changed",
        actor="p",
        at=AT,
        writes=[Write(kind="request", id=id, expected_version=version, body=body)],
        key=key,
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[FlakyLedger]:
    ledger = FlakyLedger(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.down = False
    ledger.verify()
    ledger.close()


@pytest.fixture
def inner() -> ForgetfulStore:
    return ForgetfulStore()


@pytest.fixture
def store(inner: ForgetfulStore, ledger: FlakyLedger) -> DurableStore:
    store = DurableStore(inner, ledger)
    store.recover()
    return store


def test_a_fenced_store_answers_nothing_before_it_is_compared(inner):
    for ask in (lambda: inner.find("request", "q"), lambda: inner.list("request"), inner.events, inner.head):
        with pytest.raises(Unreconciled):
            ask()
    with pytest.raises(Unreconciled):
        inner.commit(put("q"))


def test_acknowledged_means_in_both(store, inner, ledger):
    event = store.commit(put("q1", n=1))
    assert ledger.find(1).event == event == inner.events()[0]
    assert store.head() == ledger.head().sequence == 1


def test_with_the_ledger_down_nothing_is_acknowledged_and_the_retry_settles_it(store, inner, ledger):
    store.commit(put("q0"))
    ledger.down = True
    with pytest.raises(StoreUnavailable):
        store.commit(put("q1", key="k1", n=1))
    assert inner.raw_head() == 2  # it was applied, but nobody was told so
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            store.commit(put("q2", key="k2"))
    assert inner.raw_head() == 2  # and nothing more piles up
    assert store.get("request", "q0").version == 1
    with pytest.raises(StoreUnavailable):
        store.get("request", "q1")
    with pytest.raises(StoreUnavailable):
        store.list("request")
    assert [event.sequence for event in store.events()] == [1]
    assert store.head() == 1
    assert store.wait(after=1, timeout_s=0.01) is False
    ledger.down = False
    event = store.commit(put("q1", key="k1", n=1))
    assert event.sequence == 2
    assert store.get("request", "q1").body == {"n": 1}
    assert store.commit(put("q2", key="k2")).sequence == 3
    assert ledger.head().sequence == 3


def test_a_lost_answer_of_the_ledger_is_settled_by_the_retry(store, ledger):
    ledger.silent = True
    with pytest.raises(StoreUnavailable):
        store.commit(put("q1", key="k1"))
    ledger.silent = False
    assert store.commit(put("q1", key="k1")).sequence == 1
    assert ledger.head().sequence == 1


def test_a_read_helps_a_young_document_into_the_ledger(store, inner, ledger):
    inner.commit(put("q1"))  # another process, before it came to the ledger
    assert ledger.head().sequence == 0
    assert store.events() == ()
    assert store.get("request", "q1").version == 1
    assert ledger.head().sequence == 1
    assert [event.sequence for event in store.events()] == [1]


@pytest.mark.parametrize("keep", [0, 1, 4, 5])
def test_what_the_store_lost_is_restored_before_anyone_reads(store, inner, ledger, keep):
    for version in range(5):
        store.commit(put("q1", version, key=f"k{version}", n=version, state="submitted"))
    inner.crash(keep=keep)
    assert store.get("request", "q1").body == {"n": 4, "state": "submitted"}
    assert inner.raw_events(after=0, limit=9) == tuple(ledger.replay())
    assert store.commit(put("q1", 4, key="k4")).sequence == 5
    inner.crash(keep=keep)
    with pytest.raises(StaleRevision):
        store.commit(put("q1", 4, key="other"))
    inner.crash(keep=keep)
    assert store.commit(put("q1", 5, key="k5")).sequence == 6
    inner.crash(keep=keep)
    assert len(store.list("request", where=("state", "")).documents) == 1
    inner.crash(keep=keep)
    assert store.head() == 6
    inner.crash(keep=keep)
    assert len(store.events()) == 6


def test_a_restart_while_the_ledger_is_down_shows_nothing(store, inner, ledger):
    store.commit(put("q1"))
    inner.crash(keep=0)
    ledger.down = True
    with pytest.raises(StoreUnavailable):
        store.find("request", "q1")
    ledger.down = False
    assert store.get("request", "q1").version == 1


def test_a_commit_that_the_store_lost_is_not_acknowledged(store, inner, ledger):
    store.commit(put("q0"))
    inner.after_commit = lambda: inner.crash(keep=1)
    with pytest.raises(StoreUnavailable):
        store.commit(put("q1", key="k1"))
    assert ledger.head().sequence == 1
    assert store.commit(put("q1", key="k1")).sequence == 2


def test_another_event_under_the_same_sequence_is_not_taken_for_ones_own(store, inner, ledger):
    other = DurableStore(inner, ledger)

    def lose_and_let_another_write() -> None:
        inner.crash(keep=0)
        other.commit(put("q9"))

    inner.after_commit = lose_and_let_another_write
    with pytest.raises(StoreUnavailable):
        store.commit(put("q1", key="k1"))
    assert [document.id for document in store.list("request").documents] == ["q9"]
    assert store.commit(put("q1", key="k1")).sequence == 2


def test_events_that_only_the_store_has_are_taken_into_the_ledger(inner, ledger):
    first = DurableStore(inner, ledger)
    first.recover()
    first.commit(put("q1"))
    inner.commit(put("q2"))
    inner.commit(put("q2", 1))
    DurableStore(inner, ledger).recover()
    assert ledger.head().sequence == 3


def test_a_store_that_went_another_way_follows_the_ledger_again(store, inner, ledger):
    store.commit(put("q1", n=1))
    store.commit(put("q2", n=1))
    inner.crash(keep=1)
    inner.commit_past_the_fence(put("q3", n=1))
    inner.commit_past_the_fence(put("q4", n=1))
    assert [document.id for document in store.list("request").documents] == ["q1", "q2"]
    assert inner.raw_events(after=0, limit=9) == tuple(ledger.replay())
    with pytest.raises(NotFound):
        store.get("request", "q3")


def test_divergence_that_slipped_past_the_fence_is_found_when_archiving(store, inner, ledger):
    store.commit(put("q1"))
    forged = ForgetfulStore()
    forged.admit("1", head=0)
    forged.commit(put("x1"))
    forged.commit(put("x2"))
    inner.reset()
    inner.restore(forged.raw_events(after=0, limit=9))
    inner.admit(inner.incarnation(), head=2)
    fresh = DurableStore(inner, ledger)
    with pytest.raises(StoreUnavailable, match="another way"):
        fresh.get("request", "x2")
    assert fresh.find("request", "x2") is None
    assert fresh.get("request", "q1").version == 1


def test_a_head_without_events_is_rebuilt(store, inner, ledger):
    store.commit(put("q1"))
    real = inner.raw_head
    inner.starts += 1
    inner.raw_head = lambda: real() + 1 if inner.raw_events(after=0, limit=9) else real()
    assert store.get("request", "q1").version == 1


def test_rebuild_from_zero(store, inner, ledger):
    for number in range(25):
        store.commit(put(f"q{number:02}", key=f"k{number}", n=number, state="submitted"))
    store.commit(
        Commit(
            type="request.deleted",
            actor="p",
            at=AT,
            writes=[Write(kind="request", id="q03", expected_version=1, body=None)],
        )
    )
    before = inner.list("request"), inner.raw_events(after=0, limit=99)
    assert store.rebuild() == 26
    assert (inner.list("request"), inner.raw_events(after=0, limit=99)) == before
    empty = MemoryStore(fenced=True)
    assert rebuild(empty, ledger) == 26
    assert (empty.list("request"), empty.raw_events(after=0, limit=99)) == before
    assert DurableStore(empty, ledger).commit(put("q00", key="k0")).sequence == 1


def test_rebuild_takes_along_what_was_not_in_the_ledger_yet(store, inner, ledger):
    store.commit(put("q1"))
    inner.commit(put("q2"))
    assert store.rebuild() == 2
    assert ledger.head().sequence == 2


def test_a_store_that_never_comes_to_rest_is_given_up(store, inner):
    restless = inner.admit
    inner.admit = lambda _, *, head: restless("nobody", head=head)
    with pytest.raises(StoreUnavailable, match="each time"):
        store.recover()
    with pytest.raises(StoreUnavailable, match="each time"):
        store.rebuild()
    inner.admit = restless
    store.recover()


def test_many_commits_share_a_transaction(store, inner, ledger):
    """While one is in the ledger, the others queue up and go together."""
    began, go_on, sizes = threading.Event(), threading.Event(), []
    real = ledger.append

    def slow(events: Any) -> Any:
        sizes.append(len(events))
        began.set()
        assert go_on.wait(30)
        return real(events)

    ledger.append = slow
    threads = [threading.Thread(target=store.commit, args=(put(f"q{number}"),)) for number in range(9)]
    threads[0].start()
    assert began.wait(30)
    for thread in threads[1:]:
        thread.start()
    while inner.raw_head() < 9:
        inner.wait(after=inner.raw_head(), timeout_s=1)
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert sizes == [1, 8]
    assert ledger.head().sequence == 9


@pytest.fixture
def redis_pair(redis_url: str, tmp_path: Path) -> Iterator[tuple[Primary, Ledger]]:
    inner = RedisStore(redis_url, prefix=f"test-{uuid4().hex}", fenced=True)
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    yield inner, ledger
    inner.reset()
    inner.close()
    ledger.close()


def test_redis_rebuilt_from_the_ledger_is_the_same(redis_pair):
    inner, ledger = redis_pair
    store = DurableStore(inner, ledger)
    store.recover()
    for number in range(250):
        store.commit(put(f"q{number:03}", key=f"k{number}", state=f"s{number % 3}"))
    before = [inner.list("request", where=("state", f"s{number}")) for number in range(3)]
    events = inner.raw_events(after=0, limit=999)
    inner.reset()
    assert inner.raw_head() == 0
    assert store.find("request", "q000") is not None
    assert [inner.list("request", where=("state", f"s{number}")) for number in range(3)] == before
    assert inner.raw_events(after=0, limit=999) == events
    inner.shut()
    assert store.rebuild() == 250
    assert inner.raw_events(after=0, limit=999) == events
    assert inner.archived() == 250


def test_an_unreachable_server_is_told_as_such():
    inner = RedisStore("redis://127.0.0.1:1/0", prefix="x", fenced=True)
    for ask in (
        lambda: inner.find("request", "q"),
        lambda: inner.commit(put("q")),
        lambda: inner.wait(after=0, timeout_s=0.1),
        inner.incarnation,
        inner.admitted,
        inner.reset,
    ):
        with pytest.raises(StoreUnavailable):
            ask()


class TestTrimming:
    """The store keeps its newest events only; the ledger has them all."""

    @pytest.fixture(params=["memory", "redis"])
    def inner(self, request: pytest.FixtureRequest) -> Iterator[Primary]:
        inner: Primary
        if request.param == "memory":
            inner = MemoryStore(fenced=True, kept_events_count=10)
        else:
            url = request.getfixturevalue("redis_url")
            inner = RedisStore(url, prefix=f"test-{uuid4().hex}", fenced=True, kept_events_count=10)
        yield inner
        inner.reset()

    @pytest.fixture
    def store(self, inner: Primary, ledger: FlakyLedger) -> DurableStore:
        store = DurableStore(inner, ledger)
        store.recover()
        for number in range(30):
            store.commit(put(f"q{number:02}", key=f"k{number}", n=number))
        return store

    def test_old_events_come_from_the_ledger(self, store, inner, ledger):
        assert [event.sequence for event in inner.raw_events(after=0, limit=99)] == list(range(21, 31))
        told = list(ledger.replay())
        for after in range(31):
            for limit in (1, 5, 99):
                events = list(store.events(after=after, limit=limit))
                assert events == told[after : after + len(events)]
                assert len(events) >= min(limit, 30 - after, 1)
        assert len(store.list("request").documents) == 30

    def test_an_old_key_still_answers(self, store, ledger):
        assert store.commit(put("q00", key="k0")) == ledger.find(1).event
        assert store.commit(put("q29", key="k29")) == ledger.find(30).event
        assert store.head() == 30

    def test_a_restart_and_a_rebuild_know_what_is_missing(self, store, inner, ledger):
        fresh = DurableStore(inner, ledger)
        assert fresh.commit(put("r0")).sequence == 31
        inner.shut()
        assert store.commit(put("r1")).sequence == 32
        assert store.rebuild() == 32
        assert [event.sequence for event in inner.raw_events(after=0, limit=99)] == list(range(23, 33))
        assert store.commit(put("q00", key="k0")).sequence == 1
        assert len(store.list("request").documents) == 32

    @pytest.mark.usefixtures("store")
    def test_a_lost_ledger_does_not_empty_the_store(self, inner, tmp_path):
        other = FlakyLedger(tmp_path / "other.sqlite")
        with pytest.raises(StoreUnavailable, match="was lost"):
            DurableStore(inner, other).recover()
        with pytest.raises(StoreUnavailable, match="was lost"):
            DurableStore(inner, other).rebuild()
        assert inner.raw_head() == 30
        assert other.head().sequence == 0
        other.close()


def test_a_lost_ledger_is_written_again_while_the_store_has_every_event(store, inner, ledger, tmp_path):
    for number in range(5):
        store.commit(put(f"q{number}"))
    other = FlakyLedger(tmp_path / "other.sqlite")
    DurableStore(inner, other).recover()
    assert other.head() == ledger.head()
    other.close()

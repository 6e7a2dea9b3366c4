"""One test class for every store: what the reference does, the others do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from fleet.durable_store import DurableStore
from fleet.errors import InvalidFact, LeaseLost, NotFound, StaleRevision
from fleet.ledger import Ledger
from fleet.memory_store import MemoryStore
from fleet.redis_store import RedisStore
from fleet.store import Commit, FleetStore, Lease, Primary, Write

AT = datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=UTC)


def put(id: str, version: int = 0, kind: str = "request", **body: Any) -> Write:
    return Write(kind=kind, id=id, expected_version=version, body=body)


def change(*writes: Write, key: str | None = None, **more: Any) -> Commit:
    fields: dict[str, Any] = {"type": "request.changed", "actor": "p1", "at": AT, "region": "510100"} | more
    return Commit(writes=writes, key=key, **fields)


@pytest.fixture(params=["memory", "redis", "durable memory", "durable redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FleetStore]:
    durable = request.param.startswith("durable")
    inner: Primary
    if request.param.endswith("memory"):
        inner = MemoryStore(fenced=durable)
    else:
        inner = RedisStore(request.getfixturevalue("redis_url"), prefix=f"test-{uuid4().hex}", fenced=durable)
    if durable:
        outer = DurableStore(inner, Ledger(f"sqlite:///{tmp_path}/ledger.sqlite"))
        outer.recover()
        yield outer
        assert outer.head() == inner.raw_head()
        Ledger(f"sqlite:///{tmp_path}/ledger.sqlite").verify()
    else:
        yield inner
    inner.reset()


class TestStore:
    def test_a_new_store_is_empty(self, store):
        assert store.head() == 0
        assert store.find("request", "q") is None
        assert list(store.events()) == []
        page = store.list("request")
        assert (list(page.documents), page.next_after) == ([], None)
        with pytest.raises(NotFound):
            store.get("request", "q")

    def test_a_document_comes_back_as_written(self, store):
        body = {
            "name": "遂宁 → 潼南",
            "n": 9007199254740993,
            "f": 0.1,
            "none": None,
            "yes": True,
            "list": [],
            "object": {},
        }
        event = store.commit(change(put("q1", **body)))
        document = store.get("request", "q1")
        assert document.body == body
        assert document.version == 1
        assert list(event.documents) == [document]
        assert (event.sequence, event.type, event.actor, event.at, event.region) == (
            1,
            "request.changed",
            "p1",
            AT,
            "510100",
        )

    def test_versions_count_up(self, store):
        for version in range(5):
            store.commit(change(put("q1", version, n=version)))
        document = store.get("request", "q1")
        assert (document.version, document.body) == (5, {"n": 4})

    def test_a_stale_write_changes_nothing_at_all(self, store):
        store.commit(change(put("q1", n=1), put("q2", n=1)))
        for bad in (
            put("q2", 0, n=2),
            put("q2", 2, n=2),
            Write(kind="request", id="q3", expected_version=1, body=None),
        ):
            with pytest.raises(StaleRevision) as caught:
                store.commit(change(put("q1", 1, n=2), bad, key="k"))
            assert (caught.value.kind, caught.value.id) == ("request", bad.id)
            assert caught.value.expected == bad.expected_version
            assert caught.value.actual == (0 if bad.id == "q3" else 1)
        assert store.get("request", "q1").version == 1
        assert store.head() == 1
        store.commit(change(put("q1", 1, n=2), key="k"))
        assert store.head() == 2

    def test_deleting_and_making_anew(self, store):
        store.commit(change(put("q1", state="submitted")))
        event = store.commit(change(Write(kind="request", id="q1", expected_version=1, body=None)))
        assert (event.documents[0].version, event.documents[0].body) == (0, {})
        assert store.find("request", "q1") is None
        assert not store.list("request").documents
        assert not store.list("request", where=("state", "submitted")).documents
        store.commit(change(put("q1", state="approved")))
        assert store.get("request", "q1").version == 1

    def test_one_key_has_one_effect(self, store):
        first = store.commit(change(put("q1", n=1), key="k1"))
        again = store.commit(change(put("q1", n=1), key="k1"))
        other = store.commit(change(put("q1", n=99), put("q2"), key="k1", type="request.other"))
        assert first == again == other
        assert store.head() == 1
        assert store.get("request", "q1").body == {"n": 1}

    def test_keys_may_be_any_text(self, store):
        for key in ("", " "):
            if key:
                store.commit(change(key=key))
            else:
                with pytest.raises(InvalidFact):
                    store.commit(change(key=key))
        event = store.commit(change(key="川{}*:\n"))
        assert store.commit(change(key="川{}*:\n")) == event

    def test_an_event_may_stand_without_documents(self, store):
        event = store.commit(change(type="plan.failed", data={"why": "没有车", "n": [1, 2]}))
        assert event.data == {"why": "没有车", "n": [1, 2]}
        assert list(store.events()) == [event]

    def test_events_come_in_order_and_resume(self, store):
        made = [store.commit(change(put(f"q{number}"))) for number in range(10)]
        assert [event.sequence for event in made] == list(range(1, 11))
        assert list(store.events()) == made
        assert list(store.events(after=7)) == made[7:]
        assert list(store.events(after=3, limit=2)) == made[3:5]
        assert list(store.events(after=10)) == []
        assert store.head() == 10

    def test_listing_pages_in_id_order(self, store):
        ids = ["a", "B", "b", "川", "é", "z", "zz", "0", "10", "9", "a:b", "😀", "￿"]
        for id in ids:
            store.commit(change(put(id)))
        assert [document.id for document in store.list("request").documents] == sorted(ids)
        seen, after = [], ""
        while True:
            page = store.list("request", after=after, limit=3)
            seen += [document.id for document in page.documents]
            if page.next_after is None:
                break
            assert page.next_after == page.documents[-1].id
            after = page.next_after
        assert seen == sorted(ids)
        assert [document.id for document in store.list("request", after="b").documents] == sorted(ids)[
            sorted(ids).index("b") + 1 :
        ]
        assert store.list("request", limit=len(ids)).next_after is None
        assert not store.list("vehicle").documents

    def test_listing_by_an_index_follows_changes(self, store):
        store.commit(change(put("q1", state="submitted", region="510100"), put("q2", state="submitted")))
        store.commit(change(put("q1", 1, state="approved", region="510100")))

        def ids(field: str, value: str) -> list[str]:
            return [document.id for document in store.list("request", where=(field, value)).documents]

        assert ids("state", "submitted") == ["q2"]
        assert ids("state", "approved") == ["q1"]
        assert ids("region", "510100") == ["q1"]
        assert ids("region", "") == ["q2"]
        assert ids("region", "51") == []
        store.commit(change(put("q2", 1, state="submitted", region=None)))
        assert ids("region", "") == ["q2"]
        store.commit(change(put("d1", kind="driver", region="a:b:c")))
        assert [d.id for d in store.list("driver", where=("region", "a:b:c")).documents] == ["d1"]
        with pytest.raises(InvalidFact) as caught:
            store.list("request", where=("purpose", "x"))
        assert caught.value.field == "purpose"
        with pytest.raises(InvalidFact):
            store.list("request", limit=0)

    def test_a_kind_without_noun_is_kept_all_the_same(self, store):
        store.commit(change(put("j1", kind="job", state="queued")))
        assert store.get("job", "j1").body == {"state": "queued"}

    @pytest.mark.parametrize(
        "bad",
        [
            change(put("q1"), put("q1")),
            change(put("")),
            change(put("q1", -1)),
            change(put("q1", kind="")),
            change(put("q1", kind="a:b")),
            change(put("q1", n=float("nan"))),
            change(put("q1", n=object())),
            change(put("q1", n="\ud800")),
            change(Write(kind="request", id="q1", expected_version=0, body=None)),
            change(put("q1"), at=datetime(2026, 1, 1)),  # noqa: DTZ001
            change(put("q1"), type=""),
            change(put("q1"), data={"x": float("inf")}),
            change(put("\ud800")),
            change(put("a\0b")),
            change(put("x" * 301)),
            change(put("q1"), key="a\0b"),
            change(put("q1"), region="a\0b"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, store, bad):
        with pytest.raises(InvalidFact):
            store.commit(bad)
        assert store.head() == 0

    def test_what_was_read_cannot_change_the_store(self, store):
        mine = {"list": [1]}
        store.commit(change(put("q1", **mine)))
        mine["list"].append(2)
        store.get("request", "q1").body["list"].append(3)
        store.events()[0].documents[0].body["list"].append(4)
        assert store.get("request", "q1").body == {"list": [1]}
        assert store.events()[0].documents[0].body == {"list": [1]}

    def test_waiting(self, store):
        assert store.wait(after=0, timeout_s=0.01) is False
        store.commit(change(put("q1")))
        assert store.wait(after=0, timeout_s=5) is True
        assert store.wait(after=1, timeout_s=0.01) is False
        heard: list[bool] = []
        waiter = threading.Thread(target=lambda: heard.append(store.wait(after=1, timeout_s=20)))
        waiter.start()
        store.commit(change(put("q2")))
        waiter.join(20)
        assert heard == [True]

    def test_no_update_is_lost_among_threads(self, store):
        store.commit(change(put("n", n=0), put("m", n=0)))

        def count_up(by: str) -> None:
            done = 0
            while done < 20:
                n, m = store.get("request", "n"), store.get("request", "m")
                try:
                    store.commit(
                        change(
                            put("n", n.version, n=n.body["n"] + 1),
                            put("m", m.version, n=m.body["n"] + 1),
                            key=f"{by}-{done}",
                        )
                    )
                except StaleRevision:
                    continue
                done += 1

        threads = [threading.Thread(target=count_up, args=(str(number),)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert store.get("request", "n").body == store.get("request", "m").body == {"n": 80}
        assert store.head() == 81
        assert [event.sequence for event in store.events()] == list(range(1, 82))

    def test_only_the_leader_of_an_area_writes_for_it(self, store):
        mine, other = Lease(name="510000", token="a"), Lease(name="510000", token="b")
        with pytest.raises(LeaseLost):
            store.commit(change(put("q"), lease=mine))
        assert store.find("request", "q") is None
        assert store.hold(mine, lasts_s=60) == "a"
        assert store.hold(other, lasts_s=60) == "a"
        assert store.hold(mine, lasts_s=60) == "a"
        assert store.hold(Lease(name="500000", token="b"), lasts_s=60) == "b"
        written = store.commit(change(put("q"), lease=mine, key="k"))
        with pytest.raises(LeaseLost):
            store.commit(change(put("r"), lease=other))
        store.release(other)
        assert store.hold(other, lasts_s=60) == "a"
        store.release(mine)
        assert store.hold(other, lasts_s=60) == "b"
        with pytest.raises(LeaseLost):
            store.commit(change(put("r"), lease=mine))
        # What was done while leading is answered as done.
        assert store.commit(change(put("q"), lease=mine, key="k")) == written

    def test_a_lead_that_is_not_kept_is_free_for_others(self, store):
        mine, other = Lease(name="", token="a"), Lease(name="", token="b")
        assert store.hold(mine, lasts_s=0.001) == "a"
        while store.hold(other, lasts_s=60) != "b":
            pass
        with pytest.raises(LeaseLost):
            store.commit(change(put("q"), lease=mine))

    def test_the_events_alone_restore_the_documents(self, store):
        store.commit(change(put("q1", state="a"), put("q2", state="a")))
        store.commit(change(put("q1", 1, state="b"), Write(kind="request", id="q2", expected_version=1, body=None)))
        restored = {}
        for event in store.events():
            for document in event.documents:
                restored[document.id] = document
        alive = {id: document for id, document in restored.items() if document.version}
        assert list(alive.values()) == list(store.list("request").documents)


def test_events_are_values():
    store = MemoryStore()
    event = store.commit(change(put("q1")))
    assert replace(event) == event

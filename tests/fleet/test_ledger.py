from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from fleet.errors import LedgerBroken, LedgerDiverged, StoreUnavailable
from fleet.ledger import GENESIS, Head, Ledger
from fleet.store import Document, Event

AT = datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC)


def an_event(sequence: int, **changes: object) -> Event:
    event = Event(
        sequence=sequence,
        type="request.submitted",
        actor="张伟",
        at=AT,
        region="510900",
        key=f"k{sequence}",
        data={"n": sequence},
        documents=(Document(kind="request", id=f"q{sequence % 3}", version=sequence, body={"purpose": "会议"}),),
    )
    return replace(event, **changes)  # type: ignore[arg-type]


#: The address of a PostgreSQL where a test may make schemas; where none is given, the default database is tested alone.
POSTGRES = os.environ.get("CHUANYU_TEST_POSTGRES")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture(params=["sqlite", "postgresql"] if POSTGRES else ["sqlite"])
def url(request: pytest.FixtureRequest, path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{path}"
        return
    schema = f"test_{uuid4().hex}"
    engine = sa.create_engine(POSTGRES)
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
    yield f"{POSTGRES}?options=-csearch_path%3D{schema}"
    with engine.begin() as connection:
        connection.execute(sa.text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    ledger = Ledger(url)
    yield ledger
    ledger.close()


def execute(url: str, *statements: str) -> None:
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


def tamper(url: str, *statements: str) -> None:
    """Do what somebody with the database in hand can do: drop the guards first."""
    if url.startswith("sqlite"):
        names = ["ledger_no_update", "ledger_no_delete", "ledger_no_replace", "ledger_documents_no_update"]
        names += ["ledger_documents_no_delete", "ledger_head_forward", "ledger_head_no_delete"]
        execute(url, *(f"DROP TRIGGER {name}" for name in names), *statements)
    else:
        guards = ["ALTER TABLE ledger_documents DROP CONSTRAINT ledger_documents_sequence_fkey"]
        guards += [f"ALTER TABLE {name} DISABLE TRIGGER ALL" for name in ("ledger", "ledger_documents", "ledger_head")]
        execute(url, *guards, *statements)


def test_what_goes_in_comes_out(ledger):
    assert ledger.head() == Head(sequence=0, hash=GENESIS)
    assert ledger.verify() == ledger.head()
    events = [an_event(number) for number in range(1, 1203)]
    head = ledger.append(events)
    assert list(ledger.replay()) == events
    assert list(ledger.replay(after=1200)) == events[1200:]
    assert [entry.event for entry in ledger.entries(after=3, limit=2)] == events[3:5]
    assert ledger.find(7).event == events[6]
    assert ledger.find(0) is None
    assert ledger.find(1203) is None
    assert ledger.verify() == ledger.head() == head
    assert [entry.event.sequence for entry in ledger.touching("request", ["q1", "nobody"])] == list(range(1, 1203, 3))


def test_an_offline_reader_can_redo_the_chain(path):
    ledger = Ledger(f"sqlite:///{path}")
    ledger.append([an_event(number) for number in range(1, 6)])
    last = "0" * 64
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT sequence, body, prev_hash, hash FROM ledger ORDER BY sequence").fetchall()
    connection.close()
    for sequence, body, prev_hash, hash in rows:
        assert prev_hash == last
        last = hashlib.sha256(f"{prev_hash}\n{sequence}\n{body}".encode()).hexdigest()
        assert hash == last
        assert json.loads(body)["data"] == {"n": sequence}
    assert len(rows) == 5
    ledger.close()


def test_offering_again_is_harmless_and_another_history_is_refused(ledger):
    ledger.append([an_event(1), an_event(2)])
    assert ledger.append([an_event(1), an_event(2), an_event(3)]).sequence == 3
    with pytest.raises(LedgerDiverged) as caught:
        ledger.append([an_event(2, data={"n": "other"}), an_event(3), an_event(4)])
    assert caught.value.sequence == 2
    with pytest.raises(LedgerDiverged) as caught:
        ledger.append([an_event(4), an_event(6)])
    assert caught.value.sequence == 6
    assert ledger.verify().sequence == 3
    assert ledger.append([]).sequence == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET actor = 'x'",
        "DELETE FROM ledger WHERE sequence = 3",
        "INSERT OR REPLACE INTO ledger SELECT 3, at, type, 'x', region, body, prev_hash, hash FROM ledger LIMIT 1",
        "UPDATE ledger_documents SET version = 9",
        "DELETE FROM ledger_documents",
        "UPDATE ledger_head SET sequence = 1",
        "DELETE FROM ledger_head",
    ],
)
def test_the_database_refuses_to_rewrite(ledger, url, statement):
    ledger.append([an_event(number) for number in range(1, 4)])
    if url.startswith("postgresql") and "REPLACE" in statement:
        statement = "TRUNCATE ledger CASCADE"
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        execute(url, statement)
    assert ledger.verify().sequence == 3


@pytest.mark.parametrize(
    ("statements", "sequence", "reason"),
    [
        (["UPDATE ledger SET body = replace(body, '会议', '旅游') WHERE sequence = 4"], 4, "altered"),
        (["UPDATE ledger SET hash = 'x' WHERE sequence = 4"], 4, "altered"),
        (["UPDATE ledger SET prev_hash = 'x' WHERE sequence = 4"], 4, "does not follow"),
        (["UPDATE ledger SET actor = 'x' WHERE sequence = 4"], 4, "actor"),
        (["UPDATE ledger SET region = 'x' WHERE sequence = 9"], 9, "region"),
        (["DELETE FROM ledger WHERE sequence = 4"], 4, "missing"),
        (["DELETE FROM ledger WHERE sequence = 1"], 1, "missing"),
        (["DELETE FROM ledger WHERE sequence > 7"], 8, "cut off"),
        (["DELETE FROM ledger"], 1, "cut off"),
        (
            [
                "UPDATE ledger SET sequence = 100 WHERE sequence = 4",
                "UPDATE ledger SET sequence = 4 WHERE sequence = 5",
                "UPDATE ledger SET sequence = 5 WHERE sequence = 100",
            ],
            4,
            "does not follow",
        ),
        (
            ["UPDATE ledger_head SET sequence = 7, hash = (SELECT hash FROM ledger WHERE sequence = 7)"],
            8,
            "head record",
        ),
        (["UPDATE ledger_head SET hash = 'x'"], 9, "head record"),
        (["UPDATE ledger_documents SET version = 77 WHERE sequence = 5"], 5, "documents"),
        (["DELETE FROM ledger_documents WHERE sequence = 6"], 6, "documents"),
    ],
)
def test_the_first_broken_entry_is_named(ledger, url, statements, sequence, reason):
    ledger.append([an_event(number) for number in range(1, 10)])
    ledger.close()
    tamper(url, *statements)
    with pytest.raises(LedgerBroken, match=reason) as caught:
        ledger.verify()
    assert caught.value.sequence == sequence


def test_a_head_noted_elsewhere_unmasks_a_clean_forgery(path):
    ledger = Ledger(f"sqlite:///{path}")
    noted = ledger.append([an_event(number) for number in range(1, 10)])
    ledger.close()
    forged_path = path.with_name("forged.sqlite")
    forged = Ledger(f"sqlite:///{forged_path}")
    forged.append([an_event(number, actor="x" if number == 4 else "张伟") for number in range(1, 10)])
    forged.verify()
    with pytest.raises(LedgerBroken, match="noted") as caught:
        forged.verify(known=noted)
    assert caught.value.sequence == 9
    forged.close()
    shorter = Ledger(f"sqlite:///{path.with_name('shorter.sqlite')}")
    shorter.append([an_event(number) for number in range(1, 6)])
    with pytest.raises(LedgerBroken, match="cut off") as caught:
        shorter.verify(known=noted)
    assert caught.value.sequence == 6
    shorter.close()


def test_two_ledgers_on_one_database_take_turns(ledger, url):
    other = Ledger(url)
    events = [an_event(number) for number in range(1, 101)]

    def offer(to: Ledger) -> None:
        for number in range(100):
            to.append(events[max(0, number - 5) : number + 1])

    threads = [threading.Thread(target=offer, args=(one,)) for one in (ledger, other, ledger)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert ledger.verify().sequence == 100
    other.close()


def test_a_ledger_that_cannot_be_reached(tmp_path):
    for url in (f"sqlite:///{tmp_path}/no/such/folder/x.sqlite", "nonsense", "nodb://x"):
        with pytest.raises(StoreUnavailable):
            Ledger(url)
    (tmp_path / "text.sqlite").write_text("this is no database, " * 100)
    with pytest.raises(StoreUnavailable):
        Ledger(f"sqlite:///{tmp_path}/text.sqlite")


def test_commits_are_synchronised_to_disk(path):
    ledger = Ledger(f"sqlite:///{path}")
    with ledger._engine.connect() as connection:
        assert connection.execute(sa.text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
    ledger.close()

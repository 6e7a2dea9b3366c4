from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fleet.durable_store import DurableStore
from fleet.errors import NotFound
from fleet.evidence import trip_file
from fleet.ledger import Ledger, chain_hash
from fleet.memory_store import MemoryStore
from fleet.store import Commit, Write

AT = datetime(2026, 3, 2, tzinfo=UTC)


def write(kind: str, id: str, version: int = 0, **body: Any) -> Write:
    return Write(kind=kind, id=id, expected_version=version, body=body)


def test_a_trips_file_tells_its_story_and_no_other(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    store = DurableStore(MemoryStore(fenced=True), ledger)
    store.recover()

    def happen(type: str, *writes: Write) -> None:
        store.commit(Commit(type=type, actor="p", at=AT, writes=writes))

    happen("request.submitted", write("request", "q1", state="submitted"))
    happen("request.submitted", write("request", "q2", state="submitted"))
    happen("request.approved", write("request", "q1", 1, state="approved"))
    happen("vehicle.registered", write("vehicle", "q1", plate="川A1"))
    happen(
        "plan.committed",
        write("request", "q1", 2, state="assigned"),
        write("assignment", "a1", request_id="q1", state="offered"),
        write("request", "q2", 1, state="assigned"),
        write("assignment", "a2", request_id="q2", state="offered"),
    )
    happen("assignment.accepted", write("assignment", "a2", 1, request_id="q2", state="accepted"))
    happen("assignment.accepted", write("assignment", "a1", 1, request_id="q1", state="accepted"))
    file = trip_file(ledger, "q1")
    assert [entry.event.sequence for entry in file.entries] == [1, 3, 5, 7]
    assert file.assignment_ids == ("a1",)
    assert [(one.kind, one.id) for one in file.documents(file.entries[2])] == [("request", "q1"), ("assignment", "a1")]
    assert [one.body["state"] for one in file.latest()] == ["accepted", "assigned"]
    assert file.head == ledger.verify()
    assert all(len(entry.hash) == 64 for entry in file.entries)
    with pytest.raises(NotFound):
        trip_file(ledger, "q9")
    ledger.close()


def test_the_hash_of_an_entry_can_be_redone():
    assert chain_hash("0" * 64, 1, "{}") == "857ee6299d26533d1f5f46c02209ae8bc34dc4898a8a9545493946b4ea59d6f3"

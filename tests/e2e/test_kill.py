"""kill -9 of Redis and of the server at fifty random points, while clients write and repeat what was not acknowledged.

Afterwards every acknowledged write is there, applied once, with the answer that was given, and the ledger's chain holds.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from pathlib import Path

import httpx
import pytest

from fleet.ledger import Ledger
from tests.e2e.processes import ServerProcess

KILLS = ["redis"] * 39 + ["server"] * 11
WRITERS = 3
UNIT = {"name": "单位", "region": "510900", "level": "prefecture"}


class Writer(threading.Thread):
    """Registers one unit after the other and repeats each with its key until it is acknowledged."""

    def __init__(self, number: int, server: ServerProcess, token: str, told: threading.Semaphore) -> None:
        super().__init__(daemon=True)
        self._number = number
        self._server = server
        self._headers = {"Authorization": f"Bearer {token}"}
        self._told = told
        self.stopping = threading.Event()
        self.acknowledged: dict[str, bytes] = {}
        self.repeats = 0
        self.surprises: list[str] = []

    def run(self) -> None:
        count = 0
        with httpx.Client(base_url=self._server.url, timeout=10) as client:
            while not self.stopping.is_set():
                count += 1
                id = f"U-{self._number}-{count:05d}"
                answer = self._insist(client, id)
                if answer is not None:
                    self.acknowledged[id] = answer
                    self._told.release()

    def _insist(self, client: httpx.Client, id: str) -> bytes | None:
        while True:
            try:
                answer = client.post(
                    "/v1/units", json={"id": id, **UNIT}, headers={**self._headers, "Idempotency-Key": id}
                )
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code == 201:
                return answer.content
            if answer is not None and answer.status_code != 503:
                self.surprises.append(f"{id}: {answer.status_code} {answer.text}")
                return None
            self.repeats += 1
            if self.stopping.wait(0.02) and self.repeats > 5_000:
                return None


@pytest.mark.slow
def test_no_acknowledged_write_is_lost_or_doubled(tmp_path: Path) -> None:
    rng = random.Random(20260302)
    kills = rng.sample(KILLS, len(KILLS))
    server = ServerProcess(tmp_path / "var")
    server.start()
    try:
        server.until("/readyz")
        admin = server.sign_in_admin()
        told = threading.Semaphore(0)
        writers = [Writer(number, server, admin.token, told) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        for kill in kills:
            # A random number of writes, then a random moment within the next one.
            for _ in range(rng.randint(1, 12)):
                assert told.acquire(timeout=60), server.said()
            threading.Event().wait(rng.uniform(0.0, 0.03))
            if kill == "server":
                server.kill()
                server.start()
            else:
                while not server.kill_redis():
                    threading.Event().wait(0.01)
        for _ in range(10):
            assert told.acquire(timeout=60), server.said()
        for writer in writers:
            writer.stopping.set()
        for writer in writers:
            writer.join(timeout=60)
        acknowledged = {id: answer for writer in writers for id, answer in writer.acknowledged.items()}
        assert [surprise for writer in writers for surprise in writer.surprises] == []
        assert len(acknowledged) > len(kills)
        assert sum(writer.repeats for writer in writers) > 0
        server.until("/readyz")
        for id in sorted(acknowledged):
            found = admin.get(f"/v1/units/{id}")
            assert found["version"] == 1
        sample = rng.sample(sorted(acknowledged), 20)
        for id in sample:
            again = httpx.post(
                server.url + "/v1/units",
                json={"id": id, **UNIT},
                headers={"Authorization": f"Bearer {admin.token}", "Idempotency-Key": id},
            )
            assert again.content == acknowledged[id]
        assert server.stop() == 0, server.said()
    finally:
        server.close()
    ledger = Ledger(server.ledger_url)
    ledger.verify()
    applied = Counter(
        document.id
        for event in ledger.replay()
        if event.type == "unit.registered"
        for document in event.documents
        if document.kind == "unit"
    )
    ledger.close()
    assert {id: applied[id] for id in acknowledged} == dict.fromkeys(acknowledged, 1)
    assert set(applied.values()) == {1}

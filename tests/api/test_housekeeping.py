"""What is over is removed, and nothing else."""

from __future__ import annotations

from datetime import timedelta

from api.housekeeping import tidy
from tests.api.conftest import trip


def test_ended_sessions_and_old_answers_go(world):
    made = world.post("/v1/requests", "asker", trip(), Idempotency_Key="k-1").json()
    assert tidy(world.store, now=world.clock.now) == 0
    assert tidy(world.store, now=world.clock.now + timedelta(hours=13)) == 1
    assert world.store.list("session").documents == ()
    assert len(world.store.list("answer").documents) == 1
    assert tidy(world.store, now=world.clock.now + timedelta(days=31)) == 1
    assert world.store.list("answer").documents == ()
    assert world.store.find("request", made["id"]) is not None

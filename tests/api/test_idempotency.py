"""One effect and one answer per Idempotency-Key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.conftest import PASSWORD, trip


@pytest.fixture(params=["memory", "redis and ledger"])
def store_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def submitted(world) -> int:
    return sum(event.type == "request.submitted" for event in world.store.events(limit=10_000))


def test_a_repeated_post_has_one_effect_and_the_same_answer(world):
    first = world.post("/v1/requests", "asker", trip(), Idempotency_Key="k-1")
    again = world.post("/v1/requests", "asker", trip(), Idempotency_Key="k-1")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first.headers["etag"] == again.headers["etag"]
    assert first.headers["location"] == again.headers["location"]
    assert submitted(world) == 1


def test_the_answer_stays_the_first_one_even_when_the_document_moved_on(world):
    first = world.post("/v1/requests", "asker", trip(), Idempotency_Key="k-1")
    id = first.json()["id"]
    assert world.post(f"/v1/requests/{id}:approve", "boss").status_code == 200
    again = world.post("/v1/requests", "asker", trip(), Idempotency_Key="k-1")
    assert again.content == first.content


def test_a_repetition_is_answered_even_when_it_would_be_refused_by_now(world):
    first = world.post("/v1/requests", "asker", trip(), Idempotency_Key="k-1")
    world.clock.pass_by(hours=6)
    assert world.post("/v1/requests", "asker", trip()).status_code == 422
    assert world.post("/v1/requests", "asker", trip(), Idempotency_Key="k-1").content == first.content


def test_the_same_key_for_something_else_is_refused(world):
    assert world.post("/v1/requests", "asker", trip(), Idempotency_Key="k-1").status_code == 201
    head = world.store.head()
    other = world.post("/v1/requests", "asker", trip(passengers=3), Idempotency_Key="k-1")
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")
    assert world.store.head() == head


def test_a_key_belongs_to_one_person(world):
    first = world.post("/v1/requests", "asker", trip(), Idempotency_Key="k-1")
    other = world.post("/v1/requests", "neighbour", trip(), Idempotency_Key="k-1")
    assert other.status_code == 201
    assert other.json()["id"] != first.json()["id"]


def test_concurrent_repetitions_have_one_effect(world):
    world.as_("asker")
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: world.post("/v1/requests", "asker", trip(), Idempotency_Key="race"), range(16))
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert submitted(world) == 1


def test_a_repeated_action_does_not_fail_on_the_state_that_it_made(world):
    id = world.post("/v1/requests", "asker", trip()).json()["id"]
    first = world.post(f"/v1/requests/{id}:approve", "boss", Idempotency_Key="a-1")
    again = world.post(f"/v1/requests/{id}:approve", "boss", Idempotency_Key="a-1")
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    fresh = world.post(f"/v1/requests/{id}:approve", "boss", Idempotency_Key="a-2")
    assert fresh.status_code == 409


def test_a_refused_request_does_not_use_up_its_key(world):
    bad = world.post("/v1/requests", "asker", trip(passengers=0), Idempotency_Key="k-1")
    assert bad.status_code == 422
    assert world.post("/v1/requests", "asker", trip(), Idempotency_Key="k-1").status_code == 201


def test_unusable_keys_are_named(world):
    for key in ("", "x" * 201, "two words"):
        answer = world.post("/v1/requests", "asker", trip(), Idempotency_Key=key)
        assert answer.status_code == 400
        assert answer.json()["type"].endswith("idempotency-key-unusable")


def test_a_repeated_sign_in_yields_the_same_token_and_the_store_never_holds_it(world):
    body = {"login": "asker", "password": PASSWORD}
    first = world.client.post("/v1/sessions", json=body, headers={"Idempotency-Key": "s-1"})
    again = world.client.post("/v1/sessions", json=body, headers={"Idempotency-Key": "s-1"})
    assert first.json()["token"] == again.json()["token"]
    other = world.client.post("/v1/sessions", json=body, headers={"Idempotency-Key": "s-2"})
    assert other.json()["token"] != first.json()["token"]
    assert sum(event.type == "session.opened" for event in world.store.events()) == 2
    assert first.json()["token"] not in str(world.store.events())

"""The event stream: live, resumable, and only what is the listener's to know."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import httpx
import pytest

from tests.api.conftest import trip


class Listener:
    """Reads a stream in the background."""

    def __init__(self, world, login: str, **headers: str) -> None:
        self.events: list[dict[str, str]] = []
        self._changed = threading.Condition()
        self._client = httpx.Client(base_url=world.client.base_url, timeout=httpx.Timeout(20))
        self._response = self._client.send(
            self._client.build_request("GET", "/v1/events", headers=world.as_(login, **headers)), stream=True
        )
        assert self._response.status_code == 200
        assert self._response.headers["content-type"].startswith("text/event-stream")
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        event: dict[str, str] = {}
        try:
            for line in self._response.iter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    event[name] = value
                elif "data" in event:
                    with self._changed:
                        self.events.append(event)
                        self._changed.notify_all()
                    event = {}
        except httpx.HTTPError:
            return

    def wait_for(self, type: str) -> dict[str, str]:
        with self._changed:
            assert self._changed.wait_for(lambda: any(e["event"] == type for e in self.events), 10), self.events
            return next(e for e in self.events if e["event"] == type)

    def close(self) -> None:
        self._response.close()
        self._client.close()


@pytest.fixture
def listen(world) -> Iterator[object]:
    opened: list[Listener] = []

    def open_stream(login: str, **headers: str) -> Listener:
        opened.append(Listener(world, login, **headers))
        return opened[-1]

    yield open_stream
    world.services.feed.close()
    for listener in opened:
        listener.close()


def test_events_arrive_and_name_the_documents(world, listen):
    stream = listen("dispatcher")
    made = world.post("/v1/requests", "asker", trip()).json()
    event = stream.wait_for("request.submitted")
    told = json.loads(event["data"])
    assert told["documents"] == [
        {"kind": "request", "id": made["id"], "version": 1},
        {"kind": "promise", "id": made["id"], "version": 1},
    ]
    assert told["sequence"] == int(event["id"]) == world.store.head()


def test_a_stream_resumes_after_the_last_event(world, listen):
    ids = [world.post("/v1/requests", "asker", trip()).json()["id"] for _ in range(3)]
    submitted = [event for event in world.store.events(limit=1000) if event.type == "request.submitted"]
    stream = listen("dispatcher", **{"Last-Event-ID": str(submitted[0].sequence)})
    world.post(f"/v1/requests/{ids[0]}:approve", "boss")
    stream.wait_for("request.approved")
    seen = [json.loads(e["data"])["documents"][0]["id"] for e in stream.events if e["event"] == "request.submitted"]
    assert seen == ids[1:]


def test_nobody_hears_of_another_region_or_person(world, listen):
    mine, neighbour, far = listen("asker"), listen("neighbour"), listen("tn-dispatcher")
    first = world.post("/v1/requests", "asker", trip()).json()["id"]
    theirs = world.post("/v1/requests", "tn-asker", trip()).json()["id"]
    own = world.post("/v1/requests", "neighbour", trip()).json()["id"]
    for stream, id in ((mine, first), (far, theirs), (neighbour, own)):
        told = json.loads(stream.wait_for("request.submitted")["data"])
        assert {document["id"] for document in told["documents"]} == {id}
    for stream in (mine, neighbour, far):
        assert all(event["event"] == "request.submitted" for event in stream.events)
        assert len(stream.events) == 1


def test_a_stream_ends_with_the_session(world, monkeypatch):
    monkeypatch.setattr("api.events.PULSE_S", 0.05)
    with world.client.stream("GET", "/v1/events", headers=world.as_("dispatcher")) as answer:
        assert world.client.delete("/v1/sessions/current", headers=world.as_("dispatcher")).status_code == 204
        for _ in answer.iter_lines():
            pass  # the server closes the stream; without that this would wait until the test's time is up


def test_a_stream_takes_the_token_from_the_query_because_browsers_cannot_send_headers(world):
    world.as_("dispatcher")
    url = f"/v1/events?access_token={world.tokens['dispatcher']}"
    with world.client.stream("GET", url) as answer:
        assert answer.status_code == 200
        world.services.feed.close()
    assert world.client.get("/v1/events?access_token=wrong").status_code == 401


@pytest.mark.parametrize("given", ["99999999999999999999999", "abc", "-5", "1.5", "", "٣", "9" * 5000])
def test_a_position_that_the_stream_never_gave_is_refused(world, given):
    headers = world.as_("dispatcher", **{"Last-Event-ID": given.encode()})
    answer = world.client.get("/v1/events", headers=headers)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert f"0 至 {world.store.head()}" in answer.json()["detail"]


def test_a_position_beyond_the_head_is_refused_and_the_head_itself_is_not(world, listen):
    world.as_("dispatcher")
    head = world.store.head()
    beyond = world.client.get("/v1/events", headers=world.as_("dispatcher", **{"Last-Event-ID": str(head + 1)}))
    assert beyond.status_code == 400
    assert world.get("/v1/events", "dispatcher", after=head + 1).status_code == 400
    listen("dispatcher", **{"Last-Event-ID": str(head)})

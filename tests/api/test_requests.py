"""Submitting, seeing and deciding trip requests over HTTP."""

from __future__ import annotations

from tests.api.conftest import trip


def test_a_request_is_submitted_seen_and_approved(world):
    answer = world.post("/v1/requests", "asker", trip())
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["state"] == "submitted"
    assert made["version"] == 1
    assert answer.headers["etag"] == '"1"'
    assert made["answer"]["outcome"] in ("promise", "refusal", "advice")
    seen = world.get(f"/v1/requests/{made['id']}", "asker").json()
    assert seen["assignment"] is None
    approved = world.post(f"/v1/requests/{made['id']}:approve", "boss")
    assert approved.status_code == 200, approved.text
    assert approved.json()["state"] == "approved"
    assert approved.json()["approver_id"] == "P-boss"
    assert [event.type for event in world.store.events()][-2:] == ["session.opened", "request.approved"]


def test_health_and_openapi(world):
    assert world.client.get("/healthz").status_code == 200
    ready = world.client.get("/readyz")
    assert ready.status_code == 200, ready.text
    schema = world.client.get("/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    assert "chuanyu_http_answers" in world.client.get("/metrics").text

"""Submitting, seeing and deciding trip requests over HTTP."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("name", ["earliest_at", "latest_at"])
@pytest.mark.parametrize(
    "instant", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2028-03-02T09:00:00+08:00"]
)
def test_an_instant_of_another_age_is_refused(world, number, name, instant):
    body = trip()
    body["stops"][number][name] = instant
    answer = world.post("/v1/requests", "asker", body)
    assert answer.status_code == 422, answer.text
    assert f"stops[{number}].{name}" in [error["field"] for error in answer.json()["errors"]]
    assert world.get("/v1/requests", "asker").json()["items"] == []

"""Planning over HTTP: the job, the plan, its itineraries and the reasons of the unserved."""

from __future__ import annotations

from typing import Any

import pytest

from dispatch.solve import warm_up
from tests.api.conftest import trip


@pytest.fixture(autouse=True, scope="module")
def compiled() -> None:
    warm_up()


def approved(world, **changes: Any) -> str:
    id = str(world.post("/v1/requests", "asker", trip(**changes)).json()["id"])
    assert world.post(f"/v1/requests/{id}:approve", "boss").status_code == 200
    return id


def finished(world, job_id: str) -> dict[str, Any]:
    while True:
        head = world.store.head()
        job = world.get(f"/v1/jobs/{job_id}", "dispatcher").json()
        if job["state"] not in ("queued", "running"):
            return job
        assert world.store.wait(after=head, timeout_s=60)


def test_a_day_is_planned_and_seen(world):
    served, impossible = approved(world), approved(world, passengers=40)
    answer = world.post("/v1/plans", "dispatcher", {"day": "2026-03-02", "seconds": 1}, Idempotency_Key="p-1")
    assert answer.status_code == 202, answer.text
    again = world.post("/v1/plans", "dispatcher", {"day": "2026-03-02", "seconds": 1}, Idempotency_Key="p-1")
    assert again.content == answer.content
    job = finished(world, answer.json()["id"])
    assert job["state"] == "done", job
    assert job["progress_frac"] == 1.0
    assert (job["result"]["served_count"], job["result"]["unserved_count"]) == (1, 1)
    plan = world.get("/v1/plans/latest", "dispatcher", day="2026-03-02").json()
    assert plan["id"] == job["result"]["plan_id"]
    assert plan["region"] == "510900"
    [unserved] = plan["unserved"]
    assert unserved["request_id"] == impossible
    assert unserved["reasons"][0]["message"]
    assert unserved["reasons"] == world.get(f"/v1/requests/{impossible}", "asker").json()["unserved_reasons"]
    assert world.get(f"/v1/requests/{served}", "asker").json()["assignment"]["state"] == "offered"
    [itinerary] = world.get(f"/v1/plans/{plan['id']}/itineraries", "dispatcher").json()["items"]
    assert itinerary["vehicle_id"].startswith("V-SN")
    [same] = world.get("/v1/itineraries", "auditor", day="2026-03-02").json()["items"]
    assert same == itinerary
    lines = world.get(f"/v1/plans/{plan['id']}/routes.geojson", "planner").json()["features"]
    assert {line["properties"]["confidence"] for line in lines} <= {"sourced", "inferred", "unverified"}
    overview = world.get("/v1/overview", "dispatcher", day="2026-03-02").json()
    assert overview["requests_by_state"] == {"approved": 1, "assigned": 1}
    assert overview["plan"]["id"] == plan["id"]
    for login in ("tn-dispatcher", "asker", "driver"):
        assert world.get(f"/v1/plans/{plan['id']}", login).status_code in (403, 404), login


def test_a_running_plan_is_cancelled_and_writes_nothing(world):
    id = approved(world)
    answer = world.post("/v1/plans", "dispatcher", {"day": "2026-03-02", "seconds": 3000})
    job_id = answer.json()["id"]
    while True:
        head = world.store.head()
        if world.get(f"/v1/jobs/{job_id}", "dispatcher").json()["state"] != "queued":
            break
        assert world.store.wait(after=head, timeout_s=60)
    cancelled = world.client.delete(f"/v1/jobs/{job_id}", headers=world.as_("dispatcher"))
    assert cancelled.status_code == 200, cancelled.text
    assert finished(world, job_id)["state"] == "cancelled"
    assert world.get("/v1/plans", "dispatcher").json()["items"] == []
    assert world.get(f"/v1/requests/{id}", "asker").json()["state"] == "approved"
    again = world.client.delete(f"/v1/jobs/{job_id}", headers=world.as_("dispatcher"))
    assert again.status_code == 409
    assert world.get(f"/v1/jobs/{job_id}", "tn-dispatcher").status_code == 404

"""Scenarios over the interface: the library, a run as a job with progress, its page and workbook, and what is refused."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook

from scenarios.scenario import list_scenarios

TINY = {
    "title_zh": "甲",
    "title_en": "A",
    "demo": {"day": "2025-03-06", "vehicles": 5, "requests": 4, "sites": 1, "within": ["510900"]},
    "replay": {"every_s": 28_800, "first_iterations": 1, "iterations": 1, "quick": True},
    "fleet": [
        {"id": "one", "name_zh": "一", "name_en": "One"},
        {"id": "two", "name_zh": "二", "name_en": "Two", "replace_combustion_frac": 0.3},
    ],
}


def finished(world, job_id):
    while True:
        head = world.store.head()  # read first, so that no event between the two is waited for in vain
        job = world.get(f"/v1/jobs/{job_id}", "planner").json()
        if job["state"] not in ("queued", "running"):
            return job
        assert world.store.wait(after=head, timeout_s=120)


def test_the_library_is_listed(world):
    items = world.get("/v1/scenarios", "planner").json()["items"]
    assert [item["name"] for item in items] == list(list_scenarios())
    assert all(item["title_zh"] and item["title_en"] and len(item["fleets"]) >= 2 for item in items)
    assert world.get("/v1/scenarios", "asker").status_code == 403


def test_a_scenario_is_run_as_a_job_and_read_as_page_and_workbook(world):
    answer = world.post("/v1/scenarios", "planner", {"scenario": TINY})
    assert answer.status_code == 202, answer.text
    job = finished(world, answer.json()["id"])
    assert job["state"] == "done", job["message"]
    report = job["result"]["report"]
    assert [fleet["id"] for fleet in report["fleets"]] == ["one", "two"]
    assert {row["id"] for row in report["rows"]} >= {"cost_fen", "co2_kg", "refused_frac"}
    page = world.get(f"/v1/scenarios/{job['id']}/page", "planner")
    assert page.status_code == 200
    assert page.text.startswith("<!doctype html>")
    book = load_workbook(io.BytesIO(world.get(f"/v1/scenarios/{job['id']}/workbook", "planner").content))
    assert book.sheetnames[0] == "指标"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "nowhere"}, "scenario"),
        ({"name": "../../etc/passwd"}, "name"),
        ({}, "scenario"),
        ({"scenario": {**TINY, "period": {"history": "/etc/passwd"}}}, "period.history"),
        ({"scenario": {**TINY, "demo": {"day": "2025-03-06", "vehicels": 5}}}, "demo.vehicels"),
    ],
)
def test_what_cannot_be_run_is_refused_before_it_is_queued(world, body, field):
    answer = world.post("/v1/scenarios", "planner", body)
    assert answer.status_code == 422, answer.text
    assert field in [error["field"] for error in answer.json()["errors"]]


def test_only_planners_and_dispatchers_run_scenarios_and_unfinished_ones_have_no_page(world):
    assert world.post("/v1/scenarios", "asker", {"name": "demo-day"}).status_code == 403
    assert world.get("/v1/scenarios/J-none/page", "planner").status_code == 404

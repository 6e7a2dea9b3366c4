"""Days as callers write them: of the calendar, and for a plan within reach."""

from __future__ import annotations

import pytest

PATHS = ("/v1/requests", "/v1/assignments", "/v1/itineraries", "/v1/plans", "/v1/plans/latest", "/v1/overview")


@pytest.mark.parametrize("path", [*PATHS, "/v1/rules", "/v1/compliance"])
@pytest.mark.parametrize("day", ["2026-13-45", "2026-02-30", "0000-00-00", "1772409600", "2026-03-02T00:00:00"])
def test_a_day_that_is_not_in_the_calendar_is_refused(world, path, day):
    answer = world.get(path, "dispatcher", day=day)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == "day"


@pytest.mark.parametrize("path", [path for path in PATHS if not path.endswith("latest")])
def test_any_day_of_the_calendar_may_be_read(world, path):
    assert world.get(path, "dispatcher", day="1999-12-31").status_code == 200


@pytest.mark.parametrize("day", ["1900-01-01", "2026-02-28", "2027-04-07", "9999-12-31", "2026-13-45", "0000-00-00"])
def test_a_plan_is_for_a_day_within_reach(world, day):
    answer = world.post("/v1/plans", "dispatcher", {"day": day})
    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    assert error["field"] == "day"
    assert "2026-03" in error["remedy"]
    assert world.get("/v1/plans", "dispatcher").json()["items"] == []


@pytest.mark.parametrize("day", ["2026-03-01", "2027-04-06"])
def test_yesterday_and_a_year_ahead_can_be_planned(world, day):
    assert world.post("/v1/plans", "dispatcher", {"day": day, "seconds": 0.1}).status_code == 202

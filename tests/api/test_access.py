"""Nobody reads another region's or another person's data."""

from __future__ import annotations

import pytest

from api.geography import covers
from tests.api.conftest import trip


@pytest.mark.parametrize(
    ("scope", "region", "expected"),
    [
        ("", "510100", True),
        ("", "", True),
        ("510000", "510100", True),
        ("510000", "510104", True),
        ("510000", "500100", False),
        ("510100", "510104", True),
        ("510100", "510900", False),
        ("500000", "500152", True),
        ("500152", "500152", True),
        ("500152", "500151", False),
        ("500152", "500000", False),
        ("510900", "", False),
    ],
)
def test_a_region_covers_what_lies_below_it(scope, region, expected):
    assert covers(scope, region) is expected


@pytest.fixture
def request_id(world) -> str:
    return world.post("/v1/requests", "asker", trip()).json()["id"]


@pytest.mark.parametrize(
    ("login", "status"),
    [
        ("asker", 200),
        ("boss", 200),
        ("dispatcher", 200),
        ("planner", 200),
        ("auditor", 200),
        ("admin", 200),
        ("province", 200),
        ("neighbour", 404),
        ("driver", 404),
        ("tn-asker", 404),
        ("tn-boss", 404),
        ("tn-dispatcher", 404),
    ],
)
def test_who_reads_a_request(world, request_id, login, status):
    assert world.get(f"/v1/requests/{request_id}", login).status_code == status
    listed = [item["id"] for item in world.get("/v1/requests", login).json()["items"]]
    assert (request_id in listed) is (status == 200)


@pytest.mark.parametrize(
    ("login", "status"),
    [
        ("boss", 200),
        ("asker", 403),
        ("neighbour", 404),
        ("dispatcher", 403),
        ("auditor", 403),
        ("planner", 403),
        ("admin", 403),
        ("tn-boss", 404),
    ],
)
def test_who_approves(world, request_id, login, status):
    answer = world.post(f"/v1/requests/{request_id}:approve", login)
    assert answer.status_code == status, answer.text


def test_nobody_approves_the_own_request(world):
    id = world.post("/v1/requests", "boss", trip()).json()["id"]
    answer = world.post(f"/v1/requests/{id}:approve", "boss")
    assert answer.status_code == 409
    assert "本人提交" in answer.json()["detail"]


def test_an_approver_decides_for_the_units_below(world):
    answer = world.post("/v1/requests", "dispatcher", trip(unit_id="U-SN-2"))
    assert answer.status_code == 201
    assert world.post(f"/v1/requests/{answer.json()['id']}:approve", "boss").status_code == 200


def test_nobody_asks_for_another_unit(world):
    answer = world.post("/v1/requests", "asker", trip(unit_id="U-TN"))
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("login", "status"),
    [("asker", 200), ("dispatcher", 200), ("boss", 403), ("auditor", 403), ("neighbour", 404), ("tn-dispatcher", 404)],
)
def test_who_cancels(world, request_id, login, status):
    answer = world.post(f"/v1/requests/{request_id}:cancel", login, {"reason": "改期"})
    assert answer.status_code == status, answer.text


def test_facts_are_read_and_written_within_the_region(world):
    def plates(login: str) -> set[str]:
        answer = world.get("/v1/vehicles", login)
        return {item["plate"] for item in answer.json()["items"]} if answer.status_code == 200 else set()

    assert plates("dispatcher") == {"川JD00001", "川JD00002"}
    assert plates("tn-dispatcher") == {"渝AD00001"}
    assert plates("province") == plates("dispatcher")
    assert plates("admin") == plates("dispatcher") | plates("tn-dispatcher")
    assert world.get("/v1/vehicles", "asker").status_code == 403
    assert world.get("/v1/vehicles/V-TN-1", "dispatcher").status_code == 404
    assert world.post("/v1/vehicles/V-TN-1:takeOutOfService", "dispatcher").status_code == 404
    assert world.post("/v1/vehicles/V-SN-1:takeOutOfService", "auditor").status_code == 403
    assert world.post("/v1/vehicles/V-SN-1:takeOutOfService", "dispatcher").status_code == 200
    unit = {"id": "U-X", "name": "外区单位", "region": "500152", "level": "county"}
    assert world.post("/v1/units", "dispatcher", unit).status_code == 403
    assert world.post("/v1/units", "asker", {**unit, "region": "510900"}).status_code == 403
    moved = world.client.patch("/v1/units/U-SN-2", headers=world.as_("dispatcher"), json={"region": "500152"})
    assert moved.status_code == 403


@pytest.mark.parametrize(
    ("path", "logins"),
    [
        *(
            (path, ("auditor", "asker", "driver", "boss", "planner"))
            for path in (
                "/v1/agreements",
                "/v1/network/closures",
                "/v1/units",
                "/v1/sites",
                "/v1/vehicles",
                "/v1/drivers",
            )
        ),
        ("/v1/agreements/AG-1:suspend", ("auditor", "asker", "driver")),
        ("/v1/plans", ("auditor", "asker", "driver", "boss")),
        ("/v1/persons", ("dispatcher", "auditor", "asker")),
    ],
)
def test_the_role_is_judged_before_the_body(world, path, logins):
    for login in logins:
        answer = world.post(path, login, {"nonsense": 1})
        assert answer.status_code == 403, (login, answer.text)
    assert world.client.post(path, json={"nonsense": 1}).status_code == 401
    assert world.post(path, "admin", {"nonsense": 1}).status_code == 422


def test_a_driver_sees_only_the_own_driver_record(world):
    assert [item["id"] for item in world.get("/v1/drivers", "driver").json()["items"]] == ["D-SN-1"]
    assert world.get("/v1/drivers/D-SN-2", "driver").status_code == 404


def test_plans_are_started_by_dispatchers_and_planners_within_their_region(world):
    for login in ("asker", "boss", "driver", "auditor"):
        assert world.post("/v1/plans", login, {"day": "2026-03-02"}).status_code == 403, login
    outside = world.post("/v1/plans", "dispatcher", {"day": "2026-03-02", "region": "500152"})
    assert outside.status_code == 403
    impossible = world.post("/v1/plans", "dispatcher", {"day": "2026-02-30"})
    assert impossible.status_code == 422


def test_pages_have_a_cursor_that_reveals_nothing(world):
    for number in range(5):
        world.post("/v1/requests", "asker", trip(id=f"R-{number}"))
        world.post("/v1/requests", "tn-asker", trip(id=f"R-{number}-tn"))
    first = world.get("/v1/requests", "asker", limit=3).json()
    assert [item["id"] for item in first["items"]] == ["R-0", "R-1", "R-2"]
    rest = world.get("/v1/requests", "asker", limit=3, after=first["next_after"]).json()
    assert [item["id"] for item in rest["items"]] == ["R-3", "R-4"]
    assert rest["next_after"] is None

"""The driver's side: accept, drive, finish, and what every tap does to request and vehicle."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from api.odometer import check_reading
from api.problems import InvalidInput
from fleet import documents
from fleet.itineraries import Assignment
from fleet.requests import assign
from fleet.store import Commit, Write
from tests.api.conftest import NOW, at, facts, trip


@pytest.fixture
def order(world) -> str:
    """A request that was approved and given to the driver, as a plan would do it."""
    request_id = world.post("/v1/requests", "asker", trip()).json()["id"]
    assert world.post(f"/v1/requests/{request_id}:approve", "boss").status_code == 200
    document = world.store.get("request", request_id)
    request = assign(documents.decode("request", document.body))
    assignment = Assignment(
        id="A-1",
        request_id=request_id,
        itinerary_id="I-1",
        plan_id="PL-1",
        vehicle_id="V-SN-1",
        driver_id="D-SN-1",
        region="510900",
        pickup_at=NOW + timedelta(hours=2),
        dropoff_at=NOW + timedelta(hours=3),
        offered_at=NOW,
        why="tier:1",
    )
    world.store.commit(
        Commit(
            type="plan.made",
            actor="dispatch",
            at=NOW,
            region="510900",
            writes=[
                Write(kind="request", id=request_id, expected_version=2, body=documents.encode(request)),
                Write(kind="assignment", id="A-1", expected_version=0, body=documents.encode(assignment)),
            ],
        )
    )
    return request_id


def tap(world, action: str, body: object = None, login: str = "driver", **headers: str):
    return world.post(f"/v1/assignments/A-1:{action}", login, body, **headers)


def test_the_driver_sees_the_order_with_all_that_is_needed(world, order):
    [item] = world.get("/v1/assignments", "driver", mine="true", day="2026-03-02").json()["items"]
    assert item["plate"] == "川JD00001"
    assert item["request"]["purpose"] == "赴潼南对接工作"
    assert item["request"]["requester_name"] == "姓名 asker"
    assert item["state"] == "offered"
    assert world.get("/v1/assignments", "driver", mine="true", day="2026-03-03").json()["items"] == []
    assert world.get("/v1/assignments", "driver2", mine="true").json()["items"] == []
    assert world.get("/v1/assignments/A-1", "driver2").status_code == 404
    assert world.get(f"/v1/requests/{order}", "driver").status_code == 200
    assert world.get(f"/v1/requests/{order}", "asker").json()["assignment"]["id"] == "A-1"


def ids(world, path: str, login: str, **params: object) -> list[str]:
    answer = world.get(path, login, **params)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def test_lists_show_what_single_reads_show(world, order):
    others = [world.post("/v1/requests", "neighbour", trip()).json()["id"] for _ in range(2)]
    for login in (
        "asker",
        "neighbour",
        "boss",
        "dispatcher",
        "driver",
        "driver2",
        "auditor",
        "tn-asker",
        "tn-dispatcher",
    ):
        for kind, known in (("requests", [order, *others]), ("assignments", ["A-1"])):
            readable = sorted(id for id in known if world.get(f"/v1/{kind}/{id}", login).status_code == 200)
            assert sorted(ids(world, f"/v1/{kind}", login)) == readable, (login, kind)
    assert ids(world, "/v1/requests", "driver") == [order]
    assert ids(world, "/v1/assignments", "asker") == ["A-1"]
    assert ids(world, "/v1/assignments", "asker", state="accepted") == []
    assert ids(world, "/v1/assignments", "asker", mine="true") == []
    assert ids(world, "/v1/requests", "driver", day="2026-03-03") == []


def test_a_declined_order_no_longer_shows_its_request(world, order):
    assert tap(world, "decline", {"reason": "车辆故障"}).status_code == 200
    assert world.get(f"/v1/requests/{order}", "driver").status_code == 404
    assert ids(world, "/v1/requests", "driver") == []
    assert ids(world, "/v1/assignments", "driver") == ["A-1"]


def test_pages_of_both_kinds_of_requests_follow_one_another(world, order):
    person = world.store.get("person", "P-driver")
    body = {**person.body, "roles": ["driver", "requester"]}
    world.store.commit(
        Commit(
            type="person.amended",
            actor="test",
            at=NOW,
            writes=[Write(kind="person", id="P-driver", expected_version=person.version, body=body)],
        )
    )
    own = [world.post("/v1/requests", "driver", trip()).json()["id"] for _ in range(4)]
    seen, after = [], ""
    for _ in range(9):
        page = world.get("/v1/requests", "driver", limit=2, after=after).json()
        seen += [item["id"] for item in page["items"]]
        after = page["next_after"]
        if after is None:
            break
    assert seen == sorted([order, *own])


def test_the_whole_trip(world, order):
    assert tap(world, "accept").json()["state"] == "accepted"
    assert world.store.get("request", order).body["state"] == "assigned"
    assert tap(world, "start", {}).json()["state"] == "started"
    assert world.store.get("request", order).body["state"] == "under_way"
    assert tap(world, "pickUp", {"passengers": 2}).json()["state"] == "on_board"
    assert tap(world, "dropOff").json()["state"] == "dropped_off"
    done = tap(world, "finish", {"odometer_m": 10_052_000, "charge_frac": 0.5})
    assert done.json()["state"] == "finished"
    assert [report["action"] for report in done.json()["reports"]] == [
        "accept",
        "start",
        "pick_up",
        "drop_off",
        "finish",
    ]
    assert done.json()["reports"][2]["passengers"] == 2
    assert world.store.get("request", order).body["state"] == "finished"
    vehicle = world.store.get("vehicle", "V-SN-1").body
    assert vehicle["odometer_m"] == 10_052_000
    assert vehicle["battery"]["charge_wh"] == 30_000
    types = [event.type for event in world.store.events(after=world.store.head() - 5)]
    assert types == [
        "assignment.accepted",
        "assignment.started",
        "assignment.picked_up",
        "assignment.dropped_off",
        "assignment.finished",
    ]


def test_what_the_state_does_not_allow_is_a_conflict(world, order):
    head = world.store.head()
    early = tap(world, "arrive")
    assert early.status_code == 409
    assert "到达" in early.json()["detail"]
    assert "待接单" in early.json()["detail"]
    assert "arriving is not possible" in tap(world, "arrive", Accept_Language="en").json()["detail"]
    assert world.store.head() <= head + 1  # the sign-in only


def test_declining_gives_the_request_back(world, order):
    assert tap(world, "decline", {"reason": ""}).status_code == 422
    assert tap(world, "decline", {"reason": "车辆故障"}).json()["state"] == "declined"
    assert world.store.get("request", order).body["state"] == "approved"
    assert world.get(f"/v1/requests/{order}", "asker").json()["assignment"] is None


def test_only_the_driver_drives(world, order):
    assert tap(world, "accept", login="driver2").status_code == 404
    assert tap(world, "accept", login="dispatcher").status_code == 403
    assert tap(world, "accept", login="asker").status_code == 403
    assert tap(world, "accept", login="tn-dispatcher").status_code == 404


def test_a_late_tap_keeps_its_time_and_an_impossible_one_is_refused(world, order):
    world.clock.pass_by(hours=3)
    late = tap(world, "accept", {"at": at(7, 30)}).json()
    assert late["reports"][0]["at"] == at(7, 30)
    assert late["reports"][0]["received_at"].startswith("2026-03-02T10:00")
    assert tap(world, "start", {"at": at(7, 20)}).status_code == 422
    future = tap(world, "start", {"at": at(11)})
    assert future.status_code == 422
    assert future.json()["errors"][0]["message"] == "时间在未来"


def test_the_odometer_never_runs_backwards(world, order):
    for action in ("accept", "start", "pickUp", "dropOff"):
        assert tap(world, action).status_code == 200
    head = world.store.head()
    answer = tap(world, "finish", {"odometer_m": 9_000_000})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "odometer_m"
    assert world.store.head() == head


def test_a_slipped_digit_does_not_become_the_reading(world, order):
    for action in ("accept", "start", "pickUp", "dropOff"):
        assert tap(world, action).status_code == 200
    head = world.store.head()
    answer = tap(world, "finish", {"odometer_m": 3_000_000_000})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == "odometer_m"
    assert "3,000,000 公里" in error["message"]
    assert "110,000 公里" in error["remedy"]
    assert "调度员" in error["remedy"]
    assert world.store.head() == head
    assert tap(world, "finish", {"odometer_m": 10_100_000}).status_code == 200


def test_a_dispatcher_corrects_a_wrong_reading_downwards(world, order):
    answer = world.client.patch("/v1/vehicles/V-SN-1", headers=world.as_("dispatcher"), json={"odometer_m": 9_000_000})
    assert answer.status_code == 200, answer.text
    for action in ("accept", "start", "pickUp", "dropOff"):
        assert tap(world, action).status_code == 200
    assert tap(world, "finish", {"odometer_m": 9_060_000}).status_code == 200
    assert world.store.get("vehicle", "V-SN-1").body["odometer_m"] == 9_060_000


@pytest.mark.parametrize(
    ("last_m", "days", "reading_m", "fits"),
    [
        (10_000_000, 0.5, 11_500_000, True),
        (10_000_000, 0.5, 11_500_001, False),
        (10_000_000, 2.0, 14_500_000, True),
        (10_000_000, 2.0, 14_500_001, False),
        (10_000_000, -1.0, 11_500_000, True),
        (10_000_000, None, 110_000_000, True),
        (10_000_000, None, 110_000_001, False),
        (0, None, 999_999_000, True),
        (0, None, 1_000_000_001, False),
    ],
)
def test_what_can_have_been_driven(last_m, days, reading_m, fits):
    vehicle = replace(next(noun for noun in facts() if noun.id == "V-SN-1"), odometer_m=last_m)
    last_at = None if days is None else NOW - timedelta(days=days)
    if fits:
        check_reading(vehicle, reading_m, at=NOW, last_at=last_at)
    else:
        with pytest.raises(InvalidInput):
            check_reading(vehicle, reading_m, at=NOW, last_at=last_at)


@pytest.mark.parametrize(
    "when", ["1990-01-01T08:00:00+08:00", "0001-01-01T00:00:00+08:00", "2026-03-02T06:54:00+08:00"]
)
def test_no_tap_is_before_the_order(world, order, when):
    answer = tap(world, "accept", {"at": when})
    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    assert error["field"] == "at"
    assert "早于派单时间" in error["message"]
    assert "2026-03-02T07:00" in error["remedy"]
    assert world.store.get("assignment", "A-1").body["state"] == "offered"


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_no_tap_is_at_an_end_of_the_calendar(world, order, when):
    assert tap(world, "accept", {"at": when}).status_code == 422


def test_a_phone_may_be_slow_and_a_driver_early(world, order):
    assert tap(world, "accept", {"at": "2026-03-02T06:56:00+08:00"}).status_code == 200
    assert tap(world, "start").status_code == 200  # two hours before the pick-up


def test_a_repeated_tap_has_one_effect(world, order):
    first = tap(world, "accept", Idempotency_Key="t-1")
    again = tap(world, "accept", Idempotency_Key="t-1")
    assert first.content == again.content
    assert len(world.store.get("assignment", "A-1").body["reports"]) == 1


def test_cancelling_takes_the_order_from_the_driver(world, order):
    answer = world.post(f"/v1/requests/{order}:cancel", "asker", {"reason": "会议取消"})
    assert answer.status_code == 200, answer.text
    assert world.store.get("assignment", "A-1").body["state"] == "withdrawn"
    assert tap(world, "accept").status_code == 409


def test_a_trip_under_way_is_not_cancelled(world, order):
    for action in ("accept", "start"):
        assert tap(world, action).status_code == 200
    answer = world.post(f"/v1/requests/{order}:cancel", "asker", {"reason": "会议取消"})
    assert answer.status_code == 409


def test_the_other_side_of_a_cross_border_trip_sees_it(world, order):
    document = world.store.get("assignment", "A-1")
    body = {**document.body, "region": "500152", "vehicle_id": "V-TN-1", "driver_id": "D-TN-1"}
    world.store.commit(
        Commit(
            type="plan.made",
            actor="dispatch",
            at=NOW,
            region="500152",
            writes=[Write(kind="assignment", id="A-1", expected_version=1, body=body)],
        )
    )
    assert world.get(f"/v1/requests/{order}", "tn-dispatcher").status_code == 200
    assert world.get("/v1/assignments/A-1", "tn-dispatcher").status_code == 200
    assert world.get("/v1/assignments/A-1", "dispatcher").status_code == 200
    assert world.get(f"/v1/requests/{order}", "tn-asker").status_code == 404
    for login in ("dispatcher", "tn-dispatcher", "asker", "boss"):
        assert ids(world, "/v1/requests", login) == [order], login
        assert ids(world, "/v1/assignments", login) == ["A-1"], login
    assert ids(world, "/v1/requests", "tn-asker") == ids(world, "/v1/assignments", "tn-asker") == []

"""A dispatcher's choice for one request, what it does to others, and plans beside each other; over real HTTP."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from dispatch.legs import LegBook
from dispatch.service import run_once
from dispatch.solve import StopRule
from tests.api.conftest import NOW, at, trip


def plan(world, roads, seed=1):
    return run_once(
        world.store,
        LegBook(roads),
        day=date(2026, 3, 2),
        now=world.services.clock(),
        seed=seed,
        stop=StopRule(iterations=200),
    )


def approved(world, login="asker", **changes):
    made = world.post("/v1/requests", login, trip(**changes))
    assert made.status_code == 201, made.text
    id = made.json()["id"]
    boss = "boss" if login != "tn-asker" else "tn-boss"
    assert world.post(f"/v1/requests/{id}:approve", boss).status_code == 200
    return id


@pytest.fixture
def placed(world, roads):
    id = approved(world)
    plan(world, roads)
    return id


def order_of(world, id):
    return world.get(f"/v1/requests/{id}", "dispatcher").json()["assignment"]


def test_the_answer_to_a_new_request_is_kept_as_a_promise(world):
    made = world.post("/v1/requests", "asker", trip()).json()
    promise = world.get(f"/v1/requests/{made['id']}/promise", "asker").json()
    assert promise["pickup_from_at"] == made["answer"]["pickup_from_at"]
    assert (promise["vehicle_id"], promise["state"], promise["notices"]) == (None, "open", [])
    assert world.get(f"/v1/requests/{made['id']}/promise", "neighbour").status_code == 404
    world.post(f"/v1/requests/{made['id']}:cancel", "asker", {"reason": "改期"})
    assert world.get(f"/v1/requests/{made['id']}/promise", "asker").json()["state"] == "cancelled"


def test_options_rank_the_vehicles_that_fit_and_name_whom_they_would_disturb(world, placed):
    other = approved(world)
    answer = world.get(f"/v1/requests/{other}/options", "dispatcher")
    items = answer.json()["items"]
    assert [item["rank"] for item in items] == list(range(1, len(items) + 1))
    free = [item for item in items if not item["disturbs"]]
    assert free == items[: len(free)]
    assert [item["cost_fen"] for item in free] == sorted(item["cost_fen"] for item in free)
    busy = order_of(world, placed)["vehicle_id"]
    (disturbing,) = [item for item in items if item["vehicle_id"] == busy]
    (whose,) = disturbing["disturbs"]
    assert (whose["request_id"], whose["requester_name"]) == (placed, "姓名 asker")
    (own,) = [i for i in world.get(f"/v1/requests/{placed}/options", "dispatcher").json()["items"] if i["present"]]
    assert own["vehicle_id"] == busy
    assert world.get(f"/v1/requests/{other}/options", "asker").status_code == 403
    assert world.get(f"/v1/requests/{other}/options", "tn-dispatcher").status_code == 404


def test_choosing_moving_pinning_and_undoing(world, roads, placed):
    first = order_of(world, placed)
    other = {"V-SN-1": "V-SN-2", "V-SN-2": "V-SN-1"}[first["vehicle_id"]]
    chosen = world.post(
        f"/v1/requests/{placed}:assign", "dispatcher", {"vehicle_id": other}, Idempotency_Key="choice-1"
    )
    assert chosen.status_code == 200, chosen.text
    body = chosen.json()
    assert (body["assignment"]["vehicle_id"], body["assignment"]["pinned_by"]) == (other, "P-dispatcher")
    (notice,) = body["notices"]
    assert (notice["kind"], notice["reason"]) == ("vehicle_changed", "chosen")
    again = world.post(f"/v1/requests/{placed}:assign", "dispatcher", {"vehicle_id": other}, Idempotency_Key="choice-1")
    assert again.content == chosen.content
    # The requester reads why, in words; a stranger does not.
    told = world.get("/v1/notices", "asker").json()["items"]
    assert [each["id"] for each in told] == [notice["id"]]
    assert "调度员调整" in told[0]["message"]
    assert world.get("/v1/notices", "neighbour").json()["items"] == []
    assert world.get(f"/v1/notices/{notice['id']}", "neighbour").status_code == 404
    world.clock.pass_by(minutes=5)
    plan(world, roads, seed=2)
    assert order_of(world, placed)["vehicle_id"] == other, "pinned: no plan moves it"
    assert world.post(f"/v1/requests/{placed}:unpin", "dispatcher").json()["assignment"]["pinned_by"] is None
    assert world.post(f"/v1/requests/{placed}:pin", "dispatcher").json()["assignment"]["pinned_by"] == "P-dispatcher"
    undone = world.post(f"/v1/requests/{placed}:undo", "dispatcher")
    assert undone.status_code == 200, undone.text
    assert undone.json()["assignment"]["vehicle_id"] == first["vehicle_id"]
    assert undone.json()["assignment"]["pinned_by"] is None
    itineraries = world.get("/v1/itineraries", "dispatcher", day="2026-03-02").json()["items"]
    holding = [i["vehicle_id"] for i in itineraries if any(s["request_id"] == placed for s in i["stops"])]
    assert holding == [first["vehicle_id"]]


def test_a_choice_that_takes_the_vehicle_from_others_needs_to_be_meant(world, placed):
    busy = order_of(world, placed)["vehicle_id"]
    other = approved(world, shareable=False, passengers=4)
    path, body = f"/v1/requests/{other}:assign", {"vehicle_id": busy}
    refused = world.post(path, "dispatcher", body)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("would-disturb")
    assert placed in refused.json()["detail"]
    assert order_of(world, other) is None
    done = world.post(path, "dispatcher", {**body, "displace": True})
    assert done.status_code == 200, done.text
    withdrawn = [n for n in done.json()["notices"] if n["request_id"] == placed]
    assert [(n["kind"], n["reason"]) for n in withdrawn] == [("withdrawn", "chosen")]
    assert world.get(f"/v1/requests/{placed}", "asker").json()["state"] == "approved"


def test_a_vehicle_that_cannot_serve_it_is_refused_with_the_reasons(world, placed):
    refused = world.post(f"/v1/requests/{placed}:assign", "dispatcher", {"vehicle_id": "V-TN-1"})
    assert refused.status_code in (200, 409)
    big = approved(world, passengers=12)
    refused = world.post(f"/v1/requests/{big}:assign", "dispatcher", {"vehicle_id": "V-SN-1"})
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("cannot-serve")
    missing = world.post(f"/v1/requests/{big}:assign", "dispatcher", {"vehicle_id": "V-9"})
    assert missing.status_code == 422
    assert world.post(f"/v1/requests/{big}:assign", "asker", {"vehicle_id": "V-SN-1"}).status_code == 403
    assert world.post(f"/v1/requests/{big}:undo", "dispatcher").status_code == 409
    assert world.post(f"/v1/requests/{big}:pin", "dispatcher").status_code == 409


def test_two_plans_beside_each_other_name_who_changes_and_who_is_told(world, roads, placed):
    (first,) = world.get("/v1/plans", "dispatcher", day="2026-03-02").json()["items"]
    former = order_of(world, placed)["vehicle_id"]
    assert world.post(f"/v1/vehicles/{former}:takeOutOfService", "dispatcher").status_code == 200
    world.clock.pass_by(minutes=1)
    plan(world, roads, seed=2)
    second = world.get("/v1/plans", "dispatcher", day="2026-03-02").json()["items"][-1]
    diff = world.get(f"/v1/plans/{first['id']}/diff/{second['id']}", "dispatcher").json()
    (item,) = diff["items"]
    assert (item["request_id"], item["change"], item["before_vehicle_id"]) == (placed, "other_vehicle", former)
    assert diff["told"]["requester_ids"] == ["P-asker"]
    assert len(item["notice_ids"]) == 1
    (back,) = world.get(f"/v1/plans/{second['id']}/diff/{first['id']}", "dispatcher").json()["items"]
    assert back["after_vehicle_id"] == former
    assert world.get(f"/v1/plans/{first['id']}/diff/{first['id']}", "dispatcher").json()["items"] == []
    assert world.get(f"/v1/plans/{first['id']}/diff/{second['id']}", "asker").status_code == 403


def test_a_cancelled_trip_leaves_the_vehicles_day_at_once(world, placed):
    world.post(f"/v1/requests/{placed}:cancel", "asker", {"reason": "会议取消"})
    itineraries = world.get("/v1/itineraries", "dispatcher", day="2026-03-02").json()["items"]
    assert all(stop["request_id"] != placed for i in itineraries for stop in i["stops"])
    assert NOW + timedelta(hours=2) == NOW.fromisoformat(at(9))

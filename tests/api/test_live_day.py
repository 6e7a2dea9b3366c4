"""A day that goes wrong, over real HTTP: late taps, breakdowns, silence; the rounds that follow, and who leads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.rounds import Rounds
from fleet.documents import decode
from fleet.errors import LeaseLost
from fleet.store import Lease
from tests.api.conftest import NOW, World, at, trip


@pytest.fixture
def ticks() -> list[float]:
    return [0.0]


@pytest.fixture
def rounds(world: World, ticks: list[float]) -> Rounds:
    made = Rounds(world.services, areas=("",), token="one", seconds=1.0, iterations=200, tick=lambda: ticks[0])
    world.services.rounds = made
    return made


def approved(world, **changes):
    id = world.post("/v1/requests", "asker", trip(**changes)).json()["id"]
    assert world.post(f"/v1/requests/{id}:approve", "boss").status_code == 200
    return id


def order_of(world, id):
    return world.get(f"/v1/requests/{id}", "dispatcher").json()["assignment"]


def login_of(world, order):
    return {"D-SN-1": "driver", "D-SN-2": "driver2"}[order["driver_id"]]


def tap(world, order, action, when, **body):
    return world.post(f"/v1/assignments/{order['id']}:{action}", login_of(world, order), {"at": when, **body})


def notices(world, id):
    return world.get("/v1/notices", "asker", request_id=id).json()["items"]


def test_an_approved_request_gets_its_vehicle_by_itself(world, rounds):
    rounds.turn()
    id = approved(world)
    rounds.turn()
    assert world.get(f"/v1/requests/{id}", "asker").json()["state"] == "assigned"
    (area,) = world.get("/v1/dispatch", "dispatcher").json()["items"]
    assert (area["leads"], area["leader"], area["waiting_for"], area["changed_count"]) == (True, "one", None, 1)
    head = world.store.head()
    rounds.turn()
    assert world.store.head() == head, "nothing new, nothing written"
    assert world.client.get("/readyz").json()["dispatch"][0]["leads"] is True


def test_two_workers_never_lead_one_area(world, rounds):
    rounds.turn()
    other = Rounds(world.services, areas=("",), token="two", seconds=1.0, iterations=200, tick=lambda: 0.0)
    other.turn()
    assert [(s.leads, s.leader) for s in other.areas.values()] == [(False, "one")]
    id = approved(world)
    other.turn()
    assert order_of(world, id) is None
    rounds.stop()
    other.turn()
    assert order_of(world, id) is not None
    rounds.turn()
    assert [s.leads for s in rounds.areas.values()] == [False]


def test_a_worker_that_lost_its_area_meanwhile_writes_nothing(world, rounds, monkeypatch):
    rounds.turn()
    id = approved(world)
    real = rounds._services.store.commit

    def overtaken(commit):
        if commit.lease is not None:
            rounds._services.store.release(Lease(name="", token="one"))
            rounds._services.store.hold(Lease(name="", token="two"), lasts_s=60)
        return real(commit)

    monkeypatch.setattr(rounds._services.store, "commit", overtaken)
    rounds.turn()
    assert order_of(world, id) is None
    (status,) = rounds.areas.values()
    assert (status.leads, status.due) == (False, {"2026-03-02": status.due["2026-03-02"]})
    with pytest.raises(LeaseLost):
        raise LeaseLost(name="")


def test_nobody_answers_for_a_quarter_of_an_hour(world, rounds, ticks):
    id = approved(world, stops=trip()["stops"])
    rounds.turn()
    first = order_of(world, id)
    world.clock.pass_by(minutes=14)
    ticks[0] += 100
    rounds.turn()
    assert order_of(world, id)["id"] == first["id"]
    world.clock.pass_by(minutes=2)
    ticks[0] += 100
    rounds.turn()
    second = order_of(world, id)
    assert second["driver_id"] != first["driver_id"]
    assert world.get(f"/v1/assignments/{first['id']}", "dispatcher").json()["state"] == "unanswered"
    (told,) = notices(world, id)
    assert (told["kind"], told["reason"]) == ("vehicle_changed", "unanswered")


def test_taps_may_come_late_and_out_of_order_and_count_once(world, rounds):
    id = approved(world)
    rounds.turn()
    order = order_of(world, id)
    world.clock.pass_by(hours=4)
    assert tap(world, order, "dropOff", at(10, 15)).status_code == 200
    assert world.get(f"/v1/requests/{id}", "asker").json()["state"] == "under_way"
    assert tap(world, order, "start", at(8, 50)).status_code == 200
    assert tap(world, order, "pickUp", at(9, 5), passengers=2).status_code == 200
    assert tap(world, order, "pickUp", at(9, 6)).status_code == 409, "told already"
    wrong = tap(world, order, "accept", at(9, 30))
    assert wrong.status_code == 422
    assert "下一步" in wrong.json()["errors"][0]["message"]
    assert tap(world, order, "accept", at(7, 5)).status_code == 200
    done = tap(world, order, "finish", at(10, 20), odometer_m=10_060_000, charge_frac=0.6).json()
    assert [(r["action"], r["at"], r["implied"]) for r in done["reports"]] == [
        ("accept", at(7, 5), False),
        ("start", at(8, 50), False),
        ("pick_up", at(9, 5), False),
        ("drop_off", at(10, 15), False),
        ("finish", at(10, 20), False),
    ]
    assert world.get(f"/v1/requests/{id}/promise", "asker").json()["state"] in ("met", "missed")


def test_a_vehicle_that_breaks_down_on_its_way_is_replaced(world, rounds):
    id = approved(world)
    rounds.turn()
    order = order_of(world, id)
    world.clock.pass_by(hours=1, minutes=50)
    tap(world, order, "start", at(8, 45))
    fault = {"kind": "fault", "reason": "发动机故障", "at": at(8, 49)}
    told = world.post(f"/v1/vehicles/{order['vehicle_id']}:report", login_of(world, order), fault)
    assert told.status_code == 201, told.text
    assert world.post(f"/v1/vehicles/{order['vehicle_id']}:report", "asker", fault).status_code == 403
    assert world.get(f"/v1/requests/{id}", "asker").json()["state"] == "approved"
    rounds.turn()
    after = order_of(world, id)
    assert after["vehicle_id"] != order["vehicle_id"]
    assert notices(world, id)[-1]["reason"] == "vehicle_out"
    again = world.post(f"/v1/vehicles/{order['vehicle_id']}:report", "dispatcher", fault)
    assert again.status_code == 201, "told twice, broken once"


def test_passengers_of_a_broken_vehicle_are_fetched_where_they_stand(world, rounds):
    id = approved(world)
    rounds.turn()
    order = order_of(world, id)
    world.clock.pass_by(hours=2, minutes=30)
    tap(world, order, "pickUp", at(9, 5))
    body = {"kind": "accident", "reason": "遂潼路口", "lon_wgs84": 105.70, "lat_wgs84": 30.36, "at": at(9, 29)}
    assert world.post(f"/v1/vehicles/{order['vehicle_id']}:report", "dispatcher", body).status_code == 201
    onward = [
        each
        for each in world.get("/v1/requests", "dispatcher", day="2026-03-02").json()["items"]
        if each["reason"] == f"continues {id}"
    ]
    assert len(onward) == 1
    assert onward[0]["stops"][0]["lon_wgs84"] == 105.70
    rounds.turn()
    assert order_of(world, onward[0]["id"]) is not None
    assert world.get("/v1/reports", "dispatcher", about=order["vehicle_id"]).json()["items"][0]["kind"] == "accident"


def test_nobody_comes_to_the_pick_up(world, rounds):
    id = approved(world)
    rounds.turn()
    order = order_of(world, id)
    world.clock.pass_by(hours=2, minutes=40)
    tap(world, order, "start", at(8, 50))
    assert tap(world, order, "arrive", at(9)).json()["state"] == "started"
    absent = tap(world, order, "absent", at(9, 30), reason="等候 20 分钟")
    assert absent.json()["state"] == "absent"
    request = world.get(f"/v1/requests/{id}", "asker").json()
    assert (request["state"], request["reason"]) == ("cancelled", "等候 20 分钟")
    itineraries = world.get("/v1/itineraries", "dispatcher", day="2026-03-02").json()["items"]
    assert all(stop["request_id"] != id for i in itineraries for stop in i["stops"])


def test_a_meeting_that_over_runs_moves_the_next_trip_before_it_is_late(world, rounds):
    first = approved(world)
    rounds.turn()
    order = order_of(world, first)
    stops = [{**stop, "earliest_at": at(12), "latest_at": at(12, 20)} for stop in trip()["stops"]]
    stops[1]["latest_at"] = at(15)
    second = approved(world, stops=stops)
    same = {"vehicle_id": order["vehicle_id"], "pin": False}
    moved = world.post(f"/v1/requests/{second}:assign", "dispatcher", same)
    assert moved.status_code == 200, moved.text
    world.clock.pass_by(hours=2, minutes=10)
    tap(world, order, "accept", at(7, 1))
    tap(world, order, "start", at(8, 50))
    tap(world, order, "arrive", at(9))
    assert tap(world, order, "delay", at(9, 5), expected_at=at(12, 30), reason="会议延长").status_code == 200
    rounds.turn()
    assert order_of(world, second)["vehicle_id"] != order["vehicle_id"]
    told = notices(world, second)
    assert told[-1]["reason"] in ("running_late", "replanned")
    itinerary = world.store.get("itinerary", f"I-2026-03-02-{order['vehicle_id']}")
    drop = [s for s in decode("itinerary", itinerary.body).stops if s.request_id == first][-1]
    assert drop.begin_at >= NOW + timedelta(hours=5, minutes=30), "the estimate follows the facts"


def test_a_driver_falls_ill_and_a_charge_point_dies(world, rounds):
    id = approved(world)
    rounds.turn()
    order = order_of(world, id)
    told = world.post(f"/v1/drivers/{order['driver_id']}:report", login_of(world, order), {"kind": "driver_ill"})
    assert told.status_code == 201, told.text
    rounds.turn()
    assert order_of(world, id)["driver_id"] != order["driver_id"]
    assert world.post(f"/v1/drivers/{order['driver_id']}:report", "asker", {"kind": "driver_back"}).status_code == 403
    out = {"kind": "charge_point_out", "group": 1, "points_count": 1, "reason": "无法启动"}
    assert world.post("/v1/sites/S-SN:report", "driver", out).status_code == 201
    site = world.get("/v1/sites/S-SN", "dispatcher").json()
    assert [group["out_points"] for group in site["charge_groups"]] == [0, 1]
    too_many = world.post("/v1/sites/S-SN:report", "driver", {**out, "points_count": 9})
    assert too_many.status_code == 422
    assert world.post("/v1/sites/S-SN:report", "driver", {"kind": "charge_point_back", "group": 1}).status_code == 201


def test_the_newest_charge_reading_counts_whenever_it_comes(world, rounds):
    read = {"kind": "charge", "charge_frac": 0.5, "at": at(6, 50)}
    late = {"kind": "charge", "charge_frac": 0.9, "at": at(6, 40)}
    assert world.post("/v1/vehicles/V-SN-1:report", "dispatcher", read).json()["applied"] is True
    assert world.post("/v1/vehicles/V-SN-1:report", "dispatcher", late).json()["applied"] is False
    assert world.get("/v1/vehicles/V-SN-1", "dispatcher").json()["battery"]["charge_wh"] == 30_000
    assert world.post("/v1/vehicles/V-SN-1:report", "dispatcher", {"kind": "charge"}).status_code == 422
    future = {"kind": "charge", "charge_frac": 0.5, "at": at(23)}
    assert world.post("/v1/vehicles/V-SN-1:report", "dispatcher", future).status_code == 422


def test_the_store_is_gone_for_a_while(world, rounds, monkeypatch):
    from fleet.errors import StoreUnavailable  # noqa: PLC0415

    def gone(*_args, **_more):
        raise StoreUnavailable("gone")

    with monkeypatch.context() as away:
        away.setattr(world.store, "hold", gone)
        rounds.turn()
        (area,) = rounds.show()
        assert area["leads"] is False
        assert area["waiting_for"].en == "the store"
    id = approved(world)
    rounds.turn()
    assert order_of(world, id) is not None

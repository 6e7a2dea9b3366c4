"""Emergency orders over real HTTP: they go first, others are told, approval follows, the reserve is shown."""

from __future__ import annotations

import pytest

from api.rounds import Rounds
from fleet.documents import encode
from fleet.store import Commit, Write
from fleet.vehicles import Duty, Energy, Vehicle, VehicleKind
from tests.api.conftest import NOW, SUINING, at, trip


@pytest.fixture
def rounds(world) -> Rounds:
    made = Rounds(world.services, areas=("",), token="one", seconds=1.0, iterations=200, tick=lambda: 0.0)
    world.services.rounds = made
    return made


def emergency(**changes):
    body = {name: value for name, value in trip().items() if name in ("purpose", "passengers", "stops")}
    stops = [{**stop, "earliest_at": at(7), "latest_at": at(14)} for stop in body["stops"]]
    return {**body, "purpose": "山洪灾害现场处置", "stops": stops, **changes}


def approved(world, **changes):
    id = world.post("/v1/requests", "asker", trip(shareable=False, **changes)).json()["id"]
    assert world.post(f"/v1/requests/{id}:approve", "boss").status_code == 200
    return id


def test_it_takes_the_soonest_vehicle_at_once_and_needs_no_approval_yet(world, rounds):
    answer = world.post("/v1/emergencies", "dispatcher", emergency(), Idempotency_Key="e1")
    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert (order["state"], order["approver_id"], order["priority"]) == ("assigned", None, "emergency")
    assert order["assignment"]["vehicle_id"].startswith("V-SN")
    assert order["approve_by_at"] == at(7, day=3)
    assert world.post("/v1/emergencies", "dispatcher", emergency(), Idempotency_Key="e1").json() == order
    assert world.post("/v1/emergencies", "asker", emergency()).status_code == 403
    promise = world.get(f"/v1/requests/{order['id']}/promise", "dispatcher").json()
    assert promise["pickup_from_at"] <= order["assignment"]["pickup_at"] <= promise["pickup_to_at"]
    rounds.turn()
    kept = world.get(f"/v1/requests/{order['id']}", "dispatcher").json()["assignment"]
    assert kept["vehicle_id"] == order["assignment"]["vehicle_id"]


def test_trips_make_way_and_their_people_are_told_before_the_answer_comes(world, rounds):
    stops = [{**stop, "earliest_at": at(7, 30), "latest_at": at(8)} for stop in trip()["stops"]]
    stops[1]["latest_at"] = at(12)
    mine = [approved(world, stops=stops), approved(world, stops=stops)]
    rounds.turn()
    before = {id: world.get(f"/v1/requests/{id}", "asker").json()["assignment"] for id in mine}
    assert all(before.values())
    order = world.post("/v1/emergencies", "dispatcher", emergency(passengers=4)).json()
    assert order["assignment"] is not None
    displaced = [notice for notice in order["notices"] if notice["request_id"] in mine]
    for notice in displaced:
        assert notice["reason"] == "emergency"
        told = world.get("/v1/notices", "asker", request_id=notice["request_id"]).json()["items"]
        assert [each["id"] for each in told] == [notice["id"]]
        assert "应急" in told[0]["message"]
    rounds.turn()
    for id in mine:
        held = world.get(f"/v1/requests/{id}", "asker").json()
        promise = world.get(f"/v1/requests/{id}/promise", "asker").json()
        assert held["assignment"] is not None or promise["state"] == "withdrawn"


def test_the_approval_follows_within_a_day_or_the_order_is_an_audit_case(world):
    id = world.post("/v1/emergencies", "dispatcher", emergency()).json()["id"]
    late = world.post("/v1/emergencies", "dispatcher", emergency()).json()["id"]
    drill = world.post("/v1/emergencies", "dispatcher", emergency(drill=True)).json()["id"]
    assert world.post(f"/v1/emergencies/{id}:confirm", "dispatcher").status_code == 403
    confirmed = world.post(f"/v1/emergencies/{id}:confirm", "boss")
    assert confirmed.status_code == 200, confirmed.text
    assert confirmed.json()["approver_id"] == "P-boss"
    assert world.post(f"/v1/emergencies/{id}:confirm", "boss").status_code == 409
    assert world.get("/v1/emergencies", "dispatcher", overdue=True).json()["items"] == []
    world.clock.pass_by(hours=24, seconds=1)
    world.tokens.clear()
    items = world.get("/v1/emergencies", "auditor", overdue=True).json()["items"]
    assert [each["id"] for each in items] == [late]
    every = {each["id"]: each["overdue"] for each in world.get("/v1/emergencies", "auditor").json()["items"]}
    assert every == {id: False, late: True, drill: False}
    ordinary = world.post(
        "/v1/requests",
        "asker",
        trip(stops=[{**stop, "earliest_at": at(9, day=4), "latest_at": at(12, day=4)} for stop in trip()["stops"]]),
    ).json()["id"]
    assert world.post(f"/v1/emergencies/{ordinary}:confirm", "boss").status_code == 409


def test_the_ready_reserve_is_shown_and_its_breach_too(world):
    def car(number):
        return Vehicle(
            id=f"V-E{number}", plate=f"川JE000{number}", unit_id="U-SN", region=SUINING, home_site_id="S-SN",
            kind=VehicleKind.SUV, energy=Energy.PETROL, seats=4, profile="suv_petrol", duty=Duty.EMERGENCY,
        )  # fmt: skip

    nouns = [car(1), car(2)]
    writes = [Write(kind="vehicle", id=noun.id, expected_version=0, body=encode(noun)) for noun in nouns]
    world.store.commit(Commit(type="vehicles.registered", actor="test", at=NOW, writes=writes))
    (centre,) = world.get("/v1/reserve", "dispatcher").json()["items"]
    assert (centre["vehicles_count"], centre["needed_count"], centre["ready_count"]) == (2, 1, 2)
    for number in (1, 2):
        world.post(f"/v1/vehicles/V-E{number}:takeOutOfService", "dispatcher")
    (centre,) = world.get("/v1/reserve", "dispatcher").json()["items"]
    assert (centre["ready_count"], centre["breached"]) == (0, True)

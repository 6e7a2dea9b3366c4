"""The optimiser without a store: solve, check, and what it says to bad models."""

from __future__ import annotations

import copy

import pytest

from api.judged_plans import BREACHES
from api.schemas.optimiser import CheckInput, SolveInput
from dispatch.check import Breach
from dispatch.solve import warm_up

SOLVE = SolveInput.model_config["json_schema_extra"]["examples"][0]
CHECK = CheckInput.model_config["json_schema_extra"]["examples"][0]


@pytest.fixture(autouse=True, scope="module")
def compiled() -> None:
    """Compile the search first: a fresh checkout takes longer for that than a caller waits."""
    warm_up()


KEPT = ("kind", "shipment_index", "visit_index", "charger_index", "start_at", "end_at", "charged_wh")


def solve_body(**changes):
    body = copy.deepcopy(SOLVE) | {"iterations": 200, "seconds": 20}
    body["model"].update(changes)
    return body


def test_a_model_is_solved_and_the_plan_passes_the_check(world):
    head = world.store.head()
    answer = world.post("/v1/plans:solve", "planner", solve_body())
    assert answer.status_code == 200, answer.text
    solved = answer.json()
    assert solved["violations"] == []
    assert solved["skipped_shipments"] == []
    assert solved["metrics"]["performed_shipment_count"] == 1
    [route] = solved["routes"]
    assert [stop["kind"] for stop in route["stops"]] == ["start", "pickup", "dropoff", "end"]
    assert route["vehicle_label"] == "川JD00001"
    body = {
        "model": solve_body()["model"],
        "routes": [
            {
                "vehicle_index": route["vehicle_index"],
                "stops": [{name: stop[name] for name in KEPT} for stop in route["stops"]],
            }
        ],
    }
    checked = world.post("/v1/plans:check", "planner", body)
    assert checked.status_code == 200, checked.text
    assert checked.json() == {"valid": True, "violations": []}
    assert world.store.head() == head + 1  # the sign-in
    late = copy.deepcopy(body)
    late["routes"][0]["stops"][1]["start_at"] = "2026-03-02T09:40:00+08:00"
    late["routes"][0]["stops"][1]["end_at"] = "2026-03-02T09:41:00+08:00"
    told = world.post("/v1/plans:check", "planner", late, Accept_Language="en").json()
    assert not told["valid"]
    assert "time_window" in {violation["cause"] for violation in told["violations"]}


def test_the_routes_of_an_answer_are_checked_as_they_are_and_a_wrong_figure_is_found(world):
    body = solve_body(chargers=[{"lon_wgs84": 105.8406, "lat_wgs84": 30.191, "points": 1, "power_w": 60_000}])
    body["model"]["vehicles"][0]["battery"]["charge_wh"] = 22_000  # must charge on the way
    solved = world.post("/v1/plans:solve", "planner", body).json()
    assert "charge" in {stop["kind"] for stop in solved["routes"][0]["stops"]}
    good = {"model": body["model"], "routes": solved["routes"]}

    def causes(changes, at=None):
        wrong = copy.deepcopy(good)
        route = wrong["routes"][0]
        (route if at is None else route["stops"][at]).update(changes)
        answer = world.post("/v1/plans:check", "planner", wrong)
        assert answer.status_code == 200, answer.text
        assert answer.json()["valid"] is (answer.json()["violations"] == [])
        return [violation["cause"] for violation in answer.json()["violations"]]

    stop = solved["routes"][0]["stops"][2]
    assert causes({}) == []
    assert causes({"arrive_at": "2026-03-02T09:02:00+08:00"}, 2) == ["leg"]  # sooner than the road allows
    assert causes({"arrive_at": "2026-03-02T19:00:00+08:00"}, 2) == ["time_order"]
    assert causes({"load_count": stop["load_count"] + 1}, 2) == ["stated_load"]
    assert causes({"charge_wh": stop["charge_wh"] - 1}, 2) == ["stated_charge"]
    for name in ("travel_s", "travel_m", "travel_wh", "toll_fen"):
        assert causes({name: stop[name] + 1}, 2) == ["leg"], name
    assert causes({"lat_wgs84": 30.2}, 2) == ["location"]
    assert causes({"cost_fen": solved["routes"][0]["cost_fen"] + 1}) == ["cost"]
    petrol = copy.deepcopy(good)
    petrol["model"]["vehicles"][0]["battery"] = None
    told = world.post("/v1/plans:check", "planner", petrol).json()
    assert "stated_charge" in {violation["cause"] for violation in told["violations"]}
    good["routes"][0]["vehicle_label"] = "川JD00002"
    [error] = world.post("/v1/plans:check", "planner", good).json()["errors"]
    assert (error["field"], error["message"]) == ("routes[0].vehicle_label", "名称与编号所指不符")


def test_the_same_iterations_and_seed_give_the_same_plan(world):
    first = world.post("/v1/plans:solve", "planner", solve_body()).json()
    again = world.post("/v1/plans:solve", "planner", solve_body()).json()
    assert first == again


def test_who_cannot_be_served_is_skipped_with_a_reason(world):
    body = solve_body(vehicles=[])
    told = world.post("/v1/plans:solve", "planner", body).json()
    [skipped] = told["skipped_shipments"]
    assert skipped["label"] == "遂宁-潼南"
    assert skipped["reasons"][0]["message"]
    far = solve_body()
    far["model"]["shipments"][0]["visits"][1].update(lon_wgs84=99.3, lat_wgs84=32.8)
    told = world.post("/v1/plans:solve", "planner", far).json()
    assert told["skipped_shipments"][0]["reasons"][0]["code"] == "X_OFF_NETWORK"


def test_a_bad_model_is_explained(world):
    body = solve_body()
    body["model"]["vehicles"][0]["profile"] = "rocket"
    body["model"]["shipments"][0]["visits"][0].update(lon_wgs84=30.5, lat_wgs84=105.6)
    body["model"]["shipments"][0]["allowed_vehicle_indices"] = [7]
    answer = world.post("/v1/plans:solve", "planner", body)
    assert answer.status_code == 422
    fields = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert fields == {
        "model.vehicles[0].profile": "没有这个行驶参数",
        "model.shipments[0].visits[0].lon_wgs84": "经纬度看起来填反了",
        "model.shipments[0].allowed_vehicle_indices": "没有这辆车",
    }
    wrong = copy.deepcopy(CHECK)
    wrong["routes"][0]["vehicle_index"] = 3
    answer = world.post("/v1/plans:check", "planner", wrong)
    assert answer.json()["errors"][0]["field"] == "routes[0].vehicle_index"


@pytest.mark.parametrize("login", ["asker", "driver", "boss"])
def test_the_optimiser_is_for_those_who_plan(world, login):
    assert world.post("/v1/plans:solve", login, solve_body()).status_code == 403


def test_every_breach_has_words():
    assert set(BREACHES) == set(Breach)

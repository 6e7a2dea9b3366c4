"""Closed roads over HTTP: declared, heard of, planned around, lifted."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from dispatch.plan import Cause
from dispatch.service import run_once
from dispatch.solve import StopRule
from fleet.documents import decode

from .conftest import NOW, at, trip

G93 = {"refs": ["G93"], "reason": "山体滑坡", "starts_at": at(8), "ends_at": at(20)}
SUINING_TONGNAN = {"from_lon": 105.5929, "from_lat": 30.5328, "to_lon": 105.8406, "to_lat": 30.1910}


def plan(world, seed: int = 1):
    return run_once(
        world.store,
        world.services.roads_on("2026-03-02").legs,
        day=date(2026, 3, 2),
        now=world.clock(),
        seed=seed,
        stop=StopRule(iterations=50),
    )


def ask(world, **changes):
    made = world.post("/v1/requests", "asker", trip(**changes))
    assert made.status_code == 201, made.text
    assert world.post(f"/v1/requests/{made.json()['id']}:approve", "boss").status_code == 200
    return made.json()["id"]


def test_a_closure_is_told_touches_orders_and_is_planned_around(world):
    request = ask(world)
    plan(world)
    before = decode("request", world.store.get("request", request).body)
    assert before.state == "assigned"

    made = world.post("/v1/network/closures", "dispatcher", {"id": "C-1", **G93})
    assert made.status_code == 201, made.text
    told = made.json()
    assert told["edge_count"] > 10
    assert told["region"] == "510900"
    assert {leg["vehicle_id"] for leg in told["touched"]} <= {"V-SN-1", "V-SN-2"}
    assert request in {leg["request_id"] for leg in told["touched"]}
    [event] = [event for event in world.store.events() if event.type == "closure.declared"]
    assert event.data["vehicle_ids"]

    listed = world.get("/v1/network/closures", "driver").json()["items"]
    assert [item["id"] for item in listed] == ["C-1"]
    assert world.get("/v1/network/closures/C-1", "tn-dispatcher").json()["reason"] == "山体滑坡"
    assert world.get("/v1/network/closures", "asker").status_code == 403

    # At seven nothing is closed yet; at nine the drive takes other roads.
    free = world.get("/v1/network/route", "planner", **SUINING_TONGNAN).json()["properties"]
    world.clock.pass_by(hours=2)
    closed = world.get("/v1/network/route", "planner", **SUINING_TONGNAN)
    if closed.status_code == 200:
        assert closed.json()["properties"]["drive_s"] > free["drive_s"]
        assert "G93" not in {road["ref"] for road in closed.json()["properties"]["roads"]}
    else:
        assert closed.json()["type"].endswith("no-route")
    view = world.services.roads_on("2026-03-02")
    assert [closure.id for closure in view.closures] == ["C-1"]
    assert world.services.roads_on("2026-03-02") is view
    assert world.services.roads_on("2026-03-03").closures == ()

    lifted = world.post("/v1/network/closures/C-1:lift", "dispatcher")
    assert lifted.status_code == 200, lifted.text
    assert world.post("/v1/network/closures/C-1:lift", "dispatcher").status_code == 409
    assert world.get("/v1/network/closures", "planner").json()["items"] == []
    assert world.services.roads_on("2026-03-02").closures == ()
    again = world.get("/v1/network/route", "planner", **SUINING_TONGNAN).json()["properties"]
    assert again["drive_s"] == free["drive_s"]


def test_without_any_way_the_trip_is_refused_with_that_reason(world):
    ring = [[105.70, 30.05], [106.0, 30.05], [106.0, 30.35], [105.70, 30.35], [105.70, 30.05]]
    closure = {
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "reason": "洪水",
        "starts_at": at(0),
        "ends_at": at(23),
    }
    made = world.post("/v1/network/closures", "dispatcher", closure)
    assert made.status_code == 201, made.text
    assert made.json()["id"].startswith("C")
    assert made.json()["touched"] == []
    request = ask(world)
    report = plan(world)
    assert {reason.code for reason in report.unserved[request]} == {Cause.UNREACHABLE}
    assert world.post("/v1/network/closures/" + made.json()["id"] + ":lift", "dispatcher").status_code == 200
    assert request not in plan(world, seed=2).unserved


def test_a_repeated_declaration_has_one_effect(world):
    first = world.post("/v1/network/closures", "dispatcher", G93, Idempotency_Key="k1")
    again = world.post("/v1/network/closures", "dispatcher", G93, Idempotency_Key="k1")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert len(world.get("/v1/network/closures", "planner").json()["items"]) == 1
    taken = world.post("/v1/network/closures", "dispatcher", {"id": first.json()["id"], **G93})
    assert taken.status_code == 409


@pytest.mark.parametrize(
    ("changes", "status", "slug"),
    [
        ({"refs": []}, 422, "invalid-closure"),
        ({"refs": ["Z99"]}, 422, "invalid-closure"),
        ({"refs": [], "geometry": {"type": "Circle"}}, 422, "invalid-closure"),
        ({"refs": [], "geometry": {"type": "Point", "coordinates": [125, 28]}}, 422, "invalid-closure"),
        ({"ends_at": at(7)}, 422, "invalid-closure"),
        ({"speed_frac": 1.5}, 422, None),
        ({"starts_at": "2026-03-02T08:00:00"}, 422, None),
        ({"region": "999999"}, 422, None),
        ({"region": "500152"}, 403, None),
        ({"reason": ""}, 422, None),
    ],
)
def test_bad_closures_change_nothing(world, changes, status, slug):
    head = world.store.head()
    answer = world.post("/v1/network/closures", "dispatcher", G93 | changes)
    assert answer.status_code == status, answer.text
    if slug:
        assert answer.json()["type"].endswith(slug)
    assert world.get("/v1/network/closures", "planner").json()["items"] == []
    assert all(event.type != "closure.declared" for event in world.store.events(after=head))


def test_only_dispatchers_declare_and_lift(world):
    assert world.post("/v1/network/closures", "asker", G93).status_code == 403
    assert world.post("/v1/network/closures", "planner", G93).status_code == 403
    assert world.post("/v1/network/closures", "dispatcher", {"id": "C-9", **G93}).status_code == 201
    assert world.post("/v1/network/closures/C-9:lift", "tn-dispatcher").status_code == 403
    assert world.post("/v1/network/closures/C-9:lift", "province").status_code == 200


def test_a_closure_that_is_over_touches_nothing(world):
    ask(world)
    plan(world)
    past = {**G93, "starts_at": (NOW - timedelta(days=2)).isoformat(), "ends_at": (NOW - timedelta(days=1)).isoformat()}
    assert world.post("/v1/network/closures", "dispatcher", past).json()["touched"] == []
    assert world.services.roads_on("2026-03-02").closures == ()

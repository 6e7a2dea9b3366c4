"""One trip from the request to the finished drive, over real HTTP on the real Redis, every event in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from fleet.canonical import event_content
from fleet.durable_store import DurableStore
from fleet.ledger import Ledger
from fleet.redis_store import RedisStore
from tests.e2e.processes import Person, ServerProcess

PASSWORD = "a password of the test"
SUINING, TONGNAN = "510900", "500152"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    made = ServerProcess(tmp_path_factory.mktemp("whole") / "var", CHUANYU_PLAN_SECONDS="2")
    made.start()
    try:
        made.until("/healthz")
        made.until("/readyz")
        yield made
    finally:
        made.close()


def register(admin: Person) -> None:
    """Set up two offices on both sides of the border, with a car and a driver each."""
    post = admin.post
    for unit, region, level, lon, lat in (
        ("SN", SUINING, "prefecture", 105.5929, 30.5328),
        ("TN", TONGNAN, "county", 105.8406, 30.1910),
    ):
        post("/v1/units", {"id": f"U-{unit}", "name": f"单位 {unit}", "region": region, "level": level}, status=201)
        site = {"id": f"S-{unit}", "name": f"站点 {unit}", "region": region, "unit_id": f"U-{unit}"}
        groups = [{"points": 2, "power_w": 60_000, "dc": True}]
        post("/v1/sites", {**site, "lon_wgs84": lon, "lat_wgs84": lat, "charge_groups": groups}, status=201)
        vehicle = {
            "id": f"V-{unit}",
            "plate": f"川JD0000{len(unit)}{unit}",
            "unit_id": f"U-{unit}",
            "region": region,
            "home_site_id": f"S-{unit}",
            "kind": "sedan",
            "energy": "bev",
            "seats": 4,
            "profile": "sedan_bev",
            "battery": {"capacity_wh": 60_000, "charge_wh": 57_000},
            "odometer_m": 1_000_000,
        }
        post("/v1/vehicles", vehicle, status=201)
        driver = {
            "id": f"D-{unit}",
            "name": f"驾驶员 {unit}",
            "unit_id": f"U-{unit}",
            "region": region,
            "home_site_id": f"S-{unit}",
            "licence": "C1",
            "shift": {"start_s": 6 * 3600, "end_s": 22 * 3600},
        }
        post("/v1/drivers", driver, status=201)
        for role in ("requester", "approver", "dispatcher", "driver"):
            person: dict[str, Any] = {
                "id": f"P-{role}-{unit}",
                "login": f"{role}-{unit}",
                "name": f"{role} {unit}",
                "roles": [role],
                "unit_id": f"U-{unit}",
                "region": region,
                "password": PASSWORD,
            }
            if role == "driver":
                person["driver_id"] = f"D-{unit}"
            post("/v1/persons", person, status=201)


def tomorrow_at(hour: int, minute: int = 0) -> str:
    day = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")) + timedelta(days=1)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0).isoformat()


def test_from_the_request_to_the_finished_trip(server: ServerProcess) -> None:
    admin = server.sign_in_admin()
    register(admin)
    asker, approver, dispatcher, driver = (
        server.sign_in(f"{role}-SN", PASSWORD) for role in ("requester", "approver", "dispatcher", "driver")
    )
    body = {
        "kind": "transfer",
        "purpose": "赴潼南对接一体化发展工作",
        "passengers": 2,
        "stops": [
            {
                "name": "遂宁市政中心",
                "lon_wgs84": 105.5929,
                "lat_wgs84": 30.5328,
                "earliest_at": tomorrow_at(9),
                "latest_at": tomorrow_at(9, 20),
            },
            {"place": "潼南区", "earliest_at": tomorrow_at(9), "latest_at": tomorrow_at(12)},
        ],
    }
    made = asker.post("/v1/requests", body, status=201, Idempotency_Key="whole-way-1")
    assert made["answer"]["outcome"] == "promise", made["answer"]
    assert made["stops"][1]["name"] == "潼南区"
    approved = approver.post(f"/v1/requests/{made['id']}:approve", status=200)
    assert approved["approver_id"] == "P-approver-SN"

    day = tomorrow_at(9)[:10]
    job = dispatcher.post("/v1/plans", {"day": day, "seconds": 2, "seed": 7}, status=202)
    with dispatcher._client.stream("GET", "/v1/events", params={"after": 0}, timeout=60) as events:
        for line in events.iter_lines():
            if line.startswith("event: job.") and line.removeprefix("event: job.") not in ("queued", "running"):
                break
    done = dispatcher.get(f"/v1/jobs/{job['id']}")
    assert done["state"] == "done", done
    assert done["result"]["served_count"] == 1
    plan = dispatcher.get("/v1/plans/latest", day=day)
    assert plan["id"] == done["result"]["plan_id"]
    [itinerary] = dispatcher.get(f"/v1/plans/{plan['id']}/itineraries")["items"]
    assert [stop["kind"] for stop in itinerary["stops"] if stop["request_id"]] == ["pickup", "dropoff"]
    lines = dispatcher.get(f"/v1/plans/{plan['id']}/routes.geojson")["features"]
    assert lines
    assert {line["properties"]["vehicle_id"] for line in lines} == {"V-SN"}

    [order] = driver.get("/v1/assignments", mine="true", day=day)["items"]
    assert order["request"]["requester_name"] == "requester SN"
    for action, sent, state in (
        ("accept", None, "accepted"),
        ("start", {}, "started"),
        ("pickUp", {"passengers": 2}, "on_board"),
        ("dropOff", {}, "dropped_off"),
        ("finish", {"odometer_m": 1_052_000, "charge_frac": 0.8}, "finished"),
    ):
        told = driver.post(f"/v1/assignments/{order['id']}:{action}", sent, Idempotency_Key=f"{order['id']}-{action}")
        assert told["state"] == state
    assert asker.get(f"/v1/requests/{made['id']}")["state"] == "finished"
    assert admin.get("/v1/vehicles/V-SN")["odometer_m"] == 1_052_000

    ledger = Ledger(server.ledger_url)
    ledger.verify()
    told_types = [event.type for event in ledger.replay()]
    for type in (
        "request.submitted",
        "request.approved",
        "job.done",
        "plan.itineraries_committed",
        "plan.made",
        "assignment.accepted",
        "assignment.started",
        "assignment.picked_up",
        "assignment.dropped_off",
        "assignment.finished",
    ):
        assert told_types.count(type) == 1, type
    redis = RedisStore(f"unix://{server.var_dir / 'redis' / 'redis.sock'}", prefix="chuanyu", fenced=True)
    running = DurableStore(redis, ledger)
    kept = running.events(limit=10_000)
    assert [event_content(event) for event in kept] == [event_content(event) for event in ledger.replay()]
    redis.close()
    ledger.close()


def test_a_second_start_keeps_everything(server: ServerProcess) -> None:
    admin = server.sign_in_admin()
    before = admin.get("/v1/requests")["items"]
    assert server.stop() == 0, server.said()
    server.start()
    server.until("/readyz")
    again = server.sign_in_admin()
    assert again.get("/v1/requests")["items"] == before
    assert admin.get("/v1/me")["login"] == "admin"


def test_the_demo_is_made_once_and_kept(tmp_path: Path) -> None:
    server = ServerProcess(
        tmp_path / "var",
        CHUANYU_DEMO="1",
        CHUANYU_DEMO_VEHICLES="70",
        CHUANYU_DEMO_REQUESTS="100",
        CHUANYU_PLAN_SECONDS="3",
    )
    server.start()
    try:
        server.until("/readyz")
        said = server.said()
        assert server.url in said
        assert "未安排 unserved" in said
        accounts = httpx.get(server.url + "/v1/demo-accounts").json()
        roles = {role for account in accounts for role in account["roles"]}
        assert roles == {"requester", "approver", "dispatcher", "driver", "planner", "auditor", "admin"}
        admin = next(account for account in accounts if account["roles"] == ["admin"])
        person = server.sign_in(admin["login"], admin["password"])
        plans = person.get("/v1/plans")["items"]
        assert len(plans) == 1
        overview = person.get("/v1/overview", day=plans[0]["day"])
        # a hundred of the day, and one in each of the 59 areas that waits for an approver
        assert overview["requests_count"] == 159
        assert overview["vehicles_count"] == 70
        assert server.stop() == 0
        server.start()
        server.until("/readyz")
        assert person.get("/v1/plans")["items"] == plans
        assert httpx.get(server.url + "/v1/demo-accounts").json() == accounts
    finally:
        server.close()

"""A pass on the way from Kangding to Litang is closed: the drive changes, the trip is planned again or refused, by itself."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from dispatch.solve import warm_up
from fleet.documents import encode, kind_of
from fleet.drivers import Driver, Shift
from fleet.requests import RequestState, TripKind, TripRequest, TripStop
from fleet.sites import Site
from fleet.store import Commit, Write
from fleet.units import Level, Unit
from fleet.vehicles import Energy, Vehicle, VehicleKind
from tests.api.conftest import NOW, at

DAY = "2026-03-02"
KANGDING, LITANG = (101.9625, 30.0536), (100.2686, 29.9945)
WAY = {"from_lon": KANGDING[0], "from_lat": KANGDING[1], "to_lon": LITANG[0], "to_lat": LITANG[1]}
GANZI = "513300"
RING = [[100.0, 27.0], [101.6, 27.0], [101.6, 34.0], [100.0, 34.0], [100.0, 27.0]]


@pytest.fixture(autouse=True, scope="module")
def compiled() -> None:
    warm_up()


def stop(place: tuple[float, float], earliest: float, latest: float, stay_h: float = 0) -> TripStop:
    midnight = NOW.replace(hour=0, minute=0, second=0)
    return TripStop(
        name="县城",
        lon_wgs84=place[0],
        lat_wgs84=place[1],
        earliest_at=midnight + timedelta(hours=earliest),
        latest_at=midnight + timedelta(hours=latest),
        service_s=round(stay_h * 3600),
    )


@pytest.fixture
def kangding(world: Any) -> Any:
    """The world with an office, a vehicle and an approved trip to Litang in Kangding."""
    nouns = [
        Unit(id="U-GZ", name="甘孜州机关事务管理局", region=GANZI, level=Level.PREFECTURE),
        Site(id="S-GZ", name="康定", region=GANZI, unit_id="U-GZ", lon_wgs84=KANGDING[0], lat_wgs84=KANGDING[1]),
        Vehicle(
            id="V-GZ", plate="川V00002", unit_id="U-GZ", region=GANZI, home_site_id="S-GZ", kind=VehicleKind.SUV,
            energy=Energy.PETROL, seats=4, profile="suv_petrol",
        ),
        Driver(
            id="D-GZ", name="驾驶员", unit_id="U-GZ", region=GANZI, home_site_id="S-GZ", licence="C1", phone="1",
            shift=Shift(start_s=7 * 3600, end_s=18 * 3600), overtime_consent_on=date(2026, 1, 1),
        ),
        TripRequest(
            id="R-GZ", unit_id="U-GZ", region=GANZI, requester_id="P-x", kind=TripKind.CHARTER, purpose="下乡", passengers=2,
            stops=(stop(KANGDING, 9, 10), stop(LITANG, 9, 27, stay_h=14), stop(KANGDING, 32, 60)), submitted_at=NOW,
            state=RequestState.APPROVED, approver_id="P-y",
        ),
    ]  # fmt: skip
    writes = [Write(kind=kind_of(noun), id=noun.id, expected_version=0, body=encode(noun)) for noun in nouns]
    world.store.commit(Commit(type="filled", actor="test", at=NOW, writes=writes))
    return world


def finished(world: Any, job_id: str) -> dict[str, Any]:
    while True:
        head = world.store.head()
        job = world.get(f"/v1/jobs/{job_id}", "province").json()
        if job["state"] not in ("queued", "running"):
            return job
        assert world.store.wait(after=head, timeout_s=60)


def drive(world: Any) -> Any:
    return world.get("/v1/network/route", "province", **WAY, profile="suv_petrol")


def close(world: Any, **closure: Any) -> dict[str, Any]:
    world.clock.pass_by(seconds=30)
    body = {"reason": "折多山降雪", "starts_at": at(0), "ends_at": at(23, 54), **closure}
    made = world.post("/v1/network/closures", "province", body)
    assert made.status_code == 201, made.text
    return made.json()


def leg_of_trip(world: Any) -> dict[str, Any]:
    [itinerary] = world.get("/v1/itineraries", "province", day=DAY).json()["items"]
    return next(one for one in itinerary["stops"] if one["kind"] == "visit" and one["request_id"])


def test_the_trip_is_planned_again_by_another_way_or_refused(kangding: Any):
    world = kangding
    job = world.post("/v1/plans", "province", {"day": DAY, "seconds": 1}).json()
    assert finished(world, job["id"])["result"]["served_count"] == 1
    before = drive(world).json()["properties"]
    # The driver is about to leave: the trip is frozen, but not begun.
    world.clock.pass_by(minutes=115)
    first = leg_of_trip(world)

    # Snow on the pass: slower, still the way.
    slow = close(world, refs=["G318"], speed_frac=0.5)
    assert [leg["vehicle_id"] for leg in slow["touched"]][:1] == ["V-GZ"]
    assert "R-GZ" in {leg["request_id"] for leg in slow["touched"]}
    [replan] = slow["replans"]
    assert (replan["day"], replan["region"]) == (DAY, "510000")
    assert finished(world, replan["job_id"])["result"]["served_count"] == 1
    second = leg_of_trip(world)
    assert second["leg_s"] > first["leg_s"]
    assert drive(world).json()["properties"]["drive_s"] > before["drive_s"]

    # Every way out of Kangding to the west is closed: the trip is refused, and the reason is the road.
    shut = close(world, geometry={"type": "Polygon", "coordinates": [RING]}, reason="道路塌方")
    assert "V-GZ" in {leg["vehicle_id"] for leg in shut["touched"]}
    [replan] = shut["replans"]
    done = finished(world, replan["job_id"])
    assert (done["result"]["served_count"], done["result"]["unserved_count"]) == (0, 1)
    assert drive(world).json()["type"].endswith("no-route")
    request = world.get("/v1/requests/R-GZ", "province").json()
    assert request["state"] == "approved"
    assert {reason["code"] for reason in request["unserved_reasons"]} == {"X_UNREACHABLE"}
    assert "道路" in request["unserved_reasons"][0]["message"]

    # Each lifting plans the day again by itself as long as somebody is without a vehicle; with both the trip is back.
    for closure, served in ((slow, 0), (shut, 1)):
        world.clock.pass_by(seconds=30)
        [replan] = world.post(f"/v1/network/closures/{closure['id']}:lift", "province").json()["replans"]
        assert finished(world, replan["job_id"])["result"]["served_count"] == served
    assert drive(world).json()["properties"]["drive_s"] == before["drive_s"]


def test_those_of_another_region_are_planned_again_and_not_shown(kangding: Any):
    world = kangding
    job = world.post("/v1/plans", "province", {"day": DAY, "seconds": 1}).json()
    finished(world, job["id"])
    body = {"refs": ["G318"], "reason": "降雪", "starts_at": at(0), "ends_at": at(23, 54)}
    told = world.post("/v1/network/closures", "dispatcher", body).json()
    assert told["touched"] == [], "Suining does not see what Garze drives"
    [replan] = told["replans"]
    assert finished(world, replan["job_id"])["state"] == "done"


def test_a_repeated_declaration_starts_one_job(kangding: Any):
    world = kangding
    finished(world, world.post("/v1/plans", "province", {"day": DAY, "seconds": 1}).json()["id"])
    body = {"refs": ["G318"], "reason": "降雪", "starts_at": at(0), "ends_at": at(23, 54)}
    answers = [world.post("/v1/network/closures", "province", body, Idempotency_Key="k").json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert finished(world, answers[0]["replans"][0]["job_id"])["state"] == "done"
    assert sum(event.type == "job.running" for event in world.store.events()) == 2


def test_what_has_begun_is_kept_as_planned_and_does_not_stop_the_others(kangding: Any):
    world = kangding
    finished(world, world.post("/v1/plans", "province", {"day": DAY, "seconds": 1}).json()["id"])
    [document] = world.store.list("assignment", where=("request_id", "R-GZ")).documents
    begun = {**document.body, "state": "started"}
    write = Write(kind="assignment", id=document.id, expected_version=document.version, body=begun)
    world.store.commit(Commit(type="started", actor="test", at=NOW, writes=[write]))
    first = leg_of_trip(world)
    shut = close(world, geometry={"type": "Polygon", "coordinates": [RING]}, reason="道路塌方")
    assert "V-GZ" in {leg["vehicle_id"] for leg in shut["touched"]}
    done = finished(world, shut["replans"][0]["job_id"])
    assert done["state"] == "done", done
    assert done["result"]["unserved_count"] == 0
    kept = leg_of_trip(world)
    assert (kept["leg_s"], kept["leg_m"]) == (first["leg_s"], first["leg_m"])
    assert kept["leg_confidence"] == "unverified"

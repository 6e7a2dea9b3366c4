"""The feed over real HTTP: read and judged by a validator of another project with the published schemas (GBFS 3.0)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from gbfs_validator import validate_feed

from tests.api.rental_world import Order, approved, ask, evening, hold, open_points, until

NAMES = (
    "system_information",
    "vehicle_types",
    "station_information",
    "station_status",
    "vehicle_status",
    "system_pricing_plans",
    "geofencing_zones",
)


@pytest.fixture
def town(world):
    open_points(world)
    world.services.settings = replace(world.services.settings, gbfs_contact="feed@example.org")
    return world


def read(world, name):
    answer = world.client.get(f"/gbfs/3.0/{name}.json")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def judge(world) -> None:
    report = validate_feed(f"{world.client.base_url}/gbfs/3.0/gbfs.json", docked=True, freefloating=True)
    found = {entry["file"]: entry for entry in report["files"]}
    assert report["summary"]["version"]["validated"] == "3.0"
    assert report["summary"]["errorsCount"] == 0, json.dumps(report["files"], ensure_ascii=False)[:2000]
    for name in ("gbfs", *NAMES):
        assert found[f"{name}.json"]["exists"], name


def test_without_a_contact_there_is_no_feed(world):
    open_points(world)
    assert world.client.get("/gbfs/3.0/gbfs.json").status_code == 404


def test_the_feed_passes_the_published_schemas_at_every_stage_of_an_order(town):
    judge(town)
    order = hold(town, ask(approved(town, evening()), vehicle_id="V-TN-R1"))
    judge(town)
    order.licence()
    until(town, 20, 50)
    order.heard()
    order.take()
    judge(town)
    until(town, 22)
    order.give_back()
    judge(town)


def test_it_tells_stations_prices_and_fences(town):
    assert [own["station_id"] for own in read(town, "station_information")["stations"]] == ["S-SN", "S-TN"]
    assert [own["num_vehicles_available"] for own in read(town, "station_status")["stations"]] == [2, 2]
    plan = next(own for own in read(town, "system_pricing_plans")["plans"] if own["plan_id"] == "T-TN")
    assert plan["per_min_pricing"] == [{"start": 0, "rate": 15.0, "interval": 60}]
    assert plan["per_km_pricing"] == [{"start": 0, "rate": 0.6, "interval": 1}]
    zones = read(town, "geofencing_zones")
    assert len(zones["geofencing_zones"]["features"]) == 2
    assert not zones["global_rules"][0]["ride_end_allowed"]
    kinds = read(town, "vehicle_types")["vehicle_types"]
    assert [(own["form_factor"], own["propulsion_type"]) for own in kinds] == [("car", "electric")]


def test_a_vehicle_id_changes_after_the_trip_and_a_car_that_is_out_is_not_told(town):
    def ids():
        return {own["vehicle_id"]: own for own in read(town, "vehicle_status")["vehicles"]}

    before = ids()
    assert len(before) == 4
    assert read(town, "vehicle_status")["vehicles"][0]["current_fuel_percent"] == 0.9
    order: Order = hold(town, ask(approved(town, evening()), vehicle_id="V-TN-R1"))
    order.licence()
    until(town, 20, 50)
    assert set(ids()) == set(before)
    assert sum(own["is_reserved"] for own in ids().values()) == 1
    order.take()
    assert len(ids()) == 3
    until(town, 22)
    order.give_back()
    after = ids()
    assert len(after) == 4
    assert len(set(before) & set(after)) == 3
    text = json.dumps(after)
    assert "V-TN" not in text
    assert "渝A" not in text


def test_free_times_of_the_week_only_where_switched_on(town):
    path = "/gbfs/3.1-RC3/vehicle_availability.json"
    assert town.client.get(path).status_code == 404
    town.services.settings = replace(town.services.settings, gbfs_availability=True)
    hold(town, ask(approved(town, evening()), vehicle_id="V-TN-R1"))
    found = town.client.get(path).json()
    assert found["version"] == "3.1-RC3"
    slots = sorted(len(own["availabilities"]) for own in found["data"]["vehicles"])
    assert slots == [1, 1, 1, 2]

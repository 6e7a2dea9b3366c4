"""HIVE's files, in a town of our own making: what is read, and that a round serves whom it can reach in time."""

from __future__ import annotations

import json

import pytest

from scenarios.errors import InvalidScenario
from scenarios.hive import read_hive, read_sections, run_hive

YAML = """sim:
  sim_name: tiny   # a comment
  start_time: "1970-01-01T00:00:00"
  end_time: "1970-01-01T02:00:00"
  request_cancel_time_seconds: 600
network:
  default_speed_kmph: 36.0
input:
  vehicles_file: v.csv
  requests_file: r.csv
  stations_file: s.csv
  road_network_file: n.json
dispatcher:
  valid_dispatch_states:
    - Idle
"""


@pytest.fixture
def town(tmp_path):
    """A street of five nodes, one kilometre apart, driven at 36 km/h: 100 s from node to node."""
    home = tmp_path / "scenarios" / "tiny"
    for folder in ("vehicles", "requests", "stations", "road_network"):
        (home / folder).mkdir(parents=True)
    for folder in ("mechatronics", "chargers"):
        (tmp_path / folder).mkdir()
    (tmp_path / "mechatronics" / "mechatronics.yaml").write_text(
        "small:\n  mechatronics_type: bev\n  battery_capacity_kwh: 10\n  nominal_max_charge_kw: 50\n"
        "  nominal_watt_hour_per_mile: 321.8688\npetrol:\n  mechatronics_type: ice\n",
        "utf-8",
    )
    (tmp_path / "chargers" / "default_chargers.csv").write_text(
        "charger_id,energy_type,rate,units\nDCFC,electric,50,kilowatts\nGAS,gasoline,1,gal\n", "utf-8"
    )
    nodes = [{"id": 10 + n, "x": n * 0.01, "y": 0.0} for n in range(5)]
    links = [
        {"source": a, "target": b, "length": 1_000.0} for n in range(4) for a, b in ((10 + n, 11 + n), (11 + n, 10 + n))
    ]
    (home / "road_network" / "n.json").write_text(json.dumps({"nodes": nodes, "links": links}), "utf-8")
    (home / "vehicles" / "v.csv").write_text(
        "\ufeffvehicle_id,lat,lon,mechatronics_id,initial_soc\nv1,0,0,small,0.9\nv2,0,0.04,petrol,0.5\n", "utf-8"
    )
    (home / "stations" / "s.csv").write_text(
        "station_id,lat,lon,charger_count,charger_id,on_shift_access\ns1,0,0.02,2,DCFC,true\ns1,0,0.02,2,GAS,true\n",
        "utf-8",
    )
    head = "request_id,o_lat,o_lon,d_lat,d_lon,departure_time,passengers\n"
    rows = [f"{n},0,{0.01 * (n % 5)},0,{0.01 * ((n + 2) % 5)},{60 + 240 * n},1\n" for n in range(12)]
    (home / "requests" / "r.csv").write_text(head + "".join(rows), "utf-8")
    (home / "tiny.yaml").write_text(YAML, "utf-8")
    return tmp_path, home / "tiny.yaml"


def test_files_become_vehicles_requests_stations_and_drives(town):
    scenario = read_hive(*town)
    assert scenario.name == "tiny"
    assert [(own.id, own.node, own.capacity_wh) for own in scenario.vehicles] == [("v1", 0, 10_000), ("v2", 4, None)]
    assert scenario.vehicles[0].charge_wh == 9_000
    assert scenario.vehicles[0].wh_per_m == pytest.approx(0.2)
    assert [own.power_w for own in scenario.stations] == [50_000]
    assert scenario.drive_s[0].tolist() == [0, 100, 200, 300, 400]
    assert scenario.drive_m[0].tolist() == [0, 1_000, 2_000, 3_000, 4_000]
    assert (scenario.patience_s, scenario.begin_s, scenario.end_s) == (600, 0, 7_200)


def test_everybody_within_reach_is_served_and_the_books_balance(town):
    scenario = read_hive(*town)
    outcome = run_hive(scenario, iterations=20)
    assert outcome.asked_count == 12
    assert outcome.served_count == 12
    assert 0 < outcome.empty_km < outcome.drive_km
    assert 0 <= outcome.mean_wait_s <= 600
    again = run_hive(scenario, iterations=20)
    assert (again.served_count, again.drive_km) == (outcome.served_count, outcome.drive_km)


def test_sections_without_lists_and_comments():
    assert read_sections(YAML)["sim"]["sim_name"] == "tiny"
    assert read_sections(YAML)["dispatcher"] == {"valid_dispatch_states": ""}


def test_what_is_missing_is_named(town):
    resources, yaml_file = town
    yaml_file.write_text(YAML.replace("v.csv", "none.csv"), "utf-8")
    with pytest.raises(InvalidScenario, match="vehicles_file"):
        read_hive(resources, yaml_file)
    yaml_file.write_text(YAML, "utf-8")
    (yaml_file.parent / "vehicles" / "v.csv").write_text(
        "vehicle_id,lat,lon,mechatronics_id,initial_soc\nv,0,0,x,1\n", "utf-8"
    )
    with pytest.raises(InvalidScenario, match="mechatronics_id"):
        read_hive(resources, yaml_file)

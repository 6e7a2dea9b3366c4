"""The 1,344 ride requests of central Chengdu on the real street graph, from the files beside the checkout."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from api.cli.app import build
from api.cli.inputs import CENTRAL_CHENGDU_PEAK_KMH
from routing.csv_graph import load_csv
from routing.engine import RoadEngine
from routing.profiles import get_profile
from routing.snap import Point

CARS = 100
WAIT = timedelta(minutes=10)
RIDE_FACTOR = 1.5


@pytest.fixture(scope="module")
def data(shared_dir: Path) -> Path:
    return shared_dir / "data" / "chengdu"


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("chengdu")
    arguments = [
        "plan", "--requests", data / "requests.csv", "--format", "rides",
        "--network-nodes", data / "nodes.csv", "--network-edges", data / "edges.csv",
        "--cars", CARS, "--from", "07:00", "--to", "09:00", "--wait-min", 10, "--ride-factor", RIDE_FACTOR,
        "--seconds", 120, "--iterations", 300, "--out", out, "--json",
    ]  # fmt: skip
    answer = CliRunner().invoke(build(), [str(argument) for argument in arguments])
    assert answer.exit_code == 0, answer.stderr
    return json.loads(answer.stdout), json.loads((out / "plan.json").read_text(encoding="utf-8")), out


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.slow
def test_every_row_is_answered_by_name(run, data: Path) -> None:
    summary, plan, _ = run
    with (data / "requests.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1_344
    named = [entry["request_id"] for key in ("assignments", "unserved", "set_aside") for entry in plan[key]]
    assert sorted(named) == [f"row{number:05d}-order{row['order_id']}" for number, row in enumerate(rows, start=2)]
    off = [entry for entry in plan["unserved"] if entry["reasons"][0]["code"] == "X_OFF_NETWORK"]
    assert len(off) == summary["off_network_count"] == 631
    assert all(entry["reasons"][0]["detail"]["distance_m"] >= 300 for entry in off)
    assert summary["asked_count"] == 408
    assert summary["set_aside_count"] == 1_344 - 631 - 408
    assert [entry["row"] for entry in summary["repeated_rows"]] == [266, 558]
    assert summary["rows_with_an_order_id_used_before"] == 1_244
    assert any("26.17 km/h" in text for text in summary["assumptions"])


@pytest.mark.slow
def test_nine_in_ten_are_served_and_the_check_finds_nothing(run) -> None:
    summary, plan, out = run
    assert summary["served_frac"] >= 0.9
    assert summary["vehicles_used_count"] <= CARS
    assert plan["checked"]["violations"] == []
    assert len(load_workbook(out / "plan.xlsx", read_only=True).sheetnames) == 4 + len(plan["itineraries"])
    assert (out / "plan.html").stat().st_size < 5_000_000


@pytest.mark.slow
def test_the_written_plan_holds_by_the_data_alone(run, data: Path) -> None:
    """Waiting, ride time, seats and driving times again from the files, without problem, solver or checker."""
    _, plan, _ = run
    with (data / "requests.csv").open(encoding="utf-8") as file:
        rows = {f"row{n:05d}-order{row['order_id']}": row for n, row in enumerate(csv.DictReader(file), start=2)}
    graph = load_csv(data / "nodes.csv", data / "edges.csv", default_speed_mps=CENTRAL_CHENGDU_PEAK_KMH / 3.6)
    engine, profile = RoadEngine(graph), get_profile("sedan_petrol")
    served: set[str] = set()
    for itinerary in plan["itineraries"]:
        stops = itinerary["stops"]
        places = [Point(lon_wgs84=stop["lon_wgs84"], lat_wgs84=stop["lat_wgs84"]) for stop in stops]
        drive_s = engine.matrix(places, profile, access_limit_m=300.0).drive_s
        for number in range(1, len(stops)):
            gap = at(stops[number]["begin_at"]) - at(stops[number - 1]["depart_at"])
            assert gap >= timedelta(seconds=int(drive_s[number - 1, number]))
        on_board: dict[str, int] = {}
        for number, stop in enumerate(stops):
            request = stop["request_id"]
            if request is None:
                continue
            row, end = rows[request], "dest" if request in on_board else "origin"
            here = (stop["lon_wgs84"], stop["lat_wgs84"])
            assert np.allclose(here, (float(row[f"{end}_lng"]), float(row[f"{end}_lat"])), atol=2e-6)
            if end == "origin":
                assert request not in served
                asked = at(stop["begin_at"]).replace(hour=0, minute=0, second=0)
                asked += timedelta(seconds=int(float(row["request_s_of_day"])))
                assert timedelta(0) <= at(stop["begin_at"]) - asked <= WAIT
                on_board[request] = number
                served.add(request)
            else:
                start = on_board.pop(request)
                ride_s = (at(stop["begin_at"]) - at(stops[start]["depart_at"])).total_seconds()
                assert ride_s <= RIDE_FACTOR * int(drive_s[start, number])
            assert len(on_board) <= 4
            assert stop["load_count"] == len(on_board)
        assert on_board == {}
    assert served == {entry["request_id"] for entry in plan["assignments"]}

"""``chuanyu plan`` from files to files, with a stand-in for the search."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from api.cli.app import build
from api.cli.offline import plan_offline
from api.cli.ride_fleet import spread_nodes
from api.intake.template import write_template
from api.intake.write import write_workbook
from dispatch.check import Breach, Violation
from fleet.drivers import Driver, Shift
from fleet.requests import TripKind, TripRequest, TripStop
from fleet.sites import Site
from fleet.units import Level, Unit
from fleet.vehicles import Energy, Vehicle, VehicleKind
from routing.csv_graph import load_csv
from scenarios.region import build_demo

DAY = date(2026, 11, 23)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, solver):
    monkeypatch.setattr("api.cli.plan_command.plan_offline", partial(plan_offline, solver=solver))
    monkeypatch.setattr("api.cli.plan_command.warm_up", lambda: 0.0)
    monkeypatch.setattr("dispatch.service.check", lambda _problem, _plan: ())
    return lambda *arguments: CliRunner().invoke(build(), [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def demo():
    return build_demo(3, day=DAY, vehicles=70, requests=70, sites=59)


@pytest.fixture
def files(tmp_path: Path, demo) -> tuple[Path, Path]:
    fleet, requests = tmp_path / "fleet.xlsx", tmp_path / "requests.xlsx"
    fleet.write_bytes(
        write_workbook(lang="zh", units=demo.units, sites=demo.sites, vehicles=demo.vehicles, drivers=demo.drivers)
    )
    requests.write_bytes(write_workbook(lang="en", requests=demo.requests))
    return fleet, requests


def page_data(path: Path) -> dict:
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r"^const D = (.*);$", text, re.MULTILINE).group(1))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_day_from_workbooks(run, files: tuple[Path, Path], tmp_path: Path, lang: str) -> None:
    out = tmp_path / "out"
    answer = run("plan", "--fleet", files[0], "--requests", files[1], "--out", out, "--lang", lang, "--json")
    assert answer.exit_code == 0, answer.stderr
    summary = json.loads(answer.stdout)
    plan = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    assert summary["asked_count"] == 70
    assert summary["served_count"] == len(plan["assignments"]) > 0
    named = {entry["request_id"] for key in ("assignments", "unserved") for entry in plan[key]}
    assert named == set(page_data(out / "plan.html")["requests"])
    assert all(reason["message"] for entry in plan["unserved"] for reason in entry["reasons"])
    book = load_workbook(out / "plan.xlsx")
    assert book.sheetnames[:3] == (
        ["汇总", "派车总表", "未派车"] if lang == "zh" else ["Summary", "All orders", "Unserved"]
    )
    assert len(book.sheetnames) == 3 + len(plan["itineraries"])
    for sheet in book.worksheets[3:]:
        assert sheet["A1"].value == ("派 车 单" if lang == "zh" else "DISPATCH ORDER")
    assert len(page_data(out / "plan.html")["routes"]) == len(plan["itineraries"])


def test_the_screen_says_the_figures(run, files: tuple[Path, Path], tmp_path: Path) -> None:
    answer = run("plan", "-f", files[0], "-r", files[1], "-o", tmp_path / "out", "--lang", "zh")
    assert answer.exit_code == 0
    assert "已派车" in answer.stdout
    assert "plan.html" in answer.stdout


def test_one_bad_cell_and_nothing_is_written(run, files: tuple[Path, Path], tmp_path: Path) -> None:
    book = load_workbook(files[0])
    sheet = book["车辆"]
    column = next(cell.column for cell in sheet[1] if cell.value == "乘客座位数")
    sheet.cell(row=3, column=column).value = -4
    book.save(files[0])
    out = tmp_path / "out"
    answer = run("plan", "-f", files[0], "-r", files[1], "-o", out, "--json", "--lang", "zh")
    assert answer.exit_code == 2
    (error,) = json.loads(answer.stdout)["errors"]
    assert (error["sheet"], error["row"], error["column"], error["value"]) == ("车辆", 3, "乘客座位数", "-4")
    assert not out.exists()
    shown = run("plan", "-f", files[0], "-r", files[1], "-o", out, "--lang", "zh")
    assert shown.exit_code == 2
    assert "乘客座位数" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_bad_options_and_missing_files(run, files: tuple[Path, Path], tmp_path: Path) -> None:
    out = ("--out", tmp_path / "out", "--lang", "en")
    blank = tmp_path / "blank.xlsx"
    blank.write_bytes(write_template(lang="en"))
    for arguments, word in (
        (("-f", tmp_path / "none.xlsx", "-r", files[1]), "no such file"),
        (("-r", files[1]), "--fleet is missing"),
        (("-f", files[0], "-r", files[1], "--network", tmp_path), "no road network"),
        (("-f", files[0], "-r", files[1], "--network-nodes", files[0]), "go together"),
        (("-f", files[0], "-r", files[1], "--day", "tomorrow"), "2026-11-23"),
        (("-r", files[1], "--format", "rides", "--from", "9:00", "--to", "07:00"), "--from must be before"),
        (("-r", files[1], "--format", "rides", "--from", "nine"), "not a time of day"),
        (("-r", files[1], "--format", "rides", "--from", "25:00"), "25:00: not a time of day"),
        (("-r", blank, "--fleet", files[0]), "no trip requests in"),
        (("-r", blank, "--fleet", blank), "no trip requests and no vehicles in"),
        (("-f", files[0], "-r", files[0]), "no trip request"),
    ):
        answer = run("plan", *arguments, *out)
        assert answer.exit_code == 2, arguments
        assert word in answer.stderr.replace("\n", " "), (arguments, answer.stderr)
        assert "Traceback" not in answer.stderr
    assert not (tmp_path / "out").exists()


def test_a_small_day_is_proved_and_a_large_one_is_said_to_be_too_large(run, files, tmp_path: Path, demo) -> None:
    few = tmp_path / "few.xlsx"
    few.write_bytes(write_workbook(lang="en", requests=demo.requests[:3]))
    arguments = ("plan", "-f", files[0], "-o", tmp_path / "out", "--exact", "--lang", "en", "--json")
    answer = run(*arguments, "-r", few)
    assert answer.exit_code == 0, answer.stderr
    assert json.loads(answer.stdout)["bound_fen"] is not None
    answer = run(*arguments, "-r", files[1], "--seconds", "1")
    assert answer.exit_code == 2
    assert "Leave out --exact" in answer.stderr.replace("\n", " ")


def test_requests_of_other_days_are_set_aside_by_name(run, files: tuple[Path, Path], tmp_path: Path, demo) -> None:
    first = demo.requests[0]
    moved = first.id
    later = [
        replace(stop, earliest_at=stop.earliest_at + timedelta(days=1), latest_at=stop.latest_at + timedelta(days=1))
        for stop in first.stops
    ]
    requests = [replace(first, stops=tuple(later)), *demo.requests[1:]]
    files[1].write_bytes(write_workbook(lang="en", requests=requests))
    ambiguous = run("plan", "-f", files[0], "-r", files[1], "-o", tmp_path / "out", "--lang", "en")
    assert ambiguous.exit_code == 2
    assert "2026-11-24 (1)" in ambiguous.stderr.replace("\n", " ")
    answer = run("plan", "-f", files[0], "-r", files[1], "-o", tmp_path / "out", "--day", "2026-11-23", "--json")
    assert json.loads(answer.stdout)["set_aside_count"] == 1
    plan = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    assert [entry["request_id"] for entry in plan["set_aside"]] == [moved]


def test_text_that_means_something_elsewhere_stays_text(run, tmp_path: Path) -> None:
    stop = TripStop(
        name="</script><b>上车", lon_wgs84=104.0657, lat_wgs84=30.6595,
        earliest_at=_at("08:00"), latest_at=_at("08:30"),
    )  # fmt: skip
    last = TripStop(name="=1+1", lon_wgs84=104.06, lat_wgs84=30.66, earliest_at=_at("08:00"), latest_at=_at("12:00"))
    request = TripRequest(
        id="R1", unit_id="U1", region="510100", requester_id="P1", kind=TripKind.TRANSFER, purpose="=HYPERLINK(1)",
        passengers=1, stops=(stop, last), submitted_at=_at("07:00"),
    )  # fmt: skip
    nouns = {
        "units": [Unit(id="U1", name="+单位", region="510100", level=Level.COUNTY)],
        "sites": [Site(id="S1", name="@场", region="510100", unit_id="U1", lon_wgs84=104.06, lat_wgs84=30.66)],
        "vehicles": [
            Vehicle(
                id="V1", plate="川A00005", unit_id="U1", region="510100", home_site_id="S1", kind=VehicleKind.SEDAN,
                energy=Energy.PETROL, seats=4, profile="sedan_petrol",
            )
        ],
        "drivers": [
            Driver(
                id="D1", name="张[三]/:*?", unit_id="U1", region="510100", home_site_id="S1", licence="C1",
                shift=Shift(start_s=0, end_s=86_400),
            )
        ],
    }  # fmt: skip
    path = tmp_path / "all.xlsx"
    path.write_bytes(write_workbook(lang="zh", **nouns, requests=[request]))
    answer = run("plan", "-f", path, "-r", path, "-o", tmp_path, "--json")
    assert answer.exit_code == 0, answer.stderr
    assert json.loads(answer.stdout)["served_count"] == 1
    html = (tmp_path / "plan.html").read_text(encoding="utf-8")
    assert html.count("</script>") == 1
    assert page_data(tmp_path / "plan.html")["routes"][0]["stops"][1]["n"] == "</script><b>上车"
    book = load_workbook(tmp_path / "plan.xlsx")
    assert "张三 川A00005" in book.sheetnames
    formulas = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert formulas == []


def _at(clock: str):
    return datetime.fromisoformat(f"{DAY} {clock}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def grid(tmp_path: Path) -> tuple[Path, Path]:
    """Six by six nodes, about 500 m apart."""
    nodes, edges = tmp_path / "nodes.csv", tmp_path / "edges.csv"
    with nodes.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["osm_node_id", "lon", "lat"])
        writer.writerows([f"{x}{y}", 104.0 + 0.005 * x, 30.6 + 0.0045 * y] for x in range(6) for y in range(6))
    with edges.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["from", "to", "length_m"])
        writer.writerows([f"{x}{y}", f"{x + 1}{y}", 480] for x in range(5) for y in range(6))
        writer.writerows([f"{x}{y}", f"{x}{y + 1}", 500] for x in range(6) for y in range(5))
    return nodes, edges


RIDES = [
    ["7", 104.000, 30.600, 104.020, 30.610, 25_200],
    ["7", 104.000, 30.600, 104.020, 30.610, 25_900],
    ["8", 104.010, 30.605, 104.001, 30.622, 26_000],
    ["8", 104.010, 30.605, 104.300, 30.622, 26_000],
    ["9", 104.025, 30.600, 104.000, 30.618, 32_399],
    ["9", 104.025, 30.600, 104.000, 30.618, 32_400],
]


def rides_file(path: Path, rows: list[list[object]]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["order_id", "origin_lng", "origin_lat", "dest_lng", "dest_lat", "request_s_of_day"])
    writer.writerows(rows)
    path.write_text(text.getvalue())
    return path


def test_rides_are_all_answered_by_name(run, grid: tuple[Path, Path], tmp_path: Path) -> None:
    path = rides_file(tmp_path / "rides.csv", RIDES)
    common = ("plan", "-r", path, "--format", "rides", "--network-nodes", grid[0], "--network-edges", grid[1])
    options = ("--cars", 3, "--from", "07:00", "--to", "09:00", "--out", tmp_path / "out", "--lang", "en", "--json")
    answer = run(*common, *options)
    assert answer.exit_code == 0, answer.stderr
    summary = json.loads(answer.stdout)
    assert summary["requests_count"] == 6
    assert summary["off_network_count"] == 1
    assert summary["set_aside_count"] == 1
    assert summary["asked_count"] == 4
    assert summary["repeated_rows"] == [{"row": 3, "repeats": 2}, {"row": 7, "repeats": 6}]
    assert summary["rows_with_an_order_id_used_before"] == 3
    assert any("26.2 km/h" in text for text in summary["assumptions"])
    plan = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    named = [a["request_id"] for a in plan["assignments"]]
    named += [entry["request_id"] for key in ("unserved", "set_aside") for entry in plan[key]]
    assert sorted(named) == sorted(f"row{row:05d}-order{ride[0]}" for row, ride in enumerate(RIDES, start=2))
    (off,) = [entry for entry in plan["unserved"] if entry["reasons"][0]["code"] == "X_OFF_NETWORK"]
    assert off["request_id"] == "row00005-order8"
    assert "m from the nearest road" in off["reasons"][0]["message"]


def test_bad_rides(run, grid: tuple[Path, Path], tmp_path: Path) -> None:
    path = rides_file(
        tmp_path / "rides.csv", [*RIDES, ["x", 30.6, 104.0, 104.0, 30.6, 90_000], ["y", 30.6, 104.0, 104.0, 30.6, 1]]
    )
    answer = run(
        "plan", "-r", path, "--format", "rides", "--network-nodes", grid[0], "--network-edges", grid[1],
        "--out", tmp_path / "out", "--lang", "en", "--json",
    )  # fmt: skip
    assert answer.exit_code == 2
    assert [(e["row"], e["column"]) for e in json.loads(answer.stdout)["errors"]] == [
        (8, "request_s_of_day"),
        (9, "origin_lng"),
    ]
    assert not (tmp_path / "out").exists()


def test_a_bad_street_graph_is_said_in_chinese(run, grid: tuple[Path, Path], tmp_path: Path) -> None:
    grid[1].write_text("from,to,length_m\n00,99,100\n")
    path = rides_file(tmp_path / "rides.csv", RIDES)
    answer = run(
        "plan", "-r", path, "--format", "rides", "--network-nodes", grid[0], "--network-edges", grid[1],
        "--out", tmp_path / "out", "--lang", "zh", "--json",
    )  # fmt: skip
    assert answer.exit_code == 2
    assert "不是 nodes.csv 中的节点" in json.loads(answer.stdout)["error"]


def test_fewer_cars_stand_where_the_first_of_more_cars_stand(grid: tuple[Path, Path]) -> None:
    graph = load_csv(*grid, default_speed_mps=7.0)
    nodes = spread_nodes(graph, 36)
    assert len(set(nodes)) == 36
    assert spread_nodes(graph, 5) == nodes[:5]
    assert spread_nodes(graph, 99) == nodes


def test_violations_are_a_problem_and_no_plan(run, files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Violation(cause=Breach.CAPACITY, vehicle=3, stop=2, detail="five on four seats")
    monkeypatch.setattr("dispatch.service.check", lambda _problem, _plan: (broken,))
    answer = run("plan", "-f", files[0], "-r", files[1], "-o", tmp_path / "out", "--json")
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["violations"] == ["capacity: vehicle 3, stop 2: five on four seats"]
    assert list((tmp_path / "out").iterdir()) == []

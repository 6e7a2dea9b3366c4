from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from api.cli.network import app
from routing.stored import load_network

RUNNER = CliRunner()


def run(*words: str | Path) -> tuple[int, str, str]:
    outcome = RUNNER.invoke(app, [str(word) for word in words])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome.exit_code, outcome.stdout, outcome.stderr


def test_info_about_the_builtin_network():
    code, out, _ = run("info", "--json", "--top", "3")
    body = json.loads(out)
    assert code == 0
    assert body["node_count"] == 690
    assert body["edge_count"] == 3032
    assert body["component_sizes"] == [690]
    assert set(body["length_by_confidence_m"]) == {"sourced", "inferred", "unverified"}
    assert len(body["critical_nodes"]) == 3
    code, out, _ = run("info", "--lang", "en", "--top", "2")
    assert code == 0
    assert "unverified" in out
    assert "ODbL" in out


def test_route_between_places_and_coordinates(tmp_path: Path):
    code, out, _ = run("route", "康定市", "litang", "--json", "--geojson", tmp_path / "r.geojson")
    body = json.loads(out)
    assert code == 0
    assert body["properties"]["steps"][0]["ref"] == "G318"
    assert body["properties"]["confidence"] == "unverified"
    assert json.loads((tmp_path / "r.geojson").read_text(encoding="utf-8")) == body
    peak = json.loads(run("route", "104.06,30.66", "500103", "--json", "--at", "2026-11-23T08:00")[1])
    free = json.loads(run("route", "104.06,30.66", "500103", "--json")[1])
    assert peak["properties"]["drive_s"] > free["properties"]["drive_s"]
    winter = json.loads(run("route", "成都", "重庆", "--json", "--profile", "sedan_bev", "--ambient", "-7")[1])
    mild = json.loads(run("route", "成都", "重庆", "--json", "--profile", "sedan_bev")[1])
    assert winter["properties"]["drive_wh"] > 1.2 * mild["properties"]["drive_wh"]
    code, out, err = run("route", "康定市", "理塘县", "--lang", "zh")
    assert code == 0
    assert "G318" in out
    assert "未核实" in err


def test_matrix_writes_csv_and_npz(tmp_path: Path):
    points = tmp_path / "points.csv"
    points.write_text("id,lon,lat\nA,104.06,30.66\nB,106.55,29.56\nC,105.59,30.53\n", encoding="utf-8")
    code, out, _ = run("matrix", "--points", points, "--out", tmp_path / "m.csv", "--at", "2026-11-23T08:00", "--json")
    assert code == 0
    assert json.loads(out)["band"] == "morning_peak"
    with (tmp_path / "m.csv").open(encoding="utf-8", newline="") as file:
        rows = {(row["from"], row["to"]): int(row["drive_m"]) for row in csv.DictReader(file)}
    assert len(rows) == 9
    assert 250_000 < rows["A", "B"] < 400_000
    assert run("matrix", "--points", points, "--out", tmp_path / "m.npz")[0] == 0
    with np.load(tmp_path / "m.npz") as data:
        assert data["ids"].tolist() == ["A", "B", "C"]


def test_gcj02_points_are_shifted_at_the_edge(tmp_path: Path):
    code, out, _ = run("route", "104.0687,30.6572", "104.07,30.66", "--datum", "gcj02", "--json")
    assert code == 0
    first = json.loads(out)["geometry"]["coordinates"][0]
    assert first != [104.0687, 30.6572]
    assert abs(first[0] - 104.0687) < 0.006


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("route", "亚特兰蒂斯", "成都"), "亚特兰蒂斯"),
        (("route", "104,x", "成都"), "104,x"),
        (("route", "125.0,28.0", "成都"), "125.0"),
        (("route", "成都", "重庆", "--profile", "rocket"), "rocket"),
        (("route", "成都", "重庆", "--at", "tomorrow"), "tomorrow"),
        (("route", "成都", "重庆", "--ambient", "99"), "99"),
        (("route", "成都", "重庆", "--network", "/nowhere"), "nowhere"),
        (("info", "--network", "/nowhere"), "nowhere"),
        (("build", "/nowhere.osm.pbf", "--out", "never-made"), "nowhere"),
    ],
)
def test_bad_input_is_named(words: tuple[str, ...], said: str):
    code, _, err = run(*words, "--lang", "zh")
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_points_off_the_network_are_all_named_and_nothing_is_written(tmp_path: Path):
    points = tmp_path / "points.csv"
    points.write_text("id,lon,lat\nA,104.06,30.66\nsea,125,28\nswapped,30.6,104\n", encoding="utf-8")
    code, out, _ = run("matrix", "--points", points, "--out", tmp_path / "m.csv", "--json")
    assert code == 2
    assert "sea" in json.loads(out)["error"]
    for text, said in [
        ("id,lon\nA,1\n", "lat"),
        ("id,lon,lat\n", "没有数据行"),
        ("id,lon,lat\nA,x,1\n", "第 1 行"),
        ("id,lon,lat\nA,104,30\nA,104,30\n", "重复"),
    ]:
        points.write_text(text, encoding="utf-8")
        code, out, _ = run("matrix", "--points", points, "--out", tmp_path / "m.csv", "--json", "--lang", "zh")
        assert code == 2
        assert said in json.loads(out)["error"]
    assert run("matrix", "--points", points, "--out", tmp_path / "m.txt")[0] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["points.csv"]


def test_build_look_and_drive(tmp_path: Path, shared_dir: Path):
    extract = shared_dir / "data" / "osm" / "andorra.osm.pbf"
    folder = tmp_path / "andorra"
    code, out, _ = run("build", extract, "--out", folder, "--country", "EU", "--json")
    body = json.loads(out)
    assert code == 0
    assert body["report"]["edge_count"] > 4000
    graph = load_network(folder)
    assert graph.digest() == body["digest"]
    assert graph.contraction_order is not None
    code, out, _ = run("info", "--network", folder, "--json")
    assert json.loads(out)["edge_count"] == graph.edge_count
    code, out, _ = run("route", "1.5218,42.5063", "1.7330,42.5430", "--network", folder, "--json")
    assert code == 0
    assert json.loads(out)["properties"]["drive_m"] > 10_000
    assert "CG-2" in out
    cut = tmp_path / "cut.osm.pbf"
    cut.write_bytes(extract.read_bytes()[:200_000])
    code, out, _ = run("build", cut, "--out", folder, "--json")
    assert code == 2
    assert "cut.osm.pbf" in json.loads(out)["error"]
    assert load_network(folder).digest() == graph.digest()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["andorra", "cut.osm.pbf"]
    code, out, _ = run("build", extract, "--out", folder, "--country", "EU", "--lang", "zh")
    assert code == 0
    assert "转向限制" in out


def test_export(tmp_path: Path):
    code, out, _ = run("export", "--out", tmp_path / "net.geojson", "--json")
    assert code == 0
    assert json.loads(out)["edges"] == 3032
    assert len(json.loads((tmp_path / "net.geojson").read_text(encoding="utf-8"))["features"]) == 3032
    code, _, err = run("export", "--out", tmp_path / "net.shp", "--lang", "zh")
    assert code == 2
    assert ".gpkg" in err

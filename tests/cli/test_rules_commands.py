"""``chuanyu rules list|show|check``: both languages, JSON, exit codes, bad input."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.app import build
from fleet.documents import encode
from fleet.ids import RegionCode, SiteId, UnitId, VehicleId
from fleet.sites import ChargeGroup, Site
from fleet.units import Level, Unit
from fleet.vehicles import Acquisition, AcquisitionKind, Battery, Energy, Vehicle, VehicleKind


def run(*arguments: object):
    return CliRunner().invoke(build(), [str(argument) for argument in arguments])


def a_fleet(path: Path, *, nev: int, total: int, region: str = "510700") -> Path:
    unit = Unit(id=UnitId("u1"), name="某市机关事务管理局", region=RegionCode(region), level=Level.PREFECTURE)
    car = Vehicle(
        id=VehicleId("v"),
        plate="川B00001",
        unit_id=unit.id,
        region=unit.region,
        home_site_id=SiteId("s1"),
        kind=VehicleKind.SEDAN,
        energy=Energy.PETROL,
        seats=4,
        profile="sedan_petrol",
        acquisition=Acquisition(on=date(2023, 5, 1), kind=AcquisitionKind.REPLACED),
    )
    electric = replace(car, energy=Energy.BEV, battery=Battery(capacity_wh=60_000, charge_wh=50_000))
    cars = [replace(electric if n < nev else car, id=VehicleId(f"v{n}")) for n in range(total)]
    site = Site(
        id=SiteId("s1"),
        name="市政务中心停车场",
        region=unit.region,
        unit_id=unit.id,
        lon_wgs84=104.7,
        lat_wgs84=31.5,
        charge_groups=(ChargeGroup(points=4, power_w=7_000, dc=False),),
    )
    body = {"unit": [encode(unit)], "vehicle": [encode(own) for own in cars], "site": [encode(site)]}
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


@pytest.mark.parametrize("command", [("rules", "list"), ("rules", "show"), ("rules", "check")])
def test_help_in_both_languages(command):
    answer = run(*command, "--help")
    assert answer.exit_code == 0
    assert any("\u4e00" <= character <= "\u9fff" for character in answer.stdout)


def test_list_and_show():
    everything = json.loads(run("rules", "list", "--json").stdout)
    assert len(everything) == 207
    reach = json.loads(run("rules", "list", "--region", "500152", "--type", "HARD", "--json").stdout)
    assert {"R026", "R116"} <= {own["id"] for own in reach}
    assert "R018" not in {own["id"] for own in reach}
    shown = json.loads(run("rules", "show", "r018", "--region", "510700", "--day", "2026-03-02", "--json").stdout)
    assert shown["values"][0]["value"] == "10*nev > 3*replaced"
    assert shown["values"][0]["carried_over"] is True
    assert ">30%" in shown["citations"][0]["quotation"]
    assert "约束性" in run("rules", "show", "R018").stdout
    assert run("rules", "list", "--lang", "en", "--status", "checked").exit_code == 0
    assert run("rules", "show", "R999").exit_code == 2
    assert run("rules", "list", "--region", "999999").exit_code == 2


def test_check_says_what_fails_and_how_little_would_pass(tmp_path: Path):
    """S07: 3 of 10 fails in Mianyang with exit code 1; 4 of 10 passes."""
    answer = run(
        "rules", "check", "--fleet", a_fleet(tmp_path / "f.json", nev=3, total=10), "--day", "2025-06-30", "--json"
    )
    assert answer.exit_code == 1
    body = json.loads(answer.stdout)
    found = next(own for own in body["findings"] if own["rule_id"] == "R018" and not own["subject"])
    assert (found["verdict"], found["x"], found["y"]) == ("fail", 3, 10)
    assert found["change"]["count"] == 1
    assert found["citation"]["quotation"]
    assert body["counts"]["fail"] >= 1

    path = a_fleet(tmp_path / "g.json", nev=4, total=10)
    passed = run("rules", "check", "--fleet", path, "--day", "2025-06-30", "--lang", "zh")
    assert passed.exit_code == 0
    assert "通过" in passed.stdout
    only = json.loads(run("rules", "check", "--fleet", path, "--day", "2025-06-30", "--failed", "--json").stdout)
    assert {own["verdict"] for own in only["findings"]} <= {"fail", "warn"}


def test_a_workbook_is_a_fleet_too(tmp_path: Path):
    path = tmp_path / "demo.xlsx"
    assert run("template", "--out", path, "--filled", "--day", "2026-11-23").exit_code == 0
    answer = run("rules", "check", "--fleet", path, "--day", "2026-11-23", "--region", "510900", "--json")
    assert answer.exit_code in (0, 1)
    assert {own["region"] for own in json.loads(answer.stdout)["findings"]} == {"510900"}


OVERRIDE = """
overrides = "R021"
[signature]
person = "张三"
on = 2025-01-05
reason = "市政府常务会议决定"
[[values]]
name = "nev_share"
integer = "2*nev > 1*replaced"
unit = "ratio"
regions = ["510100"]
from = 2025-02-01
origin = "local"
"""


def test_an_offices_folder_of_rules(tmp_path: Path):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "chengdu.toml").write_text(OVERRIDE, encoding="utf-8")
    path = a_fleet(tmp_path / "f.json", nev=5, total=10, region="510100")

    def chengdu(*more: object) -> dict[str, object]:
        answer = run("rules", "check", "--fleet", path, "--day", "2025-06-30", "--json", *more)
        return next(own for own in json.loads(answer.stdout)["findings"] if own["rule_id"] == "R021")

    assert chengdu()["verdict"] == "not_set"
    assert chengdu("--overrides", folder)["bound"] == "2*nev > 1*replaced"
    (folder / "chengdu.toml").write_text(OVERRIDE.replace('person = "张三"', 'person = ""'), encoding="utf-8")
    refused = run("rules", "check", "--fleet", path, "--overrides", folder)
    assert refused.exit_code == 2
    assert "signature" in refused.stderr
    assert run("rules", "list", "--overrides", tmp_path / "none").exit_code == 2


@pytest.mark.parametrize("text", ["{", '{"unit": {}}', '{"unit": [], "car": []}', '{"vehicle": [{"id": "v"}]}'])
def test_a_file_that_is_no_fleet_is_said(tmp_path: Path, text: str):
    path = tmp_path / "f.json"
    path.write_text(text, encoding="utf-8")
    answer = run("rules", "check", "--fleet", path)
    assert answer.exit_code == 2
    assert answer.stderr.strip()

"""``chuanyu scenario`` with a stand-in for the search."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.app import build
from scenarios.simulate import run_scenario


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, solver):
    monkeypatch.setattr("api.cli.scenario_command.run_scenario", partial(run_scenario, solver=solver))
    monkeypatch.setattr("dispatch.service.check", lambda _problem, _plan: ())
    return lambda *arguments: CliRunner().invoke(build(), [str(argument) for argument in arguments])


def test_the_scenarios_are_listed(run) -> None:
    names = [entry["name"] for entry in json.loads(run("scenario", "list", "--json").stdout)]
    assert "demo-day" in names
    assert "demo-day" in run("scenario", "list", "--lang", "en").stdout


def test_a_scenario_compares_two_fleets(run, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "result.json"
    answer = run("scenario", "run", "suining-tongnan", "--out", out, "--json")
    assert answer.exit_code == 0, answer.stderr
    report = json.loads(answer.stdout)
    assert json.loads(out.read_text(encoding="utf-8")) == report
    as_given, replaced = report["fleets"]
    assert replaced["nev_count"] > as_given["nev_count"]
    shown = run("scenario", "run", "suining-tongnan", "--lang", "zh")
    assert "二氧化碳" in shown.stdout


def test_an_unknown_scenario_is_bad_input(run) -> None:
    answer = run("scenario", "run", "no-such-day", "--lang", "en")
    assert answer.exit_code == 2
    assert "demo-day" in answer.stderr
    assert "Traceback" not in answer.stderr

"""Benchmark readers and runs: small instances written here, and real ones where the data folder is there."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from api.cli.bench import app
from dispatch.bench.readers import read
from dispatch.bench.run import solve_file
from dispatch.errors import BadInstance

SQUARE = """1 2 480 3 30
0 0 0 0 0 0 480
1 0 3 1 1 10 40
2 4 0 1 1 0 480
3 4 3 1 -1 0 480
4 0 0 1 -1 50 100
5 0 0 0 0 0 480
"""
PAIRS = """2 10 1
0 0 0 0 0 100 0 0 0
1 0 3 2 0 100 1 0 2
2 4 3 -2 0 100 1 1 0
"""


@pytest.fixture(scope="module")
def checker(shared_dir: Path) -> ModuleType:
    """The independent checker that comes with the data."""
    path = shared_dir / "data" / "bench" / "check_solution.py"
    spec = importlib.util.spec_from_file_location("check_solution", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_dial_a_ride_file(tmp_path: Path) -> None:
    path = tmp_path / "square.txt"
    path.write_text(SQUARE)
    instance = read(path, "cordeau")
    assert instance.pairs == [(1, 3), (2, 4)]
    assert instance.ride == {1: 30.0, 2: 30.0}
    outcome = solve_file(path, "cordeau", seconds=0.5, seed=0, threads=1, out=tmp_path)
    # out along the upper side and back along the lower one
    assert outcome.cost == pytest.approx(14.0)
    assert json.loads((tmp_path / "square.solution.json").read_text()) == {"routes": [[1, 3, 2, 4]]}


def test_a_pickup_and_delivery_file(tmp_path: Path) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text(PAIRS)
    outcome = solve_file(path, "lilim", seconds=0.3, seed=0, threads=1, out=tmp_path)
    assert (outcome.cost, outcome.vehicles, outcome.unserved) == (pytest.approx(12.0), 1, 0)


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("cordeau", "1 2\n"),
        ("cordeau", "1 9 480 3 30\n0 0 0 0 0 0 480\n"),
        ("mdhdarp", "1 1\n480 1 1 1 1\n"),
        ("nosuch", PAIRS),
    ],
)
def test_another_file_is_refused(tmp_path: Path, format: str, text: str) -> None:
    path = tmp_path / "odd.txt"
    path.write_text(text)
    with pytest.raises(BadInstance) as caught:
        read(path, format)
    assert caught.value.instance == "odd"


def test_a_battery_needs_its_least_level(tmp_path: Path) -> None:
    path = tmp_path / "odd.txt"
    path.write_text(PAIRS)
    with pytest.raises(BadInstance, match="gamma"):
        read(path, "eadarp")


@pytest.mark.parametrize(
    ("format", "name", "gamma", "within_percent"),
    [
        ("cordeau", "a2-16", None, 0.01),
        ("cordeau", "b3-18", None, 0.01),
        ("lilim", "lc107", None, 0.01),
        ("mdhdarp", "a9-72hetIUY", None, 8.0),
        ("eadarp", "a2-16", 0.4, 1.0),
    ],
)
def test_real_instances_pass_the_independent_checker(
    shared_dir: Path,
    checker: ModuleType,
    tmp_path: Path,
    format: str,
    name: str,
    gamma: float | None,
    within_percent: float,
) -> None:
    path = shared_dir / "data" / "bench" / format / f"{name}.txt"
    outcome = solve_file(path, format, seconds=3.0, seed=0, threads=2, out=tmp_path, gamma=gamma)
    result, _ = checker.run(format, str(path), str(tmp_path / f"{name}.solution.json"), gamma)
    assert result["violations"] == []
    assert result["gap_percent"] <= within_percent
    assert outcome.unserved == 0
    assert outcome.cost == pytest.approx(result["cost"], abs=1e-4)


def test_the_command_prints_one_line_per_instance(tmp_path: Path) -> None:
    path = tmp_path / "square.txt"
    path.write_text(SQUARE)
    run = CliRunner().invoke(
        app, ["solve", str(tmp_path / "sq*.txt"), "--format", "cordeau", "--seconds", "0.3", "--out", str(tmp_path)]
    )
    assert run.exit_code == 0
    line = json.loads(run.stdout)
    assert list(line) == [
        "instance",
        "cost",
        "vehicles",
        "unserved",
        "seconds",
        "iterations",
        "seed",
        "bound",
        "solver",
    ]
    assert line["instance"] == "square"


def test_the_command_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["solve", str(tmp_path / "none.txt"), "--format", "cordeau"])
    assert run.exit_code == 2

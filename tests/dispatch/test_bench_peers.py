"""Peers on benchmark instances: what they answer is held against the instance's rules, and the table tells them apart."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.bench import app
from dispatch.bench.peers import ortools_routing
from dispatch.bench.peers.mending import holds, mended, weight
from dispatch.bench.peers.run import MODULES, PACKAGES, solve_file
from dispatch.bench.peers.windows import cut_windows
from dispatch.bench.readers import read
from dispatch.bench.table import Known, Result, gap_percent, read_known, read_results, table
from dispatch.errors import BadInstance, PeerMissing
from tests.dispatch.test_bench import PAIRS, SQUARE

INSTALLED = [name for name, package in PACKAGES.items() if importlib.util.find_spec(package)]
RIDES = """2 2 100 3 10
0 0 0 0 0 0 480
1 0 3 1 1 0 480
2 4 0 1 1 0 480
3 4 3 1 -1 90 100
4 0 0 1 -1 50 100
5 0 0 0 0 0 480
"""


@pytest.fixture
def square(tmp_path: Path) -> Path:
    path = tmp_path / "square.txt"
    path.write_text(SQUARE)
    return path


@pytest.mark.parametrize("name", INSTALLED)
def test_a_peer_finds_the_best_way_round(name: str, square: Path, tmp_path: Path) -> None:
    outcome = solve_file(square, "cordeau", solver=name, seconds=1.0, seed=0, threads=1, out=tmp_path)
    assert (outcome.solver, outcome.unserved, outcome.vehicles) == (name, 0, 1)
    assert outcome.cost == pytest.approx(14.0)
    instance = read(square, "cordeau")
    body = json.loads((tmp_path / "square.solution.json").read_text())
    assert all(holds(instance, 0, nodes) for nodes in body["routes"])


@pytest.mark.parametrize("name", INSTALLED)
def test_a_peer_takes_pickups_and_deliveries(name: str, tmp_path: Path) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text(PAIRS)
    outcome = solve_file(path, "lilim", solver=name, seconds=1.0, seed=0, threads=1, out=tmp_path)
    assert (outcome.cost, outcome.vehicles, outcome.unserved) == (pytest.approx(12.0), 1, 0)


def test_a_package_that_is_missing_is_named(square: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKAGES, "vroom", "no_such_package")
    with pytest.raises(PeerMissing, match=r"no_such_package.*\[bench\]"):
        solve_file(square, "cordeau", solver="vroom", seconds=1.0, seed=0, threads=1, out=tmp_path)
    run = CliRunner().invoke(app, ["solve", str(square), "--format", "cordeau", "--solver", "vroom"])
    assert run.exit_code == 2
    run = CliRunner().invoke(app, ["solve", str(square), "--format", "cordeau", "--solver", "nobody"])
    assert run.exit_code == 2


def test_batteries_are_refused(square: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInstance, match="partial charging"):
        solve_file(square, "eadarp", solver="ortools", seconds=1.0, seed=0, threads=1, out=tmp_path)


def test_windows_are_cut_until_every_schedule_keeps_the_ride_time(tmp_path: Path) -> None:
    path = tmp_path / "rides.txt"
    path.write_text(RIDES)
    instance = read(path, "cordeau")
    whole = cut_windows(instance, share=0.0)
    # the ride of 10 leaves the pick-up little room before the drop-off's window
    assert whole[1] == (79.0, 95.0)
    assert whole[3] == (90.0, 100.0)
    cut = cut_windows(instance, share=1.0)
    for p, d in instance.pairs:
        assert cut[d][1] - cut[p][0] - instance.service[p] <= instance.ride[p] + 1e-9
        assert cut[p][0] <= cut[p][1]
        assert cut[d][0] <= cut[d][1]


def test_what_breaks_a_rule_is_mended_and_what_was_left_over_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "rides.txt"
    path.write_text(RIDES)
    instance = read(path, "cordeau")
    assert not holds(instance, 0, [1, 2, 4, 3])  # 1 is picked up before 50 and set down at 90, ten later at the most
    assert not holds(instance, 0, [1, 2, 3])
    assert not holds(instance, 0, [3, 1])
    routes = mended(instance, [(0, [1, 2, 4, 3])])
    assert all(holds(instance, vehicle, nodes) for vehicle, nodes in routes)
    assert weight(instance, routes)[0] == 0
    assert weight(instance, mended(instance, [(0, [1, 3])]))[0] == 1


def test_a_route_longer_than_its_duration_does_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "short.txt"
    path.write_text(SQUARE.replace("1 2 480 3 30", "1 2 29 3 30").replace("3 4 3 1 -1 0 480", "3 4 3 1 -1 60 480"))
    instance = read(path, "cordeau")
    assert holds(instance, 0, [1, 3])
    assert not holds(instance, 0, [1, 2, 3, 4])


def result(solver: str, instance: str, cost: float, *, vehicles: int = 2, unserved: int = 0) -> Result:
    return Result(instance=instance, gamma=None, solver=solver, seed=0, cost=cost, vehicles=vehicles, unserved=unserved)


def test_only_like_is_compared_with_like() -> None:
    assert gap_percent(result("a", "x", 110.0), Known(cost=100.0, vehicles=None)) == pytest.approx(10.0)
    assert gap_percent(result("a", "x", 90.0, unserved=1), Known(cost=100.0, vehicles=None)) is None
    assert gap_percent(result("a", "x", 90.0, vehicles=3), Known(cost=100.0, vehicles=2)) is None


def test_the_table_puts_solvers_side_by_side() -> None:
    rows = [result("vroom", "x", 105.0), result("chuanyu", "x", 100.0), result("vroom", "y", 10.0, unserved=2)]
    known = {("x", None): Known(cost=100.0, vehicles=None), ("y", None): Known(cost=20.0, vehicles=None)}
    lines = table(rows, known).splitlines()
    assert lines[0] == "| instance | best known | chuanyu | vroom |"
    assert lines[2:4] == ["| x | 100.00 | 0.00 % | 5.00 % |", "| y | 20.00 |  | 2 left over |"]
    assert lines[-1] == "| compared, not comparable | | 1, 0 | 1, 1 |"


def test_the_command_makes_the_table_from_a_folder(square: Path, tmp_path: Path) -> None:
    out, known = tmp_path / "out", tmp_path / "best_known.csv"
    arguments = [
        "solve",
        str(square),
        "--format",
        "cordeau",
        "--seconds",
        "1",
        "--out",
        str(out),
        "--solver",
        "ortools",
    ]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    known.write_text("instance,gamma,best_known_cost,best_known_vehicles\nsquare,,14.0,\n")
    run = CliRunner().invoke(app, ["table", str(out), "--known", str(known)])
    assert run.exit_code == 0
    assert "| square | 14.00 | 0.00 % |" in run.stdout
    (out / "results.jsonl").write_text("{}\n")
    assert CliRunner().invoke(app, ["table", str(out), "--known", str(known)]).exit_code == 2


def test_tables_that_are_none_are_refused(tmp_path: Path) -> None:
    known = tmp_path / "best_known.csv"
    known.write_text("instance,gamma,best_known_cost\nx,,abc\n")
    with pytest.raises(BadInstance, match="row 2"):
        read_known([known])
    (tmp_path / "results.jsonl").write_text('{"instance": 1}\n')
    with pytest.raises(BadInstance, match="line 1"):
        read_results([tmp_path])


def test_every_peer_has_its_package() -> None:
    assert set(MODULES) == set(PACKAGES)
    assert ortools_routing.__doc__ is not None

"""A day planned on a network out of an OpenStreetMap extract, from the map to the written orders."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

from typer.testing import CliRunner

from api.cli.app import build
from routing.stored import load_network
from tests.routing.test_osm import restriction, write_osm


def run(*arguments: object):
    return CliRunner().invoke(build(), [str(argument) for argument in arguments])


def test_rides_on_an_imported_map(tmp_path: Path):
    # Streets in a square of eight by eight junctions in Sichuan, some of them one-way, with a forbidden turn.
    nodes = {10 * y + x + 1: (float(x), float(y)) for y in range(8) for x in range(8)}
    ways = {}
    for line in range(8):
        oneway = {"oneway": "yes"} if line in (3, 4) else {}
        refs = [10 * line + x + 1 for x in range(8)]
        ways[100 + line] = (refs if line != 4 else refs[::-1], {"highway": "residential", **oneway})
        ways[200 + line] = ([10 * y + line + 1 for y in range(8)], {"highway": "tertiary"})
    turns = [restriction("no_left_turn", 102, 25, 204)]
    extract = write_osm(tmp_path / "town.osm", nodes, ways, turns)
    network = tmp_path / "net"
    built = run("network", "build", extract, "--out", network, "--json")
    assert built.exit_code == 0, built.stderr
    graph = load_network(network)
    chance = random.Random(4)
    rides = tmp_path / "rides.csv"
    with rides.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["order_id", "origin_lng", "origin_lat", "dest_lng", "dest_lat", "request_s_of_day"])
        for number in range(12):
            a, b = (chance.randrange(graph.node_count) for _ in range(2))
            places = [float(x) for node in (a, b) for x in (graph.node_lon_wgs84[node], graph.node_lat_wgs84[node])]
            writer.writerow([number, *places, 28_800 + 120 * number])
    answer = run(
        "plan", "-r", rides, "--format", "rides", "--network", network, "--cars", 4, "--from", "07:00", "--to", "10:00",
        "--iterations", 100, "--out", tmp_path / "out", "--lang", "en", "--json",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.stderr + answer.stdout
    summary = json.loads(answer.stdout)
    assert summary["requests_count"] == 12
    plan = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    reasons = {reason["code"] for entry in plan["unserved"] for reason in entry["reasons"]}
    assert not reasons & {"X_UNREACHABLE", "X_OFF_NETWORK"}
    answered = {a["request_id"] for a in plan["assignments"]}
    answered |= {entry["request_id"] for key in ("unserved", "set_aside") for entry in plan[key]}
    assert len(answered) == 12

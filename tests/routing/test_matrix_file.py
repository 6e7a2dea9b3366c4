from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from routing.builtin import load_builtin
from routing.closures import Closure
from routing.conditions import Conditions
from routing.engine import Point, RoadEngine
from routing.matrix_file import CachedRoads, read_matrix, write_matrix
from routing.profiles import PROFILES

GRAPH = load_builtin()
POINTS = [
    Point(lon_wgs84=float(lon), lat_wgs84=float(lat))
    for lon, lat in zip(GRAPH.node_lon_wgs84[::40], GRAPH.node_lat_wgs84[::40], strict=True)
]
CAR = PROFILES["suv_bev"]
NOW = datetime(2026, 11, 20, tzinfo=UTC)


class CountingEngine(RoadEngine):
    asked = 0

    def matrix(self, *args, **keywords):
        self.asked += 1
        return super().matrix(*args, **keywords)


def test_a_file_holds_the_matrix(tmp_path: Path):
    legs = RoadEngine(GRAPH).matrix(POINTS, CAR, access_limit_m=1)
    ids = [f"点{number}" for number in range(len(POINTS))]
    write_matrix(legs, ids, tmp_path / "legs.npz")
    again, again_ids = read_matrix(tmp_path / "legs.npz")
    assert again_ids == tuple(ids)
    assert again.profile == legs.profile
    assert (again.drive_wh == legs.drive_wh).all()
    write_matrix(legs, ids, tmp_path / "legs.csv")
    with (tmp_path / "legs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(POINTS) ** 2
    assert rows[1]["from"] == "点0"
    assert int(rows[1]["drive_s"]) == legs.drive_s[0, 1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["legs.csv", "legs.npz"]


def test_the_cache_answers_once_per_question(tmp_path: Path):
    engine = CountingEngine(GRAPH)
    roads = CachedRoads(engine, tmp_path / "cache")
    first = roads.matrix(POINTS, CAR, access_limit_m=10)
    again = CachedRoads(engine, tmp_path / "cache").matrix(POINTS, CAR, access_limit_m=10)
    assert engine.asked == 1
    assert (first.drive_wh == again.drive_wh).all()
    assert (first.confidence == again.confidence).all()
    roads.matrix(POINTS[::-1], CAR, access_limit_m=10)
    roads.matrix(POINTS, CAR, access_limit_m=11)
    roads.matrix(POINTS, PROFILES["suv_petrol"], access_limit_m=10)
    roads.matrix(POINTS, replace(CAR, mass_kg=9000), access_limit_m=10)
    roads.matrix(POINTS, CAR, access_limit_m=10, conditions=Conditions(ambient_c=-7))
    engine.impose([Closure(id="x", starts_at=NOW, ends_at=None, refs=frozenset({"G318"}))], at=NOW)
    closed = roads.matrix(POINTS, CAR, access_limit_m=10)
    assert engine.asked == 7
    assert len(list((tmp_path / "cache").iterdir())) == 7
    assert (closed.drive_s != first.drive_s).any()
    assert roads.try_snap(POINTS[0], limit_m=1) is not None


def test_a_spoilt_file_is_worked_out_again(tmp_path: Path):
    engine = CountingEngine(GRAPH)
    roads = CachedRoads(engine, tmp_path)
    first = roads.matrix(POINTS, CAR, access_limit_m=10)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for spoilt in (b"", b"no archive", whole[: len(whole) // 2]):
        file.write_bytes(spoilt)
        assert (roads.matrix(POINTS, CAR, access_limit_m=10).drive_s == first.drive_s).all()
    assert engine.asked == 4
    read_matrix(file)


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    legs = RoadEngine(GRAPH).matrix(POINTS[:2], CAR, access_limit_m=1)

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_matrix(legs, ["a", "b"], tmp_path / "x.npz")
    assert list(tmp_path.iterdir()) == []

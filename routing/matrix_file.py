"""Leg matrices as files, and a cache of them on disk."""

from __future__ import annotations

import csv
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from routing.closures import Closure
from routing.conditions import Barred, Conditions
from routing.engine import MILD, RoadEngine
from routing.matrix import LegMatrix
from routing.profiles import DriveProfile
from routing.snap import Point, Snap

_ARRAYS = tuple(item.name for item in fields(LegMatrix) if item.name != "profile")
_VERSION = "legs/1"


def write_matrix(legs: LegMatrix, ids: Sequence[str], path: Path) -> None:
    """Write ``.npz`` (the arrays of :class:`routing.matrix.LegMatrix`, and ``ids``) or ``.csv`` (one row a pair).

    The file appears whole or not at all. Unreachable pairs keep their -1 in ``.npz`` and are empty in ``.csv``.
    """
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    try:
        if path.suffix == ".npz":
            arrays = {name: getattr(legs, name) for name in _ARRAYS}
            np.savez_compressed(partial, profile=np.array(legs.profile), ids=np.array(list(ids)), **arrays)
        else:
            with Path(partial).open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(["from", "to", *_ARRAYS])
                for row, from_id in enumerate(ids):
                    for column, to_id in enumerate(ids):
                        reached = legs.reachable[row, column]
                        values = [int(getattr(legs, name)[row, column]) if reached else "" for name in _ARRAYS]
                        writer.writerow([from_id, to_id, *values])
        Path(partial).replace(path)
    finally:
        Path(partial).unlink(missing_ok=True)


def read_matrix(path: Path) -> tuple[LegMatrix, tuple[str, ...]]:
    """Read what :func:`write_matrix` wrote as ``.npz``.

    Raises
    ------
    ValueError, OSError, KeyError
        If the file is not one, or is cut short.
    """
    with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
        arrays = {name: data[name] for name in _ARRAYS}
        return LegMatrix(profile=str(data["profile"]), **arrays), tuple(str(id) for id in data["ids"])


class CachedRoads:
    """A road engine that keeps its matrices in a folder, under a digest of everything they depend on.

    The digest covers the graph, the profile with all its figures, the conditions, the closures in force, the access rule, its
    limit, and the points. A file that cannot be read is worked out again and replaced; the folder may be emptied at any time.
    """

    def __init__(self, engine: RoadEngine, folder: Path) -> None:
        self.engine = engine
        self._folder = folder
        self._graph_digest = engine.graph.digest()

    def try_snap(self, point: Point, *, limit_m: float) -> Snap | None:
        return self.engine.try_snap(point, limit_m=limit_m)

    def concerns(self, barred: Barred) -> bool:
        return self.engine.concerns(barred)

    def matrix(
        self, points: Sequence[Point], profile: DriveProfile, *, access_limit_m: float, conditions: Conditions = MILD
    ) -> LegMatrix:
        """As :meth:`routing.engine.RoadEngine.matrix`."""
        path = self._folder / f"{self._key(points, profile, access_limit_m, conditions, self.engine.imposed)}.npz"
        try:
            legs, _ = read_matrix(path)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            legs = self.engine.matrix(points, profile, access_limit_m=access_limit_m, conditions=conditions)
            self._folder.mkdir(parents=True, exist_ok=True)
            write_matrix(legs, [str(number) for number in range(len(points))], path)
        return legs

    def _key(
        self,
        points: Sequence[Point],
        profile: DriveProfile,
        access_limit_m: float,
        conditions: Conditions,
        closures: Sequence[Closure],
    ) -> str:
        sha = hashlib.sha256(f"{_VERSION} {self._graph_digest} {self.engine.access} {access_limit_m!r}".encode())
        # A set has no order of its own, so that road numbers are sorted before they count.
        barred = [(one.id, one.speed_frac, sorted(one.refs), one.geometry) for one in closures]
        kept_out = None if conditions.barred is None else (sorted(conditions.barred.refs), conditions.barred.rings)
        sha.update(f"{profile!r} {replace(conditions, barred=None)!r} {kept_out!r} {barred!r}".encode())
        for point in points:
            sha.update(f"{point.lon_wgs84!r},{point.lat_wgs84!r};".encode())
        return sha.hexdigest()

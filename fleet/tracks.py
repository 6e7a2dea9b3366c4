"""Positions of vehicles: one table in SQLite beside the ledger, written in batches, each on disk before it is acknowledged.

Positions are many, and nobody decides on a single one: they are no documents, pass no event stream, and are deleted after a
time. A position is known by vehicle and instant, so that a batch that is sent twice is stored once.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fleet.errors import StoreUnavailable
from fleet.ids import VehicleId

_SCHEMA = """
CREATE TABLE IF NOT EXISTS position (
    vehicle_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    lon_wgs84 REAL NOT NULL,
    lat_wgs84 REAL NOT NULL,
    speed_mps REAL,
    charge_frac REAL,
    PRIMARY KEY (vehicle_id, at_ms)
) WITHOUT ROWID
"""


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a vehicle was. ``speed_mps`` and ``charge_frac`` are None where the device does not tell them."""

    vehicle_id: VehicleId
    at: datetime
    lon_wgs84: float
    lat_wgs84: float
    speed_mps: float | None = None
    charge_frac: float | None = None


class Tracks:
    """The track store of one data folder; safe for threads and for several processes on one machine."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.Lock()
        try:
            self._base = sqlite3.connect(str(path), timeout=10, check_same_thread=False, isolation_level=None)
            self._base.execute("PRAGMA journal_mode=WAL")
            # A batch that was acknowledged survives a power failure.
            self._base.execute("PRAGMA synchronous=FULL")
            self._base.execute(_SCHEMA)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the track store cannot be opened: {error}") from error
        self._newest: dict[VehicleId, Position] = {}

    def close(self) -> None:
        with self._lock:
            self._base.close()

    def add(self, positions: Sequence[Position]) -> int:
        """Store positions, all or none; return how many were new.

        Raises
        ------
        StoreUnavailable
            If they are not on disk: the disk is full, or the file cannot be written.
        """
        rows = [(p.vehicle_id, _ms(p.at), p.lon_wgs84, p.lat_wgs84, p.speed_mps, p.charge_frac) for p in positions]
        with self._answering(), self._lock:
            before = self._base.total_changes
            self._base.execute("BEGIN IMMEDIATE")
            try:
                self._base.executemany("INSERT OR IGNORE INTO position VALUES (?, ?, ?, ?, ?, ?)", rows)
                self._base.execute("COMMIT")
            except sqlite3.Error:
                self._base.execute("ROLLBACK")
                raise
            added = self._base.total_changes - before
            for position in positions:
                known = self._newest.get(position.vehicle_id)
                if known is None or known.at < position.at:
                    self._newest[position.vehicle_id] = position
        return added

    def newest(self, vehicle_ids: Iterable[VehicleId]) -> dict[VehicleId, Position]:
        """The newest known position of each vehicle that has one."""
        found: dict[VehicleId, Position] = {}
        for vehicle_id in vehicle_ids:
            known = self._newest.get(vehicle_id)
            if known is None:
                known = next(self._read("vehicle_id = ? ORDER BY at_ms DESC LIMIT 1", (vehicle_id,)), None)
                if known is None:
                    continue
                self._newest.setdefault(vehicle_id, known)
            found[vehicle_id] = known
        return found

    def track(self, vehicle_id: VehicleId, *, begin: datetime, end: datetime, limit: int = 10_000) -> list[Position]:
        """Positions from ``begin`` until before ``end``, in order, the first ``limit`` of them."""
        where = "vehicle_id = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms LIMIT ?"
        return list(self._read(where, (vehicle_id, _ms(begin), _ms(end), limit)))

    def count(self) -> int:
        with self._answering(), self._lock:
            return int(self._base.execute("SELECT count(*) FROM position").fetchone()[0])

    def forget(self, *, before: datetime) -> int:
        """Delete what is older; return how many."""
        with self._answering(), self._lock:
            return self._base.execute("DELETE FROM position WHERE at_ms < ?", (_ms(before),)).rowcount

    def _read(self, where: str, values: tuple[object, ...]) -> Iterator[Position]:
        columns = "vehicle_id, at_ms, lon_wgs84, lat_wgs84, speed_mps, charge_frac"
        with self._answering(), self._lock:
            # ``where`` is one of the two texts of this class; values are bound.
            rows = self._base.execute(f"SELECT {columns} FROM position WHERE {where}", values).fetchall()  # noqa: S608
        for vehicle_id, at_ms, lon, lat, speed, charge in rows:
            yield Position(
                vehicle_id=VehicleId(vehicle_id),
                at=datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms),
                lon_wgs84=lon,
                lat_wgs84=lat,
                speed_mps=speed,
                charge_frac=charge,
            )

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the track store does not answer: {error}") from error


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)

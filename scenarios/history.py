"""Demand from history: days of the past, drawn by kind of day and season and moved to the day that is simulated.

A whole day is drawn at a time (a block bootstrap: Künsch 1989, *Annals of Statistics* 17(3)), so that what belongs together on
a day (meetings, inspections, market days) stays together. Past requests come from the ledger's events, or from a workbook or
CSV.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from dispatch.view import LOCAL_ZONE, local_day
from fleet.documents import decode
from fleet.errors import InvalidFact
from fleet.ids import PersonId, RegionCode, RequestId, UnitId
from fleet.requests import Priority, RequestState, TripKind, TripRequest, TripStop
from fleet.store import Event
from scenarios.errors import InvalidScenario
from scenarios.streams import Streams
from scenarios.workdays import DayKind, day_kind

#: Columns of a workbook or CSV of past requests; the starred ones are needed in every row.
COLUMNS = (
    "unit_id*", "region*", "purpose", "passengers", "kind", "priority", "shareable", "submitted_at*",
    "from_name", "from_lon_wgs84*", "from_lat_wgs84*", "to_name", "to_lon_wgs84*", "to_lat_wgs84*",
    "earliest_at*", "latest_at*", "arrive_by*",
)  # fmt: skip


def season_of(day: date) -> int:
    """0 spring (March to May), 1 summer, 2 autumn, 3 winter (meteorological seasons)."""
    return (day.month - 3) % 12 // 3


@dataclass(frozen=True, kw_only=True)
class History:
    """Requests of the past by their local day; days between the first and the last without any count as well."""

    days: Mapping[date, tuple[TripRequest, ...]]

    def candidates(self, day: date) -> list[date]:
        """Days to draw from: same kind, weekday and season; where there are none, the season is dropped, then the weekday."""
        kind = day_kind(day)
        alike = [past for past in sorted(self.days) if day_kind(past) is kind]
        same_weekday = [past for past in alike if kind is not DayKind.WORKDAY or past.weekday() == day.weekday()]
        same_season = [past for past in same_weekday if season_of(past) == season_of(day)]
        return same_season or same_weekday or alike or sorted(self.days)

    def draw(self, day: date, streams: Streams) -> tuple[TripRequest, ...]:
        """The requests of a day like this one, moved to it, approved and with ids of their own."""
        candidates = self.candidates(day)
        if not candidates:
            return ()
        past = candidates[int(streams.uniform("history", day.isoformat()) * len(candidates))]
        shift = timedelta(days=(day - past).days)
        return tuple(
            moved(request, shift, RequestId(f"R-{day:%Y%m%d}-{number:04d}"))
            for number, request in enumerate(self.days[past], start=1)
        )


def moved(request: TripRequest, shift: timedelta, id: RequestId) -> TripRequest:
    """The same request on another day."""
    return replace(
        request,
        id=id,
        stops=tuple(
            replace(stop, earliest_at=stop.earliest_at + shift, latest_at=stop.latest_at + shift)
            for stop in request.stops
        ),
        submitted_at=request.submitted_at + shift,
        decided_at=(request.decided_at or request.submitted_at) + shift,
        state=RequestState.APPROVED,
    )


def history_of(requests: Iterable[TripRequest]) -> History:
    """Sort requests into days; rejected ones never asked for a vehicle and are left out."""
    days: dict[date, list[TripRequest]] = defaultdict(list)
    for request in requests:
        if request.state not in (RequestState.REJECTED, RequestState.SUBMITTED):
            days[local_day(request.stops[0].earliest_at)].append(request)
    if not days:
        return History(days={})
    first, last = min(days), max(days)
    every = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return History(days={day: tuple(sorted(days[day], key=lambda r: (r.submitted_at, r.id))) for day in every})


def history_of_events(events: Iterable[Event]) -> History:
    """Read the last state of every request out of the ledger's events."""
    latest: dict[str, TripRequest] = {}
    for event in events:
        for one in event.documents:
            if one.kind == "request" and one.version:
                latest[one.id] = decode("request", one.body)
    return history_of(latest[id] for id in sorted(latest))


def read_history(path: Path) -> History:
    """Read past requests from a workbook (``.xlsx``) or a CSV in UTF-8 with the columns of :data:`COLUMNS`.

    Raises
    ------
    InvalidScenario
        Naming the row and column of the first entry that cannot be used.
    """
    if not path.is_file():
        raise InvalidScenario(source=path.name, field="period.history", value=str(path), remedy="a .xlsx or .csv file")
    names, lines = _table(path)
    missing = [name[:-1] for name in COLUMNS if name.endswith("*") and name[:-1] not in names]
    if missing:
        raise InvalidScenario(
            source=path.name, field="columns", value=", ".join(names), remedy=f"missing: {', '.join(missing)}"
        )
    rows = [dict(zip(names, line, strict=False)) for line in lines]
    return history_of(_request(row, number, path.name) for number, row in enumerate(rows, start=2))


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    """The heads and the rows of the first sheet, everything as text; empty rows keep their place."""
    if path.suffix == ".xlsx":
        book = load_workbook(path, read_only=True, data_only=True)
        cells = [
            ["" if cell is None else str(cell) for cell in row]
            for row in book.worksheets[0].iter_rows(values_only=True)
        ]
        book.close()
    else:
        cells = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    return (cells[0], cells[1:]) if cells else ([], [])


def _request(row: Mapping[str, Any], number: int, source: str) -> TripRequest:
    def text(name: str, default: str = "") -> str:
        return str(row.get(name, "")).strip() or default

    def read(name: str, convert: Any, remedy: str, default: str = "") -> Any:
        value = text(name, default)
        try:
            return convert(value)
        except (ValueError, KeyError) as error:
            raise InvalidScenario(source=source, field=f"row {number}: {name}", value=value, remedy=remedy) from error

    def instant(value: str) -> datetime:
        at = datetime.fromisoformat(value)
        return at if at.tzinfo is not None else at.replace(tzinfo=LOCAL_ZONE)

    when = "an instant such as 2025-03-04 08:30 (Asia/Shanghai)"
    earliest_at = read("earliest_at", instant, when)
    stops = (
        TripStop(
            name=text("from_name", "起点"),
            lon_wgs84=read("from_lon_wgs84", float, "degrees east"),
            lat_wgs84=read("from_lat_wgs84", float, "degrees north"),
            earliest_at=earliest_at,
            latest_at=read("latest_at", instant, when),
        ),
        TripStop(
            name=text("to_name", "终点"),
            lon_wgs84=read("to_lon_wgs84", float, "degrees east"),
            lat_wgs84=read("to_lat_wgs84", float, "degrees north"),
            earliest_at=earliest_at,
            latest_at=read("arrive_by", instant, when),
        ),
    )
    submitted_at = read("submitted_at", instant, when)
    try:
        return TripRequest(
            id=RequestId(f"H-{number}"),
            unit_id=UnitId(text("unit_id")),
            region=RegionCode(text("region")),
            requester_id=PersonId("P-history"),
            kind=read("kind", TripKind, "transfer, charter or rental", "transfer"),
            purpose=text("purpose", "公务"),
            passengers=read("passengers", int, "a whole number", "1"),
            stops=stops,
            submitted_at=submitted_at,
            priority=read("priority", Priority, "emergency, confidential, event or ordinary", "ordinary"),
            shareable=text("shareable", "true").lower() in ("true", "1", "yes", "是"),
            state=RequestState.APPROVED,
            decided_at=submitted_at,
        )
    except InvalidFact as error:
        raise InvalidScenario(
            source=source, field=f"row {number}: {error.field}", value=error.value, remedy=error.remedy
        ) from error

"""Where and when number plates decide who may drive: last digits by weekday (尾号限行), as dated data with its sources."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import msgspec

from fleet.errors import InvalidFact
from fleet.rules.model import Origin
from fleet.vehicles import Duty, Energy, Vehicle

LOCAL_ZONE = ZoneInfo("Asia/Shanghai")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DIGIT = re.compile(r"\d(?=\D*$)", re.ASCII)

Position = tuple[float, float]


class _AreaFile(msgspec.Struct, forbid_unknown_fields=True):
    name_zh: str
    name_en: str
    ring: list[Position] = []
    roads: list[str] = []


class _SourceFile(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    where: str
    seen: str


class _RuleFile(msgspec.Struct, forbid_unknown_fields=True, rename={"from_day": "from", "to_day": "to"}):
    id: str
    title_zh: str
    title_en: str
    from_day: date
    origin: Origin
    hours: list[tuple[str, str]]
    digits: dict[str, list[int]]
    area: _AreaFile
    sources: list[_SourceFile]
    exempt_energies: list[Energy]
    exempt_duties: list[Duty]
    free_days: list[date] = []
    to_day: date | None = None


@dataclass(frozen=True, kw_only=True)
class PlateRule:
    """Plates with certain last digits may not use an area, or certain roads, at certain hours of certain weekdays.

    ``digits[w]`` are the last digits that are kept out on weekday w (0 Monday); letters after the last digit do not count.
    ``hours`` are local times of day [begin, end). ``ring`` (lon, lat, WGS-84) surrounds the area, without its edge; ``roads``
    are names. One of the two is empty. ``from_day`` to ``to_day`` (None: open) it holds, except on ``free_days``.
    """

    id: str
    title_zh: str
    title_en: str
    where_zh: str
    where_en: str
    origin: Origin
    from_day: date
    to_day: date | None
    hours: tuple[tuple[time, time], ...]
    digits: tuple[frozenset[int], ...]
    exempt_energies: frozenset[Energy]
    exempt_duties: frozenset[Duty]
    free_days: frozenset[date]
    ring: tuple[Position, ...]
    roads: tuple[str, ...]
    sources: tuple[tuple[str, str, str], ...]

    def holds_on(self, day: date) -> bool:
        """Whether anybody is kept out on this day."""
        in_force = self.from_day <= day and (self.to_day is None or day <= self.to_day)
        return in_force and day not in self.free_days and bool(self.digits[day.weekday()])

    def bars(self, vehicle: Vehicle, day: date) -> bool:
        """Whether this vehicle is kept out on this day; a plate without a digit never is."""
        if not self.holds_on(day) or vehicle.energy in self.exempt_energies or vehicle.duty in self.exempt_duties:
            return False
        return self.has_digit(vehicle.plate, day.weekday())

    def has_digit(self, plate: str, weekday: int) -> bool:
        """Whether the last digit of a plate is one of those of a weekday (0 Monday)."""
        digit = last_digit(plate)
        return digit is not None and digit in self.digits[weekday]

    def covers(self, begin: datetime, end: datetime) -> bool:
        """Whether [begin, end] lies wholly within the hours of one day."""
        day = begin.astimezone(LOCAL_ZONE).date()
        return self.holds_on(day) and any(since <= begin and end < until for since, until in self._spans(day))

    def days_touched(self, begin: datetime, end: datetime) -> tuple[date, ...]:
        """The local days on which [begin, end] touches the hours."""
        found: list[date] = []
        day, last = begin.astimezone(LOCAL_ZONE).date(), end.astimezone(LOCAL_ZONE).date()
        while day <= last:
            if self.holds_on(day) and any(begin < until and end >= since for since, until in self._spans(day)):
                found.append(day)
            day += timedelta(days=1)
        return tuple(found)

    def _spans(self, day: date) -> list[tuple[datetime, datetime]]:
        return [
            (datetime.combine(day, since, tzinfo=LOCAL_ZONE), datetime.combine(day, until, tzinfo=LOCAL_ZONE))
            for since, until in self.hours
        ]

    def contains(self, lon_wgs84: float, lat_wgs84: float) -> bool:
        """Whether a place lies inside the ring (even-odd rule); never where roads are named instead."""
        inside = False
        for (x1, y1), (x2, y2) in zip(self.ring, (*self.ring[1:], *self.ring[:1]), strict=True):
            if (y1 > lat_wgs84) != (y2 > lat_wgs84) and lon_wgs84 < x1 + (lat_wgs84 - y1) * (x2 - x1) / (y2 - y1):
                inside = not inside
        return inside


def last_digit(plate: str) -> int | None:
    """The last digit of a number plate, None when it has none."""
    found = _DIGIT.search(plate)
    return None if found is None else int(found[0])


@cache
def load_plate_rules() -> tuple[PlateRule, ...]:
    """The rules that come with the program, by id.

    Raises
    ------
    InvalidFact
        If a file does not say what it means.
    """
    folder = files("fleet.rules").joinpath("data", "plates")
    texts = {
        entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")
    }
    return tuple(read_plate_rule(name, texts[name]) for name in sorted(texts))


def read_plate_rule(name: str, text: str) -> PlateRule:
    """Read one file; raises ``InvalidFact`` naming file and field."""

    def refuse(field: str, value: object, remedy: str) -> InvalidFact:
        return InvalidFact(kind="plate_rule", id=name, field=field, value=value, remedy=remedy)

    try:
        file = msgspec.convert(tomllib.loads(text), _RuleFile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise refuse("file", str(error), "the form of the files beside it") from error
    if wrong := sorted(set(file.digits) - set(WEEKDAYS)):
        raise refuse("digits", wrong[0], "weekdays from monday to sunday")
    if bad := sorted({digit for digits in file.digits.values() for digit in digits} - set(range(10))):
        raise refuse("digits", bad[0], "digits from 0 to 9")
    if bool(file.area.ring) == bool(file.area.roads) or 0 < len(file.area.ring) < 3:
        raise refuse("area", len(file.area.ring), "a ring of three positions or more, or names of roads, not both")
    try:
        hours = tuple((time.fromisoformat(since), time.fromisoformat(until)) for since, until in file.hours)
    except ValueError as error:
        raise refuse("hours", file.hours, "pairs such as 07:30, 20:00") from error
    if any(since >= until for since, until in hours) or not hours:
        raise refuse("hours", file.hours, "pairs that end after they begin")
    return PlateRule(
        id=file.id,
        title_zh=file.title_zh,
        title_en=file.title_en,
        where_zh=file.area.name_zh,
        where_en=file.area.name_en,
        origin=file.origin,
        from_day=file.from_day,
        to_day=file.to_day,
        hours=hours,
        digits=tuple(frozenset(file.digits.get(weekday, ())) for weekday in WEEKDAYS),
        exempt_energies=frozenset(file.exempt_energies),
        exempt_duties=frozenset(file.exempt_duties),
        free_days=frozenset(file.free_days),
        ring=tuple(file.area.ring),
        roads=tuple(file.area.roads),
        sources=tuple((source.title, source.where, source.seen) for source in file.sources),
    )

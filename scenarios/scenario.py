"""A scenario as data: which day is replayed, with which fleets, and how often it is planned anew."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from dispatch.policy import DispatchPolicy
from scenarios.disturbances import Climate, Disturbances, Emergency
from scenarios.errors import InvalidScenario
from scenarios.factors import Factors

__all__ = [
    "Demo",
    "FleetChoice",
    "InvalidScenario",
    "Period",
    "Replay",
    "Scenario",
    "list_scenarios",
    "load_scenario",
    "parse_scenario",
    "read_scenario",
]


@dataclass(frozen=True, kw_only=True)
class Demo:
    """The generated region; see :func:`scenarios.region.build_demo`. ``regions`` empty means all 59 areas.

    ``regions`` cuts a part out of the whole; ``within`` generates those areas alone, with all the vehicles and sites.
    """

    day: date
    seed: int = 1
    vehicles: int = 400
    requests: int = 1_200
    sites: int = 60
    nev_frac: float = 0.3
    same_day_frac: float = 0.25
    regions: tuple[str, ...] = ()
    within: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.regions and self.within:
            raise ValueError("regions and within: one of them")


@dataclass(frozen=True, kw_only=True)
class Period:
    """Many days instead of one; ``Demo.day`` is the first of them and ``Demo.requests`` the number on a plain working day.

    ``weekend_frac``, ``holiday_frac``: requests on such a day relative to a working day (assumptions). ``season``: factor of
    each month. ``part_days``: the period is simulated in parts of so many days, each beginning with every vehicle at home and
    charged; parts run side by side, and a run that was broken off goes on with the parts that are missing. ``history``: a
    workbook or CSV of past requests from which days are drawn instead (see :mod:`scenarios.history`).
    """

    days: int = 7
    part_days: int = 7
    weekend_frac: float = 0.12
    holiday_frac: float = 0.08
    season: tuple[float, ...] = (1.0,) * 12
    history: str = ""

    def __post_init__(self) -> None:
        if self.days < 1 or self.part_days < 1:
            raise ValueError("days and part_days: at least 1")
        if len(self.season) != 12 or min(self.season) < 0:
            raise ValueError(f"season has {len(self.season)} entries: one for each month, none below zero")
        if min(self.weekend_frac, self.holiday_frac) < 0:
            raise ValueError("weekend_frac and holiday_frac: zero or more")


@dataclass(frozen=True, kw_only=True)
class Replay:
    """The virtual clock: hours are local hours of the day, the first plan may be made on the eve (a negative hour).

    ``first_iterations`` and ``iterations`` bound the search of the first and of the later plans; iterations, not seconds, so
    that a replay gives the same figures on every machine. ``quick`` plans by insertion and short rounds of search, without the
    master problem and without proofs of why somebody is left over (see :mod:`scenarios.quick`): for long periods.
    """

    first_hour: float = -4.0
    last_hour: float = 20.0
    every_s: int = 1_800
    first_iterations: int = 2_000
    iterations: int = 300
    seed: int = 1
    quick: bool = False

    def __post_init__(self) -> None:
        if self.every_s < 60:
            raise ValueError(f"every_s = {self.every_s}: at least 60")
        if self.last_hour <= self.first_hour:
            raise ValueError(f"last_hour = {self.last_hour}: after first_hour")


@dataclass(frozen=True, kw_only=True)
class FleetChoice:
    """One of the fleets compared, made from the given one; see :func:`scenarios.fleets.choose`.

    ``replace_combustion_frac`` of the combustion vehicles become battery vehicles; or so many that ``nev_frac`` of the whole
    fleet are new-energy vehicles. ``points_per_nev`` scales the charge points of all sites to that ratio (R052), ``keep_frac``
    keeps only that share of the vehicles (the total never grows, R033). Or ``stock`` and ``points`` say it site by site: how
    many pooled vehicles of which drive profile, and how many slow and fast charge points (see :mod:`scenarios.mixes`).
    """

    id: str
    name_zh: str
    name_en: str
    replace_combustion_frac: float = 0.0
    nev_frac: float | None = None
    points_per_nev: float | None = None
    keep_frac: float = 1.0
    stock: tuple[tuple[str, str, int], ...] = ()
    points: tuple[tuple[str, int, int], ...] = ()

    def __post_init__(self) -> None:
        if self.stock and (self.nev_frac is not None or self.replace_combustion_frac or self.keep_frac < 1):
            raise ValueError("stock: without nev_frac, replace_combustion_frac and keep_frac")
        if self.nev_frac is not None and self.replace_combustion_frac:
            raise ValueError("nev_frac and replace_combustion_frac: one of them")
        if not 0 < self.keep_frac <= 1:
            raise ValueError(f"keep_frac = {self.keep_frac}: above 0, at most 1 (R033)")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    name: str
    title_zh: str
    title_en: str
    demo: Demo
    fleets: tuple[FleetChoice, ...]
    period: Period | None = None
    world: Disturbances = field(default_factory=Disturbances)
    replay: Replay = field(default_factory=Replay)
    policy: DispatchPolicy = field(default_factory=DispatchPolicy)
    factors: Factors = field(default_factory=Factors)

    def __post_init__(self) -> None:
        if len({fleet.id for fleet in self.fleets}) != len(self.fleets) or not self.fleets:
            raise ValueError("fleets: at least one, each with an id of its own")


_PARTS: dict[str, Any] = {
    "demo": Demo,
    "period": Period,
    "world": Disturbances,
    "world.climate": Climate,
    "world.emergency": Emergency,
    "replay": Replay,
    "policy": DispatchPolicy,
    "factors": Factors,
}


def list_scenarios() -> tuple[str, ...]:
    """Names of the scenarios that come with the package."""
    names = [entry.name for entry in (files("scenarios") / "library").iterdir()]
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_scenario(path_or_name: str | Path) -> Scenario:
    """Read a scenario by the name it has in the library, or from a TOML file.

    Raises
    ------
    InvalidScenario
        If there is none of that name, the file is not TOML, or an entry is unknown or out of range.
    """
    name = str(path_or_name)
    if name in list_scenarios():
        return parse_scenario((files("scenarios") / "library" / f"{name}.toml").read_text("utf-8"), source=name)
    path = Path(path_or_name)
    if not path.is_file():
        known = ", ".join(list_scenarios())
        raise InvalidScenario(source=name, field="scenario", value=name, remedy=f"a TOML file, or one of {known}")
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidScenario(source=name, field="file", value=path.name, remedy="text in UTF-8") from error
    return parse_scenario(text, source=path.stem)


def _part(body: dict[str, Any], path: str) -> Any:
    found: Any = body
    for name in path.split("."):
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return found


def parse_scenario(text: str, *, source: str) -> Scenario:
    """Read a scenario from its text; raises :class:`InvalidScenario`."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidScenario(source=source, field="file", value=str(error), remedy="valid TOML") from error
    return read_scenario(raw, source=source)


def read_scenario(raw: Mapping[str, Any], *, source: str) -> Scenario:
    """Read a scenario from plain values, in the structure of the TOML files; raises :class:`InvalidScenario`."""
    body: dict[str, Any] = {"name": source, **raw}
    if "fleet" in body:
        body["fleets"] = body.pop("fleet")
    tables: list[tuple[str, Any, Any]] = [("", body, Scenario)]
    tables += [(f"{part}.", _part(body, part), cls) for part, cls in _PARTS.items()]
    fleets = body.get("fleets", [])
    tables += [
        (f"fleet[{n}].", entry, FleetChoice) for n, entry in enumerate(fleets if isinstance(fleets, list) else [])
    ]
    for at, table, cls in tables:
        known = [one.name for one in fields(cls)]
        for name, value in table.items() if isinstance(table, dict) else ():
            if name not in known:
                remedy = f"no such entry; there are {', '.join(known)}"
                raise InvalidScenario(source=source, field=at + name, value=value, remedy=remedy)
    try:
        return msgspec.convert(body, Scenario)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$.")
        raise InvalidScenario(source=source, field=where.rstrip("`") or "file", value="", remedy=message) from error

"""A scenario as data: which day is replayed, with which fleets, and how often it is planned anew."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from dispatch.policy import DispatchPolicy
from scenarios.errors import InvalidScenario
from scenarios.factors import Factors

__all__ = [
    "Demo",
    "FleetChoice",
    "InvalidScenario",
    "Replay",
    "Scenario",
    "list_scenarios",
    "load_scenario",
    "parse_scenario",
]


@dataclass(frozen=True, kw_only=True)
class Demo:
    """The generated region; see :func:`scenarios.region.build_demo`. ``regions`` empty means all 59 areas."""

    day: date
    seed: int = 1
    vehicles: int = 400
    requests: int = 1_200
    sites: int = 60
    nev_frac: float = 0.3
    same_day_frac: float = 0.25
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Replay:
    """The virtual clock: hours are local hours of the day, the first plan may be made on the eve (a negative hour).

    ``first_iterations`` and ``iterations`` bound the search of the first and of the later plans; iterations, not seconds, so
    that a replay gives the same figures on every machine.
    """

    first_hour: float = -4.0
    last_hour: float = 20.0
    every_s: int = 1_800
    first_iterations: int = 2_000
    iterations: int = 300
    seed: int = 1

    def __post_init__(self) -> None:
        if self.every_s < 60:
            raise ValueError(f"every_s = {self.every_s}: at least 60")
        if self.last_hour <= self.first_hour:
            raise ValueError(f"last_hour = {self.last_hour}: after first_hour")


@dataclass(frozen=True, kw_only=True)
class FleetChoice:
    """One of the fleets compared: the given one with this share of its combustion vehicles replaced by battery vehicles."""

    id: str
    name_zh: str
    name_en: str
    replace_combustion_frac: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Scenario:
    name: str
    title_zh: str
    title_en: str
    demo: Demo
    fleets: tuple[FleetChoice, ...]
    replay: Replay = field(default_factory=Replay)
    policy: DispatchPolicy = field(default_factory=DispatchPolicy)
    factors: Factors = field(default_factory=Factors)

    def __post_init__(self) -> None:
        if len({fleet.id for fleet in self.fleets}) != len(self.fleets) or not self.fleets:
            raise ValueError("fleets: at least one, each with an id of its own")


_PARTS: dict[str, Any] = {"demo": Demo, "replay": Replay, "policy": DispatchPolicy, "factors": Factors}


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


def parse_scenario(text: str, *, source: str) -> Scenario:
    """Read a scenario from its text; raises :class:`InvalidScenario`."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidScenario(source=source, field="file", value=str(error), remedy="valid TOML") from error
    body: dict[str, Any] = {"name": source, **raw}
    if "fleet" in body:
        body["fleets"] = body.pop("fleet")
    tables: list[tuple[str, Any, Any]] = [("", body, Scenario)]
    tables += [(f"{part}.", body.get(part, {}), cls) for part, cls in _PARTS.items()]
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

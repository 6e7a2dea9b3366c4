"""The error root of ``routing``."""

from __future__ import annotations

import math


class RoutingError(Exception):
    """Root of every error that ``routing`` raises on purpose."""


class InvalidNetwork(RoutingError):
    """A network file is unusable; ``source``, ``row`` (1 is the first data row) and ``field`` say where."""

    def __init__(self, *, source: str, row: int | None, field: str, reason: str) -> None:
        where = source if row is None else f"{source}, row {row}"
        super().__init__(f"{where}, {field}: {reason}")
        self.source = source
        self.row = row
        self.field = field
        self.reason = reason


class OffNetwork(RoutingError):
    """A point lies farther from every road than the limit allows; infinitely far if a coordinate is not a number."""

    def __init__(self, *, lon_wgs84: float, lat_wgs84: float, distance_m: float, limit_m: float) -> None:
        super().__init__(
            f"({lon_wgs84}, {lat_wgs84}) is {distance_m:.0f} m from the nearest road; at most {limit_m:.0f} m"
        )
        self.lon_wgs84 = lon_wgs84
        self.lat_wgs84 = lat_wgs84
        self.distance_m = round(distance_m) if math.isfinite(distance_m) else distance_m
        self.limit_m = round(limit_m) if math.isfinite(limit_m) else limit_m


class UnknownProfile(RoutingError):
    """No drive profile has that name."""

    def __init__(self, *, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no drive profile {name!r}; known are {', '.join(known)}")
        self.name = name
        self.known = known


class NoRoute(RoutingError):
    """Both ends are on the network, but no permitted way leads from one to the other."""

    def __init__(self, *, from_name: str, to_name: str) -> None:
        super().__init__(f"no way from {from_name} to {to_name}")
        self.from_name = from_name
        self.to_name = to_name


class InvalidClosure(RoutingError):
    """A closure cannot be applied; ``field`` names what is wrong with it."""

    def __init__(self, *, id: str, field: str, reason: str) -> None:
        super().__init__(f"closure {id}, {field}: {reason}")
        self.id = id
        self.field = field
        self.reason = reason

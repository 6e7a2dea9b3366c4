"""Drives between locations: as full tables, or by area where a full table would not fit into memory.

A table over n locations needs 16 n^2 bytes for each drive profile: 1.6 GB for 10,000 locations, 160 GB for 100,000. A day
of that size is never searched as a whole, but part by part (:mod:`dispatch.decompose`), and a part needs the drives
between its own locations only: :meth:`LegTable.cut`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

UNREACHABLE = -1
"""Entry of every field where no way is."""

Places = npt.NDArray[np.int64]


class LegField(Protocol):
    """One figure of the drives between any two locations, indexed like a two-dimensional array: ``field[a, b]``."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of locations, twice."""

    def __getitem__(self, key: Any, /) -> Any:
        """Return the entry, or an array of entries for arrays of indices."""


class LegTable(Protocol):
    """Drives between locations for one drive profile; ``UNREACHABLE`` (-1) in all fields where no way is."""

    @property
    def drive_s(self) -> LegField: ...
    @property
    def drive_m(self) -> LegField: ...
    @property
    def drive_wh(self) -> LegField: ...
    @property
    def toll_fen(self) -> LegField: ...

    def cut(self, locations: Places) -> Legs:
        """Return the full table over ``locations``, in their order."""

    def fingerprint(self) -> dict[str, str]:
        """Return a SHA-256 of the contents for every array that they are made of."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Legs:
    """Drives between locations for one drive profile: int32 arrays (n, n); ``UNREACHABLE`` (-1) in all where no way is."""

    drive_s: npt.NDArray[np.int32]
    drive_m: npt.NDArray[np.int32]
    drive_wh: npt.NDArray[np.int32]
    toll_fen: npt.NDArray[np.int32]

    def cut(self, locations: Places) -> Legs:
        square = np.ix_(locations, locations)
        return Legs(**{name: getattr(self, name)[square] for name in LEG_FIELDS})

    def fingerprint(self) -> dict[str, str]:
        return {name: sha256_of(getattr(self, name)) for name in LEG_FIELDS}


LEG_FIELDS = tuple(f.name for f in fields(Legs))


def sha256_of(array: npt.NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


@dataclass(frozen=True, kw_only=True, eq=False)
class AreaLegs:
    """Drives of a large network by area: direct inside an area, through the areas' gates between two of them.

    ``inside[a]`` is the full table over the locations of area a; ``gates`` the one over the areas' gates. ``area`` (n,)
    names the area of every location and ``row`` (n,) its place in ``inside``. ``to_gate`` and ``from_gate`` hold, for every
    field of :class:`Legs`, the n drives from a location to the gate of its area and back. Memory grows with the sum of the
    areas' squares.
    """

    area: Places
    row: Places
    inside: tuple[Legs, ...]
    gates: Legs
    to_gate: dict[str, npt.NDArray[np.int32]]
    from_gate: dict[str, npt.NDArray[np.int32]]

    @cached_property
    def drive_s(self) -> _AreaField:
        return _AreaField(self, "drive_s")

    @cached_property
    def drive_m(self) -> _AreaField:
        return _AreaField(self, "drive_m")

    @cached_property
    def drive_wh(self) -> _AreaField:
        return _AreaField(self, "drive_wh")

    @cached_property
    def toll_fen(self) -> _AreaField:
        return _AreaField(self, "toll_fen")

    def cut(self, locations: Places) -> Legs:
        square = np.ix_(locations, locations)
        return Legs(**{name: getattr(self, name)[square] for name in LEG_FIELDS})

    def fingerprint(self) -> dict[str, str]:
        sums = {"area": sha256_of(self.area), "row": sha256_of(self.row)}
        for name in LEG_FIELDS:
            sums[f"to_gate.{name}"] = sha256_of(self.to_gate[name])
            sums[f"from_gate.{name}"] = sha256_of(self.from_gate[name])
        for at, legs in enumerate((*self.inside, self.gates)):
            sums.update({f"{at}.{name}": value for name, value in legs.fingerprint().items()})
        return sums


class _AreaField:
    """One field of :class:`AreaLegs`."""

    def __init__(self, legs: AreaLegs, name: str) -> None:
        self._area, self._row = legs.area, legs.row
        self._inside: list[npt.NDArray[np.int32]] = [getattr(part, name) for part in legs.inside]
        self._drive_inside = [part.drive_s for part in legs.inside]
        self._gates: npt.NDArray[np.int32] = getattr(legs.gates, name)
        self._reach: npt.NDArray[np.int32] = legs.gates.drive_s
        self._to, self._from = legs.to_gate[name], legs.from_gate[name]
        self._out, self._in = legs.to_gate["drive_s"], legs.from_gate["drive_s"]
        # one flat array of all areas, so that an array of pairs is looked up at once
        self._first = np.concatenate([[0], np.cumsum([part.drive_s.size for part in legs.inside])]).astype(np.int64)
        self._width = np.array([len(part.drive_s) for part in legs.inside], np.int64)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self._area), len(self._area))

    @cached_property
    def _flat(self) -> npt.NDArray[np.int32]:
        return np.concatenate([part.ravel() for part in self._inside] or [np.zeros(0, np.int32)])

    def __getitem__(self, key: tuple[Any, Any]) -> Any:
        a, b = key
        if np.ndim(a) == 0 and np.ndim(b) == 0:
            return self._one(int(a), int(b))
        here, there = np.broadcast_arrays(np.asarray(a), np.asarray(b))
        x, y = self._area[here], self._area[there]
        found = self._to[here] + self._gates[x, y] + self._from[there]
        found[(self._reach[x, y] < 0) | (self._out[here] < 0) | (self._in[there] < 0)] = UNREACHABLE
        same = x == y
        where = x[same]
        found[same] = self._flat[
            self._first[where] + self._row[here[same]] * self._width[where] + self._row[there[same]]
        ]
        return found.astype(np.int32, copy=False)

    def _one(self, a: int, b: int) -> int:
        x, y = self._area[a], self._area[b]
        if x == y:
            return int(self._inside[x][self._row[a], self._row[b]])
        if self._reach[x, y] < 0 or self._out[a] < 0 or self._in[b] < 0:
            return UNREACHABLE
        return int(self._to[a]) + int(self._gates[x, y]) + int(self._from[b])


def whole(legs: LegTable) -> Legs:
    """Return the full table over all locations."""
    return legs if isinstance(legs, Legs) else legs.cut(np.arange(legs.drive_s.shape[0], dtype=np.int64))


def tables_of(legs: LegTable) -> Sequence[tuple[str, Legs]]:
    """Return the full tables that ``legs`` is made of, each with the name of its place, for whoever checks their entries."""
    if isinstance(legs, AreaLegs):
        return [*((f".inside[{i}]", part) for i, part in enumerate(legs.inside)), (".gates", legs.gates)]
    return [("", whole(legs))]

"""Readers of four public dial-a-ride and pickup-and-delivery formats.

- ``cordeau``: Cordeau (2006), Oper. Res. 54(3), and Cordeau and Laporte (2003), Transp. Res. B 37(6): header (vehicles,
  requests or
  nodes, maximum route duration, capacity, maximum ride time), rows (node, x, y, service, load, earliest, latest).
- ``lilim``: Li and Lim (2001), ICTAI: header (vehicles, capacity, speed), rows (task, x, y, demand, earliest, latest, service,
  pick-up partner, delivery partner).
- ``mdhdarp``: Malheiros et al. (2021), Comput. Oper. Res. 129: header (vehicles, requests), a row per vehicle (maximum
  duration, four capacities), rows (node, x, y, service, maximum ride time, four
  demands, earliest, latest). The depots lie where
  Braekers et
  al. (2014), Transp. Res. B 67, section 6.1, put them.
- ``eadarp``: Bongiovanni et al. (2019), Transp. Res. B 122.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dispatch.errors import BadInstance

FORMATS = ("cordeau", "lilim", "mdhdarp", "eadarp")
MULTI_DEPOTS = ((-5.0, -5.0), (5.0, 5.0), (-5.0, 5.0), (5.0, -5.0))
UPGRADES = ((0, 1, 2), (1, 2), (2,), (3,))
"""Resources that may take each other's place: an accompanying person sits on 0, 1 or 2, a seated patient on 1 or 2."""


@dataclass(kw_only=True)
class Instance:
    """One instance; nodes are numbered as in the file, further depots get numbers above them.

    ``loads[v]`` and the capacities have one entry per group of resources. ``times`` (nodes x nodes), index = position
    in ``nodes``.
    """

    name: str
    format: str
    nodes: list[int] = field(default_factory=list)
    x: dict[int, float] = field(default_factory=dict)
    y: dict[int, float] = field(default_factory=dict)
    service: dict[int, float] = field(default_factory=dict)
    early: dict[int, float] = field(default_factory=dict)
    late: dict[int, float] = field(default_factory=dict)
    loads: dict[int, tuple[float, ...]] = field(default_factory=dict)
    pairs: list[tuple[int, int]] = field(default_factory=list)
    ride: dict[int, float] = field(default_factory=dict)
    capacity: list[tuple[float, ...]] = field(default_factory=list)
    duration: list[float] = field(default_factory=list)
    start: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    identical: bool = True
    fleet_first: bool = False
    times: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    # battery vehicles only
    gamma: float = 0.0
    ends: list[int] = field(default_factory=list)
    stations: dict[int, float] = field(default_factory=dict)
    station_visits: int = 1
    initial: list[float] = field(default_factory=list)
    battery: list[float] = field(default_factory=list)
    drain: float = 0.0

    def add(self, v: int, x: float, y: float, service: float, early: float, late: float) -> None:
        if v in self.x:
            raise BadInstance(self.name, f"node {v} appears twice")
        self.nodes.append(v)
        self.x[v], self.y[v], self.service[v], self.early[v], self.late[v] = x, y, service, early, late

    def measure(self) -> None:
        """Fill ``times`` with Euclidean distances between unrounded coordinates."""
        xs = np.array([self.x[v] for v in self.nodes])
        ys = np.array([self.y[v] for v in self.nodes])
        self.times = np.hypot(xs[:, None] - xs[None, :], ys[:, None] - ys[None, :])


def read(path: Path, format: str, *, gamma: float | None = None) -> Instance:
    """Read one file.

    Raises
    ------
    BadInstance
        The file is not of that format.
    """
    rows = [line.split() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    name = path.name.removesuffix(".txt")
    try:
        if format == "cordeau":
            return read_cordeau(name, rows)
        if format == "lilim":
            return read_lilim(name, rows)
        if format == "mdhdarp":
            return read_mdhdarp(name, rows)
        if format == "eadarp":
            if gamma is None:
                raise BadInstance(name, "the format eadarp needs gamma, the least battery level at the end")
            return read_eadarp(name, rows, gamma)
    except (ValueError, IndexError) as error:
        raise BadInstance(name, f"not of the format {format}: {error}") from error
    raise BadInstance(name, f"unknown format {format}; known are {', '.join(FORMATS)}")


def read_cordeau(name: str, rows: list[list[str]]) -> Instance:
    instance = Instance(name=name, format="cordeau")
    head, body = [float(c) for c in rows[0]], [[float(c) for c in row] for row in rows[1:]]
    # a and b files end with a second depot row, R files do not
    last = body.pop() if len(body) % 2 == 0 else body[0]
    n = (len(body) - 1) // 2
    if int(head[1]) not in {n, 2 * n}:
        raise BadInstance(name, f"the header says {int(head[1])}, the file holds {n} requests")
    for row in body:
        v, x, y, service, load, early, late = row
        instance.add(int(v), x, y, service, early, late)
        instance.loads[int(v)] = (load,)
    end = 2 * n + 1
    instance.add(end, last[1], last[2], last[3], last[5], last[6])
    for p in range(1, n + 1):
        instance.pairs.append((p, p + n))
        instance.ride[p] = head[4]
    vehicles = int(head[0])
    instance.capacity, instance.duration = [(head[3],)] * vehicles, [head[2]] * vehicles
    instance.start, instance.end = [0] * vehicles, [end] * vehicles
    instance.measure()
    return instance


def read_lilim(name: str, rows: list[list[str]]) -> Instance:
    instance = Instance(name=name, format="lilim", fleet_first=True)
    vehicles, capacity = int(rows[0][0]), float(rows[0][1])
    for row in rows[1:]:
        v, c = int(row[0]), [float(q) for q in row[1:7]]
        instance.add(v, c[0], c[1], c[5], c[3], c[4])
        instance.loads[v] = (c[2],)
        if v and int(row[8]):
            instance.pairs.append((v, int(row[8])))
    end = max(instance.nodes) + 1
    instance.add(end, instance.x[0], instance.y[0], instance.service[0], instance.early[0], instance.late[0])
    instance.capacity, instance.duration = [(capacity,)] * vehicles, [math.inf] * vehicles
    instance.start, instance.end = [0] * vehicles, [end] * vehicles
    instance.measure()
    return instance


def read_mdhdarp(name: str, rows: list[list[str]]) -> Instance:
    instance = Instance(name=name, format="mdhdarp", identical=False)
    vehicles, n = int(rows[0][0]), int(rows[0][1])
    for row in rows[1 : vehicles + 1]:
        c = [float(q) for q in row]
        instance.duration.append(c[0])
        instance.capacity.append(tuple(sum(c[1 + i] for i in group) for group in UPGRADES))
    body = [[float(q) for q in row] for row in rows[vehicles + 1 :]]
    if len(body) != 2 * n + 2:
        raise BadInstance(name, f"{len(body)} node rows, expected {2 * n + 2}")
    for c in body:
        v = int(c[0])
        instance.add(v, c[1], c[2], c[3], c[9], c[10])
        instance.loads[v] = tuple(sum(c[5 + i] for i in group) for group in UPGRADES)
        if 1 <= v <= n:
            instance.ride[v] = c[4]
            instance.pairs.append((v, v + n))
    first, last = 0, 2 * n + 1
    for k in range(vehicles):
        x, y = MULTI_DEPOTS[k % 4]
        start = last + 1 + 2 * k
        instance.add(start, x, y, 0.0, instance.early[first], instance.late[first])
        instance.add(start + 1, x, y, 0.0, instance.early[last], instance.late[last])
        instance.start.append(start)
        instance.end.append(start + 1)
    instance.measure()
    return instance


def read_eadarp(name: str, rows: list[list[str]], gamma: float) -> Instance:
    instance = Instance(name=name, format="eadarp", identical=False, gamma=gamma)
    head = [int(float(c)) for c in rows[0][:6]]
    vehicles, n, station_count, instance.station_visits = head[0], head[1], head[4], head[5]
    at = 1
    while len(rows[at]) == 7:
        v, x, y, service, load, early, late = (float(q) for q in rows[at])
        instance.add(int(v), x, y, service, early, late)
        instance.loads[int(v)] = (load,)
        at += 1
    # below the nodes the line breaks differ from file to file: read on as one stream of numbers
    rest = iter([float(c) for row in rows[at:] for c in row])

    def take(count: int) -> list[float]:
        return [next_number(rest, name) for _ in range(count)]

    take(2)  # common depots
    instance.start = [int(c) for c in take(vehicles)]
    instance.ends = [int(c) for c in take(len(instance.nodes) - 2 * n - 2 - vehicles - station_count)]
    instance.end = instance.ends[:vehicles]
    stations = [int(c) for c in take(station_count)]
    rides = take(n)
    instance.capacity = [(c,) for c in take(vehicles)]
    instance.initial, instance.battery = take(vehicles), take(vehicles)
    instance.stations = dict(zip(stations, take(station_count), strict=True))
    instance.drain = take(1)[0]
    take(3)  # costs that an earlier user left in the file
    for p in range(1, n + 1):
        instance.pairs.append((p, p + n))
        instance.ride[p] = rides[p - 1]
    instance.duration = [math.inf] * vehicles
    times = list(rest)
    size = len(instance.nodes)
    if times:
        if len(times) != size * size:
            raise BadInstance(name, f"{len(times)} travel times for {size} nodes")
        instance.times = 2.0 * np.array(times).reshape(size, size)
    else:
        instance.measure()
    return instance


def next_number(numbers: Iterator[float], name: str) -> float:
    """Return the next number of the stream, or say that the file is too short."""
    for number in numbers:
        return number
    raise BadInstance(name, "the file ends too early")

"""Drives on a road graph: matrices of legs, and routes with their geometry."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from routing.climate import usual_c
from routing.closures import Closure, barred_edges, speed_factors
from routing.conditions import Barred, Conditions
from routing.energy import drive_energy
from routing.errors import NoRoute, OffNetwork
from routing.graph import Confidence, RoadGraph
from routing.hierarchy import Contraction, Hierarchy, contract, contraction_order
from routing.matrix import UNREACHABLE, UNREACHABLE_CONFIDENCE, LegMatrix
from routing.profiles import DriveProfile
from routing.shortest import CLOSED, PlainSearch, ShortestPaths
from routing.snap import Point, Snap, Snapper, Snaps, arc_m, on_sphere_m
from routing.traffic import speed_frac

__all__ = ["AccessRule", "Method", "Point", "RoadEngine", "Route", "Snap", "Step"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

MILD = Conditions()
PLAIN_NODES = 10_000
"""Above this many nodes a contraction hierarchy pays for its preparation within one matrix."""
_METRES, _BATTERY_WH, _FUEL_ML, _TOLL_FEN = range(4)


class Method(StrEnum):
    """How shortest paths are found; both give the same times."""

    AUTO = "auto"
    PLAIN = "plain"
    HIERARCHY = "hierarchy"


@dataclass(frozen=True, kw_only=True)
class AccessRule:
    """How the way between a stop and its nearest node is priced.

    The straight line times ``detour_frac`` at ``speed_mps``. Street distance over straight distance is 1.2 to 1.4 in towns
    (Boscoe, Henry and Zdeb, *The Professional Geographer* 64, 2012: 1.417 over the whole United States, less where streets
    are dense); 30 km/h is the limit of town streets without a centre line (implementing regulation of the Road Traffic
    Safety Law, art. 45). An access longer than ``sourced_m`` makes its leg ``INFERRED``.
    """

    detour_frac: float = 1.3
    speed_mps: float = 30 / 3.6
    sourced_m: float = 300.0


@dataclass(frozen=True, kw_only=True)
class Step:
    """A stretch of a route on one road; ``ref`` is empty where the road has no number and on access legs."""

    ref: str
    length_m: int
    drive_s: int
    confidence: Confidence


@dataclass(frozen=True, kw_only=True)
class Route:
    """One drive. ``line`` holds (lon, lat) from the start over the network to the end; figures as in the matrix."""

    drive_s: int
    drive_m: int
    drive_wh: int
    fuel_ml: int
    toll_fen: int
    confidence: Confidence
    steps: tuple[Step, ...]
    line: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Costs:
    """What edges cost under one profile and conditions: ``time_ms`` (m,), ``totals`` (m, 4) as the indices above name them.

    ``node_c`` is the outside temperature at every node, or everywhere.
    """

    time_ms: npt.NDArray[np.int64]
    totals: Floats
    search: ShortestPaths
    node_c: Floats | float


class Prepared:
    """What engines over the same graph share: the index of places, and the contraction once somebody needs it."""

    def __init__(self, graph: RoadGraph) -> None:
        self.snapper = Snapper(graph)
        self._graph = graph
        self._contraction: Contraction | None = None
        self._lock = threading.Lock()

    def contraction(self) -> Contraction:
        with self._lock:
            if self._contraction is None:
                order = self._graph.contraction_order
                self._contraction = contract(self._graph, contraction_order(self._graph) if order is None else order)
            return self._contraction


class RoadEngine:
    """Answers drives on one graph; keeps what it has worked out per profile, and may be shared between threads."""

    def __init__(
        self,
        graph: RoadGraph,
        *,
        access: AccessRule | None = None,
        method: Method = Method.AUTO,
        closures: Sequence[Closure] = (),
        prepared: Prepared | None = None,
    ) -> None:
        self.graph = graph
        if method is Method.AUTO:
            method = Method.PLAIN if graph.node_count <= PLAIN_NODES else Method.HIERARCHY
        self.method = method
        self.access = access or AccessRule()
        self.prepared = prepared or Prepared(graph)
        self.snapper = self.prepared.snapper
        self._costs: dict[tuple[DriveProfile, Conditions], _Costs] = {}
        self._imposed = tuple(sorted(closures, key=lambda one: one.id))
        self._factor: Floats | None = speed_factors(graph, self._imposed) if self._imposed else None
        self._revision = 0
        self._concerned: dict[Barred, bool] = {}
        self._lock = threading.Lock()

    def snap(self, point: Point, *, limit_m: float) -> Snap:
        """Nearest node; raises :class:`routing.errors.OffNetwork`."""
        return self.snapper.snap(point.lon_wgs84, point.lat_wgs84, limit_m=limit_m)

    def try_snap(self, point: Point, *, limit_m: float) -> Snap | None:
        """Nearest node, or None when it is farther away than ``limit_m``."""
        return self.snapper.try_snap(point.lon_wgs84, point.lat_wgs84, limit_m=limit_m)

    def matrix(
        self, points: Sequence[Point], profile: DriveProfile, *, access_limit_m: float, conditions: Conditions = MILD
    ) -> LegMatrix:
        """Fastest drives between all points.

        A leg is the access from the first point to its node, the fastest way over the network, and the access to the other
        point. Two points no farther from each other than they together are from the network (such as two at the same node)
        are joined directly, in the manner of an access, where that is quicker: the network says nothing about the streets
        between them.

        Raises
        ------
        OffNetwork
            At the first point farther than ``access_limit_m`` from every node.
        """
        snaps = self._snap_all(points, access_limit_m)
        costs = self._get_costs(profile, conditions)
        unique, where = np.unique(snaps.node, return_inverse=True)
        network = costs.search.node_matrix(unique, self._arrivals(unique), costs.totals)
        pairs = np.ix_(where, where)

        outside_c = np.broadcast_to(np.asarray(costs.node_c), self.graph.node_count)[snaps.node]
        access_ms, access_totals, access_weakest = self._price_access(snaps.distance_m, profile, conditions, outside_c)
        leg_ms = network.time_ms[pairs] + access_ms[:, None] + access_ms[None, :]
        totals = network.totals[pairs] + access_totals[:, None, :] + access_totals[None, :, :]
        confidence = np.maximum(network.confidence[pairs], np.maximum(access_weakest[:, None], access_weakest[None, :]))

        straight_m = _straight_m(points)
        near = straight_m <= snaps.distance_m[:, None] + snaps.distance_m[None, :]
        np.fill_diagonal(near, val=True)
        row, column = np.nonzero(near)
        direct_ms, direct_totals, direct_weakest = self._price_access(
            straight_m[row, column], profile, conditions, outside_c[row]
        )
        quicker = direct_ms <= leg_ms[row, column]
        row, column = row[quicker], column[quicker]
        leg_ms[row, column] = direct_ms[quicker]
        totals[row, column] = direct_totals[quicker]
        confidence[row, column] = direct_weakest[quicker]

        reached = np.isfinite(leg_ms)

        def whole(values: Floats) -> Ints:
            return np.where(reached, np.rint(np.where(reached, values, 0.0)), UNREACHABLE).astype(np.int32)

        return LegMatrix(
            profile=profile.name,
            drive_s=whole(leg_ms / 1000.0),
            drive_m=whole(totals[..., _METRES]),
            drive_wh=whole(totals[..., _BATTERY_WH]),
            fuel_ml=whole(totals[..., _FUEL_ML]),
            toll_fen=whole(totals[..., _TOLL_FEN]),
            confidence=np.where(reached, confidence, UNREACHABLE_CONFIDENCE).astype(np.uint8),
        )

    def route(
        self,
        from_point: Point,
        to_point: Point,
        profile: DriveProfile,
        *,
        access_limit_m: float,
        conditions: Conditions = MILD,
    ) -> Route:
        """The fastest drive between two points, with its line and the roads it takes.

        Raises
        ------
        OffNetwork
            If a point is farther than ``access_limit_m`` from every node.
        NoRoute
            If no permitted way leads from one to the other.
        """
        points = (from_point, to_point)
        snaps = self._snap_all(points, access_limit_m)
        matrix = self.matrix(points, profile, access_limit_m=access_limit_m, conditions=conditions)
        if matrix.drive_s[0, 1] == UNREACHABLE:
            raise NoRoute(from_name=_say(from_point), to_name=_say(to_point))
        costs = self._get_costs(profile, conditions)
        edges = costs.search.path(int(snaps.node[0]), int(self._arrivals(snaps.node[1:])[0]))
        access_ms, _, weakest = self._price_access(snaps.distance_m, profile, conditions, conditions.ambient_c)
        network_s = (np.sum(costs.time_ms[edges]) if edges else 0) + access_ms.sum()
        start, end = (from_point.lon_wgs84, from_point.lat_wgs84), (to_point.lon_wgs84, to_point.lat_wgs84)
        if edges is None or round(network_s / 1000.0) != int(matrix.drive_s[0, 1]):
            step = Step(
                ref="",
                length_m=int(matrix.drive_m[0, 1]),
                drive_s=int(matrix.drive_s[0, 1]),
                confidence=Confidence(int(matrix.confidence[0, 1])),
            )
            steps: tuple[Step, ...] = (step,)
            line: tuple[tuple[float, float], ...] = (start, end)
        else:
            approach = tuple(
                Step(
                    ref="",
                    length_m=round(float(snaps.distance_m[side]) * self.access.detour_frac),
                    drive_s=round(float(access_ms[side]) / 1000.0),
                    confidence=Confidence(int(weakest[side])),
                )
                for side in (0, 1)
            )
            steps = (approach[0], *self._steps(edges, costs), approach[1])
            line = (start, *self._line(int(snaps.node[0]), edges), end)
        return Route(
            drive_s=int(matrix.drive_s[0, 1]),
            drive_m=int(matrix.drive_m[0, 1]),
            drive_wh=int(matrix.drive_wh[0, 1]),
            fuel_ml=int(matrix.fuel_ml[0, 1]),
            toll_fen=int(matrix.toll_fen[0, 1]),
            confidence=Confidence(int(matrix.confidence[0, 1])),
            steps=tuple(step for step in steps if step.length_m > 0),
            line=_without_repeats(line),
        )

    def geometry(
        self,
        from_point: Point,
        to_point: Point,
        profile: DriveProfile,
        *,
        access_limit_m: float = 50_000.0,
        conditions: Conditions = MILD,
    ) -> list[tuple[float, float]]:
        """(lon, lat) along the fastest drive; raises as :meth:`route`."""
        return list(
            self.route(from_point, to_point, profile, access_limit_m=access_limit_m, conditions=conditions).line
        )

    def under(self, closures: Sequence[Closure]) -> RoadEngine:
        """The same roads with these closures, whenever they hold, as an engine of its own; graph and contraction are shared.

        Raises
        ------
        InvalidClosure
            If one concerns no road of this network.
        """
        return RoadEngine(self.graph, access=self.access, method=self.method, closures=closures, prepared=self.prepared)

    @property
    def revision(self) -> int:
        """Grows whenever other closures hold; who keeps legs of his own asks again when it did."""
        return self._revision

    @property
    def imposed(self) -> tuple[Closure, ...]:
        """The closures that hold now."""
        return self._imposed

    def impose(self, closures: Sequence[Closure], *, at: datetime) -> bool:
        """Let those of the closures hold that are in force at an instant, in place of all before; False: nothing changed.

        What was worked out before is worked out again on the next question; the contraction of the graph stays.

        Raises
        ------
        InvalidClosure
            If one concerns no road of this network; then nothing changes.
        """
        chosen = tuple(sorted((one for one in closures if one.in_force(at)), key=lambda one: one.id))
        factor = speed_factors(self.graph, chosen) if chosen else None
        with self._lock:
            if chosen == self._imposed:
                return False
            self._imposed, self._factor = chosen, factor
            self._revision += 1
            self._costs.clear()
            return True

    def concerns(self, barred: Barred) -> bool:
        """Whether this network knows any of these roads."""
        with self._lock:
            if barred not in self._concerned:
                self._concerned[barred] = bool(barred_edges(self.graph, barred).any())
            return self._concerned[barred]

    def runs_over(
        self,
        from_point: Point,
        to_point: Point,
        profile: DriveProfile,
        edges: npt.NDArray[np.int64],
        *,
        access_limit_m: float,
        conditions: Conditions = MILD,
    ) -> bool:
        """Whether the fastest drive, as things stand, takes one of these edges; ask before imposing a closure on them.

        Raises
        ------
        OffNetwork
            As :meth:`matrix`.
        """
        snaps = self._snap_all((from_point, to_point), access_limit_m)
        search = self._get_costs(profile, conditions).search
        path = search.path(int(snaps.node[0]), int(self._arrivals(snaps.node[1:])[0]))
        return path is not None and not set(edges.tolist()).isdisjoint(path)

    # ---- inside

    def _get_costs(self, profile: DriveProfile, conditions: Conditions) -> _Costs:
        key = (profile, conditions)
        with self._lock:
            if key not in self._costs:
                self._costs[key] = self._work_out_costs(profile, conditions)
            return self._costs[key]

    def _work_out_costs(self, profile: DriveProfile, conditions: Conditions) -> _Costs:
        graph = self.graph
        speed_mps = graph.speed_mps * speed_frac(graph, conditions.band)
        drivable = np.ones(graph.edge_count, dtype=bool)
        if self._factor is not None:
            drivable &= self._factor > 0
            speed_mps = speed_mps * np.where(drivable, self._factor, 1.0)
        if conditions.barred is not None:
            drivable &= ~barred_edges(graph, conditions.barred)
        if graph.height_limit_m is not None:
            drivable &= graph.height_limit_m >= profile.height_m
        if graph.mass_limit_kg is not None:
            drivable &= graph.mass_limit_kg >= profile.mass_kg
        speed_mps = np.minimum(speed_mps, profile.max_speed_mps)
        time_ms = np.where(drivable, np.rint(graph.length_m / speed_mps * 1000.0), CLOSED).astype(np.int64)
        if graph.node_elevation_m is None:
            elevation_m = np.full(graph.edge_count, np.nan)
        else:
            elevation_m = (graph.node_elevation_m[graph.edge_from] + graph.node_elevation_m[graph.edge_to]) / 2
        energy = drive_energy(
            length_m=graph.length_m,
            speed_mps=speed_mps,
            climb_m=graph.climb_m,
            elevation_m=elevation_m,
            ascent_m=graph.ascent_m,
            ambient_c=self._outside_c(conditions, edge=True),
            profile=profile,
            conditions=conditions,
        )
        totals = np.stack([graph.length_m, energy.battery_wh, energy.fuel_ml, graph.toll_fen], axis=-1)
        return _Costs(
            time_ms=time_ms,
            totals=totals.astype(np.float64),
            search=self._search(time_ms, totals),
            node_c=self._outside_c(conditions, edge=False),
        )

    def _outside_c(self, conditions: Conditions, *, edge: bool) -> Floats | float:
        """Temperature of every edge (or node), one for all where the conditions name no month."""
        if conditions.month is None:
            return conditions.ambient_c
        graph = self.graph
        height_m = np.full(graph.node_count, np.nan) if graph.node_elevation_m is None else graph.node_elevation_m
        usual = usual_c(graph.node_lon_wgs84, graph.node_lat_wgs84, height_m, conditions.month)
        at_nodes = np.where(np.isnan(usual), conditions.ambient_c, usual)
        return (at_nodes[graph.edge_from] + at_nodes[graph.edge_to]) / 2 if edge else at_nodes

    def _search(self, time_ms: npt.NDArray[np.int64], totals: Floats) -> ShortestPaths:
        if self.method is Method.PLAIN:
            return PlainSearch(self.graph, time_ms)
        return Hierarchy(self.graph, self.prepared.contraction(), time_ms, totals)

    def _arrivals(self, nodes: Ints) -> Ints:
        """Where drives to these nodes end; another node where turn restrictions split the junction."""
        return nodes if self.graph.arrival_node is None else np.asarray(self.graph.arrival_node[nodes], dtype=np.int32)

    def _snap_all(self, points: Sequence[Point], limit_m: float) -> Snaps:
        snaps = self.snapper.snap_many(points)
        for number in np.flatnonzero(~(snaps.distance_m <= limit_m))[:1]:
            raise OffNetwork(
                lon_wgs84=points[number].lon_wgs84,
                lat_wgs84=points[number].lat_wgs84,
                distance_m=float(snaps.distance_m[number]),
                limit_m=limit_m,
            )
        return snaps

    def _price_access(
        self, straight_m: Floats, profile: DriveProfile, conditions: Conditions, outside_c: Floats | float
    ) -> tuple[Floats, Floats, npt.NDArray[np.uint8]]:
        """Time in ms, totals and confidence of drives off the network."""
        length_m = straight_m * self.access.detour_frac
        speed_mps = min(self.access.speed_mps, profile.max_speed_mps)
        energy = drive_energy(
            length_m=length_m,
            speed_mps=speed_mps,
            climb_m=0.0,
            elevation_m=0.0,
            ambient_c=outside_c,
            profile=profile,
            conditions=conditions,
        )
        totals = np.stack([length_m, energy.battery_wh, energy.fuel_ml, np.zeros_like(length_m)], axis=-1)
        known = np.where(straight_m > self.access.sourced_m, Confidence.INFERRED, Confidence.SOURCED)
        return length_m / speed_mps * 1000.0, totals, known.astype(np.uint8)

    def _steps(self, edges: list[int], costs: _Costs) -> list[Step]:
        graph = self.graph
        steps: list[Step] = []
        start = 0
        for number in range(1, len(edges) + 1):
            if number == len(edges) or graph.ref_index[edges[number]] != graph.ref_index[edges[start]]:
                run = edges[start:number]
                steps.append(
                    Step(
                        ref=graph.refs[graph.ref_index[run[0]]],
                        length_m=int(graph.length_m[run].sum()),
                        drive_s=round(int(costs.time_ms[run].sum()) / 1000),
                        confidence=Confidence(int(graph.confidence[run].max())),
                    )
                )
                start = number
        return steps

    def _line(self, source: int, edges: list[int]) -> list[tuple[float, float]]:
        graph = self.graph
        line = [(float(graph.node_lon_wgs84[source]), float(graph.node_lat_wgs84[source]))]
        for edge in edges:
            line.extend(graph.shape_of(edge))
            head = graph.edge_to[edge]
            line.append((float(graph.node_lon_wgs84[head]), float(graph.node_lat_wgs84[head])))
        return line


def _straight_m(points: Sequence[Point]) -> Floats:
    at = on_sphere_m([point.lon_wgs84 for point in points], [point.lat_wgs84 for point in points])
    squared = np.zeros((len(points), len(points)))
    for axis in range(3):
        squared += (at[:, None, axis] - at[None, :, axis]) ** 2
    return arc_m(np.sqrt(squared))


def _say(point: Point) -> str:
    return f"({point.lon_wgs84}, {point.lat_wgs84})"


def _without_repeats(line: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    kept = [place for number, place in enumerate(line) if number == 0 or place != line[number - 1]]
    return tuple(kept) if len(kept) > 1 else (*kept, *kept)

"""Import, matrix and closure, side by side with others: ``python -m tests.benchmarks.roads [EXTRACT ...]``.

Without an extract a made-up region is written and imported: a grid of streets with shape points, one-way streets and turn
restrictions; ``--side`` sets its size. Each figure is CPU seconds, with seconds on the clock in brackets, because other work
on the machine stretches only those.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

import networkx as nx
import numpy as np
import osmium
from osmium.osm.mutable import Node, Relation, Way
from routingkit_cch import CCH, CCHMetric, CCHOneToMany
from scipy import sparse
from scipy.sparse import csgraph

from routing.closures import Closure
from routing.engine import Method, Point, RoadEngine
from routing.graph import RoadGraph
from routing.hierarchy import Hierarchy, contract, contraction_order
from routing.osm import import_osm
from routing.profiles import PROFILES

CAR = PROFILES["sedan_bev"]
NOW = datetime(2026, 11, 20, tzinfo=UTC)
REGION_EDGES = 6_000_000
"""Directed edges expected of Sichuan and Chongqing together, for the extrapolation."""


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@contextmanager
def timed(name: str) -> Iterator[None]:
    wall, cpu = perf_counter(), process_time()
    yield
    say(f"  {name:<52} {process_time() - cpu:9.2f} s  ({perf_counter() - wall:.2f})")


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def write_grid(path: Path, side: int) -> None:
    """A region of ``side`` x ``side`` junctions, 400 m apart, a fifth of the links missing."""
    chance = random.Random(1)
    writer = osmium.SimpleWriter(str(path), overwrite=True)
    common = {"version": 1, "visible": True, "timestamp": "2026-01-01T00:00:00Z"}

    def place(x: float, y: float, spread: float) -> tuple[float, float]:
        return 100 + x * 0.004 + chance.uniform(-spread, spread), 26 + y * 0.0035 + chance.uniform(-spread, spread)

    for y in range(side):
        for x in range(side):
            writer.add_node(Node(id=1 + y * side + x, location=place(x, y, 1e-3), **common))
    fresh = side * side
    ways: list[tuple[list[int], dict[str, str]]] = []
    for y in range(side):
        for x in range(side):
            for dx, dy in ((1, 0), (0, 1)):
                if x + dx >= side or y + dy >= side or chance.random() > 0.8:
                    continue
                between = []
                for part in (1, 2, 3):
                    fresh += 1
                    writer.add_node(
                        Node(id=fresh, location=place(x + dx * part / 4, y + dy * part / 4, 5e-4), **common)
                    )
                    between.append(fresh)
                line = y if dx else x
                kind = "primary" if line % 64 == 0 else "secondary" if line % 8 == 0 else "residential"
                tags = {"highway": kind, "name": f"路{line}"}
                if chance.random() < 0.1:
                    tags["oneway"] = "yes"
                ways.append(([1 + y * side + x, *between, 1 + (y + dy) * side + x + dx], tags))
    meeting: dict[int, list[int]] = {}
    for number, (refs, tags) in enumerate(ways, start=1):
        writer.add_way(Way(id=number, nodes=refs, tags=tags, **common))
        for end in (refs[0], refs[-1]):
            meeting.setdefault(end, []).append(number)
    number = 0
    for junction, around in meeting.items():
        if len(around) > 2 and chance.random() < 0.02:
            number += 1
            first, second = chance.sample(around, 2)
            members = [("w", first, "from"), ("n", junction, "via"), ("w", second, "to")]
            kind = chance.choice(["no_left_turn", "only_straight_on"])
            writer.add_relation(
                Relation(id=number, members=members, tags={"type": "restriction", "restriction": kind}, **common)
            )
    writer.close()


def points_of(graph: RoadGraph, count: int) -> list[Point]:
    genuine = np.ones(graph.node_count, dtype=bool)
    if graph.base_node is not None:
        genuine = graph.base_node == np.arange(graph.node_count)
    if graph.can_stop is not None:
        genuine &= graph.can_stop
    chosen = np.random.default_rng(7).choice(np.flatnonzero(genuine), count)
    return [
        Point(lon_wgs84=float(graph.node_lon_wgs84[node]), lat_wgs84=float(graph.node_lat_wgs84[node]))
        for node in chosen
    ]


def measure(files: Sequence[Path], country: str, count: int) -> None:
    say(f"{', '.join(path.name for path in files)}: {sum(path.stat().st_size for path in files) / 2**20:.1f} MB")
    before_mb = peak_mb()
    cpu = process_time()
    with timed("import"):
        graph, _ = import_osm(files, country=country)
    import_s = process_time() - cpu
    cpu = process_time()
    with timed("order (inertial flow)"):
        order = contraction_order(graph)
    order_s = process_time() - cpu
    million = graph.edge_count / 1e6
    used_mb = (peak_mb() - before_mb) / million
    say(f"  {graph.node_count:,} nodes, {graph.edge_count:,} directed edges; peak memory {peak_mb():,} MB")
    say(
        f"  per million edges: import {import_s / million:.0f} s, order {order_s / million:.0f} s, {used_mb:,.0f} MB; "
        f"{REGION_EDGES / 1e6:.0f} million: {(import_s + order_s) / million * REGION_EDGES / 6e7:.1f} min, "
        f"{(before_mb + used_mb * REGION_EDGES / 1e6) / 1024:.1f} GB"
    )

    weights = np.rint(graph.length_m / np.minimum(graph.speed_mps, CAR.max_speed_mps) * 1000).astype(np.int64)
    cost = np.stack(
        [weights.astype(float), graph.length_m.astype(float), weights / 7.0, np.zeros(len(weights))], axis=1
    )
    # Compile before the clock runs.
    tiny = np.arange(2, dtype=np.int32)
    contraction = contract(graph, order)
    Hierarchy(graph, contraction, weights, cost).node_matrix(tiny, tiny, cost)
    with timed("contraction"):
        contraction = contract(graph, order)
    with timed("customization with four costs"):
        hierarchy = Hierarchy(graph, contraction, weights, cost)
    nodes = np.unique(RoadEngine(graph, method=Method.PLAIN).snapper.snap_many(points_of(graph, count)).node)
    ends = nodes if graph.arrival_node is None else graph.arrival_node[nodes].astype(np.int32)
    size = f"{len(nodes)} x {len(nodes)}"
    with timed(f"matrix {size}: time, metres, energy, toll"):
        ours = hierarchy.node_matrix(nodes, ends, cost)

    arguments = graph.edge_from.tolist(), graph.edge_to.tolist()
    cch = CCH(order.tolist(), *arguments, False)
    with timed("routingkit-cch: customization, times only"):
        metric = CCHMetric(cch, weights.tolist())
    with timed(f"routingkit-cch: matrix {size}, times only"):
        pinned = CCHOneToMany(metric, ends.tolist())
        theirs = np.array(
            [[np.inf if time is None else time for time in pinned.distances_from(node)] for node in nodes.tolist()]
        )
    say(f"  same times: {bool((theirs == ours.time_ms).all())}")

    table = sparse.csr_matrix((weights.astype(float), arguments), shape=(graph.node_count,) * 2)
    with timed("scipy dijkstra, per source (5 asked), times only"):
        csgraph.dijkstra(table, indices=nodes[:5])
    if graph.edge_count < 2_000_000:
        model = nx.DiGraph()
        model.add_weighted_edges_from(zip(*arguments, weights.tolist(), strict=True))
        with timed("networkx dijkstra, one source, times only"):
            nx.single_source_dijkstra_path_length(model, int(nodes[0]))

    engine = RoadEngine(graph.with_order(order), method=Method.HIERARCHY)
    points = points_of(graph, 2)
    engine.matrix(points, CAR, access_limit_m=1e5)
    ref = graph.refs[
        int(np.bincount(graph.ref_index[np.array([bool(ref) for ref in graph.refs])[graph.ref_index]]).argmax())
    ]
    closure = Closure(id="bench", starts_at=NOW, ends_at=None, refs=frozenset({ref}))
    with timed(f"closing {ref}: customized again and answered"):
        engine.impose([closure], at=NOW)
        engine.matrix(points, CAR, access_limit_m=1e5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extracts", nargs="*", type=Path)
    parser.add_argument("--country", default="CN")
    parser.add_argument("--side", type=int, default=150, help="size of the made-up region")
    parser.add_argument("--points", type=int, default=1000)
    options = parser.parse_args()
    if options.extracts:
        measure(options.extracts, options.country, options.points)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "grid.osm.pbf"
        write_grid(path, options.side)
        measure([path], options.country, options.points)


if __name__ == "__main__":
    main()

"""Plain CSV street graphs: one table of nodes, one of edges."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from routing.elevation import interpolate_over_links
from routing.errors import InvalidNetwork
from routing.graph import Confidence, RoadGraph

NODE_ID = ("node_id", "osm_node_id", "id")
LON = ("lon_wgs84", "lon", "lng")
LAT = ("lat_wgs84", "lat")
NODE_NAME = ("name_zh", "name", "road_name")
ELEVATION = ("elevation_m",)
FROM = ("from_node", "from")
TO = ("to_node", "to")
LENGTH_M = ("length_m",)
SPEED_KMH = ("speed_kmh", "maxspeed_kmh")
ONE_WAY = ("oneway", "one_way")
TOLL = ("toll_fen",)
REF = ("road_ref", "ref")
CONFIDENCE = ("confidence",)

_YES = frozenset({"1", "yes", "true"})
_NO = frozenset({"", "0", "no", "false"})
_MAX_LENGTH_M = 2_000_000
_MAX_SPEED_KMH = 200.0


class _Table:
    """A CSV file with its header resolved; every complaint carries file name, data row and column."""

    def __init__(self, path: Path) -> None:
        self.source = path.name
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise InvalidNetwork(
                source=str(path), row=None, field="file", reason=f"not readable: {error.strerror or error}"
            ) from error
        except UnicodeDecodeError as error:
            raise InvalidNetwork(
                source=str(path), row=None, field="file", reason=f"not UTF-8 (byte {error.start}); save it as UTF-8"
            ) from error
        rows = list(csv.reader(text.splitlines()))
        if len(rows) < 2:
            raise InvalidNetwork(source=self.source, row=None, field="file", reason="a header and at least one row")
        self.header = [name.strip() for name in rows[0]]
        self.rows = rows[1:]

    def find(self, names: Sequence[str]) -> str | None:
        return next((name for name in names if name in self.header), None)

    def get(self, names: Sequence[str]) -> str:
        column = self.find(names)
        if column is None:
            raise InvalidNetwork(
                source=self.source,
                row=None,
                field=names[0],
                reason=f"no such column; the header is {','.join(self.header)}; also understood: {', '.join(names)}",
            )
        return column

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        for number, cells in enumerate(self.rows, start=1):
            if len(cells) != len(self.header):
                raise self.refuse(number, "row", f"{len(cells)} cells under {len(self.header)} headings")
            yield number, dict(zip(self.header, (cell.strip() for cell in cells), strict=True))

    def refuse(self, row: int, field: str, reason: str) -> InvalidNetwork:
        return InvalidNetwork(source=self.source, row=row, field=field, reason=reason)

    def number(self, row: int, field: str, text: str, low: float, high: float) -> float:
        try:
            value = float(text)
        except ValueError:
            raise self.refuse(row, field, f"{text!r} is not a number") from None
        if not (math.isfinite(value) and low <= value <= high):
            raise self.refuse(row, field, f"{text} is not between {low:g} and {high:g}")
        return value


def load_csv(nodes_path: Path | str, edges_path: Path | str, *, default_speed_mps: float) -> RoadGraph:
    """Read a street graph from two UTF-8 CSV files with a header each.

    Nodes: ``node_id`` (or ``osm_node_id``, ``id``), ``lon``, ``lat``; optional ``name``, ``elevation_m``.
    Edges: ``from``, ``to``, ``length_m``; optional ``speed_kmh``, ``oneway`` (``yes``/``no``), ``toll_fen``, ``ref``,
    ``confidence`` (``sourced``, ``inferred``, ``unverified``). Coordinates are WGS-84.

    A row without ``oneway`` is two-way, unless the table lists the way back as a row of its own. Where the table has no
    speed, ``default_speed_mps`` holds, and the graph's name and notes say so.

    Raises
    ------
    InvalidNetwork
        With file, row and field, at the first row that cannot be read.
    """
    if not (math.isfinite(default_speed_mps) and 0 < default_speed_mps <= _MAX_SPEED_KMH / 3.6):
        raise InvalidNetwork(
            source="load_csv",
            row=None,
            field="default_speed_mps",
            reason=f"{default_speed_mps} is no driving speed in m/s",
        )
    nodes = _Table(Path(nodes_path))
    edges = _Table(Path(edges_path))
    index, names, lons, lats, heights = _read_nodes(nodes)

    from_column, to_column, length_column = edges.get(FROM), edges.get(TO), edges.get(LENGTH_M)
    speed_column, oneway_column = edges.find(SPEED_KMH), edges.find(ONE_WAY)
    toll_column, ref_column, confidence_column = edges.find(TOLL), edges.find(REF), edges.find(CONFIDENCE)
    listed: dict[tuple[int, int], int] = {}
    single: list[bool] = []
    ends: list[tuple[int, int]] = []
    lengths: list[float] = []
    speeds: list[float] = []
    tolls: list[int] = []
    refs: list[str] = []
    confidences: list[int] = []
    without_speed = 0
    for row, cells in edges:
        for column in (from_column, to_column):
            if cells[column] not in index:
                raise edges.refuse(row, column, f"{cells[column]!r} is not a node of {nodes.source}")
        pair = (index[cells[from_column]], index[cells[to_column]])
        listed.setdefault(pair, row)
        ends.append(pair)
        lengths.append(edges.number(row, length_column, cells[length_column], 0, _MAX_LENGTH_M))
        if speed_column and cells[speed_column]:
            speeds.append(edges.number(row, speed_column, cells[speed_column], 1, _MAX_SPEED_KMH) / 3.6)
        else:
            without_speed += 1
            speeds.append(default_speed_mps)
        direction = cells[oneway_column].lower() if oneway_column else ""
        if direction not in _YES | _NO:
            raise edges.refuse(row, oneway_column or "oneway", f"{direction!r} is neither yes nor no")
        single.append(direction in _YES)
        tolls.append(int(edges.number(row, toll_column, cells[toll_column] or "0", 0, 10**7)) if toll_column else 0)
        refs.append(cells[ref_column] if ref_column else "")
        confidences.append(_confidence(edges, row, confidence_column, cells))

    forward = np.array(ends, dtype=np.int32)
    back = np.array(
        [not one_way and (to, from_) not in listed for one_way, (from_, to) in zip(single, ends, strict=True)],
        dtype=bool,
    )
    ref_names = tuple(sorted(set(refs)))
    ref_of = {ref: number for number, ref in enumerate(ref_names)}

    def both(values: Sequence[float], dtype: type[np.generic]) -> np.ndarray:
        array = np.asarray(values)
        if np.issubdtype(dtype, np.integer):
            array = np.rint(array)
        return np.concatenate([array, array[back]]).astype(dtype)

    edge_from = np.concatenate([forward[:, 0], forward[back, 1]])
    edge_to = np.concatenate([forward[:, 1], forward[back, 0]])
    length_m = both(lengths, np.int32)
    measured_m = np.array(heights)
    elevation_m = interpolate_over_links(measured_m, edge_from, edge_to, length_m)
    stem = Path(nodes_path).parent.name or "csv"
    stated = f"{without_speed} of {len(ends)} rows without a speed drive at {default_speed_mps * 3.6:.1f} km/h"
    return RoadGraph(
        name=f"{stem}@{default_speed_mps * 3.6:.1f}km/h" if without_speed else stem,
        node_names=names,
        node_ids=tuple(index),
        node_lon_wgs84=np.array(lons),
        node_lat_wgs84=np.array(lats),
        node_elevation_m=elevation_m,
        edge_from=edge_from,
        edge_to=edge_to,
        length_m=length_m,
        speed_mps=both(speeds, np.float64),
        climb_m=elevation_m[edge_to] - elevation_m[edge_from],
        toll_fen=both(tolls, np.int32),
        ref_index=both([ref_of[ref] for ref in refs], np.int32),
        refs=ref_names,
        confidence=both(confidences, np.uint8),
        notes=(stated, f"{int(back.sum())} of {len(ends)} rows stand for both directions"),
    )


def _read_nodes(table: _Table) -> tuple[dict[str, int], tuple[str, ...], list[float], list[float], list[float]]:
    id_column, lon_column, lat_column = table.get(NODE_ID), table.get(LON), table.get(LAT)
    name_column, height_column = table.find(NODE_NAME), table.find(ELEVATION)
    index: dict[str, int] = {}
    names: list[str] = []
    lons: list[float] = []
    lats: list[float] = []
    heights: list[float] = []
    for row, cells in table:
        id = cells[id_column]
        if not id:
            raise table.refuse(row, id_column, "empty; every node needs an id")
        if id in index:
            raise table.refuse(row, id_column, f"{id!r} stands in row {index[id] + 1} already")
        index[id] = len(index)
        names.append(cells[name_column] if name_column else "")
        lons.append(table.number(row, lon_column, cells[lon_column], -180, 180))
        lats.append(table.number(row, lat_column, cells[lat_column], -90, 90))
        text = cells[height_column] if height_column else ""
        heights.append(table.number(row, height_column or "", text, -500, 9000) if text else math.nan)
    return index, tuple(names), lons, lats, heights


def _confidence(table: _Table, row: int, column: str | None, cells: dict[str, str]) -> int:
    if column is None or not cells[column]:
        return Confidence.SOURCED
    try:
        return Confidence[cells[column].upper()]
    except KeyError:
        raise table.refuse(row, column, f"{cells[column]!r} is none of sourced, inferred, unverified") from None

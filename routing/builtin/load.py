"""Read the built-in fact tables into a :class:`routing.graph.RoadGraph`."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from importlib.resources import files
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from routing.elevation import interpolate_over_links
from routing.errors import InvalidNetwork
from routing.graph import Confidence, RoadGraph

NAME = "builtin-sichuan-chongqing"

TOLL_FEN_PER_KM = 50
"""Planning figure for a class-1 passenger car on a tolled link. The tables say only whether a toll is due; the rates set by
the two provinces differ by road, so that this is an assumption and is repeated in the network's notes."""

_CONFIDENCE = {"sourced": Confidence.SOURCED, "inferred": Confidence.INFERRED, "unverified": Confidence.UNVERIFIED}


def read_table(name: str) -> list[dict[str, str]]:
    """Rows of one of the tables in this folder, as text."""
    text = files("routing.builtin").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _published_factors(links: Sequence[Mapping[str, str]]) -> npt.NDArray[np.float64]:
    """Factor on the length of every link: on sections of published length (``sections.csv``) they add up to that.

    The lengths of the table run along a few shape points and fall short of the road: by 3 % in the basin, 8 % in the mountains.

    Raises
    ------
    InvalidNetwork
        If a section runs over a link that is not there.
    """
    number = {}
    for at, row in enumerate(links):
        for ref in row["road_ref"].split("/"):
            number[ref, frozenset((row["from_node"], row["to_node"]))] = at
    factor = np.ones(len(links))
    for row_number, section in enumerate(read_table("sections.csv"), start=1):
        nodes = section["nodes"].split()
        keys = [(section["road_ref"], frozenset(pair)) for pair in pairwise(nodes)]
        if missing := [sorted(pair) for ref, pair in keys if (ref, pair) not in number]:
            raise InvalidNetwork(
                source="sections.csv", row=row_number, field="nodes", reason=f"{missing[0]!r} is not in road_links.csv"
            )
        chosen = [number[key] for key in keys]
        along_km = sum(float(links[at]["length_km"]) for at in chosen)
        factor[chosen] = float(section["published_km"]) / along_km
    return factor


def load_builtin() -> RoadGraph:
    """The 690 nodes and 1,516 two-way links (3,032 edges) of the seat network.

    Heights of county seats are carried from ``places.csv``; those of junctions, and of seats without one, are interpolated
    along the links (:func:`routing.elevation.interpolate_over_links`).

    Raises
    ------
    InvalidNetwork
        If a link names an unknown node or confidence.
    """
    nodes = read_table("road_nodes.csv")
    links = read_table("road_links.csv")
    height = {row["adcode"]: float(row["elevation_m"]) for row in read_table("places.csv") if row["elevation_m"]}
    index = {row["node_id"]: number for number, row in enumerate(nodes)}
    ends: list[tuple[int, int]] = []
    for number, row in enumerate(links, start=1):
        for field in ("from_node", "to_node"):
            if row[field] not in index:
                raise InvalidNetwork(
                    source="road_links.csv", row=number, field=field, reason=f"{row[field]!r} is not in road_nodes.csv"
                )
        if row["confidence"] not in _CONFIDENCE:
            raise InvalidNetwork(
                source="road_links.csv", row=number, field="confidence", reason=f"one of {', '.join(_CONFIDENCE)}"
            )
        ends.append((index[row["from_node"]], index[row["to_node"]]))
    pairs = np.array(ends, dtype=np.int32)
    edge_from = np.concatenate([pairs[:, 0], pairs[:, 1]])
    edge_to = np.concatenate([pairs[:, 1], pairs[:, 0]])
    length_km = np.array([float(row["length_km"]) for row in links]) * _published_factors(links)
    length_m = np.rint(length_km * 1000).astype(np.int32)
    speed_mps = np.array([float(row["speed_kmh"]) for row in links]) / 3.6
    tolled = np.array([row["toll"] == "1" for row in links])
    toll_fen = np.rint(tolled * length_m * (TOLL_FEN_PER_KM / 1000)).astype(np.int32)
    confidence = np.array([_CONFIDENCE[row["confidence"]] for row in links], dtype=np.uint8)
    refs = tuple(sorted({row["road_ref"] for row in links}))
    classes = tuple(sorted({row["road_class"] for row in links}))
    ref_index = np.array([refs.index(row["road_ref"]) for row in links], dtype=np.int32)
    class_index = np.array([classes.index(row["road_class"]) for row in links], dtype=np.uint8)
    measured_m = np.array([height.get(row["node_id"], np.nan) for row in nodes])
    elevation_m = interpolate_over_links(measured_m, edge_from, edge_to, np.tile(length_m, 2))
    return RoadGraph(
        name=NAME,
        node_names=tuple(row["name_zh"] for row in nodes),
        node_ids=tuple(row["node_id"] for row in nodes),
        node_lon_wgs84=np.array([float(row["lon_wgs84"]) for row in nodes]),
        node_lat_wgs84=np.array([float(row["lat_wgs84"]) for row in nodes]),
        node_elevation_m=elevation_m,
        edge_from=edge_from,
        edge_to=edge_to,
        length_m=np.tile(length_m, 2),
        speed_mps=np.tile(speed_mps, 2),
        climb_m=elevation_m[edge_to] - elevation_m[edge_from],
        toll_fen=np.tile(toll_fen, 2),
        ref_index=np.tile(ref_index, 2),
        refs=refs,
        confidence=np.tile(confidence, 2),
        class_index=np.tile(class_index, 2),
        road_classes=classes,
        notes=(
            f"toll {TOLL_FEN_PER_KM} fen/km on tolled links is a planning figure",
            f"{int(np.isfinite(measured_m).sum())} of {len(nodes)} node heights are known, the rest interpolated along links",
            "lengths of the sections in sections.csv are the published ones; other expressways are 3 to 8 % too short",
            "contains information from OpenStreetMap through Travel Mapping, ODbL 1.0",
        ),
    )

"""A network as a table of geometries, for geographic information systems."""

from __future__ import annotations

import tempfile
from pathlib import Path

import geopandas
import numpy as np
import shapely

from routing.graph import Confidence, RoadGraph

WGS84 = "EPSG:4326"
DRIVERS = {".geojson": "GeoJSON", ".gpkg": "GPKG", ".fgb": "FlatGeobuf"}


def to_geodataframe(graph: RoadGraph) -> geopandas.GeoDataFrame:
    """One row per directed edge, with its line and what is known of it; copies that turn restrictions made are left out."""
    chosen = np.arange(graph.edge_count)
    if graph.base_node is not None and graph.arrival_node is not None:
        genuine = graph.base_node[graph.edge_from] == graph.edge_from
        arrives = (graph.arrival_node[graph.edge_from] == graph.edge_to) & (graph.edge_from != graph.edge_to)
        chosen = np.flatnonzero(genuine & ~arrives)
    count = np.zeros(len(chosen), dtype=np.int64)
    inner_lon = inner_lat = np.zeros(0)
    if graph.shape_offset is not None and graph.shape_lon_wgs84 is not None and graph.shape_lat_wgs84 is not None:
        first, last = graph.shape_offset[chosen], graph.shape_offset[chosen + 1]
        count = np.asarray(last - first)
        place = np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())
        inner_lon, inner_lat = np.asarray(graph.shape_lon_wgs84[place]), np.asarray(graph.shape_lat_wgs84[place])
    ends = np.cumsum(count + 2)
    starts = ends - count - 2
    points = np.empty((int(ends[-1]) if len(ends) else 0, 2))
    inner = np.ones(len(points), dtype=bool)
    inner[starts] = inner[ends - 1] = False
    points[inner] = np.column_stack([inner_lon, inner_lat])
    for rows, nodes in ((starts, graph.edge_from[chosen]), (ends - 1, graph.edge_to[chosen])):
        points[rows] = np.column_stack([graph.node_lon_wgs84[nodes], graph.node_lat_wgs84[nodes]])
    lines = shapely.linestrings(points, indices=np.repeat(np.arange(len(chosen)), count + 2))
    refs, confidences = np.array(graph.refs), np.array([known.name.lower() for known in Confidence])
    columns = {
        "ref": refs[graph.ref_index[chosen]],
        "length_m": np.asarray(graph.length_m[chosen]),
        "speed_kmh": np.round(graph.speed_mps[chosen] * 3.6, 1),
        "climb_m": np.round(graph.climb_m[chosen], 1),
        "toll_fen": np.asarray(graph.toll_fen[chosen]),
        "confidence": confidences[graph.confidence[chosen]],
    }
    if graph.class_index is not None:
        columns["road_class"] = np.array(graph.road_classes)[graph.class_index[chosen]]
    if graph.source_way_id is not None:
        columns["osm_way_id"] = np.asarray(graph.source_way_id[chosen])
    return geopandas.GeoDataFrame(columns, geometry=lines, crs=WGS84)


def write_gis(graph: RoadGraph, path: Path) -> int:
    """Write the edges to a file of a kind in :data:`DRIVERS`, whole or not at all; returns how many.

    Raises
    ------
    ValueError
        If the file name ends otherwise.
    """
    if path.suffix not in DRIVERS:
        raise ValueError(f"{path.name} should end in one of {', '.join(DRIVERS)}")
    frame = to_geodataframe(graph)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".network-") as folder:
        partial = Path(folder) / f"network{path.suffix}"
        frame.to_file(partial, driver=DRIVERS[path.suffix])
        partial.replace(path)
    return len(frame)

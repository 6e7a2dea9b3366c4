from __future__ import annotations

from pathlib import Path

import geopandas
import pytest

from routing.builtin import load_builtin
from routing.gis import DRIVERS, to_geodataframe, write_gis
from routing.osm import import_osm


def test_the_builtin_network_as_a_table():
    graph = load_builtin()
    frame = to_geodataframe(graph)
    assert len(frame) == graph.edge_count
    assert frame.crs.to_epsg() == 4326
    assert set(frame["confidence"]) == {"sourced", "inferred", "unverified"}
    assert frame.geometry.iloc[5].coords[0] == (
        graph.node_lon_wgs84[graph.edge_from[5]],
        graph.node_lat_wgs84[graph.edge_from[5]],
    )


def test_an_extract_with_shapes(shared_dir: Path):
    graph, report = import_osm([shared_dir / "data" / "osm" / "monaco.osm.pbf"], country="EU")
    frame = to_geodataframe(graph)
    assert len(frame) == report.edge_count
    longest = frame.loc[frame["length_m"].idxmax()]
    metres = geopandas.GeoSeries([longest.geometry], crs=4326).to_crs(frame.estimate_utm_crs()).length.iloc[0]
    assert metres == pytest.approx(longest["length_m"], rel=0.01)
    assert "residential" in set(frame["road_class"])


@pytest.mark.parametrize("suffix", sorted(DRIVERS))
def test_files_can_be_read_again(tmp_path: Path, suffix: str):
    graph = load_builtin()
    path = tmp_path / f"net{suffix}"
    assert write_gis(graph, path) == graph.edge_count
    again = geopandas.read_file(path)
    assert len(again) == graph.edge_count
    assert sorted(again["ref"].fillna("").unique()) == sorted(graph.refs)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_other_files_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="geojson"):
        write_gis(load_builtin(), tmp_path / "net.shp")
    assert list(tmp_path.iterdir()) == []

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from routing.errors import InvalidNetwork
from routing.heights import heights_from_points, heights_from_tiles, load_heights
from routing.osm import import_osm
from routing.stored import save_network


def test_points_on_a_slope(tmp_path: Path):
    rows = [f"{104 + x / 100},{30 + y / 100},{500 + 10 * x}" for x in range(11) for y in range(11)]
    path = tmp_path / "points.csv"
    path.write_text("lon,lat,elevation_m\n" + "\n".join(rows), encoding="utf-8")
    heights = heights_from_points(path)
    lon, lat = np.array([104.05, 104.055, 110.0]), np.array([30.05, 30.055, 30.0])
    found = heights(lon, lat)
    assert found[0] == pytest.approx(550, abs=0.1)
    assert found[1] == pytest.approx(555, abs=1)
    assert np.isnan(found[2])


@pytest.mark.parametrize(
    ("text", "row", "field"),
    [
        ("lon,lat\n1,2\n", None, "elevation_m"),
        ("lon,lat,elevation_m\n", None, "file"),
        ("lon,lat,elevation_m\n1,2,3\n1,2,high\n", 2, "elevation_m"),
        ("lon,lat,elevation_m\n1,99,3\n", 1, "lat"),
        ("lon,lat,elevation_m\n1,2,9999\n", 1, "elevation_m"),
    ],
)
def test_errors_name_row_and_column(tmp_path: Path, text: str, row: int | None, field: str):
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidNetwork) as caught:
        heights_from_points(path)
    assert (caught.value.row, caught.value.field) == (row, field)


def test_a_missing_file(tmp_path: Path):
    with pytest.raises(InvalidNetwork, match="not readable"):
        heights_from_points(tmp_path / "none.csv")


def write_tile(folder: Path, name: str, samples: np.ndarray) -> None:
    (folder / name).write_bytes(samples.astype(">i2").tobytes())


def test_tiles_are_interpolated_between_samples(tmp_path: Path):
    row, column = np.mgrid[0:11, 0:11]
    write_tile(tmp_path, "N30E104.hgt", 1000 - 10 * row + 100 * column)
    write_tile(tmp_path, "n30e105.hgt", np.full((11, 11), 7))
    heights = heights_from_tiles(tmp_path)
    lon, lat = np.array([104.0, 104.0, 104.5, 104.55, 105.5, 106.5]), np.array([30.9999, 30.0, 30.5, 30.55, 30.5, 30.5])
    found = heights(lon, lat)
    assert found[:5] == pytest.approx([1000, 900, 1450, 1505, 7], abs=0.1)
    assert np.isnan(found[5])


def test_a_void_is_no_height(tmp_path: Path):
    samples = np.zeros((3, 3))
    samples[1, 1] = -32768
    write_tile(tmp_path, "S01W001.hgt", samples)
    found = heights_from_tiles(tmp_path)(np.array([-0.4, -1.0]), np.array([-0.4, -1.0]))
    assert np.isnan(found[0])
    assert found[1] == 0


def test_folders_without_tiles_and_cut_tiles(tmp_path: Path):
    with pytest.raises(InvalidNetwork, match="no tile"):
        heights_from_tiles(tmp_path)
    (tmp_path / "N30E104.hgt").write_bytes(bytes(100))
    with pytest.raises(InvalidNetwork, match="square"):
        load_heights(tmp_path)


def test_an_import_takes_heights_from_tiles(tmp_path: Path, shared_dir: Path):
    row, _ = np.mgrid[0:101, 0:101]
    for name in ("N42E001.hgt", "N43E001.hgt"):
        write_tile(tmp_path, name, 3000 - 10 * row)
    extract = shared_dir / "data" / "osm" / "andorra.osm.pbf"
    graph, _ = import_osm([extract], country="EU", heights=load_heights(tmp_path))
    assert graph.node_elevation_m is not None
    assert graph.node_elevation_m == pytest.approx(2000 + 1000 * (graph.node_lat_wgs84 - 42), abs=1)
    assert np.nansum(np.abs(graph.climb_m)) > 1000
    save_network(graph, tmp_path / "net")

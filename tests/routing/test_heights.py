from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import Affine

from routing.conditions import Conditions
from routing.energy import drive_energy
from routing.errors import InvalidNetwork
from routing.heights import heights_from_points, heights_from_tiles, load_heights
from routing.osm import import_osm
from routing.profiles import PROFILES
from routing.stored import save_network
from tests.routing.test_osm import write_osm


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
    off_m = np.abs(graph.node_elevation_m - (2000 + 1000 * (graph.node_lat_wgs84 - 42)))
    # Junctions on bridges and in tunnels take their heights from the ends of these.
    assert off_m.max() < 10
    assert (off_m < 1).mean() > 0.99
    assert np.nansum(np.abs(graph.climb_m)) > 1000
    save_network(graph, tmp_path / "net")


def write_raster(path: Path, samples: np.ndarray, *, west: float, north: float, step: float, crs: str | None, **more):
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=samples.shape[0],
        width=samples.shape[1],
        count=1,
        dtype=samples.dtype,
        crs=crs,
        transform=Affine(step, 0, west, 0, -step, north),
        **more,
    ) as out:
        out.write(samples, 1)


def test_a_raster_is_interpolated_between_the_centres_of_its_samples(tmp_path: Path):
    row, column = np.mgrid[0:1500, 0:1300]
    # Larger than one block each way; the centre of sample (r, c) lies at 104 + (c + 0.5) / 1000 and 32 - (r + 0.5) / 1000.
    write_raster(
        tmp_path / "a.tif", (column + 2.0 * row).astype(np.float32), west=104, north=32, step=0.001, crs="EPSG:4326"
    )
    heights = load_heights(tmp_path / "a.tif")
    lon = np.array([104.0005, 104.5, 105.2, 104.00001, 106.0])
    lat = np.array([31.9995, 31.5, 30.6, 31.99999, 31.0])
    expected = (lon - 104.0005) * 1000 + 2 * (31.9995 - lat) * 1000
    expected[3] = 0  # half a sample at the border is level
    assert heights(lon, lat)[:4] == pytest.approx(expected[:4], abs=0.05)
    assert np.isnan(heights(lon, lat)[4])


def test_a_projected_raster_and_its_scale(tmp_path: Path):
    path = tmp_path / "utm.tif"
    samples = np.full((20, 20), 120, dtype=np.int16)
    samples[:, 10:] = -9999
    write_raster(path, samples, west=400_000, north=3_320_000, step=100, crs="EPSG:32648", nodata=-9999)
    with rasterio.open(path, "r+") as source:
        source.scales, source.offsets = (10.0,), (5.0,)
    heights = load_heights(path)
    to_degrees = Transformer.from_crs("EPSG:32648", "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform([400_500, 400_950, 401_500], [3_319_000] * 3)
    found = heights(np.array(lon), np.array(lat))
    assert found[0] == pytest.approx(1205)
    # The second place lies in the middle of the last sample that has data, the third beyond it.
    assert found[1] == pytest.approx(1205)
    assert np.isnan(found[2])


def test_the_first_of_several_rasters_that_knows_counts(tmp_path: Path):
    for number, west in enumerate((104.0, 104.5)):
        samples = np.full((10, 10), 100.0 * (number + 1), dtype=np.float32)
        write_raster(tmp_path / f"{number}.tif", samples, west=west, north=31, step=0.1, crs="EPSG:4326")
    found = load_heights(tmp_path)(np.array([104.2, 104.7, 105.2]), np.array([30.5, 30.5, 30.5]))
    assert found.tolist() == [100, 100, 200]


def test_rasters_that_are_none(tmp_path: Path):
    samples = np.ones((4, 4), dtype=np.float32)
    path = tmp_path / "no_crs.tif"
    write_raster(path, samples, west=104, north=31, step=0.1, crs=None)
    with pytest.raises(InvalidNetwork, match="coordinate system"):
        load_heights(path)
    path = tmp_path / "cut.tif"
    path.write_bytes(b"II*\0 nothing of use")
    with pytest.raises(InvalidNetwork, match="raster"):
        load_heights(path)


HILL = {1: (0.0, 0.0), 2: (2.0, 0.0), 3: (4.0, 0.0)}


def hill(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """200 m high half way between nodes 1 and 3, at 500 m beside it."""
    del lat
    x = (np.asarray(lon) - 104) / 0.002
    return 500 + np.maximum(0.0, 200 - 100 * np.abs(x - 2))


@pytest.mark.parametrize(("tags", "ascent_m"), [({}, 200), ({"tunnel": "yes"}, 0)])
def test_a_hill_between_two_equal_heights_is_climbed_and_a_tunnel_is_level(
    tmp_path: Path, tags: dict[str, str], ascent_m: float
):
    # A motorway is one edge between its junctions unless heights cut it; the spur at 1 and the ring keep it connected.
    ways = {10: ([1, 2, 3], {"highway": "motorway", "oneway": "no", **tags}), 20: ([3, 4, 1], {"highway": "primary"})}
    path = write_osm(tmp_path / "hill.osm", {**HILL, 4: (-9.0, -3.0)}, ways)
    graph, _ = import_osm([path], heights=hill)
    chosen = graph.source_way_id == 10
    assert graph.ascent_m is not None
    there = float(graph.ascent_m[chosen].sum()) / 2
    assert there == pytest.approx(ascent_m, abs=1)
    assert float(graph.climb_m[chosen].sum()) == pytest.approx(0, abs=0.1)
    # What goes up comes down: seen from the other end a descent is an ascent.
    assert np.all(graph.ascent_m - graph.climb_m >= -1e-6)


def test_the_way_over_a_hill_costs_more_than_the_level_one():
    common = {"length_m": 4_000.0, "speed_mps": 15.0, "climb_m": 0.0, "elevation_m": 500.0}
    for name in ("sedan_bev", "sedan_petrol"):
        profile = PROFILES[name]
        level = drive_energy(**common, profile=profile, conditions=Conditions())
        over = drive_energy(**common, ascent_m=200.0, profile=profile, conditions=Conditions())
        assert float(over.battery_wh + over.fuel_ml) > 1.1 * float(level.battery_wh + level.fuel_ml)
    halves = [
        drive_energy(
            length_m=2_000.0,
            speed_mps=15.0,
            climb_m=climb_m,
            elevation_m=500.0,
            profile=PROFILES["sedan_bev"],
            conditions=Conditions(),
        )
        for climb_m in (200.0, -200.0)
    ]
    whole = drive_energy(**common, ascent_m=200.0, profile=PROFILES["sedan_bev"], conditions=Conditions())
    assert float(whole.battery_wh) == pytest.approx(sum(float(half.battery_wh) for half in halves), rel=1e-6)

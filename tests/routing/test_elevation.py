from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from routing.elevation import heights_from_points, interpolate_over_links
from routing.errors import InvalidNetwork


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def test_heights_change_evenly_between_known_places():
    height = interpolate_over_links(
        np.array([500.0, np.nan, np.nan, 1700.0]), ints(0, 1, 2), ints(1, 2, 3), ints(100, 200, 300)
    )
    assert height == pytest.approx([500, 700, 1100, 1700])


def test_components_without_a_known_height_stay_unknown():
    height = interpolate_over_links(np.array([500.0, np.nan, np.nan, np.nan]), ints(0, 2), ints(1, 3), ints(5, 5))
    assert height[:2] == pytest.approx([500, 500])
    assert np.isnan(height[2:]).all()
    nothing = np.full(2, np.nan)
    assert np.isnan(interpolate_over_links(nothing, ints(0), ints(1), ints(5))).all()


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

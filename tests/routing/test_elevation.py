from __future__ import annotations

import numpy as np
import pytest

from routing.elevation import interpolate_over_links


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

from __future__ import annotations

import numpy as np
import pytest

from routing.builtin import load_builtin
from routing.climate import usual_c
from routing.conditions import Conditions
from routing.engine import Point, RoadEngine
from routing.profiles import PROFILES

CHENGDU, KANGDING, LITANG = (104.0632, 30.6619), (101.9625, 30.0536), (100.2686, 29.9945)


def of(place: tuple[float, float], height_m: float, month: int) -> float:
    return float(usual_c([place[0]], [place[1]], [height_m], month)[0])


def test_stations_have_their_own_figures_and_between_them_lies_the_rest():
    assert of(CHENGDU, 499, 1) == pytest.approx((3.7 + 5.7) / 2, abs=0.2)
    assert of(CHENGDU, 499, 7) == pytest.approx((25.7 + 24.9) / 2, abs=0.2)
    assert of(LITANG, 3974, 1) == pytest.approx((3.5 - 13.3) / 2, abs=0.3)
    assert of(LITANG, 3974, 1) < of(KANGDING, 2563, 1) < of(CHENGDU, 499, 1)


def test_an_unknown_height_is_that_of_the_nearest_seat_and_elsewhere_nothing_is_known():
    assert of(LITANG, np.nan, 1) == of(LITANG, 3974, 1)
    assert np.isnan(usual_c([24.9, 121.5], [60.2, 31.2], [10.0, 4.0], 1)).all()


@pytest.mark.parametrize("month", [0, 13])
def test_months_are_twelve(month: int):
    with pytest.raises(ValueError, match="1 to 12"):
        Conditions(month=month)


def test_winter_takes_range_away_and_more_so_in_the_mountains():
    engine = RoadEngine(load_builtin())
    points = [Point(lon_wgs84=lon, lat_wgs84=lat) for lon, lat in (CHENGDU, KANGDING, LITANG)]
    bev = PROFILES["suv_bev"]

    def wh(conditions: Conditions) -> np.ndarray:
        return engine.matrix(points, bev, access_limit_m=10_000, conditions=conditions).drive_wh

    mild, january, named = wh(Conditions()), wh(Conditions(month=1)), wh(Conditions(ambient_c=-4.9))
    assert 1.05 < january[0, 1] / mild[0, 1] < january[1, 2] / mild[1, 2] < 1.7
    # Between two mountain towns the month comes to what their own temperature would.
    assert january[1, 2] == pytest.approx(named[1, 2], rel=0.1)
    assert (
        engine.matrix(points, bev, access_limit_m=10_000, conditions=Conditions(month=1)).drive_s
        == engine.matrix(points, bev, access_limit_m=10_000).drive_s
    ).all()

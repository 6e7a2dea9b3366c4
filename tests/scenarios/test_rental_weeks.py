"""Simulated weeks of a rental service: paired, repeatable, and no energy or car out of nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from scenarios.rental_weeks import (
    ALL_WAYS,
    BASE,
    RentalTown,
    Ways,
    compare,
    differences,
    draw_week,
    expected_served,
    run_week,
)

TOWN = RentalTown(points=4, cars=12, bookings_per_day=56.0, moves=4)


def test_a_week_is_the_same_for_everybody_and_another_one_is_not():
    assert draw_week(TOWN, 3) == draw_week(TOWN, 3)
    assert draw_week(TOWN, 3) != draw_week(TOWN, 4)
    assert draw_week(TOWN, 3) != draw_week(replace(TOWN, seed=2), 3)


def test_every_booking_is_served_or_its_reason_counted():
    for ways in ALL_WAYS:
        own = run_week(TOWN, draw_week(TOWN, 0), ways)
        if not ways.planned:
            assert own == run_week(TOWN, draw_week(TOWN, 0), ways)
        assert own.served_count + own.no_car_count + own.no_charge_count == own.bookings_count
        assert own.top_peak_w <= TOWN.site_power_w
        assert (own.moves_count > 0) == ways.moves


def test_more_cars_serve_more_with_falling_gains():
    for curve in expected_served(TOWN, 0):
        gains = [b - a for a, b in pairwise(curve)]
        assert curve[0] >= 0
        assert all(gain >= 0 for gain in gains)


def test_moving_and_planning_serve_more_and_lower_the_peak():
    """The sign of both effects on a small town; docs/rentals.md has the figures of the large one."""
    results = compare(TOWN, weeks=3, ways=(BASE, Ways(moves=True, planned=True)))
    found = {own.measure: own for own in differences(results[BASE], results[Ways(moves=True, planned=True)])}
    assert found["served"].mean > 0
    assert found["peak_w"].mean < 0
    assert found["energy_fen_per_kwh"].mean < 0


def test_one_week_tells_no_interval():
    with pytest.raises(ValueError, match="two weeks"):
        compare(TOWN, weeks=1)

"""Placing rental points: against every choice there is, and S09 in the simulator."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.rental_points import Candidate, InvalidCandidate, place_points
from scenarios.rental_weeks import BASE, RentalTown, draw_week, run_week

TOWNS = ("t0", "t1", "t2", "t3")


def most_flow(unmet, chosen) -> int:
    """The trips that some points carry at most: the least cut over all sets of townships (max-flow min-cut)."""
    best = None
    names = sorted(unmet)
    for size in range(len(names) + 1):
        for kept in combinations(names, size):
            left = sum(unmet[name] for name in names if name not in kept)
            cut = left + sum(own.carries_count for own in chosen if set(own.near) & set(kept))
            best = cut if best is None else min(best, cut)
    return best or 0


@settings(max_examples=30)
@given(st.data())
def test_no_choice_of_points_carries_more(data):
    draw = data.draw
    unmet = {name: draw(st.integers(0, 12)) for name in TOWNS}
    candidates = [
        Candidate(
            site_id=f"s{n}",
            near=tuple(sorted(draw(st.sets(st.sampled_from(TOWNS), min_size=1)))),
            carries_count=draw(st.integers(0, 12)),
            cost_fen=draw(st.integers(0, 5)) * 100,
        )
        for n in range(4)
    ]
    count, budget = draw(st.integers(0, 3)), draw(st.integers(0, 15)) * 100
    found = place_points(unmet, candidates, count=count, budget_fen=budget)
    choices = [
        chosen
        for size in range(count + 1)
        for chosen in combinations(candidates, size)
        if sum(own.cost_fen for own in chosen) <= budget
    ]
    most = max(most_flow(unmet, chosen) for chosen in choices)
    assert found.served_count == most
    assert found.cost_fen == min(sum(o.cost_fen for o in c) for c in choices if most_flow(unmet, c) == most)
    assert all(found.served[name] <= unmet[name] for name in TOWNS)


def test_the_next_point_goes_where_it_helps_most_and_says_what_it_costs():
    candidates = [
        Candidate(site_id="S-A", near=("t0",), carries_count=30, cost_fen=500_000),
        Candidate(site_id="S-B", near=("t1", "t2"), carries_count=30, cost_fen=600_000),
    ]
    unmet = {"t0": 12, "t1": 9, "t2": 8}
    found = place_points(unmet, candidates, count=1)
    assert (found.site_ids, found.served_count, found.cost_fen) == (("S-B",), 17, 600_000)
    assert place_points(unmet, candidates, count=2).served_count == 29


def test_a_township_without_figures_is_refused():
    with pytest.raises(InvalidCandidate):
        place_points({}, [Candidate(site_id="S-A", near=("t9",), carries_count=1, cost_fen=0)], count=1)


def test_s09_one_more_point_lowers_the_unmet_trips_there():
    """S09: the same bookings with and without a point's cars where most are unmet, on several weeks."""
    town = RentalTown(points=4, cars=8, bookings_per_day=40.0)
    more = replace(town, cars=11)
    before, after = [], []
    for week in range(4):
        bookings = draw_week(town, week)
        assert bookings == draw_week(more, week)
        before.append(run_week(town, bookings, BASE).no_car_count)
        after.append(run_week(more, bookings, BASE).no_car_count)
    gaps = np.array(before) - np.array(after)
    assert gaps.min() > 0

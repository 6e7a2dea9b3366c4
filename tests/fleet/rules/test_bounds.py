"""Whole-number arithmetic of ratio rules: every row of "Integer tests for ratio rules", and oracles for the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.rules.bounds import Bound, Comparison, parse_bound
from fleet.rules.findings import share_change

CASES = [
    # rule, region, x, y, holds
    ("R018.nev_share", "510700", 3, 10, False),
    ("R018.nev_share", "510700", 4, 10, True),
    ("R018.nev_share", "510700", 46, 154, False),
    ("R018.nev_share", "510700", 47, 154, True),
    ("R018.nev_share", "510700", 2, 7, False),
    ("R018.nev_share", "510700", 3, 7, True),
    ("R019.nev_share", "510700", 3, 10, True),
    ("R019.nev_share", "510700", 3, 11, False),
    ("R019.nev_share", "510700", 4, 11, True),
    ("R026.nev_share", "500101", 3, 10, True),
    ("R026.nev_share", "500101", 5, 20, False),
    ("R026.nev_share", "500101", 6, 20, True),
    ("R027.nev_share", "500000", 4, 9, False),
    ("R027.nev_share", "500000", 5, 9, True),
    ("R027.nev_share", "500000", 5, 10, True),
    ("R027.nev_share", "500000", 4, 10, False),
    ("R052.charger_ratio", "511100", 20, 62, False),
    ("R052.charger_ratio", "511100", 21, 62, True),
    ("R052.charger_ratio", "511100", 342, 62, True),
    ("R052.charger_ratio", "511100", 3, 9, False),
    ("R052.charger_ratio", "511100", 4, 9, True),
    ("R054.pile_share", "511400", 20, 101, False),
    ("R054.pile_share", "511400", 21, 101, True),
    ("R054.pile_share", "511400", 20, 100, True),
    ("R094.nev_share", "511500", 2, 14, False),
    ("R094.nev_share", "511500", 3, 14, True),
    ("R149.inspected", "510000", 6, 21, False),
    ("R149.inspected", "510000", 7, 21, True),
]


@pytest.mark.parametrize(("key", "region", "x", "y", "holds"), CASES)
def test_ratio_rules_hold_in_whole_numbers(at, key, region, x, y, holds):
    assert at(region).bound(key).holds(x, y) is holds


bounds = st.builds(
    Bound,
    left=st.integers(1, 20),
    left_name=st.just("nev"),
    comparison=st.sampled_from(Comparison),
    right=st.integers(1, 20),
    right_name=st.just("all"),
)


@given(bound=bounds, y=st.integers(0, 300))
def test_the_limit_is_the_outermost_count_that_holds(bound, y):
    holding = [x for x in range(6_100) if bound.holds(x, y)]
    if bound.comparison.is_floor:
        assert bound.limit(y) == holding[0]
    else:
        assert bound.limit(y) == (holding[-1] if holding else -1)


@given(a=bounds, b=bounds)
def test_a_stricter_bound_admits_nothing_more(a, b):
    if a.is_at_least_as_strict_as(b):
        assert all(b.holds(x, y) for y in range(1, 25) for x in range(60) if a.holds(x, y))


@given(bound=bounds)
def test_the_text_of_a_bound_reads_back(bound):
    assert parse_bound(str(bound)) == bound


@pytest.mark.parametrize("text", ["nev > 0.3*all", "10*nev > 3.5*all", "10*nev = 3*all", "30%", "0*nev > 3*all"])
def test_a_bound_without_whole_numbers_is_no_bound(text):
    with pytest.raises(ValueError, match="integer form"):
        parse_bound(text)


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="negative"):
        parse_bound("1*a >= 1*b").holds(-1, 3)


@given(bound=bounds.filter(lambda b: b.comparison.is_floor), data=st.data())
def test_the_smallest_change_of_a_share_is_the_smallest(bound, data):
    y = data.draw(st.integers(1, 60))
    x = data.draw(st.integers(0, y))
    change = share_change(bound, x, y)
    if bound.holds(x, y):
        assert change is None
    else:
        assert change is not None
        assert bound.holds(x + change.count, y)
        assert not bound.holds(x + change.count - 1, y)
        further = next((m for m in range(4_000) if bound.holds(x + m, y + m)), None)
        assert (f"再更新{further}辆" in change.message_zh) is (further is not None)

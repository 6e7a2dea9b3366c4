"""Paired comparisons: intervals that cover as often as they say, and sentences that say no more than they know."""

from __future__ import annotations

from random import Random

import pytest

from dispatch.policy import DispatchPolicy
from scenarios.factors import Factors
from scenarios.measures import MEASURE_OF, MEASURES, gini
from scenarios.paired import compare, mean_interval, t_quantile
from scenarios.tally import Tally, class_of, quantile_s, total

POLICY, FACTORS = DispatchPolicy(), Factors()


def test_t_quantiles_are_those_of_the_tables():
    assert t_quantile(0.975, 1) == pytest.approx(12.706, abs=1e-3)
    assert t_quantile(0.975, 10) == pytest.approx(2.228, abs=1e-3)
    with pytest.raises(ValueError, match="at least two"):
        mean_interval([1.0])


def test_the_interval_of_a_mean_covers_95_of_100():
    rng = Random(5)
    covered = 0
    for _ in range(4_000):
        interval = mean_interval([rng.gauss(3.0, 2.0) for _ in range(8)])
        covered += interval.low <= 3.0 <= interval.high
    assert covered / 4_000 == pytest.approx(0.95, abs=0.012)


def _weeks(rng: Random, served_frac: float, noise: list[float]) -> list[Tally]:
    weeks = []
    for luck in noise:
        asked = 200 + round(40 * luck)
        served = min(asked, round(asked * served_frac + 6 * luck + rng.gauss(0, 3)))
        weeks.append(Tally(days=7, asked=asked, served=served, refused=asked - served, drive_m=served * 20_000))
    return weeks


def test_paired_differences_of_a_ratio_cover_95_of_100():
    rng = Random(11)
    covered = trials = 0
    for _ in range(200):
        noise = [rng.gauss(0, 1) for _ in range(20)]
        first, other = _weeks(rng, 0.90, noise), _weeks(rng, 0.93, noise)
        measures = (MEASURE_OF["refused_frac"],)
        (share,) = compare(first, other, policy=POLICY, factors=FACTORS, measures=measures)
        covered += share.low <= -0.03 <= share.high
        trials += 1
        assert share.difference == pytest.approx(share.other - share.first, abs=2e-6)
    assert covered / trials == pytest.approx(0.95, abs=0.045)


def test_common_luck_makes_intervals_narrower():
    rng = Random(3)
    noise = [rng.gauss(0, 1) for _ in range(20)]
    first, other = _weeks(rng, 0.90, noise), _weeks(rng, 0.93, noise)
    apart = _weeks(rng, 0.93, [rng.gauss(0, 1) for _ in range(20)])

    def width(second: list[Tally]) -> float:
        found = {one.measure_id: one for one in compare(first, second, policy=POLICY, factors=FACTORS)}
        return found["served_count"].high - found["served_count"].low

    assert width(other) < 0.5 * width(apart)


def test_a_sentence_for_every_measure():
    rng = Random(3)
    noise = [rng.gauss(0, 1) for _ in range(10)]
    first, other = _weeks(rng, 0.80, noise), _weeks(rng, 0.95, noise)
    found = {one.measure_id: one for one in compare(first, other, policy=POLICY, factors=FACTORS)}
    assert set(found) == {measure.id for measure in MEASURES}
    assert found["refused_count"].significant
    assert "better" in found["refused_count"].says_en
    assert "有改善" in found["refused_count"].says_zh
    assert not found["stranded_count"].significant
    assert "no significant difference" in found["stranded_count"].says_en
    same = compare(first, first, policy=POLICY, factors=FACTORS)
    assert not any(one.significant for one in same)


def test_one_part_says_nothing_and_unequal_parts_are_refused():
    assert compare([Tally(days=1)], [Tally(days=1)], policy=POLICY, factors=FACTORS) == ()
    with pytest.raises(ValueError, match="same days"):
        compare([Tally()], [], policy=POLICY, factors=FACTORS)


def test_tallies_add_up_and_come_back_from_json():
    one = Tally(days=1, asked=3, served=2)
    one.answer("U", "R", served=True)
    one.charge("S", busy_s=60, wait_s=5, wh=100)
    one.wait_classes[class_of(61)] += 1
    both = total([one, one])
    assert (both.asked, both.by_unit["U"], both.by_site["S"], both.wait_classes["120"]) == (
        6,
        [2, 2],
        [120, 10, 200],
        2,
    )
    assert Tally.from_json(both.to_json()).to_json() == both.to_json()
    assert quantile_s(both.wait_classes, 0.9) == 120
    assert class_of(10**6) == "more"


def test_gini_is_zero_for_equal_shares_and_grows_with_inequality():
    assert gini({"a": [20, 10], "b": [40, 20]}) == pytest.approx(0.0)
    assert gini({"a": [20, 20], "b": [20, 0]}) == pytest.approx(0.5)
    assert gini({"a": [20, 20], "b": [3, 0]}) == pytest.approx(0.0), "too few requests to judge"
    assert gini({}) == 0.0


def test_every_measure_names_unit_and_formula_once():
    assert len(MEASURE_OF) == len(MEASURES)
    assert all(m.name_zh and m.name_en and m.unit and m.formula for m in MEASURES)

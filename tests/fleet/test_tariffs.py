"""Tariffs and bills: exact to the fen, monotone, capped, and never cheaper in parts unless the tariff says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import InvalidFact
from fleet.ids import ProviderId, RegionCode, TariffId
from fleet.tariffs import DAY_S, Bill, DistanceTier, RentalTariff, RentalUse, TimeTier, bill, cancellation, no_show

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def a_tariff(**changes: Any) -> RentalTariff:
    fields: dict[str, Any] = {
        "id": TariffId("T-1"),
        "provider_id": ProviderId("PV-1"),
        "name": "分时租赁（小时）",
        "region": RegionCode("500000"),
        "valid_from": date(2026, 1, 1),
        "step_s": 3600,
        "time_tiers": (TimeTier(from_s=0, step_fen=1500), TimeTier(from_s=4 * 3600, step_fen=800)),
        "distance_tiers": (DistanceTier(from_m=0, km_fen=60), DistanceTier(from_m=100_000, km_fen=40)),
        "day_cap_fen": 8300,
        "year_cap_fen": 2_095_000,
    }
    return RentalTariff(**(fields | changes))


def a_use(hours: float = 2, km: float = 10, *, agreed_hours: float | None = None, **more: Any) -> RentalUse:
    agreed = hours if agreed_hours is None else agreed_hours
    return RentalUse(
        begin_at=AT,
        end_at=AT + timedelta(hours=hours),
        agreed_end_at=AT + timedelta(hours=agreed),
        drive_m=round(km * 1000),
        **more,
    )


def items(found: Bill) -> dict[str, int]:
    return {line.code: line.amount_fen for line in found.lines}


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (a_use(2, 10), {"time": 3000, "distance": 600}),
        (a_use(2.01, 10.001), {"time": 4500, "distance": 660}),
        (a_use(5, 0), {"time": 4 * 1500 + 800}),
        # a day of 4 x 15 + 20 x 8 = 220 yuan is capped at 83, and the second day begins anew
        (a_use(24, 0), {"time": 22_000, "day_cap": -13_700}),
        (a_use(26, 0), {"time": 25_000, "day_cap": -13_700}),
        (a_use(0, 150), {"distance": 100 * 60 + 50 * 40}),
        (a_use(2, 0, paid_year_fen=2_094_000), {"time": 3000, "year_cap": -2000}),
        (a_use(2, 0, incentive_fen=500), {"time": 3000, "incentive": -500}),
        (a_use(2, 0, incentive_fen=9000), {"time": 3000, "incentive": -3000}),
    ],
)
def test_worked_examples(use, expected):
    found = bill(a_tariff(), use)
    assert items(found) == expected
    assert found.amount_fen == sum(expected.values())


def test_energy_one_way_start_and_lateness_are_lines_of_their_own():
    tariff = a_tariff(start_fen=200, energy_fen_per_kwh=120, one_way_fen=3000, late_step_fen=1000)
    found = bill(tariff, a_use(3, 1, agreed_hours=1.5, used_wh=1_001, one_way=True))
    assert items(found) == {
        "start": 200,
        "time": 4500,
        "distance": 60,
        "energy": 121,
        "one_way": 3000,
        "late": 2000,
    }


def test_cancelling_in_time_is_free_and_late_or_not_coming_is_not():
    tariff = a_tariff(free_cancel_s=1800, late_cancel_fen=500, no_show_fen=1500)
    assert cancellation(tariff, starts_at=AT, at=AT - timedelta(minutes=30)).amount_fen == 0
    assert cancellation(tariff, starts_at=AT, at=AT - timedelta(minutes=29, seconds=59)).amount_fen == 500
    assert items(no_show(tariff)) == {"no_show": 1500}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"step_s": 0}, "step_s"),
        ({"step_s": 7}, "step_s"),
        ({"start_fen": -1}, "start_fen"),
        ({"valid_to": date(2025, 1, 1)}, "valid_to"),
        ({"time_tiers": (TimeTier(from_s=60, step_fen=1),)}, "time_tiers"),
        ({"time_tiers": (TimeTier(from_s=0, step_fen=1), TimeTier(from_s=90, step_fen=1))}, "time_tiers"),
        ({"time_tiers": (TimeTier(from_s=0, step_fen=-1),)}, "time_tiers"),
        ({"distance_tiers": (DistanceTier(from_m=0, km_fen=1), DistanceTier(from_m=0, km_fen=1))}, "distance_tiers"),
        ({"included_m": 5000}, "splitting_may_save"),
        ({"time_tiers": (TimeTier(from_s=0, step_fen=1), TimeTier(from_s=3600, step_fen=2))}, "splitting_may_save"),
    ],
)
def test_a_tariff_that_cannot_be_meant_is_refused_by_field(change, field):
    with pytest.raises(InvalidFact) as caught:
        a_tariff(**change)
    assert caught.value.field == field


def test_a_use_that_ends_before_it_begins_is_refused():
    with pytest.raises(InvalidFact):
        a_use(-1)
    with pytest.raises(InvalidFact):
        a_use(1, -1)


PRICES = st.integers(0, 5_000)


@st.composite
def tariffs(draw: st.DrawFn, *, saving: bool | None = None) -> RentalTariff:
    """Any tariff; ``saving`` False: one in which splitting never saves."""
    step_s = draw(st.sampled_from([60, 900, 3600]))
    steps = sorted(draw(st.sets(st.integers(1, DAY_S // step_s - 1), max_size=3)))
    kms = sorted(draw(st.sets(st.integers(1, 300), max_size=3)))
    time_fen = draw(st.lists(PRICES, min_size=len(steps) + 1, max_size=len(steps) + 1))
    km_fen = draw(st.lists(PRICES, min_size=len(kms) + 1, max_size=len(kms) + 1))
    included_m = draw(st.integers(0, 30_000))
    if saving is False:
        time_fen, km_fen, included_m = sorted(time_fen, reverse=True), sorted(km_fen, reverse=True), 0
    return RentalTariff(
        id=TariffId("T"),
        provider_id=ProviderId("PV"),
        name="t",
        region=RegionCode("500000"),
        valid_from=date(2026, 1, 1),
        step_s=step_s,
        time_tiers=tuple(TimeTier(from_s=s * step_s, step_fen=f) for s, f in zip([0, *steps], time_fen, strict=True)),
        distance_tiers=tuple(DistanceTier(from_m=k * 1000, km_fen=f) for k, f in zip([0, *kms], km_fen, strict=True)),
        start_fen=draw(PRICES),
        included_m=included_m,
        day_cap_fen=draw(st.none() | st.integers(0, 40_000)),
        year_cap_fen=draw(st.none() | st.integers(0, 400_000)),
        energy_fen_per_kwh=draw(st.integers(0, 300)),
        one_way_fen=draw(PRICES),
        late_step_fen=draw(st.integers(0, 500)),
        splitting_may_save=saving is not False,
    )


SECONDS = st.integers(0, 5 * DAY_S)
METRES = st.integers(0, 900_000)


def used(begin_s: int, end_s: int, metres: int, wh: int, *, agreed_s: int | None = None, **more: Any) -> RentalUse:
    return RentalUse(
        begin_at=AT + timedelta(seconds=begin_s),
        end_at=AT + timedelta(seconds=end_s),
        agreed_end_at=AT + timedelta(seconds=end_s if agreed_s is None else agreed_s),
        drive_m=metres,
        used_wh=wh,
        **more,
    )


@given(tariffs(), SECONDS, SECONDS, METRES, METRES, st.integers(0, 90_000), st.integers(0, 3 * DAY_S))
def test_longer_and_farther_never_costs_less(tariff, a_s, b_s, a_m, b_m, wh, agreed_s):
    short = bill(tariff, used(0, min(a_s, b_s), min(a_m, b_m), wh, agreed_s=agreed_s))
    for duration_s, metres in (
        (max(a_s, b_s), min(a_m, b_m)),
        (min(a_s, b_s), max(a_m, b_m)),
        (max(a_s, b_s), max(a_m, b_m)),
    ):
        assert bill(tariff, used(0, duration_s, metres, wh, agreed_s=agreed_s)).amount_fen >= short.amount_fen


@given(tariffs(), SECONDS, METRES, st.integers(0, 90_000), st.integers(0, 500_000))
def test_the_caps_hold_and_the_lines_sum_up(tariff, duration_s, metres, wh, paid_fen):
    found = bill(tariff, used(0, duration_s, metres, wh, paid_year_fen=paid_fen))
    lines = items(found)
    time_fen = lines.get("time", 0) + lines.get("day_cap", 0)
    if tariff.day_cap_fen is not None:
        assert time_fen <= tariff.day_cap_fen * -(-duration_s // DAY_S)
    if tariff.year_cap_fen is not None:
        assert found.capped_fen <= max(0, tariff.year_cap_fen - paid_fen)
    assert found.amount_fen == sum(lines.values()) >= 0
    assert found == bill(tariff, used(0, duration_s, metres, wh, paid_year_fen=paid_fen))


@given(tariffs(saving=False), SECONDS, SECONDS, METRES, METRES, st.integers(0, 50_000), st.integers(0, 50_000))
def test_two_rentals_in_place_of_one_never_save_anything(tariff, a_s, b_s, a_m, b_m, a_wh, b_wh):
    assert not tariff.rewards_splitting
    first = bill(tariff, used(0, a_s, a_m, a_wh))
    second = bill(tariff, used(a_s, a_s + b_s, b_m, b_wh, paid_year_fen=first.capped_fen))
    whole = bill(tariff, used(0, a_s + b_s, a_m + b_m, a_wh + b_wh))
    assert first.amount_fen + second.amount_fen >= whole.amount_fen


def test_where_splitting_saves_the_tariff_says_so():
    tariff = a_tariff(included_m=10_000, splitting_may_save=True)
    half, whole = bill(tariff, a_use(1, 10)), bill(tariff, a_use(2, 20))
    assert 2 * half.amount_fen < whole.amount_fen
    with pytest.raises(InvalidFact):
        replace(tariff, splitting_may_save=False)


def test_a_tariff_has_its_days():
    tariff = a_tariff(valid_to=date(2026, 12, 31))
    assert [tariff.holds_on(date(2025, 12, 31)), tariff.holds_on(date(2026, 12, 31))] == [False, True]
    assert not tariff.holds_on(date(2027, 1, 1))

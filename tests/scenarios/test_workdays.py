"""The Chinese working calendar against what the notices say."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from scenarios.workdays import COVERED_YEARS, DayKind, day_kind, is_covered


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2025, 1, 28), DayKind.HOLIDAY),  # the eve of the Spring Festival
        (date(2025, 2, 4), DayKind.HOLIDAY),
        (date(2025, 2, 5), DayKind.WORKDAY),
        (date(2025, 2, 8), DayKind.WORKDAY),  # a Saturday that is worked
        (date(2025, 2, 9), DayKind.WEEKEND),
        (date(2025, 10, 8), DayKind.HOLIDAY),
        (date(2022, 12, 31), DayKind.HOLIDAY),
        (date(2022, 4, 24), DayKind.WORKDAY),
        (date(2026, 2, 23), DayKind.HOLIDAY),
        (date(2026, 11, 20), DayKind.WORKDAY),
        (date(2031, 10, 1), DayKind.WORKDAY),  # no notice yet: weekends only
    ],
)
def test_days_of_the_notices(day, kind):
    assert day_kind(day) is kind


def test_every_covered_year_works_between_247_and_251_days():
    for year in COVERED_YEARS:
        days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
        worked = sum(day_kind(day) is DayKind.WORKDAY for day in days if day.year == year)
        assert 247 <= worked <= 251, (year, worked)
    assert is_covered(date(2024, 5, 5))
    assert not is_covered(date(2030, 5, 5))

"""Calendar days as callers write them, and which of them can be planned."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator

from api.problems import FieldError, InvalidInput
from api.wording import Text

PAST_DAYS = 1
"""Yesterday may still be planned: trips that began before midnight belong to it."""

AHEAD_DAYS = 400
"""A year and the weeks of a holiday calendar that is published ahead of it; farther ahead is a slip of the pen."""


def _in_calendar(day: str) -> str:
    _parse(day)
    return day


def _parse(day: str) -> date:
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise InvalidInput(
            [
                FieldError(
                    field="day",
                    value=day,
                    message=Text("日历上没有这一天", "no such day in the calendar"),
                    remedy=Text("按 2026-03-02 的格式填写", "write it like 2026-03-02"),
                )
            ]
        ) from None


DayText = Annotated[
    str,
    Query(pattern=r"^\d{4}-\d{2}-\d{2}$", description="Local day (Asia/Shanghai), YYYY-MM-DD."),
    AfterValidator(_in_calendar),
]
"""A query parameter that is named ``day`` and is one of the calendar; an optional one is ``DayText | None``."""


def check_plannable(day: str, *, today: date, demo_day: str | None = None) -> None:
    """Refuse what is no day, or none that can still be planned; ``demo_day`` always can.

    Raises
    ------
    InvalidInput
        With the range that is accepted.
    """
    wanted = _parse(day)
    first, last = today - timedelta(days=PAST_DAYS), today + timedelta(days=AHEAD_DAYS)
    if first <= wanted <= last or day == demo_day:
        return
    raise InvalidInput(
        [
            FieldError(
                field="day",
                value=day,
                message=Text("这一天已过去", "that day is over")
                if wanted < first
                else Text("这一天太远", "that day is too far ahead"),
                remedy=Text(f"{first} 至 {last} 之间", f"from {first} to {last}"),
            )
        ]
    )

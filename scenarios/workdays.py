"""The Chinese working calendar: which days offices work, with public holidays and the weekends that are worked instead.

Facts of the yearly *Notice of the General Office of the State Council on the arrangement of some holidays*
(国务院办公厅关于部分节假日安排的通知), on www.gov.cn under zhengce/zhengceku/:
2021 2020-11/25/content_5564127.htm, 2022 2021-10/25/content_5644835.htm, 2023 2022-12/08/content_5730844.htm,
2024 202310/content_6911528.htm, 2025 202411/content_6986383.htm (国办发明电〔2024〕12号), 2026 202511/content_7047091.htm.
The notice of 2025 was read in full; the dates of the other years are as the public table NateScarlet/holiday-cn has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum

#: Public holidays as (first day, last day), weekends among them included; worked weekends as single days.
_HOLIDAYS: dict[int, str] = {
    2021: "0101-0103 0211-0217 0403-0405 0501-0505 0612-0614 0919-0921 1001-1007",
    2022: "0101-0103 0131-0206 0403-0405 0430-0504 0603-0605 0910-0912 1001-1007 1231-1231",
    2023: "0101-0102 0121-0127 0405-0405 0429-0503 0622-0624 0929-1006",
    2024: "0101-0101 0210-0217 0404-0406 0501-0505 0610-0610 0915-0917 1001-1007",
    2025: "0101-0101 0128-0204 0404-0406 0501-0505 0531-0602 1001-1008",
    2026: "0101-0103 0215-0223 0404-0406 0501-0505 0619-0621 0925-0927 1001-1007",
}
_WORKED: dict[int, str] = {
    2021: "0207 0220 0425 0508 0918 0926 1009",
    2022: "0129 0130 0402 0424 0507 1008 1009",
    2023: "0128 0129 0423 0506 0625 1007 1008",
    2024: "0204 0218 0407 0428 0511 0914 0929 1012",
    2025: "0126 0208 0427 0928 1011",
    2026: "0104 0214 0228 0509 0920 1010",
}


class DayKind(StrEnum):
    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


def _day(year: int, text: str) -> date:
    return date(year, int(text[:2]), int(text[2:]))


def _spans(year: int) -> Iterator[date]:
    for span in _HOLIDAYS[year].split():
        first, last = (_day(year, end) for end in span.split("-"))
        while first <= last:
            yield first
            first += timedelta(days=1)


_OFF = frozenset(day for year in _HOLIDAYS for day in _spans(year))
_ON = frozenset(_day(year, text) for year, line in _WORKED.items() for text in line.split())

#: Years whose notice is in the table; other years know weekends only, as :func:`is_covered` says.
COVERED_YEARS = tuple(_HOLIDAYS)


def is_covered(day: date) -> bool:
    """Return whether the holidays of the day's year are known."""
    return day.year in _HOLIDAYS


def day_kind(day: date) -> DayKind:
    """Return what kind of day it is; in a year without a notice in the table, Monday to Friday are taken to be worked."""
    if day in _OFF:
        return DayKind.HOLIDAY
    if day in _ON or day.weekday() < 5:
        return DayKind.WORKDAY
    return DayKind.WEEKEND

"""Parsers from one raw cell to a value in the units used inside.

A cell is what a spreadsheet, CSV or JSON file holds. Every parser gets a cell that is not blank and either returns the
value or raises :class:`CellProblem`; none guesses.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from openpyxl.utils.datetime import from_excel

from api.intake.findings import CellProblem
from api.wording import Text

Cell = None | str | int | float | bool | datetime | date | time | timedelta | list[object]
Parser = Callable[[Cell], object]
Chosen = TypeVar("Chosen", bound=StrEnum)

SHANGHAI = ZoneInfo("Asia/Shanghai")
LONGEST_TEXT = 500
#: Excel keeps 15 significant digits of a number: a longer identifier typed as a number is already wrong in the file.
MOST_EXACT = 10**15

#: Sichuan reaches from 97.35 E to 108.52 E and 26.05 N to 34.32 N, Chongqing from 105.28 E to 110.19 E and 28.16 N to
#: 32.21 N (outermost points as published by the two governments); the box below holds both with a margin of a tenth.
WEST, EAST, SOUTH, NORTH = 97.2, 110.3, 25.9, 34.5


def plain(text: str) -> str:
    """Full-width forms to ordinary ones, outer blanks off."""
    return unicodedata.normalize("NFKC", text).strip()


def is_blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip("\ufeff\u200b \t\r\n\u3000\xa0"))


def text(cell: Cell) -> str:
    """Text of one line. A whole number becomes its digits, as phone numbers and codes are often typed as numbers."""
    return _text(cell, allowed="")


def remark(cell: Cell) -> str:
    """Text of any number of lines, for what is not taken in."""
    return _text(cell, allowed="\n\r\t")


def _text(cell: Cell, *, allowed: str) -> str:
    if isinstance(cell, (bool, datetime, date, time, timedelta, list)):
        raise CellProblem(Text("应为文字", "text is expected"))
    if isinstance(cell, (int, float)):
        if not math.isfinite(cell) or abs(cell) >= MOST_EXACT:
            raise CellProblem(
                Text("数字过长，表格软件只保留 15 位", "the number is too long; spreadsheets keep only 15 digits"),
                Text("把单元格设为文本格式后重新填写", "format the cell as text and type it again"),
            )
        return str(int(cell)) if cell == int(cell) else str(cell)
    value = str(cell).strip()
    if len(value) > LONGEST_TEXT:
        raise CellProblem(Text(f"超过 {LONGEST_TEXT} 个字符", f"longer than {LONGEST_TEXT} characters"))
    odd = next(
        (
            character
            for character in value
            if character not in allowed and unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn")
        ),
        None,
    )
    if odd is not None and unicodedata.category(odd) == "Cc":
        code = f"U+{ord(odd):04X}"
        raise CellProblem(
            Text("含有控制字符（如换行、制表符）", "contains a control character, such as a line break or a tab"),
            Text(f"请去掉 {code}", f"remove {code}"),
        )
    if odd is not None:
        raise CellProblem(
            Text("含有乱码", "contains garbled characters"),
            Text("删除该字符，或把文件另存为 UTF-8", "remove them, or save the file as UTF-8"),
        )
    return value


def identifier(cell: Cell) -> str:
    """An id: at most 64 characters without blanks, slashes, colons and other marks that addresses give a meaning to."""
    value = plain(text(cell))
    if not re.fullmatch(r"[\w.\-#@·]{1,64}", value):
        raise CellProblem(
            Text(
                "编号只能含文字、数字和 . - _ # @ ·，最多 64 个字符",
                "an id has letters, digits and . - _ # @ · only, at most 64",
            )
        )
    return value


def region_code(cell: Cell) -> str:
    """A code of GB/T 2260, or one of the zones that have none (``CQ-GX``, ``X-ST``; see :mod:`fleet.regions`)."""
    value = plain(text(cell)).upper()
    if not re.fullmatch(r"\d{6}|(CQ|X)-[A-Z]{2}", value):
        raise CellProblem(Text("行政区划代码应为 6 位数字", "a region code has six digits"))
    return value


_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(rf"[{_PROVINCES}][A-Z][A-Z0-9]{{4,5}}[A-Z0-9警学挂应急]")


def plate(cell: Cell) -> str:
    """A number plate of GA 36-2018: province sign, letter, five characters (six for new-energy vehicles)."""
    value = re.sub(r"[\s·.•・-]", "", plain(text(cell))).upper()
    if not re.fullmatch(
        r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][A-Z0-9]{4,5}[A-Z0-9警学挂应急]", value
    ):
        raise CellProblem(Text("车牌号格式不对", "not a number plate"))
    return value


def _decimal(cell: Cell) -> Decimal:
    if isinstance(cell, (bool, datetime, date, time, timedelta, list)) or cell is None:
        raise CellProblem(Text("应为数字", "a number is expected"))
    if isinstance(cell, str):
        written = plain(cell)
        if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", written):
            raise CellProblem(
                Text("应为数字", "a number is expected"),
                Text("只写数字，不带单位和千分位逗号", "digits only, without unit or thousands separators"),
            )
    else:
        written = repr(cell)
    try:
        value = Decimal(written)
    except InvalidOperation:
        raise CellProblem(Text("应为数字", "a number is expected")) from None
    if not value.is_finite() or abs(value) > MOST_EXACT:
        raise CellProblem(Text("数字过大", "the number is too large"))
    return value


def number(least: float, most: float) -> Callable[[Cell], float]:
    """Return a parser for a number between two bounds, both included."""

    def parse(cell: Cell) -> float:
        value = _decimal(cell)
        if not Decimal(str(least)) <= value <= Decimal(str(most)):
            raise CellProblem(Text(f"应在 {least:g} 到 {most:g} 之间", f"must be between {least:g} and {most:g}"))
        return float(value)

    return parse


def whole(least: int, most: int, *, per: int = 1) -> Callable[[Cell], int]:
    """Return a parser for a number in [least, most] as written, times ``per`` and then exactly a whole number.

    ``per`` turns the unit on the sheet into the one inside, as 1,000 turns kW into W.
    """

    def parse(cell: Cell) -> int:
        value = _decimal(cell)
        if not least <= value <= most:
            raise CellProblem(Text(f"应在 {least} 到 {most} 之间", f"must be between {least} and {most}"))
        scaled = value * per
        if scaled != int(scaled):
            if per == 1:
                raise CellProblem(Text("应为整数", "must be a whole number"))
            raise CellProblem(Text("小数位过多", "too many decimals"))
        return int(scaled)

    return parse


def fraction(cell: Cell) -> float:
    """Per cent on the sheet (0 to 100), a fraction inside. Excel stores a cell shown as 80 % as 0.8, which is refused."""
    if isinstance(cell, str) and plain(cell).endswith("%"):
        cell = plain(cell)[:-1]
    value = number(0, 100)(cell)
    if 0 < value < 1:
        raise CellProblem(
            Text("小于 1 的百分数，是否写成了小数？", "a percentage below 1: was it written as a fraction?"),
            Text("80% 请写 80（单元格用常规格式）", "write 80 for 80 % (cell format General)"),
        )
    return value / 100


_YES = frozenset({"是", "有", "可", "可以", "在岗", "√", "✓", "yes", "y", "true", "1"})
_NO = frozenset({"否", "无", "不", "不可", "不可以", "不在岗", "×", "✗", "no", "n", "false", "0"})


def yes_no(cell: Cell) -> bool:
    if isinstance(cell, bool):
        return cell
    word = plain(str(cell)).casefold() if isinstance(cell, (str, int)) else ""
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise CellProblem(Text("应填 是 或 否", "write yes or no"), Text("填 是 或 否", "yes or no"))


def fold(word: str) -> str:
    """A word without case, blanks, underscores and hyphens, as headers and enumerations are compared."""
    return re.sub(r"[\s_\-]+", "", plain(word)).casefold()


def one_of(choices: Mapping[Chosen, tuple[str, ...]]) -> Callable[[Cell], Chosen]:
    """Return a parser of an enumeration; ``choices`` gives the words for each value, the Chinese one first."""
    table: dict[str, Chosen] = {}
    for value, words in choices.items():
        for word in (value.value, *words):
            table[fold(word)] = value
    offered = Text("、".join(words[0] for words in choices.values()), ", ".join(value.value for value in choices))

    def parse(cell: Cell) -> Chosen:
        found = table.get(fold(cell)) if isinstance(cell, str) else None
        if found is None:
            raise CellProblem(
                Text("不是可选值", "not one of the accepted words"),
                Text(f"可填：{offered.zh}", f"one of: {offered.en}"),
            )
        return found

    return parse


def words_of(cell: Cell) -> frozenset[str]:
    """A set of words separated by commas, semicolons, slashes or the Chinese enumeration comma."""
    parts: list[object]
    if isinstance(cell, list):
        parts = cell
        if not all(isinstance(part, str) for part in parts):
            raise CellProblem(Text("列表中只能是文字", "the list may hold text only"))
    else:
        parts = list(re.split(r"[,，;；、/|]", text(cell)))
    return frozenset(plain(text(str(part))) for part in parts if not is_blank(str(part)))


_INSTANT = re.compile(
    r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?"
    r"[\sT,]*(?P<hour>\d{1,2})\s*[:时点]\s*(?:(?P<minute>\d{1,2})\s*分?)?(?:\s*:\s*(?P<second>\d{1,2})(?:\.0+)?)?\s*秒?"
    r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)


def instant(cell: Cell) -> datetime:
    """A date with a time of day; without an offset it is the time in Asia/Shanghai.

    Reads Excel's date-times and serial numbers, ISO 8601, ``2026/11/21 8:30`` and ``2026年11月21日8时30分``.
    """
    wanted = Text("写日期和时间，如 2026-11-21 08:30", "a date and a time such as 2026-11-21 08:30")
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and 40_000 <= cell < 80_000:
        cell = from_excel(cell)
        if isinstance(cell, datetime):
            cell = (cell + timedelta(milliseconds=500)).replace(microsecond=0)
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=SHANGHAI) if cell.tzinfo is None else cell.astimezone(SHANGHAI)
    if isinstance(cell, date):
        raise CellProblem(Text("缺少时间", "the time of day is missing"), wanted)
    if isinstance(cell, time):
        raise CellProblem(Text("缺少日期", "the date is missing"), wanted)
    match = _INSTANT.fullmatch(plain(cell)) if isinstance(cell, str) else None
    if match is None:
        raise CellProblem(Text("不是日期时间", "not a date and time"), wanted)
    zone = match["zone"]
    try:
        local = datetime(
            int(match["year"]),
            int(match["month"]),
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"] or 0),
            int(match["second"] or 0),
            tzinfo=SHANGHAI,
        )
        if zone is None:
            return local
        offset = "+00:00" if zone == "Z" else zone
        return datetime.fromisoformat(local.replace(tzinfo=None).isoformat() + offset).astimezone(SHANGHAI)
    except (ValueError, OverflowError):
        raise CellProblem(Text("没有这个日期或时间", "there is no such date or time"), wanted) from None


_CLOCK = re.compile(
    r"(?P<next>次日|\+1\s*)?\s*(?P<hour>\d{1,2})\s*[:时点]\s*(?:(?P<minute>\d{1,2})\s*分?)?(?::(?P<second>\d{1,2}))?"
)


_DAY = re.compile(r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?")


def day(cell: Cell) -> date:
    """A date without a time of day: Excel's dates and serial numbers, ISO 8601, ``2023/5/1`` and ``2023年5月1日``."""
    wanted = Text("写日期，如 2023-05-01", "a date such as 2023-05-01")
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and 30_000 <= cell < 80_000:
        cell = from_excel(cell)
    if isinstance(cell, datetime):
        if cell.time() != time():
            raise CellProblem(Text("只写日期，不写时间", "a date, without a time of day"), wanted)
        return cell.date()
    if isinstance(cell, date):
        return cell
    match = _DAY.fullmatch(plain(cell)) if isinstance(cell, str) else None
    if match is None:
        raise CellProblem(Text("不是日期", "not a date"), wanted)
    try:
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        raise CellProblem(Text("没有这一天", "there is no such day"), wanted) from None


def clock_s(cell: Cell) -> int:
    """A time of day in seconds after midnight, up to 48 h: ``8:30``, ``24:00``, ``次日06:00``, an Excel time."""
    wanted = Text("写时刻，如 08:30；第二天写 次日06:00", "a time such as 08:30; of the next day: +1 06:00")
    if isinstance(cell, datetime) and cell.year < 1901:
        cell = cell.time()
    if isinstance(cell, time):
        return cell.hour * 3600 + cell.minute * 60 + cell.second
    if isinstance(cell, timedelta):
        return _within_two_days(round(cell.total_seconds()), wanted)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and 0 <= cell < 2:
        return _within_two_days(round(cell * 86_400), wanted)
    match = _CLOCK.fullmatch(plain(cell)) if isinstance(cell, str) else None
    if match is None or int(match["minute"] or 0) > 59 or int(match["second"] or 0) > 59:
        raise CellProblem(Text("不是时刻", "not a time of day"), wanted)
    seconds = int(match["hour"]) * 3600 + int(match["minute"] or 0) * 60 + int(match["second"] or 0)
    return _within_two_days(seconds + (86_400 if match["next"] else 0), wanted)


def _within_two_days(seconds: int, wanted: Text) -> int:
    if not 0 <= seconds <= 2 * 86_400:
        raise CellProblem(Text("时刻超出两天", "beyond two days"), wanted)
    return seconds


def longitude(cell: Cell) -> float:
    """Degrees east, WGS-84. Bounds are judged with the latitude beside it, as both may be swapped."""
    return number(-180, 180)(cell)


def latitude(cell: Cell) -> float:
    """Degrees north, WGS-84; up to 180 so that swapped values reach :func:`check_coordinates`, which says so."""
    return number(-180, 180)(cell)


def check_coordinates(lon_wgs84: float, lat_wgs84: float) -> None:
    """Refuse a position that is swapped or outside Sichuan and Chongqing."""
    if WEST <= lon_wgs84 <= EAST and SOUTH <= lat_wgs84 <= NORTH:
        return
    if WEST <= lat_wgs84 <= EAST and SOUTH <= lon_wgs84 <= NORTH:
        raise CellProblem(
            Text("经度和纬度写反了", "longitude and latitude are swapped"),
            Text("经度约 97 到 110，纬度约 26 到 34", "longitude is about 97 to 110, latitude about 26 to 34"),
        )
    raise CellProblem(
        Text("坐标在四川、重庆之外", "the position is outside Sichuan and Chongqing"),
        Text(
            f"经度应在 {WEST} 到 {EAST} 之间，纬度应在 {SOUTH} 到 {NORTH} 之间（WGS-84，十进制度）",
            f"longitude {WEST} to {EAST}, latitude {SOUTH} to {NORTH} (WGS-84, decimal degrees)",
        ),
    )

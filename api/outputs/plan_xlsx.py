"""The plan as a workbook: a summary, the unserved, and a dispatch order (派车单) for every driver, ready to print."""

from __future__ import annotations

import io
import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from api.intake.choices import VEHICLE_KINDS
from api.outputs.book import (
    CONFIDENCE_WORDS,
    STOP_WORDS,
    PlanBook,
    distance_m,
    is_off_network,
    off_network_count,
    say_left_out,
    say_reason,
    with_passengers_m,
)
from api.wording import Language, Text
from fleet.ids import UnitId
from fleet.itineraries import Itinerary, ItineraryStop

LOCAL = ZoneInfo("Asia/Shanghai")
_HEAD = PatternFill("solid", fgColor="E7EEF7")
_WRONG = PatternFill("solid", fgColor="F8D7DA")
_SIDE = Side(style="thin", color="BFBFBF")
#: Height of one line of the default 11-point font.
_LINE_POINTS = 15
_THIN = Border(left=_SIDE, right=_SIDE, top=_SIDE, bottom=_SIDE)
Value = str | int | float | datetime | None


def write_plan_xlsx(book: PlanBook, *, language: Language) -> bytes:
    """Return the .xlsx; drivers' sheets follow the summary in the order of their names and plates."""
    workbook = Workbook()
    summary = workbook.active
    if not isinstance(summary, Worksheet):
        raise TypeError("a new workbook has a worksheet")
    summary.title = Text("汇总", "Summary").say(language)
    _summary(summary, book, language)
    _overview(workbook.create_sheet(Text("派车总表", "All orders").say(language)), book, language)
    _unserved(workbook.create_sheet(Text("未派车", "Unserved").say(language)), book, language)
    if book.set_aside:
        _set_aside(workbook.create_sheet(Text("未纳入", "Set aside").say(language)), book, language)
    titles = {sheet.title for sheet in workbook.worksheets}
    for itinerary in sorted(
        book.itineraries, key=lambda itinerary: (_driver_name(book, itinerary), itinerary.vehicle_id)
    ):
        title = _sheet_title(book, itinerary, titles)
        titles.add(title)
        _order(workbook.create_sheet(title), book, itinerary, language)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def _put(
    sheet: Worksheet, row: int, column: int, value: Value, *, day: str = "", bold: bool = False, wrap: bool = False
) -> None:
    """Write a cell; text that a spreadsheet would take for a formula stays text, instants of another ``day`` show it."""
    cell = sheet.cell(row=row, column=column, value=value)
    if isinstance(value, str):
        cell.data_type = "s"
    if isinstance(value, datetime):
        cell.value = value.astimezone(LOCAL).replace(tzinfo=None)
        cell.number_format = "hh:mm" if cell.value.date().isoformat() == day else "mm-dd hh:mm"
    cell.font = Font(bold=bold)
    cell.alignment = Alignment(wrap_text=wrap, vertical="center")


def _table(
    sheet: Worksheet,
    row: int,
    heads: Sequence[Text],
    rows: Sequence[Sequence[Value]],
    language: Language,
    *,
    day: str = "",
) -> int:
    """Write a table with borders and return the row below it."""
    for column, head in enumerate(heads, start=1):
        _put(sheet, row, column, head.say(language), bold=True, wrap=True)
        sheet.cell(row=row, column=column).fill = _HEAD
        sheet.cell(row=row, column=column).border = _THIN
    for values in rows:
        row += 1
        for column, value in enumerate(values, start=1):
            _put(sheet, row, column, value, day=day, wrap=True)
            sheet.cell(row=row, column=column).border = _THIN
    return row + 1


def _widths(sheet: Worksheet, widths: Sequence[float], *, first_row: int = 1, last_row: int | None = None) -> None:
    """Set column widths, and from ``first_row`` to ``last_row`` heights for the lines that the text then wraps to."""
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    for row in sheet.iter_rows(min_row=first_row, max_row=last_row, max_col=len(widths)):
        lines = 1
        for cell, width in zip(row, widths, strict=False):
            if isinstance(cell.value, str) and cell.row is not None:
                lines = max(lines, math.ceil(_text_width(cell.value) / max(width - 1, 1)))
        if row and row[0].row is not None:
            sheet.row_dimensions[row[0].row].height = _LINE_POINTS * lines + 3


def _text_width(text: str) -> int:
    """Width in characters of a Latin font: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)


def _page(sheet: Worksheet, *, landscape: bool = True) -> None:
    sheet.page_setup.orientation = "landscape" if landscape else "portrait"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_options.horizontalCentered = True


def _driver_name(book: PlanBook, itinerary: Itinerary) -> str:
    driver = book.drivers.get(itinerary.driver_id) if itinerary.driver_id is not None else None
    return driver.name if driver is not None else ""


def _sheet_title(book: PlanBook, itinerary: Itinerary, taken: set[str]) -> str:
    """Name and plate without the characters that sheet names may not have; at most 31 characters and not used yet."""
    name = _driver_name(book, itinerary) or "自驾"
    plain = re.sub(r"[\[\]:*?/\\']", "", f"{name} {book.vehicles[itinerary.vehicle_id].plate}").strip()[:31] or "-"
    title, number = plain, 2
    while title.casefold() in {other.casefold() for other in taken}:
        suffix = f" ({number})"
        title, number = plain[: 31 - len(suffix)] + suffix, number + 1
    return title


def _kilometres(metres: int) -> float:
    return round(metres / 1_000, 1)


def _summary(sheet: Worksheet, book: PlanBook, language: Language) -> None:
    record, figures = book.record, book.record.figures
    _put(sheet, 1, 1, Text("调度方案汇总", "Plan summary").say(language), bold=True)
    sheet.cell(row=1, column=1).font = Font(bold=True, size=16)
    loaded_m = sum(with_passengers_m(itinerary) for itinerary in book.itineraries)
    bound = figures.bound_fen
    rows: list[tuple[Text, Value]] = [
        (Text("日期", "Day"), record.day),
        (Text("方案编号", "Plan"), record.id),
        (Text("截至", "As of"), record.created_at.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M:%S")),
        (Text("路网", "Road network"), book.network_name),
        (Text("申请数", "Requests"), figures.served_count + figures.unserved_count),
        (Text("已派车", "Served"), figures.served_count),
        (Text("未派车", "Unserved"), figures.unserved_count - off_network_count(book)),
        (Text("路网外", "Off the network"), off_network_count(book)),
        (Text("用车数", "Vehicles used"), figures.vehicles_used_count),
        (Text("行驶里程 (km)", "Distance (km)"), _kilometres(figures.drive_m)),
        (Text("其中载客里程 (km)", "of which with passengers (km)"), _kilometres(loaded_m)),
        (Text("其中新能源里程 (km)", "of which by NEV (km)"), _kilometres(figures.nev_drive_m)),
        (Text("运行成本 (元)", "Operating cost (yuan)"), round(figures.cost_fen / 100, 2)),
        (
            Text("已证明的成本下限 (元)", "Proven lower bound (yuan)"),
            Text("未证明", "none proven").say(language) if bound is None else round(bound / 100, 2),
        ),
        (Text("求解用时 (秒)", "Search time (s)"), round(figures.seconds, 1)),
        (Text("随机种子", "Seed"), record.seed),
        (Text("独立校核发现的违规", "Violations found by the check"), len(book.violations)),
    ]
    for row, (head, value) in enumerate(rows, start=3):
        _put(sheet, row, 1, head.say(language), bold=True)
        _put(sheet, row, 2, value)
        sheet.cell(row=row, column=2).alignment = Alignment(horizontal="left", wrap_text=True)
        if row == 2 + len(rows) and book.violations:
            sheet.cell(row=row, column=2).fill = _WRONG
    row = 4 + len(rows)
    sections = (
        (Text("违规", "Violations"), list(book.violations)),
        (Text("前提与假设", "Assumptions"), [text.say(language) for text in book.assumptions]),
        (Text("导入说明", "Notes from the input"), list(book.notes)),
        (
            Text("未参与的车辆", "Vehicles that take no part"),
            [
                f"{book.vehicles[vehicle_id].plate}: {say_left_out(code, language)}"
                for vehicle_id, code in sorted(book.left_out.items())
            ],
        ),
    )
    for head, lines in sections:
        if lines:
            _put(sheet, row, 1, head.say(language), bold=True)
            for line in lines:
                _put(sheet, row, 2, line, wrap=True)
                row += 1
            row += 1
    _widths(sheet, (30, 90), first_row=3)
    _page(sheet, landscape=False)


def _overview(sheet: Worksheet, book: PlanBook, language: Language) -> None:
    heads = (
        Text("驾驶员", "Driver"),
        Text("车牌号", "Plate"),
        Text("申请编号", "Request"),
        Text("用车单位", "Unit"),
        Text("事由", "Purpose"),
        Text("人数", "People"),
        Text("上车地点", "Pick-up"),
        Text("上车时间", "at"),
        Text("下车地点", "Drop-off"),
        Text("下车时间", "at"),
    )
    rows: list[list[Value]] = []
    for assignment in sorted(book.assignments, key=lambda a: (a.pickup_at, a.id)):
        request = book.requests[assignment.request_id]
        driver = book.drivers.get(assignment.driver_id) if assignment.driver_id is not None else None
        rows.append(
            [
                driver.name if driver is not None else "",
                book.vehicles[assignment.vehicle_id].plate,
                request.id,
                _unit_name(book, request.unit_id),
                request.purpose,
                request.passengers,
                request.stops[0].name,
                assignment.pickup_at,
                request.stops[-1].name,
                assignment.dropoff_at,
            ]
        )
    _table(sheet, 1, heads, rows, language, day=book.record.day)
    _widths(sheet, (12, 12, 20, 22, 28, 7, 24, 9, 24, 9))
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    sheet.print_title_rows = "1:1"
    _page(sheet)


def _unserved(sheet: Worksheet, book: PlanBook, language: Language) -> None:
    heads = (
        Text("申请编号", "Request"),
        Text("事由", "Purpose"),
        Text("人数", "People"),
        Text("上车地点", "Pick-up"),
        Text("最早上车", "Earliest pick-up"),
        Text("最晚上车", "Latest pick-up"),
        Text("下车地点", "Drop-off"),
        Text("原因", "Reasons"),
    )
    rows: list[list[Value]] = []
    for entry in sorted(book.record.unserved, key=lambda entry: (is_off_network(entry), entry.request_id)):
        request = book.requests[entry.request_id]
        said = Text("；", "; ").say(language).join(say_reason(reason, language) for reason in entry.reasons)
        rows.append(
            [
                request.id,
                request.purpose,
                request.passengers,
                request.stops[0].name,
                request.stops[0].earliest_at,
                request.stops[0].latest_at,
                request.stops[-1].name,
                said,
            ]
        )
    if not rows:
        _put(sheet, 1, 1, Text("全部申请均已派车。", "Every request has a vehicle.").say(language))
        return
    _table(sheet, 1, heads, rows, language, day=book.record.day)
    _widths(sheet, (20, 28, 7, 24, 10, 10, 24, 60))
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    sheet.print_title_rows = "1:1"
    _page(sheet)


def _set_aside(sheet: Worksheet, book: PlanBook, language: Language) -> None:
    heads = (Text("申请编号", "Request"), Text("为何未纳入", "Why it was not planned"))
    rows = [[request_id, text.say(language)] for request_id, text in sorted(book.set_aside.items())]
    _table(sheet, 1, heads, rows, language)
    _widths(sheet, (26, 60))
    _page(sheet, landscape=False)


def _order(sheet: Worksheet, book: PlanBook, itinerary: Itinerary, language: Language) -> None:
    vehicle = book.vehicles[itinerary.vehicle_id]
    driver = book.drivers.get(itinerary.driver_id) if itinerary.driver_id is not None else None
    sheet.merge_cells("A1:M1")
    _put(sheet, 1, 1, Text("派 车 单", "DISPATCH ORDER").say(language), bold=True)
    sheet.cell(row=1, column=1).font = Font(bold=True, size=18)
    sheet.cell(row=1, column=1).alignment = Alignment(horizontal="center")
    kind = VEHICLE_KINDS[vehicle.kind][0] if language == "zh" else vehicle.kind.value
    facts: tuple[tuple[Text, str], ...] = (
        (Text("日期", "Day"), itinerary.day),
        (Text("单号", "No."), itinerary.id),
        (Text("驾驶员", "Driver"), driver.name if driver is not None else Text("自驾", "self-drive").say(language)),
        (Text("电话", "Phone"), driver.phone if driver is not None else ""),
        (Text("车牌号", "Plate"), vehicle.plate),
        (Text("车型", "Vehicle"), kind),
        (Text("单位", "Unit"), _unit_name(book, vehicle.unit_id)),
        (Text("里程", "Distance"), f"{_kilometres(distance_m(itinerary))} km"),
    )
    for number, (head, value) in enumerate(facts):
        row, column = 2 + number // 4, (1, 4, 8, 11)[number % 4]
        _put(sheet, row, column, head.say(language) + Text("：", ": ").say(language) + value)
    heads = (
        Text("序号", "No."),
        Text("事项", "What"),
        Text("地点", "Place"),
        Text("到达", "Arrive"),
        Text("开始", "Begin"),
        Text("离开", "Leave"),
        Text("申请编号", "Request"),
        Text("用车单位与事由", "Unit and purpose"),
        Text("车上人数", "On board"),
        Text("行驶 (km)", "Drive (km)"),
        Text("行驶 (分)", "Drive (min)"),
        Text("电量 (%)", "Charge (%)"),
        Text("路况数据", "Road data"),
    )
    rows = [_stop_row(book, itinerary, number, stop, language) for number, stop in enumerate(itinerary.stops)]
    below = _table(sheet, 5, heads, rows, language, day=itinerary.day)
    feet = (
        Text("出车里程表：__________ km    收车里程表：__________ km", "Odometer out: __________ km    in: __________ km"),
        Text("派车人：__________    驾驶员：__________    用车人：__________",
             "Dispatcher: __________    Driver: __________    Passenger: __________"),
    )  # fmt: skip
    for number, foot in enumerate(feet):
        _put(sheet, below + 1 + number * 2, 1, foot.say(language))
    _widths(sheet, (6, 15, 30, 8, 8, 8, 20, 36, 9, 9, 9, 9, 10), first_row=5, last_row=below - 1)
    sheet.freeze_panes = "A6"
    sheet.print_title_rows = "5:5"
    _page(sheet)


def _unit_name(book: PlanBook, unit_id: UnitId) -> str:
    unit = book.units.get(unit_id)
    return unit.name if unit is not None else unit_id


def _stop_row(
    book: PlanBook, itinerary: Itinerary, number: int, stop: ItineraryStop, language: Language
) -> list[Value]:
    request = book.requests.get(stop.request_id) if stop.request_id is not None else None
    battery = book.vehicles[itinerary.vehicle_id].battery
    charge: Value = None
    if battery is not None and stop.charge_wh is not None:
        charge = round(100 * stop.charge_wh / battery.capacity_wh)
    what = STOP_WORDS[stop.kind].say(language)
    if stop.charged_wh:
        what += f" +{stop.charged_wh / 1_000:.1f} kWh"
    return [
        number + 1,
        what,
        stop.name,
        stop.arrive_at,
        stop.begin_at,
        stop.depart_at,
        stop.request_id or "",
        f"{_unit_name(book, request.unit_id)} {request.purpose}" if request is not None else "",
        stop.load_count,
        _kilometres(stop.leg_m),
        round(stop.leg_s / 60),
        charge,
        CONFIDENCE_WORDS[stop.leg_confidence].say(language) if stop.leg_m else "",
    ]

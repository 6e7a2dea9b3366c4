"""The workbook to fill in: every sheet with its headers, comments, lists and an example row, and a page of notes."""

from __future__ import annotations

import io

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from api.intake.columns import Column, SheetTable
from api.intake.raw import MOST_BYTES, MOST_ROWS
from api.intake.tables import EXAMPLE_PREFIXES, TABLES
from api.wording import Language, Text

_REQUIRED = PatternFill("solid", fgColor="FFF2CC")
_OPTIONAL = PatternFill("solid", fgColor="E7EEF7")
_EXAMPLE = Font(italic=True, color="808080")
#: As many rows get lists to choose from; more rows may be filled in without.
_LISTED_ROWS = 2_000

_NOTES = (
    Text("川渝公务用车导入模板", "Import workbook for official vehicles in Sichuan and Chongqing"),
    Text(
        "每张表第 1 行是列名；黄色列必填，蓝色列可空。",
        "Row 1 has the headers; yellow means required, blue optional.",
    ),
    Text(
        "列名可用中文或英文；不用的表可以留空。",
        "Headers may be in either language; sheets may stay empty.",
    ),
    Text(
        "灰色斜体是示例行，编号以“示例-”开头，导入时略去。",
        "Grey rows are examples: ids with EXAMPLE- are left out.",
    ),
    Text(
        "日期时间写作 2026-11-23 08:30，按北京时间。",
        "Write instants as 2026-11-23 08:30; the time zone is Asia/Shanghai.",
    ),
    Text(
        "坐标用十进制度。国内地图软件给出的多为 GCJ-02（百度为 BD-09），请在“坐标系”列写明。",
        "Decimal degrees. Chinese maps give GCJ-02 (Baidu BD-09): say so in Coordinate system.",
    ),
    Text("公式按保存的结果读取；请勿合并单元格。", "Formulas count by their stored values; do not merge cells."),
    Text(
        f"一个文件至多 {MOST_BYTES // 1_000_000} MB，每张表至多 {MOST_ROWS} 行。",
        f"At most {MOST_BYTES // 1_000_000} MB a file and {MOST_ROWS} rows a sheet.",
    ),
    Text(
        "任何一处有错，整个文件都不会导入；错误按表、行、列逐条列出。",
        "With any error nothing of the file is imported; errors are listed by sheet, row and column.",
    ),
)


def title(column: Column, lang: Language) -> str:
    """Return a column's header with its unit."""
    name = column.zh if lang == "zh" else column.en
    return f"{name} ({column.unit.say(lang)})" if column.unit is not None else name


def describe(column: Column, lang: Language) -> str:
    """Return what to write into a column and what a blank cell means."""
    parts = [column.remedy.say(lang)]
    if column.required:
        parts.append(Text("必填", "required").say(lang))
    elif column.blank is not None:
        parts.append(Text("空白：", "blank: ").say(lang) + column.blank.say(lang))
    return Text("；", "; ").say(lang).join(parts)


def _example(column: Column, lang: Language) -> str | int | float | None:
    value = column.example
    if lang == "en" and isinstance(value, str):
        if value.startswith(EXAMPLE_PREFIXES[0]):
            return EXAMPLE_PREFIXES[1] + value[len(EXAMPLE_PREFIXES[0]) :]
        if value == "市级":
            return "prefecture"
        for choice in column.choices:
            if choice.zh == value:
                return choice.en
    return value


def _fill(sheet: Worksheet, table: SheetTable, lang: Language) -> None:
    for index, column in enumerate(table.columns, start=1):
        letter = get_column_letter(index)
        head = sheet.cell(row=1, column=index, value=title(column, lang))
        head.font = Font(bold=True)
        head.fill = _REQUIRED if column.required else _OPTIONAL
        head.alignment = Alignment(wrap_text=True, vertical="center")
        comment = Comment(describe(column, lang), "chuanyu")
        comment.width, comment.height = 320, 110
        head.comment = comment
        example = sheet.cell(row=2, column=index, value=_example(column, lang))
        example.font = _EXAMPLE
        widest = max(len(str(head.value)) * (2 if lang == "zh" else 1), len(str(example.value or "")) + 2)
        sheet.column_dimensions[letter].width = min(max(widest, 10), 28)
        if column.choices:
            words = ",".join(choice.say(lang) for choice in column.choices)
            listed = DataValidation(type="list", formula1=f'"{words}"', allow_blank=not column.required)
            listed.error = column.remedy.say(lang)[:250]
            listed.showErrorMessage = True
            sheet.add_data_validation(listed)
            listed.add(f"{letter}2:{letter}{_LISTED_ROWS}")
        if column.parse.__name__ in ("identifier", "region_code", "text"):
            # Typed as text, long numbers keep their digits and leading zeros stay.
            for row in range(2, 202):
                sheet.cell(row=row, column=index).number_format = "@"
    sheet.freeze_panes = "B2"
    sheet.row_dimensions[1].height = 32


def _fill_notes(sheet: Worksheet, lang: Language) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width, sheet.column_dimensions["C"].width = (
        18,
        26,
        80,
    )
    row = 1
    for number, words in enumerate(_NOTES):
        cell = sheet.cell(row=row, column=1, value=words.say(lang))
        cell.font = Font(bold=number == 0, size=14 if number == 0 else 11)
        row += 1
    row += 1
    heads = (Text("表", "Sheet"), Text("列", "Column"), Text("填写要求", "What to write"))
    for column, words in enumerate(heads, start=1):
        sheet.cell(row=row, column=column, value=words.say(lang)).font = Font(bold=True)
    for table in TABLES:
        for column_number, described in enumerate(table.columns):
            row += 1
            if column_number == 0:
                sheet.cell(row=row, column=1, value=table.zh if lang == "zh" else table.en)
            sheet.cell(row=row, column=2, value=title(described, lang))
            sheet.cell(row=row, column=3, value=describe(described, lang)).alignment = Alignment(wrap_text=True)


def write_template(*, lang: Language) -> bytes:
    """Return the .xlsx template; read back untouched it gives no error and no noun."""
    book = Workbook()
    notes = book.active
    if not isinstance(notes, Worksheet):
        raise TypeError("a new workbook has a worksheet")
    notes.title = Text("填写说明", "Notes").say(lang)
    _fill_notes(notes, lang)
    for table in TABLES:
        _fill(book.create_sheet(table.zh if lang == "zh" else table.en), table, lang)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def columns_markdown(*, lang: Language) -> str:
    """Return the columns of all sheets as Markdown tables, for the documentation."""
    heads = Text("| 列 | 英文列名 | 填写要求 |", "| Column | Chinese header | What to write |").say(lang)
    lines: list[str] = []
    for table in TABLES:
        lines += [f"## {table.zh} {table.en}", "", table.about.say(lang), "", heads, "|---|---|---|"]
        for column in table.columns:
            other = column.en if lang == "zh" else column.zh
            lines.append(f"| {title(column, lang)} | {other} | {describe(column, lang)} |")
        lines.append("")
    return "\n".join(lines)

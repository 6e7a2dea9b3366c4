"""Excel workbooks (.xlsx): values only, with guards against archives that unpack into something else than a workbook."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from api.intake.cells import Cell, is_blank
from api.intake.findings import FileProblem, shorten
from api.intake.raw import (
    MOST_COLUMNS,
    MOST_ROWS,
    RawCellProblem,
    RawRow,
    RawSheet,
    check_size,
    too_many_columns,
    too_many_rows,
)
from api.wording import Text

#: A workbook of 20,000 rows and 30 columns unpacks to about 25 MB.
MOST_UNPACKED_BYTES = 60_000_000
MOST_RATIO = 200
MOST_MEMBERS = 1_000
#: Of one sheet, blank ones included.
MOST_CELLS = MOST_ROWS * MOST_COLUMNS
_RESAVE = Text("用 Excel 或 WPS 另存为 .xlsx 后再导入", "save it as .xlsx with a spreadsheet program and import again")

#: What zipfile raises on damaged archives, besides its own: RuntimeError and its child NotImplementedError among them.
_ARCHIVE_ERRORS = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)


def _check_archive(data: bytes) -> bool:
    """Refuse what is no workbook or unpacks too large; return whether any cell holds a formula."""
    formulas = False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            unpacked = sum(member.file_size for member in members)
            names = {member.filename for member in members}
            if (
                len(members) > MOST_MEMBERS
                or unpacked > MOST_UNPACKED_BYTES
                or any(m.file_size > 1_000_000 and m.file_size > MOST_RATIO * max(m.compress_size, 1) for m in members)
            ):
                raise FileProblem(
                    Text(f"解压后有 {unpacked} 字节，过大", f"unpacks to {unpacked} bytes, which is too much"),
                    Text(
                        "删除空白的行、列和图片，或拆成几个文件", "remove blank rows, columns and pictures, or split it"
                    ),
                )
            if any(member.flag_bits & 1 for member in members):
                raise FileProblem(Text("文件有密码", "the file has a password"), Text("去掉密码后再导入", "remove it"))
            if "[Content_Types].xml" not in names:
                raise FileProblem(Text("不是 Excel 工作簿", "not an Excel workbook"), _RESAVE)
            for member in members:
                if member.filename.endswith((".xml", ".rels")):
                    text = archive.read(member)
                    formulas = formulas or re.search(rb"<(\w+:)?f[ />]", text) is not None
                    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                        raise FileProblem(
                            Text("含有文档类型声明，拒绝读取", "has a document type declaration, which is refused"),
                            _RESAVE,
                        )
    except _ARCHIVE_ERRORS as error:
        old = data.startswith(b"\xd0\xcf\x11\xe0")
        raise FileProblem(
            Text("是旧的 .xls 格式", "is the old .xls format")
            if old
            else Text("不是 Excel 工作簿，或已损坏", f"not an Excel workbook, or damaged ({type(error).__name__})"),
            _RESAVE,
        ) from None
    return formulas


def _plain(value: object) -> Cell:
    """What openpyxl gives, reduced to the kinds that the parsers know (rich text and error cells become text)."""
    if value is None or isinstance(value, (str, int, float, bool, datetime, date, time, timedelta)):
        return value
    return str(value)


def _sheet(values: Worksheet, formulas: Worksheet | None) -> RawSheet:
    name = values.title
    if values.max_row * values.max_column > MOST_CELLS:
        raise FileProblem(
            Text(
                f"表格范围有 {values.max_row} 行 {values.max_column} 列，过大",
                f"the sheet spans {values.max_row} rows and {values.max_column} columns, which is too much",
            ),
            Text("删除数据之外带格式的空白行和列", "delete the blank but formatted rows and columns around the data"),
            sheet=name,
        )
    rows: list[RawRow] = []
    problems: list[RawCellProblem] = []
    for number, row in enumerate(values.iter_rows(values_only=True), start=1):
        cells = [_plain(value) for value in row]
        while cells and is_blank(cells[-1]):
            cells.pop()
        if not cells:
            continue
        if len(cells) > MOST_COLUMNS:
            raise too_many_columns(name, number)
        if len(rows) > MOST_ROWS:
            raise too_many_rows(name)
        rows.append(RawRow(number=number, cells=tuple(cells)))
    if formulas is not None:
        problems.extend(_formulas_without_value(values, formulas))
    problems.extend(
        RawCellProblem(
            row=area.min_row,
            column=area.min_col - 1,
            value=area.coord,
            message=Text("单元格是合并的", "the cells are merged"),
            remedy=Text("取消合并并在每行填写", "unmerge them and fill in every row"),
        )
        for area in sorted(values.merged_cells.ranges, key=lambda area: (area.min_row, area.min_col))
    )
    return RawSheet(name=name, rows=tuple(rows), problems=tuple(problems))


def _formulas_without_value(values: Worksheet, formulas: Worksheet) -> Iterator[RawCellProblem]:
    pairs = zip(formulas.iter_rows(values_only=True), values.iter_rows(values_only=True), strict=False)
    for row, (written, stored) in enumerate(pairs, start=1):
        for column, (formula, value) in enumerate(zip(written, stored, strict=False), start=1):
            text = getattr(formula, "text", formula)
            if value is None and isinstance(text, str) and text.startswith("="):
                where = f"{get_column_letter(column)}{row}"
                yield RawCellProblem(
                    row=row,
                    column=column - 1,
                    value=shorten(text),
                    message=Text(f"{where} 是没有保存结果的公式", f"{where} is a formula without a stored result"),
                    remedy=Text("把公式粘贴为数值", "paste the formula as a value"),
                )


def read_xlsx(data: bytes) -> list[RawSheet]:
    """Return every visible or hidden worksheet of a workbook; formulas count by their stored values.

    Raises
    ------
    FileProblem
        If the file is not a workbook, is damaged or too large.
    """
    check_size(data)
    written: dict[str, Worksheet] = {}
    has_formulas = _check_archive(data)
    try:
        with_values = load_workbook(io.BytesIO(data), data_only=True, keep_links=False)
        if has_formulas:
            with_formulas = load_workbook(io.BytesIO(data), data_only=False, keep_links=False)
            written = {sheet.title: sheet for sheet in with_formulas.worksheets}
        return [_sheet(sheet, written.get(sheet.title)) for sheet in with_values.worksheets]
    except FileProblem:
        raise
    except Exception as error:
        # openpyxl lets whatever its XML readers meet pass through: KeyError, TypeError, ParseError and others.
        raise FileProblem(
            Text("工作簿已损坏，无法读取", f"the workbook is damaged ({type(error).__name__})"), _RESAVE
        ) from None

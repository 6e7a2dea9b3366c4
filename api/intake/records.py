"""One row understood column by column, and the findings collected on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.intake.cells import Cell, is_blank
from api.intake.columns import WGS, Column, SheetTable
from api.intake.findings import CellProblem, RowError, shorten
from api.intake.headers import Header, unknown_column
from api.intake.raw import RawRow, RawSheet
from api.intake.tables import EXAMPLE_PREFIXES
from api.wording import Language, Text

#: Rows by kind, and where to report what is wrong with them.
RowCheck = Callable[[Mapping[str, Sequence["Record"]], "Findings"], None]

#: More would help nobody; the number left out is said.
MOST_ERRORS = 1_000


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the file is judged against besides itself.

    ``ids`` maps a sheet's kind to the ids that exist already: an id among them is a duplicate, and a reference to one is
    good. A kind without an entry is not checked unless the file has a sheet of it. ``regions`` None accepts any six-digit
    code, ``profiles`` None any name. ``find_place`` returns (lon_wgs84, lat_wgs84) of a place's name or None. ``check``
    gets the readable rows by kind and reports what only the caller can judge, such as persons; None judges no more.
    """

    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    plates: frozenset[str] = frozenset()
    regions: frozenset[str] | None = None
    profiles: frozenset[str] | None = None
    find_place: Callable[[str], tuple[float, float] | None] | None = None
    check: RowCheck | None = None


@dataclass(frozen=True, kw_only=True)
class Record:
    """A row whose cells could all be read.

    ``values`` has every column of the table, blanks by their default; ``cells`` what stands in the file.
    """

    table: SheetTable
    sheet: str
    row: int
    values: Mapping[str, Any]
    cells: Mapping[str, Cell]
    titles: Mapping[str, str]


@dataclass
class Findings:
    """Errors in the order found, worded in one language."""

    lang: Language
    errors: list[RowError] = field(default_factory=list)

    def add(
        self, *, sheet: str, message: Text, remedy: Text, row: int | None = None, column: str = "", value: object = ""
    ) -> None:
        self.errors.append(
            RowError(
                sheet=sheet,
                row=row,
                column=column,
                value=shorten(value),
                message=message.say(self.lang),
                remedy=remedy.say(self.lang),
            )
        )

    def at(self, record: Record, name: str, message: Text, remedy: Text | None = None, value: object = None) -> None:
        """Report a cell of a record, under the header that it has in the file."""
        column = record.table.column(name)
        self.add(
            sheet=record.sheet,
            row=record.row,
            column=record.titles.get(name, column.zh if self.lang == "zh" else column.en),
            value=record.cells.get(name) if value is None else value,
            message=message,
            remedy=column.remedy if remedy is None else remedy,
        )


@dataclass(frozen=True, kw_only=True)
class SheetRecords:
    """The readable rows; the numbers of the template's example rows; the ids of all rows, the unreadable included."""

    records: tuple[Record, ...]
    examples: tuple[int, ...]
    ids: frozenset[str]


def read_records(
    sheet: RawSheet, table: SheetTable, header: Header, findings: Findings, *, repeats: bool = False
) -> SheetRecords:
    """Understand every row below the header; a row with a bad cell is reported and left out.

    So is a repetition of an earlier row, unless the caller keeps ``repeats``.
    """
    _check_header(sheet, table, header, findings)
    bad_rows = _file_problems(sheet, header, findings)
    titles = {column.name: header.titles[index] for index, column in header.columns.items()}
    records: list[Record] = []
    examples: list[int] = []
    ids: set[str] = set()
    seen: dict[tuple[Cell, ...], int] = {}
    for row in sheet.rows[header.at + 1 :]:
        cells = {index: row.cells[index] if index < len(row.cells) else None for index in header.columns}
        if _is_example(row):
            examples.append(row.number)
            continue
        content = tuple(repr(cell) for index, cell in cells.items() if header.columns[index].name != "remark")
        if all(is_blank(cell) for cell in cells.values()):
            continue
        first = seen.setdefault(content, row.number)
        if first != row.number and not repeats:
            findings.add(
                sheet=sheet.name,
                row=row.number,
                message=Text(f"与第 {first} 行重复", f"repeats row {first}"),
                remedy=Text("删除其中一行", "delete one of them"),
            )
            continue
        values, good = _read_cells(cells, table, header, sheet, row, findings)
        if isinstance(values.get("id"), str):
            ids.add(values["id"])
        if good and row.number not in bad_rows:
            written = {header.columns[index].name: cell for index, cell in cells.items()}
            records.append(
                Record(table=table, sheet=sheet.name, row=row.number, values=values, cells=written, titles=titles)
            )
    return SheetRecords(records=tuple(records), examples=tuple(examples), ids=frozenset(ids))


def _is_example(row: RawRow) -> bool:
    first = next((cell for cell in row.cells if not is_blank(cell)), None)
    return isinstance(first, str) and first.strip().upper().startswith(EXAMPLE_PREFIXES)


def _check_header(sheet: RawSheet, table: SheetTable, header: Header, findings: Findings) -> None:
    for index, title in header.unknown.items():
        problem = unknown_column(title, table)
        findings.add(
            sheet=sheet.name,
            row=_row_of_header(sheet, header, index),
            column=title,
            message=problem.message,
            remedy=problem.remedy or Text("", ""),
        )
    for index, title in header.doubled.items():
        findings.add(
            sheet=sheet.name,
            row=_row_of_header(sheet, header, index),
            column=title,
            message=Text("同一列出现两次", "the column appears twice"),
            remedy=Text("保留其中一列", "keep one of them"),
        )
    for index, unit in header.wrong_units.items():
        wanted = header.columns[index].unit or Text("", "")
        findings.add(
            sheet=sheet.name,
            row=_row_of_header(sheet, header, index),
            column=header.titles[index],
            value=unit,
            message=Text(f"单位“{unit}”不是 {wanted.zh}", f"the unit {unit} is not {wanted.en}"),
            remedy=_convert(header.columns[index], wanted),
        )
    present = {column.name for column in header.columns.values()}
    for column in table.columns:
        if column.required and column.name not in present:
            findings.add(
                sheet=sheet.name,
                row=_row_of_header(sheet, header),
                column=column.zh if findings.lang == "zh" else column.en,
                message=Text("缺少必填的列", "a required column is missing"),
                remedy=Text(f"增加“{column.zh}”列", f"add the column {column.en}"),
            )


def _row_of_header(sheet: RawSheet, header: Header, index: int | None = None) -> int | None:
    """The header's row; in JSON, which has none, the first item with the key, or the first one of all."""
    if not sheet.keyed:
        return header.row
    items = sheet.rows[header.at + 1 :]
    return next((item.number for item in items if index is None or item.cells[index] is not None), None)


def _convert(column: Column, wanted: Text) -> Text:
    if column.unit is WGS:
        return Text(
            "在“坐标系”列写明 GCJ-02 或 BD-09，系统自动换算", "name GCJ-02 or BD-09 in the column Coordinate system"
        )
    return Text(f"换算成 {wanted.zh} 并改列名", f"convert to {wanted.en} and change the header")


def _file_problems(sheet: RawSheet, header: Header, findings: Findings) -> set[int]:
    rows: set[int] = set()
    for problem in sheet.problems:
        if problem.row >= header.row:
            rows.add(problem.row)
            findings.add(
                sheet=sheet.name,
                row=problem.row,
                column=header.titles.get(problem.column, ""),
                value=problem.value,
                message=problem.message,
                remedy=problem.remedy,
            )
    return rows


def _read_cells(
    cells: Mapping[int, Cell], table: SheetTable, header: Header, sheet: RawSheet, row: RawRow, findings: Findings
) -> tuple[dict[str, Any], bool]:
    values: dict[str, Any] = {column.name: column.default for column in table.columns}
    good = True
    for index, column in header.columns.items():
        cell = cells[index]
        try:
            if not is_blank(cell):
                values[column.name] = column.parse(cell)
                continue
            if not column.required:
                continue
            problem = CellProblem(Text("不能为空", "must not be blank"))
        except CellProblem as found:
            problem = found
        good = False
        findings.add(
            sheet=sheet.name,
            row=row.number,
            column=header.titles[index],
            value=cell,
            message=problem.message,
            remedy=problem.remedy or column.remedy,
        )
    for index, cell in enumerate(row.cells):
        if not is_blank(cell) and index not in header.titles:
            good = False
            findings.add(
                sheet=sheet.name,
                row=row.number,
                column=f"#{index + 1}",
                value=cell,
                message=Text("这一列没有列名", "the column has no header"),
                remedy=Text("补上列名或删除该值", "add a header or remove the value"),
            )
    missing = any(column.required and values[column.name] is None for column in table.columns)
    return values, good and not missing

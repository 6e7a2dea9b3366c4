"""Which column of a file is which column of a table."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from api.intake.cells import fold, is_blank, plain
from api.intake.columns import Column, SheetTable
from api.intake.findings import CellProblem
from api.intake.raw import RawRow, RawSheet
from api.intake.tables import NOTES_SHEETS, TABLES
from api.wording import Text

#: Titles may stand above the header, but no deeper than this.
_HEADER_WITHIN = 10
_BRACKETS = re.compile(r"[(\[（【](?P<inside>[^)\]）】]*)[)\]）】]")


@dataclass(frozen=True, kw_only=True)
class Header:
    """``at`` is the index of the header among the sheet's rows; ``columns`` maps a cell's index to its column."""

    at: int
    row: int
    columns: Mapping[int, Column]
    titles: Mapping[int, str]
    unknown: Mapping[int, str]
    doubled: Mapping[int, str]
    wrong_units: Mapping[int, str]


def _names(table: SheetTable) -> dict[str, Column]:
    names: dict[str, Column] = {}
    for column in table.columns:
        for name in (column.name, column.zh, column.en, *column.aliases):
            names.setdefault(fold(name), column)
    return names


def find_table(sheet_name: str) -> SheetTable | None:
    """Return the table that a sheet's name stands for, in either language or as ``车辆 Vehicles``."""
    wanted = fold(sheet_name)
    for table in TABLES:
        names = {fold(name) for name in (table.kind, table.zh, table.en, *table.aliases)}
        if wanted in names or wanted in {fold(table.zh + table.en), fold(table.en + table.zh)}:
            return table
    return None


def is_notes(sheet_name: str) -> bool:
    return fold(sheet_name) in {fold(name) for name in NOTES_SHEETS}


def _match(title: str, names: Mapping[str, Column]) -> Column | None:
    """Match a header such as ``*车牌号 / Plate`` or ``电池容量 (kWh)``."""
    bare = _BRACKETS.sub("", plain(title)).strip("*＊ ")
    for part in (bare, *re.split(r"[/|\n]", bare)):
        found = names.get(fold(part))
        if found is not None:
            return found
    return None


def _wrong_unit(title: str, column: Column) -> str | None:
    """Return the unit that a header gives and that is not the column's."""
    if not column.units:
        return None
    for match in _BRACKETS.finditer(plain(title)):
        inside = fold(match["inside"])
        if (
            inside
            and inside not in {fold(unit) for unit in column.units}
            and inside not in ("必填", "选填", "required")
        ):
            return match["inside"]
    return None


def _read_row(
    row: RawRow, table: SheetTable
) -> tuple[dict[int, Column], dict[int, str], dict[int, str], dict[int, str]]:
    names = _names(table)
    columns: dict[int, Column] = {}
    unknown: dict[int, str] = {}
    doubled: dict[int, str] = {}
    wrong: dict[int, str] = {}
    for index, cell in enumerate(row.cells):
        if is_blank(cell):
            continue
        title = str(cell).strip()
        column = _match(title, names)
        if column is None:
            unknown[index] = title
        elif column in columns.values():
            doubled[index] = title
        else:
            columns[index] = column
            unit = _wrong_unit(title, column)
            if unit is not None:
                wrong[index] = unit
    return columns, unknown, doubled, wrong


def find_header(sheet: RawSheet, table: SheetTable) -> Header | None:
    """Return the first of the top rows most of whose cells are this table's headers; None when there is none."""
    for at, row in enumerate(sheet.rows[: 1 if sheet.keyed else _HEADER_WITHIN]):
        columns, unknown, doubled, wrong = _read_row(row, table)
        if sheet.keyed or (columns and len(columns) >= len(unknown) and (len(columns) > 1 or not unknown)):
            titles = {index: str(cell).strip() for index, cell in enumerate(row.cells) if not is_blank(cell)}
            return Header(
                at=at,
                row=row.number,
                columns=columns,
                titles=titles,
                unknown=unknown,
                doubled=doubled,
                wrong_units=wrong,
            )
    return None


def guess_table(sheet: RawSheet) -> SheetTable | None:
    """Return the one table that has all required columns in the sheet's header, or None when none or several have."""
    fitting: list[tuple[int, SheetTable]] = []
    for table in TABLES:
        header = find_header(sheet, table)
        if header is None:
            continue
        present = {column.name for column in header.columns.values()}
        if all(column.name in present for column in table.columns if column.required):
            fitting.append((len(header.unknown), table))
    if not fitting:
        return None
    fitting.sort(key=lambda found: (found[0], found[1].kind))
    return None if len(fitting) > 1 and fitting[0][0] == fitting[1][0] else fitting[0][1]


def unknown_column(title: str, table: SheetTable) -> CellProblem:
    """Say that no column is called so, with the nearest names."""
    names = [name for column in table.columns for name in (column.zh, column.en)]
    near = difflib.get_close_matches(title, names, n=2, cutoff=0.5)
    zh = f"是否为“{'”或“'.join(near)}”？" if near else ""
    en = f"did you mean {' or '.join(near)}? " if near else ""
    return CellProblem(
        Text("没有这一列", "no column is called so"),
        Text(
            f"{zh}不用的列请删除，或改名为“备注”。可用的列：{'、'.join(column.zh for column in table.columns)}",
            f"{en}Remove it or call it Remark. Columns: {', '.join(column.en for column in table.columns)}",
        ),
    )

"""What a file holds before anything is understood: sheets of rows of cells."""

from __future__ import annotations

from dataclasses import dataclass, field

from api.intake.cells import Cell
from api.intake.findings import FileProblem
from api.wording import Text

#: No register of one authority comes near; a file beyond it is a mistake or an attack.
MOST_BYTES = 10_000_000
MOST_ROWS = 20_000
MOST_COLUMNS = 200


@dataclass(frozen=True, kw_only=True)
class RawRow:
    """``number`` as the spreadsheet shows it; ``cells`` in the order of the sheet's columns."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class RawCellProblem:
    """A cell that the file itself makes unreadable: a merged range, a formula without a stored value."""

    row: int
    column: int
    value: str
    message: Text
    remedy: Text


@dataclass(frozen=True, kw_only=True)
class RawSheet:
    """``rows`` without those that are blank throughout; ``keyed`` says that row 0 holds JSON keys and is no row of the file."""

    name: str
    rows: tuple[RawRow, ...]
    problems: tuple[RawCellProblem, ...] = field(default=())
    keyed: bool = False


def check_size(data: bytes) -> None:
    """Refuse a file above :data:`MOST_BYTES`, or an empty one."""
    if not data.strip():
        raise FileProblem(
            Text("文件是空的", "the file is empty"), Text("选择有内容的文件", "choose a file with content")
        )
    if len(data) > MOST_BYTES:
        raise FileProblem(
            Text(f"文件有 {len(data)} 字节，超过 {MOST_BYTES} 字节", f"{len(data)} bytes, more than {MOST_BYTES}"),
            Text("拆成几个文件分别导入", "split it into several files"),
        )


def too_many_rows(sheet: str) -> FileProblem:
    return FileProblem(
        Text(f"超过 {MOST_ROWS} 行", f"more than {MOST_ROWS} rows"),
        Text("拆成几个文件分别导入", "split it into several files"),
        sheet=sheet,
    )


def too_many_columns(sheet: str, row: int) -> FileProblem:
    return FileProblem(
        Text(f"超过 {MOST_COLUMNS} 列", f"more than {MOST_COLUMNS} columns"),
        Text("删除多余的列", "remove the columns that are not needed"),
        sheet=sheet,
        row=row,
    )

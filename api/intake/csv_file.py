"""CSV files: encoding and separator found out, never guessed past a doubt."""

from __future__ import annotations

import csv
import io
import unicodedata

from api.intake.cells import Cell, is_blank
from api.intake.findings import FileProblem
from api.intake.raw import MOST_COLUMNS, MOST_ROWS, RawRow, RawSheet, check_size, too_many_columns, too_many_rows
from api.wording import Text

_RESAVE = Text("用“CSV UTF-8（逗号分隔）”格式另存后再导入", "save it as CSV UTF-8 (comma delimited) and import again")


def decode(data: bytes) -> tuple[str, str]:
    """Return the text and the name of its encoding: UTF-8, UTF-16 with a mark, or GB18030.

    GB18030 accepts almost any bytes, so that a UTF-8 file with one broken byte would turn into wrong characters without
    an error. Bytes that hold more whole multi-byte UTF-8 characters than broken ones are therefore called broken UTF-8.

    Raises
    ------
    FileProblem
        With the row of the first byte that does not fit.
    """
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            try:
                return data.decode(encoding), encoding
            except UnicodeDecodeError as error:
                raise _broken(data, error.start, encoding) from None
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        first = error.start
    lenient = data.decode("utf-8", errors="replace")
    whole = sum(1 for character in lenient if ord(character) > 127 and character != "\ufffd")
    if whole > lenient.count("\ufffd"):
        raise _broken(data, first, "UTF-8")
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError as error:
        raise _broken(data, error.start, "UTF-8", "GB18030") from None
    if any(unicodedata.category(character) in ("Co", "Cn", "Cs") for character in text):
        raise _broken(data, first, "UTF-8")
    return text, "gb18030"


def _broken(data: bytes, at: int, encoding: str, other: str = "") -> FileProblem:
    row = data.count(b"\n", 0, at) + 1
    return FileProblem(
        Text(
            f"第 {at + 1} 个字节既不是有效的 {encoding} 字符，也不是有效的 {other} 字符",
            f"byte {at + 1} is valid neither in {encoding} nor in {other}",
        )
        if other
        else Text(f"第 {at + 1} 个字节不是有效的 {encoding} 字符", f"byte {at + 1} is not valid {encoding}"),
        _RESAVE,
        row=row,
        value=data[at : at + 4].hex(" "),
    )


def read_csv(data: bytes, *, name: str) -> tuple[RawSheet, str]:
    """Read one CSV file as one sheet; the second value is the encoding found.

    A row's number counts records, as a spreadsheet program shows them. The separator is the one of comma, semicolon and
    tab that the first line has most of.
    """
    check_size(data)
    text, encoding = decode(data)
    if "\x00" in text:
        raise FileProblem(
            Text("含有空字符，不是文本文件", "contains NUL characters: not a text file"),
            _RESAVE,
            sheet=name,
            row=text.count("\n", 0, text.index("\x00")) + 1,
        )
    head = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=head.count)
    rows: list[RawRow] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for record in reader:
            number += 1
            cells: list[Cell] = list(record)
            while cells and is_blank(cells[-1]):
                cells.pop()
            if not cells:
                continue
            if len(cells) > MOST_COLUMNS:
                raise too_many_columns(name, number)
            if len(rows) > MOST_ROWS:
                raise too_many_rows(name)
            rows.append(RawRow(number=number, cells=tuple(cells)))
    except csv.Error as error:
        raise FileProblem(
            Text("引号不成对或字段过长", f"not well-formed CSV: {error}"),
            Text("检查这一行的引号", "check the quotation marks in this row"),
            sheet=name,
            row=number + 1,
        ) from None
    return RawSheet(name=name, rows=tuple(rows)), encoding

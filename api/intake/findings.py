"""What intake has to say about a file: errors, notes, and the exceptions that become errors."""

from __future__ import annotations

from dataclasses import dataclass

from api.wording import Text


@dataclass(frozen=True, kw_only=True)
class RowError:
    """What is wrong with one cell, row, sheet or file, in the reader's language.

    ``row`` is the number that the spreadsheet shows (the header is row 1; a JSON item counts from 1); None speaks of the
    whole sheet. ``column`` is the header as it stands in the file, empty when the row or the sheet is meant. ``value`` is
    the offending cell as text, shortened to 80 characters.
    """

    sheet: str
    row: int | None
    column: str
    value: str
    message: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class RowNote:
    """Something done that the reader should know of and that is no error: an example row left out, an encoding guessed."""

    sheet: str
    row: int | None
    message: str


class CellProblem(Exception):
    """A cell cannot be read; the message and, where it differs from the column's, the remedy."""

    def __init__(self, message: Text, remedy: Text | None = None) -> None:
        super().__init__(message.en)
        self.message = message
        self.remedy = remedy


class FileProblem(Exception):
    """A whole file or sheet cannot be read; ``row`` is given where it broke off in the middle."""

    def __init__(
        self, message: Text, remedy: Text, *, sheet: str = "", row: int | None = None, value: str = ""
    ) -> None:
        super().__init__(message.en)
        self.message = message
        self.remedy = remedy
        self.sheet = sheet
        self.row = row
        self.value = value


def shorten(value: object) -> str:
    """Return a cell's value as text fit for a message: no control characters, at most 80 characters."""
    text = "" if value is None else str(value)
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= 80 else text[:79] + "…"

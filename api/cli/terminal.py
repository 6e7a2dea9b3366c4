"""How the command speaks: languages, exit codes, errors without tracebacks, progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum, StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from api.intake.findings import RowError
from api.routing_words import say_routing_error
from api.settings import terminal_language
from api.wording import Language, Text
from routing.errors import RoutingError


class ExitCode(IntEnum):
    """What the command ends with. ``PROBLEM``: it ran and found something wrong; ``BAD_INPUT``: it could not run."""

    OK = 0
    PROBLEM = 1
    BAD_INPUT = 2


class Spoken(StrEnum):
    """Languages of ``--lang``."""

    ZH = "zh"
    EN = "en"


LangOption = Annotated[Spoken | None, typer.Option("--lang", help="输出语言 / language; default: by LANG, else zh")]
JsonOption = Annotated[bool, typer.Option("--json", help="结果以 JSON 输出 / result as JSON on standard output")]


class BadInput(Exception):
    """The caller's input cannot be used. ``errors`` are row by row; without any, ``text`` says it all."""

    def __init__(self, text: Text, *, errors: Sequence[RowError] = ()) -> None:
        super().__init__(text.en)
        self.text = text
        self.errors = tuple(errors)


def language(lang: Spoken | None) -> Language:
    """Return the language asked for, or that of the terminal."""
    if lang is None:
        return terminal_language()
    return "en" if lang is Spoken.EN else "zh"


def screen() -> Console:
    """For what people read; standard output stays free for the result."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def result() -> Console:
    return Console(highlight=False, soft_wrap=True)


def print_json(body: object) -> None:
    sys.stdout.write(json.dumps(body, ensure_ascii=False, indent=1) + "\n")


def table(heads: Sequence[Text], rows: Sequence[Sequence[str]], lang: Language) -> Table:
    """Return a table for the screen; cells are shown as they are, square brackets included."""
    shown = Table(show_lines=False, header_style="bold")
    for head in heads:
        shown.add_column(head.say(lang), overflow="fold")
    for row in rows:
        shown.add_row(*(cell.replace("[", r"\[") for cell in row))
    return shown


def print_row_errors(errors: Sequence[RowError], lang: Language) -> None:
    heads = (
        Text("表", "Sheet"),
        Text("行", "Row"),
        Text("列", "Column"),
        Text("内容", "Value"),
        Text("问题", "Problem"),
        Text("改法", "Remedy"),
    )
    rows = [
        (
            error.sheet,
            "" if error.row is None else str(error.row),
            error.column,
            error.value,
            error.message,
            error.remedy,
        )
        for error in errors[:50]
    ]
    screen().print(table(heads, rows, lang))
    if len(errors) > 50:
        more = Text(f"另有 {len(errors) - 50} 处；加 --json 看全部。", f"{len(errors) - 50} more; --json lists all.")
        screen().print(more.say(lang))


def row_errors_json(errors: Sequence[RowError]) -> list[dict[str, Any]]:
    return [
        {
            "sheet": error.sheet,
            "row": error.row,
            "column": error.column,
            "value": error.value,
            "message": error.message,
            "remedy": error.remedy,
        }
        for error in errors
    ]


@contextmanager
def refusing(
    lang: Language,
    *,
    as_json: bool,
    expected: tuple[type[Exception], ...] = (),
    problems: tuple[type[Exception], ...] = (),
) -> Iterator[None]:
    """Turn errors into words and an exit code: bad input and the ``expected`` ones into 2, the ``problems`` into 1."""
    caught: tuple[type[Exception], ...] = (OSError, *expected, *problems)
    try:
        yield
    except BadInput as problem:
        said = problem.text.say(lang)
        if as_json:
            print_json({"error": said, "errors": row_errors_json(problem.errors)})
        screen().print(f"[bold red]{Text('错误', 'Error').say(lang)}[/] {_plain(said)}")
        if problem.errors and not as_json:
            print_row_errors(problem.errors, lang)
        raise typer.Exit(ExitCode.BAD_INPUT) from None
    except caught as problem:
        said = _say_error(problem, lang)
        if as_json:
            print_json({"error": said, "errors": []})
        screen().print(f"[bold red]{Text('错误', 'Error').say(lang)}[/] {_plain(said)}")
        raise typer.Exit(ExitCode.PROBLEM if isinstance(problem, problems) else ExitCode.BAD_INPUT) from None


def _plain(said: str) -> str:
    return said.replace("[", r"\[")


def _say_error(problem: Exception, lang: Language) -> str:
    if isinstance(problem, OSError):
        return _os_error(problem, lang)
    if isinstance(problem, RoutingError):
        return say_routing_error(problem).say(lang)
    return str(problem)


def _os_error(problem: OSError, lang: Language) -> str:
    reasons = {
        FileNotFoundError: Text("文件不存在", "no such file"),
        PermissionError: Text("没有权限", "permission denied"),
        IsADirectoryError: Text("是文件夹，不是文件", "is a folder, not a file"),
        NotADirectoryError: Text("不是文件夹", "is not a folder"),
    }
    words = next((text for kind, text in reasons.items() if isinstance(problem, kind)), None)
    said = words.say(lang) if words is not None else (problem.strerror or str(problem))
    return f"{problem.filename}: {said}" if problem.filename else said


Advance = Callable[[float, str], None]


@contextmanager
def progress(text: Text, lang: Language, *, quiet: bool) -> Iterator[Advance]:
    """Show a bar on the screen; the body calls with the part done (0 to 1) and a word beside the bar."""
    if quiet:
        yield lambda _part, _said: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[said]}"),
    )
    with Progress(*columns, console=screen(), transient=True) as bar:
        task = bar.add_task(text.say(lang), total=1.0, said="")
        yield lambda part, said: bar.update(task, completed=min(part, 1.0), said=said)

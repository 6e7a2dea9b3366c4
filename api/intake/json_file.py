"""JSON files: an object of lists (``{"vehicles": [...]}``) or one list of objects."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from api.intake.cells import Cell
from api.intake.csv_file import decode
from api.intake.findings import FileProblem
from api.intake.raw import MOST_COLUMNS, MOST_ROWS, RawRow, RawSheet, check_size, too_many_columns, too_many_rows
from api.wording import Text

_SHAPE = Text('写成 {"vehicles": [{...}, ...]} 的形式', 'write {"vehicles": [{...}, ...]}')


class _Doubled(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Doubled(key)
        found[key] = value
    return found


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def read_json(data: bytes, *, name: str) -> list[RawSheet]:
    """Return one sheet for each list, its first row being the keys in order of appearance.

    Raises
    ------
    FileProblem
        If the text is not JSON, nests too deep, repeats a key, or has another shape.
    """
    check_size(data)
    text, _ = decode(data)
    try:
        body = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except _Doubled as error:
        raise FileProblem(
            Text(f"同一对象中键“{error.key}”出现两次", f"the key {error.key!r} appears twice in one object"),
            Text("保留其中一个", "keep one of them"),
            sheet=name,
        ) from None
    except json.JSONDecodeError as error:
        raise FileProblem(
            Text(f"不是有效的 JSON（第 {error.lineno} 行第 {error.colno} 列）", f"not JSON: {error}"),
            _SHAPE,
            sheet=name,
            row=error.lineno,
        ) from None
    except (RecursionError, ValueError):
        raise FileProblem(
            Text("JSON 嵌套过深或数字过长", "nested too deep, or a number too long"), _SHAPE, sheet=name
        ) from None
    if isinstance(body, list):
        return [_sheet(name, body)]
    if not isinstance(body, dict) or not all(isinstance(value, list) for value in body.values()):
        raise FileProblem(Text("JSON 的形状不对", "the JSON has another shape"), _SHAPE, sheet=name)
    return [_sheet(key, value) for key, value in body.items()]


def _sheet(name: str, items: list[Any]) -> RawSheet:
    if len(items) > MOST_ROWS:
        raise too_many_rows(name)
    keys: dict[str, int] = {}
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            raise FileProblem(Text("应为对象", "an object is expected"), _SHAPE, sheet=name, row=number)
        for key in item:
            keys.setdefault(key, len(keys))
        if len(keys) > MOST_COLUMNS:
            raise too_many_columns(name, number)
    rows = [RawRow(number=0, cells=tuple(keys))]
    for number, item in enumerate(items, start=1):
        cells: list[Cell] = [None] * len(keys)
        for key, value in item.items():
            if isinstance(value, dict):
                raise FileProblem(
                    Text(f"“{key}”的值不能是对象", f"the value of {key!r} may not be an object"),
                    _SHAPE,
                    sheet=name,
                    row=number,
                )
            cells[keys[key]] = value
        if any(cell is not None for cell in cells):
            rows.append(RawRow(number=number, cells=tuple(cells)))
    return RawSheet(name=name, rows=tuple(rows), keyed=True)

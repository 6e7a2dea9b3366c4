"""The entry to intake: files in, nouns or errors out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import Any

from api.intake import nouns
from api.intake.columns import SheetTable
from api.intake.csv_file import read_csv
from api.intake.findings import FileProblem, RowError, RowNote
from api.intake.headers import find_header, find_table, guess_table, is_notes
from api.intake.json_file import read_json
from api.intake.raw import RawSheet
from api.intake.records import MOST_ERRORS, Findings, Known, Record, read_records
from api.intake.tables import BY_KIND, TABLES
from api.intake.xlsx_file import read_xlsx
from api.wording import Language, Text
from fleet.drivers import Driver
from fleet.requests import TripRequest
from fleet.sites import Site
from fleet.units import Unit
from fleet.vehicles import Vehicle


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file as it came. ``kind`` is what its only sheet holds where the caller knows: a key of ``BY_KIND``."""

    name: str
    data: bytes
    kind: str | None = None


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What the files hold. With any error there is not one noun, so that nothing can be half applied."""

    units: tuple[Unit, ...] = ()
    sites: tuple[Site, ...] = ()
    vehicles: tuple[Vehicle, ...] = ()
    drivers: tuple[Driver, ...] = ()
    requests: tuple[TripRequest, ...] = ()
    errors: tuple[RowError, ...] = ()
    notes: tuple[RowNote, ...] = ()

    @property
    def count(self) -> int:
        return len(self.units) + len(self.sites) + len(self.vehicles) + len(self.drivers) + len(self.requests)


NOTHING_KNOWN = Known()


def read_files(files: Sequence[SourceFile], *, lang: Language, now: datetime, known: Known = NOTHING_KNOWN) -> Intake:
    """Read workbooks, CSV and JSON files as one delivery: their sheets may refer to each other.

    The format is told by the content (a zip archive is a workbook, a leading ``{`` or ``[`` is JSON), not by the name.
    ``now`` is the time of submission and approval of requests that do not give theirs.
    """
    findings = Findings(lang)
    notes: list[RowNote] = []
    records: dict[str, list[Record]] = {}
    ids: dict[str, set[str]] = {}
    for file in files:
        try:
            sheets = _open(file, lang, notes)
        except FileProblem as problem:
            findings.add(
                sheet=problem.sheet or file.name,
                row=problem.row,
                value=problem.value,
                message=problem.message,
                remedy=problem.remedy,
            )
            continue
        filled = [sheet for sheet in sheets if sheet.rows and not is_notes(sheet.name)]
        for sheet in filled:
            table = _table_of(sheet, file, only=len(filled) == 1)
            if table is None:
                _report_unknown_sheet(sheet, findings)
                continue
            header = find_header(sheet, table)
            if header is None:
                findings.add(
                    sheet=sheet.name,
                    row=sheet.rows[0].number,
                    message=Text("找不到列名行", "no header row was found"),
                    remedy=Text(
                        f"第一行写列名：{'、'.join(c.zh for c in table.columns if c.required)} 等",
                        f"put the headers into row 1: {', '.join(c.en for c in table.columns if c.required)} ...",
                    ),
                )
                continue
            found = read_records(sheet, table, header, findings)
            records.setdefault(table.kind, []).extend(found.records)
            ids.setdefault(table.kind, set()).update(found.ids)
            notes.extend(_example_note(sheet.name, row, lang) for row in found.examples)
        if not filled and not any(error.sheet == file.name for error in findings.errors):
            findings.add(
                sheet=file.name,
                message=Text("文件中没有数据", "the file holds no data"),
                remedy=Text(
                    "用 chuanyu template 生成模板后填写", "fill in the workbook that `chuanyu template` writes"
                ),
            )
    _check_ids(records, known, findings)
    _check_references(records, ids, known, findings)
    if known.check is not None:
        known.check(records, findings)
    intake = _build(records, known, findings, now=now)
    if findings.errors:
        return Intake(errors=_limited(findings), notes=tuple(notes))
    return replace(intake, notes=tuple(notes))


def read(
    data: bytes, *, name: str, lang: Language, now: datetime, kind: str | None = None, known: Known = NOTHING_KNOWN
) -> Intake:
    """Read one file; see :func:`read_files`."""
    return read_files([SourceFile(name=name, data=data, kind=kind)], lang=lang, now=now, known=known)


def _open(file: SourceFile, lang: Language, notes: list[RowNote]) -> list[RawSheet]:
    stem = PurePath(file.name).stem
    start = file.data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if file.data.startswith((b"PK", b"\xd0\xcf\x11\xe0")) or file.name.lower().endswith((".xlsx", ".xlsm", ".xls")):
        return read_xlsx(file.data)
    if start in (b"{", b"[") or file.name.lower().endswith(".json"):
        return read_json(file.data, name=stem)
    sheet, encoding = read_csv(file.data, name=stem)
    if encoding == "gb18030":
        words = Text("按 GB18030 编码读取", "read as GB18030")
        notes.append(RowNote(sheet=stem, row=None, message=words.say(lang)))
    return [sheet]


def _table_of(sheet: RawSheet, file: SourceFile, *, only: bool) -> SheetTable | None:
    if only and file.kind is not None:
        return BY_KIND[file.kind]
    return find_table(sheet.name) or (guess_table(sheet) if only else None)


def _report_unknown_sheet(sheet: RawSheet, findings: Findings) -> None:
    findings.add(
        sheet=sheet.name,
        message=Text("不认识这张工作表", "no sheet is called so"),
        remedy=Text(
            f"工作表名称应为：{'、'.join(table.zh for table in TABLES)}；不导入的内容放在“填写说明”表",
            f"call it {', '.join(table.en for table in TABLES)}; keep what is not to be read in a sheet Notes",
        ),
    )


def _example_note(sheet: str, row: int, lang: Language) -> RowNote:
    words = Text("示例行，未导入", "an example row, left out")
    return RowNote(sheet=sheet, row=row, message=words.say(lang))


def _check_ids(records: Mapping[str, Sequence[Record]], known: Known, findings: Findings) -> None:
    for kind, rows in records.items():
        for column in BY_KIND[kind].columns:
            if not column.unique:
                continue
            taken = known.plates if column.name == "plate" else known.ids.get(kind, frozenset())
            first: dict[Any, Record] = {}
            for record in rows:
                value = record.values[column.name]
                if value in taken:
                    findings.at(
                        record,
                        column.name,
                        Text("系统中已有", "exists already"),
                        Text("换一个，或删除该行", "choose another, or delete the row"),
                    )
                earlier = first.setdefault(value, record)
                if earlier is not record:
                    where = f"{earlier.sheet}!" if earlier.sheet != record.sheet else ""
                    findings.at(
                        record,
                        column.name,
                        Text(f"与 {where}第 {earlier.row} 行重复", f"the same as in {where}row {earlier.row}"),
                        Text("换一个，或删除该行", "choose another, or delete the row"),
                    )


def _check_references(
    records: Mapping[str, Sequence[Record]], ids: Mapping[str, set[str]], known: Known, findings: Findings
) -> None:
    """Check what refers to another row. Charge points and further stops belong to a row of the same delivery."""
    allowed: dict[str, frozenset[str] | None] = {"regions": known.regions, "profiles": known.profiles}
    for kind in ("units", "sites", "requests"):
        own = frozenset(ids.get(kind, ()))
        allowed[kind] = own | known.ids.get(kind, frozenset()) if kind in ids or kind in known.ids else None
    parts = {"charge_groups": frozenset(ids.get("sites", ())), "stops": frozenset(ids.get("requests", ()))}
    for kind, rows in records.items():
        for column in BY_KIND[kind].columns:
            good = parts[kind] if kind in parts and column.refers_to else allowed.get(column.refers_to)
            if good is None:
                continue
            for record in rows:
                value = record.values[column.name]
                if value is not None and value not in good:
                    findings.at(record, column.name, _unknown(column.refers_to))


def _unknown(kind: str) -> Text:
    if kind == "regions":
        return Text("没有这个行政区划代码", "no region has this code")
    if kind == "profiles":
        return Text("没有这条能耗曲线", "no drive profile is called so")
    table = BY_KIND[kind]
    return Text(f"“{table.zh}”中没有这个编号", f"no row of {table.en} has this id")


def _build(records: Mapping[str, Sequence[Record]], known: Known, findings: Findings, *, now: datetime) -> Intake:
    def of(kind: str) -> Sequence[Record]:
        return records.get(kind, ())

    return Intake(
        units=tuple(nouns.units(of("units"))),
        sites=tuple(nouns.sites(of("sites"), of("charge_groups"), known, findings)),
        vehicles=tuple(nouns.vehicles(of("vehicles"), findings)),
        drivers=tuple(nouns.drivers(of("drivers"), findings)),
        requests=tuple(nouns.requests(of("requests"), of("stops"), known, findings, now=now)),
    )


def _limited(findings: Findings) -> tuple[RowError, ...]:
    """At most :data:`MOST_ERRORS`, in the order of sheets and rows, and one more that says how many were left out."""
    order = {sheet: number for number, sheet in enumerate(dict.fromkeys(error.sheet for error in findings.errors))}
    errors = sorted(findings.errors, key=lambda error: (order[error.sheet], error.row or 0))
    if len(errors) <= MOST_ERRORS:
        return tuple(errors)
    words = Text(
        f"另有 {len(errors) - MOST_ERRORS} 处错误未列出", f"{len(errors) - MOST_ERRORS} more errors are not listed"
    )
    remedy = Text("先改正以上各处", "correct the above first")
    last = RowError(
        sheet="", row=None, column="", value="", message=words.say(findings.lang), remedy=remedy.say(findings.lang)
    )
    return (*errors[:MOST_ERRORS], last)

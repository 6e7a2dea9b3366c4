"""``chuanyu rules``: the rules with their numbers and citations, and a fleet held against them."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.inputs import parse_day, read_bytes, read_nouns
from api.cli.rules_command import rules as regions_command
from api.cli.terminal import (
    BadInput,
    ExitCode,
    JsonOption,
    LangOption,
    language,
    print_json,
    refusing,
    result,
    screen,
    table,
)
from api.intake.cells import SHANGHAI
from api.rule_views import finding_json, rule_json, values_of
from api.wording import Language, Text
from fleet.compliance import evaluate, summary
from fleet.documents import decode
from fleet.errors import FleetError
from fleet.rules.document import STATUSES
from fleet.rules.findings import Finding, Verdict
from fleet.rules.load import load
from fleet.rules.model import Rule, RuleType, RuleView, Status, Value
from fleet.sites import Site
from fleet.units import Unit
from fleet.vehicles import Vehicle

app = typer.Typer(
    help="规则：数值、出处、落实情况，以及车队核查。\n\nRules: numbers, citations, and a fleet held against them.",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

OverridesOption = Annotated[
    Path | None, typer.Option("--overrides", help="本地规则文件夹 / folder of an office's signed rule files")
]
DayOption = Annotated[str | None, typer.Option("--day", help="日期，如 2026-11-23 / the day; default: today")]
RegionOption = Annotated[str | None, typer.Option("--region", help="区划代码 / region code")]

VERDICTS: dict[Verdict, Text] = {
    Verdict.PASS: Text("通过", "pass"),
    Verdict.FAIL: Text("不通过", "fail"),
    Verdict.WARN: Text("警示", "warning"),
    Verdict.EXEMPT: Text("豁免", "exempt"),
    Verdict.INFO: Text("参考", "information"),
    Verdict.NOT_APPLICABLE: Text("不适用", "not applicable"),
    Verdict.NOT_MEASURED: Text("缺数据", "not measured"),
    Verdict.NOT_SET: Text("待设定", "to be set"),
}


def _day(text: str | None) -> date:
    return datetime.now(SHANGHAI).date() if text is None else parse_day(text)


def _say_value(value: Value, view: RuleView | None, rule: Rule, lang: Language) -> str:
    content = value.content
    said = " ".join(content) if isinstance(content, tuple) else str(content)
    unit = f" {value.unit}" if value.number is not None else ""
    carried = ""
    if view is not None and view.is_carried_over(f"{rule.id}.{value.name}"):
        carried = Text("（沿用）", " (carried over)").say(lang)
    return f"{value.name} = {said}{unit}{carried}"


@app.callback()
def rules(
    context: typer.Context,
    region: RegionOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """规则与核查；不带子命令时列出各地协作关系。Rules and checks; without a subcommand, the relations of the regions."""
    if context.invoked_subcommand is None:
        regions_command(region=region, lang=lang, as_json=as_json)


@app.command("list")
def list_rules(
    region: RegionOption = None,
    day: DayOption = None,
    kind: Annotated[RuleType | None, typer.Option("--type", help="HARD / SOFT / IND")] = None,
    status: Annotated[Status | None, typer.Option("--status", help="落实情况 / how far it bites")] = None,
    overrides: OverridesOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """列出规则；给出地区时只列适用者，并显示当日数值。List the rules; with a region, those that reach it and their values."""
    tongue = language(lang)
    with refusing(tongue, as_json=as_json, expected=(FleetError,)):
        book, on = load(overrides), _day(day)
        view = None if region is None else book.at(on, region)
    shown = [
        rule
        for rule in book
        if (kind is None or rule.type is kind)
        and (status is None or rule.enforcement.status is status)
        and (view is None or view.applies(rule.id))
    ]
    if as_json:
        print_json([rule_json(rule, view, book) for rule in shown])
        return
    heads = (
        Text("编号", "Id"),
        Text("规则", "Rule"),
        Text("类别", "Type"),
        Text("落实", "Status"),
        Text("数值", "Values"),
    )
    rows = [
        [
            rule.id,
            rule.title_zh if tongue == "zh" else rule.title_en,
            rule.type.value,
            STATUSES[rule.enforcement.status][0] if tongue == "zh" else rule.enforcement.status.value,
            "; ".join(_say_value(value, view, rule, tongue) for value in values_of(rule, view)),
        ]
        for rule in shown
    ]
    result().print(table(heads, rows, tongue))


@app.command("show")
def show_rule(
    rule_id: Annotated[str, typer.Argument(help="规则编号，如 R018 / rule id")],
    region: RegionOption = None,
    day: DayOption = None,
    overrides: OverridesOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """显示一条规则：原文、数值、出处、落实与例外理由。Show one rule with its text, values, quotations and where it bites."""
    tongue = language(lang)
    with refusing(tongue, as_json=as_json, expected=(FleetError,)):
        book, on = load(overrides), _day(day)
        view = None if region is None else book.at(on, region)
        rule = book.get(rule_id.upper())
    if as_json:
        print_json(rule_json(rule, view, book))
        return
    out = result()
    out.print(f"{rule.id} {rule.title_zh} {rule.title_en}", style="bold", markup=False)
    out.print(f"{rule.type} ({rule.basis}); {' '.join(rule.regions)}; {rule.population}", markup=False)
    out.print(rule.text, markup=False)
    if rule.note:
        out.print(rule.note, markup=False)
    for value in values_of(rule, view):
        until = "" if value.to_day is None else f"..{value.to_day}"
        signed = "" if value.signature is None else f", {value.signature.person} {value.signature.on}"
        said = _say_value(value, view, rule, tongue)
        out.print(f"  {said}  [{value.from_day}{until}, {value.origin}{signed}]", markup=False)
    if rule.waiver_reasons:
        words = Text("例外理由", "waiver reasons").say(tongue)
        out.print(f"{words}: {', '.join(rule.waiver_reasons)}", markup=False)
    for citation in rule.citations:
        document = book.documents[citation.document]
        quotation = f" “{citation.quotation}”" if citation.quotation else f" {document.where}"
        out.print(f"  《{document.title}》{citation.section}{quotation}", markup=False)
    own = rule.enforcement
    status = STATUSES[own.status][0] if tongue == "zh" else own.status.value
    out.print("; ".join(part for part in (status, own.where, own.test, own.missing) if part), markup=False)


def _documents_of(path: Path) -> tuple[list[Unit], list[Vehicle], list[Site]] | None:
    """Nouns of a file that lists them as the API gives them (``unit``, ``vehicle``, ``site``); None for any other file."""
    if path.suffix.lower() != ".json":
        return None
    try:
        body = json.loads(read_bytes(path))
    except ValueError as problem:
        raise BadInput(Text(f"{path}：不是 JSON 文件", f"{path}: not a JSON file")) from problem
    if not isinstance(body, dict) or not set(body) & {"unit", "vehicle", "site"}:
        return None
    unknown = set(body) - {"unit", "vehicle", "site"}
    if unknown or not all(isinstance(items, list) for items in body.values()):
        text = Text(
            f"{path}：只能有 unit、vehicle、site 三个列表", f"{path}: lists unit, vehicle and site, and nothing else"
        )
        raise BadInput(text)
    found = {kind: [decode(kind, item) for item in body.get(kind, [])] for kind in ("unit", "vehicle", "site")}
    return found["unit"], found["vehicle"], found["site"]


def _read_fleet(paths: list[Path], lang: Language, now: datetime) -> tuple[list[Unit], list[Vehicle], list[Site]]:
    units: list[Unit] = []
    vehicles: list[Vehicle] = []
    sites: list[Site] = []
    books: list[Path] = []
    for path in paths:
        found = _documents_of(path)
        if found is None:
            books.append(path)
        else:
            units.extend(found[0])
            vehicles.extend(found[1])
            sites.extend(found[2])
    if books:
        intake = read_nouns(books, lang=lang, now=now)
        units.extend(intake.units)
        vehicles.extend(intake.vehicles)
        sites.extend(intake.sites)
    return units, vehicles, sites


def _figure(finding: Finding) -> str:
    if finding.x is None or finding.y is None:
        return ""
    return f"{finding.x}/{finding.y}"


@app.command("check")
def check_fleet(
    fleet: Annotated[
        list[Path],
        typer.Option(
            "--fleet",
            help="车队文件：导入模板工作簿、CSV、JSON 或其文件夹 / the register: workbook, CSV, JSON or a folder of them",
        ),
    ],
    day: DayOption = None,
    region: RegionOption = None,
    overrides: OverridesOption = None,
    failed: Annotated[bool, typer.Option("--failed", help="只列未通过和警示 / only what fails or warns")] = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """核查车队：逐地区逐规则给出数值、界限、结论、出处和最小改动。Hold a fleet against the rules.

    The exit code is 1 when a hard rule fails.
    """
    tongue = language(lang)
    with refusing(tongue, as_json=as_json, expected=(FleetError,)):
        on = _day(day)
        units, vehicles, sites = _read_fleet(fleet, tongue, datetime.now(SHANGHAI))
        book = load(overrides)
        if region is not None:
            book.at(on, region)
        findings = evaluate(units, vehicles, sites, on, book)
    if region is not None:
        findings = tuple(own for own in findings if book.covers(region, own.region))
    counts = summary(findings)
    shown = [own for own in findings if not failed or own.verdict in (Verdict.FAIL, Verdict.WARN)]
    if as_json:
        body = {
            "day": on.isoformat(),
            "counts": {verdict.value: count for verdict, count in counts.items()},
            "findings": [finding_json(own) for own in shown],
        }
        print_json(body)
    else:
        _print_findings(shown, tongue)
        said = ", ".join(f"{VERDICTS[verdict].say(tongue)} {count}" for verdict, count in counts.items() if count)
        screen().print(said, markup=False)
    if counts[Verdict.FAIL]:
        raise typer.Exit(ExitCode.PROBLEM)


def _print_findings(shown: list[Finding], lang: Language) -> None:
    heads = (
        Text("地区", "Region"),
        Text("规则", "Rule"),
        Text("对象", "Subject"),
        Text("数值", "Figure"),
        Text("界限", "Bound"),
        Text("结论", "Verdict"),
        Text("最小改动", "Smallest change"),
        Text("出处", "Source"),
    )
    rows = []
    for own in shown:
        zh = lang == "zh"
        change = "" if own.change is None else own.change.message_zh if zh else own.change.message_en
        note = own.note_zh if zh else own.note_en
        carried = Text("（沿用）", " (carried over)").say(lang) if own.carried_over else ""
        rows.append(
            [
                own.region_name_zh if zh else own.region_name_en,
                f"{own.rule_id} {own.title_zh if zh else own.title_en}",
                " ".join(part for part in (own.level, own.subject, own.period) if part),
                _figure(own),
                f"{own.bound}{carried}",
                VERDICTS[own.verdict].say(lang),
                "; ".join(part for part in (change, note) if part),
                f"{own.document} {own.citation.section}".strip(),
            ]
        )
    result().print(table(heads, rows, lang))

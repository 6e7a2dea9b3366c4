"""A scenario's report, and the yearly filing of a replacement plan, as workbooks."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from api.vocabulary import CAUSES
from api.wording import Language, Text
from dispatch.plan import Cause
from fleet.rules.findings import Finding
from scenarios.measures import MEASURE_OF
from scenarios.replacement import ReplacementPlan, Wishes
from scenarios.report import ScenarioReport
from scenarios.scenario import Scenario

_HEAD = PatternFill("solid", fgColor="E7EEF7")
Value = str | int | float | None


def write_scenario_xlsx(report: ScenarioReport, scenario: Scenario, *, language: Language) -> bytes:
    """Return the .xlsx: figures, comparison with intervals, days, compliance and assumptions."""
    book = Workbook()
    names = [Text(fleet.name_zh, fleet.name_en).say(language) for fleet in report.fleets]
    figures = _first(book, Text("指标", "Figures"), language)
    heads = [Text("指标", "Figure"), Text("单位", "Unit"), Text("公式", "Formula")]
    rows: list[list[Value]] = [
        ["", "", "", *names],
        [Text("车辆", "Vehicles").say(language), "", "", *(fleet.vehicles_count for fleet in report.fleets)],
        [Text("新能源", "NEVs").say(language), "", "", *(fleet.nev_count for fleet in report.fleets)],
        [Text("充电枪", "Charge points").say(language), "", "", *(fleet.points_count for fleet in report.fleets)],
        [
            Text("每年费用（含购置）", "Yearly cost with owning").say(language),
            "fen",
            "operating cost x 365 / days + ownership",
            *(round(fleet.yearly_fen(report.days)) for fleet in report.fleets),
        ],
    ]
    for id, own in MEASURE_OF.items():
        name = Text(own.name_zh, own.name_en).say(language)
        rows.append([name, own.unit, own.formula, *(fleet.figures[id] for fleet in report.fleets)])
    for cause in sorted({code for fleet in report.fleets for code in fleet.refusals}):
        said = CAUSES[Cause(cause)].say(language) if cause in set(Cause) else cause
        row: list[Value] = [
            Text("未保障：", "Not served: ").say(language) + said,
            "1",
            "requests with this first cause",
        ]
        rows.append([*row, *(fleet.refusals.get(cause, 0) for fleet in report.fleets)])
    _fill(figures, heads, rows, language)
    _compare(book, report, language)
    days = book.create_sheet(Text("逐日", "Days").say(language))
    day_rows: list[list[Value]] = [
        [fleet_name, day, tally.asked, tally.served, tally.refused, tally.no_show, round(tally.drive_m / 1_000, 1)]
        for fleet, fleet_name in zip(report.fleets, names, strict=True)
        for day, tally in sorted(fleet.daily.items())
    ]
    day_heads = [Text("车队", "Fleet"), Text("日期", "Day"), Text("申请", "Requests"), Text("已保障", "Served")]
    day_heads += [Text("未保障", "Not served"), Text("乘客未到", "No-shows"), Text("里程(km)", "Distance (km)")]
    _fill(days, day_heads, day_rows, language)
    rules = book.create_sheet(Text("合规", "Compliance").say(language))
    _fill(
        rules,
        [Text("车队", "Fleet"), *_FINDING_HEADS],
        [
            [name, *_finding(own, language)]
            for fleet, name in zip(report.fleets, names, strict=True)
            for own in fleet.findings
        ],
        language,
    )
    assumed = book.create_sheet(Text("假设", "Assumptions").say(language))
    parts: dict[str, Any] = {
        "demo": scenario.demo,
        "world": scenario.world,
        "replay": scenario.replay,
        "policy": report.policy,
    }
    lines: list[list[Value]] = [
        [f"{part}.{name}", str(v)] for part, body in parts.items() for name, v in asdict(body).items()
    ]
    if scenario.period is not None:
        lines += [[f"period.{name}", str(v)] for name, v in asdict(scenario.period).items()]
    lines += [[f"factors.{name}", str(v)] for name, v in asdict(report.factors).items()]
    _fill(assumed, [Text("参数", "Parameter"), Text("取值", "Value")], lines, language)
    return _bytes(book)


def write_filing_xlsx(
    plan: ReplacementPlan, wishes: Wishes, findings: Sequence[Finding], *, language: Language
) -> bytes:
    """Return the yearly filing (年度配备更新方案): every replacement, sums by office, region and year, and the compliance.

    The four decisions (R035) are columns to be filled in: document numbers that no program knows.
    """
    book = Workbook()
    sheet = _first(book, Text("更新明细", "Replacements"), language)
    heads = [
        Text("年度", "Year"),
        Text("地区", "Region"),
        Text("单位", "Office"),
        Text("号牌", "Plate"),
        Text("原车型", "Old model"),
        Text("投入使用", "In service since"),
        Text("新车型", "New model"),
        Text("新能源", "NEV"),
        Text("购置价(元)", "Price (yuan)"),
        Text("非新能源理由", "Why not an NEV"),
        Text("提前更新理由", "Why early"),
        Text("编制文号", "Quota no."),
        Text("标准文号", "Standard no."),
        Text("经费文号", "Funds no."),
        Text("采购文号", "Procurement no."),
    ]
    rows: list[list[Value]] = [
        [
            one.year,
            one.unit.region,
            one.unit.name,
            one.vehicle.plate,
            one.vehicle.profile,
            str(one.vehicle.in_service_on or ""),
            one.profile,
            1 if one.is_nev else 0,
            one.price_fen / 100,
            "" if one.waiver is None else f"{one.waiver.reason}: {one.waiver.text}",
            "" if one.safety is None else one.safety.text,
            "",
            "",
            "",
            "",
        ]
        for one in plan.replacements
    ]
    _fill(sheet, heads, rows, language)
    for title, key in (
        (Text("按单位", "By office"), lambda one: (one.unit.region, one.unit.name)),
        (Text("按地区", "By region"), lambda one: (one.unit.region, "")),
        (Text("按省", "By province"), lambda one: (one.unit.region[:2] + "0000", "")),
    ):
        sums: dict[tuple[str, str, int], list[int]] = defaultdict(lambda: [0, 0, 0])
        for one in plan.replacements:
            row = sums[(*key(one), one.year)]
            row[0] += 1
            row[1] += one.is_nev
            row[2] += one.price_fen
        table: list[list[Value]] = [
            [place, office, year, count, nevs, nevs / count, fen / 100]
            for (place, office, year), (count, nevs, fen) in sorted(sums.items())
        ]
        sum_heads = [Text("地区", "Region"), Text("单位", "Office"), Text("年度", "Year"), Text("更新", "Replaced")]
        sum_heads += [Text("新能源", "NEVs"), Text("新能源占比", "NEV share"), Text("预算(元)", "Budget (yuan)")]
        _fill(book.create_sheet(title.say(language)), sum_heads, table, language)
    years = book.create_sheet(Text("年度预算", "Budgets").say(language))
    budget_rows: list[list[Value]] = [
        [
            year,
            sum(one.year == year for one in plan.replacements),
            plan.spent_fen(year) / 100,
            wishes.budget_fen[year] / 100 if year in wishes.budget_fen else None,
            sum(when == year for _, when in plan.overdue),
        ]
        for year in wishes.years
    ]
    budget_heads = [Text("年度", "Year"), Text("更新", "Replaced"), Text("支出(元)", "Spent (yuan)")]
    budget_heads += [Text("预算上限(元)", "Limit (yuan)"), Text("逾期未更新", "Overdue")]
    _fill(years, budget_heads, budget_rows, language)
    blocked = book.create_sheet(Text("不得更新", "Not to be replaced").say(language))
    _fill(
        blocked,
        [Text("车辆", "Vehicle"), Text("规则", "Rule")],
        [[id, rule] for id, rule in plan.blocked.items()],
        language,
    )
    rules = book.create_sheet(Text("合规", "Compliance").say(language))
    _fill(rules, _FINDING_HEADS, [_finding(own, language) for own in findings], language)
    return _bytes(book)


_FINDING_HEADS = [
    Text("规则", "Rule"), Text("名称", "Name"), Text("地区", "Region"), Text("对象", "Subject"), Text("期间", "Period"),
    Text("结论", "Verdict"), Text("分子", "Count"), Text("分母", "Of"), Text("要求", "Bound"),
]  # fmt: skip


def _finding(own: Finding, language: Language) -> list[Value]:
    title = Text(own.title_zh, own.title_en).say(language)
    region = Text(own.region_name_zh, own.region_name_en).say(language)
    return [own.rule_id, title, region, own.subject, own.period, own.verdict.value, own.x, own.y, own.bound]


def _compare(book: Workbook, report: ScenarioReport, language: Language) -> None:
    sheet = book.create_sheet(Text("比较", "Comparison").say(language))
    first = Text(report.fleets[0].name_zh, report.fleets[0].name_en).say(language)
    rows: list[list[Value]] = []
    for fleet in report.fleets[1:]:
        name = Text(fleet.name_zh, fleet.name_en).say(language)
        for one in report.comparisons().get(fleet.id, ()):
            own = MEASURE_OF[one.measure_id]
            said = Text(one.says_zh, one.says_en).say(language)
            row: list[Value] = [f"{name} / {first}", Text(own.name_zh, own.name_en).say(language), own.unit]
            rows.append([*row, one.first, one.other, one.difference, one.low, one.high, said])
    heads = [
        Text("车队", "Fleets"),
        Text("指标", "Figure"),
        Text("单位", "Unit"),
        Text("首队", "First"),
        Text("另一队", "Other"),
    ]
    heads += [Text("差异", "Difference"), Text("下限", "Low"), Text("上限", "High"), Text("说明", "In words")]
    _fill(sheet, heads, rows, language)


def _first(book: Workbook, title: Text, language: Language) -> Worksheet:
    sheet = book.active
    if not isinstance(sheet, Worksheet):
        raise TypeError("a new workbook has a worksheet")
    sheet.title = title.say(language)
    return sheet


def _fill(sheet: Worksheet, heads: Sequence[Text], rows: Sequence[Sequence[Value]], language: Language) -> None:
    """Write heads and rows; text that a spreadsheet would take for a formula stays text."""
    for column, head in enumerate(heads, start=1):
        cell = sheet.cell(row=1, column=column, value=head.say(language))
        cell.font, cell.fill = Font(bold=True), _HEAD
        cell.alignment = Alignment(wrap_text=True, vertical="center")
    for number, row in enumerate(rows, start=2):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(row=number, column=column, value=value)
            if isinstance(value, str):
                cell.data_type = "s"
            elif isinstance(value, float):
                cell.number_format = "#,##0.00"
    width = max([len(heads), *(len(row) for row in rows)])
    for column in range(1, width + 1):
        longest = max([len(str(row[column - 1])) for row in rows[:200] if len(row) >= column] or [8])
        sheet.column_dimensions[get_column_letter(column)].width = min(48, max(10, longest * 1.4))
    sheet.freeze_panes = "A2"


def _bytes(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()

"""A scenario's report as one HTML file that needs no network: figures, charts and map drawn in it, both languages inside."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from importlib.resources import files

from api.vocabulary import CAUSES
from api.wording import Language, Text
from dispatch.plan import Cause
from fleet.rules.findings import Finding, Verdict
from scenarios.measures import MEASURE_OF
from scenarios.paired import Comparison
from scenarios.places import load_places
from scenarios.report import FleetResult, ScenarioReport
from scenarios.scenario import Scenario

_COLOURS = ("#1f5fa8", "#2a9d6f", "#d98a1e", "#8a4fb0", "#b23a48", "#4a6572")
_COST_ITEMS = ("fuel_fen", "power_fen", "toll_fen", "wear_fen", "driver_fen", "use_fen")
_VERDICTS = {
    Verdict.PASS: Text("达标", "pass"),
    Verdict.FAIL: Text("不达标", "fail"),
    Verdict.WARN: Text("提示", "warning"),
    Verdict.EXEMPT: Text("豁免", "exempt"),
    Verdict.INFO: Text("参考", "information"),
    Verdict.NOT_SET: Text("未设定", "not set"),
    Verdict.NOT_MEASURED: Text("无数据", "not measured"),
    Verdict.NOT_APPLICABLE: Text("不适用", "not applicable"),
}


def write_scenario_html(report: ScenarioReport, scenario: Scenario, *, language: Language) -> str:
    """Return the page; it opens in ``language`` and switches to the other one."""
    page = (files("api.outputs") / "scenario_page.html").read_text("utf-8")
    parts = {
        "LANG": language,
        "TITLE": _t(Text(report.title_zh, report.title_en)),
        "SUBTITLE": _t(_subtitle(report)),
        "ANSWER": _answer(report),
        "COST": _costs(report),
        "SHARE": _share_chart(report),
        "DAYS": _days_chart(report),
        "MAP": _map(report),
        "FIGURES": _figures(report),
        "REFUSALS": _refusals(report),
        "RULES": _rules(report),
        "ASSUMED": _assumed(report, scenario),
    }
    for name, value in parts.items():
        page = page.replace(f"{{{{{name}}}}}", value)
    return page


# ---- words and numbers


def _t(text: Text) -> str:
    return f'<span class="zh">{html.escape(text.zh)}</span><span class="en">{html.escape(text.en)}</span>'


def _name(fleet: FleetResult) -> str:
    return _t(Text(fleet.name_zh, fleet.name_en))


def _yuan(fen: float) -> Text:
    """A sum of money, short: ten thousands in Chinese, thousands in English."""
    yuan = fen / 100
    return Text(f"{yuan / 10_000:,.1f} 万元", f"{yuan / 1_000:,.0f} k yuan")


def _signed(fen: float) -> Text:
    sign = "+" if fen >= 0 else "−"
    amount = _yuan(abs(fen))
    return Text(f"{sign}{amount.zh}", f"{sign}{amount.en}")


def _number(value: float, unit: str) -> str:
    if unit == "fen":
        return f"{value / 100:,.0f}"
    if unit == "1" and 0 < abs(value) < 1:
        return f"{value:.1%}" if abs(value) >= 0.001 else f"{value:.2%}"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.2f}"


def _unit(unit: str) -> str:
    return {"fen": _t(Text("元", "yuan")), "1": "", "min": _t(Text("分钟", "min"))}.get(unit, unit)


def _subtitle(report: ScenarioReport) -> Text:
    parts = len(report.fleets[0].parts)
    return Text(
        f"{report.day} 起 {report.days} 天，{len(report.fleets)} 支车队，同一需求与同一随机环境，{parts} 个时段配对比较",
        f"{report.days} days from {report.day}, {len(report.fleets)} fleets, the same demand and luck, {parts} paired parts",
    )


def _nev_frac(fleet: FleetResult) -> float:
    return fleet.nev_count / max(1, fleet.vehicles_count)


# ---- the answer first


def _answer(report: ScenarioReport) -> str:
    """One card for each further fleet: what it costs a year, what it saves, and whether trips suffer."""
    first, cards = report.fleets[0], []
    comparisons = report.comparisons()
    for other in report.fleets[1:]:
        found = {one.measure_id: one for one in comparisons.get(other.id, ())}
        own = other.ownership_fen - first.ownership_fen
        scale = 365 / max(1, report.days)
        running = (other.figures["cost_fen"] - first.figures["cost_fen"]) * scale
        co2_t = (other.figures["co2_kg"] - first.figures["co2_kg"]) * scale / 1_000
        refused = other.figures["refused_frac"] - first.figures["refused_frac"]
        head = Text(
            f"新能源 {_nev_frac(first):.0%} → {_nev_frac(other):.0%}：每年 {_signed(own + running).zh}",
            f"NEV {_nev_frac(first):.0%} → {_nev_frac(other):.0%}: {_signed(own + running).en} a year",
        )
        lines = [
            Text(
                f"购置与充电设施 {_signed(own).zh}，运行 {_signed(running).zh}（{_sure(found, 'cost_fen').zh}）",
                f"owning vehicles and points {_signed(own).en}, running {_signed(running).en} ({_sure(found, 'cost_fen').en})",
            ),
            Text(
                f"二氧化碳每年 {co2_t:+,.1f} 吨（{_sure(found, 'co2_kg').zh}）",
                f"carbon dioxide {co2_t:+,.1f} t a year ({_sure(found, 'co2_kg').en})",
            ),
            Text(
                f"未保障比例 {first.figures['refused_frac']:.1%} → {other.figures['refused_frac']:.1%}"
                f"（{refused * 100:+.1f} 个百分点，{_sure(found, 'refused_frac').zh}）",
                f"not served {first.figures['refused_frac']:.1%} → {other.figures['refused_frac']:.1%} "
                f"({refused * 100:+.1f} points, {_sure(found, 'refused_frac').en})",
            ),
        ]
        items = "".join(f"<li>{_t(line)}</li>" for line in lines)
        cards.append(
            f'<article class="card"><h3>{_name(other)}</h3><p class="big">{_t(head)}</p><ul>{items}</ul></article>'
        )
    return "".join(cards) or f"<p>{_t(Text('只有一支车队，没有比较。', 'One fleet only: nothing to compare.'))}</p>"


def _sure(found: dict[str, Comparison], id: str) -> Text:
    one = found.get(id)
    if one is None:
        return Text("单一时段，无法判断显著性", "one part only: chance cannot be told")
    return Text("显著", "significant") if one.significant else Text("不显著", "not significant")


# ---- charts


def _svg(width: int, height: int, body: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img" preserveAspectRatio="xMidYMid meet">{body}</svg>'


def _label(x: float, y: float, text: Text | str, *, anchor: str = "start", cls: str = "") -> str:
    if isinstance(text, str):
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{cls}">{html.escape(text)}</text>'
    return "".join(
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{cls} {tongue}">{html.escape(said)}</text>'
        for tongue, said in (("zh", text.zh), ("en", text.en))
    )


def _costs(report: ScenarioReport) -> str:
    """Yearly cost by item, stacked: owning at the bottom."""
    scale = 365 / max(1, report.days)
    items: list[tuple[Text, Callable[[FleetResult], float]]] = [
        (Text("购置与充电设施", "owning"), lambda fleet: fleet.ownership_fen)
    ]
    for id in _COST_ITEMS:
        own = MEASURE_OF[id]
        items.append((Text(own.name_zh, own.name_en), _item(id, scale)))
    highest = max(sum(item(fleet) for _, item in items) for fleet in report.fleets) or 1.0
    colours = ("#44546a", "#b23a48", "#e0b13a", "#9aa5b1", "#7d8f69", "#1f5fa8", "#6d597a")
    width, left, bar = 760, 150, 34
    body = ""
    for number, fleet in enumerate(report.fleets):
        x, y = float(left), 14 + number * (bar + 16)
        body += _label(
            left - 8, y + bar / 2 + 4, Text(_short(fleet.name_zh, 11), _short(fleet.name_en, 22)), anchor="end"
        )
        for (_, item), colour in zip(items, colours, strict=True):
            length = item(fleet) / highest * (width - left - 110)
            body += f'<rect x="{x:.1f}" y="{y}" width="{max(0.0, length):.1f}" height="{bar}" fill="{colour}"/>'
            x += max(0.0, length)
        body += _label(x + 6, y + bar / 2 + 4, _yuan(fleet.yearly_fen(report.days)), cls="strong")
    height = 14 + len(report.fleets) * (bar + 16) + 30
    x = float(left)
    for (text, _), colour in zip(items, colours, strict=True):
        body += f'<rect x="{x:.1f}" y="{height - 20}" width="10" height="10" fill="{colour}"/>'
        body += _label(x + 14, height - 11, text, cls="small")
        x += 28 + max(12 * len(text.zh), 6 * len(text.en))
    return _svg(width, height, body)


def _item(id: str, scale: float) -> Callable[[FleetResult], float]:
    return lambda fleet: fleet.figures[id] * scale


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _share_chart(report: ScenarioReport) -> str:
    """Yearly cost (left) and trips not served (right) over the share of new-energy vehicles."""
    fleets = sorted(report.fleets, key=lambda fleet: (_nev_frac(fleet), fleet.id))
    width, height, left, right, top, bottom = 760, 300, 90, 70, 20, 44
    costs = [fleet.yearly_fen(report.days) / 1_000_000 for fleet in fleets]
    refused = [fleet.figures["refused_frac"] * 100 for fleet in fleets]

    def x_of(frac: float) -> float:
        return left + frac * (width - left - right)

    def y_of(value: float, low: float, high: float) -> float:
        return height - bottom - (value - low) / ((high - low) or 1.0) * (height - top - bottom)

    low, high = min(costs) * 0.97, max(costs) * 1.03
    most = max(*refused, 1.0) * 1.3
    body = ""
    for tenth in range(0, 11, 2):
        x = x_of(tenth / 10)
        body += f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{height - bottom}" class="grid"/>'
        body += _label(x, height - bottom + 16, f"{tenth * 10} %", anchor="middle", cls="small")
    for step in range(5):
        value = low + (high - low) * step / 4
        y = y_of(value, low, high)
        body += f'<line x1="{left}" y1="{y:.1f}" x2="{width - right}" y2="{y:.1f}" class="grid"/>'
        body += _label(left - 6, y + 4, Text(f"{value:,.0f} 万", f"{value * 10:,.0f} k"), anchor="end", cls="small")
        body += _label(width - right + 6, y + 4, f"{most * step / 4:.1f} %", cls="small")
    for values, (bottom_value, top_value), colour in (
        (costs, (low, high), "#1f5fa8"),
        (refused, (0.0, most), "#b23a48"),
    ):
        points = [
            (x_of(_nev_frac(fleet)), y_of(value, bottom_value, top_value))
            for fleet, value in zip(fleets, values, strict=True)
        ]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        body += f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
        body += "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in points)
    body += _label(left, 12, Text("每年费用（元）", "yearly cost (yuan)"), cls="small blue")
    body += _label(width - right, 12, Text("未保障比例", "not served"), anchor="end", cls="small red")
    body += _label(
        (left + width - right) / 2,
        height - 8,
        Text("新能源车辆占比", "share of new-energy vehicles"),
        anchor="middle",
        cls="small",
    )
    return _svg(width, height, body)


def _days_chart(report: ScenarioReport) -> str:
    """Requests of each day, and of those not served by each fleet; beyond ten weeks, of each week."""
    days = sorted(report.fleets[0].daily)
    size = 1 if len(days) <= 70 else 7
    starts = days[::size]
    width, height, left, bottom, top = 760, 200, 46, 30, 14
    asked = [sum(report.fleets[0].daily[day].asked for day in days[at : at + size]) for at in range(0, len(days), size)]
    most = max(*asked, 1)
    step = (width - left - 10) / max(1, len(starts))
    body = ""
    for number, count in enumerate(asked):
        tall = count / most * (height - top - bottom)
        x = left + number * step
        size_of = f'width="{max(0.5, step - 1):.1f}" height="{tall:.1f}"'
        body += f'<rect x="{x:.1f}" y="{height - bottom - tall:.1f}" {size_of} fill="#d5dfeb"/>'
    for fleet, colour in zip(report.fleets, _COLOURS, strict=False):
        missed = [sum(fleet.daily[day].refused for day in days[at : at + size]) for at in range(0, len(days), size)]
        points = " ".join(
            f"{left + (n + 0.5) * step:.1f},{height - bottom - value / most * (height - top - bottom):.1f}"
            for n, value in enumerate(missed)
        )
        body += f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
    body += _label(left - 6, top + 4, f"{most}", anchor="end", cls="small")
    body += _label(left - 6, height - bottom, "0", anchor="end", cls="small")
    for number in range(0, len(starts), max(1, len(starts) // 7)):
        body += _label(left + number * step, height - bottom + 14, starts[number], cls="small")
    legend = " ".join(
        f'<span class="key"><i style="background:{colour}"></i>{_name(fleet)}</span>'
        for fleet, colour in zip(report.fleets, _COLOURS, strict=False)
    )
    grey = _t(Text("灰柱：申请数；线：未保障数", "bars: requests; lines: not served"))
    return _svg(width, height, body) + f'<p class="legend">{grey} {legend}</p>'


def _map(report: ScenarioReport) -> str:
    """Sites of the last fleet by their charge points, and places by what is not served there, over the seats of the region."""
    fleet = report.fleets[-1]
    lons, lats = [site.lon_wgs84 for site in fleet.sites], [site.lat_wgs84 for site in fleet.sites]
    if not lons:
        return ""
    pad = 0.25
    west, east, south, north = min(lons) - pad, max(lons) + pad, min(lats) - pad, max(lats) + pad
    squeeze = 0.87  # cosine of the latitude, about 30 degrees
    width = 760
    scale = (width - 20) / max((east - west) * squeeze, 1e-9)
    scale = min(scale, 460 / max(north - south, 1e-9))
    height = int((north - south) * scale) + 20
    width = int((east - west) * squeeze * scale) + 20

    def xy(lon: float, lat: float) -> tuple[float, float]:
        return 10 + (lon - west) * squeeze * scale, 10 + (north - lat) * scale

    body = f'<rect x="0" y="0" width="{width}" height="{height}" fill="#f4f6f2"/>'
    table = fleet.tally.by_region
    for place in load_places():
        if not (west < place.lon_wgs84 < east and south < place.lat_wgs84 < north):
            continue
        x, y = xy(place.lon_wgs84, place.lat_wgs84)
        asked, served = table.get(place.adcode, [0, 0])[:2]
        share = 1 - served / asked if asked else 0.0
        if asked:
            radius = 5 + 14 * min(1.0, (asked / max(row[0] for row in table.values())) ** 0.5)
            tone = f"hsl({120 - min(1.0, share * 5) * 120:.0f} 60% 45%)"
            body += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{tone}" fill-opacity="0.55"/>'
            body += _label(x, y - radius - 3, f"{place.name_zh} {share:.0%}", anchor="middle", cls="small")
        else:
            body += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="#9aa5b1"/>'
            body += _label(x + 4, y + 3, place.name_zh, cls="tiny")
    for site in fleet.sites:
        x, y = xy(site.lon_wgs84, site.lat_wgs84)
        points = sum(group.points for group in site.charge_groups)
        busy = fleet.tally.by_site.get(site.id, [0.0, 0.0, 0.0])
        told = html.escape(f"{site.name}: {points}, {busy[2] / 1_000:,.0f} kWh")
        square = f'x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="#1f5fa8" stroke="#fff"'
        body += f"<rect {square}><title>{told}</title></rect>"
    note = Text(
        f"圆：申请量与未保障比例（绿低红高）；方块：充电站点（共 {fleet.points_count} 枪）；车队：{fleet.name_zh}",
        "circles: requests and share not served (green low, red high); "
        f"squares: sites ({fleet.points_count} points); {fleet.name_en}",
    )
    return _svg(width, height, body) + f'<p class="legend">{_t(note)}</p>'


# ---- tables


def _table(heads: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _figures(report: ScenarioReport) -> str:
    comparisons = report.comparisons()
    heads = [_t(Text("指标", "Figure")), _t(Text("单位", "Unit")), *map(_name, report.fleets)]
    last = {one.measure_id: one for one in comparisons.get(report.fleets[-1].id, ())} if len(report.fleets) > 1 else {}
    if last:
        heads.append(_t(Text("末队比首队（95%区间）", "Last against first (95 %)")))
    rows = []
    for id, own in MEASURE_OF.items():
        row = [
            f'<span title="{html.escape(own.formula)}">{_t(Text(own.name_zh, own.name_en))}</span>',
            _unit(own.unit),
            *(_number(fleet.figures[id], own.unit) for fleet in report.fleets),
        ]
        if last:
            row.append(_difference(last[id], own.unit))
        rows.append(row)
    return _table(heads, rows)


def _difference(one: Comparison, unit: str) -> str:
    mark = "●" if one.significant else "○"
    cls = "sure" if one.significant else "unsure"
    told = f"{mark} {_number(one.difference, unit)} [{_number(one.low, unit)}, {_number(one.high, unit)}]"
    return f'<span class="{cls}" title="{html.escape(one.says_en)}">{told}</span>'


def _refusals(report: ScenarioReport) -> str:
    codes = sorted({code for fleet in report.fleets for code in fleet.refusals})
    known = set(Cause)
    rows = [
        [
            _t(Text(CAUSES[Cause(code)].zh, CAUSES[Cause(code)].en)) if code in known else html.escape(code),
            *(f"{fleet.refusals.get(code, 0):,}" for fleet in report.fleets),
        ]
        for code in codes
    ]
    return _table([_t(Text("未保障原因", "Why not served")), *map(_name, report.fleets)], rows)


def _rules(report: ScenarioReport) -> str:
    keys: dict[tuple[str, str, str], Finding] = {}
    by_fleet = []
    for fleet in report.fleets:
        own = {(found.rule_id, found.region, found.subject): found for found in fleet.findings}
        keys |= own
        by_fleet.append(own)
    rows = []
    for key in sorted(keys):
        found = keys[key]
        cells = [
            f"{found.rule_id} {_t(Text(found.title_zh, found.title_en))}",
            _t(Text(found.region_name_zh, found.region_name_en)),
        ]
        for own in by_fleet:
            here = own.get(key)
            cells.append("" if here is None else _verdict(here))
        rows.append(cells)
    heads = [_t(Text("规则", "Rule")), _t(Text("地区", "Region")), *map(_name, report.fleets)]
    return _table(heads, rows)


def _verdict(found: Finding) -> str:
    count = "" if found.x is None else f" {found.x}/{found.y}"
    return f'<span class="v-{found.verdict}">{_t(_VERDICTS[found.verdict])}{count}</span>'


def _assumed(report: ScenarioReport, scenario: Scenario) -> str:
    """Every number that the run rests on, by the part of the scenario file that sets it."""
    parts = {
        "demo": asdict(scenario.demo),
        "period": asdict(scenario.period) if scenario.period is not None else {},
        "world": asdict(scenario.world),
        "replay": asdict(scenario.replay),
        "policy": asdict(report.policy),
        "factors": asdict(report.factors),
    }
    rows = []
    for part, body in parts.items():
        for name, value in body.items():
            said = ", ".join(f"{k} = {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
            rows.append([f"<code>{part}.{name}</code>", html.escape(said)])
    note = Text(
        "人员与申请均为生成的数据。价格为假设（scenarios/prices.py），电网因子0.5366千克/千瓦时为全国平均，未逐字核实。"
        "显著性：同一随机环境下按时段配对，刀切法与t区间，95%。",
        "People and requests are generated. Prices are assumptions (scenarios/prices.py); the grid factor of 0.5366 kg/kWh "
        "is the national average, its value unverified. Significance: parts paired under the same luck, jackknife and t, 95 %.",
    )
    return f"<p>{_t(note)}</p>" + _table([_t(Text("参数", "Parameter")), _t(Text("取值", "Value"))], rows)

"""``chuanyu scenario``: what-ifs on fleets that do not exist yet."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.cli.terminal import JsonOption, LangOption, language, print_json, progress, refusing, result, table
from api.vocabulary import CAUSES
from api.wording import Language, Text
from dispatch.plan import Cause
from dispatch.service import PlanRejected
from scenarios.rental_weeks import ALL_WAYS, BASE, RentalTown, Ways, compare, differences
from scenarios.report import ReportRow, ScenarioReport
from scenarios.scenario import InvalidScenario, list_scenarios, load_scenario
from scenarios.simulate import ScenarioProgress, run_scenario

scenario_app = typer.Typer(help="情景推演。What-ifs on fleets that do not exist yet.", no_args_is_help=True)


@scenario_app.command("list")
def list_all(lang: LangOption = None, as_json: JsonOption = False) -> None:
    """列出自带的情景。List the scenarios that come with the program."""
    tongue = language(lang)
    scenarios = [load_scenario(name) for name in list_scenarios()]
    if as_json:
        print_json([{"name": one.name, "title_zh": one.title_zh, "title_en": one.title_en} for one in scenarios])
        return
    rows = [[one.name, one.title_zh if tongue == "zh" else one.title_en] for one in scenarios]
    result().print(table((Text("名称", "Name"), Text("情景", "Scenario")), rows, tongue))


@scenario_app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="情景名称或 TOML 文件 / name or TOML file")] = "demo-day",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="结果 JSON 文件 / file for the result as JSON")
    ] = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """推演一天：比较几支车队的派车、里程、能耗、排放与成本。Replay a day for several fleets and compare them.

    The same dispatch as on duty, on a virtual clock. Exit code 1: a plan did not pass the check; 2: the scenario is unusable.
    """
    tongue = language(lang)
    with refusing(tongue, as_json=as_json, expected=(InvalidScenario,), problems=(PlanRejected,)):
        chosen = load_scenario(scenario)
        title = Text(f"推演：{chosen.title_zh}", f"Replaying: {chosen.title_en}")
        with progress(title, tongue, quiet=as_json) as advance:

            def tell(now: ScenarioProgress) -> None:
                advance(now.done_frac, f"{now.fleet_id} {now.at:%H:%M} {now.served_count}")

            report = run_scenario(chosen, on_progress=tell)
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(_json_text(report), encoding="utf-8")
    if as_json:
        print_json(report.to_json())
    else:
        _say(report, tongue)


@scenario_app.command()
def rentals(
    weeks: Annotated[int, typer.Option(min=2, max=500, help="推演周数 / weeks to run")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="随机种子 / seed of the town")] = 1,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """推演分时租赁：夜间调车与计划充电，对照不调车、即到即充。Rental weeks: moving cars and planned charging against neither.

    The same bookings under each way; differences with their 95 % confidence interval.
    """
    tongue = language(lang)
    town = RentalTown(seed=seed)
    done = 0
    with progress(Text("推演租赁周", "Running rental weeks"), tongue, quiet=as_json) as advance:

        def tell(week: int, ways: Ways) -> None:
            nonlocal done
            done += 1
            advance(done / (weeks * len(ALL_WAYS)), f"{week + 1}/{weeks} {ways.name}")

        results = compare(town, weeks=weeks, on_week=tell)
    found = {way.name: differences(results[BASE], results[way]) for way in ALL_WAYS if way != BASE}
    if as_json:
        print_json({name: [asdict(own) for own in rows] for name, rows in found.items()})
        return
    heads = [Text("方式", "Way"), Text("指标", "Figure"), Text("对照", "Base"), Text("结果", "Result")]
    heads += [Text("差（95%置信区间）", "Difference (95 % interval)")]
    rows = [
        [name, own.measure, f"{own.base:,.4g}", f"{own.other:,.4g}", f"{own.mean:+,.4g} ± {own.half_width:,.3g}"]
        for name, its in found.items()
        for own in its
    ]
    result().print(table(heads, rows, tongue))


def _json_text(report: ScenarioReport) -> str:
    return json.dumps(report.to_json(), ensure_ascii=False, indent=1) + "\n"


def _say(report: ScenarioReport, lang: Language) -> None:
    heads = [Text("指标", "Figure"), Text("单位", "Unit")]
    heads += [Text(fleet.name_zh, fleet.name_en) for fleet in report.fleets]
    heads.append(Text("变化", "Change"))
    rows = [
        [_name(row, lang), row.unit, *(f"{value:,.6g}" for value in row.values), _change(row)] for row in report.rows()
    ]
    console = result()
    console.print(f"{report.title_zh if lang == 'zh' else report.title_en}  {report.day}", markup=False)
    console.print(table(heads, rows, lang))
    said = Text(
        "人员与申请均为生成的演示数据；公式与系数见 --json。",
        "People and requests are generated; --json has formulas and factors.",
    )
    console.print(said.say(lang))


def _name(row: ReportRow, lang: Language) -> str:
    """Name a figure; the causes of refusal have their words in the vocabulary."""
    code = row.id.removeprefix("refused:")
    if code != row.id and code in set(Cause):
        return Text("未派车：", "Not served: ").say(lang) + CAUSES[Cause(code)].say(lang)
    return row.name_zh if lang == "zh" else row.name_en


def _change(row: ReportRow) -> str:
    return "" if row.change_frac is None else f"{row.change_frac:+.1%}"

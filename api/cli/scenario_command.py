"""``chuanyu scenario``: what-ifs on fleets that do not exist yet."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.cli.terminal import JsonOption, LangOption, language, print_json, progress, refusing, result, table
from api.outputs.scenario_html import write_scenario_html
from api.outputs.scenario_xlsx import write_scenario_xlsx
from api.vocabulary import CAUSES
from api.wording import Language, Text
from dispatch.plan import Cause
from dispatch.service import PlanRejected
from scenarios.rental_weeks import ALL_WAYS, BASE, RentalTown, Ways, compare, differences
from scenarios.report import ReportRow, ScenarioReport
from scenarios.scenario import InvalidScenario, list_scenarios, load_scenario
from scenarios.simulate import ScenarioProgress, run_scenario
from scenarios.sweep import Executor, Processes, RayCluster

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
    html: Annotated[
        Path | None, typer.Option("--html", help="结果网页，单一文件、无需联网 / report as one HTML file")
    ] = None,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="结果工作簿 / report as a workbook")] = None,
    workers: Annotated[int, typer.Option("--workers", "-w", min=1, help="并行进程数 / processes side by side")] = 1,
    ray: Annotated[
        str | None, typer.Option("--ray", help="Ray 集群地址，local 为本机 / address of a Ray cluster, or local")
    ] = None,
    parts: Annotated[
        Path | None,
        typer.Option("--parts", help="保存各时段结果的目录，中断后续跑 / folder of finished parts, to resume"),
    ] = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """推演：比较几支车队的派车、里程、能耗、排放与成本。Take several fleets through the same days and compare them.

    The same dispatch as on duty, on a virtual clock. Exit code 1: a plan did not pass the check; 2: the scenario is unusable.
    """
    tongue = language(lang)
    with refusing(tongue, as_json=as_json, expected=(InvalidScenario,), problems=(PlanRejected,)):
        chosen = load_scenario(scenario)
        title = Text(f"推演：{chosen.title_zh}", f"Replaying: {chosen.title_en}")
        with progress(title, tongue, quiet=as_json) as advance:

            def tell(now: ScenarioProgress) -> None:
                advance(now.done_frac, f"{now.fleet_id} {now.at:%H:%M} {now.served_count}")

            report = run_scenario(chosen, on_progress=tell, executor=_executor(workers, ray), folder=parts)
        if out is not None:
            _write(out, _json_text(report).encode())
        if html is not None:
            _write(html, write_scenario_html(report, chosen, language=tongue).encode())
        if xlsx is not None:
            _write(xlsx, write_scenario_xlsx(report, chosen, language=tongue))
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


def _executor(workers: int, ray: str | None) -> Executor | None:
    if ray is not None:
        return RayCluster(address=None if ray == "local" else ray, workers=workers if ray == "local" else None)
    return Processes(workers) if workers > 1 else None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


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

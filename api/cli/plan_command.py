"""``chuanyu plan``: a day's dispatch orders from files, without a server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.inputs import (
    CENTRAL_CHENGDU_PEAK_KMH,
    load_network,
    midnight,
    parse_clock,
    parse_day,
    read_nouns,
)
from api.cli.offline import Answer, Nouns, Task, approved_on_paper, least_vehicles, plan_offline, write_book
from api.cli.prepare_rides import prepare_rides
from api.cli.prepared import Prepared
from api.cli.terminal import (
    BadInput,
    ExitCode,
    JsonOption,
    LangOption,
    language,
    print_json,
    progress,
    refusing,
    result,
    screen,
    table,
)
from api.intake.cells import SHANGHAI
from api.outputs.book import PlanBook, say_reason
from api.outputs.plan_html import write_plan_html
from api.outputs.plan_json import write_plan_json
from api.outputs.plan_xlsx import write_plan_xlsx
from api.wording import Language, Text
from dispatch.check import Violation
from dispatch.errors import TooLargeForProof
from dispatch.legs import LegBook
from dispatch.optimal import solve_exactly
from dispatch.plan import Cause, Plan
from dispatch.policy import DispatchPolicy
from dispatch.problem import Problem
from dispatch.solve import Progress, StopRule, warm_up
from routing.engine import RoadEngine
from routing.errors import RoutingError
from routing.graph import RoadGraph

#: A street graph covers every street: what lies farther than this from it lies outside of it.
STREET_ACCESS_M = 300.0
#: Any working day does for rides that give only the second of the day.
RIDES_DAY = date(2026, 11, 23)


class Format(StrEnum):
    """What the file of requests holds."""

    WORKBOOK = "workbook"
    RIDES = "rides"


def plan(
    requests: Annotated[
        list[Path], typer.Option("--requests", "-r", help="用车申请文件或文件夹 / file or folder of trip requests")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="输出文件夹 / folder for plan.json, plan.xlsx, plan.html")],
    fleet: Annotated[
        list[Path] | None,
        typer.Option("--fleet", "-f", help="单位、站点、车辆、驾驶员文件或文件夹 / file or folder of the fleet"),
    ] = None,
    format: Annotated[
        Format, typer.Option(help="申请文件格式：workbook 工作簿，rides 乘车记录 CSV / format of the requests")
    ] = Format.WORKBOOK,
    network: Annotated[
        str, typer.Option(help="builtin 或含 nodes.csv、edges.csv 的文件夹 / builtin, or a folder with both files")
    ] = "builtin",
    network_nodes: Annotated[Path | None, typer.Option(help="路网节点 CSV / nodes of a street graph")] = None,
    network_edges: Annotated[Path | None, typer.Option(help="路网边 CSV / edges of a street graph")] = None,
    speed_kmh: Annotated[
        float, typer.Option(min=5, max=120, help="街道图没有车速时的车速 / speed where a street graph gives none")
    ] = CENTRAL_CHENGDU_PEAK_KMH,
    access_m: Annotated[
        float | None,
        typer.Option(min=1, max=100_000, help="离道路多远算路网外 / farther from a road is off the network"),
    ] = None,
    day: Annotated[
        str | None, typer.Option(help="排班日期 2026-11-23 / the day to plan; default: that of the requests")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, max=3_600, help="求解时间 / search time")] = 20.0,
    iterations: Annotated[
        int | None,
        typer.Option(min=1, help="迭代次数上限，给出后结果可重现 / stop after so many, for repeatable results"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="随机种子 / seed")] = 1,
    exact: Annotated[
        bool, typer.Option("--exact", help="小规模：证明最优 / small days: the best plan, with the proof that it is")
    ] = False,
    cars: Annotated[int, typer.Option(min=1, max=2_000, help="rides：车辆数 / rides: number of cars")] = 100,
    seats: Annotated[int, typer.Option(min=1, max=60, help="rides：每车座位 / rides: seats of a car")] = 4,
    from_: Annotated[str, typer.Option("--from", help="rides：起始时刻 / rides: from")] = "00:00",
    to: Annotated[str, typer.Option("--to", help="rides：结束时刻（不含）/ rides: up to, not included")] = "24:00",
    wait_min: Annotated[
        float, typer.Option(min=0, max=240, help="rides：最长等候分钟 / rides: longest waiting")
    ] = 10.0,
    ride_factor: Annotated[
        float,
        typer.Option(min=1, max=10, help="rides：乘车时间与直达时间之比的上限 / rides: ride time over direct time"),
    ] = 1.5,
    least: Annotated[
        float | None,
        typer.Option(min=0.01, max=1, help="rides：二分查找达到该比例的最少车数 / rides: find the least cars for it"),
    ] = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """排班：由文件生成派车单，不需要服务器。Plan a day from files, without a server.

    Writes plan.json, plan.xlsx (summary, unserved with reasons, one dispatch order per driver) and plan.html (map and
    Gantt, opens without network). Exit code 0: a plan that passed the check; 1: the check found violations; 2: bad input.
    """
    tongue = language(lang)
    with refusing(tongue, as_json=as_json, expected=(RoutingError,)):
        graph, road_notes, builtin = load_network(network, network_nodes, network_edges, speed_kmh=speed_kmh)
        stop = StopRule(iterations=iterations, seconds=seconds)
        policy = DispatchPolicy()
        if not builtin:
            policy = replace(policy, access_limit_m=STREET_ACCESS_M)
        if access_m is not None:
            policy = replace(policy, access_limit_m=access_m)
        if network_nodes is not None:
            # the speed of such a network is the caller's word for the hours that are planned
            policy = replace(policy, traffic=False)
        if format is Format.RIDES:
            if fleet:
                raise BadInput(Text("rides 格式用 --cars，不用 --fleet", "the rides format takes --cars, not --fleet"))
            prepared = prepare_rides(
                requests,
                graph,
                policy,
                stop,
                day=parse_day(day) if day else RIDES_DAY,
                seed=seed,
                cars=cars,
                seats=seats,
                from_s=parse_clock(from_),
                to_s=parse_clock(to),
                wait_s=round(wait_min * 60),
                ride_factor=ride_factor,
                lang=tongue,
            )
        else:
            if not fleet:
                raise BadInput(Text("缺少 --fleet", "--fleet is missing"))
            if least is not None:
                raise BadInput(Text("--least 只用于 rides 格式", "--least is for the rides format only"))
            prepared = _prepare_workbooks([*fleet, *requests], graph, policy, stop, day=day, seed=seed, lang=tongue)
        prepared = replace(prepared, assumptions=(*road_notes, *prepared.assumptions))
        out.mkdir(parents=True, exist_ok=True)
    roads = LegBook(RoadEngine(graph), most_points=6_000)
    with progress(Text("准备求解器", "Preparing the solver"), tongue, quiet=as_json):
        warm_up()
    with (
        refusing(tongue, as_json=as_json),
        progress(Text("求解", "Searching"), tongue, quiet=as_json) as advance,
    ):
        task = _watched(prepared.task, seconds, advance)
        plan_day = partial(plan_offline, solver=_exactly) if exact else plan_offline
        answer = plan_day(prepared.nouns, task, roads=roads)
    if answer.report is None:
        _say_violations(answer, tongue, as_json=as_json)
        raise typer.Exit(ExitCode.PROBLEM)
    with progress(Text("绘制路线", "Drawing routes"), tongue, quiet=as_json) as advance:
        book = write_book(
            answer,
            assumptions=prepared.assumptions,
            notes=prepared.notes,
            set_aside=prepared.set_aside,
            advance=advance,
        )
    summary = _summary(book, prepared)
    if least is not None:
        with progress(Text("查找最少车数", "Searching the least number of cars"), tongue, quiet=as_json) as advance:
            count, tried = least_vehicles(
                prepared.nouns,
                prepared.task,
                share_frac=least,
                asked_count=len(prepared.asked),
                roads=roads,
                advance=advance,
            )
        summary["least_cars"] = {
            "share_frac": least,
            "cars": count,
            "served_by_cars": {str(k): v for k, v in tried.items()},
        }
    with refusing(tongue, as_json=as_json):
        summary["files"] = _write(out, book, tongue)
    if as_json:
        print_json(summary)
    else:
        _say(book, summary, tongue)


def _exactly(problem: Problem, *, seed: int, stop: StopRule) -> Plan:
    try:
        return solve_exactly(problem, seed=seed, stop=stop)
    except TooLargeForProof as error:
        raise BadInput(
            Text(
                f"规模过大，无法证明最优（{len(problem.requests)} 项申请、{len(problem.vehicles)} 辆车；{error.what}："
                f"{error.count}，上限 {error.most}）。请去掉 --exact，或减少申请，或加大 --seconds",
                f"too large to prove a plan optimal ({len(problem.requests)} requests, {len(problem.vehicles)} vehicles; "
                f"{error.what}: {error.count} of {error.most}). Leave out --exact, or plan fewer requests, or raise "
                "--seconds",
            )
        ) from error


def _watched(task: Task, seconds: float, advance: Callable[[float, str], None]) -> Task:
    def tell(now: Progress) -> None:
        advance(now.elapsed_s / seconds, f"{now.iterations} · {now.unserved_count}")

    return replace(task, stop=replace(task.stop, on_progress=tell))


def _prepare_workbooks(
    paths: list[Path],
    graph: RoadGraph,
    policy: DispatchPolicy,
    stop: StopRule,
    *,
    day: str | None,
    seed: int,
    lang: Language,
) -> Prepared:
    read_at = datetime.now(SHANGHAI)
    intake = read_nouns(paths, lang=lang, now=read_at)
    missing = [
        words
        for words, found in (
            (Text("用车申请", "trip requests"), intake.requests),
            (Text("车辆", "vehicles"), intake.vehicles),
        )
        if not found
    ]
    if missing:
        zh, en = "、".join(words.zh for words in missing), " and no ".join(words.en for words in missing)
        raise BadInput(
            Text(f"文件中没有{zh}（示例行不算）", f"there are no {en} in the files (example rows do not count)")
        )
    days = Counter(request.stops[0].earliest_at.astimezone(SHANGHAI).date() for request in intake.requests)
    if day is None and len(days) > 1:
        listed = ", ".join(f"{one} ({count})" for one, count in sorted(days.items()))
        raise BadInput(
            Text(f"申请分属多日，请用 --day 指定：{listed}", f"requests of several days, choose with --day: {listed}")
        )
    chosen = parse_day(day) if day is not None else next(iter(days))
    now = midnight(chosen)
    requests, on_paper = approved_on_paper(intake.requests, now=now)
    aside = {
        request.id: Text(
            f"属于 {request.stops[0].earliest_at.astimezone(SHANGHAI).date()}，不是 {chosen}",
            f"is of {request.stops[0].earliest_at.astimezone(SHANGHAI).date()}, not of {chosen}",
        )
        for request in requests
        if request.stops[0].earliest_at.astimezone(SHANGHAI).date() != chosen
    }
    assumptions = [Text(f"按 {chosen} 零时的情况排班", f"planned as of midnight before {chosen}")]
    if on_paper:
        assumptions.append(
            Text(
                f"{on_paper} 项申请尚未审批，按已审批排班",
                f"{on_paper} requests are not approved yet, planned as if they were",
            )
        )
    return Prepared(
        nouns=Nouns(
            units=intake.units,
            sites=intake.sites,
            vehicles=intake.vehicles,
            drivers=intake.drivers,
            requests=requests,
        ),
        task=Task(day=chosen, now=now, graph=graph, policy=policy, seed=seed, stop=stop),
        assumptions=tuple(assumptions),
        notes=tuple(
            f"{note.sheet}{'' if note.row is None else f' #{note.row}'}: {note.message}" for note in intake.notes
        ),
        set_aside=aside,
        rides=None,
        asked=frozenset(request.id for request in requests if request.id not in aside),
    )


def _summary(book: PlanBook, prepared: Prepared) -> dict[str, Any]:
    figures = book.record.figures
    reasons: Counter[str] = Counter()
    asked_unserved = 0
    for entry in book.record.unserved:
        reasons[entry.reasons[0].code if entry.reasons else Cause.UNPROVEN.value] += 1
        asked_unserved += entry.request_id in prepared.asked
    served = len(prepared.asked) - asked_unserved
    waits = [a.pickup_at - book.requests[a.request_id].stops[0].earliest_at for a in book.assignments]
    summary: dict[str, Any] = {
        "day": book.record.day,
        "plan_id": book.record.id,
        "requests_count": len(prepared.nouns.requests) + (len(prepared.set_aside) if prepared.rides is not None else 0),
        "set_aside_count": len(prepared.set_aside),
        "off_network_count": reasons.get(Cause.OFF_NETWORK.value, 0),
        "asked_count": len(prepared.asked),
        "served_count": served,
        "served_frac": round(served / len(prepared.asked), 4) if prepared.asked else None,
        "unserved_by_reason": dict(sorted(reasons.items())),
        "vehicles_count": len(book.vehicles),
        "vehicles_used_count": figures.vehicles_used_count,
        "drive_m": figures.drive_m,
        "cost_fen": figures.cost_fen,
        "bound_fen": figures.bound_fen,
        "mean_wait_s": round(sum(waits, timedelta()).total_seconds() / len(waits)) if waits else None,
        "violations_count": len(book.violations),
        "seconds": {phase: round(seconds, 2) for phase, seconds in book.seconds.items()},
        "seed": book.record.seed,
        "assumptions": [text.en for text in book.assumptions],
        "notes": list(book.notes),
    }
    if prepared.rides is not None:
        summary["repeated_rows"] = [{"row": row, "repeats": earlier} for row, earlier in prepared.rides.repeats]
        summary["rows_with_an_order_id_used_before"] = prepared.rides.shared_order_ids
    return summary


def _write(out: Path, book: PlanBook, lang: Language) -> list[str]:
    files = {
        "plan.json": write_plan_json(book, language=lang),
        "plan.xlsx": write_plan_xlsx(book, language=lang),
        "plan.html": write_plan_html(book, language=lang),
    }
    for name, data in files.items():
        (out / name).write_bytes(data)
    return [str(out / name) for name in files]


def _say(book: PlanBook, summary: dict[str, Any], lang: Language) -> None:
    figures = book.record.figures
    rows = [
        [Text("读入", "Read").say(lang), str(summary["requests_count"])],
        [Text("路网外", "Off the network").say(lang), str(summary["off_network_count"])],
        [Text("未纳入", "Set aside").say(lang), str(summary["set_aside_count"])],
        [Text("参与排班", "Planned").say(lang), str(summary["asked_count"])],
        [
            Text("已派车", "Served").say(lang),
            f"{summary['served_count']} ({summary['served_frac']:.1%})" if summary["served_frac"] is not None else "0",
        ],
        [Text("用车", "Vehicles used").say(lang), f"{figures.vehicles_used_count} / {len(book.vehicles)}"],
        [Text("里程", "Distance").say(lang), f"{figures.drive_m / 1000:,.1f} km"],
        [
            Text("运行成本", "Operating cost").say(lang),
            f"{figures.cost_fen / 100:,.2f} " + Text("元", "yuan").say(lang),
        ],
        [Text("平均等候", "Mean waiting").say(lang), f"{(summary['mean_wait_s'] or 0) / 60:.1f} min"],
        [Text("校核违规", "Violations").say(lang), str(len(book.violations))],
        [Text("求解", "Search").say(lang), f"{figures.seconds:.1f} s"],
    ]
    if "least_cars" in summary:
        found = summary["least_cars"]
        said = Text("未达到", "not reached").say(lang) if found["cars"] is None else str(found["cars"])
        rows.append(
            [
                Text(f"达到 {found['share_frac']:.0%} 的最少车数", f"Least cars for {found['share_frac']:.0%}").say(
                    lang
                ),
                said,
            ]
        )
    console = result()
    console.print(table((Text("项目", "Figure"), Text("数值", "Value")), rows, lang))
    asked = [entry for entry in book.record.unserved if entry.reasons and entry.reasons[0].code != Cause.OFF_NETWORK]
    if asked:
        heads = (Text("未派车", "Unserved"), Text("原因", "Reasons"))
        shown = [[e.request_id, "; ".join(say_reason(reason, lang) for reason in e.reasons)] for e in asked[:20]]
        console.print(table(heads, shown, lang))
        if len(asked) > 20:
            console.print(
                Text(f"另有 {len(asked) - 20} 项，见 plan.xlsx", f"{len(asked) - 20} more in plan.xlsx").say(lang)
            )
    for text in book.assumptions:
        console.print("· " + text.say(lang), markup=False)
    for note in book.notes[:20]:
        console.print("· " + note, markup=False)
    for name in summary["files"]:
        console.print(name, markup=False)


def _say_violations(answer: Answer, lang: Language, *, as_json: bool) -> None:
    said = [_say_violation(violation) for violation in answer.violations]
    if as_json:
        print_json({"violations": said})
    count = len(said)
    text = Text(f"校核发现 {count} 处违规，没有写出方案", f"the check found {count} violations; no plan was written")
    screen().print(text.say(lang))
    for line in said[:20]:
        screen().print(line, markup=False)


def _say_violation(violation: Violation) -> str:
    """One breach in a line; the numbers are indices of the problem."""
    named = (("vehicle", violation.vehicle), ("request", violation.request), ("stop", violation.stop))
    where = ", ".join(f"{what} {number}" for what, number in named if number is not None)
    return ": ".join(part for part in (violation.cause.value, where, violation.detail) if part)

"""``chuanyu drill``."""

from __future__ import annotations

import json
import tempfile
import time
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from api.cli.terminal import ExitCode, screen


def drill(
    seed: Annotated[
        int, typer.Option(min=0, help="随机种子：同一种子得到同一天 / the same seed gives the same day")
    ] = 1,
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="演练日 / day")] = datetime(2026, 3, 3),  # noqa: DTZ001
    vehicles: Annotated[int, typer.Option(min=59, max=5_000, help="车辆数 / vehicles")] = 200,
    requests: Annotated[int, typer.Option(min=80, max=20_000, help="申请数 / requests")] = 300,
    speed: Annotated[
        float, typer.Option(min=0.0, help="每秒演练多少分钟，0 为尽快 / minutes a second, 0: as fast as it goes")
    ] = 0.0,
    step: Annotated[int, typer.Option(min=1, max=30, help="时钟每步分钟数 / minutes of a step of the clock")] = 5,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="页面端口，供旁观 / port of the page, to watch")] = 0,
    out: Annotated[Path | None, typer.Option(help="报告 JSON 文件 / where to write the report as JSON")] = None,
) -> None:
    """演练：在自己的时钟里，对真实接口演一整天。Play a day against the real interface, by a clock of its own.

    Requests, drivers' taps and everything that goes wrong: cancellations, late passengers, breakdowns, dead charge points,
    a slow road, emergencies. The data live in memory and are gone afterwards; a service on duty has no such clock.
    """
    server = import_module("api.drill.server")
    people = import_module("api.drill.people")
    script = import_module("api.drill.day")
    judge = import_module("api.drill.report")
    telemetry = import_module("api.telemetry")
    telemetry.configure_logs("warning")
    console = screen()
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="chuanyu-drill-") as folder,
        server.serve_drill(
            seed=seed, day=_date(day), vehicles=vehicles, requests=requests, var_dir=Path(folder), port=port
        ) as running,
    ):
        console.print(f"页面 / open: {running.url}  密码 / password: {running.access.password}", markup=False)
        admin = next(each.login for each in running.access.accounts if "admin" in each.roles)
        signed_in = people.People(running.url, running.access.password)
        played = script.Day(signed_in, day=_date(day), seed=seed, admin=admin, step=timedelta(minutes=step))

        def on_step(at: datetime) -> None:
            if at.minute == 0:
                console.print(f"{at:%H:%M}  {played.played.taps} taps", markup=False)
            if speed > 0:
                time.sleep(played.step.total_seconds() / 60 / speed)

        played.play(on_step)
        report = judge.report_on(played, running.store)
        signed_in.close()
    report["seconds"] = round(time.monotonic() - began, 1)
    text = json.dumps(report, ensure_ascii=False, indent=2)
    if out is not None:
        out.write_text(text + "\n", "utf-8")
    shown = {name: value for name, value in report.items() if name not in ("refusals", "played")}
    console.print(json.dumps(shown, ensure_ascii=False, indent=2), markup=False)
    if report["faults"]:
        raise typer.Exit(ExitCode.PROBLEM)


def _date(at: datetime) -> date:
    return at.date()

"""The plan job: dispatch's live loop with progress, cancel and figures."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from api.jobs import JobCancelled, JobControl, Work
from api.services import Services
from api.wording import Text
from dispatch.agreed import ruling_on
from dispatch.plan import Plan, Route
from dispatch.policy import DispatchPolicy
from dispatch.problem import Problem
from dispatch.service import RunReport, run_once
from dispatch.solve import Progress, StopRule, solve
from fleet.ids import PersonId

_READING = Text("正在读取数据和路程", "Reading facts and drives")
_COMMITTING = Text("正在写入派车单", "Writing the orders")


def plan_work(services: Services) -> Work:
    """Return what runs a plan job: its ``ask`` holds ``day, region, seconds, seed``."""

    def work(control: JobControl) -> Mapping[str, Any]:
        ask = control.ask
        report = plan_day(
            services,
            control,
            day=str(ask["day"]),
            region=str(ask["region"]),
            seconds=float(ask["seconds"]),
            seed=int(ask["seed"]),
        )
        return result_of(report)

    return work


def plan_day(services: Services, control: JobControl, *, day: str, region: str, seconds: float, seed: int) -> RunReport:
    """Plan a local day and commit the plan, telling ``control`` how far it is.

    Raises
    ------
    JobCancelled
        If the caller gave up; nothing was committed.
    """

    def on_progress(progress: Progress) -> None:
        control.tell(
            0.05 + 0.9 * min(1.0, progress.elapsed_s / seconds),
            Text(
                f"已搜索 {progress.elapsed_s:.0f} 秒，尚有 {progress.unserved_count} 项未安排",
                f"Searched {progress.elapsed_s:.0f} s; {progress.unserved_count} not placed yet",
            ),
        )

    def search(problem: Problem, *, seed: int, stop: StopRule, start: Sequence[Route] = ()) -> Plan:
        if control.is_cancelled():
            raise JobCancelled
        plan = solve(problem, seed=seed, stop=stop, start=start)
        if control.is_cancelled():
            raise JobCancelled
        control.tell(0.95, _COMMITTING)
        return plan

    control.tell(0.01, _READING)
    started = time.monotonic()
    with services.planning:
        report = run_once(
            services.store,
            services.roads_on(day).legs,
            day=date.fromisoformat(day),
            now=services.clock(),
            seed=seed,
            stop=StopRule(seconds=seconds, should_cancel=control.is_cancelled, on_progress=on_progress),
            region=region or None,
            clock=time.monotonic,
            solver=search,
            ruling=ruling_on(
                services.store,
                date.fromisoformat(day),
                book=services.book,
                dispatcher_id=_dispatcher(services, control),
            ),
            policy=DispatchPolicy(ambient_c=services.settings.ambient_c),
        )
    services.metrics.plan_seconds.observe(time.monotonic() - started)
    services.metrics.plan_unserved.set(report.record.figures.unserved_count)
    return report


def _dispatcher(services: Services, control: JobControl) -> PersonId | None:
    """Who started the plan, where it is a person's account and not the machine (R156)."""
    known = services.store.find("person", control.started_by) is not None
    return PersonId(control.started_by) if known else None


def result_of(report: RunReport) -> dict[str, Any]:
    """Return a run's figures as the job tells them."""
    figures = report.record.figures
    return {
        "plan_id": report.plan_id,
        "served_count": figures.served_count,
        "unserved_count": figures.unserved_count,
        "vehicles_used_count": figures.vehicles_used_count,
        "drive_m": figures.drive_m,
        "drive_wh": figures.drive_wh,
        "cost_fen": figures.cost_fen,
        "seconds": round(figures.seconds, 3),
        "bound_fen": figures.bound_fen,
        "gap_frac": figures.gap_frac,
        "stale_requests": sorted(report.stale_requests),
        "stale_vehicles": sorted(report.stale_vehicles),
        "needs_replan": report.needs_replan,
    }

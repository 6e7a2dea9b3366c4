"""The scenario job: fleets through their days with progress and cancel; finished parts are kept, so that pages can be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from api.jobs import JobCancelled, JobControl, Work
from api.services import Services
from api.wording import Text
from scenarios.errors import InvalidScenario, ScenarioCancelled
from scenarios.report import ScenarioReport
from scenarios.scenario import Period, Scenario, load_scenario, read_scenario
from scenarios.simulate import ScenarioProgress, part_tasks, run_scenario
from scenarios.sweep import ResultFolder


def read_ask(ask: Mapping[str, Any]) -> Scenario:
    """Return the scenario that a job asks for.

    Raises
    ------
    InvalidScenario
        If there is none of that name, or the text cannot be used; a path on the server is no name.
    """
    own, name = ask.get("scenario"), str(ask.get("name") or "")
    if own:
        scenario = read_scenario(own, source="own")
    elif "/" in name or "\\" in name or name.endswith(".toml"):
        raise InvalidScenario(source="name", field="name", value=name, remedy="one of GET /v1/scenarios")
    else:
        scenario = load_scenario(name)
    if scenario.period is not None and scenario.period.history:
        raise InvalidScenario(
            source=scenario.name,
            field="period.history",
            value=scenario.period.history,
            remedy="none: the server reads no files",
        )
    days = ask.get("days")
    if days is not None:
        period = scenario.period or Period()
        scenario = replace(scenario, period=replace(period, days=int(days)))
    return scenario


def parts_folder(services: Services) -> Path:
    """Where finished parts of scenarios are kept."""
    return services.settings.var_dir / "scenarios"


def scenario_work(services: Services) -> Work:
    """Return what runs a scenario job: its ``ask`` holds ``name`` or ``scenario``, and ``days``."""

    def work(control: JobControl) -> Mapping[str, Any]:
        scenario = read_ask(control.ask)

        def tell(progress: ScenarioProgress) -> None:
            control.tell(
                progress.done_frac,
                Text(
                    f"{progress.fleet_id}：{progress.at:%Y-%m-%d %H:%M}，本轮保障 {progress.served_count} 项",
                    f"{progress.fleet_id}: {progress.at:%Y-%m-%d %H:%M}, {progress.served_count} served in this plan",
                ),
            )

        try:
            report = run_scenario(
                scenario, on_progress=tell, should_cancel=control.is_cancelled, folder=parts_folder(services)
            )
        except ScenarioCancelled as error:
            raise JobCancelled from error
        return {"scenario": scenario.name, "report": report.to_json()}

    return work


def find_report(services: Services, ask: Mapping[str, Any]) -> tuple[Scenario, ScenarioReport] | None:
    """Return a finished scenario's report, put together from its parts; None when some of them are gone."""
    scenario = read_ask(ask)
    folder = ResultFolder(parts_folder(services))
    if any(folder.find(task) is None for task in part_tasks(scenario)):
        return None
    return scenario, run_scenario(scenario, folder=folder.folder)

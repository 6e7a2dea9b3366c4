"""What-ifs: list the scenarios, run one as a job, and read its report as a page or a workbook."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from api.access import PLAN_STARTERS, STAFF, access_document
from api.dependencies import Caller, Change, Served, Spoken, Store, needs
from api.idempotency import Effect
from api.jobs import KIND, new_job
from api.outputs.scenario_html import write_scenario_html
from api.outputs.scenario_xlsx import write_scenario_xlsx
from api.problems import FieldError, InvalidInput
from api.scenario_jobs import find_report, read_ask
from api.schemas.scenarios import ScenarioInput
from api.wording import Language, Text
from fleet.errors import NotFound
from fleet.store import FleetStore
from scenarios.errors import InvalidScenario
from scenarios.report import ScenarioReport
from scenarios.scenario import Scenario, list_scenarios, load_scenario

router = APIRouter(prefix="/v1", tags=["scenarios"])

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/scenarios", dependencies=[needs(STAFF)], summary="The library of scenarios")
def get_scenarios() -> dict[str, Any]:
    return {"items": [_show(load_scenario(name)) for name in list_scenarios()], "next_after": None}


def _show(scenario: Scenario) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "title_zh": scenario.title_zh,
        "title_en": scenario.title_en,
        "day": scenario.demo.day.isoformat(),
        "days": scenario.period.days if scenario.period is not None else 1,
        "vehicles_count": scenario.demo.vehicles,
        "requests_per_workday": scenario.demo.requests,
        "fleets": [{"id": fleet.id, "name_zh": fleet.name_zh, "name_en": fleet.name_en} for fleet in scenario.fleets],
    }


@router.post(
    "/scenarios", dependencies=[needs(PLAN_STARTERS)], status_code=202, summary="Run a scenario; answers with a job"
)
def start_scenario(given: ScenarioInput, change: Change, services: Served, store: Store, language: Spoken) -> Response:
    """The job's ``result.report`` holds every fleet's figures, rows side by side and paired comparisons.

    Finished parts are kept: the same scenario again, or one with more days, goes on from there.
    """
    viewer = change.viewer
    viewer.require(PLAN_STARTERS)
    ask = given.model_dump()
    try:
        read_ask(ask)
    except InvalidScenario as error:
        raise InvalidInput((_finding(error),)) from error
    jobs = services.jobs
    jobs.check_room()
    id, region = services.new_id("J"), viewer.person.region

    def effect() -> Effect:
        write = new_job(
            id,
            kind="scenario",
            region=region,
            started_by=viewer.person.id,
            created_at=change.now.isoformat(),
            ask=ask,
        )
        return Effect(
            type="job.queued",
            region=region,
            writes=[write],
            status=202,
            body={
                "id": id,
                "kind": "scenario",
                "state": "queued",
                "progress_frac": 0.0,
                "message": Text("排队中", "Waiting in the queue").say(language),
                "result": None,
            },
            headers={"Location": f"/v1/jobs/{id}"},
        )

    response = change.perform(effect)
    if (document := store.find(KIND, id)) is not None:
        jobs.launch(document)
    return response


def _finding(error: InvalidScenario) -> FieldError:
    return FieldError(
        field=error.field,
        value=str(error.value),
        message=Text("情景无法使用", "the scenario cannot be used"),
        remedy=Text(error.remedy, error.remedy),
    )


@router.get("/scenarios/{id}/page", summary="A finished scenario's report as one HTML file", response_class=Response)
def get_page(id: str, viewer: Caller, services: Served, store: Store, language: Spoken) -> Response:
    """``id`` is the job's. The page needs no network and holds both languages."""
    scenario, report = _report(id, viewer, services, store)
    page = write_scenario_html(report, scenario, language=language)
    return _file(page.encode(), "text/html; charset=utf-8", f"{scenario.name}.html", language)


@router.get("/scenarios/{id}/workbook", summary="A finished scenario's report as a workbook", response_class=Response)
def get_workbook(id: str, viewer: Caller, services: Served, store: Store, language: Spoken) -> Response:
    scenario, report = _report(id, viewer, services, store)
    book = write_scenario_xlsx(report, scenario, language=language)
    return _file(book, _XLSX, f"{scenario.name}.xlsx", language)


def _report(id: str, viewer: Caller, services: Served, store: FleetStore) -> tuple[Scenario, ScenarioReport]:
    document = access_document(viewer, store, KIND, id)
    if document.body["kind"] != "scenario" or document.body["state"] != "done":
        raise NotFound(kind="scenario", id=id)
    found = find_report(services, document.body["ask"])
    if found is None:
        raise NotFound(kind="scenario", id=id)
    return found


def _file(content: bytes, media_type: str, name: str, language: Language) -> Response:
    headers = {
        "Content-Disposition": f'inline; filename="{name}"',
        "Content-Language": language,
        "Cache-Control": "no-store",
        # the page carries its own style and one line of script, and loads nothing
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
    }
    return Response(content, media_type=media_type, headers=headers)

"""Plans: start one as a job, read what came out."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from api.access import PLAN_STARTERS, READERS, access_document
from api.days import DayText, check_plannable
from api.dependencies import Caller, Change, Served, Spoken, Store, document_response, needs, render
from api.idempotency import Effect, json_response
from api.jobs import KIND, new_job
from api.paging import After, Limit, list_visible
from api.plan_diff import compare
from api.plan_views import find_latest_plan, show_plan, show_plan_head
from api.problems import InvalidInput
from api.registry import check_region
from api.schemas.plans import PlanInput
from api.services import LOCAL_ZONE
from api.wording import Text
from fleet.errors import NotFound

router = APIRouter(prefix="/v1", tags=["plans"])


@router.post("/plans", dependencies=[needs(PLAN_STARTERS)], status_code=202, summary="Plan a day; answers with a job")
def start_plan(given: PlanInput, change: Change, services: Served, store: Store, language: Spoken) -> Response:
    viewer = change.viewer
    viewer.require(PLAN_STARTERS)
    region = viewer.person.region if given.region is None else given.region
    if region:
        if findings := check_region(region):
            raise InvalidInput(findings)
    viewer.require_region(region)
    check_plannable(
        given.day,
        today=change.now.astimezone(LOCAL_ZONE).date(),
        demo_day=None if services.demo_access is None else services.demo_access.day,
    )
    jobs = services.jobs
    jobs.check_room()
    services.roads  # noqa: B018  the job needs them; say so now rather than in the job
    id = services.new_id("J")
    ask = {
        "day": given.day,
        "region": region,
        "seconds": given.seconds or services.settings.plan_seconds,
        "seed": given.seed,
    }

    def effect() -> Effect:
        write = new_job(
            id,
            kind="plan",
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
                "kind": "plan",
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


@router.get("/plans", summary="List plans, newest ids last")
def list_plans(
    viewer: Caller,
    store: Store,
    day: DayText | None = None,
    limit: Limit = 100,
    after: After = "",
) -> dict[str, Any]:
    viewer.require(READERS["plan"])
    return list_visible(
        store,
        "plan",
        where=None if day is None else ("day", day),
        keep=lambda document: viewer.sees("plan", document.body),
        show=show_plan_head,
        after=after,
        limit=limit,
    )


@router.get("/plans/latest", summary="The newest plan of a day")
def get_latest_plan(viewer: Caller, store: Store, language: Spoken, day: DayText) -> Response:
    viewer.require(READERS["plan"])
    plan = find_latest_plan(store, day, for_region=viewer.person.region or None)
    if plan is None or not viewer.sees("plan", plan.body):
        raise NotFound(kind="plan", id=day)
    return json_response(show_plan(plan, viewer, store, language))


@router.get("/plans/{id}", summary="One plan with its figures and the unserved")
def get_plan(id: str, viewer: Caller, store: Store, language: Spoken) -> Response:
    plan = access_document(viewer, store, "plan", id)
    return document_response(plan, show_plan(plan, viewer, store, language))


@router.get("/plans/{a}/diff/{b}", summary="Whose trip changes from one plan to another, and who must be told")
def compare_plans(a: str, b: str, viewer: Caller, store: Store) -> Response:
    """Taken together over every plan in between; both must be of one day."""
    earlier, later = access_document(viewer, store, "plan", a), access_document(viewer, store, "plan", b)
    return json_response(compare(earlier, later, viewer, store))


@router.get("/plans/{id}/itineraries", summary="The itineraries that a plan wrote last")
def list_itineraries_of_plan(
    id: str, viewer: Caller, store: Store, limit: Limit = 100, after: After = ""
) -> dict[str, Any]:
    access_document(viewer, store, "plan", id)
    return list_visible(
        store,
        "itinerary",
        where=("plan_id", id),
        keep=lambda document: viewer.sees("itinerary", document.body),
        show=render,
        after=after,
        limit=limit,
    )

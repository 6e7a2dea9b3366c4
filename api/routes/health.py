"""Whether the process lives, whether it is ready, and its figures."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from api.access import STAFF
from api.dependencies import Caller, Served, Spoken
from api.idempotency import json_response
from api.services import Services
from api.telemetry import CONTENT_TYPE
from api.wording import Language
from fleet.errors import FleetError

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="The process answers")
def get_health() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz", summary="Everything is loaded and the store answers", responses={503: {}})
def get_readiness(services: Served, language: Spoken) -> Response:
    waiting = services.waiting_for
    failure = services.failure
    head: int | None = None
    if not waiting and failure is None:
        try:
            head = services.store.head()
        except FleetError:
            failure = "the store does not answer"
    ready = not waiting and failure is None
    services.metrics.ready.set(int(ready))
    body: dict[str, Any] = {
        "ready": ready,
        "waiting_for": [thing.say(language) for thing in waiting],
        "failure": failure,
        "head": head,
        "dispatch": show_rounds(services, language),
    }
    return json_response(body, status=200 if ready else 503, headers={"Cache-Control": "no-store"})


@router.get("/v1/dispatch", summary="Who leads which area, what the rounds did and what they wait for")
def get_dispatch(viewer: Caller, services: Served, language: Spoken) -> Response:
    viewer.require(STAFF)
    return json_response({"items": show_rounds(services, language)}, headers={"Cache-Control": "no-store"})


def show_rounds(services: Services, language: Language) -> list[dict[str, Any]]:
    """Return how this process stands to its areas; empty where it does no rounds."""
    if services.rounds is None:
        return []
    return [
        {**area, "waiting_for": None if area["waiting_for"] is None else area["waiting_for"].say(language)}
        for area in services.rounds.show()
    ]


@router.get("/metrics", summary="Figures in the Prometheus text format")
def get_metrics(services: Served) -> Response:
    if not services.waiting_for and services.failure is None:
        try:
            services.metrics.head.set(services.store.head())
        except FleetError:
            services.metrics.ready.set(0)
    return Response(services.metrics.render(), media_type=CONTENT_TYPE)

"""Whether the process lives, whether it is ready, and its figures."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from api.dependencies import Served, Spoken
from api.idempotency import json_response
from api.telemetry import CONTENT_TYPE
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
    }
    return json_response(body, status=200 if ready else 503, headers={"Cache-Control": "no-store"})


@router.get("/metrics", summary="Figures in the Prometheus text format")
def get_metrics(services: Served) -> Response:
    if not services.waiting_for and services.failure is None:
        try:
            services.metrics.head.set(services.store.head())
        except FleetError:
            services.metrics.ready.set(0)
    return Response(services.metrics.render(), media_type=CONTENT_TYPE)

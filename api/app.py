"""The composition root of the HTTP side: puts routes, answers to errors and middleware together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.bodies import BodyGate
from api.described import DescribedApp
from api.events import EventFeed
from api.idempotency import AnsweredBefore
from api.input_errors import from_validation
from api.jobs import Jobs, Work
from api.pages import add_pages
from api.problems import ANSWERS, respond
from api.routes import (
    agreements,
    assignments,
    budgets,
    calendars,
    closures,
    drivers,
    emergencies,
    events,
    gbfs,
    health,
    imports,
    itineraries,
    jobs,
    measures,
    network,
    notices,
    optimiser,
    options,
    overview,
    persons,
    plans,
    positions,
    regions,
    rental_accounts,
    rental_life,
    rental_register,
    rentals,
    reports,
    requests,
    rules,
    scenarios,
    sessions,
    settlements,
    sites,
    units,
    vehicles,
    webhooks,
)
from api.services import Services
from api.telemetry import Observe
from fleet.errors import FleetError
from fleet.store import FleetStore
from routing.errors import RoutingError

TITLE = "川渝公务用车调度 · Official vehicle dispatch for Sichuan and Chongqing"
ROUTERS = (
    health,
    sessions,
    persons,
    regions,
    units,
    sites,
    vehicles,
    drivers,
    requests,
    plans,
    scenarios,
    jobs,
    itineraries,
    assignments,
    events,
    overview,
    network,
    optimiser,
    imports,
    rules,
    agreements,
    closures,
    measures,
    budgets,
    settlements,
    options,
    notices,
    reports,
    emergencies,
    webhooks,
    calendars,
    positions,
    rentals,
    rental_life,
    rental_register,
    rental_accounts,
    gbfs,
)

PROBLEM_SCHEMA: Mapping[str, Any] = {
    "description": "A problem document (RFC 9457), in Chinese or by Accept-Language in English",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail", "instance", "errors"],
                "properties": {
                    "type": {"type": "string", "format": "uri"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "instance": {"type": "string"},
                    "errors": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["field", "message", "remedy"],
                            "properties": {
                                "field": {"type": "string"},
                                "row": {"type": "integer"},
                                "value": {},
                                "message": {"type": "string"},
                                "remedy": {"type": "string"},
                            },
                        },
                    },
                },
            }
        }
    },
}


def attach_store(services: Services, store: FleetStore, *, works: Mapping[str, Work]) -> None:
    """Give the services their store: jobs that a former process left behind are told as failed first."""
    tasks = Jobs(store, works=works, now=services.clock, metrics=services.metrics)
    tasks.recover()
    services.attach_store(store, jobs=tasks, feed=EventFeed(store, after=store.head()))


def create_app(services: Services) -> FastAPI:
    """Return the application over a holder that may be filled now or later (see :mod:`api.server`)."""
    app = DescribedApp(
        title=TITLE,
        version="1",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses={"4XX": dict(PROBLEM_SCHEMA), "5XX": dict(PROBLEM_SCHEMA)},
        separate_input_output_schemas=False,
    )
    app.state.services = services
    for module in ROUTERS:
        app.include_router(module.router)
    add_pages(app)
    _answer_errors(app)
    app.add_middleware(BodyGate, limit_bytes=services.settings.body_limit_bytes)
    app.add_middleware(Observe, metrics=services.metrics)
    return app


def _answer_errors(app: FastAPI) -> None:
    log = structlog.get_logger("chuanyu.errors")

    async def tell(request: Request, error: Exception) -> Response:
        response = respond(request, error)
        if response.status_code >= 500:
            log.error("failed", path=request.url.path, exc_info=error)
        return response

    async def tell_again(request: Request, error: Exception) -> Response:
        return error.response if isinstance(error, AnsweredBefore) else respond(request, error)

    async def tell_validation(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            return respond(request, error)
        return respond(request, from_validation([dict(finding) for finding in error.errors()]))

    for kind in {*ANSWERS, FleetError, RoutingError, HTTPException, Exception}:
        app.add_exception_handler(kind, tell)
    app.add_exception_handler(RequestValidationError, tell_validation)
    app.add_exception_handler(AnsweredBefore, tell_again)

"""Metrics and logs. Neither ever holds a token, a password or a query string."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PROBES = ("/healthz", "/readyz", "/metrics")
_SECRET_NAMES = ("password", "token", "authorization", "secret")


class Metrics:
    """The figures of one process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.answers = Counter(
            "chuanyu_http_answers", "Answers by route and status", ["route", "method", "status"], registry=self.registry
        )
        self.answer_seconds = Histogram(
            "chuanyu_http_answer_seconds",
            "Time from request to answer",
            ["route", "method"],
            registry=self.registry,
            buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
        )
        self.positions = Counter("chuanyu_positions", "Positions taken in", registry=self.registry)
        self.streams = Gauge("chuanyu_event_streams", "Open event streams", registry=self.registry)
        self.head = Gauge("chuanyu_store_head", "Sequence of the newest event", registry=self.registry)
        self.ready = Gauge("chuanyu_ready", "1 when the server is ready", registry=self.registry)
        self.jobs = Counter(
            "chuanyu_jobs", "Jobs by kind and how they ended", ["kind", "state"], registry=self.registry
        )
        self.plan_seconds = Histogram(
            "chuanyu_plan_seconds", "Time of a plan job", registry=self.registry, buckets=(1, 5, 10, 20, 60, 300, 1800)
        )
        self.plan_unserved = Gauge(
            "chuanyu_plan_unserved_count", "Requests that the newest plan does not serve", registry=self.registry
        )

    def render(self) -> bytes:
        return generate_latest(self.registry)


class Observe:
    """ASGI middleware: counts and times every answer and logs it in one line."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._log = structlog.get_logger("chuanyu.http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        except Exception:
            status = status or 500  # answered further out
            raise
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "(none)")
            self._metrics.answers.labels(route, scope["method"], str(status or 499)).inc()
            if route != "/v1/events":
                self._metrics.answer_seconds.labels(route, scope["method"]).observe(seconds)
            # Probes come every few seconds and say nothing that the figures do not.
            tell = self._log.debug if route in _PROBES and status == 200 else self._log.info
            tell(
                "answered",
                method=scope["method"],
                route=route,
                status=status or 499,
                milliseconds=round(seconds * 1000, 1),
                person=scope.get("state", {}).get("person_id"),
            )


def _without_secrets(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for name in event:
        if any(secret in name.lower() for secret in _SECRET_NAMES):
            event[name] = "(hidden)"
    return event


def configure_logs(level: str) -> None:
    """Write JSON lines to standard error, ours and the server's alike."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_secrets,
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # uvicorn's own access log would write query strings, which may hold a token.
    logging.getLogger("uvicorn.access").disabled = True
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )

"""Plans that start by themselves because the roads changed under a plan that stands."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from fastapi import Response

from api.days import check_plannable
from api.jobs import KIND, new_job
from api.problems import InvalidInput, QueueFull
from api.services import LOCAL_ZONE, Services
from fleet.store import FleetStore, Write

SEED = 1

Scope = tuple[str, str]
"""A local day and the code of the region that its plan was made for, empty for all."""


def replans(
    services: Services, scopes: Iterable[Scope], *, started_by: str, now: datetime
) -> tuple[list[Write], list[dict[str, Any]]]:
    """Return the writes of one job for each day and region, and what to tell of them.

    Days that are over get none. When the queue is full none is taken on: what changed still holds, and the answer says that
    nobody plans (``job_id`` None).
    """
    writes: list[Write] = []
    told: list[dict[str, Any]] = []
    for day, region in sorted(set(scopes)):
        try:
            check_plannable(
                day,
                today=now.astimezone(LOCAL_ZONE).date(),
                demo_day=None if services.demo_access is None else services.demo_access.day,
            )
        except InvalidInput:
            continue
        try:
            services.jobs.check_room()
        except QueueFull:
            told.append({"job_id": None, "day": day, "region": region})
            continue
        id = services.new_id("J")
        ask = {"day": day, "region": region, "seconds": services.settings.plan_seconds, "seed": SEED}
        writes.append(
            new_job(id, kind="plan", region=region, started_by=started_by, created_at=now.isoformat(), ask=ask)
        )
        told.append({"job_id": id, "day": day, "region": region})
    return writes, told


def launch_told(services: Services, store: FleetStore, response: Response) -> Response:
    """Start the jobs that a committed answer names; one that runs already, or has run, is left alone."""
    for replan in json.loads(bytes(response.body)).get("replans", ()):
        if replan["job_id"] is not None and (document := store.find(KIND, replan["job_id"])) is not None:
            services.jobs.launch(document)
    return response

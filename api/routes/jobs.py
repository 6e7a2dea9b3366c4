"""Long work: see how far it is, or cancel it."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.access import access_document
from api.dependencies import Caller, Served, Spoken, Store
from api.idempotency import json_response

router = APIRouter(prefix="/v1", tags=["jobs"])


@router.get("/jobs/{id}", summary="How far a job is")
def get_job(id: str, viewer: Caller, services: Served, store: Store, language: Spoken) -> Response:
    document = access_document(viewer, store, "job", id)
    return json_response(services.jobs.render(document, language), headers={"Cache-Control": "no-store"})


@router.delete("/jobs/{id}", summary="Cancel a job")
def cancel_job(id: str, viewer: Caller, services: Served, store: Store, language: Spoken) -> Response:
    document = access_document(viewer, store, "job", id)
    if document.body["started_by"] != viewer.person.id:
        viewer.require_region(str(document.body["region"]))
    cancelled = services.jobs.cancel(id, actor=viewer.person.id)
    return json_response(services.jobs.render(cancelled, language), headers={"Cache-Control": "no-store"})

"""What was promised, and every change of it as it was told."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.access import READERS, access_document
from api.dependencies import Caller, Spoken, Store, document_response
from api.notice_words import say_notice
from api.paging import After, Limit, list_visible
from fleet.people import Role

router = APIRouter(prefix="/v1", tags=["notices"])


@router.get("/notices", summary="Changes of promises, with their reasons")
def list_notices(
    viewer: Caller,
    store: Store,
    language: Spoken,
    request_id: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 100,
    after: After = "",
) -> dict[str, Any]:
    viewer.require(READERS["notice"])
    where: tuple[str, str] | None = None
    if request_id is not None:
        where = ("request_id", request_id)
    elif viewer.person.roles <= {Role.REQUESTER}:
        where = ("requester_id", viewer.person.id)
    return list_visible(
        store,
        "notice",
        where=where,
        keep=lambda document: viewer.sees("notice", document.body),
        show=lambda document: say_notice(document, store, language),
        after=after,
        limit=limit,
    )


@router.get("/notices/{id}", summary="One change of a promise")
def get_notice(id: str, viewer: Caller, store: Store, language: Spoken) -> Response:
    document = access_document(viewer, store, "notice", id)
    return document_response(document, {"message": say_notice(document, store, language)["message"]})


@router.get("/requests/{id}/promise", summary="What the requester counts on, and what was told since")
def get_promise(id: str, viewer: Caller, store: Store, language: Spoken) -> Response:
    access_document(viewer, store, "request", id)
    document = access_document(viewer, store, "promise", id)
    told = store.list("notice", where=("request_id", id)).documents
    ordered = sorted(told, key=lambda each: int(each.id.rpartition("-")[2]))
    return document_response(document, {"notices": [say_notice(each, store, language) for each in ordered]})

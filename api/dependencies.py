"""What routes ask for: the services, who is calling, and a writing with its idempotency key."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response

from api.access import Viewer
from api.idempotency import AnsweredBefore, Writing, etag, json_response
from api.problems import NotSignedIn
from api.services import Services
from api.wording import Language, choose_language
from fleet.people import Role
from fleet.store import Document, FleetStore


def get_services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Served = Annotated[Services, Depends(get_services)]


def get_store(services: Served) -> FleetStore:
    return services.store


Store = Annotated[FleetStore, Depends(get_store)]


def get_language(accept_language: Annotated[str | None, Header()] = None) -> Language:
    return choose_language(accept_language)


Spoken = Annotated[Language, Depends(get_language)]


def get_token(request: Request) -> str:
    """Return the bearer token; raises :class:`NotSignedIn`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    raise NotSignedIn


Token = Annotated[str, Depends(get_token)]


def get_viewer(request: Request, services: Served, token: Token) -> Viewer:
    return view_as(token, request, services)


def view_as(token: str, request: Request, services: Services) -> Viewer:
    """Return who a token belongs to, with what they may see."""
    person = services.accounts.person_of(token)
    request.state.person_id = person.id
    return Viewer(person, services.store)


Caller = Annotated[Viewer, Depends(get_viewer)]


def needs(roles: frozenset[Role]) -> Any:
    """Return a route's dependency that refuses other roles before its body is judged: 403 comes ahead of 422."""

    def check(viewer: Caller) -> None:
        viewer.require(roles)

    return Depends(check)


def get_writing(
    request: Request,
    services: Served,
    viewer: Caller,
    idempotency_key: Annotated[
        str | None, Header(description="Repeats of a request with the same key have one effect and one answer.")
    ] = None,
    if_match: Annotated[
        str | None, Header(description="The ETag that the change is based on; 412 when the document has moved on.")
    ] = None,
) -> Writing:
    """Return the writing; a request that was answered before gets that answer here, before anything is judged anew."""
    writing = Writing(
        store=services.store,
        viewer=viewer,
        clock=services.clock,
        secret=services.secret,
        method=request.method,
        path=request.url.path,
        body_sha256=str(getattr(request.state, "body_sha256", "")),
        key=idempotency_key,
        if_match=if_match,
    )
    if (earlier := writing.find_earlier()) is not None:
        raise AnsweredBefore(earlier)
    return writing


Change = Annotated[Writing, Depends(get_writing)]


def render(document: Document) -> dict[str, Any]:
    """Return a document as callers see it: its fields and its version."""
    return {**document.body, "version": document.version}


def document_response(document: Document, extra: dict[str, Any] | None = None) -> Response:
    return json_response(
        {**render(document), **(extra or {})},
        headers={"ETag": etag(document.version), "Cache-Control": "private, no-cache"},
    )

"""The event stream."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Header, Query, Request
from sse_starlette import EventSourceResponse

from api.access import Viewer
from api.dependencies import Served, get_token, view_as
from api.events import PULSE_S

router = APIRouter(prefix="/v1", tags=["events"])


class Listener(NamedTuple):
    """Who listens, and with which session."""

    viewer: Viewer
    token: str


def get_listener(
    request: Request,
    services: Served,
    access_token: Annotated[
        str | None, Query(description="The token, because a browser's EventSource cannot send headers.")
    ] = None,
) -> Listener:
    token = access_token or get_token(request)
    return Listener(viewer=view_as(token, request, services), token=token)


@router.get("/events", summary="Server-sent events, resumable with Last-Event-ID", response_class=EventSourceResponse)
def stream_events(
    listener: Annotated[Listener, Depends(get_listener)],
    services: Served,
    last_event_id: Annotated[str | None, Header()] = None,
    after: Annotated[int | None, Query(ge=0, description="As Last-Event-ID, for the first connection.")] = None,
) -> EventSourceResponse:
    """Without a position the stream starts with what happens from now on."""
    if last_event_id is not None and last_event_id.strip().isdigit():
        position = int(last_event_id)
    elif after is not None:
        position = after
    else:
        position = services.store.head()
    return EventSourceResponse(
        services.feed.listen(
            listener.viewer,
            after=position,
            still_signed_in=lambda: services.accounts.is_signed_in(listener.token),
        ),
        ping=PULSE_S,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        send_timeout=30,
    )

"""The event stream."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Header, Query, Request
from sse_starlette import EventSourceResponse

from api.access import Viewer
from api.dependencies import Served, get_token, view_as
from api.errors import NoSuchPosition
from api.events import PULSE_S

_DIGITS = 18

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


def _position(given: str, head: int) -> int:
    """Return a place in the stream; raises :class:`NoSuchPosition` for what no stream up to here has given out."""
    text = given.strip()
    # Long digits are not even read: Python limits them, and no head has as many.
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS) or int(text) > head:
        raise NoSuchPosition(given=given, head=head)
    return int(text)


@router.get("/events", summary="Server-sent events, resumable with Last-Event-ID", response_class=EventSourceResponse)
def stream_events(
    listener: Annotated[Listener, Depends(get_listener)],
    services: Served,
    last_event_id: Annotated[str | None, Header()] = None,
    after: Annotated[
        str | None, Query(max_length=40, description="As Last-Event-ID, for the first connection.")
    ] = None,
) -> EventSourceResponse:
    """Without a position the stream starts with what happens from now on."""
    head = services.store.head()
    if last_event_id is not None:
        position = _position(last_event_id, head)
    elif after is not None:
        position = _position(after, head)
    else:
        position = head
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

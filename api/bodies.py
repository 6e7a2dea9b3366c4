"""What a request body must be before anything looks into it: not too large, UTF-8, and really JSON where it says so."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from email.message import Message

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as ReceivedMessage

from api.problems import BodyTooLarge, MalformedBody, NotUtf8, respond

_DRAINED_BYTES = 64 * 1024 * 1024
"""How much of an oversized body is read and thrown away, so that the caller gets to read the answer."""


class BodyGate:
    """ASGI middleware that reads the body within its limit and notes its SHA-256 in ``scope["state"]["body_sha256"]``."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int) -> None:
        self._app = app
        self._limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        declared = _header(scope["headers"], b"content-length")
        if declared.isdigit() and int(declared) > self._limit_bytes:
            await _drain(receive)
            await self._refuse(scope, receive, send, BodyTooLarge(limit_bytes=self._limit_bytes))
            return
        chunks: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._limit_bytes:
                await _drain(receive)
                await self._refuse(scope, receive, send, BodyTooLarge(limit_bytes=self._limit_bytes))
                return
            chunks.append(chunk)
            more = message.get("more_body", False)
        body = b"".join(chunks)
        problem = _check(body, _header(scope["headers"], b"content-type"))
        if problem is not None:
            await self._refuse(scope, receive, send, problem)
            return
        scope.setdefault("state", {})["body_sha256"] = _fingerprint(body, _header(scope["headers"], b"content-type"))
        sent = False

        async def replay() -> ReceivedMessage:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)

    @staticmethod
    async def _refuse(scope: Scope, receive: Receive, send: Send, problem: Exception) -> None:
        await respond(Request(scope), problem)(scope, receive, send)


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")


def _fingerprint(body: bytes, content_type: str) -> str:
    """Return the SHA-256 of what was said: a form's boundary is drawn anew by every client and says nothing."""
    options = Message()
    options["content-type"] = content_type
    boundary = options.get_param("boundary") if content_type.startswith("multipart/") else None
    if isinstance(boundary, str) and boundary:
        body = body.replace(b"--" + boundary.encode("utf-8", "replace"), b"--")
    return hashlib.sha256(body).hexdigest()


def _check(body: bytes, content_type: str) -> Exception | None:
    if not body or content_type.startswith("multipart/"):
        return None
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        return NotUtf8(position=error.start)
    try:
        json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        return MalformedBody(position=error.pos, reason=error.msg)
    except (RecursionError, ValueError) as error:
        return MalformedBody(position=0, reason=str(error))
    return None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


async def _drain(receive: Receive) -> None:
    read = 0
    while read < _DRAINED_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return
        read += len(message.get("body", b""))

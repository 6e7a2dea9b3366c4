"""Webhooks after Standard Webhooks 1.0.0: signed, at least once, in order, tried again with growing pauses, replayable.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: the headers ``webhook-id``,
``webhook-timestamp`` and ``webhook-signature``, the signed text ``id.timestamp.body`` and the symmetric scheme ``v1``
(HMAC-SHA256 with the base64 secret behind ``whsec_``). The id of a message stays the same over all attempts, so that a receiver
takes it in once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import structlog

from api.access import Viewer
from api.events import tell
from fleet.documents import decode, encode
from fleet.errors import FleetError, NotFound, StaleRevision
from fleet.outside_links import Webhook, WebhookCursor, switch_off
from fleet.people import Person
from fleet.store import Commit, Document, Event, FleetStore, Write

ACTOR = "webhooks"
PAUSES_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Pauses before each further attempt, as the specification recommends; after the last one the event is given up."""

TIMEOUT_S = 15.0
_PAGE = 100
_GIVEN_UP_KEPT = 50
_GONE = 410

Post = Callable[[str, bytes, dict[str, str]], int]
"""Sends a body with headers to an address; returns the status, raises ``OSError`` or ``httpx.HTTPError`` without an answer."""


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Call an address; redirections are not followed: a receiver that moved tells its new address."""
    return httpx.post(url, content=body, headers=headers, timeout=TIMEOUT_S, follow_redirects=False).status_code


def sign(secret: str, *, id: str, timestamp_s: int, body: bytes) -> str:
    """Return the ``webhook-signature`` of a message."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def message_of(event: Event, told: dict[str, Any]) -> bytes:
    """Return the body: type, timestamp and data, as the specification has it."""
    data = {name: value for name, value in told.items() if name not in ("type", "at")}
    payload = {"type": event.type, "timestamp": event.at.isoformat(), "data": data}
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


class Deliveries:
    """Delivers events to every webhook, each at its own pace; ``turn`` does what is due now."""

    def __init__(
        self, store: FleetStore, *, clock: Callable[[], datetime], send: Post = post, pause_s: float = 1.0
    ) -> None:
        self._store = store
        self._clock = clock
        self._send = send
        self._pause_s = pause_s
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = structlog.get_logger("chuanyu.webhooks")

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=TIMEOUT_S)

    def _run(self) -> None:
        while not self._ended.wait(self._pause_s):
            try:
                self.turn()
            except FleetError as error:
                self._log.warning("the store does not answer", error=str(error))

    def turn(self) -> int:
        """Deliver what is due; return how many messages were taken in."""
        count = 0
        for document in list(_all(self._store, "webhook")):
            webhook: Webhook = decode("webhook", document.body)
            if webhook.active and not self._ended.is_set():
                count += self._serve(document, webhook)
        return count

    def _serve(self, document: Document, webhook: Webhook) -> int:
        stored = self._store.find("webhook_cursor", webhook.id)
        if stored is None:
            return 0
        cursor: WebhookCursor = decode("webhook_cursor", stored.body)
        if cursor.next_at is not None and self._clock() < cursor.next_at:
            return 0
        owner = self._store.find("person", webhook.created_by)
        if owner is None or not owner.body["active"]:
            return 0
        person: Person = decode("person", owner.body)
        viewer = Viewer(replace(person, region=webhook.region or person.region), self._store)
        delivered, after = 0, cursor
        for event in self._store.events(after=cursor.sequence, limit=_PAGE):
            told = tell(viewer, event) if event.actor != ACTOR and webhook.wants(event.type) else None
            if told is None:
                after = replace(after, sequence=event.sequence, failures_count=0, next_at=None)
                continue
            after = self._attempt(webhook, after, event, told)
            if after.last_status == _GONE:
                self._switch_off(document, webhook)
            if after.failures_count:
                break
            delivered += event.sequence not in after.given_up
        if after != cursor:
            self._keep(stored, after)
        return delivered

    def _attempt(self, webhook: Webhook, cursor: WebhookCursor, event: Event, told: dict[str, Any]) -> WebhookCursor:
        body = message_of(event, told)
        id = f"msg_{webhook.id}_{event.sequence}"
        now = self._clock()
        timestamp_s = int(now.timestamp())
        headers = {
            "content-type": "application/json; charset=utf-8",
            "webhook-id": id,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": sign(webhook.secret, id=id, timestamp_s=timestamp_s, body=body),
        }
        status, error = None, ""
        try:
            status = self._send(webhook.url, body, headers)
        except (OSError, httpx.HTTPError) as failed:
            error = f"{type(failed).__name__}: {failed}"[:200]
        if status is not None and 200 <= status < 300:
            return replace(
                cursor, sequence=event.sequence, failures_count=0, next_at=None, last_status=status, last_error=""
            )
        failures = cursor.failures_count + 1
        if failures > len(PAUSES_S):
            kept = (*cursor.given_up, event.sequence)[-_GIVEN_UP_KEPT:]
            return replace(
                cursor,
                sequence=event.sequence,
                failures_count=0,
                next_at=None,
                last_status=status,
                last_error=error,
                given_up=kept,
            )
        pause = timedelta(seconds=PAUSES_S[failures - 1])
        return replace(cursor, failures_count=failures, next_at=now + pause, last_status=status, last_error=error)

    def _keep(self, stored: Document, cursor: WebhookCursor) -> None:
        try:
            self._commit([Write(kind=stored.kind, id=stored.id, expected_version=stored.version, body=encode(cursor))])
        except StaleRevision:
            return  # replayed or served by another process meanwhile: that one's word counts

    def _switch_off(self, document: Document, webhook: Webhook) -> None:
        body = encode(switch_off(webhook))
        try:
            self._commit([Write(kind="webhook", id=webhook.id, expected_version=document.version, body=body)])
        except (StaleRevision, NotFound):
            return

    def _commit(self, writes: Sequence[Write]) -> None:
        self._store.commit(Commit(type="webhook.noted", actor=ACTOR, at=self._clock(), writes=writes))


def _all(store: FleetStore, kind: str) -> Iterator[Document]:
    after = ""
    while True:
        page = store.list(kind, after=after)
        yield from page.documents
        if page.next_after is None:
            return
        after = page.next_after

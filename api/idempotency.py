"""One effect per ``Idempotency-Key``: the answer is stored in the same commit as what it reports.

A repetition finds the stored answer, also while the first request is still under way, after a restart, or when the first
answer got lost on the wire. Before the stored answer is given again, the commit is confirmed once more under the same
key: a store with a ledger then makes sure that the event is in both.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.responses import Response

from api.access import Viewer
from api.problems import AlreadyExists, KeyReused, KeyUnusable, StaleMatch
from fleet.errors import StaleRevision
from fleet.store import Commit, Document, FleetStore, Write

KIND = "answer"
_TRIES = 6


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a request wants to happen and what the caller is told then. No ``writes``: nothing is stored but the answer."""

    type: str
    region: str
    writes: Sequence[Write]
    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


class AnsweredBefore(Exception):
    """The request repeats an earlier one: its answer is there already."""

    def __init__(self, response: Response) -> None:
        super().__init__("answered before")
        self.response = response


def etag(version: int) -> str:
    return f'"{version}"'


def json_response(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    content = json.dumps(body, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return Response(content.encode(), status_code=status, media_type="application/json", headers=dict(headers or {}))


def check_key(key: str | None) -> str | None:
    """Return a usable key or None; raises :class:`KeyUnusable`."""
    if key is None:
        return None
    if not 1 <= len(key) <= 200 or not all("!" <= character <= "~" for character in key):
        raise KeyUnusable
    return key


class Writing:
    """One writing request: who asks, with which key and body, against which version."""

    def __init__(
        self,
        *,
        store: FleetStore,
        viewer: Viewer,
        clock: Callable[[], datetime],
        secret: bytes,
        method: str,
        path: str,
        body_sha256: str,
        key: str | None,
        if_match: str | None,
    ) -> None:
        self.viewer = viewer
        self.now = clock()
        self._store = store
        self._key = check_key(key)
        self._if_match = if_match.strip() if if_match is not None else None
        content = "\x00".join((method, path, body_sha256))
        self._fingerprint = hmac.new(secret, content.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        named = f"{viewer.person.id}\x00{self._key}"
        self._record_id = hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()

    def check_match(self, document: Document) -> None:
        """Raise :class:`StaleMatch` when ``If-Match`` names another version."""
        if self._if_match is None or self._if_match == "*":
            return
        accepted = {tag.strip() for tag in self._if_match.split(",")}
        if etag(document.version) not in accepted:
            raise StaleMatch(kind=document.kind, id=document.id, expected=self._if_match[:80], actual=document.version)

    def perform(self, effect: Callable[[], Effect]) -> Response:
        """Commit what ``effect`` works out from the store's present state, once.

        ``effect`` is asked again when another writer was faster and the caller did not insist on a version.
        """
        for attempt in range(_TRIES):
            if attempt and (repeated := self.find_earlier()) is not None:
                return repeated
            try:
                asked = effect()
            except Exception:
                # What a twin of this request has done just now may be what stands in the way.
                if (repeated := self.find_earlier()) is not None:
                    return repeated
                raise
            writes = [*asked.writes]
            if self._key is not None:
                writes.append(self._record(asked))
            if not writes:
                return json_response(asked.body, status=asked.status, headers=asked.headers)
            try:
                event = self._store.commit(
                    Commit(
                        type=asked.type,
                        actor=self.viewer.person.id,
                        at=self.now,
                        region=asked.region,
                        writes=writes,
                        key=self._commit_key,
                        data=asked.data,
                    )
                )
            except StaleRevision as stale:
                if stale.kind == KIND:
                    continue
                if stale.expected == 0:
                    if (repeated := self.find_earlier()) is not None:
                        return repeated
                    raise AlreadyExists(kind=stale.kind, id=stale.id) from stale
                if self._if_match is not None:
                    raise StaleMatch(
                        kind=stale.kind, id=stale.id, expected=self._if_match[:80], actual=stale.actual
                    ) from stale
                if attempt == _TRIES - 1:
                    raise
                continue
            # Of two commits with one key the store keeps the first, and the first one's answer is the answer to both.
            kept = next((document for document in event.documents if document.kind == KIND), None)
            if kept is not None:
                return self._answer_of(kept)
            return json_response(asked.body, status=asked.status, headers=asked.headers)
        raise KeyReused

    def note(self, *, type: str, region: str, data: Mapping[str, Any]) -> None:
        """Put on record that the caller did something that changes no document, such as looking at guarded data."""
        self._store.commit(
            Commit(type=type, actor=self.viewer.person.id, at=self.now, region=region, writes=[], data=data)
        )

    @property
    def _commit_key(self) -> str | None:
        return None if self._key is None else f"{KIND}:{self._record_id}"

    def _record(self, asked: Effect) -> Write:
        return Write(
            kind=KIND,
            id=self._record_id,
            expected_version=0,
            body={
                "id": self._record_id,
                "fingerprint": self._fingerprint,
                "status": asked.status,
                "headers": dict(asked.headers),
                "body": asked.body,
                "at": self.now.isoformat(),
            },
        )

    def find_earlier(self) -> Response | None:
        """Return the answer that this request was given before, None when it is new.

        Raises
        ------
        KeyReused
            If the key was used for another request.
        """
        if self._key is None:
            return None
        record = self._store.find(KIND, self._record_id)
        if record is None:
            return None
        answer = self._answer_of(record)
        self._store.commit(
            Commit(type="answer.repeated", actor=self.viewer.person.id, at=self.now, writes=[], key=self._commit_key)
        )
        return answer

    def _answer_of(self, record: Document) -> Response:
        if not hmac.compare_digest(str(record.body["fingerprint"]), self._fingerprint):
            raise KeyReused
        return json_response(
            record.body["body"], status=int(record.body["status"]), headers=dict(record.body["headers"])
        )

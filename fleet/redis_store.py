"""The store on duty: a real Redis (6.2 or later) or Valkey. The only module that speaks to one.

Every operation is one Lua script (``redis_scripts/``; the keys stand on top of ``fence.lua``), hence atomic among all
processes. Documents and events cross it as opaque canonical texts: Lua never parses a body, so no number loses a digit.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.resources import files
from time import monotonic
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.exceptions import LockError, RedisError, ResponseError
from redis.lock import Lock
from redis.retry import Retry

from fleet.canonical import canonical, checked_bodies, content_text, event_content, parse, parse_event
from fleet.documents import checked_where, index_places
from fleet.errors import (
    EventTrimmed,
    InvalidFact,
    LeaseLost,
    LedgerDiverged,
    NotFound,
    StaleRevision,
    StoreUnavailable,
    Unreconciled,
)
from fleet.store import KEPT_EVENTS_COUNT, Body, Commit, Document, Event, Lease, Page

_Arguments = list[str | int]

_TIMEOUT_S = 5.0
_WAIT_SLICE_S = 2.0
"""Longest single block: below the read timeout of the connection, so that a dead server is noticed."""

_LOCK_S = 5.0
"""How long the lock of a process that died while reconciling holds up the others; renewed with each batch restored."""

_EVERYWHERE = "*"
"""The lease of the area without a name: everything."""

_LOCK_WAIT_S = 60.0
_LOCK_POLL_S = 0.02
_RESTORE_BATCH = 200
_REFUSALS = ("OOM", "MISCONF", "READONLY", "LOADING", "CLUSTERDOWN", "MASTERDOWN", "BUSY", "NOREPLICAS", "NOAUTH")
"""Answers of a server that is there but cannot serve; any other error answer is a fault of ours and is not hidden."""


class RedisStore:
    """A :class:`fleet.store.Primary` in Redis.

    Parameters
    ----------
    server
        The address (``redis://``, ``rediss://``, ``unix://``) or a client of one's own, which must answer bytes,
        not retry by itself, and wait longer than 2 s for an answer where :meth:`wait` is used.
    prefix
        Keeps this store apart from others on the same server; letters, digits, ``_``, ``-`` and ``.``.
    fenced
        Answer only while the server process is admitted; for a store behind a ledger.
    kept_events_count
        How many archived events to keep at least; older ones are read from the ledger.
    """

    def __init__(
        self,
        server: str | redis.Redis,
        *,
        prefix: str,
        fenced: bool = False,
        timeout_s: float = _TIMEOUT_S,
        kept_events_count: int = KEPT_EVENTS_COUNT,
    ) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", prefix):
            raise InvalidFact(
                kind="store", id=prefix, field="prefix", value=prefix, remedy="letters, digits, underscore, dash, dot"
            )
        if isinstance(server, str):
            # No retries by the client: whether a lost answer means a lost write is for the caller's key to decide.
            server = redis.Redis.from_url(
                server,
                socket_timeout=max(timeout_s, 2 * _WAIT_SLICE_S),
                socket_connect_timeout=timeout_s,
                retry=Retry(NoBackoff(), 0),
                decode_responses=False,
            )
        self._client = server
        self._base = f"{{{prefix}}}"
        self._fenced = "1" if fenced else "0"
        self._kept_events_count = kept_events_count
        self._lock: Lock | None = None
        self._commit = self._script("commit")
        self._restore = self._script("restore")
        self._admit = self._script("admit")
        self._read = self._script("read")
        self._page = self._script("page")
        self._tail = self._script("events")
        self._lease = self._script("lease")

    def get(self, kind: str, id: str) -> Document:
        document = self.find(kind, id)
        if document is None:
            raise NotFound(kind=kind, id=id)
        return document

    def find(self, kind: str, id: str) -> Document | None:
        kept = self._call(self._read, self._fenced, kind, id)
        return _document(kind, id, kept[1]) if len(kept) > 1 and kept[1] is not None else None

    def list(self, kind: str, *, where: tuple[str, str] | None = None, after: str = "", limit: int = 1000) -> Page:
        field, value = checked_where(kind, where, limit)
        place = f"{kind}:{field}:{value}" if field else kind
        answer = self._call(self._page, self._fenced, kind, place, f"({after}" if after else "-", limit)
        documents = tuple(
            _document(kind, id.decode(), kept) for id, kept in zip(answer[2::2], answer[3::2], strict=True)
        )
        return Page(documents=documents, next_after=documents[-1].id if answer[1] else None)

    def commit(self, commit: Commit) -> Event:
        bodies = checked_bodies(commit)
        content = content_text(commit, bodies)
        led, token = ("", "") if commit.lease is None else (commit.lease.name or _EVERYWHERE, commit.lease.token)
        arguments: _Arguments = [self._fenced, commit.key or "", content, led, token]
        for write, body in zip(commit.writes, bodies, strict=True):
            arguments += [write.kind, write.id, write.expected_version, _places(write.kind, write.body), body or ""]
        answer = self._call(self._commit, *arguments)
        match answer[0]:
            case b"stale":
                write = commit.writes[int(answer[1])]
                raise StaleRevision(
                    kind=write.kind, id=write.id, expected=write.expected_version, actual=int(answer[2])
                )
            case b"unled":
                raise LeaseLost(name=led)
            case b"trimmed":
                raise EventTrimmed(sequence=int(answer[1]))
            case b"again":
                return parse_event(int(answer[1]), answer[2])
            case _:
                return parse_event(int(answer[1]), content)

    def events(self, *, after: int = 0, limit: int = 1000) -> tuple[Event, ...]:
        return self._events(self._fenced, after, limit)

    def head(self) -> int:
        return int(self._call(self._tail, self._fenced, 0, 0)[1])

    def wait(self, *, after: int, timeout_s: float) -> bool:
        return self._wait("events", after, timeout_s)

    def hold(self, lease: Lease, *, lasts_s: float) -> str:
        answer = self._call(
            self._lease, self._fenced, lease.name or _EVERYWHERE, lease.token, max(1, round(lasts_s * 1000))
        )
        return bytes(answer[1]).decode()

    def release(self, lease: Lease) -> None:
        self._call(self._lease, self._fenced, lease.name or _EVERYWHERE, lease.token, 0)

    def incarnation(self) -> str:
        with self._answering():
            return str(self._client.info("server")["run_id"])

    def admitted(self) -> bool:
        with self._answering():
            fence = cast("bytes | None", self._client.get(f"{self._base}:fence"))
        return fence is not None and fence.decode() == self.incarnation()

    def admit(self, incarnation: str, *, head: int) -> bool:
        with self._answering():
            return bool(self._admit(keys=[self._base], args=["0", incarnation, head]))

    def shut(self) -> None:
        with self._answering():
            self._client.delete(f"{self._base}:fence")

    def reset(self) -> None:
        self.shut()
        with self._answering():
            lock = f"{self._base}:lock:".encode()
            for keys in _chunks(self._client.scan_iter(match=f"{self._base}:*", count=1000), 500):
                self._client.unlink(*(key for key in keys if not key.startswith(lock)), f"{self._base}:fence")

    def restore(self, events: Sequence[Event]) -> None:
        with self._answering():
            for start in range(0, len(events), _RESTORE_BATCH):
                batch = events[start : start + _RESTORE_BATCH]
                if self._lock is not None:
                    with suppress(LockError):
                        self._lock.reacquire()
                pipeline = self._client.pipeline(transaction=False)
                for event in batch:
                    arguments: _Arguments = ["0", event.key or "", event_content(event), event.sequence]
                    for document in event.documents:
                        places = _places(document.kind, document.body if document.version else None)
                        body = canonical(document.body) if document.version else ""
                        arguments += [document.kind, document.id, document.version, places, body]
                    self._restore(keys=[self._base], args=arguments, client=pipeline)
                # Of a long ledger only the newest events stay, but the documents of all.
                pipeline.xtrim(f"{self._base}:events", maxlen=self._kept_events_count, approximate=False)
                for event, taken in zip(batch, pipeline.execute()[:-1], strict=True):
                    if not taken:
                        raise LedgerDiverged(sequence=event.sequence, reason="does not follow the head of the store")

    @contextmanager
    def reconciling(self) -> Iterator[None]:
        ends, pause = monotonic() + _LOCK_WAIT_S, threading.Event()
        while True:
            # Named after the server process: a lock that outlived the process is nobody's.
            name = f"{self._base}:lock:{self.incarnation()}"
            with self._answering():
                lock = self._client.lock(name, timeout=_LOCK_S)
                if lock.acquire(blocking=False):
                    break
            if monotonic() > ends:
                raise StoreUnavailable("another process has been reconciling the store for too long")
            pause.wait(_LOCK_POLL_S)
        self._lock = lock
        try:
            yield
        finally:
            self._lock = None
            # If it cannot be released it expires by itself; what was done under it is checked again by admit.
            with suppress(LockError, RedisError):
                lock.release()

    def raw_events(self, *, after: int, limit: int) -> tuple[Event, ...]:
        return self._events("0", after, limit)

    def raw_head(self) -> int:
        return int(self._call(self._tail, "0", 0, 0)[1])

    def mark_archived(self, sequence: int) -> None:
        if sequence < 1:
            return
        with self._answering():
            pipeline = self._client.pipeline(transaction=False)
            pipeline.xadd(f"{self._base}:archived", {"e": ""}, id=f"{sequence}-0", maxlen=1, approximate=False)
            oldest = max(0, sequence - self._kept_events_count) + 1
            pipeline.xtrim(f"{self._base}:events", minid=f"{oldest}-0", approximate=False)
            marked, _ = pipeline.execute(raise_on_error=False)
            # An id that is not above the last: another process has already noted as much or more.
            if isinstance(marked, Exception) and "smaller" not in str(marked):
                raise marked

    def archived(self) -> int:
        return _sequence(self._call(self._tail, "0", 0, 0)[2])

    def wait_archived(self, *, after: int, timeout_s: float) -> bool:
        return self._wait("archived", after, timeout_s)

    def close(self) -> None:
        self._client.close()

    def _script(self, name: str) -> Any:
        folder = files("fleet") / "redis_scripts"
        text = (folder / "fence.lua").read_text("utf-8") + "\n" + (folder / f"{name}.lua").read_text("utf-8")
        return self._client.register_script(text)

    def _events(self, fenced: str, after: int, limit: int) -> tuple[Event, ...]:
        answer = self._call(self._tail, fenced, max(after, 0), limit)
        pairs = zip(answer[3::2], answer[4::2], strict=True)
        return tuple(parse_event(_sequence(id), content) for id, content in pairs)

    def _wait(self, stream: str, after: int, timeout_s: float) -> bool:
        name = f"{self._base}:{stream}"
        ends = monotonic() + timeout_s
        while True:
            left = ends - monotonic()
            # No time means: look, do not block (for Redis a block of 0 would be for ever).
            block_ms = max(1, int(1000 * min(left, _WAIT_SLICE_S))) if timeout_s > 0 else None
            with self._answering():
                if self._client.xread({name: f"{max(after, 0)}-0"}, count=1, block=block_ms):
                    return True
            if left <= _WAIT_SLICE_S:
                return False

    def _call(self, script: Any, *arguments: str | int) -> Sequence[Any]:
        with self._answering():
            answer = cast("Sequence[Any]", script(keys=[self._base], args=arguments))
        if answer[0] == b"fenced":
            raise Unreconciled("the store has not been compared with its ledger since its server started")
        return answer

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except ResponseError as error:
            if not str(error).startswith(_REFUSALS):
                raise
            raise StoreUnavailable(f"the store refuses: {error}") from error
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"the store does not answer: {error}") from error


def _places(kind: str, body: Body | None) -> str:
    if body is None:
        return "[]"
    return canonical([f"{kind}:{field}:{value}" if field else kind for field, value in index_places(kind, body)])


def _document(kind: str, id: str, kept: bytes) -> Document:
    version, sequence, _, body = kept.split(b"\n", 3)
    return Document(kind=kind, id=id, version=int(version), sequence=int(sequence), body=parse(body))


def _sequence(stream_id: bytes) -> int:
    return int(stream_id.split(b"-")[0])


def _chunks(items: Iterator[bytes], size: int) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk

"""The event stream to browsers and programs: resumable, filtered by who listens, with a pulse.

One thread per process waits at the store and wakes every listener; a listener then reads on from where it stands. So a
thousand open streams cost one waiting thread, and a slow one misses nothing.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import structlog
from sse_starlette import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from api.access import Viewer
from fleet.errors import FleetError
from fleet.store import Event, FleetStore

PULSE_S = 15
"""Seconds between comments on a quiet stream, below the idle limits of common proxies."""

_PAGE = 200
_POLL_S = 0.5


class EventFeed:
    """Wakes the listeners of one process when the store has something new."""

    def __init__(self, store: FleetStore, *, after: int) -> None:
        self._store = store
        self._head = after
        self._listeners: dict[int, tuple[asyncio.AbstractEventLoop, asyncio.Event]] = {}
        self._next = 0
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._log = structlog.get_logger("chuanyu.events")
        self._thread = threading.Thread(target=self._watch, name="event-feed", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End every stream; the watching thread ends by itself at its next look."""
        self._closed.set()
        self._wake()

    def join(self) -> None:
        """Wait until the store is no longer looked at."""
        self._thread.join(timeout=2 * _POLL_S)

    @property
    def is_closed(self) -> bool:
        return self._closed.is_set()

    def _watch(self) -> None:
        while not self._closed.is_set():
            try:
                if self._store.wait(after=self._head, timeout_s=_POLL_S):
                    self._head = self._store.head()
                    self._wake()
            except FleetError as error:
                self._log.warning("store does not answer", error=str(error))
                self._closed.wait(_POLL_S)

    def _wake(self) -> None:
        with self._lock:
            listeners = list(self._listeners.values())
        for loop, flag in listeners:
            try:
                loop.call_soon_threadsafe(flag.set)
            except RuntimeError:  # the loop closed meanwhile, and its listeners with it
                continue

    async def listen(
        self, viewer: Viewer, *, after: int, still_signed_in: Callable[[], bool] = lambda: True
    ) -> AsyncIterator[ServerSentEvent]:
        """Yield what the viewer may know of every event above ``after``, for as long as the session lasts."""
        flag = asyncio.Event()
        loop = asyncio.get_running_loop()
        look_again = loop.time() + PULSE_S
        with self._lock:
            number = self._next
            self._next += 1
            self._listeners[number] = (loop, flag)
        try:
            while not self._closed.is_set():
                flag.clear()
                events = await run_in_threadpool(self._read, after)
                for event in events:
                    after = event.sequence
                    told = await run_in_threadpool(tell, viewer, event)
                    if told is not None:
                        yield ServerSentEvent(
                            id=str(event.sequence),
                            event=event.type,
                            data=json.dumps(told, ensure_ascii=False, separators=(",", ":")),
                        )
                if len(events) < _PAGE:
                    await self._wait(flag)
                if loop.time() >= look_again:
                    if not await run_in_threadpool(still_signed_in):
                        return
                    look_again = loop.time() + PULSE_S
        finally:
            with self._lock:
                self._listeners.pop(number, None)

    @staticmethod
    async def _wait(flag: asyncio.Event) -> None:
        """Wait for something new, but not longer than a pulse."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PULSE_S):
                await flag.wait()

    def _read(self, after: int) -> list[Event]:
        try:
            return list(self._store.events(after=after, limit=_PAGE))
        except FleetError as error:
            self._log.warning("store does not answer", error=str(error))
            self._closed.wait(_POLL_S)
            return []


def tell(viewer: Viewer, event: Event) -> dict[str, Any] | None:
    """Return what the viewer may know of an event, None when nothing of it is theirs to see."""
    visible = viewer.visible(event)
    if not visible:
        return None
    return {
        "sequence": event.sequence,
        "type": event.type,
        "at": event.at.isoformat(),
        "actor": event.actor,
        "region": event.region,
        "documents": [{"kind": document.kind, "id": document.id, "version": document.version} for document in visible],
    }

"""Long work as documents: start, progress, cancel, result.

A job is a document like any other, written when it is taken on, when it begins and when it ends; only its progress lives
in this process. One worker thread runs one job after the other, because a plan uses every core it gets. A job that was
under way when the process died is found at the next start and told as failed, never lost.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from api.problems import QueueFull, describe
from api.telemetry import Metrics
from api.wording import Language, Text
from fleet.errors import FleetError, IllegalTransition, StaleRevision, StoreUnavailable
from fleet.store import Commit, Document, FleetStore, Write

KIND = "job"
QUEUE_LIMIT = 64
_RETRY_S = 0.5
LIVE = ("queued", "running")

QUEUED = Text("排队中", "Waiting in the queue")
RUNNING = Text("运行中", "Running")
DONE = Text("已完成", "Done")
CANCELLED = Text("已取消", "Cancelled")
CRASHED = Text("意外出错，已记录", "An unexpected error; it was logged")
STORE_LOST = Text("数据存储中断，请重新提交", "The store went away meanwhile; please start it again")
INTERRUPTED = Text("服务重启时中断，请重新提交", "The server was restarted meanwhile; please start it again")


@dataclass(kw_only=True)
class JobControl:
    """What a running job and its watchers share. ``progress_frac`` runs from 0 to 1."""

    id: str
    ask: Mapping[str, Any]
    started_by: str
    progress_frac: float = 0.0
    message: Text = QUEUED
    _cancel: threading.Event = field(default_factory=threading.Event)

    def tell(self, progress_frac: float, message: Text) -> None:
        self.progress_frac = min(1.0, max(self.progress_frac, progress_frac))
        self.message = message

    def cancel(self) -> None:
        self._cancel.set()

    def is_cancelled(self) -> bool:
        return self._cancel.is_set()


class JobCancelled(Exception):
    """Raised by a work that stops because it was asked to; nothing of it took effect."""


Work = Callable[[JobControl], Mapping[str, Any]]


def new_job(id: str, *, kind: str, region: str, started_by: str, created_at: str, ask: Mapping[str, Any]) -> Write:
    """Return the write that takes a job on; :meth:`Jobs.launch` runs it once that is committed."""
    return Write(
        kind=KIND,
        id=id,
        expected_version=0,
        body={
            "id": id,
            "kind": kind,
            "state": "queued",
            "region": region,
            "started_by": started_by,
            "created_at": created_at,
            "ended_at": None,
            "ask": dict(ask),
            "progress_frac": 0.0,
            "message_zh": QUEUED.zh,
            "message_en": QUEUED.en,
            "result": None,
        },
    )


class Jobs:
    """Runs jobs in the background. ``works`` maps a job's kind to what does it."""

    def __init__(
        self, store: FleetStore, *, works: Mapping[str, Work], now: Callable[[], Any], metrics: Metrics
    ) -> None:
        self._store = store
        self._works = dict(works)
        self._now = now
        self._metrics = metrics
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._controls: dict[str, JobControl] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._log = structlog.get_logger("chuanyu.jobs")
        self._thread: threading.Thread | None = None

    def check_room(self) -> None:
        """Raise :class:`QueueFull` when no further job is taken on."""
        if self._ended.is_set() or self._queue.qsize() >= QUEUE_LIMIT:
            raise QueueFull

    def launch(self, document: Document) -> JobControl:
        """Queue a job whose document is committed; a job that was launched before is not launched twice."""
        with self._lock:
            known = self._controls.get(document.id)
            if known is not None:
                return known
            control = JobControl(id=document.id, ask=document.body["ask"], started_by=str(document.body["started_by"]))
            self._controls[document.id] = control
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
                self._thread.start()
        self._queue.put(document.id)
        return control

    def cancel(self, id: str, *, actor: str) -> Document:
        """Ask a job to stop.

        Raises
        ------
        IllegalTransition
            If it has ended already.
        """
        document = self._store.get(KIND, id)
        if document.body["state"] not in LIVE:
            raise IllegalTransition(kind=KIND, id=id, state=str(document.body["state"]), action="cancel")
        with self._lock:
            control = self._controls.get(id)
        if control is not None:
            control.cancel()
        if document.body["state"] == "queued" or control is None:
            return self._move(document, "cancelled", CANCELLED, actor=actor)
        return document

    def render(self, document: Document, language: Language) -> dict[str, Any]:
        """Return a job as callers see it, with the live progress while it runs."""
        body = dict(document.body)
        texts = Text(str(body.pop("message_zh")), str(body.pop("message_en")))
        body.pop("ask", None)
        with self._lock:
            control = self._controls.get(document.id)
        if control is not None and body["state"] == "running":
            body["progress_frac"] = round(control.progress_frac, 4)
            texts = control.message
        body["message"] = texts.say(language)
        body["version"] = document.version
        return body

    def recover(self, *, actor: str = "server") -> int:
        """Tell every job that a former process left behind as failed; returns how many there were."""
        count = 0
        after = ""
        while True:
            page = self._store.list(KIND, after=after)
            for document in page.documents:
                if document.body["state"] in LIVE and document.id not in self._controls:
                    self._move(document, "failed", INTERRUPTED, actor=actor)
                    count += 1
            if page.next_after is None:
                return count
            after = page.next_after

    def close(self) -> None:
        """Cancel what runs and end the worker."""
        self._ended.set()
        with self._lock:
            controls = list(self._controls.values())
        for control in controls:
            control.cancel()
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _work(self) -> None:
        while (id := self._queue.get()) is not None:
            try:
                self._run(id)
            except StoreUnavailable as error:
                self._log.error("job lost the store", job=id, error=str(error))
                self._tell_lost(id)
            except (FleetError, StaleRevision) as error:
                self._log.error("job could not be told", job=id, error=str(error))

    def _tell_lost(self, id: str) -> None:
        """Tell a job as failed as soon as the store is back; after a restart :meth:`recover` does it."""
        while not self._ended.wait(_RETRY_S):
            try:
                document = self._store.get(KIND, id)
                if document.body["state"] in LIVE:
                    self._move(document, "failed", STORE_LOST, actor="server")
                return
            except StoreUnavailable:
                continue

    def _run(self, id: str) -> None:
        document = self._store.get(KIND, id)
        with self._lock:
            control = self._controls[id]
        if document.body["state"] != "queued":
            return
        kind = str(document.body["kind"])
        control.tell(0.0, RUNNING)
        document = self._move(document, "running", RUNNING, actor="server")
        try:
            result = self._works[kind](control)
        except StoreUnavailable:
            raise
        except JobCancelled:
            control.tell(0.0, CANCELLED)
            self._move(document, "cancelled", CANCELLED, actor="server")
            self._metrics.jobs.labels(kind, "cancelled").inc()
            return
        except Exception as error:  # a job must end as a document, whatever happened in it
            problem_zh, problem_en = describe(error, "zh"), describe(error, "en")
            self._log.error("job failed", job=id, exc_info=error)
            told = CRASHED
            if problem_zh is not None and problem_en is not None:
                told = Text(f"{problem_zh.title}：{problem_zh.detail}", f"{problem_en.title}: {problem_en.detail}")
            self._move(document, "failed", told, actor="server")
            self._metrics.jobs.labels(kind, "failed").inc()
            return
        control.tell(1.0, DONE)
        self._move(document, "done", DONE, actor="server", result=result)
        self._metrics.jobs.labels(kind, "done").inc()

    def _move(
        self,
        document: Document,
        state: str,
        message: Text,
        *,
        actor: str,
        result: Mapping[str, Any] | None = None,
    ) -> Document:
        now = self._now()
        body = {
            **document.body,
            "state": state,
            "message_zh": message.zh,
            "message_en": message.en,
            "result": dict(result) if result else document.body["result"],
            "ended_at": None if state in LIVE else now.isoformat(),
            "progress_frac": 1.0 if state == "done" else document.body["progress_frac"],
        }
        write = Write(kind=KIND, id=document.id, expected_version=document.version, body=body)
        event = self._store.commit(
            Commit(type=f"job.{state}", actor=actor, at=now, region=str(document.body["region"]), writes=[write])
        )
        return event.documents[0]

"""Many runs side by side: one port, by processes or on a Ray cluster, that survives the loss of a worker and resumes.

A task is a picklable value, its result plain JSON. Results come back in the order of the tasks, whoever worked on them, so that
a sweep gives the same bytes on one core, on many and on a cluster. With a folder, each result is kept as soon as it is there.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import msgspec

from scenarios.errors import ScenarioCancelled, ScenarioError, WorkerLost

Work = Callable[[Any], dict[str, Any]]
OnDone = Callable[[int, dict[str, Any]], None]

#: A task during which workers died this often is given up: it is likely to be the cause.
MOST_LOSSES = 3


class Executor(Protocol):
    """Carries out tasks; ``on_done`` is told the position and result of each as it is finished, in any order."""

    def run(
        self, work: Work, tasks: Sequence[Any], *, on_done: OnDone, should_cancel: Callable[[], bool] | None = None
    ) -> None: ...


class InTurn:
    """One task after the other, in this process."""

    def run(
        self, work: Work, tasks: Sequence[Any], *, on_done: OnDone, should_cancel: Callable[[], bool] | None = None
    ) -> None:
        for number, task in enumerate(tasks):
            if should_cancel is not None and should_cancel():
                raise ScenarioCancelled
            on_done(number, work(task))


class Processes:
    """Processes of this machine, freshly started so that nothing of the parent's threads is inherited."""

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise ValueError(f"workers = {workers}: at least 1")
        self.workers = workers

    def run(
        self, work: Work, tasks: Sequence[Any], *, on_done: OnDone, should_cancel: Callable[[], bool] | None = None
    ) -> None:
        left = dict(enumerate(tasks))
        losses = dict.fromkeys(left, 0)
        while left:
            suspects = self._round(work, left, on_done, should_cancel)
            for number in suspects:
                losses[number] += 1
                if losses[number] >= MOST_LOSSES:
                    raise WorkerLost(task=number, losses=losses[number])

    def _round(
        self, work: Work, left: dict[int, Any], on_done: OnDone, should_cancel: Callable[[], bool] | None
    ) -> list[int]:
        """Work until everything is done or a worker dies; return the tasks that were under way then."""
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max_workers=min(self.workers, len(left)), mp_context=context) as pool:
            # a few tasks ahead of the workers, so that the loss of one tells which tasks it may have been
            queue = iter(sorted(left))
            running: dict[Future[dict[str, Any]], int] = {}

            def feed() -> None:
                while len(running) < self.workers:
                    number = next(queue, None)
                    if number is None:
                        return
                    running[pool.submit(work, left[number])] = number

            try:
                feed()
                while running:
                    if should_cancel is not None and should_cancel():
                        raise ScenarioCancelled
                    finished, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                    for future in sorted(finished, key=running.__getitem__):
                        result = future.result()
                        number = running.pop(future)
                        on_done(number, result)
                        del left[number]
                    feed()
            except BrokenProcessPool:
                return sorted(running.values())
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return []


class RayCluster:
    """A Ray cluster (extra ``cluster``): ``address`` as ``ray.init`` takes it, None for one on this machine."""

    def __init__(self, *, address: str | None = None, workers: int | None = None) -> None:
        try:
            self._ray = import_module("ray")
        except ModuleNotFoundError as error:
            raise ScenarioError("Ray is not installed: pip install 'chuanyu-dispatch[cluster]'") from error
        self._address, self._workers = address, workers

    def run(
        self, work: Work, tasks: Sequence[Any], *, on_done: OnDone, should_cancel: Callable[[], bool] | None = None
    ) -> None:
        ray = self._ray
        begun = not ray.is_initialized()
        if begun:
            ray.init(
                address=self._address,
                num_cpus=self._workers,
                include_dashboard=False,
                log_to_driver=False,
                logging_level="ERROR",
            )
        try:
            remote = ray.remote(num_cpus=1, max_retries=MOST_LOSSES)(work)
            running = {remote.remote(task): number for number, task in enumerate(tasks)}
            while running:
                if should_cancel is not None and should_cancel():
                    for reference in running:
                        ray.cancel(reference)
                    raise ScenarioCancelled
                ready, _ = ray.wait(list(running), timeout=0.5)
                for reference in ready:
                    on_done(running.pop(reference), ray.get(reference))
        finally:
            if begun:
                ray.shutdown()


class ResultFolder:
    """Results of tasks as files, named by what the task is; a file is there wholly or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def _path(self, task: object) -> Path:
        return self.folder / f"{task_digest(task)[:32]}.json"

    def find(self, task: object) -> dict[str, Any] | None:
        path = self._path(task)
        if not path.is_file():
            return None
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return found

    def keep(self, task: object, result: dict[str, Any]) -> None:
        path = self._path(task)
        fresh = path.with_suffix(f".{os.getpid()}.new")
        fresh.write_text(as_text(result), "utf-8")
        fresh.replace(path)


def sweep(
    work: Work,
    tasks: Sequence[Any],
    *,
    executor: Executor,
    folder: ResultFolder | None = None,
    on_done: OnDone | None = None,
    should_cancel: Callable[[], bool] | None = None,
) -> list[dict[str, Any]]:
    """Carry out all tasks and return their results in order; what the folder has already is not done again.

    Raises
    ------
    WorkerLost
        If workers died again and again during one task.
    ScenarioCancelled
        If ``should_cancel`` said so; what was finished stays in the folder.
    """
    found: dict[int, dict[str, Any]] = {}
    for number, task in enumerate(tasks):
        kept = folder.find(task) if folder is not None else None
        if kept is not None:
            found[number] = kept
            if on_done is not None:
                on_done(number, kept)
    open_ones = [number for number in range(len(tasks)) if number not in found]

    def done(position: int, result: dict[str, Any]) -> None:
        number = open_ones[position]
        # the same text whoever worked on it: what a process sends back and what a file holds must not differ
        found[number] = json.loads(as_text(result))
        if folder is not None:
            folder.keep(tasks[number], result)
        if on_done is not None:
            on_done(number, found[number])

    if open_ones:
        executor.run(work, [tasks[number] for number in open_ones], on_done=done, should_cancel=should_cancel)
    return [found[number] for number in range(len(tasks))]


def task_digest(task: object) -> str:
    """SHA-256 of a task's canonical JSON."""
    return hashlib.sha256(msgspec.json.encode(task, order="sorted")).hexdigest()


def as_text(result: object) -> str:
    """Canonical JSON."""
    return json.dumps(result, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sweep_digest(results: Iterable[object]) -> str:
    """SHA-256 over the results in order: equal for equal measures."""
    whole = hashlib.sha256()
    for result in results:
        whole.update(as_text(result).encode())
    return whole.hexdigest()

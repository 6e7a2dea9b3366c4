"""Who searches the parts: processes side by side, or the caller's own thread."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from dispatch.plan import Route
from dispatch.problem import Problem
from dispatch.search.engine import Clocked
from dispatch.search.session import Found, search
from dispatch.search.warmup import compile_kernels


@dataclass(frozen=True, kw_only=True)
class Task:
    """One search of one part, from ``start`` on.

    ``cooled`` is where its temperature begins and ends, 0 hot and 1 cold; ``settle`` as in :func:`search`.
    """

    problem: Problem
    start: tuple[Route, ...]
    seed: int
    iterations: int | None
    seconds: float | None
    cooled: tuple[float, float]
    settle: bool


class Workers(Protocol):
    """The port: whoever can run a :class:`Task` somewhere. A task is plain data, and so is what comes back."""

    @property
    def count(self) -> int:
        """How many tasks run at a time."""

    def submit(self, task: Task) -> Future[Found]:
        """Run ``task`` now or later."""

    def stop(self) -> None:
        """Ask all tasks to come to an end with what they have."""

    def close(self) -> None:
        """Let go of what was taken."""


def run(task: Task, *, clock: Callable[[], float], should_stop: Callable[[], bool]) -> Found:
    begin, end = task.cooled
    watch = Clocked(clock=clock, iterations=task.iterations, seconds=task.seconds, cooled_from=begin, cooled_to=end)
    return search(
        task.problem,
        seed=task.seed,
        watch=watch,
        threads=1,
        start=task.start,
        should_stop=should_stop,
        settle=task.settle,
    )


class Here:
    """In the caller's own thread, one task after the other: for tests, and where no process can be started."""

    def __init__(self, *, clock: Callable[[], float], should_stop: Callable[[], bool]) -> None:
        self._clock, self._should_stop = clock, should_stop
        self.count = 1

    def submit(self, task: Task) -> Future[Found]:
        future: Future[Found] = Future()
        future.set_result(run(task, clock=self._clock, should_stop=self._should_stop))
        return future

    def stop(self) -> None:
        """Nothing is under way when the caller can ask for it."""

    def close(self) -> None:
        """Nothing was taken."""


_STOP: list[Any] = []
"""In a process of :class:`Processes`: the event that ends its task."""


def _begin(stop: Any) -> None:
    _STOP.append(stop)
    compile_kernels()


def _ready() -> None:
    """Nothing: whoever runs it has begun."""


def _run(task: Task) -> Found:
    return run(task, clock=time.monotonic, should_stop=_STOP[0].is_set)


class Processes:
    """In ``count`` processes of this machine, started afresh (spawn), with the kernels that are kept on disk."""

    def __init__(self, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.count = count
        self._stop = context.Event()
        self._pool = ProcessPoolExecutor(
            max_workers=count, mp_context=context, initializer=_begin, initargs=(self._stop,)
        )
        # processes start when there is something to do: so that they are ready when the first part is
        for _ in range(count):
            self._pool.submit(_ready)

    def submit(self, task: Task) -> Future[Found]:
        return self._pool.submit(_run, task)

    def stop(self) -> None:
        self._stop.set()

    def close(self) -> None:
        self._stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

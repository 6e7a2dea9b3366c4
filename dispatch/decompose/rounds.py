"""Rounds of drawing parts, searching them side by side and taking over what they found."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

import numpy as np

from dispatch.decompose.coordinates import coordinates
from dispatch.decompose.division import Part, draw
from dispatch.decompose.part import Holds, Piece, cut, holds_of, inward, outward
from dispatch.decompose.workers import Here, Task, Workers
from dispatch.plan import Route
from dispatch.problem import Problem
from dispatch.search.engine import Clocked
from dispatch.search.lowering import urgency_weights
from dispatch.search.session import Found

POLL_S = 0.2
"""How often whoever waits is told, and asked whether to go on."""


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """How a large day is searched.

    ``size`` requests a part. The first round only makes a plan of everything; it takes ``first_s`` a part, at most the share
    ``first_share`` of the time. ``turn_s`` is the least time that is worth giving to a part in later rounds, of which
    there are ``most_rounds`` at most. ``warm`` are the temperatures at which the parts of the second and of the last round
    begin, 0 hot and 1 cold.
    """

    size: int = 250
    first_s: float = 0.8
    first_share: float = 0.4
    turn_s: float = 4.0
    most_rounds: int = 8
    warm_first: float = 0.6
    warm: tuple[float, float] = (0.3, 0.7)


@dataclass(kw_only=True)
class Standing:
    """The plan so far. ``weight`` is what leaving a request out costs in comparisons."""

    problem: Problem
    weight: list[float]
    routes: dict[int, Route] = field(default_factory=dict)
    served: set[int] = field(default_factory=set)
    iterations: int = 0

    @property
    def unserved_count(self) -> int:
        return len(self.problem.requests) - len(self.served)

    @property
    def objective_mfen(self) -> int:
        penalties = sum(r.penalty_mfen for i, r in enumerate(self.problem.requests) if i not in self.served)
        return sum(route.cost_mfen for route in self.routes.values()) + penalties

    def adopt(self, piece: Piece, found: Found) -> None:
        """Take over the routes of a part, unless those it has are better."""
        self.iterations += found.iterations
        new = outward(self.problem, piece, found.routes)
        old = {v: self.routes[v] for v in piece.vehicles if v in self.routes}
        pinned = [v for v in piece.vehicles if self.problem.vehicles[v].pinned]
        if any(v not in old for v in pinned) or self.worth(piece, new) < self.worth(piece, old):
            for v in old:
                del self.routes[v]
            self.routes.update(new)
            self.served.difference_update(piece.requests)
            self.served.update(served_by(new))

    def worth(self, piece: Piece, routes: Mapping[int, Route]) -> float:
        left = set(piece.requests) - served_by(routes)
        return sum(route.cost_mfen for route in routes.values()) + sum(self.weight[r] for r in left)


def served_by(routes: Mapping[int, Route]) -> set[int]:
    return {stop.request for route in routes.values() for stop in route.stops if stop.request is not None}


def search_parts(
    problem: Problem,
    *,
    seed: int,
    watch: Clocked,
    workers: Workers,
    until_s: float | None,
    should_stop: Callable[[], bool],
    on_progress: Callable[[Standing], None],
    rhythm: Rhythm | None = None,
) -> Standing:
    """Search until ``watch`` is done, ``until_s`` has elapsed on it, or ``should_stop``.

    Deterministic for a seed and a number of workers when stopped by iterations: the parts of a round share nothing, so that it
    does not matter which one is done first.
    """
    rhythm = rhythm or Rhythm()
    rng = np.random.default_rng(seed)
    standing = Standing(problem=problem, weight=urgency_weights(problem))
    points = coordinates(problem)
    rounds = _Rounds(problem, standing, watch, workers, until_s, should_stop, on_progress)
    number = 0
    while not rounds.over():
        parts = draw(problem, standing.routes, points, size=rhythm.size, rng=rng, least=workers.count)
        # whoever is on the road must be planned whatever happens
        parts.sort(key=lambda part: not any(problem.vehicles[v].pinned for v in part.vehicles))
        share_s, iterations, warm, last = _turn(rounds, rhythm, number, parts)
        rounds.run(parts, share_s, iterations, warm, [int(rng.integers(2**31)) for _ in parts])
        number += 1
        if last or not parts:
            break
    return standing


def _turn(
    rounds: _Rounds, rhythm: Rhythm, number: int, parts: list[Part]
) -> tuple[float | None, int | None, float, bool]:
    """Return the seconds and iterations of this round, the temperature that its parts begin at, and whether it is the last."""
    share_s: float | None = None
    share = rounds.share()
    left = rounds.left_s()
    ahead = rhythm.most_rounds
    if left is not None:
        per_round = len(parts) * rhythm.turn_s / rounds.workers.count
        if number == 0:
            share_s = min(rhythm.first_share * left, len(parts) * rhythm.first_s / rounds.workers.count)
        else:
            ahead = max(1, min(rhythm.most_rounds - number + 1, int(left / per_round)))
            share_s = left / ahead
    iterations: int | None = None
    if rounds.watch.iterations is not None:
        budget = rounds.watch.iterations - rounds.watch.done
        if left is None:
            ahead = max(1, rhythm.most_rounds - number + 1)
        iterations = rounds.watch.iterations // 20 if number == 0 else budget // ahead
        iterations = max(1, iterations)
    if number == 0:
        return share_s, iterations, rhythm.warm_first, False
    low, high = rhythm.warm
    return share_s, iterations, low + (high - low) * share, ahead == 1


class _Rounds:
    """What the rounds of one search have in common."""

    def __init__(
        self,
        problem: Problem,
        standing: Standing,
        watch: Clocked,
        workers: Workers,
        until_s: float | None,
        should_stop: Callable[[], bool],
        on_progress: Callable[[Standing], None],
    ) -> None:
        self.problem, self.standing, self.watch, self.workers = problem, standing, watch, workers
        self._until_s, self._should_stop, self._on_progress = until_s, should_stop, on_progress
        # whoever has not come to an end so long after being asked is not waited for
        self._grace_s = 1.0 if until_s is None else max(0.1, 0.02 * until_s)

    def left_s(self) -> float | None:
        return None if self._until_s is None else self._until_s - self.watch.elapsed

    def share(self) -> float:
        parts = [0.0]
        if self.watch.iterations is not None:
            parts.append(self.watch.done / max(1, self.watch.iterations))
        if self._until_s is not None:
            parts.append(self.watch.elapsed / max(1e-9, self._until_s))
        return min(1.0, max(parts))

    def over(self) -> bool:
        return self._should_stop() or self.share() >= 1.0

    def run(
        self, parts: list[Part], share_s: float | None, iterations: int | None, warm: float, seeds: list[int]
    ) -> None:
        """Search all ``parts`` once within ``share_s`` and take over what they found."""
        upto = None if share_s is None else self.watch.elapsed + share_s
        holds = holds_of(self.problem, self.standing.routes)
        weight = max(1, sum(len(part.requests) for part in parts))
        waiting = deque(zip(parts, seeds, strict=True))
        running: dict[Future[Found], tuple[Piece, float]] = {}
        ended: float | None = None
        while waiting or running:
            while waiting and len(running) <= self.workers.count:
                if self.over():
                    waiting.clear()
                    self.workers.stop()
                    break
                part, seed = waiting.popleft()
                seconds = None
                if upto is not None:
                    now = self.watch.elapsed
                    room = (upto - now) * self.workers.count - sum(max(0.0, end - now) for _, end in running.values())
                    seconds = max(0.02, room / (len(waiting) + 1))
                steps = None if iterations is None else max(1, iterations * len(part.requests) // weight)
                piece, task = self._task(part, holds, seed, steps, seconds, warm)
                try:
                    future = self.workers.submit(task)
                except (BrokenProcessPool, OSError, AssertionError, RuntimeError):
                    self._alone()
                    future = self.workers.submit(task)
                running[future] = (piece, self.watch.elapsed + (seconds or 0.0))
            done, _ = wait(running, timeout=POLL_S if ended is None else self._grace_s / 4, return_when=FIRST_COMPLETED)
            for future in [f for f in running if f in done]:
                piece, _ = running.pop(future)
                try:
                    found = future.result()
                except BrokenProcessPool:
                    self._alone()
                    continue
                self.standing.adopt(piece, found)
                self.watch.done += found.iterations
            self._on_progress(self.standing)
            if self.over():
                self.workers.stop()
                waiting.clear()
                ended = self.watch.elapsed if ended is None else ended
                if self.watch.elapsed > ended + self._grace_s:
                    return

    def _task(
        self, part: Part, holds: Holds, seed: int, iterations: int | None, seconds: float | None, warm: float
    ) -> tuple[Piece, Task]:
        piece = cut(self.problem, part, holds)
        start = inward(piece, self.standing.routes)
        return piece, Task(
            problem=piece.problem, start=start, seed=seed, iterations=iterations, seconds=seconds, warm=warm
        )

    def _alone(self) -> None:
        """Go on without processes where none can be started or one has died: slower, with the same plans."""
        if not isinstance(self.workers, Here):
            self.workers.close()
            self.workers = Here(clock=self.watch.clock, should_stop=self.over)

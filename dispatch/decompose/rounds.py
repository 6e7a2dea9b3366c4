"""Rounds of drawing parts, searching them side by side and taking over what they found."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

import numpy as np

from dispatch.coupling import Coupling
from dispatch.decompose.apportion import apportion, keeps
from dispatch.decompose.coordinates import coordinates
from dispatch.decompose.division import Part, draw
from dispatch.decompose.part import Holds, Piece, cut, holds_of, inward, outward
from dispatch.decompose.workers import Here, Task, Workers, run
from dispatch.plan import Route
from dispatch.problem import Problem
from dispatch.search.engine import Clocked
from dispatch.search.session import Found
from dispatch.urgency import urgency_weights

POLL_S = 0.2
"""How often whoever waits is told, and asked whether to go on."""


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """How a large day is searched.

    ``size`` requests a part. The first round only makes a plan of everything: it takes ``first_s`` a part, at most the share
    ``first_share`` of the time. ``turn_s`` is the least time that is worth giving to a part in later rounds, of which
    there are ``most_rounds`` at most. They are one annealing over all parts: every round goes on where the one before
    stands, from the temperature ``begin`` (0 hot, 1 cold) to the coldest.
    """

    size: int = 500
    first_s: float = 1.5
    first_share: float = 0.4
    turn_s: float = 4.0
    most_rounds: int = 8
    begin: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One round: seconds and iterations for all its parts together, and the temperatures it goes through."""

    seconds: float | None
    iterations: int | None
    cooled: tuple[float, float]
    settle: bool
    last: bool


@dataclass(kw_only=True)
class Standing:
    """The plan as the search stands, and the best one so far. ``weight`` is what leaving a request out costs in comparisons."""

    problem: Problem
    weight: list[float]
    routes: dict[int, Route] = field(default_factory=dict)
    served: set[int] = field(default_factory=set)
    iterations: int = 0
    best: dict[int, Route] = field(default_factory=dict)
    best_worth: float = float("inf")

    @property
    def unserved_count(self) -> int:
        return len(self.problem.requests) - len(self.served)

    @property
    def objective_mfen(self) -> int:
        penalties = sum(r.penalty_mfen for i, r in enumerate(self.problem.requests) if i not in self.served)
        return sum(route.cost_mfen for route in self.routes.values()) + penalties

    def adopt(self, piece: Piece, found: Found, *, settle: bool) -> None:
        """Take over the routes of a part; without ``settle`` only if they are better than those it has."""
        self.iterations += found.iterations
        new = outward(self.problem, piece, found.routes)
        old = {v: self.routes[v] for v in piece.vehicles if v in self.routes}
        if settle or not old or self.worth(piece.requests, new) < self.worth(piece.requests, old):
            for v in old:
                del self.routes[v]
            self.routes.update(new)
            self.served.difference_update(piece.requests)
            self.served.update(served_by(new))

    def worth(self, requests: Iterable[int], routes: Mapping[int, Route]) -> float:
        left = set(requests) - served_by(routes)
        return sum(route.cost_mfen for route in routes.values()) + sum(self.weight[r] for r in left)

    def remember(self) -> None:
        """Keep the plan if it is the best so far."""
        worth = self.worth(range(len(self.problem.requests)), self.routes)
        if (
            worth < self.best_worth
            and keeps(self.problem, self.routes)
            and all(v in self.routes for v, vehicle in enumerate(self.problem.vehicles) if vehicle.pinned)
        ):
            self.best_worth = worth
            self.best = dict(self.routes)


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
        turn = _turn(rounds, rhythm, number, parts)
        rounds.run(parts, turn, [int(rng.integers(2**31)) for _ in parts])
        standing.remember()
        number += 1
        if turn.last or not parts:
            break
    if not standing.best:
        rounds.bring_home()
    return standing


def _turn(rounds: _Rounds, rhythm: Rhythm, number: int, parts: list[Part]) -> Turn:
    """Return what the round is given; the ones after it get as much each."""
    seconds: float | None = None
    iterations: int | None = None
    left = rounds.left_s()
    ahead = rhythm.most_rounds - number + 1
    if left is not None:
        if number == 0:
            seconds = min(rhythm.first_share * left, len(parts) * rhythm.first_s / rounds.workers.count)
        else:
            ahead = max(1, min(ahead, int(left * rounds.workers.count / (len(parts) * rhythm.turn_s))))
            seconds = left / ahead
    ahead = max(1, ahead)
    if rounds.watch.iterations is not None:
        budget = rounds.watch.iterations - rounds.watch.done
        iterations = max(1, rounds.watch.iterations // 20 if number == 0 else budget // ahead)
    if number == 0:
        return Turn(seconds=seconds, iterations=iterations, cooled=(0.6, 1.0), settle=False, last=False)
    begin = rounds.cooled = max(rhythm.begin, rounds.cooled)
    end = begin + (1.0 - begin) / ahead
    rounds.cooled = end
    return Turn(seconds=seconds, iterations=iterations, cooled=(begin, end), settle=ahead > 1, last=ahead == 1)


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
        self.cooled = 0.0
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

    def run(self, parts: list[Part], turn: Turn, seeds: list[int]) -> None:
        """Search all ``parts`` once and take over what they found."""
        upto = None if turn.seconds is None else self.watch.elapsed + turn.seconds
        holds = holds_of(self.problem, self.standing.routes)
        weight = max(1, sum(len(part.requests) for part in parts))
        limits = apportion(self.problem, parts, self.standing.routes)
        waiting = deque(zip(parts, seeds, limits, strict=True))
        running: dict[Future[Found], tuple[Piece, Task, float]] = {}
        ended: float | None = None
        while waiting or running:
            while waiting and len(running) <= self.workers.count:
                if self.over():
                    waiting.clear()
                    self.workers.stop()
                    break
                part, seed, coupling = waiting.popleft()
                seconds = None
                if upto is not None:
                    now = self.watch.elapsed
                    room = (upto - now) * self.workers.count - sum(
                        max(0.0, end - now) for _, _, end in running.values()
                    )
                    seconds = max(0.02, room / (len(waiting) + 1))
                steps = None if turn.iterations is None else max(1, turn.iterations * len(part.requests) // weight)
                piece, task = self._task(part, holds, seed, turn, steps, seconds, coupling)
                running[self._submit(task)] = (piece, task, self.watch.elapsed + (seconds or 0.0))
            done, _ = wait(running, timeout=POLL_S if ended is None else self._grace_s / 4, return_when=FIRST_COMPLETED)
            for future in [f for f in running if f in done]:
                piece, task, end = running.pop(future)
                try:
                    found = future.result()
                except BrokenProcessPool:
                    self._alone()
                    running[self._submit(task)] = (piece, task, end)
                    continue
                self.standing.adopt(piece, found, settle=turn.settle)
                self.watch.done += found.iterations
            self._on_progress(self.standing)
            if self.over():
                self.workers.stop()
                waiting.clear()
                ended = self.watch.elapsed if ended is None else ended
                if self.watch.elapsed > ended + self._grace_s:
                    return

    def bring_home(self) -> None:
        """Plan the vehicles that are on the road and nothing else: for a search that was over before it had a plan."""
        standing = self.standing
        out = [v for v, vehicle in enumerate(self.problem.vehicles) if vehicle.pinned and v not in standing.routes]
        begun = sorted({pin.request for v in out for pin in self.problem.vehicles[v].pinned if pin.request is not None})
        if out:
            sites = frozenset(group.site for group in self.problem.charge_groups)
            part = Part(vehicles=tuple(out), requests=tuple(begun), sites=sites)
            turn = Turn(seconds=None, iterations=1, cooled=(0.0, 1.0), settle=False, last=True)
            piece, task = self._task(part, holds_of(self.problem, standing.routes), 0, turn, 1, None, Coupling())
            standing.adopt(piece, run(task, clock=self.watch.clock, should_stop=lambda: False), settle=True)
        standing.remember()

    def _submit(self, task: Task) -> Future[Found]:
        try:
            return self.workers.submit(task)
        except (BrokenProcessPool, OSError, AssertionError, RuntimeError):
            self._alone()
            return self.workers.submit(task)

    def _task(
        self,
        part: Part,
        holds: Holds,
        seed: int,
        turn: Turn,
        iterations: int | None,
        seconds: float | None,
        coupling: Coupling,
    ) -> tuple[Piece, Task]:
        piece = cut(self.problem, part, holds, coupling)
        start = inward(piece, self.standing.routes)
        return piece, Task(
            problem=piece.problem,
            start=start,
            seed=seed,
            iterations=iterations,
            seconds=seconds,
            cooled=turn.cooled,
            settle=turn.settle,
        )

    def _alone(self) -> None:
        """Go on without processes where none can be started or one has died: slower, with the same plans."""
        if not isinstance(self.workers, Here):
            self.workers.close()
            self.workers = Here(clock=self.watch.clock, should_stop=self.over)

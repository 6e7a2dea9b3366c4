"""One problem on one engine: from the problem, and perhaps a plan to begin with, to routes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dispatch.plan import Route
from dispatch.problem import Problem
from dispatch.search.engine import Clocked, Engine, Tuning
from dispatch.search.lifting import lift
from dispatch.search.lowering import Lowered, lower
from dispatch.search.warm import routes_of

PROMISED_SHARE = 0.7
"""Share of the work in which promised windows bind; whoever is left over then may be served at another time."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """Routes of a search, and the iterations it took."""

    routes: tuple[Route, ...]
    iterations: int


def search(
    problem: Problem,
    *,
    seed: int,
    watch: Clocked,
    threads: int,
    start: Sequence[Route] = (),
    keep_back: float = 0.0,
    settle: bool = False,
    should_stop: Callable[[], bool] | None = None,
    on_chunk: Callable[[Engine], None] | None = None,
    tuning: Tuning | None = None,
) -> Found:
    """Search from ``start`` on until ``watch`` is done or ``should_stop``.

    The share ``keep_back`` of the work is left undone unless everybody is served. With ``settle`` the answer is where the
    search stands at the end, not the best it has seen.
    """
    if not problem.vehicles or not (problem.requests or any(vehicle.pinned for vehicle in problem.vehicles)):
        # nothing to search: the kernels expect at least one of each
        return Found(routes=(), iterations=0)
    lowered = lower(problem)
    engine = Engine(lowered.model, seed=seed, threads=threads, tuning=tuning or Tuning())
    if start:
        engine.load(*routes_of(problem, lowered, engine, start))
    upto = 1.0 - keep_back
    promised = {i for i, r in enumerate(problem.requests) if r.change_mfen > 0 and r.promised_earliest_s is not None}
    first = min(upto, PROMISED_SHARE) if promised else upto
    engine.run(watch, should_stop=should_stop, on_chunk=on_chunk, upto=first)
    if promised:
        # whoever cannot be served as promised may be served otherwise, at the price of the change
        left = promised & set(unserved_requests(lowered, engine))
        if left:
            engine.relax(lower(problem, relaxed=frozenset(left)).model)
        engine.run(watch, should_stop=should_stop, on_chunk=on_chunk, upto=upto)
    if keep_back and not engine.unserved:
        engine.run(watch, should_stop=should_stop, on_chunk=on_chunk)
    if settle:
        engine.settle()
    return Found(routes=tuple(lift(problem, lowered, engine)), iterations=engine.iterations)


def unserved_requests(lowered: Lowered, engine: Engine) -> list[int]:
    return [lowered.requests[r] for r in range(len(lowered.requests)) if engine.best.b_route_of[r] < 0]

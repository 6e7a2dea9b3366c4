"""One problem on one engine: from the problem, and perhaps a plan to begin with, to routes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dispatch.plan import Route
from dispatch.problem import Problem
from dispatch.search.coupling import Rows
from dispatch.search.engine import Clocked, Engine, Tuning
from dispatch.search.lifting import lift
from dispatch.search.lowering import Lowered, lower
from dispatch.search.tables import IntTable
from dispatch.search.warm import routes_of

PROMISED_SHARE = 0.7
"""Share of the work in which promised windows bind; whoever is left over then may be served at another time."""
AGREED_SHARE = 0.4
"""Share of the work after which the limits between routes bind."""
AGREE_S = 10.0
"""Seconds at most to choose routes that keep them,"""
AGREE_TIME_SHARE = 0.04
"""and this share of the time; without a clock,"""
AGREE_WORK = 1.0
"""as much of CP-SAT's own measure of work."""


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
    rows = Rows(problem, lowered) if problem.coupling else None
    first = min(upto, PROMISED_SHARE) if promised else upto
    if rows is not None:
        engine.run(watch, should_stop=should_stop, on_chunk=on_chunk, upto=AGREED_SHARE * upto)
        agree(engine, rows, watch)
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
    if rows is not None and not rows.kept(engine.best.b_route_of, engine.best.b_length):
        engine.begin_with(*chosen(engine, rows, watch))
    return Found(routes=tuple(lift(problem, lowered, engine)), iterations=engine.iterations)


def agree(engine: Engine, rows: Rows, watch: Clocked) -> None:
    """Choose routes that keep the limits between routes, and leave the rest of the search only what keeps them too."""
    engine.begin_with(*chosen(engine, rows, watch))
    idle = rows.restrict(engine.net.compat, engine.states, engine.best.b_route_of)
    engine.forget_routes()
    engine.master.close(idle)
    engine.begin_with(engine.best.b_seq.copy(), engine.best.b_length.copy())


def chosen(engine: Engine, rows: Rows, watch: Clocked) -> tuple[IntTable, IntTable]:
    """Return routes that keep the limits; nothing but what is begun where none are found in time."""
    if watch.seconds is None:
        found = engine.agree(rows, seconds=0.0, deterministic=AGREE_WORK)
    else:
        found = engine.agree(rows, seconds=min(AGREE_S, AGREE_TIME_SHARE * watch.seconds), deterministic=None)
    return found or engine.heads()


def unserved_requests(lowered: Lowered, engine: Engine) -> list[int]:
    return [lowered.requests[r] for r in range(len(lowered.requests)) if engine.best.b_route_of[r] < 0]

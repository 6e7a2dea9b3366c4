"""The entry to the solver: a function of problem, seed and stop rule."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dispatch.decompose.reasons import explain_nearby
from dispatch.decompose.rounds import Rhythm, Standing, search_parts
from dispatch.decompose.workers import Here, Processes, Workers
from dispatch.explain import explain
from dispatch.plan import Cause, Plan, Reason, Route, Unserved
from dispatch.problem import Problem
from dispatch.search.causes import Judge
from dispatch.search.engine import Clocked, Engine
from dispatch.search.session import search
from dispatch.search.warmup import compile_kernels

SEARCH_SHARE = 0.92
"""Share of the time that goes to the search when somebody is left over; the rest finds out why."""
LARGE = 1_200
"""From so many requests on a problem is searched in parts (measured: docs/benchmarking.md, "Large days")."""
MOST_LOCATIONS = 6_000
"""So is one with more locations than this: its tables would not fit into memory."""
SEARCH_IN_PARTS = 0.97
"""Share of the time that goes to a search in parts, less ``AFTER_S_PER_REQUEST``."""
AFTER_S_PER_REQUEST = 150e-6
"""What it takes to put a plan together."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What the search has so far."""

    elapsed_s: float
    iterations: int
    unserved_count: int
    objective_mfen: int


@dataclass(frozen=True, kw_only=True)
class StopRule:
    """When to stop: after ``iterations`` (deterministic for a seed) or ``seconds``, whichever is first; at least one is given.

    ``should_cancel`` is asked often; ``on_progress`` is told about once a second.
    """

    iterations: int | None = None
    seconds: float | None = None
    should_cancel: Callable[[], bool] | None = None
    on_progress: Callable[[Progress], None] | None = None

    def __post_init__(self) -> None:
        if self.iterations is None and self.seconds is None:
            raise ValueError("a stop rule needs iterations or seconds")


def warm_up() -> float:
    """Compile the kernels, or load them from the cache; return the seconds it took."""
    return compile_kernels()


def solve(
    problem: Problem,
    *,
    seed: int,
    stop: StopRule,
    threads: int = 2,
    clock: Callable[[], float] = time.monotonic,
    workers: Workers | None = None,
    rhythm: Rhythm | None = None,
    start: Sequence[Route] = (),
) -> Plan:
    """Return a plan that :func:`dispatch.check.check` finds no violation in; whoever is left over carries a cause.

    The same problem, seed, number of threads and iterations give the same plan. ``threads`` searches run side by side: in
    threads of this process, or, where the problem is large (:func:`is_large`), in processes of their own, each on a part.
    ``workers`` and ``rhythm`` make any problem a large one, searched by those workers. Of ``start``, from which a search in one
    piece goes on, only the order of the requests' stops counts; what does not hold is undone.
    """
    watch = Clocked(clock=clock, iterations=stop.iterations, seconds=stop.seconds)
    if is_large(problem) or workers is not None or rhythm is not None:
        routes, iterations = large(
            problem, seed=seed, stop=stop, watch=watch, threads=threads, given=workers, rhythm=rhythm
        )
    else:
        told = [clock()]

        def on_chunk(engine: Engine) -> None:
            if stop.on_progress and clock() - told[0] >= 1.0:
                told[0] = clock()
                stop.on_progress(
                    Progress(
                        elapsed_s=watch.elapsed,
                        iterations=engine.iterations,
                        unserved_count=engine.unserved,
                        objective_mfen=round(engine.objective),
                    )
                )

        found = search(
            problem,
            seed=seed,
            watch=watch,
            threads=threads,
            start=start,
            keep_back=1.0 - SEARCH_SHARE,
            should_stop=stop.should_cancel,
            on_chunk=on_chunk,
        )
        routes, iterations = list(found.routes), found.iterations
    began, longest = watch.elapsed, 0.0

    def out_of_time() -> bool:
        # asked before every step, so that the longest one so far tells whether another fits
        nonlocal began, longest
        now = watch.elapsed
        began, longest = now, max(longest, now - began)
        late = stop.seconds is not None and now + longest >= stop.seconds
        return late or bool(stop.should_cancel and stop.should_cancel())

    large_one = is_large(problem)
    plan = assemble(
        problem,
        problem.digest(),
        routes,
        seed=seed,
        iterations=iterations,
        should_stop=out_of_time if large_one else None,
    )
    if large_one:
        return explain_nearby(problem, plan, should_stop=out_of_time)
    return explain(problem, plan, should_stop=out_of_time)


def is_large(problem: Problem) -> bool:
    """Whether a problem is searched in parts."""
    return len(problem.requests) > LARGE or problem.legs[0].drive_s.shape[0] > MOST_LOCATIONS


def large(
    problem: Problem,
    *,
    seed: int,
    stop: StopRule,
    watch: Clocked,
    threads: int,
    given: Workers | None,
    rhythm: Rhythm | None,
) -> tuple[list[Route], int]:
    """Search in parts; return the routes and the iterations of all parts together."""
    if not problem.vehicles:
        return [], 0
    told = [watch.elapsed]

    def cancelled() -> bool:
        return bool(stop.should_cancel and stop.should_cancel())

    def on_progress(standing: Standing) -> None:
        if stop.on_progress and watch.elapsed - told[0] >= 1.0:
            told[0] = watch.elapsed
            stop.on_progress(
                Progress(
                    elapsed_s=watch.elapsed,
                    iterations=standing.iterations,
                    unserved_count=standing.unserved_count,
                    objective_mfen=standing.objective_mfen,
                )
            )

    # what comes after the search takes a while as well: the plan is put together and the left over are looked at
    after_s = AFTER_S_PER_REQUEST * len(problem.requests)
    until_s = None if stop.seconds is None else max(0.5 * stop.seconds, SEARCH_IN_PARTS * stop.seconds - after_s)
    workers = given or processes(threads, watch, cancelled)
    try:
        standing = search_parts(
            problem,
            seed=seed,
            watch=watch,
            workers=workers,
            until_s=until_s,
            should_stop=cancelled,
            on_progress=on_progress,
            rhythm=rhythm,
        )
    finally:
        if given is None:
            workers.close()
    return [standing.best[v] for v in sorted(standing.best)], standing.iterations


def processes(count: int, watch: Clocked, cancelled: Callable[[], bool]) -> Workers:
    """Return ``count`` processes; the caller's own thread where none can be started."""
    try:
        return Processes(count)
    except (OSError, AssertionError, RuntimeError, ImportError):
        return Here(clock=watch.clock, should_stop=cancelled)


def assemble(
    problem: Problem,
    digest: str,
    routes: list[Route],
    *,
    seed: int,
    iterations: int,
    should_stop: Callable[[], bool] | None = None,
) -> Plan:
    """Put routes together into a plan and say of everybody left over why, as far as that is simple and in time."""
    served = {s.request for route in routes for s in route.stops if s.request is not None}
    left = [i for i in range(len(problem.requests)) if i not in served]
    judge = Judge(problem) if left else None
    unserved = []
    for i in left:
        known = () if judge is None or (should_stop and should_stop()) else judge.reasons(i)
        unserved.append(Unserved(request=i, reasons=known or (Reason(code=Cause.UNPROVEN, proven=False),)))
    return Plan(
        problem_digest=digest,
        routes=tuple(routes),
        unserved=tuple(unserved),
        cost_mfen=sum(route.cost_mfen for route in routes),
        penalty_mfen=sum(problem.requests[i].penalty_mfen for i in left),
        bound_mfen=None,
        seed=seed,
        iterations=iterations,
    )

"""The entry to the solver: a function of problem, seed and stop rule."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dispatch.explain import explain
from dispatch.plan import Cause, Plan, Reason, Route, Unserved
from dispatch.problem import Problem
from dispatch.search.causes import first_reasons
from dispatch.search.engine import Clocked, Engine, Tuning
from dispatch.search.lifting import lift
from dispatch.search.lowering import Lowered, lower
from dispatch.search.warm import routes_of
from dispatch.search.warmup import compile_kernels

SEARCH_SHARE = 0.92
"""Share of the time that goes to the search when somebody is left over; the rest finds out why."""


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


def solve(problem: Problem, *, seed: int, stop: StopRule, threads: int = 2, start: Sequence[Route] = ()) -> Plan:
    """Return a plan that :func:`dispatch.check.check` finds no violation in; whoever is left over carries a cause.

    The same problem, seed, start, number of threads and iterations give the same plan. ``threads`` searches run side by side.
    Of ``start``, from which the search goes on, only the order of the requests' stops counts; what does not hold is undone.
    """
    clock = time.monotonic
    watch = Clocked(clock=clock, iterations=stop.iterations, seconds=stop.seconds)
    digest = problem.digest()
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

    if not problem.vehicles or not (problem.requests or any(vehicle.pinned for vehicle in problem.vehicles)):
        # nothing to search: the kernels expect at least one of each
        return assemble(problem, digest, [], seed=seed, iterations=0)
    lowered = lower(problem)
    engine = Engine(lowered.model, seed=seed, threads=threads, tuning=Tuning())
    if start:
        engine.load(*routes_of(problem, lowered, engine, start))
    promised = {i for i, r in enumerate(problem.requests) if r.change_mfen > 0 and r.promised_earliest_s is not None}
    engine.run(watch, should_stop=stop.should_cancel, on_chunk=on_chunk, upto=0.7 if promised else SEARCH_SHARE)
    if promised:
        # whoever cannot be served as promised may be served otherwise, at the price of the change
        left = promised & set(unserved_requests(lowered, engine))
        if left:
            engine.relax(lower(problem, relaxed=frozenset(left)).model)
        engine.run(watch, should_stop=stop.should_cancel, on_chunk=on_chunk, upto=SEARCH_SHARE)
    if not engine.unserved:
        engine.run(watch, should_stop=stop.should_cancel, on_chunk=on_chunk)
    plan = assemble(problem, digest, lift(problem, lowered, engine), seed=seed, iterations=engine.iterations)

    began, longest = watch.elapsed, 0.0

    def out_of_time() -> bool:
        # asked before every step, so that the longest one so far tells whether another fits
        nonlocal began, longest
        now = watch.elapsed
        began, longest = now, max(longest, now - began)
        late = stop.seconds is not None and now + longest >= stop.seconds
        return late or bool(stop.should_cancel and stop.should_cancel())

    return explain(problem, plan, should_stop=out_of_time)


def unserved_requests(lowered: Lowered, engine: Engine) -> list[int]:
    return [lowered.requests[r] for r in range(len(lowered.requests)) if engine.best.b_route_of[r] < 0]


def assemble(problem: Problem, digest: str, routes: list[Route], *, seed: int, iterations: int) -> Plan:
    """Put routes together into a plan and say of everybody left over why."""
    served = {s.request for route in routes for s in route.stops if s.request is not None}
    left = [i for i in range(len(problem.requests)) if i not in served]
    unserved = tuple(
        Unserved(request=i, reasons=first_reasons(problem, i) or (Reason(code=Cause.UNPROVEN, proven=False),))
        for i in left
    )
    return Plan(
        problem_digest=digest,
        routes=tuple(routes),
        unserved=unserved,
        cost_mfen=sum(route.cost_mfen for route in routes),
        penalty_mfen=sum(problem.requests[i].penalty_mfen for i in left),
        bound_mfen=None,
        seed=seed,
        iterations=iterations,
    )

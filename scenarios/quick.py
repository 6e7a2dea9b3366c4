"""The fast dispatch policy for long runs: best insertion and a short search, without master problem and without proofs.

It stands in for :func:`dispatch.solve.solve` in the same service: the same snapshot, the same kernels, the same checker. What it
leaves out is what costs most and matters least over a year: the set-partitioning master, and finding out by relaxation why
somebody is left over (causes are those that show without a search, else ``X_UNPROVEN``).
"""

from __future__ import annotations

import time

from dispatch.plan import Plan
from dispatch.problem import Problem
from dispatch.search.engine import Clocked, Engine, Tuning
from dispatch.search.lifting import lift
from dispatch.search.lowering import lower
from dispatch.solve import StopRule, assemble


def solve_quickly(problem: Problem, *, seed: int, stop: StopRule) -> Plan:
    """Return a plan that the checker accepts; deterministic for problem, seed and iterations."""
    digest = problem.digest()
    if not problem.vehicles or not (problem.requests or any(vehicle.pinned for vehicle in problem.vehicles)):
        return assemble(problem, digest, [], seed=seed, iterations=0)
    lowered = lower(problem)
    engine = Engine(lowered.model, seed=seed, threads=1, tuning=Tuning(masters_at=()))
    watch = Clocked(clock=time.monotonic, iterations=stop.iterations, seconds=stop.seconds)
    engine.run(watch, should_stop=stop.should_cancel)
    return assemble(problem, digest, lift(problem, lowered, engine), seed=seed, iterations=engine.iterations)

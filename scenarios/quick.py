"""The fast dispatch policy for long runs: best insertion and a short search, without master problem and without proofs.

It stands in for :func:`dispatch.solve.solve` in the same service: the same snapshot, the same kernels, the same checker. What
it leaves out is what costs most and matters least over a year: the set-partitioning master, and finding out by relaxation why
somebody is left over (causes are those that show without a search, else ``X_UNPROVEN``).
"""

from __future__ import annotations

import time

from dispatch.plan import Plan
from dispatch.problem import Problem
from dispatch.search.engine import Clocked, Tuning
from dispatch.search.session import search
from dispatch.solve import StopRule, assemble

_NO_MASTER = Tuning(masters_at=())


def solve_quickly(problem: Problem, *, seed: int, stop: StopRule) -> Plan:
    """Return a plan that the checker accepts; deterministic for problem, seed and iterations."""
    watch = Clocked(clock=time.monotonic, iterations=stop.iterations, seconds=stop.seconds)
    found = search(problem, seed=seed, watch=watch, threads=1, should_stop=stop.should_cancel, tuning=_NO_MASTER)
    return assemble(problem, problem.digest(), list(found.routes), seed=seed, iterations=found.iterations)

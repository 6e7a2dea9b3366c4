"""The exact mode as a solver of the service: the best plan with its proof, and the reasons of whoever is left over."""

from __future__ import annotations

from dispatch.exact.prove import ProofLimit, prove
from dispatch.explain import explain
from dispatch.plan import Plan
from dispatch.problem import Problem
from dispatch.solve import StopRule

MOST_LABELS = 2_000_000
"""Partial routes before a problem is said to be too large: about two minutes."""


def solve_exactly(problem: Problem, *, seed: int, stop: StopRule, threads: int = 1) -> Plan:
    """Return the plan that no other beats; of ``stop``, seconds and cancelling hold, ``seed`` and ``threads`` change nothing.

    Where the seconds end before the proof, the plan is the best found and ``bound_mfen`` what was proved of any plan.

    Raises
    ------
    TooLargeForProof
        The problem has too many routes, or the time was too short for any plan.
    """
    del seed, threads
    limit = ProofLimit(labels=MOST_LABELS, seconds=600.0 if stop.seconds is None else stop.seconds)
    proof = prove(problem, limit=limit, should_stop=stop.should_cancel)
    return explain(problem, proof.plan, should_stop=stop.should_cancel)

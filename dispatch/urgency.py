"""What leaving a request out weighs: its penalty, lifted so that no number of less urgent requests outweighs it."""

from __future__ import annotations

from dispatch.problem import Problem

OUTRANKS = 50
"""A request of one priority outweighs so many of the priority below: more than one vehicle's day can hold."""


def urgency_weights(problem: Problem) -> list[float]:
    """Return per request what leaving it out costs the plan: its penalty, lifted so that the urgent go first."""
    lift: dict[int, float] = {}
    heaviest = 0.0
    for level in sorted({r.priority for r in problem.requests}, reverse=True):
        mine = [r for r in problem.requests if r.priority == level]
        # penalties that already rise with urgency are left as they are
        lightest = min(r.penalty_mfen for r in mine)
        lift[level] = max(0.0, heaviest * OUTRANKS - lightest)
        heaviest = max(heaviest, lift[level] + max(r.penalty_mfen for r in mine))
    return [r.penalty_mfen + lift[r.priority] for r in problem.requests]

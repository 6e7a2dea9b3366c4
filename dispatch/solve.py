"""The entry to the solver: a pure function of problem, seed and stop rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dispatch.plan import Plan
from dispatch.problem import Problem


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


def solve(problem: Problem, *, seed: int, stop: StopRule) -> Plan:
    """Return a plan that :func:`dispatch.check.check` finds no violation in; whoever is left over carries a cause."""
    raise NotImplementedError

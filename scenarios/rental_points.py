"""Where the next rental point helps most: a covering model over the trips that townships could not make (R062, S09).

Let d[t] be the unmet trips of township t in a month, near(t) the candidate sites within reach of it, k[s] the trips that
one point's cars can carry, c[s] what a point costs in the month. With y[s] in {0,1} a point opened and x[t,s] >= 0 trips
of t carried from s:

    maximise    sum x[t,s] - epsilon sum c[s] y[s]
    subject to  sum_s x[t,s] <= d[t];  sum_t x[t,s] <= k[s] y[s];  x[t,s] = 0 unless s in near(t)
                sum c[s] y[s] <= budget;  sum y[s] <= count

CP-SAT solves it in whole trips. A candidate needs a charger and parking (R062): the caller names only such sites.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from scenarios.errors import ScenarioError


class InvalidCandidate(ScenarioError):
    """A candidate names a township that is not there, or has a figure below zero."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A site that could become a rental point. ``carries_count`` trips a month, ``cost_fen`` a month, ``near`` townships."""

    site_id: str
    near: tuple[str, ...]
    carries_count: int
    cost_fen: int


@dataclass(frozen=True, kw_only=True)
class Placement:
    """The points to open, in the order of what each carries; ``served`` by township; what they cost in a month."""

    site_ids: tuple[str, ...]
    carried: Mapping[str, int]
    served: Mapping[str, int]
    cost_fen: int

    @property
    def served_count(self) -> int:
        return sum(self.served.values())


def place_points(
    unmet: Mapping[str, int], candidates: Sequence[Candidate], *, count: int, budget_fen: int | None = None
) -> Placement:
    """Choose up to ``count`` points within a monthly budget.

    Raises
    ------
    InvalidCandidate
        If a candidate is near a township without figures, or a figure is below zero.
    """
    for own in candidates:
        unknown = [name for name in own.near if name not in unmet]
        if unknown or own.carries_count < 0 or own.cost_fen < 0:
            raise InvalidCandidate(f"{own.site_id}: {unknown or 'figures are zero or more'}")
    model = cp_model.CpModel()
    sites = sorted(candidates, key=lambda own: own.site_id)
    y = [model.new_bool_var(own.site_id) for own in sites]
    x = {
        (s, name): model.new_int_var(0, min(unmet[name], own.carries_count), f"{own.site_id}/{name}")
        for s, own in enumerate(sites)
        for name in sorted(own.near)
    }
    for s, own in enumerate(sites):
        model.add(sum(x[s, name] for name in own.near) <= own.carries_count * y[s])
    for name, trips in unmet.items():
        model.add(sum(trip for (_, town), trip in x.items() if town == name) <= trips)
    cost = sum(own.cost_fen * opened for own, opened in zip(sites, y, strict=True))
    model.add(sum(y) <= count)
    if budget_fen is not None:
        model.add(cost <= budget_fen)
    # One more trip always outweighs what all points together cost: cost only breaks ties.
    model.maximize(sum(x.values()) * (sum(own.cost_fen for own in sites) + 1) - cost)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = 20.0
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise InvalidCandidate(f"no placement was found (status {status})")
    opened = [s for s in range(len(sites)) if solver.value(y[s])]
    carried = {sites[s].site_id: sum(solver.value(x[s, name]) for name in sites[s].near) for s in opened}
    served = {name: sum(solver.value(trip) for (_, town), trip in x.items() if town == name) for name in sorted(unmet)}
    return Placement(
        site_ids=tuple(sorted(carried, key=lambda own: (-carried[own], own))),
        carried=carried,
        served=served,
        cost_fen=sum(sites[s].cost_fen for s in opened),
    )

"""The means of a trip in their order, decided in one problem: own car, neighbours, public transport, time-share, hired car.

Own and pooled cars are in the problem already, as tiers 1 to 5 of rule R069. Here the other means become vehicles of the same
problem, so that one search weighs them all against each other, with batteries, charge points and everybody's time, and the
independent checker judges the result. No cascade decides: what comes later in the order (R069, R093) has a higher tier
price, high enough that it is taken only where an earlier means could not serve without leaving somebody else behind.

- **Public transport**: a vehicle of its own for each request whose connection the caller knows, at the request's origin.
- **Time-share**: the rental car at its point. Only requests that begin and end there may take it, so that nobody is needed
to fetch
  or return it; its price is the tariff's quote for that request.
- **Hired car with driver** (R104): a vehicle of the provider at its stand, with the contract's price.

That the earlier means could not serve is shown by solving the problem without the later ones: :func:`without_later`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from dispatch.errors import InvalidProblem
from dispatch.plan import Plan
from dispatch.problem import FORBIDDEN, Problem, TierRefusal, VehicleSpec

OWN_TIERS = 7
"""Tiers 0 to 6 are rule R069's; the means added here come after them."""

_MOST_PRICES = 100


class Step(IntEnum):
    """The order of means beyond own and pooled cars (R093)."""

    PUBLIC_TRANSPORT = 1
    TIME_SHARE = 2
    HIRED = 3


@dataclass(frozen=True, kw_only=True)
class MeansCar:
    """One car or connection. ``price_mfen`` maps the requests (by index) that may take it to what it costs for them.

    ``vehicle.group`` counts for nothing: each gets a group of its own.
    """

    step: Step
    vehicle: VehicleSpec
    price_mfen: Mapping[int, int]


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """The problem with all means, and which of its vehicles is which. ``step_of`` holds the added ones by vehicle index."""

    problem: Problem
    step_of: Mapping[int, Step]

    def decide(self, plan: Plan) -> dict[int, Step | None]:
        """The means of each served request of a plan: None for a car of tiers 1 to 5."""
        return {
            stop.request: self.step_of.get(route.vehicle)
            for route in plan.routes
            for stop in route.stops
            if stop.request is not None
        }


def add_means(problem: Problem, cars: Sequence[MeansCar], *, step_mfen: int = 30_000_000) -> Ladder:
    """Put the further means into a problem.

    Parameters
    ----------
    problem
        With the cars of tiers 1 to 5; its own vehicles and requests keep their places and indices.
    cars
        In any order; added by step and id, so that equal input gives an equal problem.
    step_mfen
        What each step of the order costs beyond the one before it, 300 yuan by default: more than an earlier means can cost in
        driving within a day, less than leaving the request unserved.

    Raises
    ------
    InvalidProblem
        If a time-share car is offered to a request that does not begin and end at its point, or an index is unknown.
    """
    ordered = sorted(cars, key=lambda own: (own.step, own.vehicle.id))
    prices = [own.step * step_mfen + fen for own in ordered for fen in own.price_mfen.values()]
    levels = _levels(prices)
    requests = len(problem.requests)
    groups = problem.tier.shape[1]
    tier = np.full((requests, groups + len(ordered)), FORBIDDEN, dtype=np.int8)
    refusal = np.full(tier.shape, int(TierRefusal.NO_AGREEMENT), dtype=np.int8)
    for number, request in enumerate(problem.requests):
        tier[number, :groups] = problem.tier[request.group]
        refusal[number, :groups] = problem.tier_refusal[request.group]
    for place, car in enumerate(ordered):
        for number, price in car.price_mfen.items():
            _check(problem, car, number)
            column = groups + place
            tier[number, column] = OWN_TIERS + _level(levels, car.step * step_mfen + price)
            refusal[number, column] = int(TierRefusal.ALLOWED)
    own_prices = (*problem.tier_mfen, *(0,) * (OWN_TIERS - len(problem.tier_mfen)))
    first = len(problem.vehicles)
    added = tuple(replace(car.vehicle, group=groups + place) for place, car in enumerate(ordered))
    return Ladder(
        problem=replace(
            problem,
            vehicles=(*problem.vehicles, *added),
            requests=tuple(replace(own, group=number) for number, own in enumerate(problem.requests)),
            tier=tier,
            tier_refusal=refusal,
            tier_mfen=(*own_prices, *levels),
        ),
        step_of={first + place: car.step for place, car in enumerate(ordered)},
    )


def without_later(ladder: Ladder, step: Step) -> Problem:
    """The same problem without this step and those after it: what a plan of it leaves unserved, the earlier means cannot."""
    problem = ladder.problem
    tier, refusal = problem.tier.copy(), problem.tier_refusal.copy()
    for vehicle, own in ladder.step_of.items():
        if own >= step:
            group = problem.vehicles[vehicle].group
            tier[:, group] = FORBIDDEN
            refusal[:, group] = int(TierRefusal.NO_AGREEMENT)
    return replace(problem, tier=tier, tier_refusal=refusal)


def _check(problem: Problem, car: MeansCar, number: int) -> None:
    where = f"{car.vehicle.id}.price_mfen[{number}]"
    if not 0 <= number < len(problem.requests):
        raise InvalidProblem(where, number, f"is out of range: there are {len(problem.requests)}")
    if car.step is Step.TIME_SHARE:
        stops = problem.requests[number].stops
        if {stops[0].location, stops[-1].location} != {car.vehicle.start_location}:
            raise InvalidProblem(where, problem.requests[number].id, "a rental begins and ends at its point")


def _levels(prices: Sequence[int]) -> tuple[int, ...]:
    """At most a hundred prices that stand for all: each is rounded up to the next, so that none becomes cheaper."""
    distinct = sorted(set(prices))
    if len(distinct) <= _MOST_PRICES:
        return tuple(distinct)
    at = np.unique(np.linspace(0, len(distinct) - 1, _MOST_PRICES).round().astype(int))
    return tuple(distinct[int(place)] for place in at)


def _level(levels: Sequence[int], price: int) -> int:
    return next(number for number, level in enumerate(levels) if level >= price)

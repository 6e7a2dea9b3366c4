"""Limits between routes: plans keep them, dropping one makes a cheaper plan that the check refuses, and the cause is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.check import Breach, check
from dispatch.coupling import Coupling, ReadyReserve, RentalPoint, TripQuota, TripShare
from dispatch.decompose.rounds import Rhythm
from dispatch.decompose.workers import Here
from dispatch.errors import InvalidProblem
from dispatch.plan import Cause, Plan
from dispatch.problem import Problem, RequestKind
from dispatch.search.choice import ChargeRows
from dispatch.search.engine import Clocked, Engine
from dispatch.search.lowering import lower
from dispatch.solve import StopRule, solve
from tests.dispatch.generated import make_problem

STOP = StopRule(iterations=600)


def fleet_problem(seed: int = 3) -> Problem:
    """Everybody may use every vehicle; the fleet is just about as large as is needed."""
    problem = make_problem(seed, vehicles=6, requests=14, electric=0.0, charters=0.0)
    tier = np.ones_like(problem.tier)
    asked = tuple(replace(r, kinds=0, equipment=0, seats=min(r.seats, 2)) for r in problem.requests)
    return replace(problem, requests=asked, tier=tier, tier_refusal=np.zeros_like(tier))


def rental_problem() -> Problem:
    """Cars at place 0, all wanted at place 1, at the same time."""
    problem = make_problem(3, vehicles=5, requests=5, electric=0.0, charters=0.0, sites=0)
    fleet = tuple(
        replace(v, self_drive=True, start_location=0, end_location=None, max_route_s=None, max_drive_s=None, seats=6)
        for v in problem.vehicles
    )
    asked = tuple(
        replace(
            r,
            kind=RequestKind.RENTAL,
            stops=(
                replace(r.stops[0], location=0, earliest_s=30_000 + 60 * i, latest_s=30_000 + 60 * i, service_s=0),
                replace(r.stops[1], location=1, earliest_s=45_000 + 60 * i, latest_s=45_000 + 60 * i, service_s=0),
            ),
            kinds=0,
            equipment=0,
            max_ride_s=None,
        )
        for i, r in enumerate(problem.requests)
    )
    tier = np.ones_like(problem.tier)
    return replace(problem, vehicles=fleet, requests=asked, tier=tier, tier_refusal=np.zeros_like(tier))


def few(problem: Problem, count: int) -> tuple[int, ...]:
    """The vehicles that the plan without limits uses most, so that a limit on them bites."""
    plan = solve(problem, seed=1, stop=STOP)
    return tuple(route.vehicle for route in sorted(plan.routes, key=lambda r: -len(r.stops))[:count])


CASES: dict[Breach, Callable[[], tuple[Problem, Coupling]]] = {
    Breach.READY_RESERVE: lambda: (
        fleet_problem(),
        Coupling(reserves=(ReadyReserve(id="duty", vehicles=tuple(range(6)), begin_s=0, end_s=86_400, ready_count=4),)),
    ),
    Breach.TRIP_QUOTA: lambda: (
        fleet_problem(),
        Coupling(quotas=(TripQuota(id="unit", request_groups=(0, 1), vehicle_groups=(0, 1, 2), most_count=3),)),
    ),
    Breach.TRIP_SHARE: lambda: (
        fleet_problem(),
        Coupling(
            shares=(
                TripShare(
                    id="nev", vehicles=tuple(sorted(set(range(6)) - set(few(fleet_problem(), 2)))), least_of_1000=700
                ),
            )
        ),
    ),
    Breach.RENTAL_SPACES: lambda: (
        rental_problem(),
        Coupling(rental_points=(RentalPoint(id="station", location=1, spaces=2),)),
    ),
    Breach.RENTAL_LEFT: lambda: (
        rental_problem(),
        Coupling(rental_points=(RentalPoint(id="office", location=0, left_count=3),)),
    ),
}


def total(plan: Plan) -> int:
    return plan.cost_mfen + plan.penalty_mfen


@pytest.mark.parametrize("breach", list(CASES))
def test_without_the_limit_there_is_a_cheaper_plan_that_the_check_refuses(breach: Breach) -> None:
    free, coupling = CASES[breach]()
    limited = replace(free, coupling=coupling)
    kept = solve(limited, seed=1, stop=STOP)
    assert check(limited, kept) == ()
    unlimited = solve(free, seed=1, stop=STOP)
    assert check(free, unlimited) == ()
    assert total(unlimited) < total(kept)
    assert {v.cause for v in check(limited, replace(unlimited, problem_digest=limited.digest()))} == {breach}


def test_a_limit_leaves_as_much_as_it_allows() -> None:
    cars = replace(rental_problem(), coupling=CASES[Breach.RENTAL_SPACES]()[1])
    assert len(solve(cars, seed=1, stop=STOP).unserved) == 3
    left = replace(rental_problem(), coupling=CASES[Breach.RENTAL_LEFT]()[1])
    assert len(solve(left, seed=1, stop=STOP).unserved) == 3
    problem, coupling = CASES[Breach.TRIP_QUOTA]()
    plan = solve(replace(problem, coupling=coupling), seed=1, stop=STOP)
    served = {s.request for route in plan.routes for s in route.stops if s.request is not None}
    assert sum(problem.requests[r].group in {0, 1} for r in served) == 3
    problem, coupling = CASES[Breach.READY_RESERVE]()
    assert len(solve(replace(problem, coupling=coupling), seed=1, stop=STOP).routes) == 2


@pytest.mark.parametrize(
    ("breach", "cause"),
    [
        (Breach.READY_RESERVE, Cause.READY_RESERVE),
        (Breach.TRIP_QUOTA, Cause.QUOTA),
        (Breach.TRIP_SHARE, Cause.TRIP_SHARE),
        (Breach.RENTAL_SPACES, Cause.RENTAL_POINT),
        (Breach.RENTAL_LEFT, Cause.RENTAL_POINT),
    ],
)
def test_who_is_left_over_for_a_limit_is_told_so(breach: Breach, cause: Cause) -> None:
    problem, coupling = CASES[breach]()
    if breach is Breach.TRIP_SHARE:
        # so few vehicles count that not everybody can be served
        coupling = Coupling(shares=(TripShare(id="nev", vehicles=(0,), least_of_1000=900),))
    plan = solve(replace(problem, coupling=coupling), seed=1, stop=STOP)
    told = {reason.code for u in plan.unserved for reason in u.reasons if reason.proven}
    assert cause in told


@settings(max_examples=8)
@given(seed=st.integers(0, 1_000), parts=st.booleans())
def test_plans_keep_all_limits_together(seed: int, parts: bool) -> None:
    problem = replace(make_problem(seed, rentals=0.2, electric=0.3), horizon_s=86_400)
    coupling = Coupling(
        reserves=(ReadyReserve(id="a", vehicles=(0, 1, 2, 3), begin_s=30_000, end_s=40_000, ready_count=2),),
        quotas=(TripQuota(id="q", request_groups=(0,), vehicle_groups=(0, 1), most_count=2),),
        shares=(TripShare(id="n", vehicles=(0, 2, 4, 6), least_of_1000=400),),
        rental_points=tuple(RentalPoint(id=f"p{i}", location=i, spaces=1, left_count=1) for i in range(15)),
    )
    limited = replace(problem, coupling=coupling)
    here = Here(clock=lambda: 0.0, should_stop=lambda: False)
    plan = solve(
        limited,
        seed=seed,
        stop=StopRule(iterations=200),
        workers=here if parts else None,
        rhythm=Rhythm(size=8, most_rounds=2) if parts else None,
    )
    assert check(limited, plan) == ()


def test_the_same_seed_gives_the_same_plan() -> None:
    problem, coupling = CASES[Breach.TRIP_SHARE]()
    limited = replace(problem, coupling=coupling)
    assert solve(limited, seed=4, stop=STOP) == solve(limited, seed=4, stop=STOP)


BROKEN = {
    "coupling.reserves[0].vehicles": Coupling(
        reserves=(ReadyReserve(id="a", vehicles=(9,), begin_s=0, end_s=1, ready_count=1),)
    ),
    "coupling.reserves[0].end_s": Coupling(
        reserves=(ReadyReserve(id="a", vehicles=(0,), begin_s=2, end_s=1, ready_count=1),)
    ),
    "coupling.reserves[0].ready_count": Coupling(
        reserves=(ReadyReserve(id="a", vehicles=(0,), begin_s=0, end_s=1, ready_count=-1),)
    ),
    "coupling.quotas[0].request_groups": Coupling(
        quotas=(TripQuota(id="q", request_groups=(7,), vehicle_groups=(0,), most_count=2),)
    ),
    "coupling.quotas[0].vehicle_groups": Coupling(
        quotas=(TripQuota(id="q", request_groups=(0,), vehicle_groups=(0, 0), most_count=2),)
    ),
    "coupling.quotas[0].most_count": Coupling(
        quotas=(TripQuota(id="q", request_groups=(0,), vehicle_groups=(0,), most_count=-1),)
    ),
    "coupling.shares[0].least_of_1000": Coupling(shares=(TripShare(id="s", vehicles=(0,), least_of_1000=1001),)),
    "coupling.rental_points[0].location": Coupling(rental_points=(RentalPoint(id="p", location=99),)),
    "coupling.rental_points[0].spaces": Coupling(rental_points=(RentalPoint(id="p", location=1, spaces=-1),)),
    "coupling.rental_points[1].id": Coupling(
        rental_points=(RentalPoint(id="p", location=1), RentalPoint(id="p", location=2))
    ),
}


@pytest.mark.parametrize("field", list(BROKEN))
def test_the_field_is_named(field: str) -> None:
    with pytest.raises(InvalidProblem) as caught:
        replace(fleet_problem(), coupling=BROKEN[field])
    assert caught.value.field == field


def test_charge_points_are_rows_over_time() -> None:
    """What the chosen routes overdraw at an instant is found, and no pair of columns is left that overdraws it."""
    problem = make_problem(9, electric=1.0, sites=1, side_m=60_000.0, vehicles=6)
    lowered = lower(problem)
    engine = Engine(lowered.model, seed=1, threads=1)
    engine.run(Clocked(clock=lambda: 0.0, iterations=400, seconds=None), masters=False)
    engine.master.pool.gather(engine.states, None)
    rows = engine.charges(engine.master.pool, np.arange(len(engine.master.pool)))
    charging = [at for at, stays in enumerate(rows.stays) if stays][:40]
    assert charging
    clashing = 0
    for a, b in combinations(charging, 2):
        apart = all(
            end <= begin or late <= early for _, early, end in rows.stays[a] for _, begin, late in rows.stays[b]
        )
        found = rows.overdrawn([a, b])
        assert bool(found) == (not apart)
        clashing += bool(found)
        for taken, limit in found:
            assert sum(weight for at, weight in taken if at in {a, b}) > limit
    assert clashing


def test_what_is_held_leaves_less_power_for_others() -> None:
    problem = make_problem(9, electric=1.0, sites=1, points=4)
    net = lower(problem).model.net
    rows = ChargeRows(net, [[(0, 10.0, 20.0)], [(0, 15.0, 30.0)]])
    [(taken, limit)] = rows.overdrawn([0, 1])
    assert (taken, limit) == ([(0, 60_000), (1, 60_000)], 90_000)
    held = ChargeRows(net, [[(0, 10.0, 20.0)]], [(0, 12.0, 14.0)])
    [(taken, limit)] = held.overdrawn([0])
    assert (taken, limit) == ([(0, 60_000)], 30_000)

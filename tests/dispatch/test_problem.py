"""Problems: what contradicts itself is refused with the field's name; equal problems have equal digests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from dispatch.errors import DispatchError, InvalidProblem
from dispatch.problem import Problem, RequestKind
from tests.dispatch.generated import make_problem


def legs_with(problem: Problem, **arrays: object) -> Problem:
    return replace(problem, legs=(replace(problem.legs[0], **arrays),))


def request_with(problem: Problem, **values: object) -> Problem:
    return replace(problem, requests=(replace(problem.requests[0], **values), *problem.requests[1:]))


def vehicle_with(problem: Problem, **values: object) -> Problem:
    return replace(problem, vehicles=(replace(problem.vehicles[0], **values), *problem.vehicles[1:]))


def negative(problem: Problem) -> Problem:
    metres = problem.legs[0].drive_m.copy()
    metres[1, 2] = -5
    return legs_with(problem, drive_m=metres)


BROKEN: dict[str, Callable[[Problem], Problem]] = {
    "legs[0].drive_m[1, 2]": negative,
    "legs[0].drive_s": lambda p: legs_with(p, drive_s=np.zeros((3, 4), np.int32)),
    "legs[0].drive_wh": lambda p: legs_with(p, drive_wh=np.zeros((3, 3), np.int32)),
    "requests[1].id": lambda p: replace(p, requests=(p.requests[0], p.requests[0])),
    "requests[0].stops[0].location": lambda p: request_with(
        p, stops=(replace(p.requests[0].stops[0], location=99), p.requests[0].stops[1])
    ),
    "requests[0].stops[0].latest_s": lambda p: request_with(
        p, stops=(replace(p.requests[0].stops[0], latest_s=0), p.requests[0].stops[1])
    ),
    "requests[0].seats": lambda p: request_with(p, seats=0),
    "requests[0].group": lambda p: request_with(p, group=7),
    "requests[0].stops": lambda p: request_with(p, kind=RequestKind.TRANSFER, stops=p.requests[0].stops[:1]),
    "requests[0].promised_vehicle": lambda p: request_with(p, promised_vehicle=50),
    "vehicles[0].windows[0]": lambda p: vehicle_with(p, windows=((10, 5),)),
    "vehicles[0].windows[1]": lambda p: vehicle_with(p, windows=((0, 5), (3, 9))),
    "vehicles[0].start_location": lambda p: vehicle_with(p, start_location=-1),
    "vehicles[0].legs": lambda p: vehicle_with(p, legs=1),
    "vehicles[0].mfen_per_m": lambda p: vehicle_with(p, mfen_per_m=-1),
    "requests[0].penalty_mfen": lambda p: request_with(p, penalty_mfen=2**60),
    "requests[0].stops[1].latest_s": lambda p: request_with(
        p, stops=(p.requests[0].stops[0], replace(p.requests[0].stops[1], latest_s=2**40))
    ),
    "vehicles[0].seats": lambda p: vehicle_with(p, seats=2**40),
    "vehicles[0].max_route_s": lambda p: vehicle_with(p, max_route_s=2**40),
    "tier_mfen[1]": lambda p: replace(p, tier_mfen=(0, 2**60, 1, 2)),
    "tier_refusal": lambda p: replace(p, tier_refusal=np.zeros((1, 1), np.int8)),
    "charge_groups[0].site": lambda p: replace(p, site_power_w=()),
    "legs": lambda p: replace(p, legs=()),
}


@pytest.mark.parametrize("field", list(BROKEN))
def test_the_field_is_named(field: str) -> None:
    with pytest.raises(InvalidProblem) as caught:
        BROKEN[field](make_problem(1, charters=0.0))
    assert caught.value.field == field
    assert isinstance(caught.value, DispatchError)
    assert field in str(caught.value)


def test_equal_problems_have_equal_digests() -> None:
    assert make_problem(1).digest() == make_problem(1).digest()
    assert make_problem(1).digest() != make_problem(2).digest()


def test_every_part_counts_in_the_digest() -> None:
    problem = make_problem(1)
    changed = [
        vehicle_with(problem, seats=9),
        request_with(problem, penalty_mfen=1),
        replace(problem, tier_mfen=(0, 0, 1, 2)),
        legs_with(problem, toll_fen=problem.legs[0].toll_fen + 1),
        replace(problem, site_power_w=(None,) * len(problem.site_power_w)),
    ]
    assert len({p.digest() for p in [problem, *changed]}) == 1 + len(changed)

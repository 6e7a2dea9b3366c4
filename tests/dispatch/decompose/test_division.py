"""Parts: everybody is in one at most, sites are not shared, and cuts fall elsewhere in the next round."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dispatch.decompose.coordinates import coordinates
from dispatch.decompose.division import draw
from dispatch.plan import Route, Stop, StopKind
from dispatch.problem import Problem
from tests.benchmarks.scale_fleet import make_day
from tests.dispatch.generated import make_problem


def parts_of(problem: Problem, routes: dict[int, Route], *, size: int, seed: int):
    return draw(problem, routes, coordinates(problem), size=size, rng=np.random.default_rng(seed))


def route(vehicle: int, *, requests: tuple[int, ...] = (), group: int | None = None) -> Route:
    at = {"location": 0, "arrive_s": 0, "begin_s": 0, "depart_s": 0, "load": 0}
    stops = [Stop(kind=StopKind.START, **at)]
    stops += [Stop(kind=StopKind.PICKUP, request=r, stop=0, **at) for r in requests]
    stops += [Stop(kind=StopKind.CHARGE, charge_group=group, **at)] if group is not None else []
    return Route(vehicle=vehicle, stops=(*stops, Stop(kind=StopKind.END, **at)), cost_mfen=0)


@given(seed=st.integers(0, 1_000), size=st.integers(2, 30))
def test_everybody_is_in_one_part_at_most(seed: int, size: int) -> None:
    problem = make_problem(seed, requests=25, vehicles=9)
    parts = parts_of(problem, {}, size=size, seed=seed)
    for name in ("vehicles", "requests", "sites"):
        seen = [x for part in parts for x in getattr(part, name)]
        assert len(seen) == len(set(seen))
    assert sorted(v for part in parts for v in part.vehicles) == list(range(9))


def test_parts_are_areas() -> None:
    problem = make_day(requests=200, vehicles=30, areas=2, seed=3)
    area = problem.legs[0].area
    parts = parts_of(problem, {}, size=100, seed=1)
    assert len(parts) == 2
    for part in parts:
        homes = [int(area[problem.vehicles[v].start_location]) for v in part.vehicles]
        assert max(homes.count(a) for a in (0, 1)) >= 0.7 * len(homes)


def test_a_vehicle_stays_with_its_requests() -> None:
    problem = make_problem(5, requests=25, vehicles=9)
    routes = {2: route(2, requests=(3, 8, 19))}
    for seed in range(5):
        [home] = [part for part in parts_of(problem, routes, size=6, seed=seed) if 2 in part.vehicles]
        assert {3, 8, 19} <= set(home.requests)


def test_whoever_was_promised_a_vehicle_is_planned_with_it() -> None:
    problem = make_problem(5, requests=25, vehicles=9)
    asked = tuple(replace(r, promised_vehicle=i % 3, change_mfen=1) for i, r in enumerate(problem.requests))
    problem = replace(problem, requests=asked)
    for part in parts_of(problem, {}, size=6, seed=1):
        assert all(problem.requests[r].promised_vehicle in part.vehicles for r in part.requests)


def test_who_charges_at_the_site_of_another_part_is_left_out() -> None:
    problem = make_problem(5, requests=25, vehicles=9, sites=1, electric=1.0)
    routes = {v: route(v, requests=(v,), group=0) for v in range(9)}
    parts = parts_of(problem, routes, size=6, seed=1)
    [owner] = [part for part in parts if 0 in part.sites]
    assert parts == [owner]
    assert 0 < len(owner.vehicles) < 9
    assert not {v for v in range(9) if v not in owner.vehicles} & set(owner.requests)


def test_the_cuts_move() -> None:
    problem = make_day(requests=120, vehicles=20, areas=2, seed=3)
    assert len({tuple(part.requests for part in parts_of(problem, {}, size=40, seed=s)) for s in range(4)}) == 4


def test_equal_places_are_divided_all_the_same() -> None:
    problem = make_problem(5, requests=24, vehicles=8, charters=0.0)
    asked = tuple(replace(r, stops=problem.requests[0].stops) for r in problem.requests)
    fleet = tuple(replace(v, start_location=0, end_location=0) for v in problem.vehicles)
    parts = parts_of(replace(problem, requests=asked, vehicles=fleet), {}, size=6, seed=1)
    assert max(len(part.requests) for part in parts) <= 14

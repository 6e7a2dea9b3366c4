"""The models of rental operations against brute force, and the bounds that no plan may break."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.rental_operations import (
    ChargingCar,
    ChargingSite,
    Deadline,
    charge_at_once,
    falling_gains,
    plan_charging,
    relocate,
    steer,
)


def a_site(prices=(100, 100, 30, 30), **changes) -> ChargingSite:
    fields = {"points_count": 2, "point_w": 7_000, "power_w": 10_000, "slot_s": 3_600, "price_fen_per_kwh": prices}
    return ChargingSite(**(fields | changes))


def a_car(id="a", charge=10_000, *, by=4, least=24_000, **changes) -> ChargingCar:
    fields = {
        "id": id,
        "charge_wh": charge,
        "capacity_wh": 40_000,
        "max_w": 7_000,
        "arrives": 0,
        "leaves": 4,
        "deadlines": (Deadline(by=by, least_wh=least),),
    }
    return ChargingCar(**(fields | changes))


def test_what_can_wait_charges_when_it_is_cheap():
    plan = plan_charging(a_site(), [a_car()])
    assert plan.energy_wh["a"] == (0, 0, 7_000, 7_000)
    assert (plan.shortfall_wh, plan.cost_fen) == (0, 14 * 30)


def test_the_next_renter_comes_before_the_price():
    plan = plan_charging(a_site(), [a_car(by=2)])
    assert plan.energy_wh["a"][:2] == (7_000, 7_000)


def test_two_cars_share_the_power_and_the_one_with_a_renter_goes_first():
    cars = [a_car("a", by=1, least=17_000), a_car("b", by=4, least=17_000)]
    plan = plan_charging(a_site(), cars)
    assert plan.energy_wh["a"][0] == 7_000
    assert all(plan.energy_wh["a"][t] + plan.energy_wh["b"][t] <= 10_000 for t in range(4))
    assert plan.shortfall_wh == 0


def test_what_cannot_be_done_is_said():
    plan = plan_charging(a_site(power_w=3_000), [a_car(by=2, least=24_000)])
    assert plan.shortfall_wh == 8_000


def test_a_priced_peak_is_flattened():
    prices = (50,) * 4
    steep = plan_charging(a_site(prices), [a_car(least=18_000)])
    flat = plan_charging(a_site(prices, peak_fen_per_kw=500), [a_car(least=18_000)])
    assert (steep.peak_w, flat.peak_w) == (7_000, 2_000)


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="once"):
        plan_charging(a_site(), [a_car(), a_car()])
    with pytest.raises(ValueError, match="zero or more"):
        plan_charging(a_site(power_w=-1), [a_car()])
    assert plan_charging(a_site(points_count=0), [a_car()]).energy_wh["a"] == (0, 0, 0, 0)


@settings(max_examples=40)
@given(st.data())
def test_no_plan_breaks_a_bound_and_none_is_cheaper_at_that_shortfall(data):
    """Against all plans in steps of 1 kWh: never a larger shortfall, and at the same one never dearer."""
    draw = data.draw
    slots = 3
    site = a_site(
        tuple(draw(st.integers(1, 9)) * 10 for _ in range(slots)),
        points_count=draw(st.integers(0, 2)),
        point_w=draw(st.sampled_from([2_000, 3_000])),
        power_w=draw(st.integers(0, 5)) * 1_000,
    )
    cars = [
        a_car(
            name,
            charge=draw(st.integers(0, 4)) * 1_000,
            by=draw(st.integers(0, slots)),
            least=draw(st.integers(0, 8)) * 1_000,
            capacity_wh=8_000,
            max_w=3_000,
            arrives=draw(st.integers(0, 1)),
            leaves=draw(st.integers(2, slots)),
        )
        for name in ("a", "b")
    ]
    plan = plan_charging(site, cars)
    best = None
    cap = min(site.point_w, 3_000) // 1_000
    for steps in product(range(cap + 1), repeat=2 * slots):
        own = (steps[:slots], steps[slots:])
        if any(own[c][t] and not cars[c].arrives <= t < cars[c].leaves for c in range(2) for t in range(slots)):
            continue
        if any(
            (own[0][t] + own[1][t]) * 1_000 > site.power_w or (own[0][t] + own[1][t]) / cap > site.points_count
            for t in range(slots)
        ):
            continue
        if any(sum(own[c]) * 1_000 + cars[c].charge_wh > 8_000 for c in range(2)):
            continue
        short = sum(
            max(0, cars[c].deadlines[0].least_wh - cars[c].charge_wh - 1_000 * sum(own[c][: cars[c].deadlines[0].by]))
            for c in range(2)
        )
        cost = sum((own[0][t] + own[1][t]) * site.price_fen_per_kwh[t] for t in range(slots))
        best = min((short, cost), best or (short, cost))
    assert best is not None
    assert plan.shortfall_wh <= best[0] + 4
    if plan.shortfall_wh >= best[0] - 4:
        assert plan.cost_fen <= best[1] + 1
    for t in range(slots):
        drawn = sum(plan.energy_wh[car.id][t] for car in cars)
        assert drawn <= site.power_w
        if drawn:
            assert drawn / (cap * 1_000) <= site.points_count + 1e-3
    for car in cars:
        assert sum(plan.energy_wh[car.id]) + car.charge_wh <= max(car.charge_wh, car.capacity_wh)


def test_charging_at_once_is_first_come_first_served():
    site = a_site(points_count=2, power_w=10_000)
    cars = [a_car("a"), a_car("b"), a_car("c"), a_car("d", charge=40_000)]
    assert charge_at_once(site, cars, order=("c", "d", "a", "b")) == {"c": 7_000, "a": 3_000}


def test_gains_are_made_to_fall():
    assert falling_gains([0, 1, 5, 6]) == (0, 2.5, 5, 6)
    assert falling_gains([0, 3, 5, 6]) == (0, 3, 5, 6)
    assert falling_gains([2]) == (2,)


@settings(max_examples=30)
@given(st.data())
def test_relocation_is_the_best_there_is(data):
    """Against every way to move the cars of three points."""
    draw = data.draw
    points = ("a", "b", "c")
    stock = {p: draw(st.integers(0, 3)) for p in points}
    movable = {p: draw(st.integers(0, stock[p])) for p in points}
    served = {p: [0.0] for p in points}
    for p in points:
        gains = sorted((draw(st.integers(0, 30)) / 10 for _ in range(4)), reverse=True)
        for gain in gains:
            served[p].append(served[p][-1] + gain)
    cost = {(i, j): draw(st.integers(0, 2_000)) for i in points for j in points if i != j}
    most = draw(st.integers(0, 3))

    def worth(moves) -> int | None:
        out = {p: sum(n for (i, _), n in moves.items() if i == p) for p in points}
        into = {p: sum(n for (_, j), n in moves.items() if j == p) for p in points}
        if any(out[p] > movable[p] for p in points) or sum(moves.values()) > most:
            return None
        end = {p: stock[p] + into[p] - out[p] for p in points}
        value = sum(
            round((served[p][min(k, 4)] - served[p][min(k - 1, 4)]) * 1_000)
            for p in points
            for k in range(1, end[p] + 1)
        )
        return value - sum(cost[pair] * n for pair, n in moves.items())

    found = relocate(stock, movable, served, cost, worth_fen=1_000, most_moves=most)
    mine = worth({(move.origin, move.goal): move.count for move in found})
    assert mine is not None
    pairs = sorted(cost)
    best = max(
        own
        for counts in product(range(most + 1), repeat=len(pairs))
        if sum(counts) <= most and (own := worth(dict(zip(pairs, counts, strict=True)))) is not None
    )
    assert mine == best


def test_a_return_is_steered_where_the_reward_pays():
    def accepts(fen: int, metres: int) -> float:
        return max(0.0, min(0.9, fen / 2_000 - metres / 10_000))

    found = steer("a", {"a": 500, "b": 6_000, "c": 700}, {"b": 2_000, "c": 200}, accepts=accepts)
    assert found is not None
    assert (found.site_id, found.incentive_fen) == ("b", 2_000)
    assert steer("b", {"a": 500, "b": 6_000}, {"a": 2_000}, accepts=accepts) is None
    assert steer("a", {"a": 500}, {}, accepts=accepts) is None

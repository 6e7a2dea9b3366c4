"""Charge points: first come, first served, and the queue that theory expects."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.charge_points import ChargeQueue, erlang_c_wait_s
from scenarios.paired import mean_interval


def test_first_come_first_served():
    queue = ChargeQueue(2)
    assert [queue.serve(0, 100), queue.serve(10, 20), queue.serve(15, 5), queue.serve(200, 1)] == [0, 10, 30, 200]
    assert queue.wait_s == 15
    assert queue.busy_s == 126
    assert queue.sessions_count == 4


def test_without_points_nobody_charges():
    queue = ChargeQueue(0)
    assert queue.peek_s(5) == float("inf")
    with pytest.raises(ValueError, match="no charge point"):
        queue.serve(0, 1)
    with pytest.raises(ValueError, match="points"):
        ChargeQueue(-1)


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 300)), max_size=30).map(sorted),
)
def test_never_more_sessions_than_points(points, visits):
    queue = ChargeQueue(points)
    sessions = [(begin := queue.serve(arrive, length), begin + length) for arrive, length in visits]
    for begin, _ in sessions:
        assert sum(b <= begin < e for b, e in sessions) <= points
    assert all(begin >= arrive for (begin, _), (arrive, _) in zip(sessions, visits, strict=True))


@pytest.mark.parametrize(("points", "load"), [(1, 0.6), (3, 2.1), (8, 6.4)])
def test_the_mean_wait_is_that_of_an_m_m_c_queue(points, load):
    mean_charge_s, count = 1_800.0, 30_000
    arrivals_per_s = load / mean_charge_s
    waits, uses = [], []
    for seed in range(10):
        rng, queue, now = Random(f"{points}/{seed}"), ChargeQueue(points), 0.0
        for _ in range(count):
            now += rng.expovariate(arrivals_per_s)
            queue.serve(now, rng.expovariate(1 / mean_charge_s))
        waits.append(queue.wait_s / count)
        uses.append(queue.busy_s / now / points)
    expected_s = erlang_c_wait_s(points=points, arrivals_per_s=arrivals_per_s, mean_charge_s=mean_charge_s)
    interval = mean_interval(waits, confidence_frac=0.999)
    assert interval.low <= expected_s <= interval.high
    assert interval.high - interval.low < 0.5 * expected_s, "an interval that says something"
    assert sum(uses) / len(uses) == pytest.approx(load / points, rel=0.02)


def test_erlang_c_of_one_point_is_the_textbook_formula():
    # M/M/1: rho / (1 - rho) x mean service time
    assert erlang_c_wait_s(points=1, arrivals_per_s=0.5 / 60, mean_charge_s=60) == pytest.approx(60)
    with pytest.raises(ValueError, match="grows without bound"):
        erlang_c_wait_s(points=2, arrivals_per_s=1.0, mean_charge_s=2.0)

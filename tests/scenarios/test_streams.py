"""Named streams: a draw depends on its name and key alone."""

from __future__ import annotations

from statistics import fmean, stdev

import pytest

from scenarios.streams import Streams


def test_a_draw_is_a_function_of_seed_stream_and_key():
    assert Streams(seed=1).uniform("a", "x") == Streams(seed=1).uniform("a", "x")
    draws = {
        Streams(seed=seed).uniform(stream, *key)
        for seed in (1, 2)
        for stream in ("a", "b")
        for key in (("x",), ("y",), ("x", "y"), ("xy",))
    }
    assert len(draws) == 16


def test_draws_are_even_and_factors_have_mean_one():
    streams = Streams(seed=7)
    draws = [streams.uniform("u", str(n)) for n in range(20_000)]
    assert fmean(draws) == pytest.approx(0.5, abs=0.01)
    assert stdev(draws) == pytest.approx(12**-0.5, abs=0.01)
    factors = [streams.factor("f", 0.3, str(n)) for n in range(20_000)]
    assert min(factors) > 0
    assert fmean(factors) == pytest.approx(1.0, abs=0.01)
    assert streams.factor("f", 0.0, "x") == 1.0


def test_what_has_no_chance_never_happens():
    streams = Streams(seed=1)
    assert not any(streams.happens(0.0, "s", str(n)) for n in range(100))
    assert fmean([streams.happens(0.2, "s", str(n)) for n in range(20_000)]) == pytest.approx(0.2, abs=0.01)


def test_a_generator_is_named_as_well():
    assert Streams(seed=1).generator("d", "x").random() == Streams(seed=1).generator("d", "x").random()
    assert Streams(seed=1).generator("d", "x").random() != Streams(seed=1).generator("d", "y").random()

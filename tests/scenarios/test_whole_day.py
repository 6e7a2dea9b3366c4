"""The demo's pilot area with the real solver: planned on the eve, planned anew while vehicles are on the road."""

from __future__ import annotations

from dataclasses import replace

from scenarios.scenario import Replay, load_scenario
from scenarios.simulate import run_scenario


def test_suining_and_tongnan_get_through_their_day():
    chosen = load_scenario("suining-tongnan")
    scenario = replace(
        chosen, fleets=chosen.fleets[1:], replay=Replay(every_s=10_800, first_iterations=400, iterations=200)
    )
    told = []
    outcome = run_scenario(scenario, on_progress=told.append)
    (fleet,) = outcome.fleets
    assert fleet.plans_count >= 3
    assert fleet.figures["served_count"] > 0.7 * fleet.figures["asked_count"]
    assert fleet.figures["shared_count"] > 0
    assert sum(fleet.refusals.values()) == fleet.figures["refused_count"]
    assert told[-1].done_frac == 1.0

"""Replaying a day: consistency of the figures, determinism, and scenario files that are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from fleet.vehicles import Energy
from scenarios.factors import Factors
from scenarios.fleets import replace_combustion
from scenarios.measures import MEASURES
from scenarios.region import build_demo
from scenarios.scenario import InvalidScenario, Replay, list_scenarios, load_scenario, parse_scenario
from scenarios.simulate import ScenarioCancelled, build_region, run_scenario
from tests.dispatch.plain import greedy


@pytest.fixture(scope="module")
def scenario():
    chosen = load_scenario("suining-tongnan")
    return replace(chosen, replay=Replay(every_s=7_200, first_iterations=1, iterations=1))


@pytest.fixture(scope="module")
def outcome(scenario):
    return run_scenario(scenario, solver=greedy)


def test_both_fleets_answer_for_every_request(outcome, scenario):
    asked = len(build_region(scenario.demo).requests)
    for fleet in outcome.fleets:
        assert fleet.figures["asked_count"] == asked
        assert fleet.figures["served_count"] + fleet.figures["refused_count"] == asked
        assert sum(fleet.refusals.values()) == fleet.figures["refused_count"]
        assert fleet.figures["served_count"] > 0.4 * asked
        assert fleet.plans_count > 2, "requests of the day itself are planned when they come"


def test_costs_and_carbon_are_the_sums_of_their_parts(outcome, scenario):
    for fleet in outcome.fleets:
        figures = fleet.figures
        parts = ("fuel_fen", "power_fen", "toll_fen", "wear_fen", "driver_fen", "use_fen")
        assert figures["cost_fen"] == pytest.approx(sum(figures[part] for part in parts), abs=len(parts))
        assert figures["wear_fen"] == pytest.approx(figures["drive_km"] * scenario.policy.wear_fen_per_km, abs=1)
        co2 = figures["petrol_l"] * 2.18 + figures["diesel_l"] * 2.60 + figures["grid_kwh"] * 0.5366
        assert figures["co2_kg"] == pytest.approx(co2, abs=0.01)
        assert 0 < figures["empty_km"] < figures["drive_km"]
        assert figures["nev_km"] <= figures["drive_km"]


def test_a_third_electric_needs_less_fuel_and_more_power(outcome):
    given, electric = outcome.fleets
    assert given.vehicles_count == electric.vehicles_count
    assert electric.nev_count > given.nev_count
    assert electric.figures["petrol_l"] < given.figures["petrol_l"]
    assert electric.figures["grid_kwh"] > given.figures["grid_kwh"]


def test_the_same_scenario_gives_the_same_figures(outcome, scenario):
    assert run_scenario(scenario, solver=greedy).to_json() == outcome.to_json()


def test_progress_is_told_and_ends_at_one(scenario):
    told = []
    run_scenario(replace(scenario, fleets=scenario.fleets[:1]), solver=greedy, on_progress=told.append)
    fractions = [progress.done_frac for progress in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert told[-1].served_count > 0
    assert {progress.fleet_id for progress in told} == {"as_given"}


def test_a_run_can_be_taken_back(scenario):
    with pytest.raises(ScenarioCancelled):
        run_scenario(scenario, solver=greedy, should_cancel=lambda: True)


def test_rows_name_unit_and_formula(outcome):
    rows = outcome.rows()
    assert [row.id for row in rows][: len(MEASURES)] == [m.id for m in MEASURES]
    assert all(row.unit and row.formula and row.name_zh and row.name_en for row in rows)
    assert all(len(row.values) == 2 for row in rows)
    assert {row.id for row in rows if row.id.startswith("refused:")}


def test_a_cleaner_grid_lowers_carbon_only(scenario, outcome):
    hydro = run_scenario(replace(scenario, factors=Factors(grid_kg_per_kwh=0.1)), solver=greedy)
    for before, after in zip(outcome.fleets, hydro.fleets, strict=True):
        assert after.figures["co2_kg"] < before.figures["co2_kg"]
        assert {**after.figures, "co2_kg": 0} == {**before.figures, "co2_kg": 0}


# ---- fleets


def test_a_third_of_the_combustion_vehicles_is_replaced():
    fleet = build_demo(1, day=date(2026, 3, 4), requests=100).vehicles
    burning = sum(not vehicle.energy.is_nev for vehicle in fleet)
    other = replace_combustion(fleet, share_frac=1 / 3, seed=1)
    changed = [(a, b) for a, b in zip(fleet, other, strict=True) if a != b]
    assert len(changed) == round(burning / 3)
    for before, after in changed:
        assert (before.id, before.kind, before.unit_id) == (after.id, after.kind, after.unit_id)
        assert after.energy is Energy.BEV
        assert after.battery is not None
    assert replace_combustion(fleet, share_frac=1 / 3, seed=1) == other
    assert replace_combustion(fleet, share_frac=0.0, seed=1) == fleet


def test_more_than_has_a_counterpart_cannot_be_replaced():
    fleet = build_demo(1, day=date(2026, 3, 4), requests=100).vehicles
    with pytest.raises(ValueError, match="counterpart"):
        replace_combustion(fleet, share_frac=1.0, seed=1)


# ---- files


def test_every_scenario_of_the_library_can_be_read():
    assert {"demo-day", "suining-tongnan"} <= set(list_scenarios())
    for name in list_scenarios():
        scenario = load_scenario(name)
        assert scenario.name == name
        assert scenario.title_zh
        assert len(scenario.fleets) >= 2


GOOD = """
title_zh = "甲"
title_en = "A"
[demo]
day = 2026-03-04
[[fleet]]
id = "one"
name_zh = "一"
name_en = "One"
"""


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD, "utf-8")
    scenario = load_scenario(path)
    assert scenario.name == "mine"
    assert scenario.demo.day == date(2026, 3, 4)
    assert scenario.factors == Factors()


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("title_zh = ", "file"),
        (GOOD.replace("[demo]", "[demo]\nvehicels = 3"), "demo.vehicels"),
        (GOOD.replace("day = 2026-03-04", "day = 'soon'"), "demo.day"),
        (GOOD.replace('name_en = "One"', "name_en = 1"), "fleets[0].name_en"),
        (GOOD + "[factors]\ncharge_efficiency_frac = 2.0\n", "factors"),
        (GOOD + "[replay]\nevery_s = 1\n", "replay"),
        (GOOD + "[policy]\npriority_ratio = 0\n", "policy"),
        (GOOD + "[wishes]\na = 1\n", "wishes"),
        (GOOD.replace('title_zh = "甲"', ""), "file"),
    ],
)
def test_unusable_files_name_the_entry(text, field):
    with pytest.raises(InvalidScenario) as caught:
        parse_scenario(text, source="mine")
    assert caught.value.field == field


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InvalidScenario, match="suining-tongnan"):
        load_scenario("nowhere")


def test_a_file_that_is_not_text(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidScenario, match="UTF-8"):
        load_scenario(path)

"""A scenario small enough for tests, and its report made with the plain greedy solver."""

from __future__ import annotations

from datetime import date

from scenarios.disturbances import Disturbances
from scenarios.report import ScenarioReport
from scenarios.scenario import Demo, FleetChoice, Period, Replay, Scenario
from scenarios.simulate import run_scenario
from tests.dispatch.plain import greedy

SMALL = Scenario(
    name="small",
    title_zh="小型<情景>",
    title_en="Small <scenario>",
    demo=Demo(day=date(2025, 3, 6), seed=3, vehicles=10, requests=12, sites=2, nev_frac=0.3, within=("510900",)),
    fleets=(
        FleetChoice(id="nev30", name_zh="新能源30%", name_en="30 % NEV"),
        FleetChoice(id="nev60", name_zh="新能源60%", name_en="60 % NEV", nev_frac=0.6, points_per_nev=0.5),
    ),
    period=Period(days=2, part_days=1),
    world=Disturbances(leg_sigma=0.1),
    replay=Replay(every_s=14_400, first_iterations=1, iterations=1),
)


def small_report() -> ScenarioReport:
    return run_scenario(SMALL, solver=greedy)

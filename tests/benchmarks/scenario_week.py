"""How long a week of one prefecture takes: 300 vehicles, 985 requests a working day, a disturbed world.

python -m tests.benchmarks.scenario_week [days] [seconds between rounds]
"""

from __future__ import annotations

import resource
import sys
import time
from datetime import date

from dispatch.solve import warm_up
from scenarios.disturbances import Disturbances
from scenarios.scenario import Demo, FleetChoice, Period, Replay, Scenario
from scenarios.simulate import part_tasks, run_part

WEEKS_OF_A_YEAR = 365 / 7


def main(days: int, every_s: int) -> None:
    """Print processor and wall-clock time of the period, memory, and the year by extrapolation."""
    scenario = Scenario(
        name="year",
        title_zh="一年",
        title_en="A year",
        demo=Demo(day=date(2025, 3, 3), vehicles=300, requests=985, sites=36, nev_frac=0.3, within=("511400",)),
        fleets=(FleetChoice(id="given", name_zh="现有", name_en="Given"),),
        period=Period(days=days, part_days=7),
        world=Disturbances(
            day_sigma=0.08,
            leg_sigma=0.12,
            energy_sigma=0.08,
            no_show_frac=0.01,
            fault_frac=0.002,
            absent_frac=0.01,
            point_failure_frac=0.02,
            weather=True,
        ),
        replay=Replay(every_s=every_s, last_hour=18, first_iterations=600, iterations=200, quick=True),
    )
    warm_up()
    for task in part_tasks(scenario):
        cpu, wall = time.process_time(), time.monotonic()
        tallies = run_part(task)["tallies"].values()
        used_s = time.process_time() - cpu
        asked, served = (sum(one[name] for one in tallies) for name in ("asked", "served"))
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000
        year_min = used_s / task.days * 7 * WEEKS_OF_A_YEAR / 2 / 60
        print(  # noqa: T201 - a benchmark
            f"{task.first} {task.days} days: {served} of {asked} served, {used_s:.1f} s of processor time, "
            f"{time.monotonic() - wall:.1f} s in all, {peak_mb:.0f} MB; a year on two idle cores: {year_min:.0f} min"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7, int(sys.argv[2]) if len(sys.argv) > 2 else 7_200)

"""What the rules cost: the demo day solved with all rules, and the same day with none, side by side.

    python -m tests.benchmarks.rules_cost [--iterations 300] [--rounds 2] [--seed 1]

"With" is reading the rules of the day from the store, solving, and the second judge over the written orders. "Without" solves
the problem with every vehicle open to every request of its sort, no rest, no working day, no energy reserve and no site limit.
Both search the same number of iterations. Prints one JSON line with the seconds of each round and the ratio of the medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from dispatch.agreed import ruling_on, territory_on
from dispatch.judged import judge
from dispatch.legs import LegBook
from dispatch.orders import write_orders
from dispatch.policy import DispatchPolicy
from dispatch.problem import Problem
from dispatch.snapshot import build
from dispatch.solve import StopRule, solve, warm_up
from dispatch.view import read
from fleet import documents
from fleet.ids import PlanId
from fleet.memory_store import MemoryStore
from fleet.store import Commit, Write
from routing.builtin import load_builtin
from routing.engine import RoadEngine
from scenarios.region import build_demo


def without_rules(problem: Problem) -> Problem:
    """The same day with nothing forbidden; a self-drive car still serves rentals alone."""
    vehicles = tuple(
        replace(
            own,
            max_route_s=None,
            max_continuous_drive_s=None,
            battery=own.battery and replace(own.battery, reserve_wh=0, final_wh=0),
        )
        for own in problem.vehicles
    )
    return replace(
        problem,
        vehicles=vehicles,
        site_power_w=tuple(None for _ in problem.site_power_w),
        tier=np.ones_like(problem.tier),
        tier_refusal=np.zeros_like(problem.tier_refusal),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    day = date(2026, 3, 4)
    now = datetime(2026, 3, 3, 18, tzinfo=ZoneInfo("Asia/Shanghai"))
    region = build_demo(given.seed, day=day)
    store = MemoryStore()
    nouns = [*region.units, *region.sites, *region.vehicles, *region.drivers, *region.requests, *region.agreements]
    writes = [
        Write(kind=documents.kind_of(noun), id=noun.id, expected_version=0, body=documents.encode(noun))
        for noun in nouns
    ]
    store.commit(Commit(type="benchmark.filled", actor="benchmark", at=now, writes=writes))
    legs = LegBook(RoadEngine(load_builtin()))
    view = read(store, day=day)
    policy = DispatchPolicy()
    snapshot = build(
        view, legs, territory=territory_on(store, day), policy=policy, now=now, ruling=ruling_on(store, day)
    )
    free = without_rules(snapshot.problem)
    stop = StopRule(iterations=given.iterations)
    warm_up()
    with_s: list[float] = []
    without_s: list[float] = []
    for _ in range(given.rounds):
        started = time.perf_counter()
        territory, _ruling = territory_on(store, day), ruling_on(store, day)
        plan = solve(snapshot.problem, seed=given.seed, stop=stop)
        found = judge(snapshot, write_orders(snapshot, plan, plan_id=PlanId("PL")), territory)
        with_s.append(time.perf_counter() - started)
        started = time.perf_counter()
        open_plan = solve(free, seed=given.seed, stop=stop)
        without_s.append(time.perf_counter() - started)
    print(  # noqa: T201
        json.dumps(
            {
                "with_s": [round(own, 2) for own in with_s],
                "without_s": [round(own, 2) for own in without_s],
                "ratio": round(statistics.median(with_s) / statistics.median(without_s), 2),
                "broken_rules": len(found),
                "unserved_with": len(plan.unserved),
                "unserved_without": len(open_plan.unserved),
            }
        )
    )


if __name__ == "__main__":
    main()

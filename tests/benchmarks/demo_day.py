"""Plan the demo day from nothing, then ask for promises beside that plan.

    python -m tests.benchmarks.demo_day [--seconds 10] [--seed 1] [--promises 200]

Prints one JSON line: the plan's figures, the seconds of each part, the distribution of promise times and the peak memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from dispatch.promise import promise
from dispatch.service import run_once
from dispatch.solve import StopRule, warm_up
from fleet import documents
from fleet.memory_store import MemoryStore
from fleet.store import Commit, Write
from routing.builtin import load_builtin
from routing.engine import RoadEngine
from scenarios.region import build_demo

ZONE = ZoneInfo("Asia/Shanghai")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--promises", type=int, default=200)
    given = parser.parse_args()

    day = date(2026, 3, 4)
    now = datetime(2026, 3, 3, 18, tzinfo=ZONE)
    region = build_demo(given.seed, day=day)
    store = MemoryStore()
    nouns = [*region.units, *region.sites, *region.vehicles, *region.drivers, *region.persons, *region.requests]
    nouns += region.agreements
    writes = [
        Write(kind=documents.kind_of(noun), id=noun.id, expected_version=0, body=documents.encode(noun))
        for noun in nouns
    ]
    store.commit(Commit(type="benchmark.filled", actor="benchmark", at=now, writes=writes))
    roads = RoadEngine(load_builtin())

    started = time.perf_counter()
    warm_up()
    warm_s = time.perf_counter() - started

    started = time.perf_counter()
    report = run_once(store, roads, day=day, now=now, seed=given.seed, stop=StopRule(seconds=given.seconds))
    plan_s = time.perf_counter() - started

    promise_s = []
    for number in range(given.promises):
        like = region.requests[(number * 7) % len(region.requests)]
        asked = replace(like, id=type(like.id)(f"{like.id}-again-{number}"))
        started = time.perf_counter()
        promise(store, roads, asked, now=now)
        promise_s.append(time.perf_counter() - started)
    promise_s.sort()
    print(  # noqa: T201
        json.dumps(
            {
                "vehicles": len(region.vehicles),
                "requests": len(region.requests),
                "figures": documents.encode(report.record)["figures"],
                "first_use_s": round(warm_s, 2),
                "plan_s": round(plan_s, 2),
                "promise_median_ms": round(1000 * statistics.median(promise_s), 1),
                "promise_p99_ms": round(1000 * promise_s[int(0.99 * len(promise_s))], 1),
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
    )


if __name__ == "__main__":
    main()

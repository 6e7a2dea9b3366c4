"""Plan made-up days of growing size: time, memory, quality and growth.

    python -m tests.benchmarks.scale [--requests 10000] [--vehicles 1500] [--areas 30] [--seconds 600] [--threads 2] [--seed 1]

Prints one JSON line: the sizes, seconds of wall clock and of processor time, when the first plan of everybody was there, the
peak resident memory of all processes together (sampled), cost, who is left over, and what the checker found. ``--trace`` adds
the objective over time, ``--size`` sets the requests of a part. ``--iterations`` replaces the time limit: one search after the
other in this process, which repeats exactly.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import threading
import time
from collections import Counter
from pathlib import Path

from dispatch.check import check
from dispatch.decompose.rounds import Rhythm
from dispatch.decompose.workers import Here
from dispatch.solve import Progress, StopRule, solve, warm_up
from tests.benchmarks.scale_fleet import make_day

YUAN = 100_000


class Watch:
    """Samples resident memory (MiB, at its peak) and processor time of this process and its children."""

    def __init__(self) -> None:
        self.peak_mib = 0
        self._used_s: dict[int, float] = {}
        self._before_s = processor_s(os.getpid())
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._done.wait(0.5):
            self._look()

    def _look(self) -> None:
        pids = family(os.getpid())
        self.peak_mib = max(self.peak_mib, sum(resident_mib(pid) for pid in pids))
        self._used_s.update({pid: used for pid in pids if (used := processor_s(pid))})

    def stop(self) -> None:
        self._done.set()
        self._thread.join()
        self._look()

    @property
    def processor_s(self) -> float:
        return sum(self._used_s.values()) - self._before_s


def family(pid: int) -> list[int]:
    """Return ``pid`` and all its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found.extend(p for child in task.read_text().split() for p in family(int(child)))
        except OSError:
            continue
    return found


def resident_mib(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * resource.getpagesize() // 2**20


def processor_s(pid: int) -> float:
    try:
        # after the name in brackets, which may hold blanks: user and system ticks are the fields 14 and 15 of the line
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--vehicles", type=int)
    parser.add_argument("--areas", type=int)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int)
    parser.add_argument("--rounds", type=int, default=Rhythm.most_rounds)
    parser.add_argument("--iterations", type=int)
    parser.add_argument("--trace", action="store_true")
    given = parser.parse_args()

    vehicles = given.vehicles or given.requests * 3 // 20
    areas = given.areas or max(1, given.requests // 333)
    warm_up()
    began = time.perf_counter()
    problem = make_day(requests=given.requests, vehicles=vehicles, areas=areas, seed=given.seed)
    made_s = time.perf_counter() - began

    told: list[tuple[float, int, int]] = []

    def on_progress(progress: Progress) -> None:
        told.append((progress.elapsed_s, progress.unserved_count, progress.objective_mfen // YUAN))

    watch = Watch()
    began = time.perf_counter()
    plan = solve(
        problem,
        seed=given.seed,
        stop=StopRule(
            seconds=None if given.iterations else given.seconds, iterations=given.iterations, on_progress=on_progress
        ),
        threads=1 if given.iterations else given.threads,
        rhythm=Rhythm(size=given.size, most_rounds=given.rounds) if given.size else None,
        workers=Here(clock=time.monotonic, should_stop=lambda: False) if given.iterations and given.size else None,
    )
    took_s = time.perf_counter() - began
    watch.stop()
    began = time.perf_counter()
    violations = check(problem, plan)
    check_s = time.perf_counter() - began
    settled = [at for at, left, _ in told if left <= max(len(plan.unserved) * 2, given.requests // 200)]
    print(  # noqa: T201
        json.dumps(
            {
                "requests": given.requests,
                "vehicles": vehicles,
                "areas": areas,
                "locations": problem.legs[0].drive_s.shape[0],
                "made_s": round(made_s, 1),
                "limit_s": None if given.iterations else given.seconds,
                "took_s": round(took_s, 1),
                "processor_s": round(watch.processor_s),
                "first_plan_s": round(settled[0], 1) if settled else None,
                "peak_mib": watch.peak_mib,
                "yuan": round((plan.cost_mfen + plan.penalty_mfen) / YUAN),
                "cost_yuan": round(plan.cost_mfen / YUAN),
                "routes": len(plan.routes),
                "unserved": len(plan.unserved),
                "causes": Counter(str(u.reasons[0].code) for u in plan.unserved),
                "iterations": plan.iterations,
                "check_s": round(check_s, 1),
                "violations": len(violations),
                **({"trace": told[:: max(1, len(told) // 60)]} if given.trace else {}),
            }
        )
    )


if __name__ == "__main__":
    main()

"""The master's integer programme in CP-SAT and in MathOpt's HiGHS and SCIP, on the same columns.

    python -m tests.benchmarks.master_choice [--requests 400] [--iterations 8000] [--seeds 3] [--seconds 20]

Prints one JSON line for each seed and solver: columns, processor seconds, objective over the best one found, and whether it
was proved. The problem: set partitioning over the pool's columns of least reduced cost, with the number of vehicles of every
family, as :mod:`dispatch.search.master` states it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from datetime import timedelta

import numpy as np
from ortools.math_opt.python import mathopt
from ortools.sat.python import cp_model

from dispatch.search.choice import Choice
from dispatch.search.engine import Clocked, Engine
from dispatch.search.lowering import lower
from dispatch.search.tables import R_PENALTY
from tests.benchmarks.scale_fleet import make_day


class Caught(Exception):
    """Carries the choice that the master was about to make."""


def choices_of(engine: Engine) -> Choice:
    """Return the choice of the engine's pool, as the master would make it."""
    caught: list[Choice] = []

    def take(self: Choice, upper: float, seconds: float, deterministic: float | None) -> None:
        caught.append(self)

    kept = Choice.best
    Choice.best = take
    try:
        engine.master.pool.gather(engine.states, None)
        engine.master.solve(engine.best, seconds=60.0, deterministic=None)
    finally:
        Choice.best = kept
    return caught[0]


def by_cp_sat(choice: Choice, upper: float, seconds: float) -> tuple[float, bool]:
    model = cp_model.CpModel()
    pick = [model.new_bool_var("") for _ in choice.kept]
    left = [model.new_bool_var("") for _ in choice.penalty]
    covering, using = rows_of(choice)
    for r, variable in enumerate(left):
        model.add_exactly_one([*(pick[i] for i in covering[r]), variable])
    for family, members in using.items():
        model.add(sum(pick[i] for i in members) <= int(choice.room[family]))
    unit = 10.0 ** np.floor(9 - np.log10(upper))
    costs = [round(float(c) * unit) for c in (*choice.cost[choice.kept], *choice.penalty)]
    total = cp_model.LinearExpr.weighted_sum([*pick, *left], costs)
    model.add(total <= int(upper * unit))
    model.minimize(total)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    status = solver.solve(model)
    found = status in {cp_model.OPTIMAL, cp_model.FEASIBLE}
    return solver.objective_value / unit if found else float("inf"), status == cp_model.OPTIMAL


def by_mathopt(choice: Choice, upper: float, seconds: float, kind: mathopt.SolverType) -> tuple[float, bool]:
    model = mathopt.Model()
    pick = [model.add_binary_variable() for _ in choice.kept]
    left = [model.add_binary_variable() for _ in choice.penalty]
    covering, using = rows_of(choice)
    for r, variable in enumerate(left):
        model.add_linear_constraint(sum(pick[i] for i in covering[r]) + variable == 1.0)
    for family, members in using.items():
        model.add_linear_constraint(sum(pick[i] for i in members) <= float(choice.room[family]))
    unit = 1e6 / upper
    costs = [float(c) * unit for c in (*choice.cost[choice.kept], *choice.penalty)]
    total = mathopt.LinearSum(c * x for c, x in zip(costs, [*pick, *left], strict=True))
    model.minimize(total)
    # HiGHS takes no number of threads here: its processor time is counted all the same
    threads = None if kind is mathopt.SolverType.HIGHS else 1
    params = mathopt.SolveParameters(time_limit=timedelta(seconds=seconds), threads=threads, relative_gap_tolerance=0.0)
    told = mathopt.solve(model, kind, params=params)
    found = told.has_primal_feasible_solution()
    proved = told.termination.reason is mathopt.TerminationReason.OPTIMAL
    return told.objective_value() / unit if found else float("inf"), proved


def rows_of(choice: Choice) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    covering: dict[int, list[int]] = defaultdict(list)
    using: dict[int, list[int]] = defaultdict(list)
    for i, at in enumerate(choice.kept.tolist()):
        for r in choice.pool.members(at).tolist():
            covering[r].append(i)
        using[int(choice.kind[at])].append(i)
    return covering, {f: m for f, m in using.items() if len(m) > choice.room[f]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--iterations", type=int, default=8_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    for seed in range(given.seeds):
        problem = make_day(requests=given.requests, vehicles=given.requests * 3 // 20, areas=2, seed=seed)
        engine = Engine(lower(problem).model, seed=seed, threads=1)
        engine.run(Clocked(clock=time.monotonic, iterations=given.iterations, seconds=None), masters=False)
        choice, upper = choices_of(engine), engine.objective
        answers = {}
        for name in ("cp-sat", "highs", "scip"):
            began = time.process_time()
            if name == "cp-sat":
                answer = by_cp_sat(choice, upper, given.seconds)
            else:
                kind = mathopt.SolverType.HIGHS if name == "highs" else mathopt.SolverType.GSCIP
                answer = by_mathopt(choice, upper, given.seconds, kind)
            answers[name] = (*answer, time.process_time() - began)
        best = min(value for value, _, _ in answers.values())
        for name, (value, proved, used_s) in answers.items():
            print(  # noqa: T201
                json.dumps(
                    {
                        "seed": seed,
                        "solver": name,
                        "columns": len(choice.kept),
                        "requests": len(engine.net.req_f[:, R_PENALTY]),
                        "processor_s": round(used_s, 2),
                        "over_best_frac": round(value / best - 1.0, 6) if value < float("inf") else None,
                        "under_search_frac": round(1.0 - value / upper, 6) if value < float("inf") else None,
                        "proved": proved,
                    }
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()

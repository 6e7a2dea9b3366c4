"""The table of a comparison: figures of several solvers on the same instances, side by side with the best known."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from dispatch.errors import BadInstance

RESULTS = "results.jsonl"
"""File in the output folder that ``chuanyu bench solve`` adds a line to for every instance."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """The best known value of an instance; ``vehicles`` None where only the cost counts."""

    cost: float
    vehicles: int | None


@dataclass(frozen=True, kw_only=True)
class Result:
    """One line of a run."""

    instance: str
    gamma: float | None
    solver: str
    seed: int
    cost: float
    vehicles: int
    unserved: int


Key = tuple[str, float | None]


def read_known(paths: Iterable[Path]) -> dict[Key, Known]:
    """Read tables with the columns instance, gamma, best_known_cost, best_known_vehicles.

    Instances without a value are left out.

    Raises
    ------
    BadInstance
        A column is missing or a value is no number.
    """
    known: dict[Key, Known] = {}
    for path in paths:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                try:
                    if not row["best_known_cost"]:
                        continue
                    gamma = float(row["gamma"]) if row.get("gamma") else None
                    vehicles = int(row["best_known_vehicles"]) if row.get("best_known_vehicles") else None
                    known[row["instance"], gamma] = Known(cost=float(row["best_known_cost"]), vehicles=vehicles)
                except (KeyError, ValueError) as error:
                    raise BadInstance(path.name, f"row {number}: {error}") from error
    return known


def read_results(folders: Iterable[Path]) -> list[Result]:
    """Read every ``results.jsonl`` in and below the folders, the last line of a solver, instance and seed in each file.

    Raises
    ------
    BadInstance
        A line is not what ``chuanyu bench solve`` writes.
    """
    found: dict[tuple[Path, Key, str, int], Result] = {}
    for path in sorted({path for folder in folders for path in folder.rglob(RESULTS)}):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                body = json.loads(line)
                result = Result(
                    instance=body["instance"],
                    gamma=body.get("gamma"),
                    solver=body["solver"],
                    seed=int(body["seed"]),
                    cost=float(body["cost"]),
                    vehicles=int(body["vehicles"]),
                    unserved=int(body["unserved"]),
                )
            except (KeyError, TypeError, ValueError) as error:
                raise BadInstance(path.name, f"line {number}: {error!r}") from error
            found[path, (result.instance, result.gamma), result.solver, result.seed] = result
    return list(found.values())


def gap_percent(result: Result, known: Known) -> float | None:
    """Return how far above the best known a result is; None where it cannot be compared.

    Whoever leaves requests over cannot be compared; where vehicles come first, nor whoever uses another number of them.
    """
    if result.unserved or (known.vehicles is not None and result.vehicles != known.vehicles):
        return None
    return 100.0 * (result.cost / known.cost - 1.0)


def table(results: list[Result], known: dict[Key, Known]) -> str:
    """Return the comparison in Markdown: a row per instance, a column per solver, means at the bottom."""
    solvers = sorted({r.solver for r in results}, key=lambda s: (s != "chuanyu", s))
    keys = sorted({(r.instance, r.gamma) for r in results}, key=lambda k: (k[0], k[1] or 0.0))
    lines = ["| instance | best known | " + " | ".join(solvers) + " |", "|---|" + "---:|" * (len(solvers) + 1)]
    gaps: dict[str, list[float]] = {solver: [] for solver in solvers}
    short: dict[str, int] = dict.fromkeys(solvers, 0)
    for key in keys:
        best = known.get(key)
        name = key[0] if key[1] is None else f"{key[0]}, {key[1]:g}"
        cells = [name, "" if best is None else _value(best.cost, best.vehicles)]
        for solver in solvers:
            runs = [r for r in results if (r.instance, r.gamma) == key and r.solver == solver]
            cells.append(_cell(runs, best))
            if best is not None:
                these = [gap_percent(r, best) for r in runs]
                gaps[solver].extend(gap for gap in these if gap is not None)
                short[solver] += sum(gap is None for gap in these)
        lines.append("| " + " | ".join(cells) + " |")
    for label, figure in (("mean gap", mean), ("greatest gap", max)):
        cells = [f"{figure(gaps[s]):.2f} %" if gaps[s] else "" for s in solvers]
        lines.append(f"| {label} | | " + " | ".join(cells) + " |")
    lines.append("| compared, not comparable | | " + " | ".join(f"{len(gaps[s])}, {short[s]}" for s in solvers) + " |")
    return "\n".join(lines)


def _value(cost: float, vehicles: int | None) -> str:
    return f"{cost:.2f}" if vehicles is None else f"{vehicles} / {cost:.2f}"


def _cell(runs: list[Result], best: Known | None) -> str:
    if not runs:
        return ""
    left = max(r.unserved for r in runs)
    if left:
        return f"{left} left over"
    if best is None:
        return _value(mean(r.cost for r in runs), None)
    these = [gap for r in runs if (gap := gap_percent(r, best)) is not None]
    if len(these) == len(runs):
        return f"{mean(these):.2f} %"
    vehicles = mean(r.vehicles for r in runs)
    return f"{vehicles:g} / {mean(r.cost for r in runs):.2f}"

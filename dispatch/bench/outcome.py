"""What a benchmark run leaves behind: the solution as the checkers of the formats read it, and one line of figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dispatch.bench.readers import Instance

Node = int | dict[str, int]
"""A node of the file, or a charging stop as ``{"station": node}``."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The line that a benchmark run prints; ``cost`` in the file's own unit, ``bound`` None where none was proved."""

    instance: str
    cost: float
    vehicles: int
    unserved: int
    seconds: float
    iterations: int
    seed: int
    bound: float | None
    solver: str = "chuanyu"


def json_line(outcome: Outcome) -> str:
    return json.dumps(asdict(outcome))


def write_solution(instance: Instance, routes: Sequence[tuple[int, Sequence[Node]]], out: Path) -> None:
    """Write ``NAME.solution.json`` with the routes as (vehicle from 0, nodes without depots)."""
    body = [list(nodes) if instance.identical else {"vehicle": k + 1, "nodes": list(nodes)} for k, nodes in routes]
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{instance.name}.solution.json").write_text(json.dumps({"routes": body}) + "\n", encoding="utf-8")

"""Run a peer on an instance file as ``chuanyu bench solve --solver`` asks for it."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

from dispatch.bench.outcome import Outcome, write_solution
from dispatch.bench.peers.mending import Routes, mended, weight
from dispatch.bench.readers import Instance, read
from dispatch.errors import BadInstance, PeerMissing

MODULES = {
    "ortools": "ortools_routing",
    "vroom": "vroom_tasks",
    "pyvrp": "pyvrp_shipments",
    "vrp-cli": "vrp_cli_jobs",
}
"""Module by the name in ``--solver``."""
PACKAGES = {"ortools": "ortools", "vroom": "vroom", "pyvrp": "pyvrp", "vrp-cli": "vrp_cli"}
"""What it imports, when it is asked for."""


class Peer(Protocol):
    def __call__(self, instance: Instance, *, seconds: float, seed: int, threads: int) -> tuple[Routes, int]: ...


def find_peer(name: str) -> Peer:
    """Return the peer's function.

    Raises
    ------
    PeerMissing
        Its package is not installed: it comes with the extra ``bench``.
    """
    try:
        importlib.import_module(PACKAGES[name])
    except ModuleNotFoundError as error:
        raise PeerMissing(name, error.name or name) from error
    return cast("Peer", importlib.import_module(f"dispatch.bench.peers.{MODULES[name]}").solve)


def solve_file(
    path: Path,
    format: str,
    *,
    solver: str,
    seconds: float,
    seed: int,
    threads: int,
    out: Path,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Let the peer solve one instance file, write ``NAME.solution.json`` into ``out`` and return the figures.

    ``seconds`` of the outcome holds all that the peer took, with turning the instance into its form and mending.

    Raises
    ------
    BadInstance
        The file is not of the stated format, or the peer cannot state the format's rules.
    PeerMissing
        The peer is not installed.
    """
    if format == "eadarp":
        raise BadInstance(
            path.name.removesuffix(".txt"), f"{solver} knows no partial charging: eadarp cannot be stated"
        )
    peer = find_peer(solver)
    began = clock()
    instance = read(path, format)
    found, iterations = peer(instance, seconds=seconds - (clock() - began), seed=seed, threads=threads)
    routes = mended(instance, found)
    took = clock() - began
    write_solution(instance, routes, out)
    unserved, _, cost = weight(instance, routes)
    return Outcome(
        instance=instance.name,
        cost=cost,
        vehicles=len(routes),
        unserved=unserved,
        seconds=round(took, 3),
        iterations=iterations,
        seed=seed,
        bound=None,
        solver=solver,
    )

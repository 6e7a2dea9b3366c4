"""Tasks for the tests of sweeps: top-level functions, so that other processes can find them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def square(task: int) -> dict[str, Any]:
    return {"square": task * task, "text": "平方"}


def die_once(task: tuple[int, str]) -> dict[str, Any]:
    """Kill the worker the first time that task 2 comes up."""
    number, folder = task
    mark = Path(folder) / "died"
    if number == 2 and not mark.exists():
        mark.write_text("x", "utf-8")
        os._exit(9)
    return {"number": number}


def die_always(_task: int) -> dict[str, Any]:
    os._exit(9)


def refuse(task: int) -> dict[str, Any]:
    raise RuntimeError(f"called for {task}")

"""The error root of ``scenarios``."""

from __future__ import annotations


class ScenarioError(Exception):
    """Root of every error that ``scenarios`` raises on purpose."""


class InvalidScenario(ScenarioError):
    """A scenario file is unusable: ``field`` names the entry, ``remedy`` what would be accepted."""

    def __init__(self, *, source: str, field: str, value: object, remedy: str) -> None:
        super().__init__(f"{source}: {field} = {value!r}; {remedy}")
        self.source = source
        self.field = field
        self.value = value
        self.remedy = remedy


class ScenarioCancelled(ScenarioError):
    """The caller took the run back."""


class WorkerLost(ScenarioError):
    """Workers of a sweep died again and again during one task."""

    def __init__(self, *, task: int, losses: int) -> None:
        super().__init__(f"task {task}: {losses} workers died during it (out of memory?); finished results are kept")
        self.task = task
        self.losses = losses

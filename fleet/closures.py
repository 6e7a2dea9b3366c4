"""Declared closures and slow-downs of roads: who said so, from when to when, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from fleet.errors import IllegalTransition
from fleet.ids import ClosureId, PersonId, RegionCode


@dataclass(frozen=True, kw_only=True)
class RoadClosure:
    """Roads that are closed (``speed_frac`` 0) or slow (below 1) from ``starts_at`` until before ``ends_at`` (None: open end).

    ``refs`` are road numbers, ``geometry`` is the text of a GeoJSON geometry or empty; which roads they mean is for the room of
    the roads to say. A closure that was lifted holds no longer, whatever its period.
    """

    id: ClosureId
    region: RegionCode
    reason: str
    starts_at: datetime
    ends_at: datetime | None
    speed_frac: float
    refs: tuple[str, ...]
    geometry: str
    declared_by: PersonId
    lifted_at: datetime | None = None

    def holds_between(self, begin: datetime, end: datetime) -> bool:
        """Whether it holds at any instant from ``begin`` until before ``end``."""
        return self.lifted_at is None and self.starts_at < end and (self.ends_at is None or begin < self.ends_at)


def lift(closure: RoadClosure, *, at: datetime) -> RoadClosure:
    """Open the road again, before its time or because no end was known."""
    if closure.lifted_at is not None:
        raise IllegalTransition(kind="closure", id=closure.id, state="ended", action="end")
    return replace(closure, lifted_at=at)

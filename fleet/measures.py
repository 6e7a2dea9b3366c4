"""Measures of an office for a time: energy emergency of the power supply (R170), and closed regions or sites (R176).

A measure is a mode per region and period. Who declared it, why, on which paper and who lifted it stays on record; while it
holds dispatch plans under it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from fleet.errors import IllegalTransition, InvalidFact
from fleet.ids import MeasureId, PersonId, RegionCode, SiteId
from fleet.regions import load_regions

_PROVINCES = ("510000", "500000")


class MeasureKind(StrEnum):
    ENERGY_EMERGENCY = "energy_emergency"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure. It holds from ``starts_at`` until before ``ends_at`` (None: no end is known), unless it was lifted before.

    ``level`` of an energy emergency is 1 (most severe) to 4, 0 for a closure. A closure with ``site_id`` closes that site
    alone. ``prefer_combustion`` lets dispatch prefer vehicles that need no charging (R172).
    """

    id: MeasureId
    kind: MeasureKind
    region: RegionCode
    reason: str
    starts_at: datetime
    declared_by: PersonId
    ends_at: datetime | None = None
    level: int = 0
    site_id: SiteId | None = None
    document_no: str = ""
    prefer_combustion: bool = False
    lifted_at: datetime | None = None
    lifted_by: PersonId | None = None

    def __post_init__(self) -> None:
        def refuse(field: str, value: object, remedy: str) -> InvalidFact:
            return InvalidFact(kind="measure", id=self.id, field=field, value=value, remedy=remedy)

        if not self.reason.strip():
            raise refuse("reason", self.reason, "say why")
        if self.ends_at is not None and self.ends_at <= self.starts_at:
            raise refuse("ends_at", self.ends_at.isoformat(), "after starts_at")
        energy = self.kind is MeasureKind.ENERGY_EMERGENCY
        if energy and not 1 <= self.level <= 4:
            raise refuse("level", self.level, "R170: level 1 to 4")
        if not energy and self.level:
            raise refuse("level", self.level, "0: a closure has no level")
        if energy and self.site_id is not None:
            raise refuse("site_id", self.site_id, "R170: an energy emergency is of a region; mark a site as protected")

    def holds_between(self, begin: datetime, end: datetime) -> bool:
        """Whether it holds at any instant from ``begin`` until before ``end``."""
        over = [at for at in (self.ends_at, self.lifted_at) if at is not None]
        return self.starts_at < end and all(begin < at for at in over)

    def reaches(self, region: str) -> bool:
        """Whether a region lies in its own; one declared for 510000 or 500000 reaches the whole province."""
        if self.region in _PROVINCES:
            return region.startswith(self.region[:2])
        own = load_regions().find(region)
        return region == self.region or (own is not None and own.parent == self.region)


def lift(measure: Measure, *, at: datetime, by: PersonId) -> Measure:
    """End it before its time, or because no end was known.

    Raises
    ------
    IllegalTransition
        If it was lifted before.
    """
    if measure.lifted_at is not None:
        raise IllegalTransition(kind="measure", id=measure.id, state="ended", action="end")
    return replace(measure, lifted_at=at, lifted_by=by)


def find_emergency(measures: Iterable[Measure], *, region: str, begin: datetime, end: datetime) -> Measure | None:
    """Return the energy emergency of a region in a period, the most severe first; None where there is none."""
    holding = [
        own
        for own in measures
        if own.kind is MeasureKind.ENERGY_EMERGENCY and own.reaches(region) and own.holds_between(begin, end)
    ]
    return min(holding, key=lambda own: (own.level, own.starts_at, own.id), default=None)

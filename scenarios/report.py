"""What a scenario run tells: each fleet's figures side by side, with unit and formula, as rows and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from dispatch.policy import DispatchPolicy
from fleet.rules.findings import Finding
from fleet.sites import Site
from scenarios.factors import Factors
from scenarios.measures import MEASURES
from scenarios.paired import Comparison, compare
from scenarios.tally import Tally

_YEAR_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the period, as it was simulated."""

    first: date
    days: int
    tally: Tally


@dataclass(frozen=True, kw_only=True)
class FleetResult:
    """One fleet's period.

    ``mended_count`` of the plans were made twice because the checker refused the first. ``figures`` are by the ids of
    :data:`scenarios.measures.MEASURES`, ``refusals`` by cause. ``ownership_fen`` is what a year of owning the vehicles and the
    charge points costs (:mod:`scenarios.prices`), ``findings`` how the fleet stands by the planning rules on the last day.
    """

    id: str
    name_zh: str
    name_en: str
    vehicles_count: int
    nev_count: int
    plans_count: int
    mended_count: int
    figures: Mapping[str, float]
    refusals: Mapping[str, int]
    points_count: int = 0
    parts: tuple[Part, ...] = ()
    daily: Mapping[str, Tally] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    ownership_fen: float = 0.0
    findings: tuple[Finding, ...] = ()
    sites: tuple[Site, ...] = ()

    def yearly_fen(self, days: int) -> float:
        """Operating cost of the period on a year, and a year of owning vehicles and charge points."""
        return self.figures["cost_fen"] * _YEAR_DAYS / max(1, days) + self.ownership_fen


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """One figure of every fleet, in the fleets' order; ``change_frac`` compares the last fleet with the first.

    None where the first fleet's figure is zero.
    """

    id: str
    name_zh: str
    name_en: str
    unit: str
    formula: str
    values: tuple[float, ...]
    change_frac: float | None


@dataclass(frozen=True, kw_only=True)
class ScenarioReport:
    """The result of :func:`scenarios.simulate.run_scenario`. People and requests in it are generated."""

    name: str
    title_zh: str
    title_en: str
    day: date
    factors: Factors
    fleets: tuple[FleetResult, ...]
    days: int = 1
    policy: DispatchPolicy = field(default_factory=DispatchPolicy)

    def comparisons(self) -> dict[str, tuple[Comparison, ...]]:
        """Every further fleet against the first one, measure by measure, over the parts of the period.

        Empty for a fleet where there are fewer than two parts: one day says nothing about chance.
        """
        first = self.fleets[0]
        return {
            other.id: compare(
                [part.tally for part in first.parts],
                [part.tally for part in other.parts],
                policy=self.policy,
                factors=self.factors,
            )
            for other in self.fleets[1:]
        }

    def rows(self) -> tuple[ReportRow, ...]:
        """The comparison, one row per measure, then one per cause of refusal that occurred."""
        rows = [
            _row(m.id, m.name_zh, m.name_en, m.unit, m.formula, [fleet.figures[m.id] for fleet in self.fleets])
            for m in MEASURES
        ]
        causes = sorted({cause for fleet in self.fleets for cause in fleet.refusals})
        rows += [
            _row(
                f"refused:{cause}",
                f"未保障原因 {cause}",
                f"Not served: {cause}",
                "1",
                "requests with this first cause",
                [fleet.refusals.get(cause, 0) for fleet in self.fleets],
            )
            for cause in causes
        ]
        return tuple(rows)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, with the comparison's rows and the factors used."""
        return {
            "name": self.name,
            "title_zh": self.title_zh,
            "title_en": self.title_en,
            "day": self.day.isoformat(),
            "days": self.days,
            "generated": True,
            "factors": asdict(self.factors),
            "fleets": [
                {
                    "id": fleet.id,
                    "name_zh": fleet.name_zh,
                    "name_en": fleet.name_en,
                    "vehicles_count": fleet.vehicles_count,
                    "nev_count": fleet.nev_count,
                    "plans_count": fleet.plans_count,
                    "mended_count": fleet.mended_count,
                    "figures": dict(fleet.figures),
                    "refusals": dict(fleet.refusals),
                    "points_count": fleet.points_count,
                    "ownership_fen_per_year": round(fleet.ownership_fen),
                    "cost_fen_per_year": round(fleet.yearly_fen(self.days)),
                    "findings": [
                        {
                            "rule_id": own.rule_id,
                            "region": own.region,
                            "verdict": own.verdict.value,
                            "x": own.x,
                            "y": own.y,
                            "bound": own.bound,
                            "subject": own.subject,
                        }
                        for own in fleet.findings
                    ],
                    "by_region": dict(sorted(fleet.tally.by_region.items())),
                    "by_site": dict(sorted(fleet.tally.by_site.items())),
                    "parts": [{"first": part.first.isoformat(), "days": part.days} for part in fleet.parts],
                }
                for fleet in self.fleets
            ],
            "rows": [asdict(row) for row in self.rows()],
            "comparisons": {id: [asdict(one) for one in found] for id, found in self.comparisons().items()},
        }


def _row(id: str, name_zh: str, name_en: str, unit: str, formula: str, values: list[float]) -> ReportRow:
    change = (values[-1] - values[0]) / values[0] if values[0] else None
    return ReportRow(
        id=id,
        name_zh=name_zh,
        name_en=name_en,
        unit=unit,
        formula=formula,
        values=tuple(values),
        change_frac=None if change is None else round(change, 4),
    )

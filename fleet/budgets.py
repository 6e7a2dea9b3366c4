"""Budgets: what a unit may spend on official travel in a year, and what of it is booked (R131)."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.errors import InvalidFact
from fleet.ids import BudgetId, RegionCode, UnitId


@dataclass(frozen=True, kw_only=True)
class Budget:
    """One unit and year. ``booked_fen`` is what the accounts hold of finished trips; estimates of others come on top."""

    id: BudgetId
    unit_id: UnitId
    region: RegionCode
    year: int
    cap_fen: int
    booked_fen: int = 0
    document_no: str = ""

    def __post_init__(self) -> None:
        for name in ("cap_fen", "booked_fen"):
            if getattr(self, name) < 0:
                raise InvalidFact(
                    kind="budget", id=self.id, field=name, value=getattr(self, name), remedy="R131: zero or more fen"
                )
        if not 2000 <= self.year <= 2100:
            raise InvalidFact(kind="budget", id=self.id, field="year", value=self.year, remedy="a year such as 2026")


def budget_id(unit_id: UnitId, year: int) -> BudgetId:
    """One budget per unit and year."""
    return BudgetId(f"B-{year}-{unit_id}")

"""A unit's budget line of a year for socialised support: committed by orders under way, booked by settlements (R131)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fleet.errors import InvalidFact
from fleet.ids import RegionCode, UnitId


@dataclass(frozen=True, kw_only=True)
class RentalBudget:
    """``id`` is unit and year (``U-1-2026``). ``line`` is the budget line that settlements name.

    An order commits its quote when it is held; its settlement books the amount and takes the commitment back; an order that
    comes to nothing only takes it back.
    """

    id: str
    unit_id: UnitId
    region: RegionCode
    year: int
    cap_fen: int
    line: str
    committed_fen: int = 0
    booked_fen: int = 0

    def __post_init__(self) -> None:
        for name in ("cap_fen", "committed_fen", "booked_fen"):
            if getattr(self, name) < 0:
                raise InvalidFact(
                    kind="rental_budget", id=self.id, field=name, value=getattr(self, name), remedy="zero or more"
                )


def rental_budget_id(unit_id: UnitId, year: int) -> str:
    return f"{unit_id}-{year}"


def commit(budget: RentalBudget, amount_fen: int) -> RentalBudget:
    """Set an amount aside; below zero gives some back."""
    return replace(budget, committed_fen=budget.committed_fen + amount_fen)


def book(budget: RentalBudget, *, committed_fen: int, amount_fen: int) -> RentalBudget:
    """The order is settled: its commitment goes, its amount is spent."""
    return replace(
        budget, committed_fen=budget.committed_fen - committed_fen, booked_fen=budget.booked_fen + amount_fen
    )

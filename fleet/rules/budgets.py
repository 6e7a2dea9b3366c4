"""Total-cost control (R131): a unit's cap of a year against what is booked and committed, at planning and at dispatch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fleet.requests import Priority
from fleet.rules.model import RuleView


class BudgetState(StrEnum):
    """``WARNING`` from nine tenths of the cap; ``NEEDS_APPROVAL`` above it: a planner decides."""

    WITHIN = "within"
    WARNING = "warning"
    NEEDS_APPROVAL = "needs_approval"


@dataclass(frozen=True, kw_only=True)
class BudgetAnswer:
    """Where a unit stands with this trip, and by how much it would exceed its cap (0 within)."""

    state: BudgetState
    committed_fen: int
    cap_fen: int
    excess_fen: int
    message_zh: str
    message_en: str
    rule_id: str = "R131"


def check_budget(
    view: RuleView, *, cap_fen: int, booked_fen: int, committed_fen: int, trip_fen: int, priority: Priority
) -> BudgetAnswer:
    """Judge a trip's cost on top of what is booked and committed. An emergency is never held back, and is still shown."""
    total_fen = booked_fen + committed_fen + trip_fen
    excess_fen = max(0, total_fen - cap_fen)
    state = BudgetState.WITHIN
    if view.bound("R131.warning").holds(total_fen, cap_fen):
        state = BudgetState.WARNING
    if not view.bound("R131.cap").holds(total_fen, cap_fen) and priority is not Priority.EMERGENCY:
        state = BudgetState.NEEDS_APPROVAL
    zh = {
        BudgetState.WITHIN: "预算内",
        BudgetState.WARNING: "接近或达到年度预算上限",
        BudgetState.NEEDS_APPROVAL: "超出年度预算上限，需规划员批准",
    }
    en = {
        BudgetState.WITHIN: "within the budget",
        BudgetState.WARNING: "near or at the year's cap",
        BudgetState.NEEDS_APPROVAL: "above the year's cap: a planner must approve",
    }
    return BudgetAnswer(
        state=state,
        committed_fen=total_fen,
        cap_fen=cap_fen,
        excess_fen=excess_fen,
        message_zh=zh[state],
        message_en=en[state],
    )

"""A unit's budget when a trip is approved (R131): what is booked, what approved trips will cost, and this one on top."""

from __future__ import annotations

from api.errors import FieldError, InvalidInput
from api.wording import Text
from dispatch.agreed import committed_fen, unit_year
from fleet.budgets import budget_id
from fleet.documents import decode
from fleet.requests import TripRequest
from fleet.rules.budgets import BudgetAnswer, BudgetState, check_budget
from fleet.rules.model import RuleBook
from fleet.store import FleetStore


def find_answer(store: FleetStore, book: RuleBook, request: TripRequest, trip_fen: int) -> BudgetAnswer | None:
    """Where the unit stands with this trip; None where nobody set a budget."""
    unit_id, year = unit_year(request)
    document = store.find("budget", budget_id(unit_id, year))
    if document is None:
        return None
    budget = decode("budget", document.body)
    return check_budget(
        book.at(request.stops[0].earliest_at.date(), budget.region),
        cap_fen=budget.cap_fen,
        booked_fen=budget.booked_fen,
        committed_fen=committed_fen(store, budget),
        trip_fen=trip_fen,
        priority=request.priority,
    )


def check_approval(store: FleetStore, book: RuleBook, request: TripRequest, trip_fen: int) -> None:
    """Refuse to approve a trip beyond the cap without a planner's consent.

    Raises
    ------
    InvalidInput
        Naming the cap and the excess.
    """
    answer = find_answer(store, book, request, trip_fen)
    if answer is None or answer.state is not BudgetState.NEEDS_APPROVAL or request.find_waiver("R131") is not None:
        return
    cap, excess = f"{answer.cap_fen / 100:,.2f}", f"{answer.excess_fen / 100:,.2f}"
    raise InvalidInput(
        [
            FieldError(
                field="estimate_fen",
                value=trip_fen,
                message=Text(
                    f"R131：{answer.message_zh}（上限{cap}元，将超出{excess}元）",
                    f"R131: {answer.message_en} (cap {cap} yuan, exceeded by {excess})",
                ),
                remedy=Text(
                    "由规划员对该申请使用 allowBudget 并说明理由",
                    "a planner lets it pass with allowBudget and a reason",
                ),
            )
        ]
    )

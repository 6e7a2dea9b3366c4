"""Who goes first (R077), the grass roots among equals (R076), and the ready reserve that stays back (R161)."""

from __future__ import annotations

from fleet.requests import TripRequest
from fleet.rules.model import RuleView
from fleet.rules.refusals import Refusal
from fleet.units import Level, Unit


def precedence(view: RuleView, request: TripRequest, unit: Unit) -> tuple[int, int, float, str]:
    """Sort key, the first served first: class, township before higher levels, earlier approved, id."""
    decided = request.decided_at or request.submitted_at
    rank = view.codes("R077.order").index(request.priority)
    return rank, 0 if unit.level is Level.TOWNSHIP else 1, decided.timestamp(), request.id


def fairness_refusal(view: RuleView, *, served: Unit, dropped: Unit, same_priority: bool) -> Refusal | None:
    """A grass-roots trip is never dropped in favour of a same-priority trip of a higher level (R076)."""
    grassroots = dropped.level is Level.TOWNSHIP and served.level is not Level.TOWNSHIP
    if not (same_priority and grassroots and view.applies("R076")):
        return None
    return Refusal(
        rule_id="R076",
        code="grassroots_dropped",
        message_zh=f"同级任务中不得为{served.name}挤占{dropped.name}的用车",
        message_en=f"{dropped.name} (grass roots) is not dropped for {served.name} at the same priority",
        detail={"served": served.id, "dropped": dropped.id},
    )


def ready_reserve_count(view: RuleView, emergency_vehicles_count: int) -> int:
    """Return how many emergency-support vehicles stay unassigned at a centre: a tenth, rounded up, at least one (R161).

    A centre without any such vehicle owes one all the same: the breach is shown, not hidden.
    """
    return max(view["R161.least_ready_count"], view.bound("R161.reserve").limit(emergency_vehicles_count))


def reserve_refusal(view: RuleView, *, emergency_vehicles_count: int, ready_count: int) -> Refusal | None:
    """Refuse an assignment that would leave fewer ready than the reserve (R161); an emergency order itself may use it."""
    least_count = ready_reserve_count(view, emergency_vehicles_count)
    if ready_count >= least_count:
        return None
    return Refusal(
        rule_id="R161",
        code="ready_reserve",
        message_zh=f"应急待命车辆仅剩{ready_count}辆，须保留{least_count}辆",
        message_en=f"{ready_count} emergency vehicles would stay ready, {least_count} must",
        detail={"ready_count": ready_count, "least_count": least_count},
    )

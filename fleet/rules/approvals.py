"""Before a trip is dispatched: its mandatory fields, three different persons, and approval that may follow an emergency."""

from __future__ import annotations

from datetime import datetime

from fleet.ids import PersonId
from fleet.requests import Priority, TripRequest
from fleet.rules.model import RuleView
from fleet.rules.refusals import Refusal


def field_refusal(view: RuleView, request: TripRequest) -> Refusal | None:
    """A request without purpose, unit, places, passengers, requester or approver is not dispatchable (R068).

    The approver may be missing in an emergency, for as long as R177 lets approval follow.
    """
    for name in view.codes("R068.fields"):
        if name == "approver_id" and request.priority is Priority.EMERGENCY:
            continue
        if not getattr(request, name):
            return Refusal(
                rule_id="R068",
                code="missing_field",
                message_zh=f"用车申请缺少必填事项：{name}",
                message_en=f"the request lacks a mandatory field: {name}",
                detail={"request": request.id, "field": name},
            )
    return None


def separation_refusal(
    *,
    requester_id: PersonId,
    approver_id: PersonId | None,
    dispatcher_id: PersonId | None,
    priority: Priority,
) -> Refusal | None:
    """Requester, approver and dispatcher of one trip are different persons (R156); None stands for the machine or nobody yet.

    In an emergency the approver may come later (R177), but never be one of the others.
    """
    if approver_id is None and priority is not Priority.EMERGENCY:
        return Refusal(
            rule_id="R068",
            code="not_approved",
            message_zh="申请尚未审批，不能派车",
            message_en="not approved yet: no vehicle is dispatched",
        )
    roles = {"requester": requester_id, "approver": approver_id, "dispatcher": dispatcher_id}
    names_zh = {"requester": "申请人", "approver": "审批人", "dispatcher": "派车人"}
    taken: dict[PersonId, str] = {}
    for role, person in roles.items():
        if person is None:
            continue
        if person in taken:
            return Refusal(
                rule_id="R156",
                code="same_person",
                message_zh=f"{names_zh[taken[person]]}与{names_zh[role]}不能是同一人",
                message_en=f"{taken[person]} and {role} of one trip are different persons",
                detail={"person": person},
            )
        taken[person] = role
    return None


def late_approval_refusal(
    view: RuleView, *, priority: Priority, departed_at: datetime, approved_at: datetime | None, now: datetime
) -> Refusal | None:
    """A trip that left without approval: emergencies only, and the approval within 24 h, else an audit case (R177)."""
    if approved_at is not None and approved_at <= departed_at:
        return None
    if priority is not Priority.EMERGENCY:
        return Refusal(
            rule_id="R177",
            code="not_an_emergency",
            message_zh="非应急任务不得先出车后审批",
            message_en="only an emergency may leave before it is approved",
        )
    limit_s = view["R177.late_approval_s"]
    late_s = int(((approved_at or now) - departed_at).total_seconds())
    if late_s <= limit_s:
        return None
    return Refusal(
        rule_id="R177",
        code="approval_overdue",
        message_zh=f"出车后{limit_s // 3600}小时内未补办审批，转审计核查",
        message_en=f"not approved within {limit_s // 3600} h after departure: an audit case",
        detail={"late_s": late_s, "limit_s": limit_s},
    )

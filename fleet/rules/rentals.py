"""When time-share rental may be used: reason codes per province, the proof that retained cars cannot serve, NEVs only."""

from __future__ import annotations

from fleet.rules.jurisdictions import Province
from fleet.rules.model import RuleView
from fleet.rules.refusals import Refusal
from fleet.vehicles import Vehicle


def reason_refusal(view: RuleView, reason: str) -> Refusal | None:
    """The reason is a code of the province's list (R103; for Chongqing also R085)."""
    reasons = view.codes("R103.reasons")
    if reason in reasons:
        return None
    return Refusal(
        rule_id="R103",
        code="reason",
        message_zh=f"租赁事由须为：{'、'.join(reasons)}",
        message_en=f"a reason of this province: {', '.join(reasons)}",
        detail={"reason": reason},
    )


def eligibility_refusal(view: RuleView, *, reason: str, infeasibility_record: str) -> Refusal | None:
    """Time-share takes both: the stored proof that retained vehicles cannot serve, and a reason (R085; R093 in Sichuan)."""
    if not infeasibility_record.strip():
        chongqing = view.jurisdiction.province is Province.CHONGQING
        return Refusal(
            rule_id="R085" if chongqing else "R093",
            code="own_vehicles_first",
            message_zh="须先证明保留车辆无法满足需求",
            message_en="first the record that retained vehicles cannot serve",
        )
    return reason_refusal(view, reason)


def vehicle_refusal(view: RuleView, vehicle: Vehicle) -> Refusal | None:
    """Only NEVs are time-share vehicles in Chongqing (R089)."""
    if view.find("R089.nev_share") is None or vehicle.energy.is_nev:
        return None
    return Refusal(
        rule_id="R089",
        code="not_nev",
        message_zh=f"{vehicle.plate}不是新能源汽车，重庆分时租赁只用新能源汽车",
        message_en=f"{vehicle.plate} is not an NEV: time-share in Chongqing uses NEVs only",
        detail={"vehicle": vehicle.id},
    )

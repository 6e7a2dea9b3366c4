"""Before a vehicle is bought or replaced: price and displacement, age, four decisions, total, and waivers of the NEV rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from fleet.rules.model import RuleView
from fleet.rules.refusals import Refusal
from fleet.vehicles import Acquisition, AcquisitionKind, Duty, Energy, Vehicle, VehicleKind

#: passenger seats from which a coach counts as large (大型客车: length from 6 m or 20 seats, GA 802-2019; driver's seat aside)
LARGE_COACH_SEATS = 19


def standard_refusal(
    view: RuleView,
    *,
    duty: Duty,
    kind: VehicleKind,
    energy: Energy,
    seats: int,
    price_fen: int,
    displacement_ml: int,
    special_case: bool = False,
) -> Refusal | None:
    """Check a candidate against price and displacement of its class (R034). ``special_case`` needs the office's consent.

    A vehicle of special technical duty has no standard of its own in the rule and passes.
    """
    if duty is Duty.SPECIAL:
        return None
    key = "pooled" if duty is Duty.RENTAL else duty.value
    if kind in (VehicleKind.MINIBUS, VehicleKind.COACH) and duty in (Duty.POOLED, Duty.EMERGENCY, Duty.RENTAL):
        key = "large_coach" if kind is VehicleKind.COACH and seats >= LARGE_COACH_SEATS else "coach"
    elif duty is Duty.ENFORCEMENT and special_case:
        key = "enforcement_special"
    elif special_case and duty in (Duty.POOLED, Duty.EMERGENCY, Duty.RENTAL):
        key = "coach"
    elif energy.is_nev and kind is VehicleKind.SEDAN:
        key = "nev_sedan"
    limits = {
        "confidential": (view["R034.confidential_price_fen"], view["R034.confidential_displacement_ml"]),
        "emergency": (view["R034.emergency_price_fen"], view["R034.emergency_displacement_ml"]),
        "pooled": (view["R034.pooled_price_fen"], view["R034.pooled_displacement_ml"]),
        "coach": (view["R034.coach_price_fen"], view["R034.coach_displacement_ml"]),
        "large_coach": (view["R034.large_coach_price_fen"], None),
        "enforcement": (view["R034.enforcement_price_fen"], view["R034.enforcement_displacement_ml"]),
        "enforcement_special": (
            view["R034.enforcement_special_price_fen"],
            view["R034.enforcement_special_displacement_ml"],
        ),
        "nev_sedan": (view["R034.nev_sedan_price_fen"], None),
    }
    most_fen, most_ml = limits[key]
    if price_fen > most_fen:
        return Refusal(
            rule_id="R034",
            code="price",
            message_zh=f"价格{price_fen / 1_000_000:g}万元，超过配备标准{most_fen / 1_000_000:g}万元",
            message_en=f"{price_fen // 100} yuan, the standard is {most_fen // 100}",
            detail={"price_fen": price_fen, "limit_fen": most_fen},
        )
    if most_ml is not None and displacement_ml > most_ml:
        return Refusal(
            rule_id="R034",
            code="displacement",
            message_zh=f"排量{displacement_ml}毫升，超过配备标准{most_ml}毫升",
            message_en=f"{displacement_ml} ml of displacement, the standard is {most_ml}",
            detail={"displacement_ml": displacement_ml, "limit_ml": most_ml},
        )
    return None


def age_refusal(view: RuleView, vehicle: Vehicle, *, waiver_reason: str = "", waiver_text: str = "") -> Refusal | None:
    """A vehicle is replaced only after eight full years in service, or for a recorded safety reason (R038).

    Raises
    ------
    InvalidFact
        If a reason is given that is none of the rule's; a cadre's promotion or transfer never is one.
    """
    if waiver_reason:
        view.check_waiver("R038", waiver_reason, waiver_text)
        return None
    years, since = view["R038.least_service_years"], vehicle.in_service_on
    if since is not None and _years_after(since, years) <= view.day:
        return None
    served = "未登记投入使用日期" if since is None else f"{since.isoformat()}起使用"
    return Refusal(
        rule_id="R038",
        code="too_young" if since is not None else "service_date_missing",
        message_zh=f"{vehicle.plate}{served}，未满{years}年不得更新",
        message_en=f"{vehicle.plate}: replaced only after {years} full years in service ({since or 'start not recorded'})",
        detail={"vehicle": vehicle.id, "least_service_years": years},
    )


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return date(day.year + years, 3, 1)


def energy_refusal(view: RuleView, vehicle: Vehicle, acquisition: Acquisition) -> Refusal | None:
    """A purchase that is not an NEV needs a waiver with its reason where R022 (Sichuan) or R029 (Chongqing) asks for NEVs."""
    rule_id = energy_rule(view, vehicle, acquisition)
    if rule_id is None or vehicle.energy.is_nev:
        return None
    reasons = view.book.get(rule_id).waiver_reasons
    if acquisition.waiver_reason in reasons and acquisition.waiver_text.strip():
        return None
    return Refusal(
        rule_id=rule_id,
        code="nev_or_waiver",
        message_zh=f"{vehicle.plate}不是新能源汽车，且未说明特殊地区或特殊用途",
        message_en=f"{vehicle.plate} is not an NEV and carries no waiver ({', '.join(reasons)}) with its text",
        detail={"vehicle": vehicle.id},
    )


def energy_rule(view: RuleView, vehicle: Vehicle, acquisition: Acquisition) -> str | None:
    """The rule that asks for an NEV in this purchase: R022, R029 or none."""
    if view.find("R022.nev_share") is not None and acquisition.kind is not AcquisitionKind.TRANSFERRED:
        return "R022"
    fixed = vehicle.duty is Duty.ENFORCEMENT and vehicle.fixed_route
    bought = acquisition.kind is AcquisitionKind.REPLACED and (vehicle.duty is Duty.CONFIDENTIAL or fixed)
    return "R029" if bought and view.find("R029.nev_share") is not None else None


def decisions_refusal(view: RuleView, document_numbers: Mapping[str, str]) -> Refusal | None:
    """Quota, standard, funds and procurement each have a decision with a document number (R035)."""
    missing = [name for name in view.codes("R035.decisions") if not document_numbers.get(name, "").strip()]
    if not missing:
        return None
    return Refusal(
        rule_id="R035",
        code="decision_missing",
        message_zh=f"缺少“四统一”批准文号：{'、'.join(missing)}",
        message_en=f"no document number for: {', '.join(missing)}",
        detail={"missing": " ".join(missing)},
    )


def total_refusal(
    view: RuleView, *, before_count: int, after_count: int, quota_document_no: str = ""
) -> Refusal | None:
    """A fleet does not grow unless the quota itself was raised with a document number (R033)."""
    if quota_document_no.strip() or view.find("R033.total") is None:
        return None
    if view.bound("R033.total").holds(after_count, before_count):
        return None
    return Refusal(
        rule_id="R033",
        code="fleet_grows",
        message_zh=f"车辆总数由{before_count}辆增至{after_count}辆，未提供增编文号",
        message_en=f"the fleet would grow from {before_count} to {after_count} without a quota document",
        detail={"before_count": before_count, "after_count": after_count},
    )

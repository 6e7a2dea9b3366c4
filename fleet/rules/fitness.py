"""May this vehicle do this trip at all: life-cycle state, class against task, holiday sealing, closures, marking."""

from __future__ import annotations

from collections.abc import Set
from datetime import date

from fleet.ids import UnitId
from fleet.requests import Priority
from fleet.rules.model import RuleView
from fleet.rules.refusals import Refusal
from fleet.vehicles import Duty, Vehicle


def state_refusal(view: RuleView, vehicle: Vehicle) -> Refusal | None:
    """Only a vehicle in service is dispatched (R037); one in disposal or disposed of never is (R051)."""
    if vehicle.state in view.codes("R037.dispatchable_states"):
        return None
    return Refusal(
        rule_id="R037",
        code="not_in_service",
        message_zh=f"{vehicle.plate}当前状态不可派用（{vehicle.state}）",
        message_en=f"{vehicle.plate} is {vehicle.state}: only vehicles in service are dispatched",
        detail={"vehicle": vehicle.id, "state": vehicle.state},
    )


def duty_refusal(
    vehicle: Vehicle, *, unit_id: UnitId, priority: Priority, equipment: Set[str] = frozenset()
) -> Refusal | None:
    """Class against task (R072). An emergency order lifts it (R162).

    Confidential matters go in confidential vehicles and in no others; emergency-support vehicles serve urgent duty, enforcement
    vehicles their own unit, special technical ones trips that need equipment aboard; pooled and rental vehicles the rest.
    Whether a vehicle serves another unit at all is asked in :mod:`fleet.rules.pools`.
    """
    if priority is Priority.EMERGENCY:
        return None
    fits = {
        Duty.POOLED: priority is not Priority.CONFIDENTIAL,
        Duty.RENTAL: priority is not Priority.CONFIDENTIAL,
        Duty.CONFIDENTIAL: priority is Priority.CONFIDENTIAL,
        Duty.EMERGENCY: False,
        Duty.ENFORCEMENT: unit_id == vehicle.unit_id,
        Duty.SPECIAL: bool(equipment & vehicle.equipment),
    }
    if fits[vehicle.duty]:
        return None
    return Refusal(
        rule_id="R072",
        code="duty_mismatch",
        message_zh=f"{vehicle.plate}的车辆类别（{vehicle.duty}）与任务不符",
        message_en=f"{vehicle.plate} is kept for {vehicle.duty} duty, which this trip is not",
        detail={"vehicle": vehicle.id, "duty": vehicle.duty, "priority": priority},
    )


def is_holiday(view: RuleView, day: date) -> bool | None:
    """Return whether a local day is a public holiday; None where the calendar of that year was not entered."""
    value = view.find("R078.holidays")
    if (
        value is None
        or value.codes is None
        or value.from_day > day
        or (value.to_day is not None and value.to_day < day)
    ):
        return None
    return day.isoformat() in value.codes


def sealing_refusal(
    view: RuleView, vehicle: Vehicle, *, priority: Priority, exception_reason: str = "", exception_text: str = ""
) -> Refusal | None:
    """In public holidays all but duty and emergency vehicles are sealed (R078), unless an exception was given with reason.

    A year without a calendar seals nothing: ask :func:`is_holiday` and say so.

    Raises
    ------
    InvalidFact
        If the exception's reason is none of the rule's, or says nothing.
    """
    if not is_holiday(view, view.day) or priority is Priority.EMERGENCY:
        return None
    if vehicle.duty in view.codes("R078.exempt_duties"):
        return None
    if exception_reason:
        view.check_waiver("R078", exception_reason, exception_text)
        return None
    return Refusal(
        rule_id="R078",
        code="sealed_on_holiday",
        message_zh=f"{view.day.isoformat()}为法定节假日，{vehicle.plate}封存停驶",
        message_en=f"{view.day.isoformat()} is a public holiday: {vehicle.plate} is sealed",
        detail={"vehicle": vehicle.id, "day": view.day.isoformat()},
    )


def closure_refusal(places: Set[str], closed: Set[str], *, permit: str = "") -> Refusal | None:
    """A closed region or site is infeasible without a permit (R176). ``places`` are the codes and ids that a trip touches."""
    hit = sorted(places & closed)
    if not hit or permit.strip():
        return None
    return Refusal(
        rule_id="R176",
        code="closed",
        message_zh=f"封控区域或场所，无通行许可：{'、'.join(hit)}",
        message_en=f"closed, and no permit was given: {', '.join(hit)}",
        detail={"places": " ".join(hit)},
    )


def marking_warning(vehicle: Vehicle) -> Refusal | None:
    """A vehicle that is neither marked nor exempt is dispatched with a warning (R045); it blocks nothing."""
    if vehicle.marked or vehicle.marking_exempt:
        return None
    return Refusal(
        rule_id="R045",
        code="not_marked" if vehicle.marked is False else "marking_unknown",
        message_zh=f"{vehicle.plate}未喷涂标识或未登记标识情况",
        message_en=f"{vehicle.plate} is not marked, or nobody recorded it",
        detail={"vehicle": vehicle.id},
    )

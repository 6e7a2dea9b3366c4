"""Energy: the reserve on arrival, points and power of a site, and the emergency mode of the power supply (R170-R175)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from fleet.measures import Measure
from fleet.requests import Priority
from fleet.rules.model import RuleView
from fleet.rules.refusals import Refusal
from fleet.vehicles import Duty

SHANGHAI = timezone(timedelta(hours=8))


def reserve_wh(view: RuleView, capacity_wh: int) -> int:
    """Return the least content of a battery on arrival at a charger (R063), rounded up."""
    return view.bound("R063.reserve").limit(capacity_wh)


def reserve_refusal(view: RuleView, *, charge_wh: int, capacity_wh: int) -> Refusal | None:
    """Refuse an arrival below the reserve (R063). A battery driven empty has negative content and is refused as well."""
    if charge_wh >= 0 and view.bound("R063.reserve").holds(charge_wh, capacity_wh):
        return None
    least_wh = reserve_wh(view, capacity_wh)
    return Refusal(
        rule_id="R063",
        code="reserve",
        message_zh=f"到达时电量{charge_wh}瓦时，低于保留电量{least_wh}瓦时",
        message_en=f"{charge_wh} Wh on arrival, below the reserve of {least_wh} Wh",
        detail={"charge_wh": charge_wh, "least_wh": least_wh},
    )


def charging_refusal(
    view: RuleView, *, charging_count: int, points_count: int, drawn_w: int, site_w: int | None
) -> Refusal | None:
    """At any minute no more vehicles charge than points work, and no more power flows than the site may draw (R061)."""
    if not view.bound("R061.points").holds(charging_count, points_count):
        return Refusal(
            rule_id="R061",
            code="points",
            message_zh=f"{charging_count}辆车同时充电，仅有{points_count}个充电枪",
            message_en=f"{charging_count} vehicles charge at once on {points_count} points",
            detail={"charging_count": charging_count, "points_count": points_count},
        )
    if site_w is not None and not view.bound("R061.power").holds(drawn_w, site_w):
        return Refusal(
            rule_id="R061",
            code="power",
            message_zh=f"充电功率{drawn_w}瓦，超过站点上限{site_w}瓦",
            message_en=f"{drawn_w} W drawn, the site may draw {site_w} W",
            detail={"drawn_w": drawn_w, "site_w": site_w},
        )
    return None


def charging_class(
    view: RuleView, *, duty: Duty, priority: Priority, approved_departure_at: datetime | None, at: datetime
) -> int:
    """Class of a vehicle's charging in an energy emergency (R171): 1 emergency and confidential, 2 approved soon, 3 others."""
    if duty in (Duty.EMERGENCY, Duty.CONFIDENTIAL) or priority in (Priority.EMERGENCY, Priority.CONFIDENTIAL):
        return 1
    ahead = timedelta(seconds=view["R171.approved_ahead_s"])
    if approved_departure_at is not None and approved_departure_at - at <= ahead:
        return 2
    return 3


def is_night(view: RuleView, at: datetime) -> bool:
    """Return whether an instant lies in the night hours of R171 (23:00-07:00, Asia/Shanghai)."""
    local = at.astimezone(SHANGHAI)
    second = local.hour * 3600 + local.minute * 60 + local.second
    return second >= view["R171.night_from_s"] or second < view["R171.night_to_s"]


def emergency_charging_refusal(
    view: RuleView, *, charging_class: int, at: datetime, underground: bool = False
) -> Refusal | None:
    """In an energy emergency class 3 is not charged at peak hours (R171), and only class 1 underground at night (R173)."""
    night = is_night(view, at)
    if charging_class == 3 and not night:
        return Refusal(
            rule_id="R171",
            code="class_3_at_peak",
            message_zh="能源供应应急响应期间，峰时不为第三类车辆充电",
            message_en="energy emergency: class 3 is not charged at peak hours",
        )
    if underground and night and charging_class != 1:
        return Refusal(
            rule_id="R173",
            code="underground_at_night",
            message_zh="能源供应应急响应期间，夜间地下停车场只为第一类车辆充电",
            message_en="energy emergency: underground at night only class 1 is charged",
        )
    return None


def emergency_site_power_w(view: RuleView, site_power_w: int, *, at: datetime, protected: bool = False) -> int:
    """Return what a site may draw in an energy emergency: half by day unless it is protected (R171, R175), rounded down."""
    if protected or is_night(view, at):
        return site_power_w
    return site_power_w * view["R171.day_power_permille"] // 1000


def suspends_nev_targets(emergency: Measure | None) -> bool:
    """While an energy emergency lasts, targets of NEV use are suspended; purchase quotas are not (R172)."""
    return emergency is not None

"""Driver hours: four hours at the wheel then twenty minutes of rest, the working day, and what an emergency lifts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fleet.rules.model import RuleView
from fleet.rules.refusals import Refusal


@dataclass(frozen=True, kw_only=True)
class DriveLimits:
    """What the solver and the alerts need, in seconds. ``day_s`` None: lifted by an emergency (R118), the rest never is."""

    max_continuous_drive_s: int
    rest_s: int
    day_s: int | None


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of a driver's day: driving, or standing."""

    driving: bool
    seconds: int


def drive_limits(view: RuleView, *, emergency: bool = False, overtime_consent: bool = False) -> DriveLimits:
    """Return the limits of a working day: 8 hours, and the special overtime on top where the driver consented (R117)."""
    day_s: int | None = view["R117.day_s"] + (view["R117.overtime_special_s"] if overtime_consent else 0)
    if emergency and "day_s" in view.codes("R118.lifted"):
        day_s = None
    return DriveLimits(
        max_continuous_drive_s=view["R116.max_continuous_drive_s"],
        rest_s=view["R116.rest_s"],
        day_s=day_s,
    )


def day_allowance_s(view: RuleView, *, worked_week_s: int, overtime_month_s: int, consent: bool) -> int:
    """Return how long a driver may still work on a day (R117), in seconds.

    Normal hours are eight, and no more than what is left of the week's 44; on top the usual overtime, or the special one where
    the driver's consent is on record, and no more than what is left of the month's 36 hours.

    Parameters
    ----------
    worked_week_s, overtime_month_s
        Hours of the other days of the week, and overtime of the other days of the month.
    """
    normal_s = min(view["R117.day_s"], max(0, view["R117.week_s"] - worked_week_s))
    overtime_s = view["R117.overtime_special_s" if consent else "R117.overtime_usual_s"]
    return normal_s + min(overtime_s, max(0, view["R117.overtime_month_s"] - overtime_month_s))


def drive_refusal(view: RuleView, spans: Iterable[Span]) -> Refusal | None:
    """Check driving without a sufficient stop (R116), in emergencies too (R118). Stops shorter than the rest do not count."""
    most_s, rest_s = view["R116.max_continuous_drive_s"], view["R116.rest_s"]
    driven_s = stopped_s = 0
    for span in spans:
        if span.driving:
            if stopped_s >= rest_s:
                driven_s = 0
            stopped_s = 0
            driven_s += span.seconds
            if driven_s > most_s:
                return Refusal(
                    rule_id="R116",
                    code="continuous_drive",
                    message_zh=f"连续驾驶{-(-driven_s // 60)}分钟，超过{most_s // 60}分钟且未休息满{rest_s // 60}分钟",
                    message_en=f"{-(-driven_s // 60)} min at the wheel without a stop of {rest_s // 60} min; at most "
                    f"{most_s // 60}",
                    detail={"driven_s": driven_s, "limit_s": most_s},
                )
        else:
            stopped_s += span.seconds
    return None


def working_refusal(
    view: RuleView,
    *,
    day_s: int,
    week_s: int = 0,
    overtime_month_s: int = 0,
    consent: bool = False,
    emergency: bool = False,
) -> Refusal | None:
    """Check working time (R117): the day with usual or, by consent, special overtime, the average week, overtime of the month.

    ``week_s`` is the average week, ``overtime_month_s`` the month's overtime with this day's. An emergency lifts it (R118).
    """
    if emergency:
        return None
    overtime_s = view["R117.overtime_special_s" if consent else "R117.overtime_usual_s"]
    limits = (
        ("day", "日工作时间", day_s, view["R117.day_s"] + overtime_s),
        ("week", "周平均工作时间", week_s, view["R117.week_s"]),
        ("overtime_month", "月加班时间", overtime_month_s, view["R117.overtime_month_s"]),
    )
    for code, name_zh, actual_s, limit_s in limits:
        if actual_s > limit_s:
            return Refusal(
                rule_id="R117",
                code=code,
                message_zh=f"{name_zh}{actual_s // 60}分钟，上限{limit_s // 60}分钟",
                message_en=f"working time ({code.replace('_', ' ')}): {actual_s // 60} min, at most {limit_s // 60}",
                detail={"actual_s": actual_s, "limit_s": limit_s},
            )
    return None

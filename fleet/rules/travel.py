"""The 1-3-5 advice before a car is asked for: walk, cycle, public transport; the requester may go on with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fleet.rules.model import RuleView


class Mode(StrEnum):
    WALK = "walk"
    BICYCLE = "bicycle"
    PUBLIC_TRANSPORT = "public_transport"


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Another way to travel (R073), the distance up to which it is meant, and the reasons that let a request go on."""

    mode: Mode
    limit_m: int
    override_reasons: tuple[str, ...]
    message_zh: str
    message_en: str
    rule_id: str = "R073"


def advise(view: RuleView, distance_m: int) -> Advice | None:
    """Return the advice for a trip of that length, None where a car is the fitting means."""
    modes = (
        (Mode.WALK, view["R073.walk_m"], "步行", "walk"),
        (Mode.BICYCLE, view["R073.bicycle_m"], "骑自行车", "cycle"),
        (Mode.PUBLIC_TRANSPORT, view["R073.public_transport_m"], "乘坐公共交通工具", "public transport"),
    )
    for mode, limit_m, name_zh, name_en in modes:
        if distance_m <= limit_m:
            return Advice(
                mode=mode,
                limit_m=limit_m,
                override_reasons=view.codes("R073.override_reasons"),
                message_zh=f"行程约{distance_m}米，建议{name_zh}（{limit_m // 1000}公里以内）；确需用车请选择理由",
                message_en=f"about {distance_m} m: {name_en} is advised up to {limit_m // 1000} km; a reason lets you go on",
            )
    return None


def check_override(view: RuleView, reason: str, text: str) -> None:
    """Accept going by car all the same.

    Raises
    ------
    InvalidFact
        If the reason is none of the rule's or the text is empty (R073).
    """
    view.check_waiver("R073", reason, text)

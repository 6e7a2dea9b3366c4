"""What a request must say to go on against a rule: advice to walk or ride (R073), holidays (R078), closures (R176)."""

from __future__ import annotations

from collections.abc import Sequence

from api.errors import FieldError, InvalidInput
from api.services import LOCAL_ZONE
from api.wording import Text
from dispatch.legs import Roads
from fleet.errors import InvalidFact
from fleet.requests import Priority, TripKind, TripRequest, Waiver
from fleet.rules.model import RuleBook
from fleet.rules.travel import Advice, advise
from routing.conditions import Conditions
from routing.matrix import UNREACHABLE
from routing.profiles import PROFILES
from routing.snap import Point

ASKED_FOR = ("R073", "R078", "R176")
"""Rules to which a requester may give a reason; a planner's consent to a budget (R131) is given elsewhere."""


def check_waivers(book: RuleBook, waivers: Sequence[Waiver]) -> None:
    """Refuse reasons that are none of the rule's, and reasons without a word.

    Raises
    ------
    InvalidInput
        Naming the waiver and the reasons that there are.
    """
    for number, waiver in enumerate(waivers):
        at = f"waivers[{number}]"
        reasons = book.get(waiver.rule_id).waiver_reasons if waiver.rule_id in book.rules else ()
        if waiver.rule_id not in ASKED_FOR or not reasons:
            raise _refused(
                f"{at}.rule_id",
                waiver.rule_id,
                Text("该规则不接受申请人的例外", "no reason of a requester lets this rule pass"),
                Text(f"可填：{'、'.join(ASKED_FOR)}", f"one of {', '.join(ASKED_FOR)}"),
            )
        if waiver.reason not in reasons:
            raise _refused(
                f"{at}.reason",
                waiver.reason,
                Text(f"{waiver.rule_id} 的例外须有理由", f"{waiver.rule_id} asks for a reason of its list"),
                Text(f"可填：{'、'.join(reasons)}", f"one of {', '.join(reasons)}"),
            )
        if not waiver.text.strip():
            raise _refused(
                f"{at}.text",
                waiver.text,
                Text("例外须写明情况", "a reason is put into words"),
                Text("写明情况；R176 填通行许可编号", "say what it is; for R176 the number of the permit"),
            )


def check_advice(book: RuleBook, request: TripRequest, roads: Roads, *, limit_m: float) -> None:
    """Advise another way to travel before a car is asked for (R073); a reason of the rule's list lets the request go on.

    Raises
    ------
    InvalidInput
        With the advice and the reasons.
    """
    if request.kind is not TripKind.TRANSFER or request.priority is Priority.EMERGENCY:
        return
    advice = find_advice(book, request, roads, limit_m=limit_m)
    if advice is None or request.find_waiver("R073") is not None:
        return
    reasons = ", ".join(advice.override_reasons)
    raise _refused(
        "waivers",
        advice.mode.value,
        Text(advice.message_zh, advice.message_en),
        Text(
            f"R073：确需用车，在 waivers 中写明理由（{reasons}）",
            f"R073: to go by car all the same, give a reason in waivers ({reasons})",
        ),
    )


def find_advice(book: RuleBook, request: TripRequest, roads: Roads, *, limit_m: float) -> Advice | None:
    """The advice for a trip by its length on the roads, None where a car is the fitting means."""
    points = [Point(lon_wgs84=round(s.lon_wgs84, 6), lat_wgs84=round(s.lat_wgs84, 6)) for s in request.stops]
    metres = roads.matrix(points, PROFILES["sedan_petrol"], access_limit_m=limit_m, conditions=Conditions()).drive_m
    legs = [int(metres[number, number + 1]) for number in range(len(points) - 1)]
    if UNREACHABLE in legs:
        return None
    day = request.stops[0].earliest_at.astimezone(LOCAL_ZONE).date()
    try:
        view = book.at(day, request.region)
    except InvalidFact:
        return None  # a zone in both provinces: the offices on its two sides advise
    return advise(view, sum(legs))


def _refused(field: str, value: object, message: Text, remedy: Text) -> InvalidInput:
    return InvalidInput([FieldError(field=field, value=value, message=message, remedy=remedy)])

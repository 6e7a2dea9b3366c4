"""The answer to a new request, in the caller's language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from api.plan_views import say_reason
from api.services import LOCAL_ZONE, Services, local_day
from api.vocabulary import VEHICLE_KINDS, word
from api.wording import Language, Text
from dispatch.agreed import ruling_on
from dispatch.policy import DispatchPolicy
from dispatch.promise import Answer, Outcome, promise
from fleet.requests import TripRequest

_PROMISE = Text(
    "预计 {start} 至 {end} 之间上车，{kind}；审批后正式派车。",
    "Pick-up expected between {start} and {end} by {kind}; assigned once it is approved.",
)
_ADVICE = Text(
    "该时间暂无合适车辆；改为 {start} 上车可以安排。", "No vehicle fits that time; a pick-up at {start} would fit."
)
_REFUSAL = Text(
    "按现有计划暂时排不下：{cause}。审批后仍会参与统一调度。",
    "It does not fit beside the present plan: {cause}. Once approved it takes part in the next plan all the same.",
)


def answer_with(services: Services) -> Callable[[TripRequest, Language], dict[str, Any]]:
    """Return what answers new requests from the present plan."""

    def answer(request: TripRequest, language: Language) -> dict[str, Any]:
        legs = services.roads_on(local_day(request.stops[0].earliest_at)).legs
        day = request.stops[0].earliest_at.astimezone(LOCAL_ZONE).date()
        found = promise(
            services.store,
            legs,
            request,
            now=services.clock(),
            policy=DispatchPolicy(ambient_c=services.settings.ambient_c),
            ruling=ruling_on(services.store, day, book=services.book, planning=False),
        )
        return show_answer(found, language)

    return answer


def show_answer(found: Answer, language: Language) -> dict[str, Any]:
    """Say an answer: a promise with its window, advice when another time would do, or a refusal with reasons."""
    reasons = [
        say_reason({"code": reason.code.value, "proven": reason.proven, "detail": reason.detail}, language)
        for reason in found.reasons
    ]
    shown: dict[str, Any] = {"reasons": reasons}
    if found.outcome is Outcome.PROMISE and found.pickup_earliest_at is not None:
        end = found.pickup_latest_at or found.pickup_earliest_at
        fields = {
            "start": _clock(found.pickup_earliest_at),
            "end": _clock(end),
            "kind": word(VEHICLE_KINDS, found.vehicle_kind or "", language),
        }
        shown |= {
            "outcome": "promise",
            "message": _PROMISE.say(language, fields),
            "pickup_from_at": found.pickup_earliest_at.isoformat(),
            "pickup_to_at": end.isoformat(),
            "dropoff_at": None if found.dropoff_at is None else found.dropoff_at.isoformat(),
            "vehicle_kind": found.vehicle_kind,
            "tier": found.tier,
        }
    elif found.offer_at is not None:
        shown |= {
            "outcome": "advice",
            "message": _ADVICE.say(language, {"start": _clock(found.offer_at)}),
            "offer_at": found.offer_at.isoformat(),
        }
    else:
        cause = (
            "；".join(reason["message"] for reason in reasons[:2])
            if language == "zh"
            else "; ".join(reason["message"] for reason in reasons[:2])
        )
        shown |= {"outcome": "refusal", "message": _REFUSAL.say(language, {"cause": cause})}
    return shown


def _clock(at: datetime) -> str:
    return at.astimezone(LOCAL_ZONE).strftime("%m-%d %H:%M")

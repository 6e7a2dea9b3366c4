"""The answers of the live side in the interface's description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from api import live_examples as examples
from api.schemas import live_answers as answers
from api.schemas.answers import RequestAnswer, page_of

One = Callable[[str, type[BaseModel], Mapping[str, Any]], None]


def live_described(one: One) -> None:
    """Describe them with the given function of operations, model and example."""
    chosen = "POST /v1/requests/{id}:assign, POST /v1/requests/{id}:pin, POST /v1/requests/{id}:unpin"
    one(f"{chosen}, POST /v1/requests/{{id}}:undo", answers.ChosenAnswer, examples.CHOSEN_TRIP)
    one("GET /v1/requests/{id}/options", answers.OptionsAnswer, examples.OPTIONS)
    one("GET /v1/requests/{id}/promise", answers.PromiseAnswer, examples.PROMISE_KEPT)
    page = {"items": [examples.SAID_NOTICE], "next_after": None}
    one("GET /v1/notices", page_of(answers.NoticeAnswer), page)
    one("GET /v1/notices/{id}", answers.NoticeAnswer, examples.SAID_NOTICE)
    one("POST /v1/emergencies", answers.RequestWithNotices, examples.EMERGENCY)
    one("POST /v1/emergencies/{id}:confirm", RequestAnswer, examples.CONFIRMED)
    listed = {**examples.CONFIRMED, "overdue": False}
    one("GET /v1/emergencies", page_of(answers.EmergencyAnswer), {"items": [listed], "next_after": None})
    one("GET /v1/reserve", answers.ReserveAnswer, examples.RESERVE)
    one("POST /v1/webhooks", answers.NewWebhookAnswer, examples.NEW_WEBHOOK)
    hooks = "GET /v1/webhooks/{id}, POST /v1/webhooks/{id}:replay, POST /v1/webhooks/{id}:end"
    one(hooks, answers.WebhookAnswer, examples.WEBHOOK)
    one("GET /v1/webhooks", page_of(answers.WebhookAnswer), {"items": [examples.WEBHOOK], "next_after": None})
    one("POST /v1/calendars", answers.NewCalendarAnswer, examples.NEW_CALENDAR)
    one("POST /v1/calendars/{id}:revoke", answers.CalendarAnswer, examples.CALENDAR)
    one("GET /v1/calendars", page_of(answers.CalendarAnswer), {"items": [examples.CALENDAR], "next_after": None})
    taking = "POST /v1/positions, POST /v1/positions/traccar, POST /v1/positions/gateway"
    one(taking, answers.TakenAnswer, {"accepted_count": 1, "new_count": 1, "refused": []})
    here = {"id": "V-SN-1", "plate": "川JD00001", "position": {**examples.POSITION, "age_s": 4.0, "stale": False}}
    one("GET /v1/positions", page_of(answers.VehiclePosition), {"items": [here], "next_after": None})
    track = {"vehicle_id": "V-SN-1", "items": [examples.POSITION]}
    one("POST /v1/vehicles/{id}:track", answers.TrackAnswer, track)
    one("GET /v1/dispatch", answers.DispatchAnswer, examples.DISPATCH)
    reported = "POST /v1/vehicles/{id}:report, POST /v1/drivers/{id}:report, POST /v1/sites/{id}:report"
    one(reported, answers.ReportAnswer, examples.REPORTED)
    one("GET /v1/reports", page_of(answers.ReportAnswer), {"items": [examples.REPORTED], "next_after": None})
    one("GET /v1/plans/{a}/diff/{b}", answers.DiffAnswer, examples.DIFF)

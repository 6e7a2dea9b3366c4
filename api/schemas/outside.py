"""Webhooks and calendar addresses, as callers send them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.schemas.base import Id, Input, examples
from fleet.outside_links import CalendarScope

EventType = Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]*)?$", max_length=64)]


class WebhookInput(Input):
    model_config = examples({"url": "http://oa.example/hooks/dispatch", "types": ["request.", "plan.made"]})

    url: str = Field(pattern=r"^https?://[^\s/@]+(/\S*)?$", max_length=1000)
    types: list[EventType] = Field(default_factory=list, max_length=50, description="Beginnings; none means all.")
    region: str | None = Field(default=None, max_length=20, description="The caller's own region when absent.")
    description: str = Field(default="", max_length=200)


class ReplayInput(Input):
    model_config = examples({"after": 1200})

    after: int = Field(ge=0, description="Sequence of the event behind which it begins again.")


class CalendarInput(Input):
    model_config = examples({"scope": "driver", "about": "D-510904-07"})

    scope: CalendarScope
    about: Id = Field(description="Id of the driver or unit.")

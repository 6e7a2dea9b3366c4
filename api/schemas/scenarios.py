"""Starting a scenario."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.schemas.base import Input, examples


class ScenarioInput(Input):
    model_config = examples({"name": "suining-tongnan"})

    name: str | None = Field(default=None, max_length=100, description="One of the library, see GET /v1/scenarios.")
    scenario: dict[str, Any] | None = Field(
        default=None, description="A scenario of one's own in place of a name, in the structure of docs/scenarios.md."
    )
    days: int | None = Field(default=None, ge=1, le=366, description="Length in place of that in the file.")

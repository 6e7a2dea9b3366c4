"""Closed and slow roads as callers declare them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.schemas.base import Id, Input, Instant, RegionInput, examples


class ClosureInput(Input):
    model_config = examples(
        {
            "id": "C-20261120-1",
            "refs": ["G318"],
            "reason": "折多山降雪，双向封闭",
            "starts_at": "2026-11-20T08:00:00+08:00",
            "ends_at": "2026-11-21T08:00:00+08:00",
        },
        {
            "geometry": {"type": "Point", "coordinates": [103.98, 30.63]},
            "speed_frac": 0.4,
            "reason": "施工占道",
            "starts_at": "2026-11-20T08:00:00+08:00",
        },
    )

    id: Id | None = Field(default=None, description="Drawn by the server if left out.")
    region: RegionInput | None = Field(default=None, description="Who declares it; the caller's region if left out.")
    refs: list[str] = Field(default_factory=list, max_length=50, description="Road numbers such as G318.")
    geometry: dict[str, Any] | None = Field(
        default=None, description="GeoJSON geometry, WGS-84; with road numbers as well, only those roads inside it."
    )
    speed_frac: float = Field(default=0.0, ge=0, lt=1, description="0 closes; between 0 and 1 slows down.")
    reason: str = Field(min_length=1, max_length=500)
    starts_at: Instant
    ends_at: Instant | None = Field(default=None, description="Open end if left out.")

"""Questions to the road network."""

from __future__ import annotations

from pydantic import Field

from api.schemas.base import Input, Instant, examples


class PointInput(Input):
    id: str | None = Field(default=None, max_length=64)
    lon_wgs84: float = Field(ge=-180, le=180)
    lat_wgs84: float = Field(ge=-90, le=90)


class MatrixInput(Input):
    model_config = examples(
        {
            "points": [
                {"id": "suining", "lon_wgs84": 105.5929, "lat_wgs84": 30.5328},
                {"id": "tongnan", "lon_wgs84": 105.8406, "lat_wgs84": 30.1910},
            ],
            "profile": "sedan_bev",
            "at": "2026-03-02T08:00:00+08:00",
        }
    )

    points: list[PointInput] = Field(min_length=1, max_length=300)
    profile: str = Field(default="sedan_petrol", max_length=64)
    at: Instant | None = Field(
        default=None, description="Traffic, weather and closures of then; without it free flow, now."
    )

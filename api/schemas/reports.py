"""What is told in the course of the day, as callers send it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.base import Input, Instant, Latitude, Longitude, examples


class VehicleReportInput(Input):
    """A breakdown takes the vehicle off the road; a reading is compared with the plan. ``at`` absent means now."""

    model_config = examples(
        {"kind": "fault", "reason": "发动机故障灯亮", "lon_wgs84": 105.6812, "lat_wgs84": 30.4011},
        {"kind": "charge", "charge_frac": 0.31, "at": "2026-03-02T10:05:00+08:00"},
    )

    kind: Literal["fault", "accident", "charge", "fuel", "odometer"]
    at: Instant | None = None
    reason: str = Field(default="", max_length=500)
    charge_frac: float | None = Field(default=None, ge=0, le=1, description="State of charge, 0 to 1.")
    fuel_frac: float | None = Field(default=None, ge=0, le=1, description="Content of the tank, 0 to 1.")
    odometer_m: int | None = Field(default=None, ge=0, le=5_000_000_000)
    lon_wgs84: Longitude | None = None
    lat_wgs84: Latitude | None = None


class DriverReportInput(Input):
    model_config = examples({"kind": "driver_ill", "reason": "发热，已就医"})

    kind: Literal["driver_ill", "driver_back"]
    at: Instant | None = None
    reason: str = Field(default="", max_length=500)


class SiteReportInput(Input):
    model_config = examples({"kind": "charge_point_out", "group": 0, "points_count": 1, "reason": "2 号桩无法启动"})

    kind: Literal["charge_point_out", "charge_point_back"]
    group: int = Field(default=0, ge=0, le=50, description="Charge group of the site, from 0.")
    points_count: int | None = Field(default=None, ge=0, le=1_000, description="Points of the group that are out now.")
    at: Instant | None = None
    reason: str = Field(default="", max_length=500)

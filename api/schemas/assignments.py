"""A driver's taps."""

from __future__ import annotations

from pydantic import Field

from api.schemas.base import Input, Instant, examples


class TapInput(Input):
    """``at`` is when it happened at the wheel; absent means now."""

    model_config = examples({"at": "2026-03-02T08:31:00+08:00"})

    at: Instant | None = None


class DeclineInput(Input):
    model_config = examples({"reason": "车辆胎压报警，需进厂检查"})

    reason: str = Field(min_length=1, max_length=500)
    at: Instant | None = None


class DelayInput(Input):
    model_config = examples({"expected_at": "2026-03-02T09:40:00+08:00", "reason": "会议延长"})

    expected_at: Instant = Field(description="When the vehicle can go on from where it stands.")
    reason: str = Field(default="", max_length=500)
    at: Instant | None = None


class AbsentInput(Input):
    model_config = examples({"reason": "等候 20 分钟，电话无人接听"})

    reason: str = Field(min_length=1, max_length=500)
    at: Instant | None = None


class PickUpInput(Input):
    model_config = examples({"passengers": 3, "at": "2026-03-02T08:42:00+08:00"})

    passengers: int | None = Field(default=None, ge=0, le=500, description="How many really came on board.")
    at: Instant | None = None


class FinishInput(Input):
    model_config = examples({"odometer_m": 48213000, "charge_frac": 0.61, "at": "2026-03-02T10:05:00+08:00"})

    odometer_m: int = Field(ge=0, le=5_000_000_000, description="Reading of the odometer in metres.")
    charge_frac: float | None = Field(default=None, ge=0, le=1, description="State of charge, 0 to 1.")
    at: Instant | None = None

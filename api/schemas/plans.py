"""Starting a plan."""

from __future__ import annotations

from pydantic import Field

from api.schemas.base import Input, RegionInput, examples


class PlanInput(Input):
    model_config = examples({"day": "2026-03-02", "region": "510900", "seconds": 20, "seed": 1})

    day: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="Local day (Asia/Shanghai).")
    region: RegionInput | None = Field(default=None, description="The caller's region when absent.")
    seconds: float | None = Field(default=None, gt=0, le=3_600, description="How long to search.")
    seed: int = Field(default=0, ge=0, le=2**31 - 1)

"""Measures of an office, and the budgets of units, as callers declare them."""

from __future__ import annotations

from pydantic import Field

from api.schemas.base import Id, Input, Instant, RegionInput, examples
from fleet.measures import MeasureKind


class MeasureInput(Input):
    model_config = examples(
        {
            "kind": "energy_emergency",
            "region": "510000",
            "level": 1,
            "reason": "突发事件能源供应保障一级响应",
            "starts_at": "2022-08-21T00:00:00+08:00",
        },
        {
            "kind": "closed",
            "region": "510904",
            "reason": "疫情防控",
            "starts_at": "2026-11-23T00:00:00+08:00",
            "ends_at": "2026-11-30T00:00:00+08:00",
        },
    )

    id: Id | None = Field(default=None, description="Drawn by the server if left out.")
    kind: MeasureKind = Field(
        description="Energy emergency of the power supply (R170), or a closed region or site (R176)."
    )
    region: RegionInput
    site_id: Id | None = Field(default=None, description="Closes this site alone.")
    level: int = Field(default=0, ge=0, le=4, description="Of an energy emergency, 1 the most severe.")
    reason: str = Field(min_length=1, max_length=500)
    document_no: str = Field(default="", max_length=100)
    starts_at: Instant
    ends_at: Instant | None = Field(default=None, description="Open end if left out.")
    prefer_combustion: bool = Field(default=False, description="Prefer vehicles that need no charging (R172).")


class BudgetInput(Input):
    model_config = examples(
        {
            "unit_id": "U-510904-03",
            "year": 2026,
            "cap_fen": 12_000_000,
            "booked_fen": 8_400_000,
            "document_no": "遂财〔2026〕3号",
        }
    )

    unit_id: Id
    year: int = Field(ge=2000, le=2100)
    cap_fen: int = Field(ge=0, le=10**13, description="The year's cap in fen (R131).")
    booked_fen: int = Field(default=0, ge=0, le=10**13, description="What the accounts hold of finished trips.")
    document_no: str = Field(default="", max_length=100)

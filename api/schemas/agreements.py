"""Agreements between regions as callers propose, confirm and review them."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from api.schemas.base import Id, Input, RegionInput, examples


class TariffInput(Input):
    matter_fen: int = Field(ge=0, le=10_000_000, description="Per order.")
    km_fen: int = Field(ge=0, le=100_000, description="Per started kilometre, empty ones included (R112).")
    minute_fen: int = Field(ge=0, le=100_000, description="Per started minute.")
    share_per_mille: int = Field(default=1_000, ge=0, le=1_000, description="What the asking side bears; 500: half.")


class AgreementInput(Input):
    model_config = examples(
        {
            "id": "A-510700-500109",
            "regions": ["510700", "500109"],
            "coordinator_id": "U-510700-01",
            "review_on": "2027-06-30",
            "document_no": "绵机管〔2026〕12号",
        },
        {"id": "A-510300", "regions": ["510300"], "coordinator_id": "U-510300-01", "review_on": "2027-06-30"},
    )

    id: Id
    regions: list[RegionInput] = Field(
        min_length=1, max_length=2, description="Two regions of a pair, or one that opts in to its cooperation area."
    )
    coordinator_id: Id
    review_on: date = Field(description="Last day before the joint meeting must have reviewed it (R017).")
    starts_on: date | None = Field(default=None, description="First day; today if left out.")
    document_no: str = Field(default="", max_length=100)
    settlement: str = Field(default="", max_length=100, description="Name of the agreed tariff (R109).")
    tariff: TariffInput | None = Field(default=None, description="Its prices; without them nothing is settled.")


class ConfirmationInput(Input):
    model_config = examples({"region": "500109"})

    region: RegionInput | None = Field(
        default=None, description="The side spoken for; may be left out by whoever sees one side only."
    )


class AgreementReasonInput(Input):
    model_config = examples({"reason": "车辆年检"})

    reason: str = Field(min_length=1, max_length=500)


class ReviewInput(Input):
    model_config = examples({"review_on": "2028-06-30", "reason": "联席会议复审通过"})

    review_on: date
    reason: str = Field(min_length=1, max_length=500)

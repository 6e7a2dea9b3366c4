"""What the rental operations answer with: the stored nouns with their version, and a few shapes of their own."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, BaseModel, Field

from api.schemas.answers import stored_model
from fleet.providers import Provider, ProviderFeed
from fleet.rental_accounts import RentalBatch
from fleet.rental_audit import RentalAlert
from fleet.rental_budgets import RentalBudget
from fleet.rental_points import RentalPoint
from fleet.rentals import Rental
from fleet.rules.budgets import BudgetState
from fleet.tariffs import Bill, RentalTariff
from fleet.townships import TownshipService
from fleet.vehicles import VehicleKind

RentalAnswer = stored_model(
    "RentalAnswer",
    Rental,
    plate=(str, ...),
    owed_fen=(int, ...),
    lapsed=(bool, Field(description="The hold has run out and nobody has released it yet.")),
)
ProviderAnswer = stored_model("ProviderAnswer", Provider)
ProviderFeedAnswer = stored_model("ProviderFeedAnswer", ProviderFeed)
RentalTariffAnswer = stored_model("RentalTariffAnswer", RentalTariff)
RentalPointAnswer = stored_model("RentalPointAnswer", RentalPoint)
RentalBudgetAnswer = stored_model("RentalBudgetAnswer", RentalBudget)
RentalBatchAnswer = stored_model("RentalBatchAnswer", RentalBatch)


class QuoteStep(BaseModel):
    means: str
    cause: str
    count: int
    proven: bool


class QuoteProof(BaseModel):
    """Why the means before time-share cannot serve; the order keeps it."""

    vehicles_count: int
    plan_id: str
    steps: list[QuoteStep]


class QuoteAnswer(BaseModel):
    request_id: str
    vehicle_id: str
    plate: str
    provider_id: str
    tariff_id: str
    from_at: AwareDatetime
    until_at: AwareDatetime
    expected_m: int
    expected_wh: int
    deposit_fen: int
    quote: Bill
    budget_state: BudgetState | None
    proof: QuoteProof


class TokenAnswer(BaseModel):
    token: str
    expires_at: AwareDatetime


class OpenedAnswer(BaseModel):
    opened: bool


class PointCar(BaseModel):
    vehicle_id: str
    plate: str
    kind: VehicleKind
    seats: int
    free: bool
    charge_frac: float | None
    provider_id: str | None


class PointShown(BaseModel):
    id: str
    region: str
    township: str
    opens_s: int
    closes_s: int
    radius_m: int
    bays_count: int | None
    takes_returns: bool
    name: str
    lon_wgs84: float
    lat_wgs84: float
    open: bool
    free_count: int
    cars: list[PointCar]


class PointsAnswer(BaseModel):
    items: list[PointShown]
    next_after: str | None


class UnsettledRental(BaseModel):
    id: str
    unit_id: str
    provider_id: str
    returned_at: str


class UnsettledAnswer(BaseModel):
    within_days: int
    items: list[UnsettledRental]


class ShareOfMonth(BaseModel):
    region: str
    month: str
    nev_count: int
    all_count: int
    holds: bool | None


class LevelOfProvider(BaseModel):
    provider_id: str
    code: str
    good_count: int
    all_count: int


class OversightAnswer(BaseModel):
    alerts: list[RentalAlert]
    nev_shares: list[ShareOfMonth]
    service_levels: list[LevelOfProvider]


class GbfsAnswer(BaseModel):
    """The envelope of every GBFS file; what ``data`` holds is in the specification of its version."""

    last_updated: AwareDatetime
    ttl: int
    version: str
    data: dict[str, Any]


class TownshipsAnswer(BaseModel):
    items: list[TownshipService]

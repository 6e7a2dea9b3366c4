"""Time-share rental as callers send it: orders, points, providers, tariffs, budgets, batches."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from api.schemas.base import Id, Input, Instant, Latitude, Longitude, Name, RegionInput, examples
from fleet.ids import PersonId, ProviderId, RegionCode, SiteId, TariffId, UnitId
from fleet.providers import Clause, Contract, Provider, ProviderKind, ServiceLevel, SupportMode
from fleet.rental_points import RentalPoint
from fleet.rentals import Inspection
from fleet.tariffs import DistanceTier, RentalTariff, TimeTier

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of a photograph, hexadecimal.")]
Month = Annotated[
    str, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="Local calendar month.", examples=["2026-03"])
]
Money = Annotated[int, Field(ge=0, le=1_000_000_000, description="Fen.")]
_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class RentalInput(Input):
    """A hold, or a quote for one. Times default to those of the request, the point of return to that of taking."""

    model_config = examples(
        {
            "request_id": "R-1",
            "from_site_id": "S-TN",
            "reason": "urgent",
            "reason_text": "防汛检查",
            "public_transport": "末班车已过",
        }
    )

    request_id: Id
    from_site_id: Id
    to_site_id: Id | None = None
    vehicle_id: Id | None = Field(default=None, description="A certain car; any at the point when absent.")
    from_at: Instant | None = None
    until_at: Instant | None = None
    reason: str = Field(min_length=1, max_length=40, description="Reason code of the province (R103).")
    reason_text: str = Field(min_length=1, max_length=500)
    public_transport: str = Field(
        default="", max_length=500, description="Why public transport does not serve (R093, Sichuan)."
    )
    form: str = Field(default="A", max_length=1, description="Form of the joint standard: A, B or C (R101).")
    expected_m: int | None = Field(default=None, ge=0, le=5_000_000, description="Metres; by the stops when absent.")


class LicenceInput(Input):
    model_config = examples({"licence": "C1", "valid_until": "2030-06-30"})

    licence: str = Field(min_length=2, max_length=2, description="Class by GA/T 16: C1, C2, B1 ...")
    valid_until: date


class InspectionInput(Input):
    model_config = examples({"odometer_m": 12_345_000, "charge_frac": 0.86, "photos": [_DIGEST], "damage": []})

    odometer_m: int = Field(ge=0, le=2_000_000_000)
    charge_frac: float = Field(ge=0, le=1)
    photos: list[Digest] = Field(min_length=1, max_length=30)
    damage: list[str] = Field(default_factory=list, max_length=30)

    def to_noun(self, *, by: PersonId, at: datetime) -> Inspection:
        return Inspection(
            at=at,
            by=by,
            odometer_m=self.odometer_m,
            charge_frac=self.charge_frac,
            photos=tuple(self.photos),
            damage=tuple(self.damage),
        )


class OpenInput(Input):
    model_config = examples({"token": _DIGEST})

    token: str = Field(min_length=1, max_length=200)


class ExtensionInput(Input):
    model_config = examples({"until_at": "2026-03-02T14:00:00+08:00", "reason": "会议延长"})

    until_at: Instant
    reason: str = Field(default="", max_length=500)


class ReturnInput(InspectionInput):
    model_config = examples(
        {
            "site_id": "S-TN",
            "lon_wgs84": 105.8406,
            "lat_wgs84": 30.191,
            "odometer_m": 12_380_000,
            "charge_frac": 0.74,
            "photos": [_DIGEST],
        }
    )

    site_id: Id
    lon_wgs84: Longitude
    lat_wgs84: Latitude
    charged_wh: int = Field(default=0, ge=0, le=1_000_000, description="Charged by the renter on the way.")


class BreakdownInput(Input):
    model_config = examples(
        {
            "what": "轮胎破损",
            "lon_wgs84": 105.9,
            "lat_wgs84": 30.2,
            "reading": {"odometer_m": 12_360_000, "charge_frac": 0.8, "photos": [_DIGEST]},
        }
    )

    what: str = Field(min_length=1, max_length=500)
    lon_wgs84: Longitude
    lat_wgs84: Latitude
    reading: InspectionInput | None = Field(default=None, description="Needed once the car is in use.")


class SwapInput(Input):
    model_config = examples({"vehicle_id": "V-TN-R2"})

    vehicle_id: Id


class DisputeInput(Input):
    model_config = examples({"reason": "里程与实际不符"})

    reason: str = Field(min_length=1, max_length=500)


class ResolveInput(Input):
    model_config = examples({"outcome": "核实后减免停车费", "adjustment_fen": -1000})

    outcome: str = Field(min_length=1, max_length=500)
    adjustment_fen: int = Field(default=0, ge=-1_000_000_000, le=1_000_000_000)


class TimeTierInput(Input):
    from_s: int = Field(ge=0, lt=86_400)
    step_fen: Money


class DistanceTierInput(Input):
    from_m: int = Field(ge=0, le=10_000_000)
    km_fen: Money


class RentalTariffInput(Input):
    model_config = examples(
        {
            "id": "T-CQ-HOUR",
            "provider_id": "PV-TN",
            "name": "分时租赁（小时）",
            "region": "500152",
            "valid_from": "2026-01-01",
            "step_s": 3600,
            "time_tiers": [{"from_s": 0, "step_fen": 1500}, {"from_s": 14_400, "step_fen": 800}],
            "distance_tiers": [{"from_m": 0, "km_fen": 60}],
            "day_cap_fen": 8300,
            "year_cap_fen": 2_095_000,
            "free_cancel_s": 1800,
            "late_cancel_fen": 500,
            "no_show_fen": 1500,
        }
    )

    id: Id
    provider_id: Id
    name: Name
    region: RegionInput
    valid_from: date
    valid_to: date | None = None
    step_s: int = Field(default=60, ge=1, le=86_400)
    time_tiers: list[TimeTierInput] = Field(default_factory=list, max_length=24)
    distance_tiers: list[DistanceTierInput] = Field(default_factory=list, max_length=24)
    start_fen: Money = 0
    included_m: int = Field(default=0, ge=0, le=10_000_000)
    day_cap_fen: Money | None = None
    year_cap_fen: Money | None = None
    energy_fen_per_kwh: Money = 0
    one_way_fen: Money = 0
    late_step_fen: Money = 0
    deposit_fen: Money = 0
    free_cancel_s: int = Field(default=0, ge=0, le=30 * 86_400)
    late_cancel_fen: Money = 0
    no_show_fen: Money = 0
    splitting_may_save: bool = False

    def to_noun(self) -> RentalTariff:
        own = self.model_dump(exclude={"time_tiers", "distance_tiers", "id", "provider_id", "region"})
        return RentalTariff(
            id=TariffId(self.id),
            provider_id=ProviderId(self.provider_id),
            region=RegionCode(self.region),
            time_tiers=tuple(TimeTier(from_s=t.from_s, step_fen=t.step_fen) for t in self.time_tiers),
            distance_tiers=tuple(DistanceTier(from_m=t.from_m, km_fen=t.km_fen) for t in self.distance_tiers),
            **own,
        )


class ProviderInput(Input):
    model_config = examples({"id": "PV-TN", "name": "潼南绿行租赁", "kind": "rental_firm", "region": "500152"})

    id: Id
    name: Name
    kind: ProviderKind
    region: RegionInput
    phone: str = Field(default="", max_length=40)

    def to_noun(self) -> Provider:
        return Provider(
            id=ProviderId(self.id), name=self.name, kind=self.kind, region=RegionCode(self.region), phone=self.phone
        )


class ClauseInput(Input):
    name: str = Field(min_length=1, max_length=40)
    text: str = Field(max_length=2_000)


class ServiceLevelInput(Input):
    code: str = Field(pattern=r"^(breakdown|in_time)$")
    at_least_per_mille: int = Field(ge=0, le=1_000)


class ContractInput(Input):
    model_config = examples(
        {
            "id": "C-2026-01",
            "mode": "time_share_rental",
            "starts_on": "2026-01-01",
            "ends_on": "2027-12-31",
            "document_no": "潼机管〔2026〕3号",
            "clauses": [
                {"name": "acceptance", "text": "验收与异议期7日"},
                {"name": "payment", "text": "按月结算，经审计后支付"},
                {"name": "price", "text": "按价目表"},
                {"name": "insurance", "text": "交强险与三者险200万元"},
                {"name": "return", "text": "网点围栏内还车"},
            ],
        }
    )

    id: Id
    mode: SupportMode
    starts_on: date
    ends_on: date
    document_no: str = Field(default="", max_length=100)
    clauses: list[ClauseInput] = Field(default_factory=list, max_length=50)
    service_levels: list[ServiceLevelInput] = Field(default_factory=list, max_length=10)
    unit_id: Id | None = Field(default=None, description="Of purchased service: the unit whose quota it fills (R092).")
    purchased_count: int = Field(default=0, ge=0, le=100_000)

    def to_noun(self) -> Contract:
        return Contract(
            id=self.id,
            mode=self.mode,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            document_no=self.document_no,
            clauses=tuple(Clause(name=clause.name, text=clause.text) for clause in self.clauses),
            service_levels=tuple(
                ServiceLevel(code=own.code, at_least_per_mille=own.at_least_per_mille) for own in self.service_levels
            ),
            unit_id=None if self.unit_id is None else UnitId(self.unit_id),
            purchased_count=self.purchased_count,
        )


class ContractNameInput(Input):
    model_config = examples({"contract_id": "C-2026-01"})

    contract_id: Id


class EvaluationInput(Input):
    model_config = examples({"contract_id": "C-2026-01", "contract_year": 0, "score": 92, "note": "年度履约考核"})

    contract_id: Id
    contract_year: int = Field(ge=0, le=50)
    score: int = Field(ge=0, le=100)
    note: str = Field(default="", max_length=1_000)


class FeedInput(Input):
    model_config = examples({"cars_count": 24})

    cars_count: int = Field(default=0, ge=0, le=1_000_000)


class RentalPointInput(Input):
    model_config = examples(
        {"id": "S-TN", "township": "潼南区梓潼街道", "opens_s": 21_600, "closes_s": 79_200, "radius_m": 150}
    )

    id: Id = Field(description="The site's id.")
    township: str = Field(default="", max_length=100)
    opens_s: int = Field(default=0, ge=0, le=86_400, description="Seconds after local midnight.")
    closes_s: int = Field(default=86_400, ge=0, le=86_400)
    radius_m: int = Field(default=200, ge=1, le=5_000)
    bays_count: int | None = Field(default=None, ge=0, le=10_000)
    takes_returns: bool = True

    def to_noun(self, region: str) -> RentalPoint:
        own = self.model_dump(exclude={"id"})
        return RentalPoint(id=SiteId(self.id), region=RegionCode(region), **own)


class RentalBudgetInput(Input):
    model_config = examples(
        {"unit_id": "U-TN", "year": 2026, "cap_fen": 5_000_000, "line": "2130101 公务用车社会化保障"}
    )

    unit_id: Id
    year: int = Field(ge=2020, le=2100)
    cap_fen: Money
    line: str = Field(min_length=1, max_length=200)


class BatchInput(Input):
    model_config = examples({"provider_id": "PV-TN", "month": "2026-03"})

    provider_id: Id
    month: Month


class ProviderLineInput(Input):
    rental_id: Id
    amount_fen: int = Field(ge=-1_000_000_000, le=1_000_000_000)


class ReconcileInput(Input):
    model_config = examples({"lines": [{"rental_id": "RO20260302-01", "amount_fen": 5520}]})

    lines: list[ProviderLineInput] = Field(max_length=20_000)

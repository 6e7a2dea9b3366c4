"""Orders, tariffs, providers and cars for the tests of rentals."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from fleet.ids import PersonId, ProviderId, RegionCode, RentalId, RequestId, SiteId, TariffId, UnitId, VehicleId
from fleet.rentals import (
    FailedStep,
    Infeasibility,
    Inspection,
    LicenceCheck,
    Means,
    Rental,
    RentalClass,
    ReturnRecord,
    Unlock,
)
from fleet.tariffs import Bill, DistanceTier, RentalTariff, TimeTier

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PHOTO = sha256(b"front").hexdigest()


def later(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


def a_tariff(**changes: Any) -> RentalTariff:
    fields: dict[str, Any] = {
        "id": TariffId("T-1"),
        "provider_id": ProviderId("PV-1"),
        "name": "分时租赁",
        "region": RegionCode("500000"),
        "valid_from": date(2026, 1, 1),
        "step_s": 3600,
        "time_tiers": (TimeTier(from_s=0, step_fen=1500),),
        "distance_tiers": (DistanceTier(from_m=0, km_fen=60),),
        "day_cap_fen": 8300,
        "free_cancel_s": 1800,
        "late_cancel_fen": 500,
        "no_show_fen": 1500,
    }
    return RentalTariff(**(fields | changes))


def a_rental(**changes: Any) -> Rental:
    fields: dict[str, Any] = {
        "id": RentalId("RO-1"),
        "request_id": RequestId("R-1"),
        "unit_id": UnitId("U-1"),
        "region": RegionCode("500152"),
        "renter_id": PersonId("P-1"),
        "provider_id": ProviderId("PV-1"),
        "tariff_id": TariffId("T-1"),
        "vehicle_id": VehicleId("V-1"),
        "rental_class": RentalClass.TEMPORARY,
        "form": "A",
        "reason": "urgent",
        "reason_text": "防汛检查",
        "proof": Infeasibility(
            checked_at=AT, steps=(FailedStep(means=Means.OWN, cause="TIME_WINDOWS", count=2),), vehicles_count=2
        ),
        "from_site_id": SiteId("S-1"),
        "to_site_id": SiteId("S-1"),
        "from_at": later(60),
        "until_at": later(180),
        "expected_m": 40_000,
        "expected_wh": 6_000,
        "quote": Bill(tariff_id=TariffId("T-1"), lines=(), amount_fen=0, capped_fen=0),
        "budget_line": "2130101",
        "held_at": AT,
        "release_at": later(15),
        "new_energy": True,
    }
    return Rental(**(fields | changes))


def seen(at: datetime, **changes: Any) -> LicenceCheck:
    fields: dict[str, Any] = {"by": PersonId("P-2"), "at": at, "licence": "C1", "valid_until": date(2030, 1, 1)}
    return LicenceCheck(**(fields | changes))


def looked_over(at: datetime, odometer_m: int = 1_000_000, charge_frac: float = 0.9) -> Inspection:
    return Inspection(at=at, by=PersonId("P-1"), odometer_m=odometer_m, charge_frac=charge_frac, photos=(PHOTO,))


def opened(at: datetime) -> Unlock:
    return Unlock(token_digest=PHOTO, issued_at=at, expires_at=at + timedelta(minutes=5))


def back(at: datetime, site: str = "S-1") -> ReturnRecord:
    return ReturnRecord(at=at, by=PersonId("P-1"), site_id=SiteId(site), lon_wgs84=105.84, lat_wgs84=30.19)

"""One good answer of each rental operation: a day at Tongnan's rental point, told in documents as the store keeps them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

from fleet import rentals
from fleet.documents import encode
from fleet.ids import PersonId, ProviderId, RegionCode, RentalId, RequestId, SiteId, TariffId, UnitId, VehicleId
from fleet.providers import (
    Clause,
    Contract,
    Evaluation,
    Provider,
    ProviderFeed,
    ProviderKind,
    SupportMode,
    activate_contract,
    add_contract,
    evaluate,
)
from fleet.rental_accounts import make_batch, settlement_of
from fleet.rental_budgets import RentalBudget
from fleet.rental_points import RentalPoint
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
from fleet.tariffs import DistanceTier, RentalTariff, RentalUse, TimeTier, bill

_CHINA = timezone(timedelta(hours=8))
_AT = datetime(2026, 3, 2, 8, 0, tzinfo=_CHINA)
_BY = PersonId("P-1")
_STAFF = PersonId("P-4")
_PHOTO = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def _stored(noun: Any, version: int = 1) -> dict[str, Any]:
    return {**encode(noun), "version": version}


_TARIFF = RentalTariff(
    id=TariffId("T-TN"),
    provider_id=ProviderId("PV-TN"),
    name="分时租赁（小时）",
    region=RegionCode("500152"),
    valid_from=date(2026, 1, 1),
    step_s=3600,
    time_tiers=(TimeTier(from_s=0, step_fen=1500),),
    distance_tiers=(DistanceTier(from_m=0, km_fen=60),),
    day_cap_fen=8300,
    year_cap_fen=2_095_000,
    free_cancel_s=1800,
    late_cancel_fen=500,
    no_show_fen=1500,
)
_QUOTE = bill(
    _TARIFF,
    RentalUse(
        begin_at=_AT + timedelta(hours=1),
        end_at=_AT + timedelta(hours=4),
        agreed_end_at=_AT + timedelta(hours=4),
        drive_m=42_000,
        used_wh=6_000,
    ),
)
_HELD = Rental(
    id=RentalId("RO20260302-0a1b2c3d4e"),
    request_id=RequestId("R-1"),
    unit_id=UnitId("U-TN"),
    region=RegionCode("500152"),
    renter_id=_BY,
    provider_id=ProviderId("PV-TN"),
    tariff_id=TariffId("T-TN"),
    vehicle_id=VehicleId("V-TN-R1"),
    rental_class=RentalClass.TEMPORARY,
    form="A",
    reason="urgent",
    reason_text="防汛检查",
    proof=Infeasibility(
        checked_at=_AT,
        steps=(FailedStep(means=Means.OWN, cause="TIME_WINDOWS", count=2),),
        vehicles_count=2,
    ),
    from_site_id=SiteId("S-TN"),
    to_site_id=SiteId("S-TN"),
    from_at=_AT + timedelta(hours=1),
    until_at=_AT + timedelta(hours=4),
    expected_m=42_000,
    expected_wh=6_000,
    quote=_QUOTE,
    budget_line="2130101 公务用车社会化保障",
    held_at=_AT,
    release_at=_AT + timedelta(minutes=15),
    new_energy=True,
)
_TAKEN_AT = _AT + timedelta(hours=1)


def _looked_over(at: datetime, odometer_m: int, charge_frac: float) -> Inspection:
    return Inspection(at=at, by=_BY, odometer_m=odometer_m, charge_frac=charge_frac, photos=(_PHOTO,))


_BOOKED = rentals.check_licence(
    _HELD,
    LicenceCheck(by=_STAFF, at=_AT + timedelta(minutes=5), licence="C1", valid_until=date(2030, 6, 30)),
    no_show_s=1800,
)
_INSPECTED = rentals.inspect(_BOOKED, _looked_over(_TAKEN_AT, 12_345_000, 0.86), early_s=900)
_IN_USE = rentals.unlock(
    _INSPECTED, Unlock(token_digest=_PHOTO, issued_at=_TAKEN_AT, expires_at=_TAKEN_AT + timedelta(minutes=5))
)
_BACK_AT = _AT + timedelta(hours=3, minutes=40)
_RETURNED = rentals.give_back(
    _IN_USE,
    ReturnRecord(at=_BACK_AT, by=_BY, site_id=SiteId("S-TN"), lon_wgs84=105.8406, lat_wgs84=30.191),
    _looked_over(_BACK_AT, 12_387_000, 0.74),
)
_SETTLED = rentals.settle(
    _RETURNED,
    settlement_of(
        _RETURNED,
        _TARIFF,
        capacity_wh={VehicleId("V-TN-R1"): 50_000},
        paid_year_fen=0,
        at=_BACK_AT + timedelta(hours=2),
        by=_STAFF,
        rules_on=date(2026, 3, 2),
    ),
)


def rental_example(own: Rental, version: int) -> dict[str, Any]:
    return {**_stored(own, version), "plate": "渝AD00001", "owed_fen": own.owed_fen, "lapsed": False}


RENTAL = rental_example(_HELD, 1)
RENTALS = {
    "held": RENTAL,
    "booked": rental_example(_BOOKED, 2),
    "inspected": rental_example(_INSPECTED, 3),
    "in_use": rental_example(_IN_USE, 4),
    "returned": rental_example(_RETURNED, 5),
    "settled": rental_example(_SETTLED, 6),
}
TARIFF = _stored(_TARIFF)
_CONTRACT = Contract(
    id="C-2025-01",
    mode=SupportMode.TIME_SHARE_RENTAL,
    starts_on=date(2025, 1, 1),
    ends_on=date(2027, 12, 31),
    document_no="潼机管〔2025〕3号",
    clauses=tuple(
        Clause(name=name, text="按合同") for name in ("acceptance", "payment", "price", "insurance", "return")
    ),
)
_PROVIDER = Provider(
    id=ProviderId("PV-TN"), name="潼南绿行租赁", kind=ProviderKind.RENTAL_FIRM, region=RegionCode("500152")
)
PROVIDER = _stored(
    evaluate(
        activate_contract(add_contract(_PROVIDER, _CONTRACT), "C-2025-01", required=("payment",)),
        Evaluation(contract_id="C-2025-01", contract_year=0, score=92, by=_STAFF, at=_AT),
    )
)
FEED = _stored(ProviderFeed(id=ProviderId("PV-TN"), seen_at=_AT, cars_count=24))
_POINT = RentalPoint(
    id=SiteId("S-TN"), region=RegionCode("500152"), township="梓潼街道", opens_s=21_600, closes_s=79_200, radius_m=150
)
POINT = _stored(_POINT)
POINTS = {
    "items": [
        {
            **encode(_POINT),
            "name": "潼南区政府",
            "lon_wgs84": 105.8406,
            "lat_wgs84": 30.191,
            "open": True,
            "free_count": 1,
            "cars": [
                {
                    "vehicle_id": "V-TN-R1",
                    "plate": "渝AD00001",
                    "kind": "sedan",
                    "seats": 4,
                    "free": True,
                    "charge_frac": 0.86,
                    "provider_id": "PV-TN",
                }
            ],
        }
    ],
    "next_after": None,
}
BUDGET = _stored(
    RentalBudget(
        id="U-TN-2026",
        unit_id=UnitId("U-TN"),
        region=RegionCode("500152"),
        year=2026,
        cap_fen=5_000_000,
        line="2130101 公务用车社会化保障",
    )
)
BATCH = _stored(
    make_batch(
        [_SETTLED],
        provider_id=ProviderId("PV-TN"),
        region=RegionCode("500152"),
        month="2026-03",
        at=_AT + timedelta(days=31),
        by=_STAFF,
    )
)
_BILL = RENTAL["quote"]
QUOTE = {
    "request_id": "R-1",
    "vehicle_id": "V-TN-R1",
    "plate": "渝AD00001",
    "provider_id": "PV-TN",
    "tariff_id": "T-TN",
    "from_at": RENTAL["from_at"],
    "until_at": RENTAL["until_at"],
    "expected_m": 42_000,
    "expected_wh": 6_000,
    "deposit_fen": 0,
    "quote": _BILL,
    "budget_state": "within",
    "proof": {
        "vehicles_count": 2,
        "plan_id": "",
        "steps": [{"means": "own", "cause": "TIME_WINDOWS", "count": 2, "proven": False}],
    },
}
TOKEN = {"token": _PHOTO, "expires_at": (_TAKEN_AT + timedelta(minutes=5)).isoformat()}
OPENED = {"opened": True}
UNSETTLED = {
    "within_days": 10,
    "items": [
        {"id": RENTAL["id"], "unit_id": "U-TN", "provider_id": "PV-TN", "returned_at": "2026-03-02T11:40:00+08:00"}
    ],
}
OVERSIGHT = {
    "alerts": [
        {
            "kind": "chained",
            "region": "500152",
            "subject": "U-TN",
            "vehicle_id": "V-TN-R1",
            "rental_ids": [RENTAL["id"]],
            "value": 31,
            "limit": 30,
            "rule_id": "R095",
        }
    ],
    "nev_shares": [{"region": "500152", "month": "2026-03", "nev_count": 1, "all_count": 1, "holds": None}],
    "service_levels": [{"provider_id": "PV-TN", "code": "in_time", "good_count": 1, "all_count": 1}],
}
TOWNSHIPS = {
    "items": [
        {
            "unit_id": "U-TN-T1",
            "name": "潼南区双江镇人民政府",
            "region": "500152",
            "month": "2026-03",
            "requests_count": 12,
            "served_count": 9,
            "rented_count": 4,
            "unmet_count": 2,
            "waiting_count": 1,
            "unmet_ids": ["R-7", "R-9"],
        }
    ]
}
GBFS = {
    "last_updated": "2026-03-02T08:00:00+08:00",
    "ttl": 60,
    "version": "3.0",
    "data": {"feeds": [{"name": "station_status", "url": "https://rent.example.org/gbfs/3.0/station_status.json"}]},
}

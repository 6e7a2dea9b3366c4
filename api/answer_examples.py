"""One good answer of each kind, as the description of the interface shows it: a trip from Suining to Tongnan.

The stored nouns are built as nouns and encoded as the store does, so that no field can be missing or misspelt.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

from fleet.agreements import Agreement, AgreementKind, AgreementTier
from fleet.budgets import Budget
from fleet.closures import RoadClosure
from fleet.documents import encode
from fleet.drivers import Driver, Shift
from fleet.ids import (
    AgreementId,
    AssignmentId,
    BudgetId,
    ClosureId,
    DriverId,
    ItineraryId,
    MeasureId,
    PersonId,
    PlanId,
    RegionCode,
    RequestId,
    SiteId,
    UnitId,
    VehicleId,
)
from fleet.itineraries import Assignment, Itinerary, ItineraryStop, StopKind
from fleet.measures import Measure, MeasureKind
from fleet.people import Person, Role
from fleet.plans import PlanFigures, PlanRecord
from fleet.requests import TripKind, TripRequest, TripStop
from fleet.sites import ChargeGroup, Site
from fleet.units import Level, Unit
from fleet.vehicles import Battery, Energy, Vehicle, VehicleKind

_CHINA = timezone(timedelta(hours=8))
_SUINING = RegionCode("510900")
_UNIT, _SITE, _VEHICLE, _DRIVER = UnitId("U-SN"), SiteId("S-SN"), VehicleId("V-SN-1"), DriverId("D-SN-1")
_PERSON, _REQUEST, _PLAN, _ITINERARY = PersonId("P-1"), RequestId("R-1"), PlanId("PL-1"), ItineraryId("I-1")
_DAY = "2026-03-02"
_FROM = ("遂宁市政中心", 105.5929, 30.5328)
_TO = ("潼南区政府", 105.8406, 30.191)


def _at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 3, 2, hour, minute, second, tzinfo=_CHINA)


def _stored(noun: object) -> dict[str, Any]:
    return {**encode(noun), "version": 1}


def _trip_stop(place: tuple[str, float, float], earliest: datetime, latest: datetime) -> TripStop:
    name, lon, lat = place
    return TripStop(name=name, lon_wgs84=lon, lat_wgs84=lat, earliest_at=earliest, latest_at=latest)


def _planned(kind: StopKind, place: tuple[str, float, float], at: datetime, **more: Any) -> ItineraryStop:
    name, lon, lat = place
    drive: dict[str, Any] = {
        "leg_s": 0,
        "leg_m": 0,
        "leg_wh": 0,
        "load_count": 0,
        "begin_at": at,
        "depart_at": at,
    } | more
    return ItineraryStop(kind=kind, name=name, lon_wgs84=lon, lat_wgs84=lat, arrive_at=at, **drive)


UNIT = _stored(Unit(id=_UNIT, name="遂宁市机关事务管理局", region=_SUINING, level=Level.PREFECTURE))
SITE = _stored(
    Site(
        id=_SITE,
        name=_FROM[0],
        region=_SUINING,
        unit_id=_UNIT,
        lon_wgs84=_FROM[1],
        lat_wgs84=_FROM[2],
        charge_groups=(ChargeGroup(points=2, power_w=7_000, dc=False),),
    )
)
VEHICLE = _stored(
    Vehicle(
        id=_VEHICLE,
        plate="川JD00001",
        unit_id=_UNIT,
        region=_SUINING,
        home_site_id=_SITE,
        kind=VehicleKind.SEDAN,
        energy=Energy.BEV,
        seats=4,
        profile="sedan_bev",
        battery=Battery(capacity_wh=60_000, charge_wh=57_000),
        odometer_m=10_000_000,
    )
)
DRIVER = _stored(
    Driver(
        id=_DRIVER,
        name="李明",
        unit_id=_UNIT,
        region=_SUINING,
        home_site_id=_SITE,
        licence="C1",
        shift=Shift(start_s=25_200, end_s=72_000),
    )
)
_ACCOUNT = Person(
    id=_PERSON, login="li.ming", name="李明", roles=frozenset({Role.REQUESTER}), unit_id=_UNIT, region=_SUINING
)
PERSON = {name: value for name, value in _stored(_ACCOUNT).items() if name != "password_hash"} | {"has_password": True}
_TRIP = TripRequest(
    id=_REQUEST,
    unit_id=_UNIT,
    region=_SUINING,
    requester_id=_PERSON,
    kind=TripKind.TRANSFER,
    purpose="赴潼南对接工作",
    passengers=2,
    stops=(_trip_stop(_FROM, _at(9), _at(9, 20)), _trip_stop(_TO, _at(9), _at(12))),
    submitted_at=_at(7),
)
REQUEST = _stored(_TRIP)
WHY = {
    "code": "DEMAND_EXCEEDS_VEHICLE_CAPACITY",
    "proven": True,
    "message": "乘车人数超过任何可用车辆的座位数",
    "detail": {"seats": 40, "most_seats": 4},
}
PROMISE = {
    "outcome": "promise",
    "message": "预计 03-02 09:00 至 03-02 09:20 之间上车，轿车；审批后正式派车。",
    "reasons": [],
    "pickup_from_at": "2026-03-02T09:00:00+08:00",
    "pickup_to_at": "2026-03-02T09:20:00+08:00",
    "dropoff_at": "2026-03-02T10:05:16+08:00",
    "vehicle_kind": "sedan",
    "tier": 2,
}
ITINERARY = _stored(
    Itinerary(
        id=_ITINERARY,
        plan_id=_PLAN,
        vehicle_id=_VEHICLE,
        driver_id=_DRIVER,
        region=_SUINING,
        day=_DAY,
        stops=(
            _planned(StopKind.START, _FROM, _at(9), charge_wh=57_000, site_id=_SITE),
            _planned(
                StopKind.PICKUP,
                _FROM,
                _at(9),
                depart_at=_at(9, 1),
                load_count=2,
                request_id=_REQUEST,
                charge_wh=57_000,
            ),
            _planned(
                StopKind.DROPOFF,
                _TO,
                _at(10, 4, 16),
                depart_at=_at(10, 5, 16),
                leg_s=3_796,
                leg_m=63_086,
                leg_wh=9_832,
                leg_toll_fen=1_760,
                request_id=_REQUEST,
                charge_wh=47_168,
            ),
        ),
        cost_fen=8_698,
    )
)
ASSIGNMENT = {
    **_stored(
        Assignment(
            id=AssignmentId("A-1"),
            request_id=_REQUEST,
            itinerary_id=_ITINERARY,
            plan_id=_PLAN,
            vehicle_id=_VEHICLE,
            driver_id=_DRIVER,
            region=_SUINING,
            pickup_at=_at(9),
            dropoff_at=_at(10, 4, 16),
            offered_at=_at(8),
        )
    ),
    "plate": "川JD00001",
    "request": {name: REQUEST[name] for name in ("kind", "purpose", "passengers", "stops", "priority")}
    | {"requester_name": "李明", "phone": ""},
}
PLAN = {
    **_stored(
        PlanRecord(
            id=_PLAN,
            day=_DAY,
            region=_SUINING,
            created_at=_at(8),
            figures=PlanFigures(
                served_count=1,
                unserved_count=1,
                vehicles_used_count=1,
                drive_m=126_172,
                cost_fen=17_396,
                seconds=2.0,
                drive_wh=19_827,
                nev_drive_m=126_172,
            ),
            problem_digest="304a7cb2375f029ea8c4d17fd60ad1cb40d9f18417fa2879b6aad6a45a105d7a",
        )
    ),
    "unserved": [{"request_id": "R-2", "reasons": [WHY]}],
}
PLAN_HEAD = {name: value for name, value in PLAN.items() if name != "unserved"}
AGREEMENT = _stored(
    Agreement(
        id=AgreementId("A-1"),
        kind=AgreementKind.PAIR,
        tier=AgreementTier.BORDER,
        basis="R012",
        regions=(_SUINING, RegionCode("500152")),
        coordinator_id=_UNIT,
        starts_on=date(2026, 3, 2),
        review_on=date(2027, 12, 31),
        document_no="遂机管〔2026〕1号",
    )
)
CLOSURE = _stored(
    RoadClosure(
        id=ClosureId("C-1"),
        region=_SUINING,
        reason="山体滑坡",
        starts_at=_at(8),
        ends_at=_at(20),
        speed_frac=0.0,
        refs=("G93",),
        geometry="",
        declared_by=PersonId("P-3"),
    )
)
MEASURE = _stored(
    Measure(
        id=MeasureId("M-1"),
        kind=MeasureKind.CLOSED,
        region=_SUINING,
        reason="疫情防控",
        starts_at=_at(8),
        declared_by=PersonId("P-3"),
    )
)
BUDGET = _stored(
    Budget(id=BudgetId("B-2026-U-1"), unit_id=UnitId("U-1"), region=_SUINING, year=2026, cap_fen=12_000_000)
)
SETTLEMENT = {
    "from": "2026-03-01",
    "to": "2026-03-31",
    "lines": [
        {
            "request_id": "R-1",
            "agreement_id": "A-1",
            "vehicle_id": "V-1",
            "day": "2026-03-02",
            "payer": "510900",
            "receiver": "500152",
            "amount_fen": 18_600,
            "tariff": "川渝互助",
        }
    ],
    "payable_fen": {"510900": 18_600},
    "receivable_fen": {"500152": 18_600},
    "balance_fen": 0,
    "unpriced": [],
}
MATRIX = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "id": "suining",
            "geometry": {"type": "Point", "coordinates": [105.5929, 30.5328]},
            "properties": {"row": 0},
        }
    ],
    "profile": "sedan_bev",
    "matrix": {
        **{name: [[0]] for name in ("drive_s", "drive_m", "drive_wh", "fuel_ml", "toll_fen")},
        "confidence": [["sourced"]],
    },
}
TOUCHED = {
    "itinerary_id": "I-1",
    "vehicle_id": "V-SN-1",
    "driver_id": "D-SN-1",
    "day": _DAY,
    "stop": 2,
    "request_id": "R-1",
    "name": _TO[0],
    "arrive_at": "2026-03-02T10:04:16+08:00",
}
WHO = {
    "id": "P-1",
    "login": "li.ming",
    "name": "李明",
    "roles": ["requester"],
    "unit_id": "U-SN",
    "unit_name": "遂宁市机关事务管理局",
    "region": "510900",
    "region_name_zh": "遂宁市",
    "region_name_en": "Suining City",
    "driver_id": None,
}
SESSION = {"token": "the token of the session", "expires_at": "2026-03-02T19:00:00+08:00", "person": WHO}
JOB = {"id": "J-1", "kind": "plan", "state": "queued", "progress_frac": 0.0, "message": "排队中", "result": None}
IMPORTED = {"created_count": 2, "errors": [], "notes": []}
REGION = {
    "adcode": "510900",
    "name_zh": "遂宁市",
    "name_en": "Suining City",
    "level": "prefecture",
    "province": "SC",
    "parent": "510000",
}
PLACE = {
    "adcode": "500152",
    "name_zh": "潼南区",
    "name_en": "Tongnan District",
    "level": "county",
    "parent": "500000",
    "lon_wgs84": 105.8382,
    "lat_wgs84": 30.1923,
}
OVERVIEW = {
    "day": _DAY,
    "requests_by_state": {"approved": 1, "assigned": 1},
    "requests_count": 2,
    "vehicles_by_state": {"available": 2},
    "vehicles_by_energy": {"bev": 2},
    "vehicles_count": 2,
    "nev_frac": 1.0,
    "plan": PLAN_HEAD,
}


def _solved(kind: str, place: tuple[str, float, float], arrive: str, leave: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "shipment_index": None,
        "shipment_label": None,
        "visit_index": None,
        "charger_index": None,
        "lon_wgs84": place[1],
        "lat_wgs84": place[2],
        "arrive_at": f"{_DAY}T{arrive}+08:00",
        "start_at": f"{_DAY}T{arrive}+08:00",
        "end_at": f"{_DAY}T{leave}+08:00",
        "load_count": 0,
        "charge_wh": None,
        "charged_wh": 0,
        "travel_s": 0,
        "travel_m": 0,
        "travel_wh": 0,
        "toll_fen": 0,
    } | more


_WAY = {"travel_s": 3_796, "travel_m": 63_086, "toll_fen": 1_760}
_SHIPMENT = {"shipment_index": 0, "shipment_label": "遂宁-潼南"}
SOLVED = {
    "problem_digest": "304a7cb2375f029ea8c4d17fd60ad1cb40d9f18417fa2879b6aad6a45a105d7a",
    "seed": 1,
    "iterations": 200,
    "routes": [
        {
            "vehicle_index": 0,
            "vehicle_label": "川JD00001",
            "cost_fen": 21_938,
            "stops": [
                _solved("start", _FROM, "09:00:00", "09:00:00", charge_wh=54_000),
                _solved(
                    "pickup", _FROM, "09:00:00", "09:01:00", charge_wh=54_000, load_count=2, visit_index=0, **_SHIPMENT
                ),
                _solved(
                    "dropoff",
                    _TO,
                    "10:04:16",
                    "10:05:16",
                    charge_wh=44_168,
                    travel_wh=9_832,
                    visit_index=1,
                    **_SHIPMENT,
                    **_WAY,
                ),
                _solved("end", _FROM, "11:08:32", "11:08:32", charge_wh=34_173, travel_wh=9_995, **_WAY),
            ],
        }
    ],
    "skipped_shipments": [],
    "metrics": {
        "performed_shipment_count": 1,
        "skipped_shipment_count": 0,
        "used_vehicle_count": 1,
        "travel_s": 7_592,
        "travel_m": 126_172,
        "travel_wh": 19_827,
        "cost_fen": 21_938,
        "penalty_cost_fen": 0,
        "bound_fen": None,
        "gap_frac": None,
    },
    "violations": [],
}
CHECKED = {
    "valid": False,
    "violations": [
        {
            "cause": "time_window",
            "message": "不在时间窗内",
            "vehicle_index": 0,
            "shipment_index": 0,
            "stop_index": 1,
            "detail": "13200 is outside 10800..12000",
        }
    ],
}

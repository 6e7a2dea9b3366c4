"""One good answer of each kind of the live side, with the trip of :mod:`api.answer_examples`."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from api.answer_examples import ASSIGNMENT, REQUEST
from fleet.documents import encode
from fleet.ids import DriverId, PersonId, PlanId, RegionCode, RequestId, UnitId, VehicleId
from fleet.promises import Notice, NoticeKind, NoticeReason, Promise
from fleet.vehicle_facts import DayFact, FactKind
from fleet.vehicles import VehicleKind

_NINE = datetime(2026, 3, 2, 9, 0, tzinfo=timezone(timedelta(hours=8)))


def _window(minutes: int) -> tuple[datetime, datetime]:
    begin = _NINE + timedelta(minutes=minutes)
    return begin, begin + timedelta(minutes=10)


_BEFORE, _AFTER = _window(0), _window(5)
_ID, _UNIT, _PERSON, _REGION = RequestId("R-1"), UnitId("U-SN"), PersonId("P-1"), RegionCode("510900")
NOTICE: dict[str, Any] = {
    **encode(
        Notice(
            id="N-R-1-1",
            request_id=_ID,
            region=_REGION,
            unit_id=_UNIT,
            requester_id=_PERSON,
            kind=NoticeKind.MOVED,
            reason=NoticeReason.VEHICLE_OUT,
            at=_NINE - timedelta(hours=1),
            plan_id=PlanId("PL-1"),
            before_from_at=_BEFORE[0],
            before_to_at=_BEFORE[1],
            after_from_at=_AFTER[0],
            after_to_at=_AFTER[1],
            before_vehicle_id=VehicleId("V-SN-2"),
            after_vehicle_id=VehicleId("V-SN-1"),
            told_driver_ids=(DriverId("D-SN-1"),),
        )
    ),
    "version": 1,
}
SAID_NOTICE = {**NOTICE, "message": "上车时间由 03-02 09:00–09:10 改为 03-02 09:05–09:15，原因：原车辆停用。"}
PROMISE_KEPT = {
    **encode(
        Promise(
            id=_ID,
            region=_REGION,
            unit_id=_UNIT,
            requester_id=_PERSON,
            day="2026-03-02",
            pickup_from_at=_AFTER[0],
            pickup_to_at=_AFTER[1],
            dropoff_at=_NINE + timedelta(minutes=70),
            made_at=_NINE - timedelta(hours=3),
            vehicle_id=VehicleId("V-SN-1"),
            vehicle_kind=VehicleKind.SEDAN,
            notices_count=1,
        )
    ),
    "version": 2,
    "notices": [SAID_NOTICE],
}
_PLAIN = {name: value for name, value in ASSIGNMENT.items() if name not in ("plate", "request")}
CHOSEN_TRIP = {**REQUEST, "state": "assigned", "assignment": _PLAIN, "notices": [NOTICE], "version": 3}
OPTIONS = {
    "request_id": "R-1",
    "items": [
        {
            "rank": 1,
            "vehicle_id": "V-SN-1",
            "driver_id": "D-SN-1",
            "plate": "川JD00001",
            "vehicle_kind": "sedan",
            "tier": 1,
            "pickup_at": _AFTER[0].isoformat(),
            "dropoff_at": (_NINE + timedelta(minutes=70)).isoformat(),
            "extra_m": 126_172,
            "cost_fen": 19_938,
            "disturbs": [],
            "present": False,
        }
    ],
}
DIFF = {
    "a": "PL-1",
    "b": "PL-2",
    "day": "2026-03-02",
    "items": [
        {
            "request_id": "R-1",
            "change": "other_vehicle",
            "before_vehicle_id": "V-SN-2",
            "after_vehicle_id": "V-SN-1",
            "before_driver_id": "D-SN-2",
            "after_driver_id": "D-SN-1",
            "before_pickup_at": _BEFORE[0].isoformat(),
            "after_pickup_at": _AFTER[0].isoformat(),
            "moved_s": 300,
            "requester_id": "P-1",
            "driver_ids": ["D-SN-1", "D-SN-2"],
            "notice_ids": ["N-R-1-1"],
        }
    ],
    "told": {"requester_ids": ["P-1"], "driver_ids": ["D-SN-1", "D-SN-2"]},
}
REPORTED = {
    **encode(
        DayFact(
            id="F-1",
            kind=FactKind.FAULT,
            about="V-SN-1",
            region=_REGION,
            day="2026-03-02",
            at=_NINE,
            received_at=_NINE,
            told_by=_PERSON,
            reason="发动机故障灯亮",
        )
    ),
    "version": 1,
}
DISPATCH = {
    "items": [
        {
            "area": "510000",
            "leads": True,
            "leader": "dispatch-1/4711/9f86d081884c",
            "waiting_for": None,
            "last_round_at": "2026-03-02T09:00:00+08:00",
            "rounds_count": 12,
            "changed_count": 2,
            "notices_count": 1,
            "due_days": [],
            "trouble": "",
        }
    ]
}
_URGENT = {**REQUEST, "id": "E-1", "priority": "emergency", "state": "assigned", "purpose": "山洪灾害现场处置"}
EMERGENCY = {
    **_URGENT,
    "assignment": {**_PLAIN, "request_id": "E-1"},
    "notices": [{**NOTICE, "kind": "withdrawn", "reason": "emergency", "after_from_at": None, "after_to_at": None}],
    "approve_by_at": "2026-03-03T08:30:00+08:00",
}
CONFIRMED = {**_URGENT, "approver_id": "P-2", "decided_at": "2026-03-02T12:00:00+08:00", "version": 3}
RESERVE = {
    "items": [
        {
            "region": "510900",
            "vehicles_count": 12,
            "needed_count": 2,
            "ready_count": 1,
            "ready_vehicle_ids": ["V-SN-9"],
            "breached": True,
            "rule_id": "R161",
        }
    ]
}
NEW_WEBHOOK = {
    "id": "W-1",
    "region": "510900",
    "url": "http://oa.example/hooks/dispatch",
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "types": ["request."],
    "created_by": "P-1",
    "created_at": "2026-03-02T08:00:00+08:00",
    "active": True,
    "description": "",
    "version": 1,
    "cursor": {
        "id": "W-1",
        "sequence": 1200,
        "failures_count": 0,
        "next_at": None,
        "last_status": 200,
        "last_error": "",
        "given_up": [],
    },
}
WEBHOOK = {name: value for name, value in NEW_WEBHOOK.items() if name != "secret"}
CALENDAR = {
    "id": "K-1",
    "scope": "driver",
    "about": "D-SN-1",
    "region": "510900",
    "created_by": "P-1",
    "created_at": "2026-03-02T08:00:00+08:00",
    "revoked_at": None,
    "version": 1,
}
NEW_CALENDAR = {**CALENDAR, "path": "/v1/calendar-feeds/Jf1sQ2vZ8yK4m0Tn6bXc9dRw3aLh5gUe.ics"}
POSITION = {
    "vehicle_id": "V-SN-1",
    "at": "2026-03-02T09:00:05+08:00",
    "lon_wgs84": 105.5929,
    "lat_wgs84": 30.5328,
    "speed_mps": 16.5,
    "charge_frac": 0.62,
}

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

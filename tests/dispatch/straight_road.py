"""Problems on one straight road, small enough to tell by hand what a good plan is."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from dispatch.drives import Legs
from dispatch.problem import (
    ChargeGroupSpec,
    PinnedStop,
    Problem,
    RequestKind,
    RequestSpec,
    StopSpec,
    VehicleSpec,
)

HOUR = 3600
DAY = 24 * HOUR


def line(hours: list[float]) -> Legs:
    """Places on a straight road, each at so many hours of driving from its beginning; 60 km and 12 kWh an hour."""
    at = np.array(hours)
    gap = np.abs(at[:, None] - at[None, :])
    return Legs(
        drive_s=np.rint(gap * HOUR).astype(np.int32),
        drive_m=np.rint(gap * 60_000).astype(np.int32),
        drive_wh=np.rint(gap * 12_000).astype(np.int32),
        toll_fen=np.zeros(gap.shape, np.int32),
    )


def vehicle(id: str = "v", **fields: object) -> VehicleSpec:
    given: dict[str, object] = {
        "id": id, "start_location": 0, "end_location": 0, "windows": ((6 * HOUR, 22 * HOUR),), "seats": 4, "kind": 0,
        "legs": 0, "group": 0, "mfen_per_m": 100,
    }  # fmt: skip
    return VehicleSpec(**{**given, **fields})


def transfer(id: str, a: int, b: int, begin_s: int, end_s: int, latest_s: int = 3 * DAY) -> RequestSpec:
    return RequestSpec(
        id=id,
        kind=RequestKind.TRANSFER,
        stops=(
            StopSpec(location=a, earliest_s=begin_s, latest_s=begin_s + 600),
            StopSpec(location=b, earliest_s=end_s, latest_s=latest_s),
        ),
        seats=1,
        shareable=True,
        group=0,
        priority=0,
        penalty_mfen=10**9,
    )


def problem_of(
    legs: Legs, vehicles: list[VehicleSpec], requests: list[RequestSpec], groups: tuple[ChargeGroupSpec, ...] = ()
) -> Problem:
    return Problem(
        epoch=datetime(2026, 3, 2, tzinfo=UTC),
        horizon_s=3 * DAY,
        legs=(legs,),
        vehicles=tuple(vehicles),
        requests=tuple(requests),
        charge_groups=groups,
        site_power_w=(None,) if groups else (),
        tier=np.zeros((1, 1), np.int8),
        tier_refusal=np.zeros((1, 1), np.int8),
        tier_mfen=(0,),
    )


def pin(
    location: int, begin_s: int, *, depart_s: int | None = None, request: int | None = None, stop: int = 0
) -> PinnedStop:
    return PinnedStop(
        request=request,
        stop=stop,
        location=location,
        begin_s=begin_s,
        depart_s=begin_s if depart_s is None else depart_s,
    )

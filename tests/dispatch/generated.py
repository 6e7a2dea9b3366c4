"""Random problems for the solver's tests: small towns with every feature that a problem may have."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from dispatch.drives import Legs
from dispatch.problem import (
    BatterySpec,
    ChargeCurve,
    ChargeGroupSpec,
    Problem,
    RequestKind,
    RequestSpec,
    StopSpec,
    VehicleSpec,
)

EPOCH = datetime(2026, 3, 2, tzinfo=UTC)


def make_legs(rng: np.random.Generator, places: int, side_m: float) -> Legs:
    xy = rng.random((places, 2)) * side_m
    metres = np.rint(np.hypot(*(xy[:, None] - xy[None, :]).transpose(2, 0, 1)) * 1.3).astype(np.int32)
    return Legs(
        drive_s=np.ceil(metres / 12.0).astype(np.int32),
        drive_m=metres,
        drive_wh=np.ceil(metres * 0.17).astype(np.int32),
        toll_fen=(metres // 30_000).astype(np.int32) * 1000,
    )


def make_problem(
    seed: int,
    *,
    vehicles: int = 8,
    requests: int = 20,
    places: int = 15,
    side_m: float = 30_000.0,
    electric: float = 0.3,
    charters: float = 0.1,
    rentals: float = 0.0,
    sites: int = 3,
    battery_wh: int = 20_000,
    points: int = 1,
) -> Problem:
    rng = np.random.default_rng(seed)
    legs = make_legs(rng, places, side_m)
    groups = 3
    tier = rng.choice(np.array([1, 1, 2, 3, -1], np.int8), size=(groups, groups))
    np.fill_diagonal(tier, 1)
    curve = ChargeCurve(from_wh=(0, battery_wh * 8 // 10), power_w=(60_000, 20_000))
    fleet = []
    for i in range(vehicles):
        home = int(rng.integers(places))
        battery = None
        if rng.random() < electric:
            battery = BatterySpec(
                capacity_wh=battery_wh,
                initial_wh=battery_wh * 6 // 10,
                reserve_wh=battery_wh // 10,
                final_wh=battery_wh // 5,
                ac_curve=ChargeCurve(from_wh=(0,), power_w=(7_000,)),
                dc_curve=curve,
            )
        self_drive = rng.random() < rentals
        fleet.append(
            VehicleSpec(
                id=f"v{i}",
                start_location=home,
                end_location=None if self_drive else home,
                windows=((6 * 3600, 20 * 3600),),
                seats=int(rng.choice([4, 4, 6])),
                kind=int(rng.integers(3)),
                legs=0,
                group=int(rng.integers(groups)),
                equipment=int(rng.integers(4)),
                self_drive=self_drive,
                fixed_mfen=30_000_000,
                mfen_per_m=100,
                mfen_per_s=10,
                battery=battery,
                max_route_s=14 * 3600,
                max_drive_s=10 * 3600,
            )
        )
    asked = []
    for i in range(requests):
        a, b = (int(x) for x in rng.choice(places, 2, replace=False))
        begin = int(rng.integers(7 * 3600, 17 * 3600))
        direct = int(legs.drive_s[a, b])
        u = rng.random()
        kind = (
            RequestKind.CHARTER
            if u < charters
            else RequestKind.RENTAL
            if u < charters + rentals
            else RequestKind.TRANSFER
        )
        stops = (
            StopSpec(location=a, earliest_s=begin, latest_s=begin + 1200, service_s=60),
            StopSpec(location=b, earliest_s=begin, latest_s=begin + 4 * 3600 + direct, service_s=60),
        )
        if kind is RequestKind.CHARTER:
            c = int(rng.integers(places))
            stops = (
                stops[0],
                StopSpec(location=c, earliest_s=begin, latest_s=begin + 7200 + 3600, service_s=1800),
                stops[1],
            )
        asked.append(
            RequestSpec(
                id=f"r{i}",
                kind=kind,
                stops=stops,
                seats=int(rng.integers(1, 4)),
                shareable=bool(rng.random() < 0.7),
                group=int(rng.integers(groups)),
                priority=int(rng.integers(4)),
                penalty_mfen=500_000_000,
                max_ride_s=None if kind is not RequestKind.TRANSFER else int(direct * 1.5) + 600,
                kinds=0 if rng.random() < 0.7 else int(rng.integers(1, 8)),
                equipment=0 if rng.random() < 0.9 else 1,
            )
        )
    return Problem(
        epoch=EPOCH,
        horizon_s=86_400,
        legs=(legs,),
        vehicles=tuple(fleet),
        requests=tuple(asked),
        charge_groups=tuple(
            ChargeGroupSpec(
                id=f"c{i}",
                location=int(rng.integers(places)),
                site=i,
                points=points,
                point_w=60_000,
                dc=bool(i % 2 == 0),
                mfen_per_wh=150,
            )
            for i in range(sites)
        ),
        site_power_w=tuple(None if i % 2 else 90_000 for i in range(sites)),
        tier=tier,
        tier_refusal=(tier < 0).astype(np.int8) * 2,
        tier_mfen=(0, 0, 5_000_000, 20_000_000),
    )

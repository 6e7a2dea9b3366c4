"""Made-up days of any size for the scale benchmark: clustered areas, a mixed fleet, transfers and charters.

Nothing here is a statistic of a real region. The same seed and sizes give the same problem on every machine.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from dispatch.drives import LEG_FIELDS, AreaLegs, Legs, Places
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
TOWN_MPS, ROAD_MPS = 9.0, 22.0
DETOUR = 1.3
CLASSES = (
    # share, seats, electric, fixed yuan, fen per km
    (0.45, 4, False, 20, 65),
    (0.30, 4, True, 20, 35),
    (0.15, 6, False, 30, 85),
    (0.10, 14, False, 60, 140),
)


def drives(metres: npt.NDArray[np.float64], mps: float, fen_per_km: float = 0.0) -> Legs:
    m = np.rint(metres).astype(np.int32)
    return Legs(
        drive_s=np.ceil(m / mps).astype(np.int32),
        drive_m=m,
        drive_wh=np.ceil(m * 0.17).astype(np.int32),
        toll_fen=(m / 1000.0 * fen_per_km).astype(np.int32),
    )


def distances(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Metres between all points, symmetric and with the triangle inequality."""
    return np.asarray(np.hypot(*(xy[:, None] - xy[None, :]).transpose(2, 0, 1)) * DETOUR)


def make_network(rng: np.random.Generator, areas: int, places: int) -> tuple[AreaLegs, npt.NDArray[np.float64]]:
    """Return drives over ``areas * places`` locations, and the areas' centres in metres.

    The first place of an area is its centre, which is its gate as well.
    """
    side_m = 30_000.0 * np.sqrt(areas) * 2.0
    centres = rng.random((areas, 2)) * side_m
    inside, to_gate, from_gate = [], [], []
    for _ in range(areas):
        spread = np.abs(rng.normal(0.0, 5_000.0, places)) + 200.0
        angle = rng.random(places) * 2 * np.pi
        xy = np.stack([spread * np.cos(angle), spread * np.sin(angle)], axis=1)
        xy[0] = 0.0
        legs = drives(distances(xy), TOWN_MPS)
        inside.append(legs)
        to_gate.append({name: getattr(legs, name)[:, 0] for name in LEG_FIELDS})
        from_gate.append({name: getattr(legs, name)[0, :] for name in LEG_FIELDS})
    joined = [
        {name: np.concatenate([part[name] for part in side]) for name in LEG_FIELDS} for side in (to_gate, from_gate)
    ]
    count = np.arange(areas * places, dtype=np.int64)
    legs = AreaLegs(
        area=count // places,
        row=count % places,
        inside=tuple(inside),
        gates=drives(distances(centres), ROAD_MPS, fen_per_km=45.0),
        to_gate=joined[0],
        from_gate=joined[1],
    )
    return legs, centres


def make_day(*, requests: int, vehicles: int, areas: int, seed: int = 1, places: int | None = None) -> Problem:
    """Return a day of ``requests`` in ``areas`` areas of ``places`` places each (by default half a place per request)."""
    rng = np.random.default_rng(seed)
    places = places or max(40, min(200, requests // areas // 2))
    legs, centres = make_network(rng, areas, places)
    weight = rng.gamma(3.0, 1.0, areas)
    weight /= weight.sum()
    near = np.argsort(np.hypot(*(centres[:, None] - centres[None, :]).transpose(2, 0, 1)), axis=1, kind="stable")
    fleet = make_vehicles(rng, vehicles, weight, places)
    asked = make_requests(rng, requests, weight, places, near, legs)
    groups = tuple(
        ChargeGroupSpec(
            id=f"c{a}-{i}",
            location=a * places + 1 + i,
            site=2 * a + i,
            points=6,
            point_w=60_000 if i == 0 else 7_000,
            dc=i == 0,
            mfen_per_wh=120,
        )
        for a in range(areas)
        for i in range(2)
    )
    units = 4
    tier = np.full((units, units), 2, np.int8)
    np.fill_diagonal(tier, 1)
    return Problem(
        epoch=EPOCH,
        horizon_s=86_400,
        legs=(legs,),
        vehicles=fleet,
        requests=asked,
        charge_groups=groups,
        site_power_w=tuple(240_000 if g.dc else None for g in groups),
        tier=tier,
        tier_refusal=np.zeros_like(tier),
        tier_mfen=(0, 0, 5_000_000),
    )


def make_vehicles(
    rng: np.random.Generator, count: int, weight: npt.NDArray[np.float64], places: int
) -> tuple[VehicleSpec, ...]:
    shares = np.cumsum([row[0] for row in CLASSES])
    battery = BatterySpec(
        capacity_wh=50_000,
        initial_wh=45_000,
        reserve_wh=5_000,
        final_wh=10_000,
        ac_curve=ChargeCurve(from_wh=(0,), power_w=(7_000,)),
        dc_curve=ChargeCurve(from_wh=(0, 40_000), power_w=(60_000, 24_000)),
    )
    fleet = []
    for i in range(count):
        area = int(rng.choice(len(weight), p=weight))
        # five compounds in every area
        home = area * places + int(rng.integers(5))
        kind = int(np.searchsorted(shares, rng.random(), side="right"))
        _, seats, electric, fixed_yuan, fen_per_km = CLASSES[kind]
        begin = int(rng.choice([6, 7, 8])) * 3600
        fleet.append(
            VehicleSpec(
                id=f"v{i}",
                start_location=home,
                end_location=home,
                windows=((begin, begin + 12 * 3600),),
                seats=seats,
                kind=kind,
                legs=0,
                group=int(rng.integers(4)),
                fixed_mfen=fixed_yuan * 100_000,
                mfen_per_m=fen_per_km,
                mfen_per_s=833,
                battery=battery if electric else None,
                max_route_s=11 * 3600,
            )
        )
    return tuple(fleet)


def make_requests(
    rng: np.random.Generator,
    count: int,
    weight: npt.NDArray[np.float64],
    places: int,
    near: Places,
    legs: AreaLegs,
) -> tuple[RequestSpec, ...]:
    found = []
    drive = legs.drive_s
    for i in range(count):
        area = int(rng.choice(len(weight), p=weight))
        goal = (
            area
            if len(weight) < 2 or rng.random() < 0.88
            else int(near[area, 1 + int(rng.integers(min(4, len(weight) - 1)))])
        )
        a = area * places + int(rng.integers(places))
        b = goal * places + int(rng.integers(places))
        if a == b:
            b = area * places + (b + 1) % places
        direct = int(drive[a, b])
        # two peaks, one after breakfast and one after lunch
        at = rng.normal(9.5 if rng.random() < 0.55 else 14.5, 1.4)
        begin = int(np.clip(at, 7.0, 17.0) * 12) * 300
        charter = rng.random() < 0.08 and direct < 2 * 3600
        stay = int(rng.integers(2, 9)) * 900
        stops = [
            StopSpec(location=a, earliest_s=begin, latest_s=begin + 1_200, service_s=90),
            StopSpec(
                location=b, earliest_s=begin, latest_s=begin + 1_200 + max(direct * 3 // 2, direct + 900), service_s=90
            ),
        ]
        if charter:
            stops = [
                stops[0],
                StopSpec(location=b, earliest_s=begin, latest_s=begin + 1_200 + direct + 900, service_s=stay),
                StopSpec(
                    location=a, earliest_s=begin, latest_s=begin + 1_200 + 2 * direct + stay + 1_800, service_s=60
                ),
            ]
        found.append(
            RequestSpec(
                id=f"r{i}",
                kind=RequestKind.CHARTER if charter else RequestKind.TRANSFER,
                stops=tuple(stops),
                seats=int(rng.choice([1, 1, 1, 2, 2, 3, 4, 6], p=[0.2, 0.15, 0.15, 0.15, 0.15, 0.1, 0.07, 0.03])),
                shareable=bool(rng.random() < 0.6),
                group=int(rng.integers(4)),
                priority=3,
                penalty_mfen=200_000_000,
                max_ride_s=None if charter else max(direct * 3 // 2, direct + 600),
            )
        )
    return tuple(found)

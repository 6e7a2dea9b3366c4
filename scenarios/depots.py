"""Overnight charging at home: which vehicles get a point, and how much they have in the morning."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fleet.ids import VehicleId
from fleet.sites import Site
from fleet.vehicles import Battery


@dataclass(frozen=True, kw_only=True)
class Guest:
    """A vehicle that stands at its home site with less charge than it should have; ``first`` ones are served first."""

    vehicle_id: VehicleId
    battery: Battery
    charge_wh: float
    from_at: datetime
    first: bool = False


@dataclass(frozen=True, kw_only=True)
class Session:
    """One vehicle's night: charge in the morning, time at a point and the wait for it. ``full`` tells whether it is enough."""

    vehicle_id: VehicleId
    charge_wh: float
    gained_wh: float
    busy_s: float
    wait_s: float
    full: bool


def points_at_once(site: Site, *, site_power_w: int | None) -> list[int]:
    """Powers of the points that may work together under the site's limit, slow ones first as nights are long."""
    powers = sorted(group.power_w for group in site.charge_groups for _ in range(group.points))
    limit_w = site_power_w if site_power_w is not None else sum(powers)
    chosen: list[int] = []
    for power_w in powers:
        if sum(chosen) + power_w <= limit_w:
            chosen.append(power_w)
    return chosen


def charge_overnight(
    guests: Sequence[Guest], powers_w: Sequence[int], *, until_at: datetime, target_frac: float
) -> list[Session]:
    """Serve vehicles in the order of their class and arrival; a point goes to the next one when a vehicle has what it needs.

    Nobody moves a vehicle at night in most offices; that points are handed on is the better case, and stated as such.
    """
    free: list[tuple[float, int, int]] = [
        (0.0, -power_w, n) for n, power_w in enumerate(sorted(powers_w, reverse=True))
    ]
    heapq.heapify(free)
    until_s = until_at.timestamp()
    sessions: list[Session] = []
    for guest in sorted(guests, key=lambda g: (not g.first, g.from_at, g.vehicle_id)):
        need_wh = guest.battery.capacity_wh * target_frac - guest.charge_wh
        arrive_s = guest.from_at.timestamp()
        if need_wh <= 0:
            continue
        begin_s = max(arrive_s, free[0][0]) if free else until_s
        if begin_s >= until_s:
            sessions.append(
                Session(
                    vehicle_id=guest.vehicle_id,
                    charge_wh=guest.charge_wh,
                    gained_wh=0.0,
                    busy_s=0.0,
                    wait_s=max(0.0, until_s - arrive_s),
                    full=False,
                )
            )
            continue
        _, minus_w, number = free[0]
        accepts_w = guest.battery.max_ac_w if -minus_w <= 22_000 else guest.battery.max_dc_w
        power_w = min(-minus_w, accepts_w)
        busy_s = min(need_wh / power_w * 3_600, until_s - begin_s)
        heapq.heapreplace(free, (begin_s + busy_s, minus_w, number))
        gained_wh = power_w * busy_s / 3_600
        sessions.append(
            Session(
                vehicle_id=guest.vehicle_id,
                charge_wh=guest.charge_wh + gained_wh,
                gained_wh=gained_wh,
                busy_s=busy_s,
                wait_s=begin_s - arrive_s,
                full=gained_wh >= need_wh - 1,
            )
        )
    return sessions

"""What routes owe to each other: limits that no single route can see, stated as counts.

All are optional. What is begun (a pinned stop) counts for none of them: it cannot be undone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ReadyReserve:
    """Of ``vehicles`` (indices) that are on duty in [begin_s, end_s], ``ready_count`` stay free of any route in that time.

    Where fewer are on duty and not already out, all of those.
    """

    id: str
    vehicles: tuple[int, ...]
    begin_s: int
    end_s: int
    ready_count: int


@dataclass(frozen=True, kw_only=True)
class TripQuota:
    """Vehicles of ``vehicle_groups`` serve at most ``most_count`` requests of ``request_groups``."""

    id: str
    request_groups: tuple[int, ...]
    vehicle_groups: tuple[int, ...]
    most_count: int


@dataclass(frozen=True, kw_only=True)
class TripShare:
    """Of the requests that are served, at least ``least_of_1000`` in a thousand are served by ``vehicles`` (indices).

    For the share of trips with new-energy vehicles.
    """

    id: str
    vehicles: tuple[int, ...]
    least_of_1000: int


@dataclass(frozen=True, kw_only=True)
class RentalPoint:
    """Self-drive cars at a place: at most ``spaces`` (None: no limit) at any time, at least ``left_count`` at the end.

    More than ``spaces`` at the beginning, or fewer than ``left_count``, is nobody's fault: then no more may come, and no
    more may go than come.
    """

    id: str
    location: int
    spaces: int | None = None
    left_count: int = 0


@dataclass(frozen=True, kw_only=True)
class Coupling:
    """All limits between routes of a problem."""

    reserves: tuple[ReadyReserve, ...] = ()
    quotas: tuple[TripQuota, ...] = ()
    shares: tuple[TripShare, ...] = ()
    rental_points: tuple[RentalPoint, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.reserves or self.quotas or self.shares or self.rental_points)


def faults(
    coupling: Coupling, *, vehicles: int, groups: tuple[int, int], locations: int
) -> Iterator[tuple[str, object, str]]:
    """Yield field, value and message of everything in ``coupling`` that contradicts itself or the sizes of its problem.

    ``groups`` are the numbers of request groups and of vehicle groups.
    """
    asking, owning = groups
    for name in ("reserves", "quotas", "shares", "rental_points"):
        seen: set[str] = set()
        for i, item in enumerate(getattr(coupling, name)):
            if item.id in seen:
                yield f"coupling.{name}[{i}].id", item.id, "is used twice"
            seen.add(item.id)
    listed: list[tuple[str, tuple[int, ...], int]] = []
    for i, reserve in enumerate(coupling.reserves):
        where = f"coupling.reserves[{i}]"
        listed.append((f"{where}.vehicles", reserve.vehicles, vehicles))
        if reserve.ready_count < 0:
            yield f"{where}.ready_count", reserve.ready_count, "must not be negative"
        if reserve.begin_s > reserve.end_s:
            yield f"{where}.end_s", reserve.end_s, f"is before begin_s {reserve.begin_s}"
    for i, quota in enumerate(coupling.quotas):
        where = f"coupling.quotas[{i}]"
        listed.append((f"{where}.request_groups", quota.request_groups, asking))
        listed.append((f"{where}.vehicle_groups", quota.vehicle_groups, owning))
        if quota.most_count < 0:
            yield f"{where}.most_count", quota.most_count, "must not be negative"
    for i, share in enumerate(coupling.shares):
        where = f"coupling.shares[{i}]"
        listed.append((f"{where}.vehicles", share.vehicles, vehicles))
        if not 0 <= share.least_of_1000 <= 1000:
            yield f"{where}.least_of_1000", share.least_of_1000, "must lie between 0 and 1000"
    for i, point in enumerate(coupling.rental_points):
        where = f"coupling.rental_points[{i}]"
        listed.append((f"{where}.location", (point.location,), locations))
        for name in ("spaces", "left_count"):
            value = getattr(point, name)
            if value is not None and value < 0:
                yield f"{where}.{name}", value, "must not be negative"
    for field, indices, size in listed:
        for index in indices:
            if not 0 <= index < size:
                yield field, index, f"is out of range: there are {size}"
        if len(set(indices)) < len(indices):
            yield field, indices, "names one twice"

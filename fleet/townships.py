"""Township service (基层公务出行保障, S09): who asked, who was served, who was not, who waits, month by month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fleet.ids import RegionCode, RequestId, UnitId
from fleet.rental_accounts import month_of
from fleet.rentals import Rental
from fleet.requests import RequestState, TripRequest
from fleet.units import Level, Unit

_SERVED = frozenset({RequestState.ASSIGNED, RequestState.UNDER_WAY, RequestState.FINISHED})
_WAITING = frozenset({RequestState.SUBMITTED, RequestState.APPROVED})


@dataclass(frozen=True, kw_only=True)
class TownshipService:
    """One township unit in one month. ``unmet``: its time passed without a vehicle; ``rented`` of the served by time-share.

    ``waiting`` ones are still ahead of their time. Cancelled and rejected requests are counted as asked only.
    """

    unit_id: UnitId
    name: str
    region: RegionCode
    month: str
    requests_count: int
    served_count: int
    rented_count: int
    unmet_count: int
    waiting_count: int
    unmet_ids: tuple[RequestId, ...]


def township_service(
    units: Iterable[Unit],
    requests: Iterable[TripRequest],
    rentals: Iterable[Rental],
    *,
    month: str,
    now: datetime,
) -> tuple[TownshipService, ...]:
    """One line per township unit, also for those that asked for nothing."""
    rented = {own.request_id for own in rentals if own.taken_at is not None}
    asked: dict[UnitId, list[TripRequest]] = defaultdict(list)
    for request in requests:
        if month_of(request.stops[0].earliest_at) == month:
            asked[request.unit_id].append(request)
    lines: list[TownshipService] = []
    for unit in sorted(units, key=lambda own: own.id):
        if unit.level is not Level.TOWNSHIP:
            continue
        own = sorted(asked[unit.id], key=lambda trip: trip.id)
        open_ = [trip for trip in own if trip.state in _WAITING]
        unmet = [trip for trip in open_ if trip.stops[0].latest_at < now]
        served = [trip for trip in own if trip.state in _SERVED]
        lines.append(
            TownshipService(
                unit_id=unit.id,
                name=unit.name,
                region=unit.region,
                month=month,
                requests_count=len(own),
                served_count=len(served),
                rented_count=sum(1 for trip in served if trip.id in rented),
                unmet_count=len(unmet),
                waiting_count=len(open_) - len(unmet),
                unmet_ids=tuple(trip.id for trip in unmet),
            )
        )
    return tuple(lines)

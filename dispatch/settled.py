"""Trips that one region's vehicle drove for another, out of the store, as the settlement prices them (R106, R109, R112)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from dispatch.agreed import duty_s
from dispatch.policy import DispatchPolicy
from dispatch.view import every
from fleet.agreements import Agreement
from fleet.documents import decode
from fleet.ids import AgreementId, RegionCode, RequestId
from fleet.itineraries import Assignment, AssignmentState, Itinerary
from fleet.requests import TripRequest
from fleet.rules.jurisdictions import find_jurisdiction
from fleet.rules.model import RuleBook
from fleet.rules.pools import PoolRules
from fleet.settlements import Drive, Ride, SettlementSheet, Tariff, settle
from fleet.store import FleetStore

_DRIVEN = (AssignmentState.DROPPED_OFF, AssignmentState.FINISHED)


@dataclass(frozen=True, kw_only=True)
class Settled:
    """The sheet of a period, and the orders that no agreed tariff prices."""

    sheet: SettlementSheet
    unpriced: tuple[RequestId, ...]


def settle_period(
    store: FleetStore, book: RuleBook, *, first: date, last: date, policy: DispatchPolicy | None = None
) -> Settled:
    """Settle the finished cross-region trips of the days from ``first`` to ``last``.

    Distances, times and tolls are those of the itinerary as planned, empty legs included; energy is priced as dispatch does.
    """
    policy = policy or DispatchPolicy()
    agreements: dict[AgreementId, Agreement] = {own.id: own for own in every(store, "agreement")}
    drives: list[Drive] = []
    unpriced: list[RequestId] = []
    day = first
    while day <= last:
        pools = PoolRules(book=book, day=day, agreements=tuple(agreements.values()))
        itinerary: Itinerary
        for itinerary in every(store, "itinerary", ("day", day.isoformat())):
            rides = tuple(_rides(store, itinerary))
            own = _side(itinerary.region)
            abroad = [ride for ride in rides if ride.region != own]
            if not abroad:
                continue
            id = pools.between_regions(abroad[0].region, own).agreement_id
            if id is None or agreements[id].tariff is None:
                unpriced += [ride.request_id for ride in abroad]
                continue
            drives.append(
                Drive(
                    vehicle_id=itinerary.vehicle_id,
                    region=own,
                    agreement_id=id,
                    day=day,
                    drive_m=sum(stop.leg_m for stop in itinerary.stops),
                    duty_s=duty_s(itinerary),
                    toll_fen=sum(stop.leg_toll_fen for stop in itinerary.stops),
                    energy_fen=_energy_fen(itinerary, policy),
                    rides=rides,
                )
            )
        day += timedelta(days=1)
    tariffs: dict[AgreementId, Tariff] = {id: own.tariff for id, own in agreements.items() if own.tariff is not None}
    return Settled(sheet=settle(drives, tariffs), unpriced=tuple(sorted(unpriced)))


def _side(region: str) -> RegionCode:
    """The office that settles: the prefecture of a county, a district itself."""
    found = find_jurisdiction(region)
    return RegionCode(region) if found is None else found.code


def _rides(store: FleetStore, itinerary: Itinerary) -> Iterator[Ride]:
    assignment: Assignment
    for assignment in every(store, "assignment", ("itinerary_id", itinerary.id)):
        if assignment.state not in _DRIVEN:
            continue
        request: TripRequest = decode("request", store.get("request", assignment.request_id).body)
        driven = [number for number, stop in enumerate(itinerary.stops) if stop.request_id == request.id]
        ride_m = sum(stop.leg_m for stop in itinerary.stops[driven[0] + 1 : driven[-1] + 1]) if driven else 0
        yield Ride(
            request_id=request.id,
            region=_side(request.region),
            passengers_count=request.passengers,
            ride_m=ride_m,
        )


def _energy_fen(itinerary: Itinerary, policy: DispatchPolicy) -> int:
    wh = sum(max(0, stop.leg_wh) for stop in itinerary.stops)
    fuel_ml = sum(stop.leg_fuel_ml for stop in itinerary.stops)
    return (wh * policy.power_fen_per_kwh + fuel_ml * policy.petrol_fen_per_l) // 1_000

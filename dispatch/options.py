"""What a dispatcher may choose from for one request: vehicles in order of cost, and whose trip each choice would disturb."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dispatch.agreed import ruling_on, territory_on
from dispatch.legs import Roads
from dispatch.permission import Territory
from dispatch.policy import MFEN_PER_FEN, DispatchPolicy
from dispatch.promise import Candidate, Fit, Fleet, Legs, Tally, fit_into, off_network
from dispatch.ruling import Ruling
from dispatch.snapshot import mfen_per_m
from dispatch.view import local_day
from fleet.documents import decode
from fleet.ids import DriverId, RequestId, VehicleId
from fleet.itineraries import GONE, MOVABLE, Assignment, AssignmentState, without_trips
from fleet.requests import TripRequest
from fleet.store import FleetStore
from fleet.vehicles import VehicleKind


@dataclass(frozen=True, kw_only=True)
class Option:
    """One vehicle for the request: when it would come, what it costs more, and which trip must find another vehicle.

    ``cost_fen`` holds driving, driver's time, tier, bringing out one more vehicle, and the price of changing another promise.
    """

    vehicle_id: VehicleId
    driver_id: DriverId | None
    vehicle_kind: VehicleKind
    tier: int
    pickup_at: datetime
    dropoff_at: datetime
    extra_m: int
    cost_fen: int
    disturbs: tuple[RequestId, ...] = ()


def list_options(
    store: FleetStore,
    roads: Roads,
    request: TripRequest,
    *,
    now: datetime,
    limit: int = 10,
    policy: DispatchPolicy | None = None,
    territory: Territory | None = None,
    ruling: Ruling | None = None,
) -> tuple[Option, ...]:
    """Return the cheapest ways to serve a request, at most one per vehicle; empty when nothing fits.

    First choice for each vehicle is a gap in its day; where there is none, a gap that opens when one trip of equal or lower
    priority that has not begun and is not pinned is taken from it.
    """
    policy = policy or DispatchPolicy()
    ruling = replace(ruling or ruling_on(store, local_day(request.stops[0].earliest_at)), approvals=False)
    territory = territory or territory_on(store, ruling.day, book=ruling.book)
    if ruling.request_refusal(request) is not None:
        return ()
    if off_network(request, roads, policy) is not None or request.stops[0].latest_at < now:
        return ()
    fleet = Fleet(store, request, now=now, policy=policy, territory=territory, ruling=ruling)
    found: list[Option] = []
    for regions in fleet.pools():
        candidates = fleet.candidates(regions, Tally())
        for profile in sorted({candidate.vehicle.profile for candidate in candidates}):
            same = [candidate for candidate in candidates if candidate.vehicle.profile == profile]
            legs = Legs(roads, same, request, policy, profile)
            price_mfen = mfen_per_m(legs.matrix, policy)
            for candidate in same:
                fit = fit_into(candidate, request, legs, fleet.midnight, Tally())
                if fit is not None:
                    found.append(_option(candidate, fit, fleet.midnight, price_mfen, policy))
                else:
                    found += _disturbing(store, fleet, candidate, request, legs, price_mfen, policy)
    found.sort(key=lambda option: (len(option.disturbs), option.cost_fen, option.vehicle_id))
    return tuple(found[:limit])


def _disturbing(
    store: FleetStore,
    fleet: Fleet,
    candidate: Candidate,
    request: TripRequest,
    legs: Legs,
    price_mfen: int,
    policy: DispatchPolicy,
) -> list[Option]:
    """The cheapest option for this vehicle that takes one trip from it."""
    itinerary = candidate.itinerary
    if itinerary is None:
        return []
    best: Option | None = None
    for id in sorted({stop.request_id for stop in itinerary.stops if stop.request_id is not None}):
        given = _movable(store, id, candidate.vehicle.id, request)
        if given is None:
            continue
        gaps = fleet.gaps(candidate.crew, without_trips(itinerary, frozenset({id})))
        fit = fit_into(replace(candidate, gaps=gaps), request, legs, fleet.midnight, Tally())
        if fit is None:
            continue
        accepted = given.state is AssignmentState.ACCEPTED
        change_fen = policy.accepted_change_fen if accepted else policy.offered_change_fen
        option = _option(candidate, fit, fleet.midnight, price_mfen, policy)
        option = replace(option, disturbs=(id,), cost_fen=option.cost_fen + change_fen)
        if best is None or option.cost_fen < best.cost_fen:
            best = option
    return [] if best is None else [best]


def _movable(store: FleetStore, id: RequestId, vehicle_id: VehicleId, request: TripRequest) -> Assignment | None:
    """The assignment of a trip that may be taken from a vehicle in favour of the request, else None."""
    document = store.find("request", id)
    if document is None:
        return None
    other: TripRequest = decode("request", document.body)
    if other.priority.rank < request.priority.rank:
        return None
    for found in store.list("assignment", where=("request_id", id)).documents:
        assignment: Assignment = decode("assignment", found.body)
        if assignment.state in GONE or assignment.vehicle_id != vehicle_id:
            continue
        return assignment if assignment.state in MOVABLE and assignment.pinned_by is None else None
    return None


def _option(candidate: Candidate, fit: Fit, midnight: datetime, price_mfen: int, policy: DispatchPolicy) -> Option:
    vehicle, driver = candidate.vehicle, candidate.crew.driver
    driver_mfen = 0 if driver is None else policy.driver_fen_per_h * MFEN_PER_FEN // 3_600
    cost_mfen = max(0, fit.extra_m) * price_mfen + max(0, fit.extra_s) * driver_mfen
    use_fen = policy.use_fen if candidate.itinerary is None else 0
    return Option(
        vehicle_id=vehicle.id,
        driver_id=None if driver is None else driver.id,
        vehicle_kind=vehicle.kind,
        tier=candidate.tier,
        pickup_at=midnight + timedelta(seconds=fit.begin_s),
        dropoff_at=midnight + timedelta(seconds=fit.end_s),
        extra_m=fit.extra_m,
        cost_fen=round(cost_mfen / MFEN_PER_FEN) + policy.tier_fen[candidate.tier] + use_fen,
    )

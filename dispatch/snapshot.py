"""From facts to a problem: stored nouns, legs, rules and the present instant become integers. The only place that rounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from dispatch.closed_ways import as_planned, has_begun, is_cut
from dispatch.crews import DAY_S, Crew, pair, working_windows
from dispatch.drives import Legs
from dispatch.errors import DispatchError
from dispatch.hours import Hours, legs_by_the_hour
from dispatch.legs import Roads
from dispatch.permission import Asking, Offering, Territory, judge
from dispatch.plan import Cause, Reason
from dispatch.plates import PlateLimits, barred_by
from dispatch.policy import LARGEST_TOTAL_MFEN, MFEN_PER_FEN, DispatchPolicy
from dispatch.problem import (
    BatterySpec,
    ChargeCurve,
    ChargeGroupSpec,
    PinnedStop,
    Problem,
    RequestKind,
    RequestSpec,
    StopSpec,
    VehicleSpec,
)
from dispatch.ruling import RESERVE_RELEASE, Ruling, reason_of
from dispatch.standing import FrozenStop, Standing, stand
from dispatch.view import FleetView
from fleet.ids import RequestId, SiteId, UnitId, VehicleId
from fleet.itineraries import Assignment, AssignmentState
from fleet.promises import PromiseState
from fleet.requests import Priority, RequestState, TripKind, TripRequest
from fleet.rules.plates import PlateRule
from fleet.rules.refusals import Refusal
from fleet.sites import Site
from fleet.units import Level, Unit
from fleet.vehicles import Battery, Energy, Vehicle, VehicleKind
from routing.matrix import UNREACHABLE, LegMatrix
from routing.profiles import PROFILES
from routing.snap import Point

KIND_ORDER = tuple(VehicleKind)
_FOR_GOOD_S = 366 * DAY_S
_ANY_PROFILE = "sedan_petrol"
_BOUND_STATES = (AssignmentState.STARTED, AssignmentState.ON_BOARD)
_OVER_STATES = (AssignmentState.DROPPED_OFF, AssignmentState.FINISHED)


class PenaltyOverflow(DispatchError):
    """The penalties of all requests together exceed what the solver's arithmetic holds exactly."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """A problem with the way back to the facts: entry i of each tuple belongs to index i in the problem.

    ``answered`` are requests that no search is needed for (off the network, past their time); ``left_out`` vehicles that take
    no part, with a word for why; ``held`` requests that are under way in a vehicle which takes no part: nothing is decided
    about them. ``legs`` are the matrices behind ``problem.legs``, with fuel and confidence.
    """

    view: FleetView
    problem: Problem
    now: datetime
    crews: tuple[Crew, ...]
    standings: tuple[Standing, ...]
    requests: tuple[TripRequest, ...]
    points: tuple[Point, ...]
    legs: tuple[LegMatrix, ...]
    site_of_group: tuple[SiteId, ...]
    site_at: Mapping[int, SiteId]
    ruling: Ruling
    tiers: npt.NDArray[np.int8]
    answered: Mapping[RequestId, tuple[Reason, ...]]
    left_out: Mapping[VehicleId, str]
    held: tuple[RequestId, ...]

    def instant(self, seconds: int) -> datetime:
        """The instant of a time of the problem."""
        return self.problem.epoch + timedelta(seconds=seconds)


class _Places:
    """Numbers points in the order of their first mention; equal coordinates (to 1e-6 degrees, 0.1 m) are one location."""

    def __init__(self) -> None:
        self.index: dict[Point, int] = {}

    def number(self, lon_wgs84: float, lat_wgs84: float) -> int:
        return self.index.setdefault(as_point(lon_wgs84, lat_wgs84), len(self.index))


def as_point(lon_wgs84: float, lat_wgs84: float) -> Point:
    return Point(lon_wgs84=round(lon_wgs84, 6), lat_wgs84=round(lat_wgs84, 6))


def build(
    view: FleetView,
    roads: Roads,
    *,
    territory: Territory,
    policy: DispatchPolicy,
    now: datetime,
    keep: frozenset[VehicleId] = frozenset(),
    ruling: Ruling | None = None,
    plates: PlateLimits | None = None,
    let_go: frozenset[VehicleId] = frozenset(),
) -> Snapshot:
    """Turn the facts of a day into a problem.

    Times count from local midnight of the day: earliest instants are rounded up, latest ones down, so that no window gets
    wider. ``ruling`` are the rules of the day, by default those of the book without any measure of an office. A vehicle takes
    part when it is in service, has a driver (or is driven by its renter), stands on the road network
    and has charge above its reserve. Vehicles in ``keep`` keep the whole of their present itinerary; without one they take no
    part. ``plates`` are the rules about number plates, by default those that come with the program. Of the
    vehicles in ``let_go`` only what the driver has begun is frozen, such as when the road ahead was closed.

    Raises
    ------
    PenaltyOverflow
        If the priorities of all requests together exceed the solver's exact range.
    """
    ruling = ruling or Ruling(day=view.day)
    plates = plates or PlateLimits()
    snaps = _SnapTest(roads, policy.access_limit_m)
    asked, answered = _triage(view, snaps, policy, ruling)
    crews, standings, left_out = _fleet(view, snaps, policy, now, keep, let_go, ruling)
    taking_part = {crew.vehicle.id for crew in crews}
    held = tuple(
        request.id
        for request in asked
        if (a := view.assignments.get(request.id)) and a.state in _BOUND_STATES and a.vehicle_id not in taking_part
    )
    pinned_ids = {f.request_id for s in standings for f in s.frozen if f.request_id is not None}
    settled = frozenset().union(*(standing.settled for standing in standings))
    asked = [request for request in asked if request.id not in held and request.id not in settled]
    late = {
        request.id: _late(request, now)
        for request in asked
        if request.id not in pinned_ids and request.stops[0].latest_at < now
    }
    answered.update(late)
    requests = tuple(request for request in asked if request.id not in late)
    days = 1 + max((_day_number(view, request.stops[-1].latest_at) for request in requests), default=0)
    days = max(days, 1 + max((_day_number(view, f.stop.depart_at) for s in standings for f in s.frozen), default=0))

    places = _Places()
    rows = [[places.number(stop.lon_wgs84, stop.lat_wgs84) for stop in request.stops] for request in requests]
    begins = [_begin(view, crew, standing) for crew, standing in zip(crews, standings, strict=True)]
    start_at = [places.number(point.lon_wgs84, point.lat_wgs84) for point, _ in begins]
    home_at = [_home(view, crew, places) for crew in crews]
    sites, groups, site_of_group = _charge_groups(view, snaps, places, policy, ruling, crews)
    frozen_at = [[places.number(f.stop.lon_wgs84, f.stop.lat_wgs84) for f in s.frozen] for s in standings]
    points = tuple(places.index)

    # A problem without vehicles is still one: it needs legs, if only to say that nobody comes.
    # What is under way is driven to its end, whatever its plate.
    against = [
        () if standing.frozen or standing.first is not None else plates.rules_against(crew.vehicle, view.day)
        for crew, standing in zip(crews, standings, strict=True)
    ]
    against = [tuple(rule for rule in rules if roads.concerns(barred_by([rule]))) for rules in against]
    leg_kinds = [(crew.vehicle.profile, rules) for crew, rules in zip(crews, against, strict=True)]
    profiles = tuple(sorted(set(leg_kinds), key=_leg_order)) or ((_ANY_PROFILE, ()),)
    hours = Hours(view.midnight, ambient_c=policy.ambient_c, traffic=policy.traffic)
    for request, row in zip(requests, rows, strict=True):
        for stop, location in zip(request.stops, row, strict=True):
            hours.note(location, stop.earliest_at, stop.latest_at + timedelta(seconds=stop.service_s))
    matrices = [
        legs_by_the_hour(roads, points, PROFILES[name], hours, access_limit_m=policy.access_limit_m, rules=rules)
        for name, rules in profiles
    ]
    legs_of = [profiles.index(kind) for kind in leg_kinds]
    ways = [[start, *frozen, home] for start, frozen, home in zip(start_at, frozen_at, home_at, strict=True)]
    cut = [n for n, s in enumerate(standings) if s.frozen and is_cut(matrices[legs_of[n]], ways[n])]
    idle = {crews[n].vehicle.id for n in cut if not has_begun(view, crews[n].vehicle.id, standings[n])}
    if idle - let_go - keep:
        return build(
            view,
            roads,
            territory=territory,
            policy=policy,
            now=now,
            keep=keep,
            ruling=ruling,
            plates=plates,
            let_go=let_go | idle,
        )
    for number in cut:
        longest_s, rest_s = ruling.drive_limits_s(crews[number].vehicle.region)
        own = as_planned(
            matrices[legs_of[number]],
            view.itineraries[crews[number].vehicle.id],
            places.index,
            longest_s=None if crews[number].vehicle.self_drive else longest_s,
            rest_s=rest_s,
        )
        legs_of[number] = len(matrices)
        matrices.append(own)
    index_of = {request.id: number for number, request in enumerate(requests)}
    vehicle_index = {crew.vehicle.id: number for number, crew in enumerate(crews)}
    askings = [
        asking_of(
            request,
            ruling,
            now=now,
            declined=view.declined.get(request.id, ()),
            plates=None if request.id in pinned_ids else plates,
            only=view.only.get(request.id),
        )
        for request in requests
    ]
    reserved = ruling.reserved(crews, frozenset(assignment.vehicle_id for assignment in view.assignments.values()))
    offerings = [_offering(crew.vehicle, view, ruling, plates, reserved=crew.vehicle.id in reserved) for crew in crews]
    weights = ruling.weights(requests, view.units)
    asking_order = sorted(set(askings), key=lambda a: a.sort_key)
    offering_order = sorted(set(offerings), key=lambda o: o.sort_key)
    tier, refusal = _tiers(asking_order, offering_order, view, territory, policy, requests)
    asking_number = {asking: number for number, asking in enumerate(asking_order)}
    offering_number = {offering: number for number, offering in enumerate(offering_order)}
    equipment = sorted({e for c in crews for e in c.vehicle.equipment} | {e for r in requests for e in r.equipment})
    bit_of = {name: 1 << number for number, name in enumerate(equipment)}
    price_of = [mfen_per_m(matrix, policy) for matrix in matrices]
    group_of_id = {group.id: number for number, group in enumerate(groups)}

    specs = tuple(
        _request_spec(
            request,
            view,
            locations,
            matrices,
            policy,
            group=asking_number[asking],
            equipment=sum(bit_of[name] for name in request.equipment),
            vehicle_index=vehicle_index,
            weight=weights[request.id],
        )
        for request, locations, asking in zip(requests, rows, askings, strict=True)
    )
    total = sum(spec.penalty_mfen for spec in specs)
    if total > LARGEST_TOTAL_MFEN:
        raise PenaltyOverflow(
            f"penalties sum up to {total} mfen, at most {LARGEST_TOTAL_MFEN}: "
            "lower penalty_fen or priority_ratio, or plan by region"
        )
    vehicles: list[VehicleSpec] = []
    for number, (crew, standing) in enumerate(zip(crews, standings, strict=True)):
        vehicle = crew.vehicle
        free_s = begins[number][1]
        day_limit_s = ruling.day_limit_s(crew)
        windows = working_windows(
            crew,
            days=days,
            not_before_s=0 if standing.frozen else _not_before(view, free_s, policy, now),
            # Of a trip over several days no single limit says how long a day is: the days' windows do.
            day_limit_s=None if days == 1 or standing.frozen else day_limit_s,
        )
        pinned = tuple(
            _pinned(f, location, index_of, view, group_of_id)
            for f, location in zip(standing.frozen, frozen_at[number], strict=True)
        )
        legs = legs_of[number]
        longest_s, rest_s = ruling.drive_limits_s(vehicle.region)
        if standing.first is not None and pinned:
            home = home_at[number]
            home_s = 0 if home is None else max(0, int(matrices[legs].drive_s[pinned[-1].location, home]))
            left_s = round((standing.first.depart_at - view.midnight).total_seconds())
            through_s = _open_until(pinned, specs)
            windows = _hold_pinned(windows, left_s=left_s, needed_s=pinned[-1].depart_s + home_s, through_s=through_s)
        vehicles.append(
            VehicleSpec(
                id=vehicle.id,
                start_location=start_at[number],
                end_location=home_at[number],
                windows=windows,
                seats=vehicle.seats,
                kind=KIND_ORDER.index(vehicle.kind),
                legs=legs,
                group=offering_number[offerings[number]],
                equipment=sum(bit_of[name] for name in vehicle.equipment),
                self_drive=vehicle.self_drive,
                fixed_mfen=(policy.use_fen + _charging_fen(vehicle, policy, ruling)) * MFEN_PER_FEN,
                mfen_per_m=price_of[legs],
                mfen_per_s=0 if vehicle.self_drive else round(policy.driver_fen_per_h * MFEN_PER_FEN / 3_600),
                battery=_battery(view, crew, standing, policy, now, ruling),
                max_route_s=day_limit_s if days == 1 else None,
                max_continuous_drive_s=None if vehicle.self_drive else longest_s,
                rest_s=rest_s,
                pinned=pinned,
            )
        )
    problem = Problem(
        epoch=view.midnight,
        horizon_s=days * DAY_S,
        legs=tuple(
            Legs(drive_s=m.drive_s, drive_m=m.drive_m, drive_wh=m.drive_wh, toll_fen=m.toll_fen) for m in matrices
        ),
        vehicles=tuple(vehicles),
        requests=specs,
        charge_groups=groups,
        site_power_w=sites,
        tier=tier,
        tier_refusal=refusal,
        tier_mfen=tuple(fen * MFEN_PER_FEN for fen in policy.tier_fen),
    )
    return Snapshot(
        view=view,
        problem=problem,
        now=now,
        crews=crews,
        standings=standings,
        requests=requests,
        points=points,
        legs=tuple(matrices),
        site_of_group=site_of_group,
        site_at=_site_at(view, places),
        ruling=ruling,
        tiers=tier,
        answered=dict(sorted(answered.items())),
        left_out=dict(sorted(left_out.items())),
        held=held,
    )


class _SnapTest:
    """Asks the roads once per point how far away the nearest one is."""

    def __init__(self, roads: Roads, limit_m: float) -> None:
        self._roads = roads
        self._distances: dict[Point, float] = {}
        self.limit_m = limit_m

    def distance_m(self, lon_wgs84: float, lat_wgs84: float) -> float:
        point = as_point(lon_wgs84, lat_wgs84)
        if point not in self._distances:
            snap = self._roads.try_snap(point, limit_m=math.inf)
            self._distances[point] = math.inf if snap is None else snap.distance_m
        return self._distances[point]

    def is_on(self, lon_wgs84: float, lat_wgs84: float) -> bool:
        return self.distance_m(lon_wgs84, lat_wgs84) <= self.limit_m


# ---- requests


def _triage(
    view: FleetView, snaps: _SnapTest, policy: DispatchPolicy, ruling: Ruling
) -> tuple[list[TripRequest], dict[RequestId, tuple[Reason, ...]]]:
    """Split the day's requests into those to plan and those that have their answer already."""
    asked: list[TripRequest] = []
    answered: dict[RequestId, tuple[Reason, ...]] = {}
    for request in sorted(view.requests.values(), key=lambda r: r.id):
        assignment = view.assignments.get(request.id)
        if assignment is not None and assignment.state in _OVER_STATES:
            continue
        for number, stop in enumerate(request.stops):
            distance_m = snaps.distance_m(stop.lon_wgs84, stop.lat_wgs84)
            if distance_m > snaps.limit_m:
                detail: dict[str, int | str] = {
                    "stop": number,
                    "name": stop.name,
                    "distance_m": round(distance_m) if math.isfinite(distance_m) else -1,
                    "limit_m": round(snaps.limit_m),
                }
                answered[request.id] = (Reason(code=Cause.OFF_NETWORK, proven=True, detail=detail),)
                break
        else:
            span_s = (request.stops[-1].earliest_at - request.stops[0].earliest_at).total_seconds()
            if span_s > policy.longest_days * DAY_S:
                days: dict[str, int | str] = {"days": round(span_s / DAY_S), "limit_days": policy.longest_days}
                answered[request.id] = (Reason(code=Cause.DURATION, proven=True, detail=days),)
            elif (refusal := _stopped(request, assignment, ruling)) is not None:
                answered[request.id] = (reason_of(refusal),)
            else:
                asked.append(request)
    if ruling.budgets:
        held = ruling.over_budget(
            [request for request in asked if not _has_begun(view.assignments.get(request.id))],
            view.units,
            {request.id: policy.estimate_fen(request) for request in asked},
        )
        answered.update({id: (reason_of(refusal),) for id, refusal in held.items()})
        asked = [request for request in asked if request.id not in held]
    return asked, answered


def _stopped(request: TripRequest, assignment: Assignment | None, ruling: Ruling) -> Refusal | None:
    """What a rule says against a trip; nothing stops one that is on its way."""
    return None if _has_begun(assignment) else ruling.request_refusal(request)


def _has_begun(assignment: Assignment | None) -> bool:
    return assignment is not None and assignment.state in _BOUND_STATES


def _late(request: TripRequest, now: datetime) -> tuple[Reason, ...]:
    detail: dict[str, int | str] = {"latest_at": request.stops[0].latest_at.isoformat(), "now": now.isoformat()}
    return (Reason(code=Cause.TIME_WINDOWS, proven=True, detail=detail),)


def _request_spec(
    request: TripRequest,
    view: FleetView,
    locations: Sequence[int],
    matrices: Sequence[LegMatrix],
    policy: DispatchPolicy,
    *,
    group: int,
    equipment: int,
    vehicle_index: Mapping[VehicleId, int],
    weight: float,
) -> RequestSpec:
    stops = []
    for stop, location in zip(request.stops, locations, strict=True):
        earliest_s = math.ceil((stop.earliest_at - view.midnight).total_seconds())
        latest_s = math.floor((stop.latest_at - view.midnight).total_seconds())
        stops.append(
            StopSpec(
                location=location,
                earliest_s=earliest_s,
                latest_s=max(earliest_s, latest_s),
                service_s=stop.service_s,
            )
        )
    assignment = view.assignments.get(request.id)
    promised = vehicle_index.get(assignment.vehicle_id) if assignment is not None else None
    change_fen = 0
    if assignment is not None and promised is not None:
        offered = assignment.state is AssignmentState.OFFERED
        change_fen = policy.offered_change_fen if offered else policy.accepted_change_fen
    promised_from_s, promised_to_s = _promised_window(view, request)
    if promised_from_s is not None:
        change_fen = max(change_fen, policy.offered_change_fen)
    kept = policy.promised_factor if request.state is not RequestState.APPROVED else 1
    if request.id in view.only:
        kept = policy.priority_ratio  # a dispatcher's choice goes before the others of its class
    return RequestSpec(
        id=request.id,
        kind=RequestKind(request.kind.value),
        stops=tuple(stops),
        seats=request.passengers,
        shareable=request.shareable and request.kind is TripKind.TRANSFER,
        group=group,
        priority=request.priority.rank,
        penalty_mfen=round(policy.penalty_mfen(request.priority.rank) * kept * weight),
        max_ride_s=_max_ride_s(request, locations[0], locations[-1], matrices, policy),
        kinds=0 if request.vehicle_kind is None else 1 << KIND_ORDER.index(request.vehicle_kind),
        equipment=equipment,
        promised_vehicle=promised,
        promised_earliest_s=promised_from_s,
        promised_latest_s=promised_to_s,
        change_mfen=change_fen * MFEN_PER_FEN,
    )


def _promised_window(view: FleetView, request: TripRequest) -> tuple[int | None, int | None]:
    """The promised pick-up in seconds of the day; its fractions count as kept. (None, None) without an open promise."""
    promise = view.promises.get(request.id)
    if promise is None or promise.state is not PromiseState.OPEN:
        return None, None
    return (
        math.floor((promise.pickup_from_at - view.midnight).total_seconds()),
        math.ceil((promise.pickup_to_at - view.midnight).total_seconds()),
    )


def _max_ride_s(
    request: TripRequest, origin: int, goal: int, matrices: Sequence[LegMatrix], policy: DispatchPolicy
) -> int | None:
    """The asked limit, else max(factor x direct, direct + slack) on the slowest profile's direct drive."""
    if request.kind is not TripKind.TRANSFER:
        return None
    if request.max_ride_s is not None:
        return request.max_ride_s
    direct_s = max((int(matrix.drive_s[origin, goal]) for matrix in matrices), default=UNREACHABLE)
    if direct_s == UNREACHABLE:
        return None
    return max(math.floor(direct_s * policy.ride_factor_frac), direct_s + policy.ride_slack_s)


def _leg_order(kind: tuple[str, tuple[PlateRule, ...]]) -> tuple[str, tuple[str, ...]]:
    return kind[0], tuple(rule.id for rule in kind[1])


def asking_of(
    request: TripRequest,
    ruling: Ruling,
    *,
    now: datetime,
    declined: tuple[VehicleId, ...] = (),
    plates: PlateLimits | None,
    only: VehicleId | None = None,
) -> Asking:
    """What of a request decides who may serve it; ``plates`` None: whatever the plate, because it has begun."""
    return Asking(
        plate_places=() if plates is None else plates.of_places(request),
        plate_hours=() if plates is None else plates.of_hours(request),
        unit_id=request.unit_id,
        rental=request.kind is TripKind.RENTAL,
        priority=request.priority,
        special=bool(request.equipment),
        declined=declined,
        only=only,
        sealed=ruling.is_sealed(request),
        urgent=request.priority is Priority.EMERGENCY and request.stops[0].earliest_at <= now + RESERVE_RELEASE,
    )


def _offering(vehicle: Vehicle, view: FleetView, ruling: Ruling, plates: PlateLimits, *, reserved: bool) -> Offering:
    singled = vehicle.id in view.only.values() or any(vehicle.id in vehicles for vehicles in view.declined.values())
    return Offering(
        plate=plates.of_vehicle(vehicle),
        plate_home=plates.of_home(vehicle, view.sites.get(vehicle.home_site_id)),
        unit_id=vehicle.unit_id,
        region=vehicle.region,
        duty=vehicle.duty,
        self_drive=vehicle.self_drive,
        declined_as=vehicle.id if singled else None,
        pooled=vehicle.pooled,
        listed=vehicle.listed,
        sealable=vehicle.duty not in ruling.unsealed_duties(vehicle.region),
        reserved=reserved,
    )


def _tiers(
    askings: Sequence[Asking],
    offerings: Sequence[Offering],
    view: FleetView,
    territory: Territory,
    policy: DispatchPolicy,
    requests: Sequence[TripRequest],
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]:
    """Tier and refusal for every pair of groups; a unit without a document counts as an office of the request's region."""
    units: dict[UnitId, Unit] = {
        request.unit_id: Unit(id=request.unit_id, name=request.unit_id, region=request.region, level=Level.COUNTY)
        for request in requests
    }
    units.update(view.units)
    tier = np.zeros((len(askings), len(offerings)), dtype=np.int8)
    refusal = np.zeros_like(tier)
    for a, asking in enumerate(askings):
        for o, offering in enumerate(offerings):
            tier[a, o], refusal[a, o] = judge(
                asking, offering, units=units, territory=territory, cooperation=policy.cooperation
            )
    return tier, refusal


# ---- vehicles


def _fleet(
    view: FleetView,
    snaps: _SnapTest,
    policy: DispatchPolicy,
    now: datetime,
    keep: frozenset[VehicleId],
    let_go: frozenset[VehicleId],
    ruling: Ruling,
) -> tuple[tuple[Crew, ...], tuple[Standing, ...], dict[VehicleId, str]]:
    """Crews that take part with their standings, and why the other vehicles do not."""
    left_out: dict[VehicleId, str] = {}
    usable: list[Vehicle] = []
    begin, end = view.midnight, view.midnight + timedelta(days=1)
    closed = ruling.closed_sites(begin, end)
    for vehicle in sorted(view.vehicles.values(), key=lambda v: v.id):
        site = view.sites.get(vehicle.home_site_id)
        refusal = ruling.vehicle_refusal(vehicle)
        if refusal is not None:
            left_out[vehicle.id] = "out_of_service" if refusal.rule_id == "R037" else refusal.code
        elif vehicle.home_site_id in closed or ruling.is_closed(vehicle.region, begin, end):
            left_out[vehicle.id] = "closed"
        elif vehicle.profile not in PROFILES:
            left_out[vehicle.id] = "unknown_profile"
        elif site is None:
            left_out[vehicle.id] = "unknown_site"
        elif not snaps.is_on(site.lon_wgs84, site.lat_wgs84):
            left_out[vehicle.id] = "off_network"
        else:
            usable.append(vehicle)
    kept = {i.vehicle_id: i.driver_id for i in view.itineraries.values() if i.driver_id is not None}
    crews, without = pair(usable, tuple(view.drivers.values()), kept=kept)
    left_out.update(dict.fromkeys(without, "no_driver"))
    chosen: list[Crew] = []
    standings: list[Standing] = []
    for crew in crews:
        vehicle = crew.vehicle
        itinerary = view.itineraries.get(vehicle.id)
        if itinerary is None and vehicle.id in keep:
            left_out[vehicle.id] = "kept_back"
            continue
        standing = (
            Standing()
            if itinerary is None
            else stand(
                itinerary,
                assignments=view.assignments,
                now=now,
                freeze_s=_FOR_GOOD_S
                if vehicle.id in keep
                else -_FOR_GOOD_S
                if vehicle.id in let_go
                else policy.freeze_s,
                rest_s=ruling.drive_limits_s(vehicle.region)[1],
                driverless=vehicle.self_drive,
            )
        )
        if vehicle.battery is not None and not standing.frozen:
            battery = _battery(view, crew, standing, policy, now, ruling)
            if battery is not None and battery.initial_wh < battery.reserve_wh:
                left_out[vehicle.id] = "battery_low"
                continue
        chosen.append(crew)
        standings.append(standing)
    return tuple(chosen), tuple(standings), left_out


def _carried_over(view: FleetView, vehicle_id: VehicleId) -> TripRequest | None:
    """The trip of an earlier day that the vehicle is still out on, the one that ends last."""
    trips = [
        request
        for request in view.carried.values()
        if (a := view.assignments.get(request.id)) is not None
        and a.vehicle_id == vehicle_id
        and a.state not in _OVER_STATES
    ]
    return max(trips, key=lambda r: (view.assignments[r.id].dropoff_at, r.id), default=None)


def _begin(view: FleetView, crew: Crew, standing: Standing) -> tuple[Point, int | None]:
    """Where the vehicle's plan begins, and from when it is free there (None: any time)."""
    if standing.first is not None:
        return as_point(standing.first.lon_wgs84, standing.first.lat_wgs84), None
    if standing.last is not None and standing.free_at is not None:
        free_s = math.ceil((standing.free_at - view.midnight).total_seconds())
        return as_point(standing.last.lon_wgs84, standing.last.lat_wgs84), free_s
    carried = _carried_over(view, crew.vehicle.id)
    if carried is not None:
        stop, until = carried.stops[-1], view.assignments[carried.id].dropoff_at
        return as_point(stop.lon_wgs84, stop.lat_wgs84), math.ceil((until - view.midnight).total_seconds())
    site = view.sites[crew.vehicle.home_site_id]
    return as_point(site.lon_wgs84, site.lat_wgs84), None


def _home(view: FleetView, crew: Crew, places: _Places) -> int | None:
    """Rule R078: a vehicle with a driver returns to its parking place; a rented one stays where the renter returns it."""
    if crew.vehicle.self_drive:
        return None
    site = view.sites[crew.vehicle.home_site_id]
    return places.number(site.lon_wgs84, site.lat_wgs84)


def _not_before(view: FleetView, free_s: int | None, policy: DispatchPolicy, now: datetime) -> int:
    now_s = math.ceil((now - view.midnight).total_seconds())
    earliest = now_s + policy.lead_s if now_s > 0 else 0
    return max(0, earliest, free_s or 0)


def _open_until(pinned: Sequence[PinnedStop], specs: Sequence[RequestSpec]) -> int:
    """When the last of the trips that have begun and are not over must end; 0 when there is none."""
    over = {p.request for p in pinned if p.request is not None and p.stop == len(specs[p.request].stops) - 1}
    begun = {p.request for p in pinned if p.request is not None} - over
    return max((specs[request].stops[-1].latest_s for request in begun), default=0)


def _hold_pinned(
    windows: tuple[tuple[int, int], ...], *, left_s: int, needed_s: int, through_s: int
) -> tuple[tuple[int, int], ...]:
    """The one duty that a vehicle with pinned stops is in: from when it left until it can, or must, be back.

    ``left_s`` is when it left, ``needed_s`` the earliest return from the last pinned stop, ``through_s`` the latest end of a
    trip under way. A day that runs late is no reason to refuse what cannot be undone; a charter over several days keeps the
    vehicle through the nights. Further days are for the plans of those days.
    """
    until_s = max(left_s, needed_s, through_s)
    ends = [end_s for begin_s, end_s in windows if begin_s <= until_s]
    return ((left_s, max(needed_s, ends[-1] if ends else until_s)),)


def _pinned(
    frozen: FrozenStop,
    location: int,
    index_of: Mapping[RequestId, int],
    view: FleetView,
    group_of_id: Mapping[str, int],
) -> PinnedStop:
    stop = frozen.stop
    request = index_of.get(frozen.request_id) if frozen.request_id is not None else None
    return PinnedStop(
        request=request,
        stop=frozen.index if request is not None else 0,
        location=location,
        begin_s=round((stop.begin_at - view.midnight).total_seconds()),
        depart_s=math.ceil((stop.depart_at - view.midnight).total_seconds()),
        charge_group=group_of_id.get(stop.charge_group_id) if stop.charge_group_id is not None else None,
        charged_wh=stop.charged_wh,
    )


def mfen_per_m(matrix: LegMatrix, policy: DispatchPolicy) -> int:
    """Energy by the profile's mean consumption over all legs, plus wear. One fen per kilometre is one mfen per metre."""
    reached = matrix.drive_m > 0
    metres = float(matrix.drive_m[reached].sum(dtype=np.int64))
    if metres == 0:
        return policy.wear_fen_per_km
    litre_fen = policy.diesel_fen_per_l if "diesel" in matrix.profile else policy.petrol_fen_per_l
    fuel_fen = float(matrix.fuel_ml[reached].sum(dtype=np.int64)) / 1_000 * litre_fen
    power_fen = float(matrix.drive_wh[reached].sum(dtype=np.int64)) / 1_000 * policy.power_fen_per_kwh
    return policy.wear_fen_per_km + max(0, round((fuel_fen + power_fen) * 1_000 / metres))


# ---- batteries and charge points


def _battery(
    view: FleetView, crew: Crew, standing: Standing, policy: DispatchPolicy, now: datetime, ruling: Ruling
) -> BatterySpec | None:
    battery = crew.vehicle.battery
    if battery is None or crew.vehicle.energy is not Energy.BEV:
        return None
    if standing.first is not None and standing.first.charge_wh is not None:
        initial_wh = standing.first.charge_wh
    elif standing.last is not None and standing.last.charge_wh is not None:
        initial_wh = standing.last.charge_wh + standing.last.charged_wh
    else:
        initial_wh = _charge_at_shift(view, crew, battery, policy, now, ruling)
    reserve_wh = ruling.reserve_wh(crew.vehicle)
    taper_wh = math.floor(battery.capacity_wh * policy.taper_from_frac)
    tapered_w = max(1, math.floor(battery.max_dc_w * policy.taper_frac))
    dc_curve = ChargeCurve(from_wh=(0, taper_wh), power_w=(battery.max_dc_w, tapered_w))
    return BatterySpec(
        capacity_wh=battery.capacity_wh,
        initial_wh=min(battery.capacity_wh, initial_wh),
        reserve_wh=reserve_wh,
        final_wh=reserve_wh,
        ac_curve=ChargeCurve(from_wh=(0,), power_w=(battery.max_ac_w,)),
        dc_curve=dc_curve if taper_wh > 0 else ChargeCurve(from_wh=(0,), power_w=(tapered_w,)),
    )


def _charge_at_shift(
    view: FleetView, crew: Crew, battery: Battery, policy: DispatchPolicy, now: datetime, ruling: Ruling
) -> int:
    """Charge when the vehicle can first leave: what it has, plus alternating current at home until its shift begins."""
    site = view.sites[crew.vehicle.home_site_id]
    shift_s = crew.driver.shift.start_s if crew.driver is not None else 0
    idle_s = ruling.charging_s(crew.vehicle, site, now, view.midnight + timedelta(seconds=shift_s))
    if idle_s <= 0 or not any(group.usable_points > 0 for group in site.charge_groups):
        return battery.charge_wh
    target_wh = math.floor(battery.capacity_wh * policy.overnight_frac)
    gained_wh = math.floor(battery.max_ac_w * idle_s / 3_600)
    return max(battery.charge_wh, min(target_wh, battery.charge_wh + gained_wh))


def _charge_groups(
    view: FleetView,
    snaps: _SnapTest,
    places: _Places,
    policy: DispatchPolicy,
    ruling: Ruling,
    crews: Sequence[Crew],
) -> tuple[tuple[int | None, ...], tuple[ChargeGroupSpec, ...], tuple[SiteId, ...]]:
    """Charge points of all sites on the network. Energy is priced in the leg; here only what a site asks above that."""
    power: list[int | None] = []
    groups: list[ChargeGroupSpec] = []
    site_of_group: list[SiteId] = []
    end = view.midnight + timedelta(days=1)
    closed = ruling.closed_sites(view.midnight, end)
    at_night = any(_works_at_night(crew, ruling) for crew in crews)
    for site in sorted(view.sites.values(), key=lambda s: s.id):
        if site.id in closed or ruling.is_closed(site.region, view.midnight, end):
            continue
        if at_night and ruling.is_dark(site, end):
            continue  # a charge point knows no hours: where anybody works at night, it is out of the plan
        points = [(number, group) for number, group in enumerate(site.charge_groups) if group.usable_points > 0]
        if not points or not snaps.is_on(site.lon_wgs84, site.lat_wgs84):
            continue
        location = places.number(site.lon_wgs84, site.lat_wgs84)
        for number, group in points:
            groups.append(
                ChargeGroupSpec(
                    id=group_id(site, number),
                    location=location,
                    site=len(power),
                    points=group.usable_points,
                    point_w=group.power_w,
                    dc=group.dc,
                    mfen_per_wh=max(0, site.price_fen_per_kwh - policy.power_fen_per_kwh),
                )
            )
            site_of_group.append(site.id)
        power.append(ruling.site_power_w(site, end))
    return tuple(power), tuple(groups), tuple(site_of_group)


def _works_at_night(crew: Crew, ruling: Ruling) -> bool:
    view = ruling.view(crew.vehicle.region)
    night = view.find("R171.night_from_s"), view.find("R171.night_to_s")
    if crew.driver is None or night[0] is None or night[1] is None:
        return False
    return crew.driver.shift.start_s < (night[1].number or 0) or crew.driver.shift.end_s > (night[0].number or 0)


def _charging_fen(vehicle: Vehicle, policy: DispatchPolicy, ruling: Ruling) -> int:
    """What a vehicle that charges costs extra while its office prefers others (R172)."""
    return policy.charging_fen if vehicle.energy is Energy.BEV and ruling.prefers_combustion(vehicle.region) else 0


def group_id(site: Site, number: int) -> str:
    return f"{site.id}/{number}"


def _site_at(view: FleetView, places: _Places) -> dict[int, SiteId]:
    """The site at each location that is one; of several at one place the first by id."""
    found: dict[int, SiteId] = {}
    for site in sorted(view.sites.values(), key=lambda s: s.id):
        location = places.index.get(as_point(site.lon_wgs84, site.lat_wgs84))
        if location is not None:
            found.setdefault(location, site.id)
    return found


def _day_number(view: FleetView, at: datetime) -> int:
    return max(0, math.floor((at - view.midnight).total_seconds() / DAY_S))

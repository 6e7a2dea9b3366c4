"""The answer at once: can a new request be served beside what is planned already, by what kind of vehicle, and when.

Best insertion with everything planned left exactly where it is: the trip must fit, by itself, between two stops of a vehicle's
day at which nobody is on board. What fits this way fits the next plan as well, which may do better by sharing. A refusal is
therefore not proven, and says what was tried.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import cast

from dispatch.agreed import ruling_on, territory_on
from dispatch.crews import DAY_S, Crew, pair, working_windows
from dispatch.hours import slowest_conditions
from dispatch.legs import Roads
from dispatch.orders import itinerary_id
from dispatch.permission import Offering, Territory, judge
from dispatch.plan import Cause, Reason
from dispatch.plates import PlateLimits
from dispatch.policy import DispatchPolicy
from dispatch.problem import FORBIDDEN, TierRefusal
from dispatch.ruling import Ruling, reason_of
from dispatch.snapshot import as_point, asking_of
from dispatch.view import local_day, local_midnight
from fleet.documents import decode
from fleet.drivers import Driver
from fleet.ids import RegionCode, SiteId, UnitId, VehicleId
from fleet.itineraries import Itinerary, ItineraryStop, without_trips
from fleet.requests import TripRequest
from fleet.sites import Site
from fleet.store import Document, FleetStore
from fleet.units import Level, Unit
from fleet.vehicles import Energy, Vehicle, VehicleKind
from routing.matrix import UNREACHABLE, LegMatrix
from routing.profiles import PROFILES
from routing.snap import Point


class Outcome(StrEnum):
    PROMISE = "promise"
    REFUSAL = "refusal"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a requester hears.

    A promise names the window of the pick-up, when the trip is over, the kind of vehicle and the pool tier it comes from (rule
    R069). A refusal carries reasons; ``offer_at`` is the earliest later pick-up of the same day that would fit, None when
    there is none.
    """

    outcome: Outcome
    pickup_earliest_at: datetime | None = None
    pickup_latest_at: datetime | None = None
    dropoff_at: datetime | None = None
    vehicle_kind: VehicleKind | None = None
    tier: int | None = None
    reasons: tuple[Reason, ...] = ()
    offer_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Free time of a vehicle: from a place at a time, to a place by a time (None: anywhere).

    ``spare_wh`` is what may be used here beyond the plan, so that no later stop falls below the reserve (None: no battery).
    """

    from_point: Point
    from_s: int
    to_point: Point | None
    to_s: int
    spare_wh: int | None


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A vehicle that may serve the request, with its free times; ``itinerary`` is None for one that stands idle."""

    vehicle: Vehicle
    tier: int
    gaps: tuple[Gap, ...]
    crew: Crew
    itinerary: Itinerary | None


@dataclass
class Tally:
    """Why candidates did not fit, and the earliest pick-up that would have."""

    causes: Counter[Cause] = field(default_factory=Counter)
    refusals: set[TierRefusal] = field(default_factory=set)
    offer_s: int | None = None

    def offer(self, begin_s: int) -> None:
        self.offer_s = begin_s if self.offer_s is None else min(self.offer_s, begin_s)


def promise(
    store: FleetStore,
    roads: Roads,
    request: TripRequest,
    *,
    now: datetime,
    policy: DispatchPolicy | None = None,
    territory: Territory | None = None,
    ruling: Ruling | None = None,
) -> Answer:
    """Answer a request that need not be stored yet. Nothing is written and nothing is reserved.

    Nearer pools are tried before farther ones; within a pool the vehicle that drives least for it is chosen.
    """
    policy = policy or DispatchPolicy()
    day = local_day(request.stops[0].earliest_at)
    # Whether it is approved, and its budget, are decided later: the question here is whether it could be driven.
    ruling = replace(ruling or ruling_on(store, day, planning=False), approvals=False)
    territory = territory or territory_on(store, day, book=ruling.book)
    off = off_network(request, roads, policy)
    if off is not None:
        return Answer(outcome=Outcome.REFUSAL, reasons=(off,))
    if request.stops[0].latest_at < now:
        past: dict[str, int | str] = {"latest_at": request.stops[0].latest_at.isoformat(), "now": now.isoformat()}
        return Answer(outcome=Outcome.REFUSAL, reasons=(Reason(code=Cause.TIME_WINDOWS, proven=True, detail=past),))
    stopped = ruling.request_refusal(request)
    if stopped is not None:
        return Answer(outcome=Outcome.REFUSAL, reasons=(reason_of(stopped),))
    tally = Tally()
    fleet = Fleet(store, request, now=now, policy=policy, territory=territory, ruling=ruling)
    for regions in fleet.pools():
        best = _best(fleet.candidates(regions, tally), request, roads, policy, fleet.midnight, tally)
        if best is not None:
            return best
    causes = tally.causes or Counter({Cause.NO_VEHICLE: 1})
    reasons = tuple(
        Reason(code=cause, proven=False, detail={"vehicles": count, **_rules(cause, tally)})
        for cause, count in sorted(causes.items(), key=lambda item: (-item[1], item[0].value))
    )
    offer_at = None if tally.offer_s is None else fleet.midnight + timedelta(seconds=tally.offer_s)
    return Answer(outcome=Outcome.REFUSAL, reasons=reasons, offer_at=offer_at)


def _rules(cause: Cause, tally: Tally) -> dict[str, int | str]:
    """Which rules keep vehicles from serving the request, in the form of a plan's reasons."""
    if cause is not Cause.VEHICLE_NOT_ALLOWED or not tally.refusals:
        return {}
    refusals = sorted(tally.refusals)
    return {
        "refusal": ",".join(own.name for own in refusals),
        "rules": ",".join(sorted({own.rule_id for own in refusals})),
    }


def off_network(request: TripRequest, roads: Roads, policy: DispatchPolicy) -> Reason | None:
    for number, stop in enumerate(request.stops):
        snap = roads.try_snap(as_point(stop.lon_wgs84, stop.lat_wgs84), limit_m=math.inf)
        distance_m = math.inf if snap is None else snap.distance_m
        if distance_m > policy.access_limit_m:
            detail: dict[str, int | str] = {
                "stop": number,
                "name": stop.name,
                "distance_m": round(distance_m) if math.isfinite(distance_m) else -1,
                "limit_m": round(policy.access_limit_m),
            }
            return Reason(code=Cause.OFF_NETWORK, proven=True, detail=detail)
    return None


class Fleet:
    """The vehicles that may serve a request, read pool by pool."""

    def __init__(
        self,
        store: FleetStore,
        request: TripRequest,
        *,
        now: datetime,
        policy: DispatchPolicy,
        territory: Territory,
        ruling: Ruling,
    ) -> None:
        self._store, self._request, self._policy, self._territory = store, request, policy, territory
        self._ruling, self._asking = ruling, asking_of(request, ruling, now=now, plates=PlateLimits())
        self.day = local_day(request.stops[0].earliest_at)
        self.midnight = local_midnight(self.day)
        self._now_s = math.ceil((now - self.midnight).total_seconds())
        self._units: dict[UnitId, Unit] = {}
        self._sites: dict[SiteId, Site] = {}
        self._plates = PlateLimits()

    def pools(self) -> list[list[str]]:
        """Regions whose vehicles are tried together: the own area, its cooperation area, its allies."""
        area = self._territory.area(self._request.region)
        code = self._territory.cooperation_area.get(area)
        others = sorted({other for pair in self._territory.allied if area in pair for other in pair if other != area})
        cooperating = sorted(
            other for other, its in self._territory.cooperation_area.items() if code and its == code and other != area
        )
        own = sorted(region for region, of in self._territory.area_of.items() if of == area) or [area]
        return [own, cooperating if self._policy.cooperation else [], others]

    def candidates(self, regions: Sequence[str], tally: Tally) -> list[Candidate]:
        found: list[Candidate] = []
        for region in regions:
            vehicles = self._vehicles(region)
            suited = [(vehicle, tier) for vehicle in vehicles if (tier := self._tier(vehicle, tally)) is not None]
            if not suited:
                continue
            drivers = {driver.id: driver for driver in self._drivers(region)}
            planned = {vehicle.id: self._without_own(self._itinerary(vehicle.id)) for vehicle in vehicles}
            kept = {id: i.driver_id for id, i in planned.items() if i is not None and i.driver_id is not None}
            crews = {crew.vehicle.id: crew for crew in pair(vehicles, tuple(drivers.values()), kept=kept)[0]}
            for vehicle, tier in suited:
                crew, itinerary = crews.get(vehicle.id), planned[vehicle.id]
                if crew is None:
                    tally.causes[Cause.NO_VEHICLE] += 1
                    continue
                gaps = self.gaps(crew, itinerary)
                found.append(Candidate(vehicle=vehicle, tier=tier, gaps=gaps, crew=crew, itinerary=itinerary))
        return found

    def _tier(self, vehicle: Vehicle, tally: Tally) -> int | None:
        request = self._request
        offering = Offering(
            unit_id=vehicle.unit_id,
            region=vehicle.region,
            duty=vehicle.duty,
            self_drive=vehicle.self_drive,
            pooled=vehicle.pooled,
            listed=vehicle.listed,
            plate=self._plates.of_vehicle(vehicle) if self._asking.plate_places else (),
            plate_home=self._plates.of_home(vehicle, self._site(vehicle.home_site_id))
            if self._asking.plate_hours
            else (),
            sealable=vehicle.duty not in self._ruling.unsealed_duties(vehicle.region),
        )
        if self._ruling.vehicle_refusal(vehicle) is not None or vehicle.profile not in PROFILES:
            return None
        tier, refusal = judge(
            self._asking,
            offering,
            units={request.unit_id: self._unit(request.unit_id), vehicle.unit_id: self._unit(vehicle.unit_id)},
            territory=self._territory,
            cooperation=self._policy.cooperation,
        )
        if tier == FORBIDDEN:
            if refusal is not TierRefusal.DUTY_MISMATCH:
                tally.causes[Cause.VEHICLE_NOT_ALLOWED] += 1
                tally.refusals.add(refusal)
            return None
        if request.passengers > vehicle.seats:
            tally.causes[Cause.CAPACITY] += 1
            return None
        wrong_kind = request.vehicle_kind is not None and request.vehicle_kind is not vehicle.kind
        if wrong_kind or not (request.equipment <= vehicle.equipment):
            tally.causes[Cause.VEHICLE_NOT_ALLOWED] += 1
            return None
        return tier

    def gaps(self, crew: Crew, itinerary: Itinerary | None) -> tuple[Gap, ...]:
        """The vehicle's free times of the day: around its planned stops, inside its working time, from now on."""
        days = 1 + max(0, math.floor((self._request.stops[-1].latest_at - self.midnight).total_seconds() / DAY_S))
        earliest_s = max(0, self._now_s + self._policy.lead_s if self._now_s > 0 else 0)
        site = self._site(crew.vehicle.home_site_id)
        if site is None:
            return ()
        home = as_point(site.lon_wgs84, site.lat_wgs84)
        end = None if crew.vehicle.self_drive else home
        windows = working_windows(crew, days=min(days, self._policy.longest_days), not_before_s=earliest_s)
        if not windows:
            return ()
        begin_s, end_s = windows[0][0], windows[-1][1]
        stops = () if itinerary is None else itinerary.stops
        if len(stops) < 3:
            spare_wh = _spare_wh(crew.vehicle, ())
            return (Gap(from_point=home, from_s=begin_s, to_point=end, to_s=end_s, spare_wh=spare_wh),)
        gaps: list[Gap] = []
        for number, (before, after) in enumerate(pairwise(stops)):
            if before.load_count > 0:
                continue
            first, last = number == 0, number == len(stops) - 2
            free_s = begin_s if first else math.ceil((before.depart_at - self.midnight).total_seconds())
            gaps.append(
                Gap(
                    from_point=as_point(before.lon_wgs84, before.lat_wgs84),
                    from_s=max(begin_s, free_s),
                    to_point=end if last else as_point(after.lon_wgs84, after.lat_wgs84),
                    to_s=end_s if last else math.floor((after.begin_at - self.midnight).total_seconds()),
                    spare_wh=_spare_wh(crew.vehicle, stops[number + 1 :]),
                )
            )
        return tuple(gaps)

    def _vehicles(self, region: str) -> list[Vehicle]:
        return [decode("vehicle", document.body) for document in self._documents("vehicle", region)]

    def _drivers(self, region: str) -> list[Driver]:
        return [decode("driver", document.body) for document in self._documents("driver", region)]

    def _documents(self, kind: str, region: str) -> Iterator[Document]:
        after = ""
        while True:
            page = self._store.list(kind, where=("region", region), after=after)
            yield from page.documents
            if page.next_after is None:
                return
            after = page.next_after

    def _itinerary(self, vehicle_id: VehicleId) -> Itinerary | None:
        document = self._store.find("itinerary", itinerary_id(self.day.isoformat(), vehicle_id))
        return None if document is None else cast("Itinerary", decode("itinerary", document.body))

    def _without_own(self, itinerary: Itinerary | None) -> Itinerary | None:
        """The day of a vehicle without the trip that is asked about, where it has it already."""
        if itinerary is None or all(stop.request_id != self._request.id for stop in itinerary.stops):
            return itinerary
        return without_trips(itinerary, frozenset({self._request.id}))

    def _unit(self, id: UnitId) -> Unit:
        if id not in self._units:
            document = self._store.find("unit", id)
            self._units[id] = (
                decode("unit", document.body)
                if document is not None
                else Unit(id=id, name=id, region=RegionCode(self._request.region), level=Level.COUNTY)
            )
        return self._units[id]

    def _site(self, id: SiteId) -> Site | None:
        if id not in self._sites:
            document = self._store.find("site", id)
            if document is None:
                return None
            self._sites[id] = decode("site", document.body)
        return self._sites[id]


def _spare_wh(vehicle: Vehicle, later: Sequence[ItineraryStop]) -> int | None:
    battery = vehicle.battery
    if battery is None or vehicle.energy is not Energy.BEV:
        return None
    lowest_wh = min([stop.charge_wh for stop in later if stop.charge_wh is not None], default=battery.charge_wh)
    return lowest_wh - math.ceil(battery.capacity_wh * battery.reserve_frac)


def _best(
    candidates: Sequence[Candidate],
    request: TripRequest,
    roads: Roads,
    policy: DispatchPolicy,
    midnight: datetime,
    tally: Tally,
) -> Answer | None:
    """The nearest pool's cheapest fit, or None with the causes added to the tally."""
    for tier in sorted({candidate.tier for candidate in candidates}):
        best: tuple[tuple[int, int, VehicleId], Fit, Vehicle] | None = None
        pool = [candidate for candidate in candidates if candidate.tier == tier]
        for profile in sorted({candidate.vehicle.profile for candidate in pool}):
            same = [candidate for candidate in pool if candidate.vehicle.profile == profile]
            legs = Legs(roads, same, request, policy, profile)
            for candidate in same:
                fit = fit_into(candidate, request, legs, midnight, tally)
                if fit is None:
                    continue
                key = (fit.extra_m, candidate.vehicle.seats, candidate.vehicle.id)
                if best is None or key < best[0]:
                    best = (key, fit, candidate.vehicle)
        if best is not None:
            fit, vehicle = best[1], best[2]
            return Answer(
                outcome=Outcome.PROMISE,
                pickup_earliest_at=midnight + timedelta(seconds=fit.begin_s),
                pickup_latest_at=request.stops[0].latest_at,
                dropoff_at=midnight + timedelta(seconds=fit.end_s),
                vehicle_kind=vehicle.kind,
                tier=tier,
            )
    return None


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The trip inside a gap: begin and end of its service, and what it adds to the day's driving."""

    begin_s: int
    end_s: int
    extra_m: int
    extra_s: int


class Legs:
    """Drives between the places of some candidates and a request, for one profile."""

    def __init__(
        self,
        roads: Roads,
        candidates: Sequence[Candidate],
        request: TripRequest,
        policy: DispatchPolicy,
        profile: str,
    ) -> None:
        points = [as_point(stop.lon_wgs84, stop.lat_wgs84) for stop in request.stops]
        self.stops = tuple(points)
        for candidate in candidates:
            for gap in candidate.gaps:
                points += [gap.from_point] if gap.to_point is None else [gap.from_point, gap.to_point]
        unique = list(dict.fromkeys(points))
        # A point that lies off the network belongs to no vehicle that can be sent.
        near = [p for p in unique if roads.try_snap(p, limit_m=policy.access_limit_m) is not None]
        self._index = {point: number for number, point in enumerate(near)}
        spans = [(stop.earliest_at, stop.latest_at) for stop in request.stops]
        self.matrix: LegMatrix = roads.matrix(
            near,
            PROFILES[profile],
            access_limit_m=policy.access_limit_m,
            conditions=slowest_conditions(spans, ambient_c=policy.ambient_c, traffic=policy.traffic),
        )

    def drive(self, a: Point, b: Point) -> tuple[int, int, int] | None:
        """Seconds, metres and Wh; None where there is no way."""
        if a not in self._index or b not in self._index:
            return None
        pair_ = self._index[a], self._index[b]
        if self.matrix.drive_s[pair_] == UNREACHABLE:
            return None
        return int(self.matrix.drive_s[pair_]), int(self.matrix.drive_m[pair_]), int(self.matrix.drive_wh[pair_])


def fit_into(candidate: Candidate, request: TripRequest, legs: Legs, midnight: datetime, tally: Tally) -> Fit | None:
    """The candidate's cheapest gap for the trip, or None."""
    gaps = candidate.gaps
    if candidate.vehicle.self_drive:
        # Nobody fetches a rental car: it must stand where it is taken, and be returned where it is next expected.
        gaps = tuple(g for g in gaps if g.from_point == legs.stops[0] and g.to_point in (None, legs.stops[-1]))
        if not gaps:
            tally.causes[Cause.NO_VEHICLE] += 1
    fits = [fit for gap in gaps if (fit := _fit_gap(gap, request, legs, midnight, tally)) is not None]
    return min(fits, key=lambda fit: (fit.extra_m, fit.begin_s), default=None)


def _fit_gap(gap: Gap, request: TripRequest, legs: Legs, midnight: datetime, tally: Tally) -> Fit | None:
    path = [gap.from_point, *legs.stops, *([gap.to_point] if gap.to_point is not None else [])]
    drives = [legs.drive(a, b) for a, b in pairwise(path)]
    instead = (0, 0, 0) if gap.to_point is None else legs.drive(gap.from_point, gap.to_point)
    if instead is None or any(drive is None for drive in drives):
        tally.causes[Cause.UNREACHABLE] += 1
        return None
    known = [drive for drive in drives if drive is not None]
    windows = [
        (
            math.ceil((stop.earliest_at - midnight).total_seconds()),
            math.floor((stop.latest_at - midnight).total_seconds()),
            stop.service_s,
        )
        for stop in request.stops
    ]
    time_s, begin_s, late_s = gap.from_s, 0, 0
    for number, ((earliest_s, latest_s, service_s), drive) in enumerate(zip(windows, known, strict=False)):
        arrive_s = max(time_s + drive[0], earliest_s)
        if number == 0:
            begin_s, late_s = arrive_s, max(0, arrive_s - latest_s)
        elif arrive_s > latest_s + late_s:
            tally.causes[Cause.TIME_WINDOWS] += 1
            return None
        time_s = arrive_s + service_s
    end_s = time_s
    home_s = time_s + (known[-1][0] if gap.to_point is not None else 0)
    if home_s > gap.to_s:
        tally.causes[Cause.TIME_WINDOWS] += 1
        return None
    extra_wh = sum(drive[2] for drive in known) - instead[2]
    if gap.spare_wh is not None and extra_wh > gap.spare_wh:
        tally.causes[Cause.SOC] += 1
        return None
    if late_s > 0:
        tally.causes[Cause.TIME_WINDOWS] += 1
        tally.offer(begin_s)
        return None
    return Fit(
        begin_s=begin_s,
        end_s=end_s,
        extra_m=sum(drive[1] for drive in known) - instead[1],
        extra_s=sum(drive[0] for drive in known) - instead[0],
    )

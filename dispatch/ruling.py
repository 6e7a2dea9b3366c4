"""The rules of a day as dispatch asks them: what stops a request, what a vehicle, driver or site may do, and who goes first.

The numbers come from the rule book of the day and region (a local office's overrides among them), the modes from the measures
in the store. Who may help whom is asked in :mod:`dispatch.permission`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache

from dispatch.crews import Crew
from dispatch.plan import Cause, Reason
from dispatch.view import LOCAL_ZONE, local_day, local_midnight
from fleet.budgets import Budget
from fleet.ids import DriverId, PersonId, RequestId, SiteId, UnitId, VehicleId
from fleet.measures import Measure, MeasureKind, find_emergency
from fleet.requests import Priority, TripRequest
from fleet.rules.approvals import field_refusal, separation_refusal
from fleet.rules.budgets import BudgetState, check_budget
from fleet.rules.energy import emergency_site_power_w, reserve_wh
from fleet.rules.fitness import closure_refusal, is_holiday, marking_warning, state_refusal
from fleet.rules.hours import day_allowance_s, drive_limits
from fleet.rules.jurisdictions import SICHUAN, find_jurisdiction, get_jurisdiction
from fleet.rules.load import load
from fleet.rules.model import RuleBook, RuleView
from fleet.rules.priorities import precedence, ready_reserve_count
from fleet.rules.refusals import Refusal
from fleet.rules.rentals import vehicle_refusal
from fleet.sites import Site
from fleet.units import Level, Unit
from fleet.vehicles import Duty, Vehicle
from routing.geography import Geography, load_geography

#: An emergency order that begins within this time from now may use the ready reserve (assumption).
RESERVE_RELEASE = timedelta(hours=2)
#: Weight of a grass-roots trip among trips of its class: more than a vehicle's slot holds of others (R076), less than a class.
GRASSROOTS_FACTOR = 4
#: The earliest approved of a class weighs so much more than the latest one (R077, "a configured share").
EARLIER_PERMILLE = 50
_DUTIES_OF_CLASS_1 = (Duty.EMERGENCY, Duty.CONFIDENTIAL)


@cache
def _geography() -> Geography:
    return load_geography()


def county_of(lon_wgs84: float, lat_wgs84: float) -> str:
    """The county of a coordinate, by the nearest seat: near a border the neighbour's may be nearer."""
    return _geography().nearest(lon_wgs84, lat_wgs84)[0].adcode


@dataclass(frozen=True, kw_only=True)
class Worked:
    """What a driver has worked on other days: in the week of the day, and overtime in its month; seconds."""

    week_s: int = 0
    overtime_month_s: int = 0


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """The rules of one local day.

    ``committed_fen`` is what approved trips of other days are taken to cost by unit (R131), ``worked`` what drivers worked on
    other days (R117), ``dispatcher_id`` who has the plan made (R156; None: the machine). ``approvals`` off is for trips out
    of a file, of which nobody knows who approved them.
    """

    day: date
    book: RuleBook = field(default_factory=load)
    measures: tuple[Measure, ...] = ()
    budgets: tuple[Budget, ...] = ()
    committed_fen: Mapping[UnitId, int] = field(default_factory=dict)
    worked: Mapping[DriverId, Worked] = field(default_factory=dict)
    dispatcher_id: PersonId | None = None
    approvals: bool = False
    _views: dict[tuple[date, str], RuleView] = field(default_factory=dict, compare=False, repr=False)

    def view(self, region: str, day: date | None = None) -> RuleView:
        """The rules in force in a region; a zone in both provinces has what both have in common, the numbers of Sichuan."""
        key = (day or self.day, region if find_jurisdiction(region) is not None else SICHUAN)
        if key not in self._views:
            self._views[key] = self.book.at(*key)
        return self._views[key]

    # ---- requests

    def request_refusal(self, request: TripRequest) -> Refusal | None:
        """Say what stops a request before any vehicle is looked for: R068, R156, R176."""
        view = self.view(request.region)
        found = self._approval_refusal(view, request) if self.approvals else None
        return found or self._closure_refusal(request)

    def _approval_refusal(self, view: RuleView, request: TripRequest) -> Refusal | None:
        return field_refusal(view, request) or separation_refusal(
            requester_id=request.requester_id,
            approver_id=request.approver_id,
            dispatcher_id=self.dispatcher_id,
            priority=request.priority,
        )

    def _closure_refusal(self, request: TripRequest) -> Refusal | None:
        """R176: a stop in a closed region, by the nearest county seat, or the closed region of the unit itself."""
        closed = [own for own in self.measures if own.kind is MeasureKind.CLOSED and own.site_id is None]
        if not closed:
            return None
        hit: set[str] = set()
        for stop in request.stops:
            holding = [
                own for own in closed if own.holds_between(stop.earliest_at, stop.latest_at + timedelta(seconds=1))
            ]
            county = county_of(stop.lon_wgs84, stop.lat_wgs84) if holding else ""
            hit |= {own.region for own in holding if own.reaches(county)}
        waiver = request.find_waiver("R176")
        return closure_refusal(hit, hit, permit="" if waiver is None else waiver.text)

    def over_budget(
        self, requests: Sequence[TripRequest], units: Mapping[UnitId, Unit], estimates: Mapping[RequestId, int]
    ) -> dict[RequestId, Refusal]:
        """Trips that a unit's budget of the year does not hold any more, the first in precedence kept (R131, R077).

        A planner's consent lets a trip pass, an emergency is never held back; both use up the budget all the same.
        """
        found: dict[RequestId, Refusal] = {}
        for budget in self.budgets:
            if budget.year != self.day.year:
                continue
            unit, view = units.get(budget.unit_id), self.view(budget.region)
            own = [request for request in requests if request.unit_id == budget.unit_id]
            if unit is not None:
                own.sort(key=lambda request: precedence(view, request, unit))
            committed_fen = self.committed_fen.get(budget.unit_id, 0)
            for request in own:
                answer = check_budget(
                    view,
                    cap_fen=budget.cap_fen,
                    booked_fen=budget.booked_fen,
                    committed_fen=committed_fen,
                    trip_fen=estimates[request.id],
                    priority=request.priority,
                )
                if answer.state is BudgetState.NEEDS_APPROVAL and request.find_waiver("R131") is None:
                    found[request.id] = Refusal(
                        rule_id="R131",
                        code="over_budget",
                        message_zh=answer.message_zh,
                        message_en=answer.message_en,
                        detail={"cap_fen": answer.cap_fen, "excess_fen": answer.excess_fen},
                    )
                else:
                    committed_fen += estimates[request.id]
        return found

    def is_sealed(self, request: TripRequest) -> bool:
        """Whether vehicles are sealed for this trip: a public holiday among its days, and no exception (R078)."""
        if request.priority is Priority.EMERGENCY or request.find_waiver("R078") is not None:
            return False
        first, last = local_day(request.stops[0].earliest_at), local_day(request.stops[-1].earliest_at)
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return any(is_holiday(self.view(request.region, day), day) for day in days)

    def unsealed_duties(self, region: str) -> frozenset[str]:
        """Classes of vehicles that holidays do not seal (R078)."""
        return frozenset(self.view(region).codes("R078.exempt_duties"))

    def weights(self, requests: Sequence[TripRequest], units: Mapping[UnitId, Unit]) -> dict[RequestId, float]:
        """By how much a trip outweighs others of its class: the grass roots (R076), and the earlier approved (R077)."""
        order = sorted(requests, key=lambda own: ((own.decided_at or own.submitted_at).timestamp(), own.id))
        weight: dict[RequestId, float] = {}
        for number, request in enumerate(order):
            unit = units.get(request.unit_id)
            township = unit is not None and unit.level is Level.TOWNSHIP and self.view(request.region).applies("R076")
            earlier = 1 + EARLIER_PERMILLE / 1_000 * (1 - number / len(order))
            weight[request.id] = earlier * (GRASSROOTS_FACTOR if township else 1)
        return weight

    # ---- vehicles and drivers

    def vehicle_refusal(self, vehicle: Vehicle) -> Refusal | None:
        """Say what keeps a vehicle out of every plan: R037 and R051, R089."""
        view = self.view(vehicle.region)
        return state_refusal(view, vehicle) or (vehicle_refusal(view, vehicle) if vehicle.duty is Duty.RENTAL else None)

    def closed_sites(self, begin: datetime, end: datetime) -> frozenset[SiteId]:
        """Sites that no vehicle leaves or charges at in that time (R176)."""
        return frozenset(
            own.site_id
            for own in self.measures
            if own.kind is MeasureKind.CLOSED and own.site_id is not None and own.holds_between(begin, end)
        )

    def is_closed(self, region: str, begin: datetime, end: datetime) -> bool:
        """Whether a vehicle's home region is closed in that time (R176)."""
        return any(
            own.kind is MeasureKind.CLOSED
            and own.site_id is None
            and own.reaches(region)
            and own.holds_between(begin, end)
            for own in self.measures
        )

    def drive_limits_s(self, region: str) -> tuple[int, int]:
        """Longest drive without a rest, and the rest (R116)."""
        limits = drive_limits(self.view(region))
        return limits.max_continuous_drive_s, limits.rest_s

    def day_limit_s(self, crew: Crew) -> int | None:
        """How long the driver may work on this day (R117). None without a driver, and on emergency duty (R118)."""
        driver = crew.driver
        if driver is None or crew.vehicle.duty is Duty.EMERGENCY:
            return None
        worked = self.worked.get(driver.id, Worked())
        consent = driver.overtime_consent_on is not None and driver.overtime_consent_on <= self.day
        return day_allowance_s(
            self.view(driver.region),
            worked_week_s=worked.week_s,
            overtime_month_s=worked.overtime_month_s,
            consent=consent,
        )

    def reserved(self, crews: Iterable[Crew], busy: frozenset[VehicleId]) -> frozenset[VehicleId]:
        """Emergency-support vehicles that stay ready in each jurisdiction (R161): those without an order first."""
        by_area: dict[str, list[Vehicle]] = defaultdict(list)
        for crew in crews:
            if crew.vehicle.duty is Duty.EMERGENCY and find_jurisdiction(crew.vehicle.region) is not None:
                by_area[get_jurisdiction(crew.vehicle.region).code].append(crew.vehicle)
        kept: set[VehicleId] = set()
        for code, vehicles in by_area.items():
            count = ready_reserve_count(self.view(code), len(vehicles))
            kept |= {own.id for own in sorted(vehicles, key=lambda own: (own.id in busy, own.id))[:count]}
        return frozenset(kept)

    def notices(self, vehicle: Vehicle) -> tuple[str, ...]:
        """Rules that warn about giving a trip to this vehicle (R045)."""
        warning = marking_warning(vehicle)
        return () if warning is None else (warning.rule_id,)

    # ---- energy

    def reserve_wh(self, vehicle: Vehicle) -> int:
        """Least content of the battery at any stop: the vehicle's own reserve, and no less than the rule's (R063)."""
        battery = vehicle.battery
        if battery is None:
            return 0
        own_wh = math.ceil(battery.capacity_wh * battery.reserve_frac)
        return max(own_wh, reserve_wh(self.view(vehicle.region), battery.capacity_wh))

    def emergency(self, region: str, begin: datetime, end: datetime) -> Measure | None:
        """The energy emergency of a region in a period (R170)."""
        return find_emergency(self.measures, region=region, begin=begin, end=end)

    def prefers_combustion(self, region: str) -> bool:
        """Whether the office prefers vehicles that need no charging on this day (R172)."""
        begin = local_midnight(self.day)
        found = self.emergency(region, begin, begin + timedelta(days=1))
        return found is not None and found.prefer_combustion

    def site_power_w(self, site: Site, end: datetime) -> int | None:
        """What a site may draw on this day until ``end``: in an energy emergency its daytime cap throughout (R171, R175)."""
        begin = local_midnight(self.day)
        if self.emergency(site.region, begin, end) is None:
            return site.site_power_w
        all_w = sum(group.points * group.power_w for group in site.charge_groups)
        full_w = all_w if site.site_power_w is None else min(site.site_power_w, all_w)
        return emergency_site_power_w(
            self.view(site.region), full_w, at=begin + timedelta(hours=12), protected=site.protected
        )

    def is_dark(self, site: Site, end: datetime) -> bool:
        """Whether nobody but class 1 starts charging at a site at night: underground, in an energy emergency (R173)."""
        underground = site.car_park is not None and site.car_park.underground
        return underground and self.emergency(site.region, local_midnight(self.day), end) is not None

    def charging_s(self, vehicle: Vehicle, site: Site, begin: datetime, end: datetime) -> float:
        """Seconds of a period in which a vehicle that waits at home without an order may be charged there.

        In an energy emergency it is of class 3 unless its duty puts it into class 1: at night only, and not underground
        (R171, R173).
        """
        if begin >= end:
            return 0.0
        emergency = self.emergency(site.region, begin, end)
        if emergency is None or vehicle.duty in _DUTIES_OF_CLASS_1:
            return (end - begin).total_seconds()
        holds_from = max(begin, emergency.starts_at)
        over = [at for at in (emergency.ends_at, emergency.lifted_at) if at is not None]
        holds_to = min([end, *over])
        free_s = (end - begin - (holds_to - holds_from)).total_seconds()
        if site.car_park is not None and site.car_park.underground:
            return free_s
        return free_s + self._night_s(site.region, holds_from, holds_to)

    def _night_s(self, region: str, begin: datetime, end: datetime) -> float:
        view = self.view(region)
        day = local_day(begin) - timedelta(days=1)
        total_s = 0.0
        while day <= local_day(end):
            midnight = datetime.combine(day, time(), tzinfo=LOCAL_ZONE)
            night_begin = midnight + timedelta(seconds=view["R171.night_from_s"])
            night_end = midnight + timedelta(days=1, seconds=view["R171.night_to_s"])
            total_s += max(0.0, (min(end, night_end) - max(begin, night_begin)).total_seconds())
            day += timedelta(days=1)
        return total_s


def reason_of(refusal: Refusal) -> Reason:
    """Say a refusal as a plan's reason: proven, because no search could change it."""
    return Reason(
        code=Cause.RULE,
        proven=True,
        detail={
            **refusal.detail,
            "rules": refusal.rule_id,
            "refusal": refusal.code,
            "message_zh": refusal.message_zh,
            "message_en": refusal.message_en,
        },
    )

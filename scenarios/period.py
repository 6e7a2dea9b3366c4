"""A fleet through many days: the live dispatch service on a virtual clock, with everything that may go wrong.

What is on duty plans here too: requests become known when they were decided, each day is planned on its eve and anew while it
runs, and :mod:`scenarios.execution` carries the plans out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from dispatch.agreed import territory_on
from dispatch.hours import slowest_conditions
from dispatch.legs import LegBook, Roads
from dispatch.permission import Territory
from dispatch.plan import Cause
from dispatch.policy import DispatchPolicy
from dispatch.ruling import Ruling, Worked
from dispatch.service import PlanRejected, RunReport, Solver, run_once
from dispatch.solve import StopRule
from dispatch.view import local_midnight
from fleet.drivers import Driver
from fleet.ids import DriverId, RequestId, SiteId
from fleet.itineraries import Assignment
from fleet.memory_store import MemoryStore
from fleet.requests import TripRequest
from fleet.rules.load import load
from fleet.sites import Site
from fleet.units import Unit
from fleet.vehicles import Duty, Vehicle, VehicleState
from routing.matrix import LegMatrix
from routing.profiles import PROFILES
from routing.snap import Point
from scenarios.depots import Guest, charge_overnight, points_at_once
from scenarios.disturbances import World
from scenarios.documents import every, put
from scenarios.errors import ScenarioCancelled
from scenarios.execution import Execution, with_charge
from scenarios.paper import build_agreements
from scenarios.scenario import Replay
from scenarios.tally import Tally

_MOST_BOOKS = 2
_MOST_POINTS = 6_000


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is simulated: a fleet, what is asked of it on each day, and by which rules and luck."""

    units: Sequence[Unit]
    sites: Sequence[Site]
    vehicles: Sequence[Vehicle]
    drivers: Sequence[Driver]
    requests_on: Callable[[date], Sequence[TripRequest]]
    policy: DispatchPolicy
    replay: Replay
    world: World
    agreements: Sequence[Any] = ()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Each day's sums, and who got whom: the vehicle of every request that was assigned one."""

    tallies: dict[date, Tally]
    assigned: dict[RequestId, str] = field(default_factory=dict)


class RoadBooks:
    """The legs of the last few temperatures, kept; those of others are worked out again when they return."""

    def __init__(self, roads: Roads, world: World, policy: DispatchPolicy) -> None:
        self._roads, self._world, self._policy = roads, world, policy
        self._books: dict[float | None, LegBook] = {}

    def policy_on(self, day: date) -> DispatchPolicy:
        ambient_c = self._world.ambient_c(day)
        return self._policy if ambient_c is None else replace(self._policy, ambient_c=ambient_c)

    def roads_on(self, day: date) -> LegBook:
        ambient_c = self._world.ambient_c(day)
        book = self._books.pop(ambient_c, None) or LegBook(self._roads, most_points=_MOST_POINTS)
        self._books[ambient_c] = book
        while len(self._books) > _MOST_BOOKS:
            del self._books[next(iter(self._books))]
        return book

    def legs_on(self, day: date, points: tuple[Point, Point], profile: str) -> LegMatrix:
        """A single drive at midday of the day."""
        policy, noon = self.policy_on(day), local_midnight(day) + timedelta(hours=12)
        conditions = slowest_conditions([(noon, noon)], ambient_c=policy.ambient_c, traffic=policy.traffic)
        return self.roads_on(day).matrix(
            points, PROFILES[profile], access_limit_m=policy.access_limit_m, conditions=conditions
        )


@dataclass(frozen=True, kw_only=True)
class PeriodProgress:
    """How far a period is: its virtual instant, and how many the last plan serves."""

    done_frac: float
    at: datetime
    served_count: int


def run_period(
    setting: Setting,
    roads: Roads,
    *,
    first: date,
    days: int,
    solver: Solver,
    tell: Callable[[PeriodProgress], None] | None = None,
    should_cancel: Callable[[], bool] | None = None,
) -> Outcome:
    """Simulate ``days`` local days, beginning with all vehicles at home and charged as they are registered.

    Raises
    ------
    ScenarioCancelled
        If ``should_cancel`` said so.
    """
    return _Period(setting, roads, solver, first=first, days=days, should_cancel=should_cancel).run(tell)


class _Period:
    def __init__(
        self,
        setting: Setting,
        roads: Roads,
        solver: Solver,
        *,
        first: date,
        days: int,
        should_cancel: Callable[[], bool] | None,
    ) -> None:
        self.setting, self.solver, self.should_cancel = setting, solver, should_cancel
        self.days = [first + timedelta(days=n) for n in range(days)]
        self.books = RoadBooks(roads, setting.world, setting.policy)
        self.store = MemoryStore(kept_events_count=0)
        self.rounds = sorted((at, day) for day in self.days for at in instants(day, setting.replay))
        begin_at = min(self.rounds[0][0], local_midnight(first))
        self.execution = Execution(
            self.store,
            self.books.legs_on,
            setting.world,
            vehicles=setting.vehicles,
            sites=setting.sites,
            begin_at=begin_at,
        )
        agreements = setting.agreements or build_agreements(first)
        put(self.store, begin_at, [*agreements, *setting.world.measures], type="scenario.filled")
        nouns: list[Any] = [*setting.units, *setting.sites, *setting.vehicles, *setting.drivers]
        put(self.store, begin_at, nouns, type="scenario.filled")
        self.present: dict[str, Any] = {noun.id: noun for noun in nouns}
        self.waiting: dict[date, list[TripRequest]] = {}
        self.causes: dict[RequestId, str] = {}
        self.last: dict[date, RunReport] = {}
        self.changed: set[date] = set()
        self.mornings: set[date] = set()
        self.book = load()
        self.territories: dict[date, Territory] = {}
        self.regions = {driver.id: driver.region for driver in setting.drivers}

    def run(self, tell: Callable[[PeriodProgress], None] | None) -> Outcome:
        served = 0
        for number, (now, day) in enumerate(self.rounds):
            if day not in self.waiting:
                asked = self.setting.requests_on(day)
                self.waiting[day] = sorted(asked, key=lambda r: (r.decided_at or r.submitted_at, r.id))
                self.execution.open_day(day, asked)
            if self.execution.run(now):
                self.changed.update(one for one in self.last)
            if now >= local_midnight(day) and day not in self.mornings:
                self.mornings.add(day)
                self._morning(day, now)
            served = self._plan(day, now, served)
            self.store.mark_archived(self.store.head())
            if tell is not None:
                tell(PeriodProgress(done_frac=(number + 1) / len(self.rounds), at=now, served_count=served))
        self.execution.run(local_midnight(self.days[-1]) + timedelta(days=self.setting.policy.longest_days))
        self.execution.settle(self.causes, unproven=Cause.UNPROVEN.value)
        for day in self.days:
            self._count_points(day)
        assigned: dict[RequestId, str] = {}
        for assignment in every(self.store, "assignment"):
            self._note(assigned, assignment)
        return Outcome(tallies=self.execution.tallies, assigned=dict(sorted(assigned.items())))

    def _note(self, assigned: dict[RequestId, str], assignment: Assignment) -> None:
        ride = self.execution.rides[assignment.request_id]
        if assignment.reports and ride.picked_up_at is not None and not ride.stayed_away:
            assigned[assignment.request_id] = assignment.vehicle_id

    # ---- plans

    def _plan(self, day: date, now: datetime, served: int) -> int:
        waiting = self.waiting[day]
        known = [request for request in waiting if (request.decided_at or request.submitted_at) <= now]
        self.waiting[day] = waiting[len(known) :]
        put(self.store, now, known, type="request.approved")
        last = self.last.get(day)
        if not known and last is not None and not last.needs_replan and day not in self.changed:
            return served
        if self.should_cancel is not None and self.should_cancel():
            raise ScenarioCancelled
        self._open_sites(day, now)
        tally = self.execution.tallies[day]
        try:
            report = self._run_once(day, now, first=last is None)
        except PlanRejected:
            # as on duty: what was planned stays in force, and the next round tries again
            tally.rejected += 1
            self.changed.add(day)
            return served
        self.last[day] = report
        self.changed.discard(day)
        tally.plans += 1
        tally.mended += bool(report.mended)
        for request_id, reasons in report.unserved.items():
            # Once the pick-up is past, "too late" hides why nobody came; the last cause before that stays.
            code = reasons[0].code.value if reasons else Cause.UNPROVEN.value
            if request_id not in self.causes or "now" not in (reasons[0].detail if reasons else {}):
                self.causes[request_id] = code
        return report.record.figures.served_count

    def _run_once(self, day: date, now: datetime, *, first: bool) -> RunReport:
        replay = self.setting.replay
        return run_once(
            self.store,
            self.books.roads_on(day),
            day=day,
            now=now,
            seed=replay.seed,
            stop=StopRule(
                iterations=replay.first_iterations if first else replay.iterations,
                should_cancel=self.should_cancel,
            ),
            policy=self.books.policy_on(day),
            solver=self.solver,
            territory=self._territory(day),
            ruling=self._ruling(day),
        )

    def _territory(self, day: date) -> Territory:
        if day not in self.territories:
            self.territories[day] = territory_on(self.store, day, book=self.book)
        return self.territories[day]

    def _ruling(self, day: date) -> Ruling:
        """The rules of the day as the store would give them, with the hours that drivers really worked in this part (R117)."""
        week = day - timedelta(days=day.weekday())
        week_s: defaultdict[DriverId, float] = defaultdict(float)
        overtime_s: defaultdict[DriverId, float] = defaultdict(float)
        for (driver, other), seconds in self.execution.worked_s.items():
            if other == day:
                continue
            if week <= other < week + timedelta(days=7):
                week_s[driver] += seconds
            if (other.year, other.month) == (day.year, day.month):
                overtime_s[driver] += max(0.0, seconds - self._normal_s(day, driver))
        return Ruling(
            day=day,
            book=self.book,
            measures=self.setting.world.measures,
            worked={
                driver: Worked(week_s=round(week_s[driver]), overtime_month_s=round(overtime_s[driver]))
                for driver in sorted({*week_s, *overtime_s})
            },
            approvals=True,
        )

    def _normal_s(self, day: date, driver: DriverId) -> int:
        return int(self.book.at(day, self.regions[driver])["R117.day_s"])

    # ---- mornings

    def _morning(self, day: date, now: datetime) -> None:
        """What the day begins with: charge after the night, vehicles in repair, drivers who are ill."""
        world, tally = self.setting.world, self.execution.tallies[day]
        self._charge(day, now, tally)
        nouns: list[Any] = []
        for vehicle in self.setting.vehicles:
            unfit = vehicle.state is VehicleState.AVAILABLE and world.is_unfit(vehicle.id, day)
            tally.unfit_days += unfit
            state = VehicleState.OUT_OF_SERVICE if unfit else vehicle.state
            charge_wh = self.execution.cars[vehicle.id].charge_wh
            battery = vehicle.battery
            if battery is not None and charge_wh is not None:
                battery = with_charge(battery, charge_wh)
            nouns.append(replace(vehicle, state=state, battery=battery))
        for driver in self.setting.drivers:
            absent = driver.on_duty and world.is_absent(DriverId(driver.id), day)
            nouns.append(replace(driver, on_duty=driver.on_duty and not absent))
        if self._put(now, nouns):
            self.changed.add(day)

    def _charge(self, day: date, now: datetime, tally: Tally) -> None:
        if day == self.days[0]:
            return
        world = self.setting.world
        evening = local_midnight(day) - timedelta(hours=6)
        until_at = local_midnight(day) + timedelta(hours=7)
        midnight = local_midnight(day)
        guests: dict[SiteId, list[Guest]] = {}
        for car in self.execution.cars.values():
            vehicle, battery = car.vehicle, car.vehicle.battery
            site = self.execution.sites[vehicle.home_site_id]
            at_home = (car.lon_wgs84, car.lat_wgs84) == (site.lon_wgs84, site.lat_wgs84)
            if battery is None or car.charge_wh is None or not at_home or car.free_at > now or car.aboard:
                continue
            first = vehicle.duty in (Duty.EMERGENCY, Duty.CONFIDENTIAL)
            from_at = max(car.free_at, evening)
            if not first and world.emergency(midnight, until_at, site.region):
                # class 3 charges in the night hours only (R171), and underground not at all (R173)
                if site.car_park is not None and site.car_park.underground:
                    tally.short_of_charge += 1
                    continue
                from_at = max(from_at, local_midnight(day) - timedelta(hours=1))
            guests.setdefault(site.id, []).append(
                Guest(vehicle_id=vehicle.id, battery=battery, charge_wh=car.charge_wh, from_at=from_at, first=first)
            )
        for site_id, here in sorted(guests.items()):
            site = self._working(self.execution.sites[site_id], day)
            powers = points_at_once(site, site_power_w=site.site_power_w)
            target_frac = self.setting.policy.overnight_frac
            for session in charge_overnight(here, powers, until_at=until_at, target_frac=target_frac):
                self.execution.cars[session.vehicle_id].charge_wh = session.charge_wh
                tally.depot_wh += session.gained_wh
                tally.short_of_charge += not session.full
                tally.charge(site_id, busy_s=session.busy_s, wait_s=session.wait_s, wh=session.gained_wh)

    # ---- sites

    def _working(self, site: Site, day: date) -> Site:
        """The site without the points that do not work on that day."""
        world = self.setting.world
        groups = tuple(
            replace(group, points=group.points - world.failed_points(site.id, number, group.points, day))
            for number, group in enumerate(site.charge_groups)
        )
        return site if groups == site.charge_groups else replace(site, charge_groups=groups)

    def _open_sites(self, day: date, now: datetime) -> None:
        """Write the sites without the points that do not work on the day; what fails tomorrow nobody knows yet."""
        if now >= local_midnight(day):
            self._put(now, [self._working(site, day) for site in self.setting.sites])

    def _put(self, now: datetime, nouns: Iterable[Any]) -> bool:
        """Write what differs from what the store has; return whether anything does."""
        changed = [noun for noun in nouns if self.present[noun.id] != noun]
        put(self.store, now, changed, type="scenario.changed")
        self.present.update((noun.id, noun) for noun in changed)
        return bool(changed)

    def _count_points(self, day: date) -> None:
        tally = self.execution.tallies[day]
        for site in self.setting.sites:
            tally.point_open_s += 86_400 * sum(group.points for group in self._working(site, day).charge_groups)
        begin, end = local_midnight(day), local_midnight(day) + timedelta(days=1)
        tally.emergency_days += any(
            self.setting.world.emergency(begin, end, site.region) for site in self.setting.sites
        )


def instants(day: date, replay: Replay) -> list[datetime]:
    """The first plan's instant, then every interval from the day's sixth hour on."""
    midnight = local_midnight(day)
    first = midnight + timedelta(hours=replay.first_hour)
    at = midnight + timedelta(hours=max(replay.first_hour, 6.0))
    last = midnight + timedelta(hours=replay.last_hour)
    found = [first]
    while at <= last:
        if at > first:
            found.append(at)
        at += timedelta(seconds=replay.every_s)
    return found

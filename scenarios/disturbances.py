"""What goes otherwise than planned: traffic, no-shows, faults, absences, weather, failed charge points, energy emergencies.

Every draw is keyed by what it concerns (a trip, a vehicle and day, a charge group and day), so that fleets that are compared
meet the same luck; see :mod:`scenarios.streams`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import cos, pi

from dispatch.view import local_midnight
from fleet.ids import DriverId, MeasureId, PersonId, RegionCode, RequestId, SiteId, VehicleId
from fleet.measures import Measure, MeasureKind
from scenarios.streams import Streams

_STEP_C = 5


@dataclass(frozen=True, kw_only=True)
class Climate:
    """Daily mean temperature as a yearly cosine from the middle of January to the middle of July, with an even daily scatter.

    The defaults are Chengdu's (24-hour means 5.6 C in January and about 25 C in July; nomadpub.com/chengdu-weather after the
    China Meteorological Administration). Kangding has -2.2 C and 15.5 C (chinatoptrip.com/kangding.html). The scatter of 2.5 K
    is an assumption.
    """

    january_c: float = 5.6
    july_c: float = 25.0
    scatter_k: float = 2.5

    def mean_c(self, day: date) -> float:
        turn = 2 * pi * (day.timetuple().tm_yday - 15) / 365.25
        return (self.january_c + self.july_c) / 2 - (self.july_c - self.january_c) / 2 * cos(turn)


@dataclass(frozen=True, kw_only=True)
class Emergency:
    """A period of energy emergency, level 1 (rules R170-R175). Default: that of 21 to 30 August 2022 in Sichuan (S19).

    Its start is in the sources (document 002); the end is an assumption of ours. ``prefer_combustion`` as R172 allows.
    """

    region: str = "510000"
    first: date = date(2022, 8, 21)
    last: date = date(2022, 8, 30)
    prefer_combustion: bool = False


@dataclass(frozen=True, kw_only=True)
class Disturbances:
    """How often and how much. All zero, the default, is a calm world in which everything goes as planned.

    ``day_sigma``, ``leg_sigma``: standard deviation of the logarithm of the travel time factors of a day and of a drive, both
    of mean 1. ``energy_sigma``: the same of a drive's energy. ``no_show_frac``: passengers who do not come; the vehicle waits
    ``no_show_wait_s``. ``fault_frac``: chance that a vehicle is found unfit on a morning; a repair takes ``repair_days`` on
    average (geometric). ``absent_frac``: drivers who are ill on a day. ``point_failure_frac``: charge points out of order on a
    day. ``rescue_s``: how long it takes until a vehicle that ran empty goes on. ``weather``: whether each day has a temperature
    of its own, by ``climate``; without it, that of place and month counts (:mod:`routing.climate`). The figures of disturbed
    worlds are in the scenario files: assumptions until an office has its own.
    """

    day_sigma: float = 0.0
    leg_sigma: float = 0.0
    energy_sigma: float = 0.0
    no_show_frac: float = 0.0
    no_show_wait_s: int = 900
    fault_frac: float = 0.0
    repair_days: float = 3.0
    absent_frac: float = 0.0
    point_failure_frac: float = 0.0
    rescue_s: int = 7_200
    weather: bool = False
    climate: Climate = field(default_factory=Climate)
    emergency: Emergency | None = None

    def __post_init__(self) -> None:
        for name in ("no_show_frac", "fault_frac", "absent_frac", "point_failure_frac"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}: 0 to below 1")
        for name in ("day_sigma", "leg_sigma", "energy_sigma"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} = {getattr(self, name)}: 0 to 1")
        if self.repair_days < 1:
            raise ValueError(f"repair_days = {self.repair_days}: at least 1")


@dataclass(frozen=True, kw_only=True)
class World:
    """The luck of one run: the same for every fleet that is tried in it."""

    streams: Streams
    rules: Disturbances

    def drive_factor(self, day: date, key: str) -> float:
        """How much longer than planned a drive takes; ``key`` names where it leads (a request's stop or a site)."""
        own = self.rules
        common = self.streams.factor("traffic-day", own.day_sigma, day.isoformat())
        return common * self.streams.factor("traffic-leg", own.leg_sigma, day.isoformat(), key)

    def energy_factor(self, day: date, key: str) -> float:
        return self.streams.factor("energy", self.rules.energy_sigma, day.isoformat(), key)

    def stays_away(self, request_id: RequestId) -> bool:
        """Whether the passengers of a request do not come."""
        return self.streams.happens(self.rules.no_show_frac, "no-show", request_id)

    def is_unfit(self, vehicle_id: VehicleId, day: date) -> bool:
        """Whether a vehicle is in repair on a day, from a fault found on that morning or on an earlier one."""
        own = self.rules
        if own.fault_frac == 0:
            return False
        going_on = 1 - 1 / own.repair_days
        for ago in range(60):
            found = day - timedelta(days=ago)
            if not self.streams.happens(own.fault_frac, "fault", vehicle_id, found.isoformat()):
                continue
            lasts = 1
            while lasts <= ago and self.streams.happens(going_on, "repair", vehicle_id, found.isoformat(), str(lasts)):
                lasts += 1
            if lasts > ago:
                return True
        return False

    def is_absent(self, driver_id: DriverId, day: date) -> bool:
        return self.streams.happens(self.rules.absent_frac, "absent", driver_id, day.isoformat())

    def failed_points(self, site_id: SiteId, group: int, points: int, day: date) -> int:
        """How many of a group's charge points do not work on a day."""
        own, when = self.rules.point_failure_frac, day.isoformat()
        return sum(self.streams.happens(own, "point", site_id, str(group), str(n), when) for n in range(points))

    def ambient_c(self, day: date) -> float | None:
        """Temperature of a day in degrees Celsius, in steps of 5 K; None where that of place and month counts."""
        own = self.rules
        if not own.weather:
            return None
        drawn_c = own.climate.mean_c(day) + own.climate.scatter_k * self.streams.normal("weather", day.isoformat())
        return float(_STEP_C * round(drawn_c / _STEP_C))

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The energy emergency as the measure that an office would declare (R170)."""
        own = self.rules.emergency
        if own is None:
            return ()
        return (
            Measure(
                id=MeasureId("M-scenario-energy"),
                kind=MeasureKind.ENERGY_EMERGENCY,
                region=RegionCode(own.region),
                reason="情景：能源供应保障一级响应",
                starts_at=local_midnight(own.first),
                ends_at=local_midnight(own.last + timedelta(days=1)),
                declared_by=PersonId("P-scenario"),
                level=1,
                prefer_combustion=own.prefer_combustion,
            ),
        )

    def emergency(self, begin: datetime, end: datetime, region: str) -> bool:
        """Whether an energy emergency is in force at any instant from ``begin`` until before ``end`` (R170)."""
        return any(own.reaches(region) and own.holds_between(begin, end) for own in self.measures)

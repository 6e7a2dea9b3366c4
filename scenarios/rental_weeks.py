"""Weeks of a rental service that does not exist yet: the same bookings under different ways to charge and to move the cars.

A town of rental points is generated from a seed: where they lie, how many bookings begin and end there by the hour, what they
need. The bookings of a week depend on the seed and the number of the week only, so that two ways to run the service are
compared on common random numbers, week by week; a difference is given with its 95 % confidence interval (paired t).
Everything about the town is an assumption, stated in :class:`RentalTown`; the models are those of
:mod:`dispatch.rental_operations`, as on duty.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import stats

from dispatch.rental_operations import (
    ChargingCar,
    ChargingSite,
    Deadline,
    charge_at_once,
    plan_charging,
    relocate,
)

STEP_S = 900
DAY_STEPS = 96
WEEK_STEPS = 7 * DAY_STEPS
_REPLAN_STEPS = 4
_HORIZON_SLOTS = 32
_SLOT_STEPS = 2
_READY_STEP = 7 * 4
_MOVE_FROM, _MOVE_UNTIL = 2 * 4, 5 * 4
_SAMPLES = 60

#: Shares of a day's bookings that begin in each hour, from 0 to 23: office hours with a small evening (assumption).
HOURLY = (0, 0, 0, 0, 0, 1, 3, 8, 14, 13, 9, 6, 5, 9, 10, 7, 5, 4, 3, 2, 1, 0, 0, 0)

#: Electricity by the hour in fen per kWh: valley 23-7, peak 10-12 and 15-21, flat between (assumption, after the hours of the
#: Sichuan time-of-use tariff; prices rounded).
PRICE_FEN = (*(35,) * 7, *(65,) * 3, *(100,) * 2, *(65,) * 3, *(100,) * 6, *(65,) * 2, 35)


@dataclass(frozen=True, kw_only=True)
class RentalTown:
    """The service as generated; every figure is an assumption of ours.

    ``one_way_frac`` of the bookings end at another point; begins and ends are spread over the points unevenly and not
    alike, so that cars gather where fewer begin. ``weekend_frac`` is the demand of a Saturday or Sunday. A booking is
    known ``lead_steps`` ahead. ``worth_fen`` is what a served booking is worth in the models, ``km_fen`` what moving a car
    costs by the kilometre, driver and his way back included, ``moves`` how many cars the drivers move in a night.
    """

    points: int = 12
    cars: int = 48
    bookings_per_day: float = 230.0
    one_way_frac: float = 0.35
    weekend_frac: float = 0.4
    lead_steps: int = 16
    capacity_wh: int = 45_000
    reserve_wh: int = 9_000
    wh_per_km: int = 160
    point_w: int = 7_000
    points_per_site: int = 4
    site_power_w: int = 21_000
    ready_frac: float = 0.85
    peak_fen_per_kw: int = 300
    worth_fen: int = 6_000
    km_fen: int = 250
    moves: int = 10
    span_km: float = 40.0
    seed: int = 1

    @cached_property
    def _drawn(self) -> tuple[npt.NDArray[np.float64], ...]:
        rng = np.random.default_rng([self.seed, 0])
        places = rng.uniform(0, self.span_km, (self.points, 2))
        begins = rng.dirichlet(np.full(self.points, 4.0))
        ends = rng.dirichlet(np.full(self.points, 4.0))
        return places, begins, ends

    @property
    def begins(self) -> npt.NDArray[np.float64]:
        """The share of bookings that begin at each point."""
        return self._drawn[1]

    @property
    def ends(self) -> npt.NDArray[np.float64]:
        """The share of one-way bookings that end at each point."""
        return self._drawn[2]

    def km(self, a: int, b: int) -> float:
        """The way between two points: the straight line and a third (as in town roads; assumption)."""
        return float(np.linalg.norm(self._drawn[0][a] - self._drawn[0][b])) * 4 / 3

    def rate(self, day: int, hour: int) -> float:
        """Bookings that begin in an hour of a day of the week (0 Monday)."""
        share = HOURLY[hour] / sum(HOURLY)
        return self.bookings_per_day * share * (1.0 if day < 5 else self.weekend_frac)


@dataclass(frozen=True, kw_only=True, order=True)
class Booking:
    """A renter's wish, in steps of 15 minutes from Monday's midnight."""

    start: int
    id: int
    origin: int
    goal: int
    end: int
    need_wh: int


def draw_week(town: RentalTown, week: int) -> tuple[Booking, ...]:
    """The bookings of a week: the same for every way to run the service."""
    rng = np.random.default_rng([town.seed, 1, week])
    found: list[Booking] = []
    for day in range(7):
        for hour in range(24):
            for _ in range(rng.poisson(town.rate(day, hour))):
                origin = int(rng.choice(town.points, p=town.begins))
                one_way = rng.random() < town.one_way_frac
                goal = int(rng.choice(town.points, p=town.ends)) if one_way else origin
                steps = int(np.clip(round(rng.lognormal(2.2, 0.5)), 2, 40))
                km = float(np.clip(rng.lognormal(3.5, 0.5), 8, 140)) + (town.km(origin, goal) if one_way else 0)
                start = (day * 24 + hour) * 4 + int(rng.integers(0, 4))
                found.append(
                    Booking(
                        start=start,
                        id=len(found),
                        origin=origin,
                        goal=goal,
                        end=start + steps,
                        need_wh=round(km * town.wh_per_km),
                    )
                )
    return tuple(sorted(found))


@dataclass(frozen=True, kw_only=True)
class Ways:
    """How the service is run: cars moved overnight or not, charging planned or at once."""

    moves: bool
    planned: bool

    @property
    def name(self) -> str:
        return f"{'moved' if self.moves else 'not moved'}, {'charging planned' if self.planned else 'charged at once'}"


@dataclass
class _Car:
    id: int
    at: int | None
    charge_wh: int
    since: int = 0
    back: int = 0
    goal: int = 0


@dataclass(frozen=True, kw_only=True)
class WeekResult:
    """What became of a week. ``peak_w`` is the mean over the sites of their highest quarter of an hour."""

    bookings_count: int
    served_count: int
    no_car_count: int
    no_charge_count: int
    peak_w: float
    top_peak_w: int
    energy_wh: int
    energy_fen: int
    moves_count: int
    moved_km: float


@dataclass
class _Tally:
    served: int = 0
    no_car: int = 0
    no_charge: int = 0
    energy_wh: int = 0
    energy_mfen: int = 0
    moves: int = 0
    moved_km: float = 0.0
    peak_wh: list[int] = field(default_factory=list)


def run_week(town: RentalTown, bookings: Sequence[Booking], ways: Ways) -> WeekResult:
    """Run one week from Monday's midnight, all cars charged and spread as bookings begin."""
    return _Week(town, bookings, ways).run()


class _Week:
    def __init__(self, town: RentalTown, bookings: Sequence[Booking], ways: Ways) -> None:
        self.town, self.ways = town, ways
        self.cars = [_Car(id=n, at=p, charge_wh=town.capacity_wh) for n, p in enumerate(_spread(town))]
        self.starting: dict[int, list[Booking]] = {}
        for booking in bookings:
            self.starting.setdefault(booking.start, []).append(booking)
        self.known = sorted(bookings)
        self.tally = _Tally(peak_wh=[0] * town.points)
        self.plans: dict[int, Mapping[str, tuple[int, ...]]] = {}
        self.count = len(bookings)

    def run(self) -> WeekResult:
        for step in range(WEEK_STEPS):
            self._arrivals(step)
            for booking in self.starting.get(step, ()):
                self._begin(booking, step)
            if self.ways.moves and step % DAY_STEPS == _MOVE_FROM:
                self._move(step)
            self._charge(step)
        tally = self.tally
        quarter_h = STEP_S / 3_600
        return WeekResult(
            bookings_count=self.count,
            served_count=tally.served,
            no_car_count=tally.no_car,
            no_charge_count=tally.no_charge,
            peak_w=sum(tally.peak_wh) / quarter_h / self.town.points,
            top_peak_w=round(max(tally.peak_wh) / quarter_h),
            energy_wh=tally.energy_wh,
            energy_fen=round(tally.energy_mfen / 1_000),
            moves_count=tally.moves,
            moved_km=tally.moved_km,
        )

    def _arrivals(self, step: int) -> None:
        for car in self.cars:
            if car.at is None and car.back <= step:
                car.at, car.since = car.goal, step

    def _begin(self, booking: Booking, step: int) -> None:
        there = [car for car in self.cars if car.at == booking.origin]
        least = booking.need_wh + self.town.reserve_wh
        fit = [car for car in there if car.charge_wh >= least]
        if not fit:
            self.tally.no_charge += 1 if there else 0
            self.tally.no_car += 0 if there else 1
            return
        # The least charged that suffices: the others keep their charge for longer trips.
        car = min(fit, key=lambda own: (own.charge_wh, own.id))
        car.at, car.back, car.goal = None, max(step + 1, booking.end), booking.goal
        car.charge_wh -= booking.need_wh
        self.tally.served += 1

    # -- charging

    def _charge(self, step: int) -> None:
        hour = step // 4 % 24
        if self.ways.planned and step % _REPLAN_STEPS == 0:
            self.plans = {point: self._plan(point, step) for point in range(self.town.points)}
        for point in range(self.town.points):
            there = [car for car in self.cars if car.at == point]
            given = self._planned(point, step, there) if self.ways.planned else self._at_once(there)
            for car in there:
                wh = min(given.get(str(car.id), 0), self.town.capacity_wh - car.charge_wh)
                car.charge_wh += wh
            drawn = sum(given.values())
            self.tally.energy_wh += drawn
            self.tally.energy_mfen += drawn * PRICE_FEN[hour]
            self.tally.peak_wh[point] = max(self.tally.peak_wh[point], drawn)

    def _site(self, prices: tuple[int, ...], slot_s: int) -> ChargingSite:
        town = self.town
        return ChargingSite(
            points_count=town.points_per_site,
            point_w=town.point_w,
            power_w=town.site_power_w,
            slot_s=slot_s,
            price_fen_per_kwh=prices,
            peak_fen_per_kw=town.peak_fen_per_kw,
        )

    def _at_once(self, there: Sequence[_Car]) -> dict[str, int]:
        order = [str(car.id) for car in sorted(there, key=lambda own: (own.since, own.id))]
        cars = [_charging(self.town, car) for car in there]
        return charge_at_once(self._site((0,), STEP_S), cars, order=order)

    def _planned(self, point: int, step: int, there: Sequence[_Car]) -> dict[str, int]:
        plan = self.plans.get(point, {})
        slot = step % _REPLAN_STEPS // _SLOT_STEPS
        return {
            str(car.id): min(plan[str(car.id)][slot] // _SLOT_STEPS, self.town.capacity_wh - car.charge_wh)
            for car in there
            if str(car.id) in plan
        }

    def _plan(self, point: int, step: int) -> Mapping[str, tuple[int, ...]]:
        """Deadlines from the bookings known by now, the fullest car for the first; and everybody ready in the morning."""
        town = self.town
        there = sorted((car for car in self.cars if car.at == point), key=lambda own: (-own.charge_wh, own.id))
        if all(car.charge_wh >= town.capacity_wh for car in there):
            return {}
        coming = [own for own in self.known if own.origin == point and step <= own.start < step + town.lead_steps]
        needs: dict[int, list[Deadline]] = {car.id: [] for car in there}
        for car, booking in zip(there, coming, strict=False):
            by = max(0, (booking.start - step) // _SLOT_STEPS)
            needs[car.id].append(Deadline(by=by, least_wh=min(town.capacity_wh, booking.need_wh + town.reserve_wh)))
        ready = (_READY_STEP - step % DAY_STEPS) % DAY_STEPS // _SLOT_STEPS
        for car in there:
            least = round(town.ready_frac * town.capacity_wh)
            if 0 < ready <= _HORIZON_SLOTS:
                needs[car.id].append(Deadline(by=ready, least_wh=least))
            # By day a car that stands is to be ready again within three hours, for whoever comes without booking.
            needs[car.id].append(Deadline(by=6, least_wh=min(least, round(0.6 * town.capacity_wh))))
        prices = tuple(PRICE_FEN[(step + slot * _SLOT_STEPS) // 4 % 24] for slot in range(_HORIZON_SLOTS))
        cars = [_charging(town, car, tuple(needs[car.id])) for car in there]
        return plan_charging(self._site(prices, STEP_S * _SLOT_STEPS), cars).energy_wh

    # -- moving

    def _move(self, step: int) -> None:
        town = self.town
        day = step // DAY_STEPS
        stock = {str(p): sum(1 for car in self.cars if car.at == p) for p in range(town.points)}
        fit = {
            p: [car for car in self.cars if car.at == p and car.charge_wh > 2 * town.reserve_wh]
            for p in range(town.points)
        }
        moves = relocate(
            stock,
            {str(p): len(cars) for p, cars in fit.items()},
            {str(p): curve for p, curve in enumerate(expected_served(town, day))},
            {
                (str(a), str(b)): round(town.km(a, b) * town.km_fen)
                for a in range(town.points)
                for b in range(town.points)
                if a != b
            },
            worth_fen=town.worth_fen,
            most_moves=town.moves,
        )
        for move in moves:
            origin, goal = int(move.origin), int(move.goal)
            for car in sorted(fit[origin], key=lambda own: (-own.charge_wh, own.id))[: move.count]:
                fit[origin].remove(car)
                km = town.km(origin, goal)
                car.at, car.goal, car.back = None, goal, day * DAY_STEPS + _MOVE_UNTIL
                car.charge_wh = max(0, car.charge_wh - round(km * town.wh_per_km))
                self.tally.moves += 1
                self.tally.moved_km += km


def _charging(town: RentalTown, car: _Car, deadlines: tuple[Deadline, ...] = ()) -> ChargingCar:
    return ChargingCar(
        id=str(car.id),
        charge_wh=car.charge_wh,
        capacity_wh=town.capacity_wh,
        max_w=town.point_w,
        arrives=0,
        leaves=_HORIZON_SLOTS,
        deadlines=deadlines,
    )


def _spread(town: RentalTown) -> list[int]:
    """A point for every car, in proportion to where bookings begin (largest remainders)."""
    exact = town.begins * town.cars
    counts = np.floor(exact).astype(int)
    for point in np.argsort(-(exact - counts), kind="stable")[: town.cars - int(counts.sum())]:
        counts[point] += 1
    return [int(point) for point, count in enumerate(counts) for _ in range(count)]


_CURVES: dict[tuple[RentalTown, bool], tuple[tuple[float, ...], ...]] = {}


def expected_served(town: RentalTown, day: int) -> tuple[tuple[float, ...], ...]:
    """For each point the bookings of a day served with 0, 1, 2 ... cars in the morning: future availability by point.

    Worked out from the rates alone, never from the bookings to come: the mean over sampled days of begins, one-way arrivals and
    the returns of cars that left from here.
    """
    key = (town, day % 7 < 5)
    if key not in _CURVES:
        _CURVES[key] = tuple(_curve(town, day, point) for point in range(town.points))
    return _CURVES[key]


def _curve(town: RentalTown, day: int, point: int) -> tuple[float, ...]:
    most = max(3, math.ceil(3 * town.cars / town.points))
    rng = np.random.default_rng([town.seed, 2, point, int(day % 7 < 5)])
    total = np.zeros(most + 1)
    for _ in range(_SAMPLES):
        events: list[tuple[float, int, float]] = []
        for hour in range(24):
            rate = town.rate(day % 7, hour)
            for _ in range(rng.poisson(rate * town.begins[point])):
                back_h = float(rng.lognormal(2.2, 0.5)) / 4 if rng.random() >= town.one_way_frac else math.inf
                events.append((hour + rng.random(), 0, back_h))
            arrivals = rng.poisson(rate * town.one_way_frac * town.ends[point])
            events += [(hour + rng.random() + float(rng.lognormal(2.2, 0.5)) / 4, 1, 0.0) for _ in range(arrivals)]
        events.sort()
        for number in range(most + 1):
            total[number] += _served(events, number)
    return tuple(float(value) for value in total / _SAMPLES)


def _served(events: Sequence[tuple[float, int, float]], cars: int) -> int:
    served = 0
    out: list[float] = []
    for at, kind, back_h in events:
        cars += sum(1 for back in out if back <= at)
        out = [back for back in out if back > at]
        if kind == 1:
            cars += 1
        elif cars > 0:
            cars -= 1
            served += 1
            out.append(at + back_h)
    return served


# ---- comparing


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A figure under two ways, the mean of its paired differences, and the half-width of their 95 % interval."""

    measure: str
    base: float
    other: float
    mean: float
    half_width: float

    @property
    def significant(self) -> bool:
        return abs(self.mean) > self.half_width


BASE = Ways(moves=False, planned=False)
ALL_WAYS = (BASE, Ways(moves=True, planned=False), Ways(moves=False, planned=True), Ways(moves=True, planned=True))
MEASURES: Mapping[str, Callable[[WeekResult], float]] = {
    "served": lambda own: own.served_count,
    "served_frac": lambda own: own.served_count / max(1, own.bookings_count),
    "peak_w": lambda own: own.peak_w,
    "top_peak_w": lambda own: own.top_peak_w,
    "energy_fen_per_kwh": lambda own: own.energy_fen / max(1, own.energy_wh) * 1_000,
    "moves": lambda own: own.moves_count,
    "moved_km": lambda own: own.moved_km,
}


def compare(
    town: RentalTown,
    *,
    weeks: int,
    ways: Sequence[Ways] = ALL_WAYS,
    on_week: Callable[[int, Ways], None] = lambda _week, _ways: None,
) -> dict[Ways, list[WeekResult]]:
    """Run the same weeks under each way.

    Raises
    ------
    ValueError
        If there are fewer than two weeks: no interval can be told.
    """
    if weeks < 2:
        raise ValueError("at least two weeks")
    results: dict[Ways, list[WeekResult]] = {way: [] for way in ways}
    for week in range(weeks):
        bookings = draw_week(town, week)
        for way in ways:
            results[way].append(run_week(town, bookings, way))
            on_week(week, way)
    return results


def differences(base: Sequence[WeekResult], other: Sequence[WeekResult]) -> list[Difference]:
    """Paired differences of every measure, other less base."""
    found = []
    for name, figure in MEASURES.items():
        a, b = np.array([figure(own) for own in base]), np.array([figure(own) for own in other])
        gap = b - a
        quantile = float(stats.t.ppf(0.975, len(gap) - 1))
        half = quantile * float(gap.std(ddof=1)) / math.sqrt(len(gap))
        found.append(
            Difference(
                measure=name, base=float(a.mean()), other=float(b.mean()), mean=float(gap.mean()), half_width=half
            )
        )
    return found

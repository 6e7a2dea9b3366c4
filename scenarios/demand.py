"""A day's trip requests, generated: which office asks for what, where to, and between which instants.

The mix (city and intercity, transfers, charters, rentals, trips over the provincial border) is a stated assumption, not an
observation; :class:`DemandMix` holds every share. Time windows leave room for roads that the generator does not know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from fleet.ids import PersonId, RegionCode, RequestId, UnitId
from fleet.requests import Priority, RequestState, TripKind, TripRequest, TripStop
from fleet.units import Unit
from fleet.vehicles import Duty, Vehicle, VehicleKind
from scenarios.areas import NEV_EXEMPT, Area, Spot, apportion, crow_m
from scenarios.naming import (
    PURPOSE_CONFIDENTIAL,
    PURPOSE_EMERGENCY,
    PURPOSE_EVENT,
    PURPOSES,
    PURPOSES_CHARTER,
    PURPOSES_CROSS,
)

LOCAL_ZONE = ZoneInfo("Asia/Shanghai")

#: Allied pairs over the provincial border and their share of the cross-province trips: Suining-Tongnan (rules R008, R010)
#: carries most, Gaozhu New Area (Guang'an-Yubei, R010), Ziyang-Dazu (R008) and the alliance of R007 the rest.
CROSS_PAIRS = (
    ("510900", "500152", 0.6),
    ("511600", "500112", 0.16),
    ("512000", "500111", 0.12),
    ("510500", "500116", 0.12),
)


@dataclass(frozen=True, kw_only=True)
class DemandMix:
    """Shares of the day's requests; what they leave of 1 are transfers within the city.

    ``same_day_frac`` of the requests are submitted on the day itself, at least ``notice_s`` before the pick-up; the others
    on one of the three days before.
    """

    intercity_frac: float = 0.2
    cross_frac: float = 0.03
    charter_frac: float = 0.09
    two_day_frac: float = 0.2
    rental_frac: float = 0.04
    shareable_frac: float = 0.85
    return_frac: float = 0.35
    group_frac: float = 0.06
    same_day_frac: float = 0.0
    notice_s: int = 5_400


@dataclass(frozen=True, kw_only=True)
class Office:
    """A unit, the area whose fleet serves it, and where its people board."""

    unit: Unit
    area: str
    spot: Spot


@dataclass(frozen=True, kw_only=True)
class RentalPoint:
    """A site with self-drive cars."""

    area: str
    cars: int
    spot: Spot


@dataclass(frozen=True, kw_only=True)
class _Trip:
    """A trip before it has an id, a requester and a decision; seconds count from local midnight of the day."""

    kind: TripKind
    purpose: str
    stops: tuple[tuple[Spot, int, int, int], ...]
    passengers: int
    priority: Priority = Priority.ORDINARY
    shareable: bool = False
    vehicle_kind: VehicleKind | None = None


def build_requests(
    *,
    areas: Sequence[Area],
    offices: Sequence[Office],
    requester_of: Mapping[UnitId, PersonId],
    approver_of: Mapping[str, PersonId],
    rental_points: Sequence[RentalPoint],
    fleet: Sequence[Vehicle],
    count: int,
    day: date,
    mix: DemandMix,
    rng: Random,
) -> tuple[TripRequest, ...]:
    """Generate ``count`` approved requests, ordered by id; each area's number follows its headcount."""
    by_area = {area.code: area for area in areas}
    offices_of: dict[str, list[Office]] = {area.code: [] for area in areas}
    for office in offices:
        offices_of[office.area].append(office)
    seats_of = {
        area.code: max((v.seats for v in fleet if v.region == area.code and v.duty is Duty.POOLED), default=0)
        for area in areas
    }
    urgent_of = {area.code: {v.duty for v in fleet if v.region == area.code} for area in areas}
    maker = _TripMaker(areas=by_area, mix=mix, rng=rng)

    trips: list[tuple[str, Office, _Trip]] = []
    for origin, trip in _rentals(rental_points, offices_of, round(count * mix.rental_frac), rng):
        trips.append((origin.area, origin, trip))
    cross_count = round(count * mix.cross_frac)
    cross = apportion(cross_count, {f"{a}-{b}": share for a, b, share in CROSS_PAIRS if a in by_area and b in by_area})
    for pair, pair_count in sorted(cross.items()):
        for number in range(pair_count):
            here, there = pair.split("-")[:: 1 if number % 2 == 0 else -1]
            office = rng.choice([o for o in offices_of[here] if o.unit.region == here])
            trips.append((here, office, maker.cross(office, by_area[there])))
    rest = count - len(trips)
    weights = {area.code: float(area.employees) for area in areas}
    shares = apportion(rest, weights, at_least=1 if rest >= len(areas) else 0)
    for area in areas:
        for _ in range(shares[area.code]):
            office = rng.choice(offices_of[area.code])
            trips.append((area.code, office, maker.any(office, seats_of[area.code], urgent_of[area.code])))

    midnight = datetime.combine(day, time(), tzinfo=LOCAL_ZONE)
    numbered = sorted(enumerate(trips), key=lambda item: (item[1][2].stops[0][1], item[0]))
    requests: list[TripRequest] = []
    for number, (_, (area_code, office, trip)) in enumerate(numbered, start=1):
        first_s = trip.stops[0][1]
        if rng.random() < mix.same_day_frac and first_s - mix.notice_s - 1_200 > 6 * 3_600:
            submitted_at = midnight + timedelta(seconds=rng.randrange(6 * 3_600, first_s - mix.notice_s - 1_200))
            decided_at = submitted_at + timedelta(seconds=rng.randrange(180, 1_200))
        else:
            office_hour = rng.randrange(9 * 3_600, 17 * 3_600)
            submitted_at = midnight - timedelta(days=rng.choice((1, 1, 2, 3))) + timedelta(seconds=office_hour)
            decided_at = submitted_at + timedelta(seconds=rng.randrange(600, 10_800))
        requests.append(
            TripRequest(
                id=RequestId(f"R-{day:%Y%m%d}-{number:04d}"),
                unit_id=office.unit.id,
                region=RegionCode(office.unit.region),
                requester_id=requester_of[office.unit.id],
                kind=trip.kind,
                purpose=trip.purpose,
                passengers=trip.passengers,
                stops=tuple(
                    TripStop(
                        name=spot.name,
                        lon_wgs84=spot.lon_wgs84,
                        lat_wgs84=spot.lat_wgs84,
                        earliest_at=midnight + timedelta(seconds=earliest_s),
                        latest_at=midnight + timedelta(seconds=latest_s),
                        service_s=service_s,
                    )
                    for spot, earliest_s, latest_s, service_s in trip.stops
                ),
                submitted_at=submitted_at,
                priority=trip.priority,
                shareable=trip.shareable,
                vehicle_kind=trip.vehicle_kind,
                state=RequestState.APPROVED,
                approver_id=approver_of[area_code],
                decided_at=decided_at,
            )
        )
    return tuple(requests)


def _minutes(value: float, step: int = 5) -> int:
    """Seconds, rounded to whole steps of minutes."""
    return round(value / (60 * step)) * 60 * step


class _TripMaker:
    """Draws single trips; ``slow`` roads of the western mountains get twice the time."""

    def __init__(self, *, areas: Mapping[str, Area], mix: DemandMix, rng: Random) -> None:
        self.areas = areas
        self.mix = mix
        self.rng = rng

    def drive_s(self, a: Spot, b: Spot, area: Area) -> int:
        """A generous guess of the drive: crow-fly x 1.4 at 45 km/h (22 km/h in the areas exempt by R020) plus 10 min."""
        speed_mps = 6.0 if area.code in NEV_EXEMPT else 12.5
        return int(crow_m(a, b) * 1.4 / speed_mps) + 600

    def any(self, office: Office, seats: int, duties: set[Duty]) -> _Trip:
        """One request of the area's own mix."""
        draw, mix = self.rng.random(), self.mix
        area = self.areas[office.area]
        own = 1.0 - mix.cross_frac - mix.rental_frac
        if draw < mix.charter_frac / own:
            return self.charter(office, area, two_days=self.rng.random() < mix.two_day_frac)
        if draw < (mix.charter_frac + mix.intercity_frac) / own:
            return self.intercity(office, area)
        return self.city(office, area, seats, duties)

    def departure_s(self) -> int:
        """Pick-up times crowd before nine and before half past two."""
        peak = self.rng.random()
        if peak < 0.38:
            raw = self.rng.triangular(7.5, 11.0, 8.6)
        elif peak < 0.70:
            raw = self.rng.triangular(13.0, 16.5, 14.2)
        else:
            raw = self.rng.uniform(8.5, 18.0)
        return _minutes(raw * 3_600)

    def transfer(
        self,
        origin: Spot,
        goal: Spot,
        area: Area,
        *,
        purpose: str,
        wait_s: int,
        latest_departure_s: int,
        passengers: int | None = None,
        priority: Priority = Priority.ORDINARY,
        shareable: bool | None = None,
    ) -> _Trip:
        guess_s = self.drive_s(origin, goal, area)
        depart_s = min(self.departure_s(), latest_departure_s)
        return _Trip(
            kind=TripKind.TRANSFER,
            purpose=purpose,
            stops=(
                (origin, depart_s, depart_s + wait_s, 60),
                (goal, depart_s, depart_s + wait_s + 2 * guess_s + 1_800, 60),
            ),
            passengers=passengers or self.rng.choices((1, 2, 3, 4), (35, 35, 18, 12))[0],
            priority=priority,
            shareable=self.rng.random() < self.mix.shareable_frac if shareable is None else shareable,
        )

    def city(self, office: Office, area: Area, seats: int, duties: set[Duty]) -> _Trip:
        """Within some 15 km of a seat: to a facility of the same county, or from there back."""
        county = min(area.counties, key=lambda c: (crow_m(c.seat, office.spot), c.code))
        origin, goal = office.spot, self.rng.choice((county.seat, *county.facilities))
        if crow_m(origin, goal) < 1_000:
            goal = max(county.facilities, key=lambda f: (crow_m(origin, f), f.name))
        if self.rng.random() < self.mix.return_frac:
            origin, goal = goal, origin
        draw = self.rng.random()
        if draw < 0.012 and Duty.CONFIDENTIAL in duties:
            return self.transfer(
                origin,
                goal,
                area,
                purpose=PURPOSE_CONFIDENTIAL,
                wait_s=1_800,
                latest_departure_s=61_200,
                passengers=1,
                priority=Priority.CONFIDENTIAL,
                shareable=False,
            )
        if draw > 0.99:
            return self.transfer(
                origin,
                goal,
                area,
                purpose=PURPOSE_EMERGENCY,
                wait_s=900,
                latest_departure_s=61_200,
                passengers=3,
                priority=Priority.EMERGENCY,
                shareable=False,
            )
        if draw > 0.99 - self.mix.group_frac and seats > 6:
            return self.transfer(
                origin,
                goal,
                area,
                purpose=PURPOSE_EVENT,
                wait_s=1_800,
                latest_departure_s=57_600,
                passengers=self.rng.randrange(5, min(seats, 24) + 1),
                priority=Priority.EVENT,
            )
        wait_s = self.rng.choice((900, 1_200, 1_800))
        return self.transfer(
            origin, goal, area, purpose=self.rng.choice(PURPOSES), wait_s=wait_s, latest_departure_s=64_800
        )

    def intercity(self, office: Office, area: Area) -> _Trip:
        """To a county 20 to 110 km away in the same prefecture or a neighbouring area, or from there back."""
        goals = [c.seat for c in area.counties] + [a.seat for a in self.areas.values() if a.code != area.code]
        limit_m = 70_000 if area.code in NEV_EXEMPT else 110_000
        near = [goal for goal in goals if 20_000 < crow_m(office.spot, goal) < limit_m]
        if not near:
            near = [min((g for g in goals if crow_m(office.spot, g) > 5_000), key=lambda g: crow_m(office.spot, g))]
        goal = self.rng.choice(near)
        origin = office.spot
        if self.rng.random() < self.mix.return_frac:
            origin, goal = goal, origin
        return self.transfer(
            origin,
            goal,
            area,
            purpose=self.rng.choice(PURPOSES),
            wait_s=self.rng.choice((1_800, 2_700)),
            latest_departure_s=52_200,
        )

    def cross(self, office: Office, there: Area) -> _Trip:
        """Over the provincial border to the partner's compound or one of its facilities, or from there back."""
        county = min(there.counties, key=lambda c: (crow_m(c.seat, there.seat), c.code))
        origin, goal = office.spot, self.rng.choice((there.seat, there.seat, *county.facilities))
        if self.rng.random() < self.mix.return_frac:
            origin, goal = goal, origin
        return self.transfer(
            origin, goal, there, purpose=self.rng.choice(PURPOSES_CROSS), wait_s=2_700, latest_departure_s=54_000
        )

    def charter(self, office: Office, area: Area, *, two_days: bool) -> _Trip:
        """A round through one to three places of the area, back to the office, on one day or on two."""
        near = sorted(area.counties, key=lambda c: (crow_m(c.seat, office.spot), c.code))[: 4 if not two_days else 6]
        reach_m = 35_000 if area.code in NEV_EXEMPT else 60_000
        places = [f for c in near for f in c.facilities if crow_m(f, office.spot) < reach_m] or [near[0].seat]
        visits = self.rng.sample(places, min(len(places), self.rng.choice((1, 2, 2, 3))))
        start_s = _minutes(self.rng.uniform(8.5, 10.0) * 3_600)
        stops: list[tuple[Spot, int, int, int]] = [(office.spot, start_s, start_s + 1_800, 120)]
        at_s, here = start_s, office.spot
        for number, visit in enumerate(visits):
            if two_days and number == len(visits) - 1:
                at_s = 86_400 + 9 * 3_600
                stops.append((visit, at_s, at_s + 3 * 3_600, 3_600))
                at_s += 3_600
            else:
                at_s += self.drive_s(here, visit, area) // 2
                stops.append((visit, _minutes(at_s), _minutes(at_s) + 3 * 3_600, 2_400))
                at_s += 2_400
            here = visit
        earliest_s = _minutes(at_s)
        latest_s = earliest_s + self.drive_s(here, office.spot, area) + 3 * 3_600
        stops.append((office.spot, earliest_s, latest_s, 120))
        return _Trip(
            kind=TripKind.CHARTER,
            purpose=self.rng.choice(PURPOSES_CHARTER),
            stops=tuple(stops),
            passengers=self.rng.choices((2, 3, 4), (30, 40, 30))[0],
        )


def _rentals(
    points: Sequence[RentalPoint], offices_of: Mapping[str, Sequence[Office]], count: int, rng: Random
) -> list[tuple[Office, _Trip]]:
    """Self-drive rentals: taken at a rental point for two to six hours; between Suining and Tongnan some end at the other."""
    if not points:
        return []
    one_way = {"510900": "500152", "500152": "510900"}
    trips: list[tuple[Office, _Trip]] = []
    shares = apportion(count, {f"{number:03d}": float(point.cars) for number, point in enumerate(points)})
    for number, point in enumerate(points):
        for _ in range(shares[f"{number:03d}"]):
            start_s = _minutes(rng.choice((rng.uniform(8.0, 10.0), rng.uniform(13.0, 15.0))) * 3_600)
            length_s = _minutes(rng.uniform(2.0, 4.0) * 3_600)
            goal = point.spot
            partners = [p for p in points if p.area == one_way.get(point.area)]
            if partners and rng.random() < 0.4:
                goal = partners[0].spot
            trips.append(
                (
                    rng.choice([o for o in offices_of[point.area] if o.unit.region == point.area]),
                    _Trip(
                        kind=TripKind.RENTAL,
                        purpose=rng.choice(PURPOSES),
                        stops=(
                            (point.spot, start_s, start_s + 1_800, 300),
                            (goal, start_s + length_s, start_s + length_s + 5_400, 300),
                        ),
                        passengers=rng.choices((1, 2, 3, 4), (40, 30, 20, 10))[0],
                    ),
                )
            )
    return trips

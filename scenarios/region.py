"""The demo region: offices, sites, vehicles, drivers and accounts of Sichuan and Chongqing, generated from the fact tables.

Fleets are proportional to the headcount of public administration (census of 2020); everything finer than that, every
person and every number plate, is invented by a seeded generator. The same seed gives the same documents to the byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from random import Random

from fleet.agreements import Agreement
from fleet.drivers import Driver, Shift
from fleet.ids import DriverId, PersonId, RegionCode, RequestId, SiteId, UnitId, VehicleId
from fleet.people import Person, Role
from fleet.requests import RequestState, TripRequest
from fleet.sites import ChargeGroup, Site
from fleet.units import Level, Unit
from fleet.vehicles import Battery, Duty, Energy, Vehicle, VehicleKind
from scenarios.areas import (
    CHONGQING,
    NEV_EXEMPT,
    SICHUAN,
    Area,
    PlaceFact,
    Spot,
    apportion,
    build_areas,
    crow_m,
    offset,
)
from scenarios.demand import DemandMix, Office, RentalPoint, build_requests
from scenarios.naming import OFFICES, person_name, plate
from scenarios.paper import build_agreements, with_car_parks, with_papers, with_quotas
from scenarios.places import load_places

#: Regions whose sign-in is offered on the demo's first page, one account per role (see ``DemoRegion.featured``).
FEATURED_REGIONS = ("510900", "500152", "510100")

_PROVINCE_UNITS = {SICHUAN: "四川省机关事务管理局", CHONGQING: "重庆市机关事务管理局"}
_HOURS = 3_600
_SHIFTS = ((8, 18), (7, 17), (8, 18), (9, 19), (8, 18), (7, 17), (11, 21))


@dataclass(frozen=True, kw_only=True)
class _Model:
    kind: VehicleKind
    energy: Energy
    profile: str
    seats: int
    battery: Battery | None = None


# Battery sizes and charging powers are round values within the range of the public specifications of cars on sale
# (open-ev-data, 2024); a plug-in hybrid is planned on its fuel consumption, so it carries no battery here.
_BEV = {
    VehicleKind.SEDAN: Battery(capacity_wh=60_000, charge_wh=60_000, max_ac_w=7_000, max_dc_w=80_000),
    VehicleKind.SUV: Battery(capacity_wh=75_000, charge_wh=75_000, max_ac_w=7_000, max_dc_w=110_000),
    VehicleKind.MPV: Battery(capacity_wh=90_000, charge_wh=90_000, max_ac_w=11_000, max_dc_w=110_000),
    VehicleKind.MINIBUS: Battery(capacity_wh=110_000, charge_wh=110_000, max_ac_w=11_000, max_dc_w=120_000),
}
MODELS: Mapping[str, _Model] = {
    model.profile: model
    for model in (
        _Model(kind=VehicleKind.SEDAN, energy=Energy.PETROL, profile="sedan_petrol", seats=4),
        _Model(kind=VehicleKind.SUV, energy=Energy.PETROL, profile="suv_petrol", seats=4),
        _Model(kind=VehicleKind.MPV, energy=Energy.PETROL, profile="mpv_petrol", seats=6),
        _Model(kind=VehicleKind.MINIBUS, energy=Energy.DIESEL, profile="minibus_diesel", seats=15),
        _Model(kind=VehicleKind.COACH, energy=Energy.DIESEL, profile="coach_diesel", seats=32),
        _Model(kind=VehicleKind.SEDAN, energy=Energy.PHEV, profile="sedan_phev", seats=4),
        _Model(
            kind=VehicleKind.SEDAN, energy=Energy.BEV, profile="sedan_bev", seats=4, battery=_BEV[VehicleKind.SEDAN]
        ),
        _Model(kind=VehicleKind.SUV, energy=Energy.BEV, profile="suv_bev", seats=4, battery=_BEV[VehicleKind.SUV]),
        _Model(kind=VehicleKind.MPV, energy=Energy.BEV, profile="mpv_bev", seats=6, battery=_BEV[VehicleKind.MPV]),
        _Model(
            kind=VehicleKind.MINIBUS,
            energy=Energy.BEV,
            profile="minibus_bev",
            seats=14,
            battery=_BEV[VehicleKind.MINIBUS],
        ),
    )
}
_COMBUSTION_SHARES = {
    "sedan_petrol": 0.44,
    "suv_petrol": 0.24,
    "mpv_petrol": 0.18,
    "minibus_diesel": 0.09,
    "coach_diesel": 0.05,
}
_NEV_SHARES = {"sedan_bev": 0.45, "sedan_phev": 0.22, "suv_bev": 0.15, "mpv_bev": 0.12, "minibus_bev": 0.06}


@dataclass(frozen=True, kw_only=True)
class DemoRegion:
    """Every document of the demo.

    ``requests`` are approved; ``waiting`` are further ones, one for each area, that still wait for an approver.
    ``agreements`` are the opt-ins and pairs that let offices help each other.
    ``featured`` are the accounts that a sign-in page offers, in that order.
    """

    units: tuple[Unit, ...]
    sites: tuple[Site, ...]
    vehicles: tuple[Vehicle, ...]
    drivers: tuple[Driver, ...]
    persons: tuple[Person, ...]
    requests: tuple[TripRequest, ...]
    waiting: tuple[TripRequest, ...]
    agreements: tuple[Agreement, ...]
    featured: tuple[PersonId, ...]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A region without its trips: what exists there, and :meth:`ask`, which makes up the requests of any day."""

    units: tuple[Unit, ...]
    sites: tuple[Site, ...]
    vehicles: tuple[Vehicle, ...]
    drivers: tuple[Driver, ...]
    persons: tuple[Person, ...]
    featured: tuple[PersonId, ...]
    areas: tuple[Area, ...]
    offices: tuple[Office, ...]
    requester_of: Mapping[UnitId, PersonId]
    approver_of: Mapping[str, PersonId]
    rental_points: tuple[RentalPoint, ...]

    def ask(self, *, day: date, count: int, mix: DemandMix, rng: Random) -> tuple[TripRequest, ...]:
        """Generate ``count`` approved requests of a local day; see :func:`scenarios.demand.build_requests`."""
        return build_requests(
            areas=self.areas,
            offices=self.offices,
            requester_of=self.requester_of,
            approver_of=self.approver_of,
            rental_points=self.rental_points,
            fleet=self.vehicles,
            count=count,
            day=day,
            mix=mix,
            rng=rng,
        )


def build_ground(
    seed: int,
    *,
    vehicles: int = 400,
    sites: int = 60,
    nev_frac: float = 0.3,
    within: Sequence[str] = (),
    password_hash: str = "",
    places: Sequence[PlaceFact] | None = None,
) -> Ground:
    """Generate a region without trips; the numbers are shared out among the areas ``within``, by default all 59.

    Raises
    ------
    ValueError
        If fewer vehicles or sites are asked for than there are areas, or an area in ``within`` is unknown.
    """
    areas = build_areas(load_places() if places is None else places, Random(f"{seed}/areas"))
    if within:
        unknown = sorted(set(within) - {area.code for area in areas})
        if unknown:
            raise ValueError(
                f"within = {unknown}: not among the {len(areas)} areas (prefectures, districts of Chongqing)"
            )
        areas = tuple(area for area in areas if area.code in within)
    fleet_sizes = apportion(vehicles, {area.code: float(area.employees) for area in areas}, at_least=1)
    site_counts = apportion(sites, {area.code: float(area.employees) for area in areas}, at_least=1)
    offices = _offices(areas, fleet_sizes, Random(f"{seed}/units"))
    site_spots = _sites(areas, site_counts, fleet_sizes, Random(f"{seed}/sites"))
    sites_by_area: dict[str, list[Site]] = {area.code: [] for area in areas}
    for site in site_spots:
        sites_by_area[site.region].append(site)
    fleet = _vehicles(areas, fleet_sizes, offices, sites_by_area, nev_frac, Random(f"{seed}/vehicles"))
    drivers = _drivers(fleet, Random(f"{seed}/drivers"))
    persons, featured = _persons(areas, offices, drivers, password_hash, Random(f"{seed}/persons"))
    persons_by_unit: dict[UnitId, PersonId] = {}
    approver_by_area: dict[str, PersonId] = {}
    for person in persons:
        if Role.REQUESTER in person.roles and person.unit_id is not None:
            persons_by_unit.setdefault(person.unit_id, person.id)
        if Role.APPROVER in person.roles:
            approver_by_area.setdefault(person.region, person.id)
    rental_sites = {vehicle.home_site_id for vehicle in fleet if vehicle.self_drive}
    site_spots = tuple(replace(site, rental_point=site.id in rental_sites) for site in site_spots)
    province_units = tuple(
        Unit(id=UnitId(f"U-{code}-01"), name=name, region=RegionCode(code), level=Level.PROVINCE)
        for code, name in sorted(_PROVINCE_UNITS.items())
    )
    return Ground(
        units=(*province_units, *(office.unit for office in offices)),
        sites=site_spots,
        vehicles=fleet,
        drivers=drivers,
        persons=persons,
        featured=featured,
        areas=tuple(areas),
        offices=offices,
        requester_of=persons_by_unit,
        approver_of=approver_by_area,
        rental_points=tuple(
            RentalPoint(
                area=site.region,
                cars=sum(1 for v in fleet if v.self_drive and v.home_site_id == site.id),
                spot=Spot(name=site.name, county=site.region, lon_wgs84=site.lon_wgs84, lat_wgs84=site.lat_wgs84),
            )
            for site in site_spots
            if site.id in rental_sites
        ),
    )


def build_demo(
    seed: int,
    *,
    day: date,
    vehicles: int = 400,
    requests: int = 1_200,
    sites: int = 60,
    nev_frac: float = 0.3,
    mix: DemandMix | None = None,
    password_hash: str = "",
    places: Sequence[PlaceFact] | None = None,
) -> DemoRegion:
    """Generate the demo region.

    Parameters
    ----------
    seed : int
        Equal seeds (and equal other arguments) give equal documents.
    day : date
        The local day (Asia/Shanghai) of the requests.
    vehicles, requests, sites : int
        How many of each; every one of the 59 areas has at least one vehicle and one site.
    nev_frac : float
        Share of new-energy vehicles in the whole fleet; the areas exempt by rule R020 get a third of the others' share.
    mix : DemandMix, optional
        Shares of the trip types.
    password_hash : str
        Put into every account, because one hash of one demo password serves them all.
    places : sequence of PlaceFact, optional
        Both provinces with their prefectures, districts and counties; by default the built-in table.

    Raises
    ------
    ValueError
        If fewer vehicles or sites are asked for than there are areas.
    """
    ground = build_ground(
        seed, vehicles=vehicles, sites=sites, nev_frac=nev_frac, password_hash=password_hash, places=places
    )
    fleet = with_papers(ground.vehicles, day, Random(f"{seed}/purchases"))
    shares = mix or DemandMix()
    trips = ground.ask(day=day, count=requests, mix=shares, rng=Random(f"{seed}/requests"))
    asked = ground.ask(
        day=day,
        count=len(ground.areas),
        mix=replace(shares, rental_frac=0.0, cross_frac=0.0, same_day_frac=0.0),
        rng=Random(f"{seed}/waiting"),
    )
    return DemoRegion(
        units=with_quotas(ground.units, fleet, Random(f"{seed}/quotas")),
        sites=with_car_parks(ground.sites, Random(f"{seed}/car parks")),
        vehicles=fleet,
        drivers=ground.drivers,
        persons=ground.persons,
        requests=trips,
        waiting=tuple(
            replace(
                trip,
                id=RequestId(f"{trip.id}-W"),
                state=RequestState.SUBMITTED,
                approver_id=None,
                decided_at=None,
            )
            for trip in asked
        ),
        agreements=build_agreements(day),
        featured=ground.featured,
    )


def _offices(areas: Sequence[Area], fleet_sizes: Mapping[str, int], rng: Random) -> tuple[Office, ...]:
    """Offices of each area; every fourth one of a prefecture belongs to one of its counties within 70 km of the seat."""
    offices: list[Office] = []
    for area in areas:
        count = min(max(2, round(fleet_sizes[area.code] * 0.7)), len(OFFICES))
        compound = area.seat.name
        level = Level.PREFECTURE if area.province == SICHUAN else Level.COUNTY
        head = UnitId(f"U-{area.code}-01")
        for number, name in enumerate(OFFICES[:count], start=1):
            in_compound = number <= 2 or rng.random() < 0.55
            where = (
                area.seat
                if in_compound
                else offset(rng, area.seat, name=area.name + name, nearest_m=500, usual_m=1_500, farthest_m=5_000)
            )
            unit = Unit(
                id=UnitId(f"U-{area.code}-{number:02d}"),
                name=area.name + name,
                region=RegionCode(area.code),
                level=level,
                compound=compound if in_compound else None,
                parent_id=UnitId(f"U-{area.province}-01") if number == 1 else head,
            )
            offices.append(Office(unit=unit, area=area.code, spot=where))
        if area.province != SICHUAN:
            continue
        near = [c for c in area.counties if 8_000 < crow_m(c.seat, area.seat) < 70_000]
        chosen = rng.sample(near, min(len(near), max(1, count // 4)))
        for county in sorted(chosen, key=lambda c: c.code):
            unit = Unit(
                id=UnitId(f"U-{county.code}-01"),
                name=f"{county.name}机关事务服务中心",
                region=RegionCode(county.code),
                level=Level.COUNTY,
                compound=f"{county.name}行政中心",
                parent_id=head,
            )
            offices.append(Office(unit=unit, area=area.code, spot=county.seat))
    return tuple(offices)


def _sites(
    areas: Sequence[Area], site_counts: Mapping[str, int], fleet_sizes: Mapping[str, int], rng: Random
) -> tuple[Site, ...]:
    """The first site of an area lies at its compound; each has alternating and direct current points."""
    sites: list[Site] = []
    for area in areas:
        for number in range(1, site_counts[area.code] + 1):
            where = (
                area.seat
                if number == 1
                else offset(rng, area.seat, name="", nearest_m=4_000, usual_m=8_000, farthest_m=14_000)
            )
            cars = fleet_sizes[area.code] / site_counts[area.code]
            slow, fast = max(2, round(cars * 0.25)), max(1, round(cars * 0.08))
            fast_w = rng.choice((60_000, 120_000))
            label = f"第{'一二三四五六七八九'[number - 1]}公务用车服务点" if number < 10 else f"公务用车服务点{number}"
            sites.append(
                Site(
                    id=SiteId(f"S-{area.code}-{number:02d}"),
                    name=area.name + label,
                    region=RegionCode(area.code),
                    unit_id=UnitId(f"U-{area.code}-01"),
                    lon_wgs84=where.lon_wgs84,
                    lat_wgs84=where.lat_wgs84,
                    charge_groups=(
                        ChargeGroup(points=slow, power_w=7_000, dc=False),
                        ChargeGroup(points=fast, power_w=fast_w, dc=True),
                    ),
                    site_power_w=slow * 7_000 + max(1, round(fast * 0.7)) * fast_w,
                    price_fen_per_kwh=rng.choice((68, 75, 82, 90)),
                    rental_point=False,
                )
            )
    return tuple(sites)


def _vehicles(
    areas: Sequence[Area],
    fleet_sizes: Mapping[str, int],
    offices: Sequence[Office],
    sites_by_area: Mapping[str, list[Site]],
    nev_frac: float,
    rng: Random,
) -> tuple[Vehicle, ...]:
    total = sum(fleet_sizes.values())
    nev_count = round(total * nev_frac)
    weights = {code: size * (1 / 3 if code in NEV_EXEMPT else 1.0) for code, size in fleet_sizes.items()}
    nev_of = {code: min(share, fleet_sizes[code]) for code, share in apportion(nev_count, weights).items()}
    nev_profiles = _deck(_NEV_SHARES, sum(nev_of.values()), rng)
    burning_profiles = _deck(_COMBUSTION_SHARES, total - sum(nev_of.values()), rng)
    rental_of = _rental_shares(fleet_sizes, nev_of, total)
    plates: set[str] = set()
    vehicles: list[Vehicle] = []
    for area in areas:
        size, nevs, rentals = fleet_sizes[area.code], nev_of[area.code], rental_of.get(area.code, 0)
        own = [office for office in offices if office.unit.region == area.code]
        profiles = ["sedan_bev"] * rentals
        for _ in range(nevs - rentals):
            profiles.append(nev_profiles.pop())
        for _ in range(size - len(profiles)):
            profiles.append(burning_profiles.pop())
        for number, profile in enumerate(profiles, start=1):
            model, rental = MODELS[profile], number <= rentals
            unit = own[0].unit if rental or number % 2 else own[(number // 2) % len(own)].unit
            homes = sites_by_area[area.code]
            home = homes[(number - 1) % len(homes)]
            battery = model.battery and replace(
                model.battery, charge_wh=int(model.battery.capacity_wh * rng.randrange(60, 101) / 100)
            )
            duty = Duty.RENTAL if rental else Duty.POOLED
            if not rental and size >= 10 and number == size:
                duty = Duty.EMERGENCY
            elif not rental and size >= 10 and number == size - 1:
                duty = Duty.CONFIDENTIAL
            vehicles.append(
                Vehicle(
                    id=VehicleId(f"V-{area.code}-{number:03d}"),
                    plate=_unused_plate(rng, area.code, model, plates),
                    unit_id=unit.id,
                    region=RegionCode(area.code),
                    home_site_id=home.id,
                    kind=model.kind,
                    energy=model.energy,
                    seats=model.seats,
                    profile=profile,
                    duty=duty,
                    self_drive=rental,
                    battery=battery,
                    equipment=frozenset({"four_wheel_drive"})
                    if model.kind is VehicleKind.SUV and not model.energy.is_nev
                    else frozenset(),
                    odometer_m=rng.randrange(5_000, 180_000) * 1_000,
                )
            )
    return tuple(vehicles)


def _deck(shares: Mapping[str, float], count: int, rng: Random) -> list[str]:
    """``count`` profile names in exact proportion, shuffled."""
    deck = [name for name, copies in sorted(apportion(count, shares).items()) for _ in range(copies)]
    rng.shuffle(deck)
    return deck


def _rental_shares(fleet_sizes: Mapping[str, int], nev_of: Mapping[str, int], total: int) -> dict[str, int]:
    """Self-drive cars: 6 % of the fleet, in Suining and Tongnan (for trips one way) and in the largest fleets."""
    wanted = round(total * 0.06)
    order = ["510900", "500152", *sorted(fleet_sizes, key=lambda code: (-fleet_sizes[code], code))[:9]]
    shares: dict[str, int] = {}
    while wanted > 0:
        before = wanted
        for code in dict.fromkeys(order):
            if code in nev_of and wanted > 0 and shares.get(code, 0) < min(nev_of[code], fleet_sizes[code] // 2):
                shares[code] = shares.get(code, 0) + 1
                wanted -= 1
        if wanted == before:
            break
    return shares


def _unused_plate(rng: Random, area: str, model: _Model, taken: set[str]) -> str:
    large = model.kind in (VehicleKind.MINIBUS, VehicleKind.COACH)
    while True:
        candidate = plate(rng, area, energy=model.energy.value, large=large)
        if candidate not in taken:
            taken.add(candidate)
            return candidate


def _licence(kind: VehicleKind) -> str:
    """The class that the vehicle needs (GA/T 16): C1 up to 9 seats, B1 up to 19, A1 above, the driver's seat included."""
    return {VehicleKind.MINIBUS: "B1", VehicleKind.COACH: "A1"}.get(kind, "C1")


def _drivers(fleet: Sequence[Vehicle], rng: Random) -> tuple[Driver, ...]:
    """One driver for each vehicle that is not rented out, at the vehicle's site, with its licence class."""
    drivers: list[Driver] = []
    for vehicle in fleet:
        if vehicle.self_drive:
            continue
        begin, end = _SHIFTS[len(drivers) % len(_SHIFTS)]
        drivers.append(
            Driver(
                id=DriverId(vehicle.id.replace("V-", "D-", 1)),
                name=person_name(rng),
                unit_id=vehicle.unit_id,
                region=vehicle.region,
                home_site_id=vehicle.home_site_id,
                licence=_licence(vehicle.kind),
                shift=Shift(start_s=begin * _HOURS, end_s=end * _HOURS),
                overtime_consent_on=date(2026, 1, 1) if len(drivers) % 4 else None,
                phone=f"199{rng.randrange(10**8):08d}",
                person_id=PersonId(vehicle.id.replace("V-", "P-driver-", 1)),
            )
        )
    return tuple(drivers)


def _persons(
    areas: Sequence[Area], offices: Sequence[Office], drivers: Sequence[Driver], password_hash: str, rng: Random
) -> tuple[tuple[Person, ...], tuple[PersonId, ...]]:
    """Accounts: requesters per office, an approver and a dispatcher per area, drivers, and one of each wider role."""
    persons: dict[str, Person] = {}

    def add(login: str, role: Role, region: str, unit_id: UnitId | None, *, driver: Driver | None = None) -> None:
        persons[login] = Person(
            id=PersonId(f"P-{login}"),
            login=login,
            name=driver.name if driver else person_name(rng),
            roles=frozenset({role}),
            unit_id=unit_id,
            region=RegionCode(region),
            driver_id=driver.id if driver else None,
            password_hash=password_hash,
        )

    for office in offices:
        add(f"requester-{office.unit.id[2:]}", Role.REQUESTER, office.unit.region, office.unit.id)
    for area in areas:
        add(f"approver-{area.code}", Role.APPROVER, area.code, UnitId(f"U-{area.code}-02"))
        add(f"dispatcher-{area.code}", Role.DISPATCHER, area.code, UnitId(f"U-{area.code}-01"))
    for province in (CHONGQING, SICHUAN):
        for role in (Role.DISPATCHER, Role.PLANNER, Role.AUDITOR):
            add(f"{role.value}-{province}", role, province, UnitId(f"U-{province}-01"))
    add("admin", Role.ADMIN, "", None)
    for driver in drivers:
        add(f"driver-{driver.id[2:]}", Role.DRIVER, driver.region, driver.unit_id, driver=driver)
    featured = [f"dispatcher-{SICHUAN}", f"dispatcher-{CHONGQING}"]
    for region in FEATURED_REGIONS:
        featured += [f"requester-{region}-02", f"approver-{region}", f"dispatcher-{region}"]
        featured += [f"driver-{driver.id[2:]}" for driver in drivers if driver.region == region][:1]
    featured += [f"planner-{SICHUAN}", f"auditor-{SICHUAN}", "admin"]
    return tuple(persons.values()), tuple(persons[login].id for login in featured if login in persons)

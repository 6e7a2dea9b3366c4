"""Other fleets made from a given one. The number of vehicles never grows (rule R033)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from random import Random

from fleet.sites import ChargeGroup, Site
from fleet.vehicles import Duty, Vehicle
from scenarios.areas import apportion
from scenarios.region import MODELS
from scenarios.scenario import FleetChoice

#: Which battery model takes the place of which combustion model; a large coach has no counterpart in the catalogue.
BATTERY_COUNTERPART = {
    "sedan_petrol": "sedan_bev",
    "suv_petrol": "suv_bev",
    "mpv_petrol": "mpv_bev",
    "minibus_diesel": "minibus_bev",
}

#: Charge at the start of the replay, as after a night at the depot.
START_FRAC = 0.9

#: What a simulated new point delivers: alternating current, the usual wall box (assumption).
_SLOW_W = 7_000
_FAST_W = 60_000


def choose(
    vehicles: Sequence[Vehicle], sites: Sequence[Site], choice: FleetChoice, *, seed: int
) -> tuple[tuple[Vehicle, ...], tuple[Site, ...]]:
    """Return the fleet and the sites that a choice describes.

    Raises
    ------
    ValueError
        If more is to be replaced than has a battery counterpart, or the stock asks for more than there is.
    """
    if choice.stock:
        return restock(vehicles, choice.stock), place_points(sites, choice.points) if choice.points else tuple(sites)
    kept = keep(vehicles, share_frac=choice.keep_frac, seed=seed)
    if choice.nev_frac is None:
        kept = replace_combustion(kept, share_frac=choice.replace_combustion_frac, seed=seed)
    else:
        kept = reach_nev(kept, nev_frac=choice.nev_frac, seed=seed)
    if choice.points_per_nev is None:
        return kept, tuple(sites)
    return kept, scale_points(sites, kept, points_per_nev=choice.points_per_nev)


def replace_combustion(fleet: Sequence[Vehicle], *, share_frac: float, seed: int) -> tuple[Vehicle, ...]:
    """Replace a share of the combustion vehicles by battery vehicles of the same kind, drawn by ``seed``.

    The share counts all combustion vehicles, also those without a counterpart; ids, plates, units and sites stay, so that the
    two fleets can be compared vehicle by vehicle. A battery minibus has one seat less. A larger share replaces the same
    vehicles as a smaller one, and more.

    Raises
    ------
    ValueError
        If the share is not within 0..1, or larger than what has a counterpart.
    """
    if not 0 <= share_frac <= 1:
        raise ValueError(f"share_frac = {share_frac}: 0 to 1")
    burning = sorted((v.id for v in fleet if not v.energy.is_nev), key=str)
    return _replace_count(fleet, round(len(burning) * share_frac), seed=seed)


def reach_nev(fleet: Sequence[Vehicle], *, nev_frac: float, seed: int) -> tuple[Vehicle, ...]:
    """Replace as many combustion vehicles as it takes until ``nev_frac`` of the fleet, rounded up, are new-energy vehicles.

    A fleet that has as many already is left as it is.

    Raises
    ------
    ValueError
        If the share is not within 0..1, or cannot be reached with the battery counterparts there are.
    """
    if not 0 <= nev_frac <= 1:
        raise ValueError(f"nev_frac = {nev_frac}: 0 to 1")
    wanted = ceil(len(fleet) * nev_frac - 1e-9) - sum(v.energy.is_nev for v in fleet)
    return _replace_count(fleet, max(0, wanted), seed=seed)


def _replace_count(fleet: Sequence[Vehicle], wanted: int, *, seed: int) -> tuple[Vehicle, ...]:
    able = sorted((v.id for v in fleet if v.profile in BATTERY_COUNTERPART), key=str)
    if wanted > len(able):
        raise ValueError(f"{wanted} vehicles to replace, only {len(able)} have a battery counterpart")
    order = Random(f"{seed}/mix").sample(able, len(able))
    chosen = set(order[:wanted])
    return tuple(electric(vehicle) if vehicle.id in chosen else vehicle for vehicle in fleet)


def electric(vehicle: Vehicle) -> Vehicle:
    """The vehicle with its battery counterpart in its place.

    Raises
    ------
    KeyError
        If there is none (a large coach, or an electric vehicle already).
    """
    model = MODELS[BATTERY_COUNTERPART[vehicle.profile]]
    if model.battery is None:
        raise ValueError(f"{model.profile} has no battery")
    return replace(
        vehicle,
        energy=model.energy,
        profile=model.profile,
        seats=min(vehicle.seats, model.seats),
        battery=replace(model.battery, charge_wh=int(model.battery.capacity_wh * START_FRAC)),
    )


def keep(fleet: Sequence[Vehicle], *, share_frac: float, seed: int) -> tuple[Vehicle, ...]:
    """Keep a share of the pooled vehicles, drawn by ``seed``; those of a special duty and of rental all stay."""
    pooled = sorted((v.id for v in fleet if v.duty is Duty.POOLED and not v.self_drive), key=str)
    order = Random(f"{seed}/keep").sample(pooled, len(pooled))
    gone = set(order[: len(fleet) - max(1, round(len(fleet) * share_frac))])
    return tuple(vehicle for vehicle in fleet if vehicle.id not in gone)


def is_free(vehicle: Vehicle) -> bool:
    """Whether a vehicle's model is a planner's to choose: pooled, with a driver, not of a special duty."""
    return vehicle.duty is Duty.POOLED and not vehicle.self_drive


def as_profile(vehicle: Vehicle, profile: str) -> Vehicle:
    """The vehicle as another model of its kind, charged as after a night at home.

    Raises
    ------
    ValueError
        If the model is of another kind.
    """
    model = MODELS[profile]
    if model.kind is not vehicle.kind:
        raise ValueError(f"{profile} is no {vehicle.kind}")
    battery = model.battery
    if battery is not None:
        battery = replace(battery, charge_wh=int(battery.capacity_wh * START_FRAC))
    return replace(
        vehicle, energy=model.energy, profile=profile, seats=min(vehicle.seats, model.seats), battery=battery
    )


def restock(fleet: Sequence[Vehicle], stock: Sequence[tuple[str, str, int]]) -> tuple[Vehicle, ...]:
    """Give every site so many pooled vehicles of each profile; vehicles stay what they are where they can, others change.

    What a site has beyond the stock of a kind is let go; vehicles that are not a planner's to choose all stay.

    Raises
    ------
    ValueError
        If a site is to have more vehicles of a kind than it has (R033), or a profile is unknown.
    """
    wanted: dict[tuple[str, str], list[str]] = {}
    for site_id, profile, count in sorted(stock):
        if profile not in MODELS:
            raise ValueError(f"stock: {profile} is no model; there are {', '.join(sorted(MODELS))}")
        wanted.setdefault((site_id, MODELS[profile].kind), []).extend([profile] * count)
    present: dict[tuple[str, str], list[Vehicle]] = {}
    for vehicle in sorted(fleet, key=lambda v: v.id):
        if is_free(vehicle):
            present.setdefault((vehicle.home_site_id, vehicle.kind), []).append(vehicle)
    changed: dict[str, Vehicle] = {}
    for key, profiles in sorted(wanted.items()):
        here, left = list(present.get(key, [])), list(profiles)
        if len(left) > len(here):
            raise ValueError(f"stock: {len(left)} {key[1]} at {key[0]}, there are {len(here)} (R033)")
        for vehicle in list(here):
            if vehicle.profile in left:
                left.remove(vehicle.profile)
                here.remove(vehicle)
                changed[vehicle.id] = vehicle
        for vehicle, profile in zip(here, left, strict=False):
            changed[vehicle.id] = as_profile(vehicle, profile)
    kept = (changed.get(vehicle.id) if is_free(vehicle) else vehicle for vehicle in fleet)
    return tuple(vehicle for vehicle in kept if vehicle is not None)


def place_points(sites: Sequence[Site], points: Sequence[tuple[str, int, int]]) -> tuple[Site, ...]:
    """Give the named sites so many slow and fast charge points; their power limit grows where the points need it."""
    of_site = {site_id: (slow, fast) for site_id, slow, fast in points}
    found = []
    for site in sites:
        if site.id not in of_site:
            found.append(site)
            continue
        slow, fast = of_site[site.id]
        fast_w = next((group.power_w for group in site.charge_groups if group.dc), _FAST_W)
        groups = (
            ChargeGroup(points=slow, power_w=_SLOW_W, dc=False),
            ChargeGroup(points=fast, power_w=fast_w, dc=True),
        )
        # as with the sites of the generated region, seven tenths of the fast points may work at once
        needed_w = slow * _SLOW_W + round(fast * 0.7) * fast_w
        limit_w = None if site.site_power_w is None else max(site.site_power_w, needed_w)
        found.append(replace(site, charge_groups=groups, site_power_w=limit_w))
    return tuple(found)


def scale_points(sites: Sequence[Site], fleet: Sequence[Vehicle], *, points_per_nev: float) -> tuple[Site, ...]:
    """Give the sites so many charge points in all, shared out by the new-energy vehicles at home there.

    Points beyond those that a site has are slow ones, and the limit of its power grows with them; what is too many is taken
    from the slow ones first, then from the fast ones.
    """
    nevs = [vehicle for vehicle in fleet if vehicle.energy.is_nev]
    homes = {str(site.id): float(sum(vehicle.home_site_id == site.id for vehicle in nevs)) for site in sites}
    shares = apportion(round(len(nevs) * points_per_nev), homes) if nevs else dict.fromkeys(homes, 0)
    return tuple(_with_points(site, shares[site.id]) for site in sites)


def _with_points(site: Site, wanted: int) -> Site:
    has = sum(group.points for group in site.charge_groups)
    groups = list(site.charge_groups)
    power_w = site.site_power_w
    if wanted > has:
        slow = next((n for n, group in enumerate(groups) if not group.dc), None)
        if slow is None:
            groups.append(ChargeGroup(points=wanted - has, power_w=_SLOW_W, dc=False))
            added_w = _SLOW_W * (wanted - has)
        else:
            groups[slow] = replace(groups[slow], points=groups[slow].points + wanted - has)
            added_w = groups[slow].power_w * (wanted - has)
        power_w = None if power_w is None else power_w + added_w
    else:
        excess = has - wanted
        for number in sorted(range(len(groups)), key=lambda n: (groups[n].dc, n)):
            cut = min(excess, groups[number].points)
            groups[number] = replace(groups[number], points=groups[number].points - cut)
            excess -= cut
    return replace(site, charge_groups=tuple(groups), site_power_w=power_w)

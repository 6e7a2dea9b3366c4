"""Other fleets made from a given one. The number of vehicles never grows (rule R033)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from fleet.vehicles import Vehicle
from scenarios.region import MODELS

#: Which battery model takes the place of which combustion model; a large coach has no counterpart in the catalogue.
BATTERY_COUNTERPART = {
    "sedan_petrol": "sedan_bev",
    "suv_petrol": "suv_bev",
    "mpv_petrol": "mpv_bev",
    "minibus_diesel": "minibus_bev",
}

#: Charge at the start of the replay, as after a night at the depot.
_START_FRAC = 0.9


def replace_combustion(fleet: Sequence[Vehicle], *, share_frac: float, seed: int) -> tuple[Vehicle, ...]:
    """Replace a share of the combustion vehicles by battery vehicles of the same kind, drawn by ``seed``.

    The share counts all combustion vehicles, also those without a counterpart; ids, plates, units and sites stay, so that the
    two fleets can be compared vehicle by vehicle. A battery minibus has one seat less.

    Raises
    ------
    ValueError
        If the share is not within 0..1, or larger than what has a counterpart.
    """
    if not 0 <= share_frac <= 1:
        raise ValueError(f"share_frac = {share_frac}: 0 to 1")
    burning = sorted((v.id for v in fleet if not v.energy.is_nev), key=str)
    able = sorted((v.id for v in fleet if v.profile in BATTERY_COUNTERPART), key=str)
    wanted = round(len(burning) * share_frac)
    if wanted > len(able):
        raise ValueError(f"{wanted} vehicles to replace, only {len(able)} have a battery counterpart")
    chosen = set(Random(f"{seed}/mix").sample(able, wanted))
    return tuple(_electric(vehicle) if vehicle.id in chosen else vehicle for vehicle in fleet)


def _electric(vehicle: Vehicle) -> Vehicle:
    model = MODELS[BATTERY_COUNTERPART[vehicle.profile]]
    if model.battery is None:
        raise ValueError(f"{model.profile} has no battery")
    return replace(
        vehicle,
        energy=model.energy,
        profile=model.profile,
        seats=min(vehicle.seats, model.seats),
        battery=replace(model.battery, charge_wh=int(model.battery.capacity_wh * _START_FRAC)),
    )

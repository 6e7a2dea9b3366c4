"""What a jurisdiction has and has bought: the counts that the checks of a fleet are made on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fleet.rules.model import RuleView
from fleet.sites import Site
from fleet.units import Population, Unit
from fleet.vehicles import Acquisition, AcquisitionKind, Vehicle

ORGANS = frozenset({Population.ORGAN})
INSTITUTIONS = frozenset({Population.ORGAN, Population.INSTITUTION})
REPLACED = frozenset({AcquisitionKind.REPLACED})
BOUGHT = frozenset({AcquisitionKind.ADDED, AcquisitionKind.REPLACED})


@dataclass(frozen=True, kw_only=True)
class Purchase:
    vehicle: Vehicle
    unit: Unit
    acquisition: Acquisition


@dataclass(frozen=True, kw_only=True)
class Area:
    """What one jurisdiction has."""

    view: RuleView
    vehicles: Sequence[tuple[Vehicle, Unit]]
    purchases: Sequence[Purchase]
    sites: Sequence[Site]
    units: Sequence[Unit]


def is_exempt(view: RuleView) -> bool:
    """Whether the region is one of the four that R020 exempts from the NEV share and the charger ratio."""
    return view.find("R020.exempt_areas") is not None


def period_of(view: RuleView, key: str) -> tuple[date, date]:
    """First and last day that a cumulative share counts: its plan period, or what follows a period that is over."""
    value = view.get(key)
    if value.to_day is not None and value.to_day < view.day:
        return value.to_day + timedelta(days=1), view.day
    return value.from_day, view.day


def select(
    purchases: Iterable[Purchase],
    populations: frozenset[Population],
    kinds: frozenset[AcquisitionKind],
    first: date,
    last: date,
) -> list[Purchase]:
    return [
        own
        for own in purchases
        if own.unit.population in populations and own.acquisition.kind in kinds and first <= own.acquisition.on <= last
    ]


def split_by_drive(purchases: Iterable[Purchase]) -> dict[str, int]:
    """New-energy purchases by drive train, so that a plan of plug-in hybrids only is visible (R031)."""
    counted = Counter(own.vehicle.energy.value for own in purchases if own.vehicle.energy.is_nev)
    return dict(sorted(counted.items()))

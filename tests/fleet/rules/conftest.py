"""A book, views of it, and nouns with the fields that a rule asks about."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from fleet.ids import RegionCode, SiteId, UnitId, VehicleId
from fleet.rules.load import load
from fleet.rules.model import RuleBook
from fleet.sites import ChargeGroup, Site
from fleet.units import Level, Unit
from fleet.vehicles import Acquisition, AcquisitionKind, Battery, Energy, Vehicle, VehicleKind

IN_PLAN = date(2025, 6, 30)
AFTER_PLAN = date(2026, 3, 2)


@pytest.fixture(scope="session")
def book() -> RuleBook:
    return load()


@pytest.fixture(scope="session")
def at(book):
    """``at("510700")`` on a day of the plan period; ``at("510700", day)`` on another."""
    return lambda region, day=IN_PLAN: book.at(day, region)


@pytest.fixture(scope="session")
def a_unit():
    def make(id: str = "u1", region: str = "510700", level: Level = Level.PREFECTURE, **fields: Any) -> Unit:
        return Unit(id=UnitId(id), name=f"单位{id}", region=RegionCode(region), level=level, **fields)

    return make


@pytest.fixture(scope="session")
def a_vehicle():
    def make(id: str = "v1", unit: str = "u1", region: str = "510700", nev: bool = False, **fields: Any) -> Vehicle:
        defaults: dict[str, Any] = {
            "kind": VehicleKind.SEDAN,
            "energy": Energy.BEV if nev else Energy.PETROL,
            "seats": 4,
            "profile": "sedan_bev" if nev else "sedan_petrol",
            "battery": Battery(capacity_wh=60_000, charge_wh=50_000) if nev else None,
        }
        return Vehicle(
            id=VehicleId(id),
            plate=f"川B{id}",
            unit_id=UnitId(unit),
            region=RegionCode(region),
            home_site_id=SiteId("s1"),
            **(defaults | fields),
        )

    return make


@pytest.fixture(scope="session")
def bought(a_vehicle):
    """``bought(nev=3, total=10, region=...)``: so many replacements, so many of them new-energy vehicles."""

    def make(
        *,
        nev: int,
        total: int,
        region: str = "510700",
        unit: str = "u1",
        on: date = date(2023, 5, 1),
        kind: AcquisitionKind = AcquisitionKind.REPLACED,
        batch: str | None = None,
    ) -> list[Vehicle]:
        return [
            a_vehicle(
                f"v{n:03}",
                unit,
                region,
                n < nev,
                acquisition=Acquisition(on=on, kind=kind, central_batch=batch),
            )
            for n in range(total)
        ]

    return make


@pytest.fixture(scope="session")
def a_site():
    def make(id: str = "s1", region: str = "510700", points: int = 0, **fields: Any) -> Site:
        groups = (ChargeGroup(points=points, power_w=7_000, dc=False),) if points else ()
        return Site(
            id=SiteId(id),
            name=f"站点{id}",
            region=RegionCode(region),
            unit_id=None,
            lon_wgs84=104.7,
            lat_wgs84=31.5,
            charge_groups=groups,
            **fields,
        )

    return make

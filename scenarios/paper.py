"""What the demo's offices have on paper: agreements, quotas, purchase records and car parks, so that compliance has figures.

Everything here is invented by a seeded generator: shares lie around the rules' bounds, so that some regions pass and some fail.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from fleet.agreements import Agreement, confirm
from fleet.ids import AgreementId, PersonId, RegionCode, UnitId
from fleet.regions import load_regions
from fleet.rules.jurisdictions import list_prefectures
from fleet.rules.load import load
from fleet.rules.pools import propose
from fleet.settlements import Tariff
from fleet.sites import CarPark, Site
from fleet.units import AuthorisedNumber, Unit
from fleet.vehicles import Acquisition, AcquisitionKind, Decision, Duty, Vehicle

#: Pairs over the provincial border that both sides of the demo confirmed, and one that still wants a side's word.
PAIRS = (
    ("510900", "500152"),
    ("510700", "500109"),
    ("512000", "500111"),
    ("510500", "500116"),
    ("511600", "500112"),
)
HALF = ("511700", "500101")
_TARIFF = Tariff(name="川渝互助计价（演示）", matter_fen=3_000, km_fen=120, minute_fen=50)
_NUMBERS = ("quota", "standard", "funds", "procurement")


def build_agreements(day: date) -> tuple[Agreement, ...]:
    """Opt-ins of the 21 prefectures to their cooperation areas, and pairs over the border, reviewed in a year."""
    start = day - timedelta(days=60)
    made = [_agreed((own.code,), start) for own in list_prefectures()]
    made += [_agreed(tuple(map(RegionCode, pair)), start) for pair in PAIRS]
    made.append(_agreed(tuple(map(RegionCode, HALF)), start, sides=1))
    return tuple(made)


def _agreed(regions: tuple[RegionCode, ...], start: date, *, sides: int = 2) -> Agreement:
    agreement = propose(
        id=AgreementId("A-" + "-".join(regions)),
        book=load(),
        day=start,
        regions=regions,
        coordinator_id=UnitId(f"U-{regions[0]}-01"),
        review_on=start + timedelta(days=425),
        document_no=f"{load_regions().get(regions[0]).name_zh}机管〔{start.year}〕{int(regions[0]) % 89 + 1}号",
        settlement=_TARIFF.name if len(regions) == 2 else "",
        tariff=_TARIFF if len(regions) == 2 else None,
    )
    at = datetime(start.year, start.month, start.day, 2, tzinfo=UTC)
    for region in regions[:sides]:
        agreement = confirm(agreement, region=region, by=PersonId(f"P-dispatcher-{region}"), at=at)
    return agreement


def with_papers(fleet: Sequence[Vehicle], day: date, rng: Random) -> tuple[Vehicle, ...]:
    """Give vehicles a day in service, marking, and to those bought since 2021 their purchase record."""
    made: list[Vehicle] = []
    for number, vehicle in enumerate(fleet):
        age_days = rng.randrange(60, 3_600)
        since = day - timedelta(days=age_days)
        bought: Acquisition | None = None
        if since >= date(2021, 1, 1):
            waived = not vehicle.energy.is_nev and rng.random() < 0.7
            bought = Acquisition(
                on=since,
                kind=AcquisitionKind.REPLACED if rng.random() < 0.85 else AcquisitionKind.ADDED,
                central_batch=f"CG-{since.year}-{vehicle.region}" if vehicle.region.startswith("50") else None,
                price_fen=rng.randrange(110, 180) * 100_000,
                displacement_ml=0 if vehicle.energy.is_nev else 1_500,
                waiver_reason="special_use" if waived else None,
                waiver_text="山区长途执勤" if waived else "",
                decisions=tuple(
                    Decision(name=name, document_no=f"{name}-{since.year}-{number:04d}") for name in _NUMBERS
                ),
            )
        exempt = vehicle.duty is Duty.CONFIDENTIAL
        made.append(
            replace(
                vehicle,
                in_service_on=since,
                acquisition=bought,
                marked=not exempt and rng.random() < 0.9,
                marking_exempt=exempt,
            )
        )
    return tuple(made)


def with_quotas(units: Sequence[Unit], fleet: Sequence[Vehicle], rng: Random) -> tuple[Unit, ...]:
    """Give every unit with vehicles a quota by class: what it has, at times one more, now and then one less."""
    held: Counter[tuple[UnitId, Duty]] = Counter()
    held.update((own.unit_id, own.duty) for own in fleet if own.duty is not Duty.RENTAL)
    made: list[Unit] = []
    for unit in units:
        authorised = tuple(
            AuthorisedNumber(duty=duty, count=max(0, held[unit.id, duty] + rng.choice((0, 0, 0, 1, 1, -1))))
            for duty in Duty
            if held[unit.id, duty]
        )
        made.append(replace(unit, authorised=authorised))
    return tuple(made)


def with_car_parks(sites: Sequence[Site], rng: Random) -> tuple[Site, ...]:
    """Give every site its spaces, with chargers at about a fifth of them."""
    made: list[Site] = []
    for site in sites:
        points = sum(group.points for group in site.charge_groups)
        spaces = max(points, round(points * rng.uniform(3.5, 6.5)))
        charging = min(spaces, points)
        made.append(
            replace(
                site,
                piles_count=points,
                car_park=CarPark(
                    spaces_count=spaces,
                    nev_spaces_count=min(spaces, charging + rng.randrange(0, 3)),
                    charging_spaces_count=charging,
                    new=rng.random() < 0.3,
                    underground=rng.random() < 0.3,
                ),
            )
        )
    return tuple(made)

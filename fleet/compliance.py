"""Compliance of a fleet: every planning rule against every region, batch, unit and site that it is about.

Vehicles count where they are registered, wherever they drive (R108). Figures of organs count organs, figures of public
institutions count all publicly funded bodies, organs among them (R014). Rented vehicles are no part of the fleet.

A share over a plan period is cumulative from the period's first day. Once the period is over and nothing followed, its value is
carried over (R015) and held against what was bought since.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from fleet.errors import InvalidFact
from fleet.ids import RegionCode, UnitId
from fleet.requests import TripRequest
from fleet.rules.census import Area, Purchase
from fleet.rules.findings import Finding, Verdict, count_change, find, judge, share_change
from fleet.rules.fitness import is_holiday
from fleet.rules.fleet_checks import exceptions, quota
from fleet.rules.jurisdictions import SICHUAN, Province, find_jurisdiction, get_jurisdiction, list_prefectures
from fleet.rules.model import RuleBook, RuleView
from fleet.rules.share_checks import chongqing_shares, cumulative_shares, explained_purchases, provincial_share
from fleet.rules.site_checks import charger_ratio, site_shares
from fleet.sites import Site
from fleet.units import Unit
from fleet.vehicles import Duty, Vehicle, VehicleState


@dataclass(frozen=True, kw_only=True)
class RentalOrders:
    """Rental orders of a region in a month (``YYYY-MM``) or year: all of them, and those on new-energy vehicles (R094)."""

    region: RegionCode
    period: str
    all_count: int
    nev_count: int


@dataclass(frozen=True, kw_only=True)
class Oversight:
    """What no register of vehicles tells: rentals, inspections and evaluations of the year that is checked.

    ``counties`` and ``inspected_counties`` are by prefecture (R148); ``evaluated_providers`` out of ``active_providers`` by
    region (R099).
    """

    rentals: tuple[RentalOrders, ...] = ()
    inspected_prefectures: frozenset[RegionCode] | None = None
    counties: Mapping[RegionCode, frozenset[RegionCode]] = field(default_factory=dict)
    inspected_counties: Mapping[RegionCode, frozenset[RegionCode]] = field(default_factory=dict)
    active_providers: Mapping[RegionCode, frozenset[str]] = field(default_factory=dict)
    evaluated_providers: Mapping[RegionCode, frozenset[str]] = field(default_factory=dict)


def evaluate(
    units: Iterable[Unit],
    vehicles: Iterable[Vehicle],
    sites: Iterable[Site],
    day: date,
    rules: RuleBook,
    *,
    oversight: Oversight | None = None,
    requests: Iterable[TripRequest] = (),
) -> tuple[Finding, ...]:
    """Hold a fleet against the rules of a local day.

    Parameters
    ----------
    units, vehicles, sites
        The register; disposed vehicles belong in it, as their purchases still count.
    day
        The last day that counts.
    rules
        The book, with the local overrides where there are any.
    oversight
        Facts beside the register; rules that need them report ``not_measured`` without.
    requests
        Trips of the year, of which those that went by car against the advice are told (R073).

    Returns
    -------
    tuple of Finding
        By region, rule, period and subject.

    Raises
    ------
    InvalidFact
        If a vehicle names a unit that is not in the register, or a region is unknown (R001).
    """
    areas = _areas(units, vehicles, sites, day, rules)
    findings: list[Finding] = []
    for area in areas:
        for check in _CHECKS:
            findings.extend(check(area))
    findings.extend(provincial_share(areas, day, rules))
    findings.extend(_overrides(requests, day, rules))
    findings.extend(_calendars(areas))
    findings.extend(_overseen(oversight, areas, day, rules))
    return tuple(sorted(findings, key=lambda own: (own.region, own.rule_id, own.period, own.level, own.subject)))


_CHECKS: tuple[Callable[[Area], Iterator[Finding]], ...] = (
    cumulative_shares,
    explained_purchases,
    chongqing_shares,
    quota,
    exceptions,
    charger_ratio,
    site_shares,
)


def _areas(
    units: Iterable[Unit], vehicles: Iterable[Vehicle], sites: Iterable[Site], day: date, rules: RuleBook
) -> list[Area]:
    by_id: dict[UnitId, Unit] = {unit.id: unit for unit in units}
    held: dict[str, list[tuple[Vehicle, Unit]]] = defaultdict(list)
    placed: dict[str, list[Site]] = defaultdict(list)
    seated: dict[str, list[Unit]] = defaultdict(list)
    for unit in by_id.values():
        seated[get_jurisdiction(unit.region).code].append(unit)
    for vehicle in vehicles:
        owner = by_id.get(vehicle.unit_id)
        if owner is None:
            raise InvalidFact(
                kind="vehicle",
                id=vehicle.id,
                field="unit_id",
                value=vehicle.unit_id,
                remedy="a unit of the same register",
            )
        if vehicle.duty is not Duty.RENTAL:
            held[get_jurisdiction(vehicle.region).code].append((vehicle, owner))
    for site in sites:
        placed[get_jurisdiction(site.region).code].append(site)
    return [
        Area(
            view=rules.at(day, code),
            vehicles=[(own, unit) for own, unit in held[code] if own.state is not VehicleState.DISPOSED],
            purchases=[
                Purchase(vehicle=own, unit=unit, acquisition=own.acquisition)
                for own, unit in held[code]
                if own.acquisition is not None and own.acquisition.on <= day
            ],
            sites=placed[code],
            units=seated[code],
        )
        for code in sorted({*held, *placed, *seated})
    ]


def _overrides(requests: Iterable[TripRequest], day: date, rules: RuleBook) -> Iterator[Finding]:
    """R073: trips of the year that went by car against the advice, with a reason, out of all."""
    asked: Counter[str] = Counter()
    overridden: Counter[str] = Counter()
    for request in requests:
        if request.submitted_at.year == day.year and find_jurisdiction(request.region) is not None:
            code = get_jurisdiction(request.region).code
            asked[code] += 1
            overridden[code] += request.find_waiver("R073") is not None
    for region, count in sorted(asked.items()):
        view = rules.at(day, region)
        if view.applies("R073"):
            yield find(view, "R073", Verdict.INFO, x=overridden[region], y=count, period=str(day.year))


def _calendars(areas: Sequence[Area]) -> Iterator[Finding]:
    """R078: a year without its calendar of public holidays seals nothing, and says so."""
    for area in areas:
        if is_holiday(area.view, area.view.day) is None:
            yield find(
                area.view,
                "R078",
                Verdict.NOT_SET,
                period=str(area.view.day.year),
                note_zh="未录入当年法定节假日，节假日封存不生效",
                note_en="no calendar of public holidays for this year: nothing is sealed",
            )


def _overseen(oversight: Oversight | None, areas: Sequence[Area], day: date, rules: RuleBook) -> Iterator[Finding]:
    """R094, R099, R148 and R149, from facts beside the register."""
    facts = oversight or Oversight()
    present = {area.view.jurisdiction.code for area in areas}
    for orders in facts.rentals:
        view = rules.at(day, orders.region)
        if view.find("R094.nev_share") is not None:
            bound = view.bound("R094.nev_share")
            yield find(
                view,
                "R094",
                judge(view, "R094", bound, orders.nev_count, orders.all_count),
                x=orders.nev_count,
                y=orders.all_count,
                bound=bound,
                period=orders.period,
                change=share_change(bound, orders.nev_count, orders.all_count),
            )
    if not facts.rentals:
        for code in sorted(present):
            view = rules.at(day, code)
            if view.find("R094.nev_share") is not None:
                yield find(view, "R094", Verdict.NOT_MEASURED, bound=view.bound("R094.nev_share"))
    yield from _coverage(rules, day, "R099.evaluated", facts.active_providers, facts.evaluated_providers)
    yield from _coverage(rules, day, "R148.inspected", facts.counties, facts.inspected_counties)
    if any(get_jurisdiction(code).province is Province.SICHUAN for code in present):
        yield _spot_check(facts, rules.at(day, SICHUAN))


def _coverage(
    rules: RuleBook,
    day: date,
    key: str,
    expected: Mapping[RegionCode, frozenset[RegionCode]] | Mapping[RegionCode, frozenset[str]],
    done: Mapping[RegionCode, frozenset[RegionCode]] | Mapping[RegionCode, frozenset[str]],
) -> Iterator[Finding]:
    rule_id = key.partition(".")[0]
    for region in sorted(expected):
        view = rules.at(day, region)
        if view.find(key) is None:
            continue
        bound, covered = view.bound(key), set(expected[region]) & set(done.get(region, ()))
        missing = tuple(sorted(set(expected[region]) - covered))
        yield find(
            view,
            rule_id,
            judge(view, rule_id, bound, len(covered), len(expected[region])),
            x=len(covered),
            y=len(expected[region]),
            bound=bound,
            period=str(day.year),
            carried_over=view.is_carried_over(key),
            change=count_change(bound, len(covered), len(expected[region]), thing_zh="项", thing_en="more"),
            listed=missing,
        )


def _spot_check(facts: Oversight, view: RuleView) -> Finding:
    bound, prefectures = view.bound("R149.inspected"), {own.code for own in list_prefectures()}
    if facts.inspected_prefectures is None:
        return find(view, "R149", Verdict.NOT_MEASURED, bound=bound)
    x, y = len(prefectures & facts.inspected_prefectures), len(prefectures)
    return find(
        view,
        "R149",
        judge(view, "R149", bound, x, y),
        x=x,
        y=y,
        bound=bound,
        period=str(view.day.year),
        carried_over=view.is_carried_over("R149.inspected"),
        change=count_change(bound, x, y, thing_zh="个市（州）", thing_en="prefectures"),
        listed=tuple(sorted(prefectures - facts.inspected_prefectures)),
    )


def summary(findings: Iterable[Finding]) -> dict[Verdict, int]:
    """Count findings by verdict, all verdicts present."""
    counted = Counter(own.verdict for own in findings)
    return {verdict: counted[verdict] for verdict in Verdict}

"""Replacement plans: within the rules in whole numbers, and of least cost, as enumeration says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from dispatch.policy import DispatchPolicy
from fleet.ids import RegionCode, SiteId, UnitId, VehicleId
from fleet.rules.findings import Verdict
from fleet.rules.load import load, with_overrides
from fleet.units import Level, Unit
from fleet.vehicles import Acquisition, AcquisitionKind, Duty, Energy, Vehicle, VehicleKind
from scenarios.errors import InvalidScenario
from scenarios.prices import Prices, VehiclePrice
from scenarios.replacement import (
    PlanStatus,
    Waiver,
    Wishes,
    judge_plan,
    plan_replacements,
    register_after,
)

BOOK = load()
SPECIAL = Waiver(reason="special_use", text="高原山区长途公务")


def unit(region: str, *, level: Level = Level.PREFECTURE, id: str = "U1") -> Unit:
    return Unit(id=UnitId(id), name=f"单位{id}", region=RegionCode(region), level=level)


def car(number: int, region: str, *, since: int = 2010, id: str = "U1", **fields: object) -> Vehicle:
    return Vehicle(
        id=VehicleId(f"V{number:03d}"),
        plate=f"川A{number:05d}",
        unit_id=UnitId(id),
        region=RegionCode(region),
        home_site_id=SiteId("S1"),
        kind=VehicleKind.SEDAN,
        energy=Energy.PETROL,
        seats=4,
        profile="sedan_petrol",
        in_service_on=date(since, 3, 1),
        **{"duty": Duty.POOLED, **fields},
    )


def dear_nevs() -> Prices:
    """New-energy vehicles that only a rule makes anybody buy."""
    plain = Prices()
    vehicles = dict(plain.vehicles)
    vehicles["sedan_petrol"] = VehiclePrice(price_fen=8_000_000, yearly_fen=500_000, displacement_ml=1_500)
    vehicles["sedan_bev"] = VehiclePrice(price_fen=18_000_000, yearly_fen=2_500_000)
    vehicles["sedan_phev"] = VehiclePrice(price_fen=17_900_000, yearly_fen=2_600_000, displacement_ml=1_500)
    return replace(plain, vehicles=vehicles)


def one_year(region: str, count: int, *, level: Level = Level.PREFECTURE, year: int = 2024, waived: bool = True):
    owner = unit(region, level=level)
    cars = [car(n, region) for n in range(count)]
    combustion = {own.id: SPECIAL for own in cars} if waived else {}
    wishes = Wishes(first_year=year, last_year=year, longest_years=10, combustion=combustion)
    plan = plan_replacements([owner], cars, BOOK, wishes, prices=dear_nevs())
    return owner, cars, wishes, plan


@pytest.mark.parametrize(
    ("region", "level", "count", "nevs"),
    [
        ("510700", Level.PREFECTURE, 10, 4),  # Mianyang: strictly more than 30 % (S07)
        ("500101", Level.COUNTY, 10, 3),  # Wanzhou: at least 30 %
        ("513200", Level.PREFECTURE, 10, 0),  # Aba is exempt
        ("500000", Level.PROVINCE, 10, 5),  # a batch of municipal organs: half
        ("511400", Level.PREFECTURE, 154, 47),
    ],
)
def test_the_least_number_of_nevs_is_that_of_the_rule(region, level, count, nevs):
    owner, cars, wishes, plan = one_year(region, count, level=level)
    assert plan.status is PlanStatus.OPTIMAL
    assert len(plan.replacements) == count
    assert sum(one.is_nev for one in plan.replacements) == nevs
    findings = judge_plan([owner], cars, [], plan, wishes, BOOK, year=2024)
    shares = [own for own in findings if own.rule_id in ("R018", "R019", "R022", "R026", "R027", "R028")]
    assert not [own for own in shares if own.verdict in (Verdict.FAIL, Verdict.WARN)]
    if region == "513200":
        assert {own.verdict for own in shares if own.rule_id in ("R018", "R019")} == {Verdict.EXEMPT}


def test_meishan_2022_gives_111_of_154_and_72_percent():
    owner = unit("511400")
    cars = [car(n, "511400") for n in range(154)]
    wishes = Wishes(
        first_year=2022,
        last_year=2022,
        longest_years=10,
        combustion={own.id: SPECIAL for own in cars[:43]},
    )
    plan = plan_replacements([owner], cars, BOOK, wishes, prices=dear_nevs())
    nevs = sum(one.is_nev for one in plan.replacements)
    assert (len(plan.replacements), nevs, round(100 * nevs / 154)) == (154, 111, 72)
    findings = judge_plan([owner], cars, [], plan, wishes, BOOK, year=2022)
    (share,) = [own for own in findings if own.rule_id == "R018" and own.subject == ""]
    assert (share.x, share.y, share.verdict) == (111, 154, Verdict.PASS)


def test_without_a_waiver_combustion_is_no_candidate():
    _, _, _, plan = one_year("510700", 5, waived=False)
    assert all(one.is_nev for one in plan.replacements)


def test_nobody_is_replaced_before_eight_full_years_but_for_safety():
    owner = unit("510700")
    young, old, unsafe = car(1, "510700", since=2018), car(2, "510700", since=2015), car(3, "510700", since=2021)
    wishes = Wishes(
        first_year=2024,
        last_year=2027,
        longest_years=9,
        safety={unsafe.id: Waiver(reason="safety", text="制动系统检验不合格")},
    )
    plan = plan_replacements([owner], [young, old, unsafe], BOOK, wishes)
    years = {one.vehicle.id: one.year for one in plan.replacements}
    assert years[young.id] >= 2026
    assert years[old.id] >= 2024
    assert plan.blocked == {}
    blocked = plan_replacements([owner], [car(4, "510700", since=2023)], BOOK, wishes)
    assert blocked.blocked == {VehicleId("V004"): "R038"}
    assert blocked.replacements == ()


def test_listed_vehicles_are_never_replaced_and_the_total_never_grows():
    owner = unit("510700")
    cars = [car(1, "510700", listed=True), car(2, "510700")]
    wishes = Wishes(first_year=2024, last_year=2024, longest_years=10)
    plan = plan_replacements([owner], cars, BOOK, wishes)
    assert plan.blocked == {VehicleId("V001"): "R039"}
    register = register_after(cars, plan, wishes, year=2024)
    assert sum(own.state.value != "disposed" for own in register) == len(cars)


def test_what_was_bought_before_counts_in_the_period():
    owner = unit("510700")
    bought = [
        replace(
            car(100 + n, "510700", since=2022),
            acquisition=Acquisition(
                on=date(2022, 6, 1), kind=AcquisitionKind.REPLACED, waiver_reason="special_use", waiver_text="x"
            ),
        )
        for n in range(10)
    ]
    cars = [car(n, "510700") for n in range(10)]
    wishes = Wishes(first_year=2024, last_year=2024, longest_years=10, combustion={own.id: SPECIAL for own in cars})
    plan = plan_replacements([owner], [*cars, *bought], BOOK, wishes, prices=dear_nevs())
    assert sum(one.is_nev for one in plan.replacements) == 7, "7 of 20 is more than 30 %"


def test_a_budget_puts_replacements_off_and_says_who_is_overdue():
    owner = unit("510700")
    cars = [car(n, "510700", since=2010) for n in range(4)]
    wishes = Wishes(
        first_year=2024, last_year=2026, longest_years=14, budget_fen={2024: 30_000_000, 2025: 30_000_000, 2026: 0}
    )
    plan = plan_replacements([owner], cars, BOOK, wishes)
    assert plan.status is PlanStatus.OPTIMAL
    assert [plan.spent_fen(year) <= wishes.budget_fen[year] for year in wishes.years] == [True] * 3
    assert len(plan.replacements) == 4
    assert len(plan.overdue) == 2
    assert {year for _, year in plan.overdue} == {2024}


def test_chengdu_sets_its_own_share_first():
    owner, cars = unit("510100"), [car(n, "510100") for n in range(10)]
    wishes = Wishes(first_year=2024, last_year=2024, longest_years=10, combustion={own.id: SPECIAL for own in cars})
    with pytest.raises(InvalidScenario, match="R021"):
        plan_replacements([owner], cars, BOOK, wishes)
    local = with_overrides(
        BOOK,
        {
            "chengdu.toml": 'overrides = "R021"\n'
            '[signature]\nperson = "规划科"\non = 2024-01-02\nreason = "本市方案"\n'
            '[[values]]\nname = "nev_share"\ninteger = "2*nev >= 1*replaced"\nunit = "ratio"\n'
            'regions = ["510100"]\nfrom = 2024-02-01\norigin = "local"\n'
        },
    )
    plan = plan_replacements([owner], cars, local, wishes, prices=dear_nevs())
    assert sum(one.is_nev for one in plan.replacements) == 5


def test_an_unknown_unit_is_said():
    with pytest.raises(InvalidScenario, match="unit_id"):
        plan_replacements([], [car(1, "510700")], BOOK, Wishes())


def test_impossible_years_are_refused():
    with pytest.raises(ValueError, match="last_year"):
        Wishes(first_year=2025, last_year=2024)
    with pytest.raises(ValueError, match="purchase_month"):
        Wishes(purchase_month=13)


# ---- the plan of least cost, by enumeration


def _by_enumeration(cars, wishes, prices, policy, *, strict: bool, budget_fen) -> int | None:
    """Least whole-life cost in yuan over all ways to replace each car in some year by some model; None if no way holds."""
    years, last = list(wishes.years), wishes.last_year
    models = {"sedan_petrol": False, "sedan_bev": True, "sedan_phev": True}

    def running(profile: str, km: int) -> float:
        return prices.vehicles[profile].yearly_fen / 100 + km * prices.energy_fen_per_km(profile, policy) / 100

    best = None
    choices = []
    for own in cars:
        ready = [y for y in years if date(y, 10, 1) >= date(own.in_service_on.year + 8, own.in_service_on.month, 1)]
        due = own.in_service_on.year + wishes.longest_years
        choices.append([(y, m) for y in ready for m in models] + ([None] if due > last else []))
    for picks in product(*choices):
        bought = [pick for pick in picks if pick is not None]
        nevs, whole = sum(models[m] for _, m in bought), len(bought)
        if whole and not (10 * nevs > 3 * whole if strict else 10 * nevs >= 3 * whole):
            continue
        spent = {y: sum(prices.vehicles[m].price_fen for when, m in bought if when == y) for y in years}
        if any(spent[y] > budget_fen.get(y, 10**15) for y in years):
            continue
        paired = list(zip(cars, picks, strict=True))
        if any(pick is not None and own.in_service_on.year + wishes.longest_years < pick[0] for own, pick in paired):
            continue
        cost = 0
        for own, pick in paired:
            km = wishes.yearly_km[own.id]
            cost += round((last - years[0] + 1) * running(own.profile, km))
            if pick is None:
                continue
            y, m = pick
            n = last - y + 1
            cost -= round(n * running(own.profile, km))
            cost += round(prices.vehicles[m].price_fen / 100 * min(1.0, n / prices.life_years) + n * running(m, km))
        best = cost if best is None else min(best, cost)
    return best


@pytest.mark.parametrize("budget", [{}, {2022: 26_000_000, 2023: 20_000_000, 2024: 40_000_000}])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_plan_is_the_best_of_all(seed, budget):
    region, policy = "510700", DispatchPolicy()
    cars = [car(n, region, since=2013 + (n + seed) % 3) for n in range(4)]
    wishes = Wishes(
        first_year=2022,
        last_year=2024,
        longest_years=11,
        yearly_km={own.id: 6_000 + 9_000 * ((n * seed) % 4) for n, own in enumerate(cars)},
        combustion={own.id: SPECIAL for own in cars},
        budget_fen=budget,
    )
    for prices in (Prices(), dear_nevs()):
        plan = plan_replacements([unit(region)], cars, BOOK, wishes, prices=prices, policy=policy)
        assert plan.status is PlanStatus.OPTIMAL
        best = _by_enumeration(cars, wishes, prices, policy, strict=True, budget_fen=budget)
        if best is None:
            assert plan.overdue
        else:
            assert plan.overdue == ()
            assert plan.whole_life_fen == best * 100
            assert plan.bound_fen == plan.whole_life_fen

"""The search for mixes: proposals within the rules, as cheap as any, and a front that holds what nothing beats."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from scenarios.fleets import as_profile, place_points, restock
from scenarios.mixes import MixResult, MixWishes, dominates, halve, propose, search_mixes, undominated
from scenarios.prices import Prices
from scenarios.region import MODELS
from scenarios.report import FleetResult, ScenarioReport
from scenarios.scenario import FleetChoice, Period
from scenarios.simulate import setting_of
from tests.scenarios.small import SMALL


@pytest.fixture(scope="module")
def given():
    return setting_of(SMALL, SMALL.fleets[0])


def of(given, nev_frac, size_frac=1.0, **wishes):
    return propose(
        given.vehicles,
        given.sites,
        nev_frac=nev_frac,
        size_frac=size_frac,
        wishes=MixWishes(**wishes),
        prices=Prices(),
        scenario=SMALL,
    )


@pytest.mark.parametrize(("nev_frac", "size_frac"), [(0.3, 1.0), (0.6, 1.0), (0.6, 0.9)])
def test_a_proposal_keeps_size_share_ratio_and_power(given, nev_frac, size_frac):
    choice = of(given, nev_frac, size_frac)
    assert choice is not None
    fleet = restock(given.vehicles, choice.stock)
    sites = place_points(given.sites, choice.points)
    nevs = sum(vehicle.energy.is_nev for vehicle in fleet)
    assert len(fleet) == round(len(given.vehicles) * size_frac)
    assert nevs >= nev_frac * len(fleet)
    assert 3 * sum(group.points for site in sites for group in site.charge_groups) > nevs
    assert {vehicle.id for vehicle in fleet} <= {vehicle.id for vehicle in given.vehicles}


def test_what_cannot_be_is_no_proposal(given):
    assert of(given, 0.9, budget_fen=0) is None
    assert of(given, 0.0, budget_fen=0) is not None


def test_dear_carbon_makes_the_model_buy_more_nevs(given):
    def nevs(choice: FleetChoice | None) -> int:
        assert choice is not None
        return sum(count for _, profile, count in choice.stock if MODELS[profile].energy.is_nev)

    assert nevs(of(given, 0.3, co2_fen_per_kg=0)) <= nevs(of(given, 0.3, co2_fen_per_kg=10_000))


def test_restocking_changes_no_more_than_it_must(given):
    stock: dict[tuple[str, str], int] = {}
    for vehicle in given.vehicles:
        key = (vehicle.home_site_id, vehicle.profile)
        stock[key] = stock.get(key, 0) + (vehicle.duty == "pooled" and not vehicle.self_drive)
    rows = tuple((site, profile, count) for (site, profile), count in sorted(stock.items()) if count)
    assert restock(given.vehicles, rows) == tuple(given.vehicles)
    site, profile, count = rows[0]
    with pytest.raises(ValueError, match="R033"):
        restock(given.vehicles, ((site, profile, count + 50),))
    with pytest.raises(ValueError, match="no model"):
        restock(given.vehicles, ((site, "tricycle", 1),))
    with pytest.raises(ValueError, match="is no"):
        as_profile(next(v for v in given.vehicles if v.kind == "sedan"), "coach_diesel")


# ---- choosing


def result(id: str, *objectives: float) -> MixResult:
    cost, co2, refused, rest = objectives
    own = FleetResult(
        id=id,
        name_zh=id,
        name_en=id,
        vehicles_count=10,
        nev_count=round(10 * (1 - rest)),
        plans_count=1,
        mended_count=0,
        figures={},
        refusals={},
    )
    return MixResult(
        choice=FleetChoice(id=id, name_zh=id, name_en=id),
        result=own,
        days=7,
        cost_fen_per_year=cost,
        co2_kg_per_year=co2,
        refused_frac=refused,
        nev_frac=1 - rest,
    )


def test_the_front_is_what_nothing_dominates():
    results = [result(f"m{n}", *point) for n, point in enumerate(product((1.0, 2.0), (1.0, 3.0), (0.1,), (0.2, 0.5)))]
    front = undominated(results)
    assert [own.choice.id for own in front] == ["m0"]
    assert all(dominates(results[0], other) for other in results[1:])
    crossed = [
        result("a", 1, 5, 0.1, 0.5),
        result("b", 5, 1, 0.1, 0.5),
        result("c", 6, 6, 0.2, 0.5),
        result("d", 3, 3, 0.1, 0.5),
    ]
    assert {own.choice.id for own in undominated(crossed)} == {"a", "b", "d"}
    assert {own.choice.id for own in halve(crossed)} == {"a", "b"}


def test_the_search_halves_its_candidates_and_ends_with_the_longest_trial():
    scenario = replace(SMALL, period=Period(days=4, part_days=1))
    told: list[tuple[int, int]] = []

    def trial(own) -> ScenarioReport:
        told.append((len(own.fleets), own.period.days))
        fleets = []
        for choice in own.fleets:
            nevs = sum(count for _, profile, count in choice.stock if MODELS[profile].energy.is_nev)
            size = sum(count for _, _, count in choice.stock) or 10
            figures = {
                "cost_fen": 1e6 * own.period.days * (1 + 0.1 * size),
                "co2_kg": 100.0 * own.period.days * (11 - nevs),
                "refused_frac": 0.02 * (12 - size),
            }
            fleets.append(
                FleetResult(
                    id=choice.id,
                    name_zh=choice.name_zh,
                    name_en=choice.name_en,
                    vehicles_count=size,
                    nev_count=nevs,
                    plans_count=1,
                    mended_count=0,
                    figures=figures,
                    refusals={},
                )
            )
        return ScenarioReport(
            name="x",
            title_zh="x",
            title_en="x",
            day=own.demo.day,
            days=own.period.days,
            factors=own.factors,
            fleets=tuple(fleets),
        )

    wishes = MixWishes(nev_fracs=(0.3, 0.6), size_fracs=(1.0, 0.9), budget_fen=None)
    found = search_mixes(scenario, wishes, trial=trial)
    assert [days for _, days in told] == [1, 2, 4]
    counts = [count for count, _ in told]
    assert counts[1] == -(-counts[0] // 2)
    assert counts[2] == -(-counts[1] // 2)
    assert found.front
    assert all(own.days == 4 for own in found.front)
    assert len(found.tried) == counts[0]
    assert not any(dominates(a, b) for a in found.front for b in found.front)


def test_a_search_without_a_period_is_refused():
    with pytest.raises(ValueError, match="period"):
        search_mixes(replace(SMALL, period=None), MixWishes())

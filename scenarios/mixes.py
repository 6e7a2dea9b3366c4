"""Fleet mix search: which vehicles at which site, and how many charge points; a model proposes, simulation disposes.

An integer program (CP-SAT) proposes, for each wish for a share of new-energy vehicles and a size of the fleet, the cheapest
stock that keeps the rules it can state: no more vehicles than there are, site by site and kind by kind (R032, R033), the share,
piles to new-energy vehicles (R052), the power of each site (R060), and the budget. What it cannot see (who drives whom, queues,
weather) is simulated: all candidates briefly, the better half longer, and so on (successive halving, Jamieson and Talwalkar
2016), by the dispatch that is on duty. What is left and not dominated is the front of cost, carbon dioxide, trips not served
and share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from ortools.sat.python import cp_model

from fleet.rules.jurisdictions import get_jurisdiction
from fleet.rules.load import load
from fleet.sites import Site
from fleet.vehicles import Vehicle
from scenarios.fleets import is_free
from scenarios.prices import Prices
from scenarios.region import MODELS
from scenarios.report import FleetResult, ScenarioReport
from scenarios.scenario import FleetChoice, Scenario
from scenarios.simulate import run_scenario, setting_of
from scenarios.sweep import Executor

_YUAN = 100
Trial = Callable[[Scenario], ScenarioReport]


@dataclass(frozen=True, kw_only=True)
class MixWishes:
    """What is tried: every ``nev_fracs`` with every ``size_fracs`` of the present number of vehicles.

    ``budget_fen`` limits what the change costs (purchases and new points), ``yearly_km`` is the distance by which the model
    prices energy, ``fast_per_slow``: one fast point for so many slow ones. ``longest_refused_frac`` rules out mixes that refuse
    more.
    """

    nev_fracs: tuple[float, ...] = (0.3, 0.45, 0.6, 0.8)
    size_fracs: tuple[float, ...] = (1.0, 0.9, 0.8)
    points_per_nev: float = 0.5
    fast_per_slow: int = 4
    budget_fen: int | None = None
    yearly_km: int = 15_000
    co2_fen_per_kg: int = 10
    longest_refused_frac: float = 1.0


@dataclass(frozen=True, kw_only=True)
class MixResult:
    """A mix that was simulated: over ``days``, with the figures of the last and longest trial."""

    choice: FleetChoice
    result: FleetResult
    days: int
    cost_fen_per_year: float
    co2_kg_per_year: float
    refused_frac: float
    nev_frac: float

    @property
    def objectives(self) -> tuple[float, float, float, float]:
        """All to be as small as possible: yearly cost, yearly carbon dioxide, share not served, share not new-energy."""
        return self.cost_fen_per_year, self.co2_kg_per_year, self.refused_frac, 1 - self.nev_frac


@dataclass(frozen=True, kw_only=True)
class MixFront:
    """``front`` is not dominated among the mixes of the last round; ``tried`` are all, with their last trial.

    ``impossible`` names the wishes for which no stock keeps the rules and the budget.
    """

    front: tuple[MixResult, ...]
    tried: tuple[MixResult, ...]
    impossible: tuple[str, ...]


def propose(
    vehicles: Sequence[Vehicle],
    sites: Sequence[Site],
    *,
    nev_frac: float,
    size_frac: float,
    wishes: MixWishes,
    prices: Prices,
    scenario: Scenario,
) -> FleetChoice | None:
    """Return the cheapest stock and points with that share of new-energy vehicles and that size; None where there is none."""
    model = cp_model.CpModel()
    stock: dict[tuple[str, str], cp_model.IntVar] = {}
    present: dict[tuple[str, str], int] = defaultdict(int)
    of_kind: dict[tuple[str, str], int] = defaultdict(int)
    fixed_nev = fixed = 0
    for vehicle in vehicles:
        if is_free(vehicle):
            present[vehicle.home_site_id, vehicle.profile] += 1
            of_kind[vehicle.home_site_id, vehicle.kind] += 1
        else:
            fixed, fixed_nev = fixed + 1, fixed_nev + vehicle.energy.is_nev
    cost: list[cp_model.LinearExprT] = []
    spent: list[cp_model.LinearExprT] = []
    for (site_id, kind), count in sorted(of_kind.items()):
        mine = []
        for profile, own in sorted(MODELS.items()):
            if own.kind == kind and profile in prices.vehicles:
                var = stock[site_id, profile] = model.new_int_var(0, count, f"{site_id}/{profile}")
                mine.append(var)
                cost.append(round(_yearly_yuan(profile, wishes, prices, scenario)) * var)
                bought = model.new_int_var(0, count, f"bought/{site_id}/{profile}")
                model.add(bought >= var - present[site_id, profile])
                spent.append(prices.vehicles[profile].price_fen // _YUAN * bought)
        model.add(sum(mine) <= count)
        # somebody of every kind stays at every site: distance does not show in a sum
        model.add(sum(mine) >= 1)
    total = fixed + sum(stock.values())
    nevs = fixed_nev + sum(var for (_, profile), var in stock.items() if MODELS[profile].energy.is_nev)
    wanted = round(len(vehicles) * size_frac)
    model.add(total == wanted)
    model.add(1_000 * nevs >= round(1_000 * nev_frac) * total)
    # in the same share of every kind as in the whole, so that seats and equipment stay what people ask for
    for kind in sorted({kind for _, kind in of_kind}):
        here = sum(count for (_, own), count in of_kind.items() if own == kind)
        least = int(here * size_frac)
        model.add(sum(var for (_, profile), var in stock.items() if MODELS[profile].kind == kind) >= least)
    points = _points(model, stock, vehicles, sites, nevs, wishes, prices, cost, spent, on=scenario.demo.day)
    if wishes.budget_fen is not None:
        model.add(sum(spent) <= wishes.budget_fen // _YUAN)
    model.minimize(sum(cost))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = 20.0
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return FleetChoice(
        id=f"nev{round(nev_frac * 100)}_size{round(size_frac * 100)}",
        name_zh=f"新能源{nev_frac:.0%}·规模{size_frac:.0%}",
        name_en=f"{nev_frac:.0%} NEV, size {size_frac:.0%}",
        stock=tuple((site, profile, solver.value(var)) for (site, profile), var in sorted(stock.items())),
        points=tuple((site, solver.value(slow), solver.value(fast)) for site, slow, fast in points),
    )


def _points(
    model: cp_model.CpModel,
    stock: dict[tuple[str, str], cp_model.IntVar],
    vehicles: Sequence[Vehicle],
    sites: Sequence[Site],
    nevs: cp_model.LinearExprT,
    wishes: MixWishes,
    prices: Prices,
    cost: list[cp_model.LinearExprT],
    spent: list[cp_model.LinearExprT],
    *,
    on: date,
) -> list[tuple[str, cp_model.IntVar, cp_model.IntVar]]:
    """Points of every site: by the vehicles that charge there, the ratio of the whole (R052), and the site's power (R060)."""
    found: list[tuple[str, cp_model.IntVar, cp_model.IntVar]] = []
    most = len(vehicles) + 10
    for site in sorted(sites, key=lambda s: s.id):
        slow = model.new_int_var(0, most, f"slow/{site.id}")
        fast = model.new_int_var(0, most, f"fast/{site.id}")
        charging = sum(
            var for (home, profile), var in stock.items() if home == site.id and MODELS[profile].battery is not None
        )
        per_mille = round(wishes.points_per_nev * 1_000)
        model.add(1_000 * (slow + fast) >= per_mille * charging)
        model.add(wishes.fast_per_slow * fast >= slow - wishes.fast_per_slow + 1)
        has_slow = sum(group.points for group in site.charge_groups if not group.dc)
        has_fast = sum(group.points for group in site.charge_groups if group.dc)
        if site.site_power_w is not None:
            more_kw = model.new_int_var(0, most * 60, f"kw/{site.id}")
            fast_w = next((group.power_w for group in site.charge_groups if group.dc), prices.fast_w)
            model.add(
                10 * prices.slow_w * slow + 7 * fast_w * fast <= 10 * (site.site_power_w + 1_000 * more_kw) + 7 * fast_w
            )
            spent.append(prices.grid_fen_per_kw // _YUAN * more_kw)
            cost.append(prices.grid_fen_per_kw // _YUAN // prices.point_years * more_kw)
        for var, has, fen in ((slow, has_slow, prices.slow_point_fen), (fast, has_fast, prices.fast_point_fen)):
            fresh = model.new_int_var(0, most, f"fresh/{var.name}")
            model.add(fresh >= var - has)
            spent.append(fen // _YUAN * fresh)
            cost.append(fen // _YUAN // prices.point_years * var)
        found.append((site.id, slow, fast))
    view = load().at(on, get_jurisdiction(sites[0].region).code) if sites else None
    if view is not None and view.find("R052.charger_ratio") is not None:
        bound = view.bound("R052.charger_ratio")
        model.add(bound.left * sum(slow + fast for _, slow, fast in found) >= bound.right * nevs + 1)
    return found


def _yearly_yuan(profile: str, wishes: MixWishes, prices: Prices, scenario: Scenario) -> float:
    """A vehicle's year as the model sees it: owning, energy and the price set on its carbon dioxide."""
    policy, factors = scenario.policy, scenario.factors
    energy_fen = prices.energy_fen_per_km(profile, policy)
    litre_kg = factors.diesel_kg_per_l if "diesel" in profile else factors.petrol_kg_per_l
    litre_fen = policy.diesel_fen_per_l if "diesel" in profile else policy.petrol_fen_per_l
    electric = MODELS[profile].battery is not None
    kg_per_fen = factors.grid_kg_per_kwh / policy.power_fen_per_kwh if electric else litre_kg / litre_fen
    carbon_fen = energy_fen * kg_per_fen * wishes.co2_fen_per_kg
    return (prices.yearly_ownership_fen(profile) + wishes.yearly_km * (energy_fen + carbon_fen)) / _YUAN


def search_mixes(
    scenario: Scenario,
    wishes: MixWishes,
    *,
    executor: Executor | None = None,
    folder: Path | None = None,
    trial: Trial | None = None,
    prices: Prices | None = None,
) -> MixFront:
    """Propose, simulate and keep the front.

    The scenario's period is the longest trial; the first one takes one part of it, each further one twice as much with the
    better half of the candidates. ``folder`` keeps what was simulated, so that a search can be broken off.

    Raises
    ------
    ValueError
        If the scenario has no period.
    """
    if scenario.period is None:
        raise ValueError("a search for mixes needs a scenario with a period")
    prices = prices or Prices()
    run = trial or (lambda own: run_scenario(own, executor=executor, folder=folder))
    given = setting_of(scenario, scenario.fleets[0])
    candidates: list[FleetChoice] = [replace(scenario.fleets[0], id="given")]
    impossible: list[str] = []
    for nev_frac in wishes.nev_fracs:
        for size_frac in wishes.size_fracs:
            choice = propose(
                given.vehicles,
                given.sites,
                nev_frac=nev_frac,
                size_frac=size_frac,
                wishes=wishes,
                prices=prices,
                scenario=scenario,
            )
            if choice is None:
                impossible.append(f"nev {nev_frac:.0%}, size {size_frac:.0%}")
            else:
                candidates.append(choice)
    last: dict[str, MixResult] = {}
    days, whole = scenario.period.part_days, scenario.period.days
    while True:
        report = run(
            replace(scenario, fleets=tuple(candidates), period=replace(scenario.period, days=min(days, whole)))
        )
        results = [_result(choice, own, report) for choice, own in zip(candidates, report.fleets, strict=True)]
        last.update({own.choice.id: own for own in results})
        if days >= whole:
            break
        able = [own for own in results if own.refused_frac <= wishes.longest_refused_frac] or results
        kept = {own.choice.id for own in halve(able)}
        candidates = [choice for choice in candidates if choice.id in kept]
        days *= 2
    final = [own for own in results if own.refused_frac <= wishes.longest_refused_frac] or results
    return MixFront(
        front=tuple(sorted(undominated(final), key=lambda own: (own.nev_frac, own.cost_fen_per_year, own.choice.id))),
        tried=tuple(last[id] for id in sorted(last)),
        impossible=tuple(impossible),
    )


def _result(choice: FleetChoice, own: FleetResult, report: ScenarioReport) -> MixResult:
    return MixResult(
        choice=choice,
        result=own,
        days=report.days,
        cost_fen_per_year=own.yearly_fen(report.days),
        co2_kg_per_year=own.figures["co2_kg"] * 365 / max(1, report.days),
        refused_frac=own.figures["refused_frac"],
        nev_frac=own.nev_count / max(1, own.vehicles_count),
    )


def dominates(one: MixResult, other: MixResult) -> bool:
    """Whether one is nowhere worse and somewhere better."""
    pairs = list(zip(one.objectives, other.objectives, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def undominated(results: Sequence[MixResult]) -> list[MixResult]:
    """The Pareto front, in the order given."""
    return [own for own in results if not any(dominates(other, own) for other in results)]


def halve(results: Sequence[MixResult]) -> list[MixResult]:
    """The better half, rounded up, front by front (Goldberg's non-dominated sorting), the best at something before others."""
    wanted, left = -(-len(results) // 2), list(results)
    kept: list[MixResult] = []
    while left and len(kept) < wanted:
        front = undominated(left)
        ranked = sorted(front, key=lambda own: (_best_rank(own, front), own.choice.id))
        kept += ranked[: wanted - len(kept)]
        left = [own for own in left if own not in front]
    return kept


def _best_rank(own: MixResult, front: Sequence[MixResult]) -> int:
    """The best place that a mix takes in any of the objectives."""
    return min(sum(other.objectives[n] < own.objectives[n] for other in front) for n in range(len(own.objectives)))

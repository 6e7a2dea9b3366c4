"""The charging plan: how many points of which power at which site, at least cost, within the grid and the rules.

An integer program by prefecture, solved by CP-SAT: points are whole, what stands stays. Every site must charge its vehicles
overnight and keep to its connection (R060), unless enlarging it is paid for; a site with a car park keeps the share of its
place (R054-R058), and all sites of a prefecture together its ratio of piles to new-energy vehicles (R052). One pile is one
point here (R053): the stricter reading for what is built new.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from ortools.sat.python import cp_model

from fleet.compliance import evaluate
from fleet.ids import SiteId
from fleet.rules.census import is_exempt
from fleet.rules.findings import Finding
from fleet.rules.jurisdictions import get_jurisdiction
from fleet.rules.model import RuleBook, RuleView
from fleet.sites import ChargeGroup, Site
from fleet.units import Unit
from fleet.vehicles import Duty, Vehicle, VehicleState
from scenarios.prices import Prices

_YUAN = 100


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a site's vehicles need.

    ``night_wh`` by site is to be charged within ``night_h`` hours (10, from nine in the evening to seven: assumption); without
    an entry every battery vehicle takes ``usual_wh`` a night (assumption: 100 km at 200 Wh/km). ``day_w`` by site is power that
    has to be there at once for vehicles between two trips. ``grid_w`` by site is what the connection bears (else the site's own
    limit); ``may_enlarge``: whether it can be bought more of.
    """

    night_wh: Mapping[SiteId, int] = field(default_factory=dict)
    day_w: Mapping[SiteId, int] = field(default_factory=dict)
    grid_w: Mapping[SiteId, int] = field(default_factory=dict)
    night_h: int = 10
    usual_wh: int = 20_000
    may_enlarge: bool = True


@dataclass(frozen=True, kw_only=True)
class SitePlan:
    """What a site gets beside what it has, and how much its connection grows (whole kilowatts)."""

    site: Site
    slow: int
    fast: int
    enlarged_kw: int
    cost_fen: int

    @property
    def after(self) -> Site:
        """The site as it then is."""
        groups = list(self.site.charge_groups)
        for count, each_w, dc in ((self.slow, _SLOW_W, False), (self.fast, _FAST_W, True)):
            if count:
                groups.append(ChargeGroup(points=count, power_w=each_w, dc=dc))
        limit_w = self.site.site_power_w
        power_w = None if limit_w is None else limit_w + self.enlarged_kw * 1_000
        piles: int | None = self.site.piles_count
        park = self.site.car_park
        if park is not None:
            equipped = min(park.spaces_count, park.charging_spaces_count + self.slow + self.fast)
            dedicated = max(park.nev_spaces_count, min(park.spaces_count, equipped))
            park = replace(park, charging_spaces_count=equipped, nev_spaces_count=dedicated)
        return replace(
            self.site,
            charge_groups=tuple(groups),
            site_power_w=power_w,
            piles_count=None if piles is None else piles + self.slow + self.fast,
            car_park=park,
        )


@dataclass(frozen=True, kw_only=True)
class ChargingPlan:
    """``sites`` in the order of their ids; ``infeasible`` names the sites that cannot be supplied, with why."""

    sites: tuple[SitePlan, ...]
    cost_fen: int
    infeasible: Mapping[SiteId, str]


_SLOW_W = 7_000
_FAST_W = 60_000


def plan_charging(
    sites: Sequence[Site],
    vehicles: Sequence[Vehicle],
    rules: RuleBook,
    *,
    on: date,
    needs: Needs | None = None,
    prices: Prices | None = None,
    seconds: float = 20.0,
) -> ChargingPlan:
    """Return the cheapest points that keep the rules of a day and charge every vehicle overnight.

    A site whose connection is too weak for what stands or is needed, and may not be enlarged, is named and left as it is; the
    others carry the prefecture's ratio.
    """
    needs, prices = needs or Needs(), prices or Prices()
    by_region: dict[str, list[Site]] = defaultdict(list)
    for site in sorted(sites, key=lambda s: s.id):
        by_region[get_jurisdiction(site.region).code].append(site)
    plans: list[SitePlan] = []
    infeasible: dict[SiteId, str] = {}
    alive = [v for v in vehicles if v.state is not VehicleState.DISPOSED]
    for region, own in sorted(by_region.items()):
        cars = [v for v in alive if get_jurisdiction(v.region).code == region]
        view = rules.at(on, region)
        able = [site for site in own if _refusal(site, cars, needs) is None]
        infeasible |= {site.id: why for site in own if (why := _refusal(site, cars, needs)) is not None}
        plans += _of_region(able, own, cars, view, needs, prices, seconds)
    plans.sort(key=lambda one: one.site.id)
    return ChargingPlan(sites=tuple(plans), cost_fen=sum(one.cost_fen for one in plans), infeasible=infeasible)


def _limit_w(site: Site, needs: Needs) -> int | None:
    return needs.grid_w.get(site.id, site.site_power_w)


def _night_wh(site: Site, cars: Sequence[Vehicle], needs: Needs) -> int:
    batteries = sum(v.battery is not None and v.home_site_id == site.id and v.duty is not Duty.RENTAL for v in cars)
    return needs.night_wh.get(site.id, batteries * needs.usual_wh)


def _refusal(site: Site, cars: Sequence[Vehicle], needs: Needs) -> str | None:
    limit_w = _limit_w(site, needs)
    if limit_w is None or needs.may_enlarge:
        return None
    if limit_w * needs.night_h < _night_wh(site, cars, needs):
        return "grid_too_weak_at_night"
    return "grid_too_weak_by_day" if limit_w < needs.day_w.get(site.id, 0) else None


def _of_region(
    sites: Sequence[Site],
    every: Sequence[Site],
    cars: Sequence[Vehicle],
    view: RuleView,
    needs: Needs,
    prices: Prices,
    seconds: float,
) -> list[SitePlan]:
    if not sites:
        return []
    model = cp_model.CpModel()
    most = len(cars) + sum(site.car_park.spaces_count for site in sites if site.car_park) + 10
    slow = [model.new_int_var(0, most, f"slow{n}") for n in range(len(sites))]
    fast = [model.new_int_var(0, most, f"fast{n}") for n in range(len(sites))]
    more_kw = [model.new_int_var(0, most * 60 if needs.may_enlarge else 0, f"kw{n}") for n in range(len(sites))]
    unmet: list[cp_model.IntVar] = []
    for n, site in enumerate(sites):
        # what works at once is limited by the connection: its power, not the sum of the points, charges in the night
        limit_w, has_w = _limit_w(site, needs), sum(g.points * g.power_w for g in site.charge_groups)
        installed_w = has_w + _SLOW_W * slow[n] + _FAST_W * fast[n]
        wanted_w = max(-(-_night_wh(site, cars, needs) // needs.night_h), needs.day_w.get(site.id, 0))
        model.add(installed_w >= wanted_w)
        if limit_w is not None:
            model.add(limit_w + 1_000 * more_kw[n] >= wanted_w)
            # a new point may not exceed the connection (R060); what stands beyond it already was let in with load management
            model.add(_SLOW_W * slow[n] + _FAST_W * fast[n] <= max(0, limit_w - has_w) + 1_000 * more_kw[n])
        for least, has in _site_floors(site, view):
            short = model.new_int_var(0, max(0, least), f"short{n}_{least}")
            model.add(slow[n] + fast[n] + short >= least - has)
            unmet.append(short)
    _ratio(model, [*slow, *fast], every, cars, view)
    cost = sum(
        prices.slow_point_fen // _YUAN * slow[n]
        + prices.fast_point_fen // _YUAN * fast[n]
        + prices.grid_fen_per_kw // _YUAN * more_kw[n]
        for n in range(len(sites))
    )
    model.minimize(cost + 10**7 * sum(unmet))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return []
    plans = []
    for n, site in enumerate(sites):
        counts = (solver.value(slow[n]), solver.value(fast[n]), solver.value(more_kw[n]))
        fen = counts[0] * prices.slow_point_fen + counts[1] * prices.fast_point_fen + counts[2] * prices.grid_fen_per_kw
        plans.append(SitePlan(site=site, slow=counts[0], fast=counts[1], enlarged_kw=counts[2], cost_fen=fen))
    return plans


def _site_floors(site: Site, view: RuleView) -> list[tuple[int, int]]:
    """Least counts at a site with a car park, each with what it has: piles (R054, R057) or charging spaces (R056, R058)."""
    park = site.car_park
    if park is None or park.spaces_count == 0:
        return []
    piles = site.piles_count if site.piles_count is not None else sum(group.points for group in site.charge_groups)
    if view.find("R054.pile_share") is not None:
        return [(view.bound("R054.pile_share").limit(park.spaces_count), piles)]
    if view.find("R056.charging_space_share") is not None:
        venue = park.venue and not park.new
        key = "R056.venue_charging_space_share" if venue else "R056.charging_space_share"
        return [(view.bound(key).limit(park.spaces_count), park.charging_spaces_count)]
    if view.find("R057.pile_share") is not None and park.new:
        return [(view.bound("R057.pile_share").limit(park.spaces_count), piles)]
    if view.find("R058.charging_space_share") is not None:
        return [(view.bound("R058.charging_space_share").limit(park.spaces_count), park.charging_spaces_count)]
    return []


def _ratio(
    model: cp_model.CpModel,
    points: Sequence[cp_model.IntVar],
    every: Sequence[Site],
    cars: Sequence[Vehicle],
    view: RuleView,
) -> None:
    """R052: piles of all sites against the new-energy vehicles of the prefecture; nothing where exempt or in Chongqing."""
    if is_exempt(view) or view.find("R052.charger_ratio") is None:
        return
    nevs = sum(v.energy.is_nev and v.duty is not Duty.RENTAL for v in cars)
    has = sum(
        site.piles_count if site.piles_count is not None else sum(g.points for g in site.charge_groups)
        for site in every
    )
    if nevs:
        model.add(sum(points) + has >= view.bound("R052.charger_ratio").limit(nevs))


def judge_charging(
    units: Sequence[Unit],
    sites: Sequence[Site],
    vehicles: Sequence[Vehicle],
    plan: ChargingPlan,
    rules: RuleBook,
    *,
    on: date,
) -> tuple[Finding, ...]:
    """Hold the sites after the plan against the rules, independently of how it was made."""
    after = {one.site.id: one.after for one in plan.sites}
    changed = [after.get(site.id, site) for site in sites]
    findings = evaluate(units, vehicles, changed, on, rules)
    return tuple(own for own in findings if own.rule_id in {"R052", "R054", "R055", "R056", "R057", "R058", "R059"})

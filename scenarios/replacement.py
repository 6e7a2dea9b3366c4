"""The replacement plan: which vehicles go in which year and what comes in their place, at least whole-life cost by the rules.

Vehicles that do not differ in anything that matters (place, level, kind, energy, duty, year in which they may go, distance) are
one group; how many of a group are replaced in which year by what is a whole number of an integer program, solved by CP-SAT. The
register that the plan leads to is then held against the rules by :func:`fleet.compliance.evaluate`, which shares nothing with
the program.

Rules: R018-R022 and R026-R029 (shares of new-energy vehicles), R032 and R033 (one for one, never more), R034 (candidates within
the purchase standard), R035 (the four decisions are asked for in the filing), R038 (eight full years, or a recorded safety
reason), R039 (listed vehicles are not replaced).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from ortools.sat.python import cp_model

from dispatch.policy import DispatchPolicy
from fleet.compliance import evaluate
from fleet.ids import UnitId, VehicleId
from fleet.rules.bounds import Bound, Comparison
from fleet.rules.census import INSTITUTIONS, ORGANS, is_exempt, period_of
from fleet.rules.findings import Finding
from fleet.rules.jurisdictions import Province, get_jurisdiction
from fleet.rules.model import RuleBook, RuleView
from fleet.rules.purchases import age_refusal, energy_refusal, standard_refusal
from fleet.sites import Site
from fleet.units import Level, Unit
from fleet.vehicles import Acquisition, AcquisitionKind, Duty, Vehicle, VehicleState
from scenarios.errors import InvalidScenario
from scenarios.fleets import BATTERY_COUNTERPART, electric
from scenarios.prices import Prices
from scenarios.region import MODELS

_YUAN = 100
#: Price of a vehicle that is kept beyond its longest service, in yuan a year: more than any replacement costs.
_OVERDUE_YUAN = 2_000_000


class PlanStatus(StrEnum):
    """``OPTIMAL`` is proven; ``FEASIBLE`` was the best when time ran out; ``INFEASIBLE`` comes with the rules in conflict."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """Why a combustion vehicle may be bought (R022, R029), or a young one replaced (R038: ``safety``)."""

    reason: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a planner sets.

    ``longest_years``: vehicles are to be gone by the end of the year in which they reach this age (assumption: 12; reaching
    eight years forces nothing, R038). ``budget_fen`` by year for the whole plan, and ``region_budget_fen`` by (jurisdiction,
    year): years without an entry are not limited. ``yearly_km`` by vehicle, else ``usual_km``. ``combustion`` are waivers for
    combustion vehicles, ``safety`` recorded reasons for replacing early. ``batch_central``: whether each year's replacements of
    a level are one batch of central procurement (R027, R028). ``purchase_month``: when vehicles are bought within a year.
    """

    first_year: int = 2021
    last_year: int = 2030
    longest_years: int = 12
    budget_fen: Mapping[int, int] = field(default_factory=dict)
    region_budget_fen: Mapping[tuple[str, int], int] = field(default_factory=dict)
    yearly_km: Mapping[VehicleId, int] = field(default_factory=dict)
    usual_km: int = 15_000
    combustion: Mapping[VehicleId, Waiver] = field(default_factory=dict)
    safety: Mapping[VehicleId, Waiver] = field(default_factory=dict)
    batch_central: bool = True
    purchase_month: int = 10

    def __post_init__(self) -> None:
        if not self.first_year <= self.last_year <= self.first_year + 20:
            raise ValueError(f"last_year = {self.last_year}: {self.first_year} to {self.first_year + 20}")
        if not 1 <= self.purchase_month <= 12:
            raise ValueError(f"purchase_month = {self.purchase_month}: 1 to 12")

    @property
    def years(self) -> range:
        return range(self.first_year, self.last_year + 1)

    def purchase_on(self, year: int) -> date:
        return date(year, self.purchase_month, 1)


@dataclass(frozen=True, kw_only=True)
class Replacement:
    """One vehicle that goes in a year, and the profile of the one that comes. ``waiver`` explains a combustion vehicle."""

    vehicle: Vehicle
    unit: Unit
    year: int
    profile: str
    price_fen: int
    whole_life_fen: int
    is_nev: bool
    waiver: Waiver | None = None
    safety: Waiver | None = None


@dataclass(frozen=True, kw_only=True)
class ReplacementPlan:
    """``overdue`` are vehicles that outlast their longest service for want of money; ``blocked`` may not be replaced, with why.

    ``whole_life_fen`` counts all vehicles over all years: purchases written off, yearly costs and energy.
    """

    status: PlanStatus
    replacements: tuple[Replacement, ...]
    overdue: tuple[tuple[VehicleId, int], ...]
    blocked: Mapping[VehicleId, str]
    whole_life_fen: int
    bound_fen: int
    conflicts: tuple[str, ...] = ()

    def spent_fen(self, year: int) -> int:
        return sum(one.price_fen for one in self.replacements if one.year == year)


@dataclass(frozen=True, kw_only=True)
class _Option:
    profile: str
    nev: bool
    price_yuan: int


@dataclass(kw_only=True)
class _Group:
    """Vehicles that are alike; they may be replaced from the year ``ready`` on and are to be gone by the end of ``due``."""

    region: str
    level: Level
    organ: bool
    duty: Duty
    fixed_route: bool
    profile: str
    ready: int
    due: int
    km: int
    waived: bool
    members: list[Vehicle]
    options: tuple[_Option, ...] = ()


def plan_replacements(
    units: Sequence[Unit],
    vehicles: Sequence[Vehicle],
    rules: RuleBook,
    wishes: Wishes,
    *,
    prices: Prices | None = None,
    policy: DispatchPolicy | None = None,
    seconds: float = 30.0,
) -> ReplacementPlan:
    """Return the plan of least whole-life cost that keeps the rules and the budgets.

    A combustion vehicle is a candidate only with a waiver, where the rules ask for one. What was bought in the plan period
    before counts. A plan that cannot be made comes back as infeasible, with what is in conflict.

    Raises
    ------
    InvalidScenario
        If Chengdu has no share of its own above the province's (R021), or a vehicle names an unknown unit.
    """
    prices, policy = prices or Prices(), policy or DispatchPolicy()
    unit_of = {unit.id: unit for unit in units}
    _refuse_unset(unit_of, vehicles, rules, wishes)
    groups, blocked = _groups(unit_of, vehicles, rules, wishes, prices)
    model = cp_model.CpModel()
    counts: dict[tuple[int, int, int], cp_model.IntVar] = {}
    late: dict[tuple[int, int], cp_model.IntVar] = {}
    cost: list[cp_model.LinearExprT] = []
    for g, group in enumerate(groups):
        size = len(group.members)
        for year in wishes.years:
            for o, option in enumerate(group.options):
                if year >= group.ready:
                    counts[g, year, o] = model.new_int_var(0, size, f"n{g}_{year}_{o}")
                    gain = _whole_life_yuan(option.profile, year, group, wishes, prices, policy) - _keep_yuan(
                        group, year, wishes, prices, policy
                    )
                    cost.append(gain * counts[g, year, o])
        model.add(sum(var for (own, _, _), var in counts.items() if own == g) <= size)
        for year in wishes.years:
            if year >= group.due:
                late[g, year] = model.new_int_var(0, size, f"late{g}_{year}")
                gone = [var for (own, when, _), var in counts.items() if own == g and when <= year]
                model.add(late[g, year] >= size - sum(gone))
                cost.append(_OVERDUE_YUAN * late[g, year])
    _shares(model, counts, groups, vehicles, unit_of, rules, wishes)
    _budgets(model, counts, groups, wishes)
    model.minimize(sum(cost))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    answer = solver.solve(model)
    if answer not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return ReplacementPlan(
            status=PlanStatus.INFEASIBLE,
            replacements=(),
            overdue=(),
            blocked=blocked,
            whole_life_fen=0,
            bound_fen=0,
            conflicts=_conflicts(groups, wishes),
        )
    kept_yuan = sum(_keep_all_yuan(group, wishes, prices, policy) * len(group.members) for group in groups)
    chosen, overdue = _read(solver, counts, late, groups, unit_of, wishes, prices, policy)
    penalty = sum(_OVERDUE_YUAN * solver.value(var) for var in late.values())
    return ReplacementPlan(
        status=PlanStatus.OPTIMAL if answer == cp_model.OPTIMAL else PlanStatus.FEASIBLE,
        replacements=chosen,
        overdue=overdue,
        blocked=blocked,
        whole_life_fen=round((kept_yuan + solver.objective_value - penalty) * _YUAN),
        bound_fen=round((kept_yuan + solver.best_objective_bound - penalty) * _YUAN),
    )


# ---- who may be replaced by what


def _refuse_unset(unit_of: Mapping[UnitId, Unit], vehicles: Iterable[Vehicle], rules: RuleBook, wishes: Wishes) -> None:
    for vehicle in vehicles:
        if vehicle.unit_id not in unit_of:
            raise InvalidScenario(
                source="replacement",
                field=f"{vehicle.id}.unit_id",
                value=vehicle.unit_id,
                remedy="a unit of the same register",
            )
    regions = {get_jurisdiction(vehicle.region).code for vehicle in vehicles}
    for region in sorted(regions):
        view = rules.at(wishes.purchase_on(wishes.first_year), region)
        if view.find("R021.provincial_floor") is not None and view.find("R021.nev_share") is None:
            raise InvalidScenario(
                source="replacement",
                field="R021.nev_share",
                value=None,
                remedy="成都市须在本地规则中设定高于30%的比例 / Chengdu is to set its own share above 30 % in a local rule",
            )


def _groups(
    unit_of: Mapping[UnitId, Unit], vehicles: Sequence[Vehicle], rules: RuleBook, wishes: Wishes, prices: Prices
) -> tuple[list[_Group], dict[VehicleId, str]]:
    found: dict[tuple[object, ...], _Group] = {}
    blocked: dict[VehicleId, str] = {}
    for vehicle in sorted(vehicles, key=lambda v: v.id):
        if vehicle.state is VehicleState.DISPOSED or vehicle.duty is Duty.RENTAL:
            continue
        if vehicle.listed:
            blocked[vehicle.id] = "R039"
            continue
        unit, region = unit_of[vehicle.unit_id], get_jurisdiction(vehicle.region).code
        ready = _ready(vehicle, rules, wishes)
        if ready is None:
            blocked[vehicle.id] = "R038"
            continue
        due = (vehicle.in_service_on.year if vehicle.in_service_on else wishes.last_year) + wishes.longest_years
        group = _Group(
            region=region,
            level=unit.level,
            organ=unit.population in ORGANS,
            duty=vehicle.duty,
            fixed_route=vehicle.fixed_route,
            profile=vehicle.profile,
            ready=ready,
            due=max(due, ready),
            km=wishes.yearly_km.get(vehicle.id, wishes.usual_km),
            waived=vehicle.id in wishes.combustion,
            members=[],
        )
        key = (
            region, unit.level, group.organ, unit.population in INSTITUTIONS, vehicle.duty, vehicle.fixed_route,
            vehicle.profile, ready, group.due, group.km, group.waived,
        )  # fmt: skip
        own = found.setdefault(key, group)
        if not own.members:
            own.options = _options(vehicle, rules, wishes, prices)
        if not own.options:
            blocked[vehicle.id] = "R034"
            continue
        own.members.append(vehicle)
    return [group for group in found.values() if group.members], blocked


def _ready(vehicle: Vehicle, rules: RuleBook, wishes: Wishes) -> int | None:
    """The first year of the plan in which the vehicle may be replaced (R038)."""
    safety = wishes.safety.get(vehicle.id)
    for year in wishes.years:
        view = rules.at(wishes.purchase_on(year), vehicle.region)
        refusal = age_refusal(
            view,
            vehicle,
            waiver_reason="" if safety is None else safety.reason,
            waiver_text="" if safety is None else safety.text,
        )
        if refusal is None:
            return year
    return None


def _options(vehicle: Vehicle, rules: RuleBook, wishes: Wishes, prices: Prices) -> tuple[_Option, ...]:
    """Profiles of the same kind that keep the purchase standard (R034) and the rules on energy (R022, R029)."""
    waiver = wishes.combustion.get(vehicle.id)
    options: list[_Option] = []
    view = rules.at(wishes.purchase_on(wishes.last_year), vehicle.region)
    for profile, model in sorted(MODELS.items()):
        price = prices.vehicles.get(profile)
        if model.kind is not vehicle.kind or price is None:
            continue
        refusal = standard_refusal(
            view,
            duty=vehicle.duty,
            kind=model.kind,
            energy=model.energy,
            seats=model.seats,
            price_fen=price.price_fen,
            displacement_ml=price.displacement_ml,
        )
        bought = Acquisition(
            on=view.day,
            kind=AcquisitionKind.REPLACED,
            waiver_reason=None if waiver is None else waiver.reason,
            waiver_text="" if waiver is None else waiver.text,
        )
        fresh = vehicle if model.energy is vehicle.energy else _as_model(vehicle, profile)
        unexplained = energy_refusal(view, fresh, bought) is not None and not is_exempt(view)
        no_other = vehicle.profile not in BATTERY_COUNTERPART and not vehicle.energy.is_nev
        if refusal is None and (not unexplained or no_other):
            options.append(_Option(profile=profile, nev=model.energy.is_nev, price_yuan=price.price_fen // _YUAN))
    return tuple(options)


def _as_model(vehicle: Vehicle, profile: str) -> Vehicle:
    """The vehicle as another model of its kind."""
    if BATTERY_COUNTERPART.get(vehicle.profile) == profile:
        return electric(vehicle)
    model = MODELS[profile]
    return replace(
        vehicle, energy=model.energy, profile=profile, seats=min(vehicle.seats, model.seats), battery=model.battery
    )


# ---- costs, in yuan


def _running_yuan(profile: str, km: int, prices: Prices, policy: DispatchPolicy) -> float:
    own = prices.vehicles[profile]
    return own.yearly_fen / _YUAN + km * prices.energy_fen_per_km(profile, policy) / _YUAN


def _whole_life_yuan(
    profile: str, year: int, group: _Group, wishes: Wishes, prices: Prices, policy: DispatchPolicy
) -> int:
    """Cost of the new vehicle from its year to the end of the plan: the part of the price written off by then, and running."""
    years = wishes.last_year - year + 1
    written_off = min(1.0, years / prices.life_years)
    price_yuan = prices.vehicles[profile].price_fen / _YUAN
    return round(price_yuan * written_off + years * _running_yuan(profile, group.km, prices, policy))


def _keep_yuan(group: _Group, year: int, wishes: Wishes, prices: Prices, policy: DispatchPolicy) -> int:
    """What the old vehicle would have cost from that year on; it has been written off."""
    return round((wishes.last_year - year + 1) * _running_yuan(group.profile, group.km, prices, policy))


def _keep_all_yuan(group: _Group, wishes: Wishes, prices: Prices, policy: DispatchPolicy) -> int:
    return _keep_yuan(group, wishes.first_year, wishes, prices, policy)


# ---- constraints


Counts = Mapping[tuple[int, int, int], cp_model.IntVar]


def _windows(rules: RuleBook, region: str, key: str, wishes: Wishes) -> list[tuple[RuleView, date, date]]:
    """The periods within the plan over which a cumulative share counts, each with the view that has its bound."""
    found: dict[date, tuple[RuleView, date, date]] = {}
    for year in wishes.years:
        view = rules.at(date(year, 12, 31), region)
        if view.find(key) is not None:
            first, last = period_of(view, key)
            found[first] = (view, first, last)
    return list(found.values())


def _shares(
    model: cp_model.CpModel,
    counts: Counts,
    groups: Sequence[_Group],
    vehicles: Sequence[Vehicle],
    unit_of: Mapping[UnitId, Unit],
    rules: RuleBook,
    wishes: Wishes,
) -> None:
    regions = sorted({group.region for group in groups})
    for region in regions:
        here = {g for g, group in enumerate(groups) if group.region == region}
        organs = {g for g in here if groups[g].organ}
        view = rules.at(wishes.purchase_on(wishes.last_year), region)
        sichuan = view.jurisdiction.province is Province.SICHUAN
        if sichuan and is_exempt(view):
            continue
        if sichuan:
            for key, chosen, organ in (
                ("R018.nev_share", organs, True),
                ("R019.nev_share", here, False),
                ("R021.nev_share", organs, True),
            ):
                for then, first, last in _windows(rules, region, key, wishes):
                    bought = _bought(vehicles, unit_of, region, first, last, organ=organ)
                    years = range(first.year, last.year + 1)
                    _floor(model, then.bound(key), counts, groups, chosen, years, bought)
            continue
        for year in wishes.years:
            then = rules.at(date(year, 12, 31), region)
            if then.find("R026.nev_share") is not None:
                bought = _bought(vehicles, unit_of, region, date(year, 1, 1), date(year, 12, 31), organ=True)
                _floor(model, then.bound("R026.nev_share"), counts, groups, organs, range(year, year + 1), bought)
            for key, municipal in (("R027.nev_share", True), ("R028.nev_share", False)):
                if wishes.batch_central and then.find(key) is not None:
                    batch = {g for g in organs if (groups[g].level is Level.PROVINCE) is municipal}
                    _floor(model, then.bound(key), counts, groups, batch, range(year, year + 1), (0, 0))


def _bought(
    vehicles: Iterable[Vehicle], unit_of: Mapping[UnitId, Unit], region: str, first: date, last: date, *, organ: bool
) -> tuple[int, int]:
    """New-energy and all replacements that were bought in a period already."""
    populations = ORGANS if organ else INSTITUTIONS
    own = [
        vehicle
        for vehicle in vehicles
        if vehicle.acquisition is not None
        and first <= vehicle.acquisition.on <= last
        and get_jurisdiction(vehicle.region).code == region
        and unit_of[vehicle.unit_id].population in populations
        and (
            vehicle.acquisition.kind is AcquisitionKind.REPLACED
            or (not organ and vehicle.acquisition.kind is AcquisitionKind.ADDED)
        )
    ]
    return sum(vehicle.energy.is_nev for vehicle in own), len(own)


def _floor(
    model: cp_model.CpModel,
    bound: Bound,
    counts: Counts,
    groups: Sequence[_Group],
    chosen: set[int],
    years: range,
    bought: tuple[int, int],
) -> None:
    """``left * nev`` at least (or above) ``right * all``, in whole numbers; a period in which nothing is bought keeps it."""
    every = [(key, var) for key, var in counts.items() if key[0] in chosen and key[1] in years]
    if not every:
        return
    nevs = sum(var for (g, _, o), var in every if groups[g].options[o].nev) + bought[0]
    whole = sum(var for _, var in every) + bought[1]
    if bound.comparison is Comparison.AT_LEAST:
        model.add(bound.left * nevs >= bound.right * whole)
        return
    some = model.new_bool_var("some")
    most = sum(len(groups[g].members) for g in chosen) + bought[1]
    model.add(whole <= max(1, most) * some)
    model.add(bound.left * nevs - bound.right * whole >= some)


def _budgets(model: cp_model.CpModel, counts: Counts, groups: Sequence[_Group], wishes: Wishes) -> None:
    for year in wishes.years:
        spent = [
            (groups[g].region, groups[g].options[o].price_yuan * var)
            for (g, when, o), var in counts.items()
            if when == year
        ]
        if year in wishes.budget_fen:
            model.add(sum(term for _, term in spent) <= wishes.budget_fen[year] // _YUAN)
        for (region, when), limit_fen in sorted(wishes.region_budget_fen.items()):
            if when == year:
                model.add(sum(term for own, term in spent if own == region) <= limit_fen // _YUAN)


def _conflicts(groups: Sequence[_Group], wishes: Wishes) -> tuple[str, ...]:
    """What may stand against each other; overdue vehicles never do, as they only cost."""
    stuck = sorted({group.profile for group in groups if not any(option.nev for option in group.options)})
    said = [f"no new-energy model within R034 for {', '.join(stuck)}"] if stuck else []
    if wishes.budget_fen or wishes.region_budget_fen:
        said.append("budgets")
    return tuple(said) or ("shares of new-energy vehicles already bought",)


# ---- back to vehicles


def _read(
    solver: cp_model.CpSolver,
    counts: Counts,
    late: Mapping[tuple[int, int], cp_model.IntVar],
    groups: Sequence[_Group],
    unit_of: Mapping[UnitId, Unit],
    wishes: Wishes,
    prices: Prices,
    policy: DispatchPolicy,
) -> tuple[tuple[Replacement, ...], tuple[tuple[VehicleId, int], ...]]:
    chosen: list[Replacement] = []
    overdue: list[tuple[VehicleId, int]] = []
    for g, group in enumerate(groups):
        # the oldest, then the farthest driven, go first
        queue = sorted(group.members, key=lambda v: (str(v.in_service_on or ""), -v.odometer_m, v.id))
        gone: defaultdict[int, int] = defaultdict(int)
        for year in wishes.years:
            for o, option in enumerate(group.options):
                var = counts.get((g, year, o))
                for _ in range(solver.value(var) if var is not None else 0):
                    vehicle = queue.pop(0)
                    chosen.append(
                        Replacement(
                            vehicle=vehicle,
                            unit=unit_of[vehicle.unit_id],
                            year=year,
                            profile=option.profile,
                            price_fen=option.price_yuan * _YUAN,
                            whole_life_fen=_whole_life_yuan(option.profile, year, group, wishes, prices, policy)
                            * _YUAN,
                            is_nev=option.nev,
                            waiver=None if option.nev else wishes.combustion.get(vehicle.id),
                            safety=wishes.safety.get(vehicle.id),
                        )
                    )
                    gone[year] += 1
            if (g, year) in late:
                overdue += [(vehicle.id, year) for vehicle in queue[: solver.value(late[g, year])]]
    chosen.sort(key=lambda one: (one.year, one.unit.region, one.unit.id, one.vehicle.id))
    return tuple(chosen), tuple(sorted(overdue, key=lambda one: (one[1], one[0])))


def register_after(
    vehicles: Sequence[Vehicle], plan: ReplacementPlan, wishes: Wishes, *, year: int
) -> tuple[Vehicle, ...]:
    """The register at the end of a year: what was replaced by then is disposed of, what came in its place is new."""
    gone = {one.vehicle.id: one for one in plan.replacements if one.year <= year}
    register: list[Vehicle] = []
    for vehicle in vehicles:
        one = gone.get(vehicle.id)
        if one is None:
            register.append(vehicle)
            continue
        register.append(replace(vehicle, state=VehicleState.DISPOSED))
        bought_on = wishes.purchase_on(one.year)
        level = "M" if one.unit.level is Level.PROVINCE else "C"
        waiver = one.waiver
        register.append(
            replace(
                _as_model(vehicle, one.profile) if one.profile != vehicle.profile else vehicle,
                id=VehicleId(f"{vehicle.id}-{one.year}"),
                odometer_m=0,
                in_service_on=bought_on,
                acquisition=Acquisition(
                    on=bought_on,
                    kind=AcquisitionKind.REPLACED,
                    central_batch=f"{one.year}-{level}" if wishes.batch_central else None,
                    price_fen=one.price_fen,
                    waiver_reason=None if waiver is None else waiver.reason,
                    waiver_text="" if waiver is None else waiver.text,
                ),
            )
        )
    return tuple(register)


def judge_plan(
    units: Sequence[Unit],
    vehicles: Sequence[Vehicle],
    sites: Sequence[Site],
    plan: ReplacementPlan,
    wishes: Wishes,
    rules: RuleBook,
    *,
    year: int,
) -> tuple[Finding, ...]:
    """Hold the register at the end of a year against all planning rules, independently of how the plan was made."""
    register = register_after(vehicles, plan, wishes, year=year)
    return evaluate(units, register, sites, date(year, 12, 31), rules)

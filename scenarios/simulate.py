"""Run a scenario: each of its fleets through the same days and the same luck, by the dispatch service that is on duty.

A scenario of one day is one part; one of many days falls into parts (see :class:`scenarios.scenario.Period`), which are
independent tasks of a sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from dispatch.legs import Roads
from dispatch.service import Solver
from dispatch.solve import solve
from dispatch.view import local_midnight
from fleet.compliance import evaluate
from fleet.regions import covers
from fleet.requests import Priority, TripRequest
from fleet.rules.findings import Finding, Verdict
from fleet.rules.load import load
from routing.builtin import load_builtin
from routing.engine import RoadEngine
from scenarios.demand import DemandMix
from scenarios.disturbances import World
from scenarios.errors import ScenarioCancelled
from scenarios.fleets import choose
from scenarios.history import History, read_history
from scenarios.measures import Account, measure
from scenarios.naming import PURPOSE_EMERGENCY
from scenarios.paper import build_agreements, with_car_parks, with_papers, with_quotas
from scenarios.period import PeriodProgress, Setting, run_period
from scenarios.prices import Prices
from scenarios.quick import solve_quickly
from scenarios.region import DemoRegion, Ground, build_demo, build_ground
from scenarios.report import FleetResult, Part, ScenarioReport
from scenarios.scenario import Demo, FleetChoice, Period, Scenario, load_scenario
from scenarios.streams import Streams
from scenarios.sweep import Executor, InTurn, ResultFolder, sweep
from scenarios.tally import Tally, total
from scenarios.workdays import DayKind, day_kind

__all__ = ["ScenarioCancelled", "ScenarioProgress", "build_region", "run_scenario"]


@dataclass(frozen=True, kw_only=True)
class ScenarioProgress:
    """How far a run is: ``done_frac`` over all fleets, the fleet replayed now and its virtual instant."""

    done_frac: float
    fleet_id: str
    at: datetime
    served_count: int


OnProgress = Callable[[ScenarioProgress], None]


@dataclass(frozen=True, kw_only=True)
class PartTask:
    """One part of one fleet's period: what a worker gets. ``assignments`` asks for who drove whom as well."""

    scenario: Scenario
    fleet_id: str
    first: date
    days: int
    assignments: bool = False


def run_scenario(
    scenario: Scenario | str | Path,
    *,
    on_progress: OnProgress | None = None,
    should_cancel: Callable[[], bool] | None = None,
    roads: Roads | None = None,
    solver: Solver | None = None,
    executor: Executor | None = None,
    folder: Path | None = None,
) -> ScenarioReport:
    """Take each of the scenario's fleets through its days and compare them.

    Parameters
    ----------
    scenario
        A scenario, the path of its file, or its name in the library.
    on_progress, should_cancel
        Told after every plan (with an executor: after every part); asked before every plan and during the search.
    roads
        Roads to use instead of the built-in network; only without an executor.
    solver
        Stands in for the scenario's own policy in tests; only without an executor.
    executor
        Who works on the parts; by default this process, one after the other.
    folder
        Where finished parts are kept; a run that was broken off goes on from there.

    Raises
    ------
    InvalidScenario
        If the file cannot be used.
    ScenarioCancelled
        If ``should_cancel`` said so.
    """
    chosen = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    tasks = part_tasks(chosen)
    done: set[int] = set()

    def report(number: int, frac: float, at: datetime, served: int) -> None:
        if on_progress is not None:
            share = (len(done - {number}) + frac) / len(tasks)
            fleet_id = tasks[number].fleet_id
            on_progress(ScenarioProgress(done_frac=share, fleet_id=fleet_id, at=at, served_count=served))

    def finished(number: int, result: dict[str, Any]) -> None:
        done.add(number)
        served = sum(body["served"] for body in result["tallies"].values())
        last = local_midnight(tasks[number].first) + timedelta(days=tasks[number].days)
        report(number, 1.0, last, served)

    def here(task: PartTask) -> dict[str, Any]:
        number = tasks.index(task)

        def tell(progress: PeriodProgress) -> None:
            if progress.done_frac < 1:
                report(number, progress.done_frac, progress.at, progress.served_count)

        return run_part(task, roads=roads, solver=solver, tell=tell, should_cancel=should_cancel)

    results = sweep(
        here if executor is None else run_part,
        tasks,
        executor=executor or InTurn(),
        folder=None if folder is None else ResultFolder(folder),
        on_done=finished,
        should_cancel=should_cancel,
    )
    return gather(chosen, tasks, results)


def part_tasks(scenario: Scenario, *, assignments: bool = False) -> list[PartTask]:
    """Cut a scenario into its parts, fleet by fleet.

    A part knows its own fleet alone and not how long the whole is, so that what a shorter run or one with fewer fleets has
    worked out counts in a longer one.
    """
    period = scenario.period or Period(days=1, part_days=1)
    of_part = None if scenario.period is None else replace(period, days=period.part_days)
    return [
        PartTask(
            scenario=replace(scenario, fleets=(fleet,), period=of_part),
            fleet_id=fleet.id,
            first=scenario.demo.day + timedelta(days=begin),
            days=min(period.part_days, period.days - begin),
            assignments=assignments,
        )
        for fleet in scenario.fleets
        for begin in range(0, period.days, period.part_days)
    ]


def run_part(
    task: PartTask,
    *,
    roads: Roads | None = None,
    solver: Solver | None = None,
    tell: Callable[[PeriodProgress], None] | None = None,
    should_cancel: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Simulate one part; the result is plain JSON: the tally of each day, and the assignments if asked for."""
    scenario = task.scenario
    choice = next(fleet for fleet in scenario.fleets if fleet.id == task.fleet_id)
    outcome = run_period(
        setting_of(scenario, choice),
        roads if roads is not None else _builtin_roads(),
        first=task.first,
        days=task.days,
        solver=solver or (solve_quickly if scenario.replay.quick else solve),
        tell=tell,
        should_cancel=should_cancel,
    )
    body: dict[str, Any] = {
        "fleet_id": task.fleet_id,
        "tallies": {day.isoformat(): tally.to_json() for day, tally in sorted(outcome.tallies.items())},
    }
    if task.assignments:
        body["assigned"] = dict(outcome.assigned)
    return body


def setting_of(scenario: Scenario, choice: FleetChoice) -> Setting:
    """Return what is simulated for one fleet of a scenario."""
    world = World(streams=Streams(seed=scenario.replay.seed), rules=scenario.world)
    if scenario.period is None:
        region = build_region(scenario.demo)
        vehicles, sites = choose(region.vehicles, region.sites, choice, seed=scenario.replay.seed)
        return Setting(
            units=region.units,
            sites=sites,
            vehicles=vehicles,
            drivers=region.drivers,
            requests_on=lambda _day: region.requests,
            policy=scenario.policy,
            replay=scenario.replay,
            world=world,
        )
    ground = _ground(scenario.demo)
    vehicles, sites = choose(ground.vehicles, ground.sites, choice, seed=scenario.replay.seed)
    return Setting(
        units=ground.units,
        sites=sites,
        vehicles=vehicles,
        drivers=ground.drivers,
        requests_on=Calendar(scenario.demo, scenario.period, ground, world.streams).requests_on,
        policy=scenario.policy,
        replay=scenario.replay,
        world=world,
    )


class Calendar:
    """What is asked for on each day of a period: generated, or drawn from history."""

    def __init__(self, demo: Demo, period: Period, ground: Ground, streams: Streams) -> None:
        self._demo, self._period, self._ground, self._streams = demo, period, ground, streams
        self._history = _history(period.history) if period.history else None

    def count_on(self, day: date) -> int:
        """How many requests a day has: the working day's number, by the kind of day and the season, with Poisson scatter."""
        period = self._period
        kind = day_kind(day)
        frac = {DayKind.WORKDAY: 1.0, DayKind.WEEKEND: period.weekend_frac, DayKind.HOLIDAY: period.holiday_frac}[kind]
        mean: float = self._demo.requests * frac * period.season[day.month - 1]
        # a Poisson number by its normal approximation; the rounding at few requests does no harm
        scatter: float = mean**0.5 * self._streams.normal("demand-count", day.isoformat())
        return max(0, round(mean + scatter))

    def requests_on(self, day: date) -> tuple[TripRequest, ...]:
        if self._history is not None:
            return self._history.draw(day, self._streams)
        count = self.count_on(day)
        if count == 0:
            return ()
        generator = self._streams.generator("demand", day.isoformat())
        mix = DemandMix(same_day_frac=self._demo.same_day_frac)
        asked = self._ground.ask(day=day, count=count, mix=mix, rng=generator)
        if day_kind(day) is not DayKind.HOLIDAY:
            return asked
        # vehicles are sealed on public holidays (R078): what is asked for then is emergency duty
        return tuple(replace(one, priority=Priority.EMERGENCY, purpose=PURPOSE_EMERGENCY) for one in asked)


@lru_cache(maxsize=4)
def _ground(demo: Demo) -> Ground:
    """The region with what its offices have on paper, so that compliance has figures."""
    ground = build_ground(
        demo.seed,
        vehicles=demo.vehicles,
        sites=demo.sites,
        nev_frac=demo.nev_frac,
        within=demo.within or demo.regions,
    )
    fleet = with_papers(ground.vehicles, demo.day, Random(f"{demo.seed}/purchases"))
    return replace(
        ground,
        vehicles=fleet,
        units=with_quotas(ground.units, fleet, Random(f"{demo.seed}/quotas")),
        sites=with_car_parks(ground.sites, Random(f"{demo.seed}/car parks")),
    )


@lru_cache(maxsize=1)
def _builtin_roads() -> RoadEngine:
    return RoadEngine(load_builtin())


@lru_cache(maxsize=2)
def _history(path: str) -> History:
    return read_history(Path(path))


def gather(scenario: Scenario, tasks: Sequence[PartTask], results: Sequence[dict[str, Any]]) -> ScenarioReport:
    """Put the parts together."""
    fleets: list[FleetResult] = []
    for choice in scenario.fleets:
        setting = setting_of(scenario, choice)
        parts = tuple(
            Part(first=task.first, days=task.days, tally=total(map(Tally.from_json, result["tallies"].values())))
            for task, result in zip(tasks, results, strict=True)
            if task.fleet_id == choice.id
        )
        daily = {
            day: Tally.from_json(body)
            for task, result in zip(tasks, results, strict=True)
            if task.fleet_id == choice.id
            for day, body in result["tallies"].items()
        }
        whole = total(part.tally for part in parts)
        fleets.append(
            FleetResult(
                id=choice.id,
                name_zh=choice.name_zh,
                name_en=choice.name_en,
                vehicles_count=len(setting.vehicles),
                nev_count=sum(vehicle.energy.is_nev for vehicle in setting.vehicles),
                points_count=sum(group.points for site in setting.sites for group in site.charge_groups),
                plans_count=whole.plans,
                mended_count=whole.mended,
                figures=measure(Account(tally=whole, policy=scenario.policy, factors=scenario.factors)),
                refusals=dict(sorted(whole.refused_by.items())),
                parts=parts,
                daily=daily,
                tally=whole,
                ownership_fen=_ownership_fen(setting),
                findings=_findings(setting, scenario),
                sites=tuple(setting.sites),
            )
        )
    return ScenarioReport(
        name=scenario.name,
        title_zh=scenario.title_zh,
        title_en=scenario.title_en,
        day=scenario.demo.day,
        days=scenario.period.days if scenario.period is not None else 1,
        policy=scenario.policy,
        factors=scenario.factors,
        fleets=tuple(fleets),
    )


def _ownership_fen(setting: Setting) -> float:
    prices = Prices()
    groups = [group for site in setting.sites for group in site.charge_groups]
    slow, fast = (sum(group.points for group in groups if group.dc is dc) for dc in (False, True))
    vehicles_fen = sum(prices.yearly_ownership_fen(vehicle.profile) for vehicle in setting.vehicles)
    return vehicles_fen + prices.yearly_points_fen(slow=slow, fast=fast)


def _findings(setting: Setting, scenario: Scenario) -> tuple[Finding, ...]:
    """How the fleet stands by the planning rules on the last day; what nobody entered (quotas, spaces) is left out."""
    days = scenario.period.days if scenario.period is not None else 1
    last = scenario.demo.day + timedelta(days=days - 1)
    found = evaluate(setting.units, setting.vehicles, setting.sites, last, load())
    silent = (Verdict.NOT_MEASURED, Verdict.NOT_APPLICABLE)
    return tuple(own for own in found if own.verdict not in silent and (own.x or own.y or own.rule_id == "R039"))


def build_region(demo: Demo) -> DemoRegion:
    """Generate the region of a one-day scenario, cut down to the areas asked for."""
    if demo.within:
        ground = _ground(demo)
        generator = Streams(seed=demo.seed).generator("requests")
        mix = DemandMix(same_day_frac=demo.same_day_frac)
        return DemoRegion(
            units=ground.units,
            sites=ground.sites,
            vehicles=ground.vehicles,
            drivers=ground.drivers,
            persons=ground.persons,
            requests=ground.ask(day=demo.day, count=demo.requests, mix=mix, rng=generator),
            waiting=(),
            agreements=build_agreements(demo.day),
            featured=ground.featured,
        )
    region = build_demo(
        demo.seed,
        day=demo.day,
        vehicles=demo.vehicles,
        requests=demo.requests,
        sites=demo.sites,
        nev_frac=demo.nev_frac,
        mix=DemandMix(same_day_frac=demo.same_day_frac),
    )
    if not demo.regions:
        return region

    def inside(nouns: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(noun for noun in nouns if any(covers(area, noun.region) for area in demo.regions))

    return replace(
        region,
        sites=inside(region.sites),
        vehicles=inside(region.vehicles),
        drivers=inside(region.drivers),
        requests=inside(region.requests),
    )

"""Ride requests of a street-graph data set, made into a task: what the data leaves out is assumed, and said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from api.cli.inputs import CENTRAL_CHENGDU_PEAK_KMH, midnight, read_bytes
from api.cli.offline import Task
from api.cli.prepared import Prepared
from api.cli.ride_fleet import equal_cars
from api.cli.terminal import BadInput
from api.intake.rides import CHENGDU, RIDES_UNIT, RideRules, read_rides, within
from api.wording import Language, Text
from dispatch.policy import DispatchPolicy
from dispatch.solve import StopRule
from fleet.drivers import Shift
from fleet.requests import TripStop
from routing.engine import RoadEngine
from routing.graph import RoadGraph


def prepare_rides(
    paths: list[Path],
    graph: RoadGraph,
    policy: DispatchPolicy,
    stop: StopRule,
    *,
    day: date,
    seed: int,
    cars: int,
    seats: int,
    from_s: int,
    to_s: int,
    wait_s: int,
    ride_factor: float,
    lang: Language,
) -> Prepared:
    if len(paths) != 1:
        raise BadInput(Text("rides 格式只读一个文件", "the rides format reads one file"))
    if from_s >= to_s:
        raise BadInput(Text("--from 须早于 --to", "--from must be before --to"))
    rules = RideRules(day=day, wait_s=wait_s)
    rides = read_rides(read_bytes(paths[0]), name=paths[0].name, rules=rules, lang=lang)
    if rides.errors:
        count = len(rides.errors)
        raise BadInput(
            Text(f"{paths[0].name} 中有 {count} 处错误", f"{count} errors in {paths[0].name}"), errors=rides.errors
        )
    engine = RoadEngine(graph)
    off = {request.id for request in rides.requests if not _on_network(request.stops, engine, policy.access_limit_m)}
    inside, outside = within(rides.requests, from_s=from_s, to_s=to_s)
    span = f"{_clock(from_s)}-{_clock(to_s)}"
    aside = {
        request.id: Text(f"下单时刻不在 {span}", f"asked for outside {span}")
        for request in outside
        if request.id not in off
    }
    asked = frozenset(request.id for request in inside if request.id not in off)
    planned = tuple(request for request in rides.requests if request.id not in aside)
    shift = Shift(start_s=max(0, from_s - 3_600), end_s=to_s + 7_200)
    on_duty = f"{_clock(shift.start_s)}-{_clock(shift.end_s)}"
    policy = replace(policy, ride_factor_frac=ride_factor, ride_slack_s=0)
    nouns = equal_cars(graph, planned, count=cars, seats=seats, shift=shift, unit_id=RIDES_UNIT, region=CHENGDU)
    assumptions = (
        Text(
            f"数据没有人数：每单 {rules.passengers} 人；上下车各停 {rules.service_s} 秒",
            f"the data has no party size: {rules.passengers} passenger a ride; {rules.service_s} s for each stop",
        ),
        Text(
            f"上车不早于下单，等候至多 {wait_s / 60:g} 分钟；乘车时间至多为直达的 {ride_factor:g} 倍",
            f"picked up at most {wait_s / 60:g} min after the request; on board at most {ride_factor:g} x the direct drive",
        ),
        Text(
            f"数据没有车队：{cars} 辆 {seats} 座汽油轿车，分散停在路网节点上，收车回原处，{on_duty} 当班",
            f"the data has no fleet: {cars} petrol sedans with {seats} seats, parked as far from each other as the nodes allow,"
            f" back there at the end, on duty {on_duty}",
        ),
        Text(f"日期取 {day}，数据只有当日秒数", f"the day is taken as {day}: the data gives seconds of the day only"),
        Text(
            f"街道图没有车速：成都核心区高峰平均 {CENTRAL_CHENGDU_PEAK_KMH} km/h（高德年度中国主要城市交通分析报告）为默认值",
            "the street graph has no speeds: by default the mean of Chengdu's core at the peak,"
            f" {CENTRAL_CHENGDU_PEAK_KMH} km/h (AutoNavi's yearly report on traffic in major Chinese cities)",
        ),
    )
    return Prepared(
        nouns=nouns,
        task=Task(day=day, now=midnight(day), graph=graph, policy=policy, seed=seed, stop=stop),
        assumptions=assumptions,
        notes=tuple(
            f"{note.sheet}{'' if note.row is None else f' #{note.row}'}: {note.message}" for note in rides.notes
        ),
        set_aside=aside,
        rides=rides,
        asked=asked,
    )


def _on_network(stops: Sequence[TripStop], engine: RoadEngine, limit_m: float) -> bool:
    return all(engine.snapper.try_snap(s.lon_wgs84, s.lat_wgs84, limit_m=limit_m) is not None for s in stops)


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second % 3600 // 60:02d}"

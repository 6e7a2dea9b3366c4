"""From the stops that a caller gave to stops that a vehicle can drive to, or a list of what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.geography import Whereabouts, find_place, judge, search_places
from api.problems import FieldError, InvalidInput
from api.schemas.requests import TripStopInput
from api.wording import Text
from fleet.requests import Priority, TripStop
from routing.engine import RoadEngine
from routing.matrix import UNREACHABLE
from routing.profiles import PROFILES
from routing.snap import Point

ACCESS_LIMIT_M = 30_000
"""The built-in network has nodes at seats only: a village up to this far from one is still served over an access leg."""

LONGEST_AHEAD = timedelta(days=366)
"""Instants farther from now than this, ahead or behind, have a wrong year; it also keeps them within what a calendar holds."""
_PROBE = "sedan_petrol"


@dataclass(frozen=True, kw_only=True)
class _Found:
    lon_wgs84: float
    lat_wgs84: float
    name: str


def resolve_stops(
    given: Sequence[TripStopInput], *, roads: RoadEngine, now: datetime, priority: Priority
) -> tuple[TripStop, ...]:
    """Return the stops with their coordinates.

    Raises
    ------
    InvalidInput
        With every finding: no place, swapped or foreign coordinates, impossible times, no road there or between them.
    """
    findings: list[FieldError] = []
    found = [_locate(number, stop, findings) for number, stop in enumerate(given)]
    _check_times(given, now, priority, findings)
    _check_roads(found, roads, findings)
    if findings:
        raise InvalidInput(findings)
    return tuple(
        TripStop(
            name=stop.name or place.name,
            lon_wgs84=place.lon_wgs84,
            lat_wgs84=place.lat_wgs84,
            earliest_at=stop.earliest_at,
            latest_at=stop.latest_at,
            service_s=stop.service_s,
        )
        for stop, place in zip(given, found, strict=True)
        if place is not None
    )


def _locate(number: int, stop: TripStopInput, findings: list[FieldError]) -> _Found | None:
    at = f"stops[{number}]"
    if stop.lon_wgs84 is not None and stop.lat_wgs84 is not None:
        if finding := check_coordinates(stop.lon_wgs84, stop.lat_wgs84, at=at):
            findings.append(finding)
            return None
        label = stop.name or stop.place or f"{stop.lon_wgs84:.5f}, {stop.lat_wgs84:.5f}"
        return _Found(lon_wgs84=stop.lon_wgs84, lat_wgs84=stop.lat_wgs84, name=label)
    if stop.lon_wgs84 is not None or stop.lat_wgs84 is not None:
        missing = "lat_wgs84" if stop.lat_wgs84 is None else "lon_wgs84"
        findings.append(
            FieldError(
                field=f"{at}.{missing}",
                message=Text("经度和纬度必须同时填写", "longitude and latitude belong together"),
                remedy=Text("补上另一个坐标，或只填 place", "give the other one too, or only a place"),
            )
        )
        return None
    if stop.place is None:
        findings.append(
            FieldError(
                field=at,
                message=Text("没有地点", "there is no place"),
                remedy=Text("填写 place，或填写 lon_wgs84 和 lat_wgs84", "give a place, or lon_wgs84 and lat_wgs84"),
            )
        )
        return None
    known = find_place(stop.place)
    if known is None:
        near = search_places(stop.place, limit=5)
        offers = "、".join(f"{place.name_zh}（{place.adcode}）" for place in near)
        offered = ", ".join(f"{place.name_en} ({place.adcode})" for place in near)
        findings.append(
            FieldError(
                field=f"{at}.place",
                value=stop.place,
                message=Text("找不到唯一的地点", "not the name of exactly one known place"),
                remedy=Text(
                    f"相近的有：{offers}；也可以直接填坐标" if near else "用 /v1/places 查询，或直接填坐标",
                    f"close to it: {offered}; or give coordinates"
                    if near
                    else "search with /v1/places, or give coordinates",
                ),
            )
        )
        return None
    return _Found(lon_wgs84=known.lon_wgs84, lat_wgs84=known.lat_wgs84, name=known.name_zh)


def check_coordinates(lon: float, lat: float, *, at: str = "") -> FieldError | None:
    """Return what is wrong with a point: outside the region, or longitude and latitude in each other's place."""
    where = judge(lon, lat)
    if where is Whereabouts.INSIDE:
        return None
    if where is Whereabouts.SWAPPED:
        return FieldError(
            field=f"{at}.lon_wgs84".lstrip("."),
            value=[lon, lat],
            message=Text("经纬度看起来填反了", "longitude and latitude look swapped"),
            remedy=Text(f"改为 lon_wgs84={lat}，lat_wgs84={lon}", f"write lon_wgs84={lat}, lat_wgs84={lon}"),
        )
    return FieldError(
        field=f"{at}.lon_wgs84".lstrip("."),
        value=[lon, lat],
        message=Text("坐标不在川渝范围内", "the point lies outside Sichuan and Chongqing"),
        remedy=Text(
            "请核对坐标，须为 WGS-84 经纬度，如 lon_wgs84=104.0633，lat_wgs84=30.6598",
            "check it; it is WGS-84 longitude and latitude, such as lon_wgs84=104.0633, lat_wgs84=30.6598",
        ),
    )


def _check_times(given: Sequence[TripStopInput], now: datetime, priority: Priority, findings: list[FieldError]) -> None:
    for number, stop in enumerate(given):
        if stop.latest_at < stop.earliest_at:
            findings.append(
                FieldError(
                    field=f"stops[{number}].latest_at",
                    value=stop.latest_at.isoformat(),
                    message=Text("最晚时间早于最早时间", "the latest time is before the earliest"),
                    remedy=Text(f"不早于 {stop.earliest_at.isoformat()}", f"not before {stop.earliest_at.isoformat()}"),
                )
            )
        if number and stop.latest_at < given[number - 1].earliest_at:
            last = number == len(given) - 1
            findings.append(
                FieldError(
                    field=f"stops[{number}].latest_at",
                    value=stop.latest_at.isoformat(),
                    message=Text("下车时间早于上车时间", "the drop-off is before the pick-up")
                    if last and len(given) == 2
                    else Text("时间早于前一个停靠点", "the time is before that of the stop ahead of it"),
                    remedy=Text(
                        f"不早于 {given[number - 1].earliest_at.isoformat()}",
                        f"not before {given[number - 1].earliest_at.isoformat()}",
                    ),
                )
            )
    first = given[0]
    if first.latest_at < now and priority is not Priority.EMERGENCY:
        findings.append(
            FieldError(
                field="stops[0].latest_at",
                value=first.latest_at.isoformat(),
                message=Text("上车时间已经过去", "the pick-up time has passed"),
                remedy=Text(
                    f"晚于 {now.isoformat(timespec='seconds')}；只有应急用车可以补登",
                    f"after {now.isoformat(timespec='seconds')}; only an emergency is entered afterwards",
                ),
            )
        )
    for number, stop in enumerate(given):
        for name, at in (("earliest_at", stop.earliest_at), ("latest_at", stop.latest_at)):
            # Into the past too: an emergency may be entered afterwards, but not with a wrong year.
            if now - LONGEST_AHEAD <= at <= now + LONGEST_AHEAD:
                continue
            ahead = at > now
            findings.append(
                FieldError(
                    field=f"stops[{number}].{name}",
                    value=at.isoformat(),
                    message=Text("日期超出一年", "more than a year ahead")
                    if ahead
                    else Text("日期在一年以前", "more than a year ago"),
                    remedy=Text("请检查年份", "check the year"),
                )
            )


def _check_roads(found: Sequence[_Found | None], roads: RoadEngine, findings: list[FieldError]) -> None:
    points: list[tuple[int, Point]] = []
    for number, place in enumerate(found):
        if place is None:
            continue
        point = Point(lon_wgs84=place.lon_wgs84, lat_wgs84=place.lat_wgs84)
        if roads.try_snap(point, limit_m=ACCESS_LIMIT_M) is None:
            findings.append(
                FieldError(
                    field=f"stops[{number}]",
                    value=[place.lon_wgs84, place.lat_wgs84],
                    message=Text("此地点附近没有道路，无法到达", "no road leads there"),
                    remedy=Text(
                        f"选择距道路 {ACCESS_LIMIT_M // 1000} 公里以内的地点",
                        f"choose a place within {ACCESS_LIMIT_M // 1000} km of a road",
                    ),
                )
            )
            continue
        points.append((number, point))
    if len(points) != len(found):
        return
    legs = roads.matrix([point for _, point in points], PROFILES[_PROBE], access_limit_m=ACCESS_LIMIT_M)
    findings.extend(
        FieldError(
            field=f"stops[{number}]",
            value=[points[number][1].lon_wgs84, points[number][1].lat_wgs84],
            message=Text("从前一个停靠点没有道路可达", "no road leads there from the stop before"),
            remedy=Text("换一个有道路相通的地点", "choose a place that a road leads to"),
        )
        for number in range(1, len(points))
        if legs.drive_s[number - 1, number] == UNREACHABLE
    )

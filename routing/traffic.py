"""Time bands: how much slower than free flow traffic is in each part of the day, by kind of road."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from routing.conditions import TimeBand
from routing.graph import RoadGraph

LOCAL_ZONE = ZoneInfo("Asia/Shanghai")


class RoadKind(StrEnum):
    """Roads that congest alike."""

    EXPRESSWAY = "expressway"
    ARTERIAL = "arterial"
    STREET = "street"


SPEED_FRAC: Mapping[RoadKind, Mapping[TimeBand, float]] = MappingProxyType(
    {
        RoadKind.EXPRESSWAY: MappingProxyType(
            {
                TimeBand.FREE_FLOW: 1.0,
                TimeBand.MORNING_PEAK: 0.93,
                TimeBand.EVENING_PEAK: 0.93,
                TimeBand.DAY: 0.97,
                TimeBand.NIGHT: 1.0,
                TimeBand.WEEKEND: 0.95,
            }
        ),
        RoadKind.ARTERIAL: MappingProxyType(
            {
                TimeBand.FREE_FLOW: 1.0,
                TimeBand.MORNING_PEAK: 0.72,
                TimeBand.EVENING_PEAK: 0.70,
                TimeBand.DAY: 0.85,
                TimeBand.NIGHT: 1.0,
                TimeBand.WEEKEND: 0.85,
            }
        ),
        RoadKind.STREET: MappingProxyType(
            {
                TimeBand.FREE_FLOW: 1.0,
                TimeBand.MORNING_PEAK: 0.64,
                TimeBand.EVENING_PEAK: 0.61,
                TimeBand.DAY: 0.80,
                TimeBand.NIGHT: 1.0,
                TimeBand.WEEKEND: 0.82,
            }
        ),
    }
)
"""Speed over free-flow speed. Planning figures: town streets follow a peak delay index of about 1.6 (time at the peak over time
in free flow), the order that the yearly traffic reports of the map service AutoNavi (高德地图, 中国主要城市交通分析报告)
give for Chengdu and Chongqing; arterials and expressways are graded between it and 1. Replace them where own tracks tell
better."""

_KIND_OF_CLASS: Mapping[str, RoadKind] = MappingProxyType(
    {
        "expressway": RoadKind.EXPRESSWAY,
        "ramp": RoadKind.ARTERIAL,
        "national_road": RoadKind.ARTERIAL,
        "access": RoadKind.ARTERIAL,
        "local": RoadKind.ARTERIAL,
        "motorway": RoadKind.EXPRESSWAY,
        "motorway_link": RoadKind.ARTERIAL,
        "trunk": RoadKind.ARTERIAL,
        "trunk_link": RoadKind.ARTERIAL,
        "primary": RoadKind.ARTERIAL,
        "primary_link": RoadKind.ARTERIAL,
        "ferry": RoadKind.EXPRESSWAY,
    }
)
"""Classes not named here are streets, and so is everything in a network without classes."""


BAND_MINUTES = (0, 390, 420, 570, 1020, 1170, 1320)
"""Minutes after local midnight at which the band may change."""


def band_at(at: datetime) -> TimeBand:
    """The time band of an instant in local time: peaks 07:00-09:30 and 17:00-19:30 from Monday to Friday, night 22:00-06:30.

    Raises
    ------
    ValueError
        If ``at`` names no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    local = at.astimezone(LOCAL_ZONE)
    minute = local.hour * 60 + local.minute
    if minute < 390 or minute >= 1320:
        return TimeBand.NIGHT
    if local.weekday() >= 5:
        return TimeBand.WEEKEND
    if 420 <= minute < 570:
        return TimeBand.MORNING_PEAK
    if 1020 <= minute < 1170:
        return TimeBand.EVENING_PEAK
    return TimeBand.DAY


def speed_frac(graph: RoadGraph, band: TimeBand) -> npt.NDArray[np.float64]:
    """(m,) factor on the free-flow speed of every edge."""
    if graph.class_index is None or not graph.road_classes:
        return np.full(graph.edge_count, SPEED_FRAC[RoadKind.STREET][band])
    by_class = [SPEED_FRAC[_KIND_OF_CLASS.get(name, RoadKind.STREET)][band] for name in graph.road_classes]
    return np.array(by_class)[graph.class_index]

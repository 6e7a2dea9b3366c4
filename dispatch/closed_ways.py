"""Vehicles whose begun or frozen way leads over roads that were closed meanwhile.

What nobody has begun is let go and planned anew. What has begun is kept as it was planned: how the driver gets round the closed
road is settled between him and the dispatcher, and must not stop the plan of everybody else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from dispatch.standing import Standing
from dispatch.view import FleetView
from fleet.ids import VehicleId
from fleet.itineraries import AssignmentState, Itinerary
from routing.graph import Confidence
from routing.matrix import UNREACHABLE, LegMatrix
from routing.snap import Point

_BEGUN = (
    AssignmentState.STARTED,
    AssignmentState.ON_BOARD,
    AssignmentState.DROPPED_OFF,
    AssignmentState.FINISHED,
)


def is_cut(matrix: LegMatrix, way: Sequence[int | None]) -> bool:
    """Whether a drive between two places that follow each other has no road; None: the way ends there."""
    return any(a is not None and b is not None and matrix.drive_s[a, b] == UNREACHABLE for a, b in pairwise(way))


def has_begun(view: FleetView, vehicle_id: VehicleId, standing: Standing) -> bool:
    """Whether the driver has reported anything of what is frozen, or something of the day is over."""
    if standing.history:
        return True
    frozen = {entry.request_id or entry.stop.request_id for entry in standing.frozen}
    mine = (a for id, a in view.assignments.items() if id in frozen and a.vehicle_id == vehicle_id)
    return any(assignment.state in _BEGUN for assignment in mine)


def as_planned(
    matrix: LegMatrix,
    itinerary: Itinerary,
    index: Mapping[Point, int],
    *,
    longest_s: int | None,
    rest_s: int,
) -> LegMatrix:
    """The legs with what the itinerary planned where there is no road now; these are unverified."""
    arrays = {
        name: getattr(matrix, name).copy()
        for name in ("drive_s", "drive_m", "drive_wh", "fuel_ml", "toll_fen", "confidence")
    }
    for before, stop in pairwise(itinerary.stops):
        pair = tuple(index.get(_point(one.lon_wgs84, one.lat_wgs84)) for one in (before, stop))
        if None in pair or arrays["drive_s"][pair] != UNREACHABLE:
            continue
        arrays["drive_s"][pair] = _without_rests(stop.leg_s, longest_s, rest_s)
        arrays["drive_m"][pair] = stop.leg_m
        arrays["drive_wh"][pair] = stop.leg_wh
        arrays["fuel_ml"][pair] = stop.leg_fuel_ml
        arrays["toll_fen"][pair] = stop.leg_toll_fen
        arrays["confidence"][pair] = Confidence.UNVERIFIED
    return replace(matrix, **arrays)


def _point(lon_wgs84: float, lat_wgs84: float) -> Point:
    return Point(lon_wgs84=round(lon_wgs84, 6), lat_wgs84=round(lat_wgs84, 6))


def _without_rests(leg_s: int, longest_s: int | None, rest_s: int) -> int:
    """Seconds of driving in a leg whose planned time holds the rests on the way."""
    if not longest_s:
        return leg_s
    rests = 0
    while leg_s - rests * rest_s > longest_s * (rests + 1):
        rests += 1
    return max(leg_s - rests * rest_s, math.ceil(longest_s * rests))

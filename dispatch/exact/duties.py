"""Where a vehicle's route may begin and what binds it: one duty per vehicle and period, from the problem's own fields."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from dispatch.drives import LegTable
from dispatch.problem import PinnedStop, Problem, RequestKind, RequestSpec, VehicleSpec

FAR_S = 10**9
"""Later than any instant of a problem."""
FAR_MFEN = 2**62
"""Dearer than any route."""


@dataclass(frozen=True, kw_only=True)
class Duty:
    """One vehicle in one period, from the moment on at which it is free to be planned.

    ``begin_s`` is the first departure and ``end_s`` the last arrival. ``fixed`` (a vehicle that is out): it departs from
    ``location`` at ``begin_s``, came there at ``arrived_s``, holds ``level_wh`` and has ``on_board`` as (request, next
    stop); then ``end_s`` and the limits bind only if something is added. ``left_s`` is when it left its start,
    ``driven_s`` and ``since_s`` what it has driven in all and since its last rest. ``cost_mfen`` is paid already.
    """

    vehicle: int
    location: int
    begin_s: int
    end_s: int
    charters_only: bool
    fixed: bool
    arrived_s: int
    left_s: int
    driven_s: int
    since_s: int
    level_wh: int
    cost_mfen: int
    on_board: tuple[tuple[int, int], ...]


def longest_s(vehicle: VehicleSpec) -> int | None:
    """Return how long the driver may drive at a stretch; None where nobody is paid to drive or nothing limits it."""
    return None if vehicle.self_drive else vehicle.max_continuous_drive_s


def rests_within(drive_s: int, longest: int | None) -> int:
    """Return the number of rests that one leg holds on its way."""
    return 0 if longest is None else max(0, -(-drive_s // longest) - 1)


def needed_s(vehicle: VehicleSpec, drive_s: int) -> int:
    """Return the time that a leg of so much driving takes, with its rests on the way."""
    return drive_s + rests_within(drive_s, longest_s(vehicle)) * vehicle.rest_s


def leg_mfen(vehicle: VehicleSpec, legs: LegTable, a: int, b: int) -> int:
    """Return the price of driving from ``a`` to ``b``."""
    return (
        int(legs.drive_m[a, b]) * vehicle.mfen_per_m
        + int(legs.drive_s[a, b]) * vehicle.mfen_per_s
        + int(legs.toll_fen[a, b]) * 1000
    )


def may_serve(problem: Problem, vehicle: VehicleSpec, request: RequestSpec) -> bool:
    """Whether the vehicle is of the right duty, group, kind, equipment and size for the request."""
    return (
        int(problem.tier[request.group, vehicle.group]) >= 0
        and vehicle.self_drive == (request.kind is RequestKind.RENTAL)
        and request.seats <= vehicle.seats
        and (not request.kinds or bool(request.kinds & (1 << vehicle.kind)))
        and not request.equipment & ~vehicle.equipment
    )


def served_mfen(problem: Problem, vehicle: int, request: RequestSpec, begin_s: int) -> int:
    """Return tier price and change price of picking the request up at that time."""
    tier = int(problem.tier[request.group, problem.vehicles[vehicle].group])
    price = problem.tier_mfen[tier] if tier >= 0 else 0
    late = request.promised_latest_s is not None and begin_s > request.promised_latest_s
    early = request.promised_earliest_s is not None and begin_s < request.promised_earliest_s
    other = request.promised_vehicle is not None and request.promised_vehicle != vehicle
    return price + (request.change_mfen if late or early or other else 0)


def duties_of(problem: Problem, index: int) -> list[Duty]:
    """Return the duties among which the vehicle has one."""
    vehicle = problem.vehicles[index]
    if vehicle.pinned:
        return [_under_way(problem, index, vehicle)]
    level = vehicle.battery.initial_wh if vehicle.battery else 0
    periods = [(begin, end, False) for begin, end in vehicle.windows]
    if len(vehicle.windows) > 1:
        periods.append((vehicle.windows[0][0], vehicle.windows[-1][1], True))
    return [
        Duty(
            vehicle=index,
            location=vehicle.start_location,
            begin_s=begin,
            end_s=end,
            charters_only=charters_only,
            fixed=False,
            arrived_s=begin,
            left_s=begin,
            driven_s=0,
            since_s=0,
            level_wh=level,
            cost_mfen=vehicle.fixed_mfen,
            on_board=(),
        )
        for begin, end, charters_only in periods
    ]


def _under_way(problem: Problem, index: int, vehicle: VehicleSpec) -> Duty:
    """Drive the pinned stops as they are written."""
    legs = problem.legs[vehicle.legs]
    longest = longest_s(vehicle)
    first, last = vehicle.pinned[0], vehicle.pinned[-1]
    left = clock = first.begin_s - needed_s(vehicle, _drive_s(legs, vehicle.start_location, first.location))
    level = vehicle.battery.initial_wh if vehicle.battery else 0
    cost, driven, since, pause, arrived = vehicle.fixed_mfen, 0, 0, 0, clock
    places = [vehicle.start_location, *(pin.location for pin in vehicle.pinned)]
    for (here, there), pin in zip(pairwise(places), vehicle.pinned, strict=True):
        drive = _drive_s(legs, here, there)
        cost += leg_mfen(vehicle, legs, here, there)
        driven += drive
        came = min(pin.begin_s, clock + needed_s(vehicle, drive))
        if drive:
            rests = rests_within(drive, longest)
            since = 0 if pause >= vehicle.rest_s else since
            since = drive - rests * (longest or 0) if rests else since + drive
            pause, arrived = 0, came
        pause += pin.depart_s - came
        clock = pin.depart_s
        level = _after_pin(vehicle, level, int(legs.drive_wh[here, there]), pin)
        cost += _pin_mfen(problem, index, pin)
    window_ends = [end for begin, end in vehicle.windows if begin <= last.depart_s]
    return Duty(
        vehicle=index,
        location=last.location,
        begin_s=last.depart_s,
        end_s=max(window_ends, default=last.depart_s),
        charters_only=False,
        fixed=True,
        arrived_s=arrived,
        left_s=left,
        driven_s=driven,
        since_s=0 if pause >= vehicle.rest_s else since,
        level_wh=level,
        cost_mfen=cost,
        on_board=_on_board(problem, vehicle),
    )


def _drive_s(legs: LegTable, a: int, b: int) -> int:
    return max(0, int(legs.drive_s[a, b]))


def _after_pin(vehicle: VehicleSpec, level_wh: int, used_wh: int, pin: PinnedStop) -> int:
    if vehicle.battery is None:
        return 0
    most = vehicle.battery.capacity_wh
    return min(most, min(most, level_wh - used_wh) + pin.charged_wh)


def _pin_mfen(problem: Problem, index: int, pin: PinnedStop) -> int:
    cost = 0
    if pin.charge_group is not None:
        cost += pin.charged_wh * problem.charge_groups[pin.charge_group].mfen_per_wh
    if pin.request is not None and pin.stop == 0:
        cost += served_mfen(problem, index, problem.requests[pin.request], pin.begin_s)
    return cost


def _on_board(problem: Problem, vehicle: VehicleSpec) -> tuple[tuple[int, int], ...]:
    done: dict[int, int] = {}
    for pin in vehicle.pinned:
        if pin.request is not None:
            done[pin.request] = max(done.get(pin.request, -1), pin.stop)
    return tuple(sorted((r, i + 1) for r, i in done.items() if i + 1 < len(problem.requests[r].stops)))


def begun_requests(problem: Problem) -> frozenset[int]:
    """Return the requests that have a pinned stop: they stay with their vehicle."""
    return frozenset(p.request for v in problem.vehicles for p in v.pinned if p.request is not None)


def classes(problem: Problem) -> list[list[int]]:
    """Return the vehicles in groups of such as are alike to every plan."""
    promised = {r.promised_vehicle for r in problem.requests if r.promised_vehicle is not None}
    found: dict[tuple[VehicleSpec, int], list[int]] = {}
    for index, vehicle in enumerate(problem.vehicles):
        own = index if index in promised or vehicle.pinned else -1
        found.setdefault((replace(vehicle, id=""), own), []).append(index)
    return list(found.values())

"""From a :class:`~dispatch.problem.Problem` to the model that the search works on."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from dispatch.drives import whole
from dispatch.problem import BatterySpec, Problem, RequestKind, RequestSpec, VehicleSpec
from dispatch.search.model import EnergyTables, Model, NodeRow, RequestRow, SlotRow, build, slot_needs
from dispatch.search.tables import BLOCK_LOAD, INF
from dispatch.urgency import urgency_weights

CompatKey = tuple[int, int, int, bool, int, int, bool]
"""Group, kind, equipment, self-drive and seats of a vehicle, the shares of trips that it counts for (a bit each), and whether
the slot spans several windows.

Group ``CLOSED``: nothing is added to the slot.
"""
CLOSED = -1


@dataclass(frozen=True, kw_only=True)
class Lowered:
    """The model and the way back.

    ``requests[r]`` is the problem's index of the model's request r; ``slot_vehicle`` follows from the model's slots.
    ``begun`` are requests with a pinned stop: they stay with their vehicle.
    """

    model: Model
    requests: tuple[int, ...]
    begun: frozenset[int]
    compat: dict[CompatKey, int]


def rests_on_the_way(drive_s: int, longest_s: int | None) -> int:
    """Return how many rests a leg of this driving time holds on its way."""
    if longest_s is None or drive_s <= longest_s:
        return 0
    return -(-drive_s // longest_s) - 1


def is_block(request: RequestSpec) -> bool:
    return request.kind is not RequestKind.TRANSFER or not request.shareable or len(request.stops) != 2


def allowed_price(problem: Problem, request: RequestSpec, vehicle: VehicleSpec) -> float:
    """Return the tier price of serving ``request`` with such a vehicle, INF where it must not."""
    tier = int(problem.tier[request.group, vehicle.group])
    fits = (
        tier >= 0
        and vehicle.self_drive == (request.kind is RequestKind.RENTAL)
        and request.seats <= vehicle.seats
        and (request.kinds == 0 or request.kinds >> vehicle.kind & 1)
        and not request.equipment & ~vehicle.equipment
    )
    return float(problem.tier_mfen[tier]) if fits else INF


def lower(problem: Problem, *, relaxed: frozenset[int] = frozenset(), only: tuple[int, ...] | None = None) -> Lowered:
    """Build the model of ``problem``; promised windows bind except for requests in ``relaxed``; ``only`` these requests."""
    size = problem.legs[0].drive_s.shape[0]
    gears: dict[tuple[int, int, int, int | None, int], int] = {}
    compat_rows: dict[CompatKey, int] = {}
    examples: list[VehicleSpec] = []
    batteries: dict[BatterySpec, int] = {}
    promised = {r.promised_vehicle for r in problem.requests if r.promised_vehicle is not None}
    begun = {pin.request for v in problem.vehicles for pin in v.pinned if pin.request is not None}
    weights = urgency_weights(problem)
    wanted = frozenset(only or ())
    open_requests = [i for i in range(len(problem.requests)) if i not in begun and (only is None or i in wanted)]

    sharing = [frozenset(share.vehicles) for share in problem.coupling.shares]
    reserved = [frozenset(reserve.vehicles) for reserve in problem.coupling.reserves]
    slots: list[SlotRow] = []
    held = [(h.charge_group, float(h.begin_s), float(h.end_s)) for h in problem.held_points]
    for index, vehicle in enumerate(problem.vehicles):
        longest = None if vehicle.self_drive else vehicle.max_continuous_drive_s
        gear_key = (vehicle.legs, vehicle.mfen_per_m, vehicle.mfen_per_s, longest, vehicle.rest_s if longest else 0)
        gear = gears.setdefault(gear_key, len(gears))
        battery = -1 if vehicle.battery is None else batteries.setdefault(vehicle.battery, len(batteries))
        # a vehicle that is out has its begun stops in one slot only, or they would be made once in each
        windows = [window_under_way(vehicle)] if vehicle.pinned else list(vehicle.windows)
        span = (windows[0][0], windows[-1][1]) if len(windows) > 1 else None
        for window in [*windows, *([span] if span else [])]:
            home = WayHome.of(problem, vehicle, window) if vehicle.pinned else None
            row_key = (
                CLOSED if home and home.overdue else vehicle.group,
                vehicle.kind,
                vehicle.equipment,
                vehicle.self_drive,
                vehicle.seats,
                sum(1 << i for i, mine in enumerate(sharing) if index in mine),
                span is not None and window == span,
            )
            if row_key not in compat_rows:
                compat_rows[row_key] = len(compat_rows)
                examples.append(vehicle)
            slot = slot_of(
                problem,
                index,
                vehicle,
                window,
                gear=gear,
                compat=compat_rows[row_key],
                battery=battery,
                size=size,
                alone=index in promised,
                reserves=tuple(i for i, mine in enumerate(reserved) if index in mine),
                home=home,
            )
            slots.append(slot)
        held.extend(
            (pin.charge_group, float(pin.begin_s), float(pin.depart_s))
            for pin in vehicle.pinned
            if pin.charge_group is not None
        )

    rows = [
        request_row(problem, problem.requests[i], weights[i], compat_rows, examples, relaxed=i in relaxed)
        for i in open_requests
    ]
    drive, price, energy = leg_tables(problem, gears, size)
    model = build(
        requests=rows,
        slots=slots,
        drive=drive,
        price=price,
        energy=energy,
        energy_tables=energy_tables(problem, batteries),
        held=held,
    )
    return Lowered(model=model, requests=tuple(open_requests), begun=frozenset(begun), compat=compat_rows)


def request_row(
    problem: Problem,
    request: RequestSpec,
    weight: float,
    compat_rows: dict[CompatKey, int],
    examples: list[VehicleSpec],
    *,
    relaxed: bool,
) -> RequestRow:
    nodes = [
        NodeRow(loc=s.location, early=float(s.earliest_s), late=float(s.latest_s), service=float(s.service_s))
        for s in request.stops
    ]
    if not relaxed and request.change_mfen > 0:
        first = request.stops[0]
        early = max(
            first.earliest_s,
            request.promised_earliest_s if request.promised_earliest_s is not None else first.earliest_s,
        )
        late = min(
            first.latest_s, request.promised_latest_s if request.promised_latest_s is not None else first.latest_s
        )
        if early <= late:
            nodes[0] = NodeRow(loc=first.location, early=float(early), late=float(late), service=float(first.service_s))
    charter = request.kind is RequestKind.CHARTER
    price = np.array(
        [
            INF if group == CLOSED or (spanning and not charter) else allowed_price(problem, request, vehicle)
            for (group, *_, spanning), vehicle in zip(compat_rows, examples, strict=True)
        ]
    )
    return RequestRow(
        nodes=tuple(nodes),
        load=(float(request.seats),),
        block=is_block(request),
        penalty=weight,
        price=price,
        ride=INF if request.max_ride_s is None else float(request.max_ride_s),
        promised=-1 if request.promised_vehicle is None or request.change_mfen == 0 else request.promised_vehicle,
        change=float(request.change_mfen),
    )


def window_under_way(vehicle: VehicleSpec) -> tuple[int, int]:
    """Return the window that holds the last pinned departure.

    Without one, the last window that begins before it: that duty runs late. Without that either, just the departure, from
    which the vehicle finishes what it has begun and goes home.
    """
    departs = vehicle.pinned[-1].depart_s
    begun = [window for window in vehicle.windows if window[0] <= departs]
    return begun[-1] if begun else (departs, departs)


def slot_of(
    problem: Problem,
    index: int,
    vehicle: VehicleSpec,
    window: tuple[int, int],
    *,
    gear: int,
    compat: int,
    battery: int,
    size: int,
    alone: bool,
    reserves: tuple[int, ...],
    home: WayHome | None,
) -> SlotRow:
    """Return the slot of ``vehicle`` in ``window``."""
    begin, end = float(window[0]), float(window[1])
    start = NodeRow(loc=vehicle.start_location, early=begin, late=end, service=0.0)
    duration = INF if vehicle.max_route_s is None else float(vehicle.max_route_s)
    max_drive = INF if vehicle.max_drive_s is None else float(vehicle.max_drive_s)
    driven, gained = 0.0, 0.0
    on_board: tuple[float, ...] = ()
    head: list[tuple[NodeRow, tuple[float, ...]]] = []
    if home is not None:
        last, facts = vehicle.pinned[-1], home.facts
        start = NodeRow(loc=last.location, early=float(last.depart_s), late=float(last.depart_s), service=0.0)
        driven, gained = float(facts.driven_since_rest_s), float(facts.gained_wh)
        on_board, head = (facts.load,), facts.head
        duration, max_drive = duration - facts.elapsed_s, max_drive - facts.driven_s
        if home.overdue:
            end, duration, max_drive = float(last.depart_s) + problem.horizon_s, INF, INF
    longest = (
        INF if vehicle.self_drive or vehicle.max_continuous_drive_s is None else float(vehicle.max_continuous_drive_s)
    )
    end_location = size if vehicle.end_location is None else vehicle.end_location
    needs = slot_needs(battery, longest, max_drive, out=bool(vehicle.pinned))
    kind: Hashable = (
        vehicle.start_location,
        end_location,
        window,
        gear,
        compat,
        battery,
        vehicle.max_route_s,
        vehicle.max_drive_s,
        vehicle.fixed_mfen,
        reserves,
        index if alone or vehicle.pinned else -1,
    )
    return SlotRow(
        vehicle=index,
        kind=kind,
        start=NodeRow(loc=start.loc, early=start.early, late=start.late, service=0.0, gain=gained),
        end=NodeRow(loc=end_location, early=start.early, late=end, service=0.0),
        gear=gear,
        capacity=(float(vehicle.seats),),
        compat=compat,
        duration=duration,
        fixed=0.0 if vehicle.pinned else float(vehicle.fixed_mfen),
        self_drive=vehicle.self_drive,
        battery=battery,
        max_drive=max_drive,
        continuous=longest,
        rest=float(vehicle.rest_s),
        needs=needs,
        driven=driven,
        on_board=on_board,
        head=tuple(head),
    )


@dataclass(frozen=True, kw_only=True)
class PinnedFacts:
    """What the pinned stops of a vehicle leave behind when the last one departs.

    ``gained_wh`` is what the battery holds beyond its initial charge (negative: less).
    """

    elapsed_s: float
    driven_s: float
    driven_since_rest_s: float
    gained_wh: float
    load: float
    head: list[tuple[NodeRow, tuple[float, ...]]]

    @classmethod
    def of(cls, problem: Problem, vehicle: VehicleSpec) -> PinnedFacts:
        legs = problem.legs[vehicle.legs]
        here, clock = vehicle.start_location, None
        driven = since = 0.0
        level = float(vehicle.battery.initial_wh) if vehicle.battery else 0.0
        begin = 0.0
        for pin in vehicle.pinned:
            drive = max(0, int(legs.drive_s[here, pin.location]))
            if clock is None:
                begin = clock = float(pin.begin_s) - drive
            rests = 0 if vehicle.self_drive else rests_on_the_way(drive, vehicle.max_continuous_drive_s)
            pause = max(0.0, pin.begin_s - clock - drive - rests * vehicle.rest_s)
            driven, since = driven + drive, since + drive
            if rests and vehicle.max_continuous_drive_s is not None:
                since = float(drive - rests * vehicle.max_continuous_drive_s)
            if pause + pin.depart_s - pin.begin_s >= vehicle.rest_s:
                since = 0.0
            if vehicle.battery:
                level = (
                    min(float(vehicle.battery.capacity_wh), level - float(legs.drive_wh[here, pin.location]))
                    + pin.charged_wh
                )
            here, clock = pin.location, float(pin.depart_s)
        done: dict[int, set[int]] = {}
        for pin in vehicle.pinned:
            if pin.request is not None:
                done.setdefault(pin.request, set()).add(pin.stop)
        load, head = 0.0, []
        for r, stops in done.items():
            request = problem.requests[r]
            left = [i for i in range(len(request.stops)) if i not in stops]
            if not left:
                continue
            weight = BLOCK_LOAD if is_block(request) else float(request.seats)
            load += weight
            for i in left:
                stop = request.stops[i]
                row = NodeRow(loc=stop.location, early=float(stop.earliest_s), late=INF, service=float(stop.service_s))
                head.append((stop.latest_s, row, (-weight,) if i == left[-1] else (0.0,)))
        # a party that is on its way comes first, then whoever is due first
        head.sort(key=lambda item: item[0])
        return cls(
            elapsed_s=float(vehicle.pinned[-1].depart_s) - begin,
            driven_s=driven,
            driven_since_rest_s=since,
            gained_wh=level - (vehicle.battery.initial_wh if vehicle.battery else 0),
            load=load,
            head=[(row, change) for _, row, change in head],
        )


CHARGING_DETOUR_S = 3_600
"""How much later than straight on a vehicle may be home that must charge on the way."""


@dataclass(frozen=True, kw_only=True)
class WayHome:
    """The way from the last pinned stop through what the vehicle has begun to the end of its route.

    ``overdue``: its window or a limit leaves no room for that. Then neither holds, as what is begun is finished and
    the vehicle comes home, but nothing is added.
    """

    facts: PinnedFacts
    overdue: bool

    @classmethod
    def of(cls, problem: Problem, vehicle: VehicleSpec, window: tuple[int, int]) -> WayHome:
        facts = PinnedFacts.of(problem, vehicle)
        legs, last = problem.legs[vehicle.legs], vehicle.pinned[-1]
        longest = None if vehicle.self_drive else vehicle.max_continuous_drive_s
        here, clock, drive = last.location, float(last.depart_s), 0.0
        level = facts.gained_wh + (vehicle.battery.initial_wh if vehicle.battery else 0.0)
        stops = [(row.loc, row.early, row.service) for row, _ in facts.head]
        if vehicle.end_location is not None:
            stops.append((vehicle.end_location, 0.0, 0.0))
        for there, early, service in stops:
            seconds = max(0, int(legs.drive_s[here, there]))
            level -= float(legs.drive_wh[here, there])
            clock = max(early, clock + seconds) + service
            here, drive = there, drive + seconds
        if longest is not None:
            # a rest comes where the vehicle stops, so that they may be one more than the driving alone asks for
            clock += 2 * ((facts.driven_since_rest_s + drive) // longest) * vehicle.rest_s
        if vehicle.battery and level < max(vehicle.battery.reserve_wh, vehicle.battery.final_wh):
            clock += CHARGING_DETOUR_S
            drive += CHARGING_DETOUR_S
        return cls(
            facts=facts,
            overdue=clock > window[1]
            or (vehicle.max_route_s is not None and facts.elapsed_s + clock - last.depart_s > vehicle.max_route_s)
            or (vehicle.max_drive_s is not None and facts.driven_s + drive > vehicle.max_drive_s),
        )


def leg_tables(
    problem: Problem, gears: dict[tuple[int, int, int, int | None, int], int], size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return seconds, price and energy by gear; the last location is "nowhere", free to reach."""
    shape = (max(1, len(gears)), size + 1, size + 1)
    drive, price, energy = np.full(shape, INF), np.full(shape, INF), np.zeros(shape)
    for (legs_index, per_m, per_s, longest, rest), g in gears.items():
        legs = whole(problem.legs[legs_index])
        way = legs.drive_s >= 0
        seconds = legs.drive_s.astype(np.float64)
        cost = legs.drive_m.astype(np.float64) * per_m + seconds * per_s + legs.toll_fen.astype(np.float64) * 1000.0
        if longest is not None:
            seconds += np.where(seconds > longest, np.ceil(seconds / longest) - 1.0, 0.0) * rest
        drive[g, :size, :size] = np.where(way, seconds, INF)
        price[g, :size, :size] = np.where(way, cost, INF)
        energy[g, :size, :size] = np.where(way, legs.drive_wh, 0)
        drive[g, :, size] = price[g, :, size] = 0.0
    return drive, price, energy


def energy_tables(problem: Problem, batteries: dict[BatterySpec, int]) -> EnergyTables:
    """Return batteries and charge points as the kernels hold them."""
    count = max(1, len(batteries))
    steps = max((len(c.from_wh) for b in batteries for c in (b.ac_curve, b.dc_curve)), default=1) + 1
    battery_f, curve = np.zeros((count, 4)), np.full((count, 2, steps, 2), INF)
    for spec, b in batteries.items():
        battery_f[b] = (spec.capacity_wh, spec.reserve_wh, spec.final_wh, spec.initial_wh)
        for dc, shape in enumerate((spec.ac_curve, spec.dc_curve)):
            curve[b, dc, : len(shape.from_wh), 0] = shape.from_wh
            curve[b, dc, : len(shape.from_wh), 1] = shape.power_w
    groups = problem.charge_groups
    return EnergyTables(
        battery_f=battery_f,
        curve=curve,
        group_i=np.array([(g.location, g.site, g.points, g.dc) for g in groups], np.int64).reshape(-1, 4),
        group_f=np.array([(g.point_w, g.mfen_per_wh, g.overhead_s) for g in groups], np.float64).reshape(-1, 3),
        site_power=np.array([INF if p is None else float(p) for p in problem.site_power_w] or [INF]),
    )

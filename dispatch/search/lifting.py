"""From the search's best routes back to a plan with every stop's times, loads and energy."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.plan import Route, Stop, StopKind
from dispatch.problem import Problem, VehicleSpec
from dispatch.search.engine import Engine
from dispatch.search.lowering import Lowered, rests_on_the_way
from dispatch.search.tables import SERVICE


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One thing a vehicle does at a place; ``rest_s`` follows it."""

    kind: StopKind
    location: int
    begin_s: int
    depart_s: int
    request: int | None = None
    stop: int | None = None
    charge_group: int | None = None
    charged_wh: int = 0
    rest_s: int = 0


def lift(problem: Problem, lowered: Lowered, engine: Engine) -> list[Route]:
    """Return the routes of the engine's best plan."""
    best, net, model = engine.best, engine.net, lowered.model
    visits: dict[int, list[Visit]] = {i: pinned_visits(problem, v) for i, v in enumerate(problem.vehicles) if v.pinned}
    owner: dict[int, tuple[int, int]] = {}
    for r, first in enumerate(model.first_node):
        request = lowered.requests[r]
        owner.update({first + i: (request, i) for i in range(len(problem.requests[request].stops))})
    for k in range(len(net.slot_i)):
        m = int(best.b_length[k])
        vehicle_index = model.slots[k].vehicle
        vehicle = problem.vehicles[vehicle_index]
        if m <= 2 and not vehicle.pinned:
            continue
        row = visits.setdefault(vehicle_index, [])
        owner.update(zip(model.heads[k], head_owners(problem, vehicle), strict=True))
        n, desk = engine.lay_out(k)
        if not n:
            row.extend(begun_visits(problem, vehicle))
        charges = iter(range(int(best.b_charge_count[k])))
        for at in range(n - 1):
            node = int(desk.aug[at])
            begin, service = round(float(desk.aug_times[at])), round(float(desk.node_f[node, SERVICE]))
            rest = round(float(desk.aug_extra[at]))
            if at == 0:
                if rest and row:
                    row[-1] = Visit(**{**row[-1].__dict__, "rest_s": rest})
                continue
            if node in owner:
                request, stop = owner[node]
                row.append(
                    Visit(
                        kind=stop_kind(problem, request, stop),
                        location=problem.requests[request].stops[stop].location,
                        begin_s=begin,
                        depart_s=begin + service,
                        request=request,
                        stop=stop,
                        rest_s=rest,
                    )
                )
            else:
                c = next(charges)
                group = int(best.b_charge_i[k, c, 1])
                row.append(
                    Visit(
                        kind=StopKind.CHARGE,
                        location=problem.charge_groups[group].location,
                        begin_s=begin,
                        depart_s=begin + service,
                        charge_group=group,
                        charged_wh=-int(-float(best.b_charge_f[k, c, 2]) // 1),
                        rest_s=rest,
                    )
                )
    return [drive(problem, index, row) for index, row in sorted(visits.items())]


def stop_kind(problem: Problem, request: int, stop: int) -> StopKind:
    if stop == 0:
        return StopKind.PICKUP
    return StopKind.DROPOFF if stop == len(problem.requests[request].stops) - 1 else StopKind.VISIT


def pinned_visits(problem: Problem, vehicle: VehicleSpec) -> list[Visit]:
    row = []
    for pin in vehicle.pinned:
        kind = StopKind.REST
        if pin.request is not None:
            kind = stop_kind(problem, pin.request, pin.stop)
        elif pin.charge_group is not None:
            kind = StopKind.CHARGE
        row.append(
            Visit(
                kind=kind,
                location=pin.location,
                begin_s=pin.begin_s,
                depart_s=pin.depart_s,
                request=pin.request,
                stop=None if pin.request is None else pin.stop,
                charge_group=pin.charge_group,
                charged_wh=pin.charged_wh,
            )
        )
    return row


def begun_visits(problem: Problem, vehicle: VehicleSpec) -> list[Visit]:
    """What the vehicle still owes to whoever it has begun to serve, one after the other as early as can be.

    For a vehicle that no rest and no charge point can bring home as the rules ask: nobody is left on board.
    """
    legs, last = problem.legs[vehicle.legs], vehicle.pinned[-1]
    longest = None if vehicle.self_drive else vehicle.max_continuous_drive_s
    here, clock = last.location, last.depart_s
    row = []
    for request, at in head_owners(problem, vehicle):
        stop = problem.requests[request].stops[at]
        seconds = max(0, int(legs.drive_s[here, stop.location]))
        begin = max(stop.earliest_s, clock + seconds + rests_on_the_way(seconds, longest) * vehicle.rest_s)
        here, clock = stop.location, begin + stop.service_s
        row.append(
            Visit(
                kind=stop_kind(problem, request, at),
                location=here,
                begin_s=begin,
                depart_s=clock,
                request=request,
                stop=at,
            )
        )
    return row


def head_owners(problem: Problem, vehicle: VehicleSpec) -> list[tuple[int, int]]:
    """Return (request, stop) of the stops that the vehicle still owes to whoever it has begun to serve.

    As lowering orders them.
    """
    done: dict[int, set[int]] = {}
    for pin in vehicle.pinned:
        if pin.request is not None:
            done.setdefault(pin.request, set()).add(pin.stop)
    left = [
        (problem.requests[r].stops[i].latest_s, r, i)
        for r, stops in done.items()
        for i in range(len(problem.requests[r].stops))
        if i not in stops
    ]
    left.sort(key=lambda item: item[0])
    return [(r, i) for _, r, i in left]


def drive(problem: Problem, index: int, visits: list[Visit]) -> Route:
    """Lay the drives between the visits: arrival, load, battery, tolls and the price of the whole route."""
    vehicle = problem.vehicles[index]
    legs = problem.legs[vehicle.legs]
    longest = None if vehicle.self_drive else vehicle.max_continuous_drive_s
    level = vehicle.battery.initial_wh if vehicle.battery else None
    here = vehicle.start_location

    def leg_s(a: int, b: int) -> int:
        seconds = int(legs.drive_s[a, b])
        return seconds + rests_on_the_way(seconds, longest) * vehicle.rest_s

    clock = visits[0].begin_s - leg_s(here, visits[0].location)
    if not vehicle.pinned:
        window = [w for w in vehicle.windows if w[0] <= visits[0].begin_s <= w[1]]
        clock = max(clock, window[0][0]) if window else clock
    stops = [
        Stop(kind=StopKind.START, location=here, arrive_s=clock, begin_s=clock, depart_s=clock, load=0, charge_wh=level)
    ]
    load, cost = 0, vehicle.fixed_mfen
    end = visits[-1].location if vehicle.end_location is None else vehicle.end_location
    last = Visit(kind=StopKind.END, location=end, begin_s=-1, depart_s=-1)
    for visit in [*visits, last]:
        there = visit.location
        seconds, metres = leg_s(here, there), int(legs.drive_m[here, there])
        energy, toll = int(legs.drive_wh[here, there]), int(legs.toll_fen[here, there])
        cost += metres * vehicle.mfen_per_m + int(legs.drive_s[here, there]) * vehicle.mfen_per_s + toll * 1000
        clock += seconds
        if level is not None and vehicle.battery is not None:
            level = min(vehicle.battery.capacity_wh, level - energy)
        begin, depart = (visit.begin_s, visit.depart_s) if visit.kind is not StopKind.END else (clock, clock)
        if visit.request is not None:
            request = problem.requests[visit.request]
            if visit.kind is StopKind.PICKUP:
                load += request.seats
                cost += serving_mfen(problem, index, visit.request, begin)
            elif visit.kind is StopKind.DROPOFF:
                load -= request.seats
        stops.append(
            Stop(
                kind=visit.kind,
                location=there,
                arrive_s=min(clock, begin),
                begin_s=begin,
                depart_s=depart,
                load=load,
                request=visit.request,
                stop=visit.stop,
                charge_group=visit.charge_group,
                charge_wh=level,
                charged_wh=visit.charged_wh,
                leg_s=seconds,
                leg_m=metres,
                leg_wh=energy if level is not None else 0,
                leg_toll_fen=toll,
            )
        )
        if visit.charge_group is not None and level is not None and vehicle.battery is not None:
            level = min(vehicle.battery.capacity_wh, level + visit.charged_wh)
            cost += visit.charged_wh * problem.charge_groups[visit.charge_group].mfen_per_wh
        clock, here = depart, there
        if visit.rest_s:
            stops.append(
                Stop(
                    kind=StopKind.REST,
                    location=here,
                    arrive_s=clock,
                    begin_s=clock,
                    depart_s=clock + visit.rest_s,
                    load=load,
                    charge_wh=level,
                )
            )
            clock += visit.rest_s
    return Route(vehicle=index, stops=tuple(stops), cost_mfen=cost)


def serving_mfen(problem: Problem, vehicle: int, request_index: int, begin_s: int) -> int:
    """Price of serving a request with a vehicle, beside the driving: its pool tier, and the change if a promise is not kept."""
    request = problem.requests[request_index]
    tier = int(problem.tier[request.group, problem.vehicles[vehicle].group])
    price = problem.tier_mfen[tier] if tier >= 0 else 0
    moved = request.promised_vehicle is not None and request.promised_vehicle != vehicle
    early = request.promised_earliest_s is not None and begin_s < request.promised_earliest_s
    late = request.promised_latest_s is not None and begin_s > request.promised_latest_s
    return price + (request.change_mfen if moved or early or late else 0)

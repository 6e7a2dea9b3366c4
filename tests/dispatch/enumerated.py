"""The best plan by trying everything, for problems of a handful of requests."""

from __future__ import annotations

import itertools

from dispatch.problem import Problem


def brute_force(problem: Problem) -> int:
    """The least cost plus penalty by enumerating every assignment and every order of stops; transfers only, no batteries."""
    legs = problem.legs[0]

    def route_cost(v: int, members: tuple[int, ...]) -> int | None:
        vehicle = problem.vehicles[v]
        if not members:
            return 0
        stops = [(r, e) for r in members for e in (0, 1)]
        best: int | None = None
        for order in itertools.permutations(stops):
            at = {stop: i for i, stop in enumerate(order)}
            if any(at[r, 0] > at[r, 1] for r in members):
                continue
            if not timely(v, order):
                continue
            places = [vehicle.start_location, *(problem.requests[r].stops[e].location for r, e in order)]
            places.append(places[-1] if vehicle.end_location is None else vehicle.end_location)
            price = vehicle.fixed_mfen
            for a, b in itertools.pairwise(places):
                price += int(legs.drive_m[a, b]) * vehicle.mfen_per_m + int(legs.drive_s[a, b]) * vehicle.mfen_per_s
                price += int(legs.toll_fen[a, b]) * 1000
            for r in members:
                price += problem.tier_mfen[problem.tier[problem.requests[r].group, vehicle.group]]
            best = price if best is None else min(best, price)
        return best

    def timely(v: int, order: tuple[tuple[int, int], ...]) -> bool:
        vehicle = problem.vehicles[v]
        on_board: set[int] = set()
        for r, e in order:
            request = problem.requests[r]
            if e == 0:
                if on_board and (not request.shareable or any(not problem.requests[o].shareable for o in on_board)):
                    return False
                on_board.add(r)
                if sum(problem.requests[o].seats for o in on_board) > vehicle.seats:
                    return False
            else:
                on_board.discard(r)
        # difference constraints t[j] - t[i] >= c, solved by Bellman-Ford from a virtual source
        n = len(order) + 2
        places = [vehicle.start_location, *(problem.requests[r].stops[e].location for r, e in order)]
        places.append(places[-1] if vehicle.end_location is None else vehicle.end_location)
        service = [0, *(problem.requests[r].stops[e].service_s for r, e in order), 0]
        low = [vehicle.windows[0][0], *(problem.requests[r].stops[e].earliest_s for r, e in order), 0]
        high = [
            vehicle.windows[0][1],
            *(problem.requests[r].stops[e].latest_s for r, e in order),
            vehicle.windows[0][1],
        ]
        arcs = [(i, i + 1, service[i] + int(legs.drive_s[places[i], places[i + 1]])) for i in range(n - 1)]
        for i, (r, e) in enumerate(order, 1):
            limit = problem.requests[r].max_ride_s
            if e == 0 and limit is not None:
                j = order.index((r, 1)) + 1
                arcs.append((j, i, -service[i] - limit))
        if vehicle.max_route_s is not None:
            arcs.append((n - 1, 0, -vehicle.max_route_s))
        t = list(low)
        for _ in range(n * n):
            moved = False
            for i, j, c in arcs:
                if t[j] < t[i] + c:
                    t[j] = t[i] + c
                    moved = True
            if any(t[i] > high[i] for i in range(n)):
                return False
            if not moved:
                return True
        return False

    best: int | None = None
    allowed = [
        [
            v
            for v, vehicle in enumerate(problem.vehicles)
            if problem.tier[r.group, vehicle.group] >= 0
            and r.seats <= vehicle.seats
            and (not r.kinds or r.kinds >> vehicle.kind & 1)
            and not r.equipment & ~vehicle.equipment
        ]
        for r in problem.requests
    ]
    cache: dict[tuple[int, tuple[int, ...]], int | None] = {}
    for choice in itertools.product(*([None, *row] for row in allowed)):
        total = sum(problem.requests[r].penalty_mfen for r, v in enumerate(choice) if v is None)
        for v in range(len(problem.vehicles)):
            key = (v, tuple(r for r, w in enumerate(choice) if w == v))
            if key not in cache:
                cache[key] = route_cost(*key)
            part = cache[key]
            if part is None:
                break
            total += part
        else:
            best = total if best is None else min(best, total)
    assert best is not None
    return best


def brute_force_electric(problem: Problem, *, step_wh: int) -> int:
    """The least cost plus penalty of one battery vehicle, trying every order, every charge stop and every multiple of
    ``step_wh`` to charge; exclusive transfers, one window, a charging curve of one power, no ride-time limits.
    """
    vehicle, legs = problem.vehicles[0], problem.legs[0]
    battery = vehicle.battery
    assert battery is not None
    requests = range(len(problem.requests))
    best = sum(r.penalty_mfen for r in problem.requests)

    def go(place: int, clock: int, level: int, cost: int, left: frozenset[int], plugged: frozenset[int]) -> None:
        nonlocal best
        if cost >= best:
            return
        assert battery is not None
        home = place if vehicle.end_location is None else vehicle.end_location
        arrived = clock + int(legs.drive_s[place, home])
        if level - int(legs.drive_wh[place, home]) >= battery.final_wh and arrived <= vehicle.windows[0][1]:
            total = cost + int(legs.drive_m[place, home]) * vehicle.mfen_per_m
            best = min(best, total + sum(problem.requests[r].penalty_mfen for r in left))
        for r in left:
            here, now, charge, price = place, clock, level, cost
            for stop in problem.requests[r].stops:
                charge -= int(legs.drive_wh[here, stop.location])
                now = max(now + int(legs.drive_s[here, stop.location]), stop.earliest_s)
                price += int(legs.drive_m[here, stop.location]) * vehicle.mfen_per_m
                if charge < battery.reserve_wh or now > stop.latest_s:
                    break
                now, here = now + stop.service_s, stop.location
            else:
                go(here, now, charge, price, left - {r}, frozenset())
        for g, group in enumerate(problem.charge_groups):
            if g in plugged:
                continue
            charge = level - int(legs.drive_wh[place, group.location])
            if charge < battery.reserve_wh:
                continue
            price = cost + int(legs.drive_m[place, group.location]) * vehicle.mfen_per_m
            now = clock + int(legs.drive_s[place, group.location]) + group.overhead_s
            for more in range(step_wh, battery.capacity_wh - charge + 1, step_wh):
                seconds = -(-more * 3600 // min(group.point_w, battery.dc_curve.power_w[0]))
                go(group.location, now + seconds, charge + more, price + more * group.mfen_per_wh, left, plugged | {g})

    go(
        vehicle.start_location,
        vehicle.windows[0][0],
        battery.initial_wh,
        vehicle.fixed_mfen,
        frozenset(requests),
        frozenset(),
    )
    return best

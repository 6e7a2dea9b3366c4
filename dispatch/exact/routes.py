"""Every route that an optimal plan may need, for one duty at a time.

Labels are extended stop by stop: pick-ups, further stops of whoever is on board, charging where nobody is. A label
carries the least begin times of its stops (the least fixed point of their difference constraints, ride-time limits
included), so a label that has none is dropped and nothing else is. Where the vehicle is empty, a label gives way to
another that has served the same requests, stands at the same place and is no worse in cost, time, driving and charge
without having used a charge point: with nobody on board, ride times bind neither of them any more.

A route without charging is kept if it is the cheapest for its vehicle and requests: how it is timed concerns nobody
else. Routes with charging are kept all, as they compete for the points, unless their requests can be served as cheaply
without any: their cost here is a lower bound, with the least energy that must be bought at the lowest of its prices;
:mod:`dispatch.exact.timetable` finds the true one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from dispatch.drives import Legs, whole
from dispatch.errors import TooLargeForProof
from dispatch.exact.duties import (
    FAR_MFEN,
    FAR_S,
    Duty,
    leg_mfen,
    longest_s,
    may_serve,
    needed_s,
    rests_within,
    served_mfen,
)
from dispatch.problem import Problem, RequestKind, RequestSpec


@dataclass(frozen=True, kw_only=True)
class Step:
    """One stop of a route: stop ``stop`` of ``request``, begun within the promised window if ``kept``; or a charge group."""

    request: int | None = None
    stop: int = 0
    kept: bool = False
    charge_group: int | None = None


def place_of(problem: Problem, step: Step) -> int:
    """Return the location of a step that serves or charges."""
    if step.request is not None:
        return problem.requests[step.request].stops[step.stop].location
    return problem.charge_groups[step.charge_group or 0].location


@dataclass(frozen=True, kw_only=True)
class Column:
    """A route of a duty: the requests that it adds, its stops, and a lower bound on its cost, exact unless ``charging``.

    ``energy_mfen`` is what of the cost is for energy bought on the way.
    """

    duty: Duty
    requests: frozenset[int]
    steps: tuple[Step, ...]
    cost_mfen: int
    energy_mfen: int
    charging: bool


@dataclass(frozen=True, kw_only=True)
class Node:
    """A stop with what binds its begin of service.

    ``opened`` is the position of its request's first stop, from which ``ride_s`` counts; -1 without a limit.
    """

    location: int
    early_s: int
    late_s: int
    service_s: int
    drive_s: int
    leg_s: int
    opened: int = -1
    ride_s: int = 0


@dataclass(frozen=True, kw_only=True)
class Plug:
    """A charge stop so far: ``came_wh`` is the most it can be reached with, ``spent_wh`` what was used since then.

    ``least_wh`` must be charged here at the least, for what was driven before the next charge stop.
    """

    position: int
    group: int
    came_wh: int
    spent_wh: int = 0
    least_wh: int = 0


@dataclass(frozen=True, kw_only=True)
class Label:
    nodes: tuple[Node, ...]
    steps: tuple[Step, ...]
    rests: frozenset[int]
    taken: frozenset[int]
    board: tuple[tuple[int, int, int], ...]
    """Request, next stop, position of the first stop (-1: pinned)."""
    cost_mfen: int
    driven_s: int
    most_wh: int
    """Charge at the last stop if every charge stop filled the battery."""
    used_wh: int
    done_s: int
    """Least time at which the last stop is done."""
    span_s: int
    """Least time from the departure to that."""
    depart_by_s: int
    """Latest departure."""
    since_s: int
    plugs: tuple[Plug, ...] = ()

    @property
    def charging(self) -> bool:
        return bool(self.plugs)


def timed(
    nodes: tuple[Node, ...], rests: frozenset[int], *, rest_s: int, arrived_s: int, windows: bool
) -> tuple[list[int], list[int]] | None:
    """Return least begins and ends of the stops; None if there are none.

    Without ``windows`` the first departure is at 0 and nothing else binds than legs, services, rests and ride times.
    """
    count = len(nodes)
    begin, done, came = [0] * count, [0] * count, [0] * count
    low = [node.early_s if windows else -FAR_S for node in nodes]
    if not windows:
        low[0] = 0
    pushed, i = 0, 0
    while i < count:
        node = nodes[i]
        if i == 0:
            came[0] = arrived_s if windows else 0
            at = low[0]
        else:
            arrival = done[i - 1] + node.leg_s
            came[i] = arrival if node.drive_s else came[i - 1]
            at = max(arrival, low[i])
        if windows and at > node.late_s:
            return None
        if node.opened >= 0:
            first = nodes[node.opened]
            need = at - node.ride_s - first.service_s
            if need > begin[node.opened]:
                pushed += 1
                if (windows and need > first.late_s) or pushed > count * count:
                    return None
                low[node.opened] = need
                i = node.opened
                continue
        begin[i] = at
        done[i] = max(at + node.service_s, came[i] + rest_s) if i in rests else at + node.service_s
        i += 1
    return begin, done


class Enumeration:
    """The routes of one duty."""

    def __init__(self, problem: Problem, duty: Duty, *, open_requests: tuple[int, ...], weights: list[int]) -> None:
        self.problem, self.duty = problem, duty
        self.vehicle = problem.vehicles[duty.vehicle]
        self.legs = whole(problem.legs[self.vehicle.legs])
        self.longest = longest_s(self.vehicle)
        self.weights = weights
        self.open_requests = tuple(
            r
            for r in open_requests
            if may_serve(problem, self.vehicle, problem.requests[r])
            and (not duty.charters_only or problem.requests[r].kind is RequestKind.CHARTER)
        )
        ways = self.legs.drive_s
        self.into_s = [int(ways[:, place].max(initial=0)) for place in range(ways.shape[0])]
        self.power_w: dict[int, int] = {}
        """The highest power at every group that the vehicle can use."""
        battery = self.vehicle.battery
        self.final_wh = 0 if battery is None else max(battery.final_wh, battery.reserve_wh)
        for g, group in enumerate(problem.charge_groups):
            if battery is None:
                break
            site_w = problem.site_power_w[group.site]
            curve = battery.dc_curve if group.dc else battery.ac_curve
            power = min(group.point_w, max(curve.power_w))
            if group.points > 0 and power > 0 and (site_w is None or group.point_w <= site_w):
                self.power_w[g] = power
        self.groups = tuple(self.power_w)

    def columns(self, spend: Callable[[], None]) -> list[Column]:
        """Return the columns; ``spend`` is told of every label and raises when there are too many."""
        alone = self.cheapest(spend)
        found = list(alone.values())
        if self.groups:
            wanting = {
                served: alone[served].cost_mfen if served in alone else FAR_MFEN
                for served, free in self._unlimited().cheapest(spend).items()
                if served not in alone or free.cost_mfen < alone[served].cost_mfen
            }
            charged = {
                (c.requests, c.steps): c
                for c in self._grow(spend, wanting=wanting)
                if c.charging and c.cost_mfen < wanting.get(c.requests, 0)
            }
            found.extend(charged.values())
        return found

    def cheapest(self, spend: Callable[[], None]) -> dict[frozenset[int], Column]:
        """Return the cheapest route without charging for every set of requests that has one."""
        found: dict[frozenset[int], Column] = {}
        for column in self._grow(spend):
            known = found.get(column.requests)
            if known is None or column.cost_mfen < known.cost_mfen:
                found[column.requests] = column
        return found

    def _unlimited(self) -> Enumeration:
        """Return the routes of the same vehicle with no battery and no driving limit, free to pass by any charge point.

        What it does no cheaper than the vehicle itself without charging, the vehicle does no cheaper with charging.
        """
        free = replace(self.vehicle, battery=None, max_continuous_drive_s=None)
        legs = via_points(self.legs, [self.problem.charge_groups[g].location for g in self.groups])
        vehicles = list(self.problem.vehicles)
        vehicles[self.duty.vehicle] = replace(free, legs=0)
        problem = replace(self.problem, legs=(legs,), vehicles=tuple(replace(vehicle, legs=0) for vehicle in vehicles))
        return Enumeration(problem, self.duty, open_requests=self.open_requests, weights=self.weights)

    def _grow(self, spend: Callable[[], None], *, wanting: dict[frozenset[int], int] | None = None) -> list[Column]:
        """Return the routes; with charging only for the sets of requests ``wanting`` it, if cheaper than stated there."""
        found: list[Column] = []
        fronts: dict[tuple[frozenset[int], int], list[Label]] = {}
        ceilings: dict[frozenset[int], int] = {}

        def ceiling(taken: frozenset[int]) -> int:
            if wanting is None:
                return FAR_MFEN
            if taken not in ceilings:
                ceilings[taken] = max((cost for served, cost in wanting.items() if taken <= served), default=0)
            return ceilings[taken]

        queue = [self._first()]
        while queue:
            following: list[Label] = []
            for label in queue:
                spend()
                if not label.board:
                    end = self._finish(label)
                    if end is not None:
                        found.append(end)
                more = self._extensions(label, charging=wanting is not None)
                following.extend(
                    other
                    for other in more
                    if other.cost_mfen < ceiling(other.taken) and (other.board or self._stays(fronts, other))
                )
            queue = following
        return found

    def _first(self) -> Label:
        duty = self.duty
        start = Node(
            location=duty.location,
            early_s=duty.begin_s,
            late_s=duty.begin_s if duty.fixed else duty.end_s,
            service_s=0,
            drive_s=0,
            leg_s=0,
        )
        return Label(
            nodes=(start,),
            steps=(),
            rests=frozenset(),
            taken=frozenset(),
            board=tuple((r, i, -1) for r, i in duty.on_board),
            cost_mfen=duty.cost_mfen,
            driven_s=duty.driven_s,
            most_wh=duty.level_wh,
            used_wh=0,
            done_s=duty.begin_s,
            span_s=0,
            depart_by_s=start.late_s,
            since_s=duty.since_s,
        )

    def _extensions(self, label: Label, *, charging: bool) -> list[Label]:
        found: list[Label] = []
        for number, (r, at, opened) in enumerate(label.board):
            request = self.problem.requests[r]
            last = at == len(request.stops) - 1
            rest = label.board[:number] + label.board[number + 1 :]
            board = rest if last else (*rest, (r, at + 1, opened))
            found.extend(self._serve(label, r, at, opened, tuple(sorted(board)), kept=False))
        for r in self.open_requests:
            if r not in label.taken and self._room(label, self.problem.requests[r]):
                board = tuple(sorted((*label.board, (r, 1, len(label.nodes)))))
                for kept in self._promises(self.problem.requests[r]):
                    found.extend(self._serve(label, r, 0, -1, board, kept=kept))
        if charging and not label.board:
            used = set()
            for step in reversed(label.steps):
                if step.charge_group is None:
                    break
                used.add(step.charge_group)
            for g in self.groups:
                if g not in used:
                    found.extend(self._charge(label, g))
        return found

    def _promises(self, request: RequestSpec) -> tuple[bool, ...]:
        """Whether the promised window is kept: both ways where breaking it costs something and nothing else breaks it."""
        windowed = request.promised_earliest_s is not None or request.promised_latest_s is not None
        mine = request.promised_vehicle in {None, self.duty.vehicle}
        return (True, False) if request.change_mfen and windowed and mine else (False,)

    def _room(self, label: Label, request: RequestSpec) -> bool:
        aboard = [self.problem.requests[r] for r, _, _ in label.board]
        if aboard and (_alone(request) or any(_alone(r) for r in aboard)):
            return False
        return sum(r.seats for r in aboard) + request.seats <= self.vehicle.seats

    def _serve(
        self, label: Label, r: int, at: int, opened: int, board: tuple[tuple[int, int, int], ...], *, kept: bool
    ) -> list[Label]:
        request = self.problem.requests[r]
        spec = request.stops[at]
        late, early, cost = spec.latest_s, spec.earliest_s, 0
        taken = label.taken
        last = at == len(request.stops) - 1
        if at == 0:
            taken |= {r}
            cost = served_mfen(
                self.problem, self.duty.vehicle, replace(request, promised_earliest_s=None, promised_latest_s=None), 0
            )
            if kept:
                early = max(early, request.promised_earliest_s if request.promised_earliest_s is not None else early)
                late = min(late, request.promised_latest_s if request.promised_latest_s is not None else late)
            elif len(self._promises(request)) > 1:
                cost += request.change_mfen
        elif opened < 0:
            late = FAR_S  # begun in fact: late is late, but it is finished
        node = self._node(label, spec.location, early, late, spec.service_s)
        if node is None or (self.vehicle.self_drive and node.drive_s and not last):
            return []
        if last and opened >= 0 and request.max_ride_s is not None:
            node = replace(node, opened=opened, ride_s=request.max_ride_s)
        step = Step(request=r, stop=at, kept=kept)
        return self._extend(label, node, step, taken=taken, board=board, cost_mfen=cost)

    def _charge(self, label: Label, g: int) -> list[Label]:
        group = self.problem.charge_groups[g]
        node = self._node(label, group.location, -FAR_S, FAR_S, group.overhead_s)
        if node is None or (self.vehicle.self_drive and node.drive_s):
            return []
        step = Step(charge_group=g)
        return self._extend(label, node, step, taken=label.taken, board=(), cost_mfen=0)

    def _node(self, label: Label, place: int, early: int, late: int, service: int) -> Node | None:
        drive = int(self.legs.drive_s[label.nodes[-1].location, place])
        if drive < 0:
            return None
        return Node(
            location=place,
            early_s=early,
            late_s=late,
            service_s=service,
            drive_s=drive,
            leg_s=needed_s(self.vehicle, drive),
        )

    def _extend(
        self,
        label: Label,
        node: Node,
        step: Step | None,
        *,
        taken: frozenset[int],
        board: tuple[tuple[int, int, int], ...],
        cost_mfen: int,
    ) -> list[Label]:
        """Append a stop, once for every way to place the rest that it may ask for."""
        duty, vehicle = self.duty, self.vehicle
        here = label.nodes[-1].location
        added = bool(taken)
        driven = label.driven_s + node.drive_s
        if vehicle.max_drive_s is not None and driven > vehicle.max_drive_s and (added or not duty.fixed):
            return []
        most, plugs = label.most_wh, label.plugs
        used = int(self.legs.drive_wh[here, node.location])
        nodes = (*label.nodes, node)
        if vehicle.battery is not None:
            most = min(vehicle.battery.capacity_wh, most - used)
            wanted = vehicle.battery.reserve_wh if step is not None else self.final_wh
            if most < wanted:
                return []
            if plugs:
                plug = self._plugged(plugs[-1], used, wanted)
                plugs = (*plugs[:-1], plug)
                nodes = (
                    *nodes[: plug.position],
                    self._charged(nodes[plug.position], plug),
                    *nodes[plug.position + 1 :],
                )
            if step is not None and step.charge_group is not None:
                plugs = (*plugs, Plug(position=len(label.nodes), group=step.charge_group, came_wh=most))
                most = vehicle.battery.capacity_wh
        cost = label.cost_mfen + cost_mfen + leg_mfen(vehicle, self.legs, here, node.location)
        if cost > duty.cost_mfen + sum(self.weights[r] for r in self.open_requests) and not duty.fixed:
            return []
        found = []
        for rests, since in self._rested(nodes, label.rests):
            times = timed(nodes, rests, rest_s=vehicle.rest_s, arrived_s=duty.arrived_s, windows=True)
            if times is None:
                continue
            span = timed(nodes, rests, rest_s=vehicle.rest_s, arrived_s=0, windows=False)
            if span is None:
                continue
            by = duty.begin_s
            if not duty.fixed:
                by = min(n.late_s - at for n, at in zip(nodes, span[0], strict=True))
                by = min(by, duty.end_s - span[1][-1])
                if by < duty.begin_s:
                    continue
                length = max(times[1][-1] - by, span[1][-1])
                if vehicle.max_route_s is not None and length > vehicle.max_route_s:
                    continue
            elif added:
                late = times[1][-1] > duty.end_s
                if late or (vehicle.max_route_s is not None and times[1][-1] - duty.left_s > vehicle.max_route_s):
                    continue
            found.append(
                Label(
                    nodes=nodes,
                    steps=label.steps if step is None else (*label.steps, step),
                    rests=rests,
                    taken=taken,
                    board=board,
                    cost_mfen=cost,
                    driven_s=driven,
                    most_wh=most,
                    used_wh=label.used_wh + used,
                    done_s=times[1][-1],
                    span_s=span[1][-1],
                    depart_by_s=by,
                    since_s=since,
                    plugs=plugs,
                )
            )
        return found

    def _plugged(self, plug: Plug, used_wh: int, wanted_wh: int) -> Plug:
        spent = plug.spent_wh + used_wh
        return replace(plug, spent_wh=spent, least_wh=max(plug.least_wh, wanted_wh + spent - plug.came_wh))

    def _charged(self, node: Node, plug: Plug) -> Node:
        """Give the charge stop at least the time that its least charge takes at the highest power."""
        group = self.problem.charge_groups[plug.group]
        seconds = plug.least_wh * 3600 // self.power_w[plug.group]
        return replace(node, service_s=group.overhead_s + seconds)

    def _rested(self, nodes: tuple[Node, ...], rests: frozenset[int]) -> list[tuple[frozenset[int], int]]:
        """Return the rests with which the last leg may be driven, each with the driving since the last of them.

        Where the driving becomes too long, a rest is needed somewhere since the one before: any stop there is tried, which
        misses nothing, as every schedule that can be driven has one of them.
        """
        if self.longest is None:
            return [(rests, 0)]
        since = self._since(nodes, rests)
        if since is not None:
            return [(rests, since)]
        found = []
        after = max(rests, default=-1)
        for p in range(max(0, after), len(nodes) - 1):
            if p not in rests and nodes[p + 1].drive_s:
                more = rests | {p}
                since = self._since(nodes, more)
                if since is not None:
                    found.append((more, since))
        return found

    def _since(self, nodes: tuple[Node, ...], rests: frozenset[int]) -> int | None:
        """Return the driving since the last rest, None where it passes the limit."""
        longest = self.longest or FAR_S
        since = self.duty.since_s
        for p in range(1, len(nodes)):
            if p - 1 in rests:
                since = 0
            drive = nodes[p].drive_s
            if drive:
                if since + min(drive, longest) > longest:
                    return None
                held = rests_within(drive, longest)
                since = drive - held * longest if held else since + drive
        return since

    def _finish(self, label: Label) -> Column | None:
        duty, vehicle = self.duty, self.vehicle
        if not label.taken and not duty.fixed:
            return None
        here = label.nodes[-1].location
        home = here if vehicle.end_location is None else vehicle.end_location
        late = duty.end_s if label.taken or not duty.fixed else FAR_S
        node = self._node(label, home, -FAR_S, late, 0)
        if node is None or (vehicle.self_drive and node.drive_s):
            return None
        ends = self._extend(label, node, None, taken=label.taken, board=(), cost_mfen=0)
        if not ends:
            return None
        cost, energy = ends[0].cost_mfen, 0
        plugs = ends[0].plugs
        if plugs:
            prices = [self.problem.charge_groups[plug.group].mfen_per_wh for plug in plugs]
            least = [plug.least_wh for plug in plugs]
            more = max(0, self.final_wh - duty.level_wh + ends[0].used_wh - sum(least))
            energy = sum(p * wh for p, wh in zip(prices, least, strict=True)) + more * min(prices)
            cost += energy
        if cost > sum(self.weights[r] for r in label.taken) and not duty.fixed:
            return None
        return Column(
            duty=duty,
            requests=label.taken,
            steps=label.steps,
            cost_mfen=cost,
            energy_mfen=energy,
            charging=label.charging,
        )

    def _stays(self, fronts: dict[tuple[frozenset[int], int], list[Label]], label: Label) -> bool:
        front = fronts.setdefault((label.taken, label.nodes[-1].location), [])
        if any(self._beats(other, label) for other in front):
            return False
        if not label.charging:
            front.append(label)
        return True

    def _beats(self, a: Label, b: Label) -> bool:
        """Whether whatever ``b`` may still do ``a`` can do as well, at no higher price."""
        if a.cost_mfen > b.cost_mfen or a.done_s > b.done_s:
            return False
        if not self.duty.fixed and (a.span_s > b.span_s or a.depart_by_s < b.depart_by_s):
            return False
        if self.vehicle.max_drive_s is not None and a.driven_s > b.driven_s:
            return False
        if self.vehicle.battery is not None and a.most_wh < b.most_wh:
            return False
        return self.longest is None or a.since_s + self._ahead_s(a) <= self.longest

    def _ahead_s(self, label: Label) -> int:
        """Return more than the vehicle may still have to drive."""
        requests = [self.problem.requests[r] for r in self.open_requests if r not in label.taken]
        drive = sum(self.into_s[stop.location] for r in requests for stop in r.stops)
        if self.vehicle.end_location is not None:
            drive += self.into_s[self.vehicle.end_location]
        detours = max((self.into_s[self.problem.charge_groups[g].location] for g in self.groups), default=0)
        return drive + (len(requests) + 1) * len(self.groups) * detours


def via_points(legs: Legs, places: list[int]) -> Legs:
    """Return the drives where passing by any of the places is free: each figure at its least, so below every such drive."""
    fields = {}
    for name in ("drive_s", "drive_m", "toll_fen"):
        way = getattr(legs, name).astype(np.int64)
        way = np.where(legs.drive_s < 0, FAR_S, way)
        for place in places:
            way = np.minimum(way, way[:, place, None] + way[None, place, :])
        fields[name] = np.where(way >= FAR_S, -1, way)
    return Legs(drive_wh=legs.drive_wh, **fields)


def _alone(request: RequestSpec) -> bool:
    return request.kind is not RequestKind.TRANSFER or not request.shareable


class Purse:
    """How many labels may be made before it is said that the problem is too large."""

    def __init__(self, most: int, should_stop: Callable[[], bool] | None) -> None:
        self.most, self.spent, self.should_stop = most, 0, should_stop

    def __call__(self) -> None:
        self.spent += 1
        if self.spent > self.most:
            raise TooLargeForProof("labels", self.spent, self.most)
        if self.should_stop and self.spent % 256 == 0 and self.should_stop():
            raise TooLargeForProof("time", self.spent, self.most)

"""A solver that needs no search: every vehicle serves one request after the other. Outputs and commands are tested with it."""

from __future__ import annotations

import pytest

from dispatch.plan import Cause, Plan, Reason, Route, Stop, StopKind, Unserved
from dispatch.problem import FORBIDDEN, Problem
from dispatch.solve import StopRule


def one_by_one(problem: Problem, *, seed: int, stop: StopRule) -> Plan:
    """Give each request, by time, to the first vehicle that can be there; nobody shares."""
    routes: dict[int, list[Stop]] = {}
    unserved: list[Unserved] = []
    for number in sorted(range(len(problem.requests)), key=lambda r: (problem.requests[r].stops[0].earliest_s, r)):
        request = problem.requests[number]
        for index, vehicle in enumerate(problem.vehicles):
            if vehicle.seats < request.seats or problem.tier[request.group, vehicle.group] == FORBIDDEN:
                continue
            legs = problem.legs[vehicle.legs]
            begin, end = vehicle.windows[0]
            before = routes.get(index) or [
                Stop(
                    kind=StopKind.START,
                    location=vehicle.start_location,
                    arrive_s=begin,
                    begin_s=begin,
                    depart_s=begin,
                    load=0,
                )
            ]
            stops = list(before)
            for position, spec in enumerate(request.stops):
                last = stops[-1]
                drive = int(legs.drive_s[last.location, spec.location])
                arrive = last.depart_s + drive
                start = max(arrive, spec.earliest_s)
                if drive < 0 or start > spec.latest_s:
                    break
                kind = (StopKind.PICKUP, StopKind.DROPOFF)[position == len(request.stops) - 1]
                stops.append(
                    Stop(
                        kind=kind if position in (0, len(request.stops) - 1) else StopKind.VISIT,
                        location=spec.location,
                        arrive_s=arrive,
                        begin_s=start,
                        depart_s=start + spec.service_s,
                        load=0 if kind is StopKind.DROPOFF and position else request.seats,
                        request=number,
                        stop=position,
                        leg_s=drive,
                        leg_m=int(legs.drive_m[last.location, spec.location]),
                    )
                )
            else:
                if stops[-1].depart_s + 7_200 <= end:
                    routes[index] = stops
                    break
        else:
            unserved.append(Unserved(request=number, reasons=(Reason(code=Cause.TIME_WINDOWS, proven=False),)))
    done = []
    for index, stops in sorted(routes.items()):
        vehicle, last = problem.vehicles[index], stops[-1]
        home = vehicle.end_location if vehicle.end_location is not None else last.location
        drive = int(problem.legs[vehicle.legs].drive_s[last.location, home])
        stops.append(
            Stop(
                kind=StopKind.END,
                location=home,
                arrive_s=last.depart_s + drive,
                begin_s=last.depart_s + drive,
                depart_s=last.depart_s + drive,
                load=0,
                leg_s=drive,
                leg_m=int(problem.legs[vehicle.legs].drive_m[last.location, home]),
            )
        )
        done.append(Route(vehicle=index, stops=tuple(stops), cost_mfen=1_000 * sum(stop.leg_m for stop in stops)))
    return Plan(
        problem_digest="0" * 64,
        routes=tuple(done),
        unserved=tuple(unserved),
        cost_mfen=sum(route.cost_mfen for route in done),
        penalty_mfen=0,
        bound_mfen=None,
        seed=seed,
        iterations=0,
    )


@pytest.fixture
def solver():
    return one_by_one

"""Causes that need no search: a request that no vehicle could serve even if it had the vehicle all to itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from dispatch.plan import Cause, Reason
from dispatch.problem import Problem, RequestKind, RequestSpec, TierRefusal, VehicleSpec
from dispatch.search.lowering import allowed_price, rests_on_the_way
from dispatch.search.tables import INF


class Judge:
    """Answers for many requests of one problem: equal vehicles are tried once, and equal requests have one answer."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._fleet = tuple({replace(v, id=""): v for v in problem.vehicles}.values())
        self._known: dict[RequestSpec, tuple[Reason, ...]] = {}

    def reasons(self, index: int) -> tuple[Reason, ...]:
        """Return what :func:`first_reasons` does."""
        alike = replace(self._problem.requests[index], id="")
        if alike not in self._known:
            self._known[alike] = first_reasons(self._problem, index, self._fleet)
        return self._known[alike]


def first_reasons(problem: Problem, index: int, fleet: Sequence[VehicleSpec] | None = None) -> tuple[Reason, ...]:
    """Return the causes that hold whatever the other requests do: proved by trying every vehicle empty.

    ``fleet`` are the problem's vehicles, by default all; of equal ones one is enough.
    """
    request = problem.requests[index]
    fleet = problem.vehicles if fleet is None else fleet
    if not fleet:
        return (Reason(code=Cause.NO_VEHICLE, proven=True),)
    right_duty = [v for v in fleet if v.self_drive == (request.kind is RequestKind.RENTAL)]
    if not right_duty:
        return (Reason(code=Cause.NO_VEHICLE, proven=True, detail={"kind": str(request.kind)}),)
    permitted = [v for v in right_duty if problem.tier[request.group, v.group] >= 0]
    if not permitted:
        refusals = {int(problem.tier_refusal[request.group, v.group]) for v in right_duty}
        return (
            Reason(
                code=Cause.VEHICLE_NOT_ALLOWED,
                proven=True,
                detail={
                    "refusal": ",".join(TierRefusal(r).name for r in sorted(refusals)),
                    "rules": ",".join(sorted({TierRefusal(r).rule_id for r in refusals} - {""})),
                },
            ),
        )
    roomy = [v for v in permitted if v.seats >= request.seats]
    if not roomy:
        most = max(v.seats for v in permitted)
        return (Reason(code=Cause.CAPACITY, proven=True, detail={"seats": request.seats, "most_seats": most}),)
    usable = [v for v in roomy if allowed_price(problem, request, v) < INF]
    if not usable:
        return (Reason(code=Cause.VEHICLE_NOT_ALLOWED, proven=True, detail={"refusal": "KIND_OR_EQUIPMENT"}),)
    codes: set[Cause] = set()
    for vehicle in usable:
        code = alone(problem, index, vehicle)
        if code is None:
            return ()
        codes.add(code)
    return tuple(Reason(code=code, proven=True) for code in sorted(codes))


def alone(problem: Problem, index: int, vehicle: VehicleSpec) -> Cause | None:
    """Return what keeps ``vehicle``, otherwise idle, from serving the request; None if nothing simple does."""
    request = problem.requests[index]
    legs = problem.legs[vehicle.legs]
    end = request.stops[-1].location if vehicle.end_location is None else vehicle.end_location
    chain = [vehicle.start_location, *(s.location for s in request.stops), end]
    if any(legs.drive_s[a, b] < 0 for a, b in pairwise(chain)):
        return Cause.UNREACHABLE
    if vehicle.self_drive and (chain[0] != chain[1] or chain[-1] != chain[-2]):
        return Cause.VEHICLE_NOT_ALLOWED
    longest = None if vehicle.self_drive else vehicle.max_continuous_drive_s
    drives = [int(legs.drive_s[a, b]) for a, b in pairwise(chain)]
    steps = [d + rests_on_the_way(d, longest) * vehicle.rest_s for d in drives]
    if vehicle.max_drive_s is not None and sum(drives) > vehicle.max_drive_s:
        return Cause.DRIVER_HOURS
    stops = request.stops
    fits, rides = False, False
    spans = [*vehicle.windows, *([(vehicle.windows[0][0], vehicle.windows[-1][1])] if len(vehicle.windows) > 1 else [])]
    for begin, end_s in spans:
        clock, first_done, ok = begin, 0, True
        for i, stop in enumerate(stops):
            clock = max(clock + steps[i], stop.earliest_s)
            if clock > stop.latest_s:
                ok = False
                break
            if i < len(stops) - 1:
                clock += stop.service_s
            if i == 0:
                first_done = clock
        if not ok or clock + stops[-1].service_s + steps[-1] > end_s:
            continue
        fits = True
        slack = stops[0].latest_s + stops[0].service_s - first_done
        if request.max_ride_s is None or clock - first_done - max(0, slack) <= request.max_ride_s:
            rides = True
    if not fits:
        return Cause.TIME_WINDOWS
    if not rides:
        return Cause.RIDE_TIME
    if vehicle.battery is not None and not problem.charge_groups:
        need = sum(int(legs.drive_wh[a, b]) for a, b in pairwise(chain))
        if vehicle.battery.initial_wh - need < max(vehicle.battery.final_wh, vehicle.battery.reserve_wh):
            return Cause.SOC
    return None

"""The dispatch problem as the solver sees it: immutable, integers only.

Times are seconds after ``epoch``, distances metres, energy watt-hours, money thousandths of a fen (``_mfen``: one
fen per kilometre is one mfen per metre). :mod:`dispatch.snapshot` is the only place that rounds facts into this form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

from dispatch.coupling import Coupling, faults
from dispatch.drives import LEG_FIELDS, AreaLegs, Legs, LegTable, tables_of
from dispatch.errors import InvalidProblem

FORBIDDEN = -1
"""Entry of ``Problem.tier`` where a vehicle group may not serve a request group."""


MOST_S = 10**9
"""The farthest that an instant may lie from the epoch, and the longest time: some 31 years."""
MOST_MFEN = 2**53
"""The highest single price: beyond it the search could no longer tell neighbouring prices apart."""
MOST_RATE_MFEN = 10**9
"""The highest price per metre, second or watt-hour."""
MOST_COUNT = 10**9
"""The most watt-hours of a battery, watts of a power and points of a group."""
MOST_SEATS = 10**6


class RequestKind(StrEnum):
    TRANSFER = "transfer"
    CHARTER = "charter"
    RENTAL = "rental"


class TierRefusal(IntEnum):
    """Why ``Problem.tier`` forbids a pair of groups."""

    ALLOWED = 0
    NOT_POOLED = 1
    NO_AGREEMENT = 2
    DUTY_MISMATCH = 3
    NOT_OPTED_IN = 4
    NOT_CONFIRMED = 5
    EXPIRED = 6
    OVER_QUOTA = 7
    SEALED = 8
    READY_RESERVE = 9
    PLATE_LIMIT = 10

    @property
    def rule_id(self) -> str:
        """The rule that forbids it; empty where nothing does."""
        return ("", "R070", "R107", "R072", "R105", "R012", "R017", "R039", "R078", "R161", "T01")[self]


@dataclass(frozen=True, kw_only=True)
class StopSpec:
    """A place to be served; service begins in [earliest_s, latest_s] and takes service_s."""

    location: int
    earliest_s: int
    latest_s: int
    service_s: int = 0


@dataclass(frozen=True, kw_only=True)
class RequestSpec:
    """One request.

    A transfer has two stops and may share the vehicle when ``shareable``; a charter has two or more and keeps vehicle
    and driver from the first to the last; a rental has two and is served by a self-drive vehicle that stands at the
    first stop's location when it begins and at the last one's when it ends.

    ``seats`` is the load from first to last stop. ``max_ride_s`` runs from the end of service at the first stop to the
    begin of service at the last one (None: unlimited).

    ``kinds`` is a bit mask of acceptable vehicle kinds (bit ``1 << VehicleSpec.kind``; 0: any),
    ``equipment`` a bit mask of which all are needed. ``priority`` 0 is the most urgent. ``penalty_mfen`` is the price of
    leaving it unserved. ``promised_vehicle`` and the promised window make moving a promise cost ``change_mfen``.
    """

    id: str
    kind: RequestKind
    stops: tuple[StopSpec, ...]
    seats: int
    shareable: bool
    group: int
    priority: int
    penalty_mfen: int
    max_ride_s: int | None = None
    kinds: int = 0
    equipment: int = 0
    promised_vehicle: int | None = None
    promised_earliest_s: int | None = None
    promised_latest_s: int | None = None
    change_mfen: int = 0


@dataclass(frozen=True, kw_only=True)
class ChargeCurve:
    """The most power a battery accepts by its charge: piecewise constant on charge, so charge over time is piecewise linear.

    ``power_w[i]`` holds from ``from_wh[i]`` up to the next entry; ``from_wh[0]`` is 0.
    """

    from_wh: tuple[int, ...]
    power_w: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class BatterySpec:
    """``reserve_wh`` is the least charge at any stop, ``final_wh`` the least at the end of the route."""

    capacity_wh: int
    initial_wh: int
    reserve_wh: int
    final_wh: int
    ac_curve: ChargeCurve
    dc_curve: ChargeCurve


@dataclass(frozen=True, kw_only=True)
class PinnedStop:
    """A stop that is under way or frozen: it stays where it is in the route, at the given begin of service."""

    request: int | None
    stop: int
    location: int
    begin_s: int
    depart_s: int
    charge_group: int | None = None
    charged_wh: int = 0


@dataclass(frozen=True, kw_only=True)
class VehicleSpec:
    """A vehicle with the driver who has it in this period (``self_drive``: without one).

    ``windows`` are the disjoint, ascending periods in which it may work; a route stays inside one of them unless a
    charter spans several. ``end_location`` None lets it end anywhere. ``max_continuous_drive_s`` of driving asks for a
    pause of ``rest_s`` (rule R116: 240 min, then 20 min); a leg longer than that holds its pauses on the way and takes that
    much longer. ``mfen_per_s`` is paid per second of driving.
    """

    id: str
    start_location: int
    end_location: int | None
    windows: tuple[tuple[int, int], ...]
    seats: int
    kind: int
    legs: int
    group: int
    equipment: int = 0
    self_drive: bool = False
    fixed_mfen: int = 0
    mfen_per_m: int = 0
    mfen_per_s: int = 0
    battery: BatterySpec | None = None
    max_route_s: int | None = None
    max_drive_s: int | None = None
    max_continuous_drive_s: int | None = 14_400
    rest_s: int = 1_200
    pinned: tuple[PinnedStop, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChargeGroupSpec:
    """Equal charge points at one location. ``site`` names the entry of ``Problem.site_power_w`` that they share."""

    id: str
    location: int
    site: int
    points: int
    point_w: int
    dc: bool
    mfen_per_wh: int
    overhead_s: int = 120


@dataclass(frozen=True, kw_only=True)
class HeldPoint:
    """A charge point that is taken by somebody outside the problem."""

    charge_group: int
    begin_s: int
    end_s: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """Everything the solver may know.

    Checked when it is made: see :func:`validate`.

    ``tier`` (int8, request groups x vehicle groups) is the pool tier of rule R069, 1 best, or ``FORBIDDEN``;
    ``tier_refusal`` of the same shape holds a :class:`TierRefusal`; ``tier_mfen[t]`` is the extra price of using tier t.
    ``site_power_w[i]`` is None where a site is not limited. ``held_points`` are taken by others and count like vehicles of
    the problem that charge there. ``coupling`` are limits that hold for all routes together.
    """

    epoch: datetime
    horizon_s: int
    legs: tuple[LegTable, ...]
    vehicles: tuple[VehicleSpec, ...]
    requests: tuple[RequestSpec, ...]
    charge_groups: tuple[ChargeGroupSpec, ...]
    site_power_w: tuple[int | None, ...]
    tier: npt.NDArray[np.int8]
    tier_refusal: npt.NDArray[np.int8]
    tier_mfen: tuple[int, ...]
    held_points: tuple[HeldPoint, ...] = ()
    coupling: Coupling = field(default_factory=Coupling)

    def __post_init__(self) -> None:
        validate(self)

    def digest(self) -> str:
        """Return the SHA-256 of the problem's canonical JSON, hexadecimal."""
        body = {
            "epoch": self.epoch.isoformat(),
            "horizon_s": self.horizon_s,
            "legs": [legs.fingerprint() for legs in self.legs],
            "vehicles": self.vehicles,
            "requests": self.requests,
            "charge_groups": self.charge_groups,
            "site_power_w": self.site_power_w,
            "tier": self.tier.tolist(),
            "tier_refusal": self.tier_refusal.tolist(),
            "tier_mfen": self.tier_mfen,
            "held_points": self.held_points,
            "coupling": self.coupling,
        }
        return hashlib.sha256(msgspec.json.encode(body, order="deterministic")).hexdigest()


def validate(problem: Problem) -> None:
    """Say what contradicts itself in ``problem``.

    A request that nobody can serve is not an error: it comes back unserved.

    Raises
    ------
    InvalidProblem
        An index out of range, a reversed window, a negative entry, a matrix that is not square, an id used twice, a number
        too large to reckon with.
    """
    _validate_legs(problem)
    locations = problem.legs[0].drive_s.shape[0] if problem.legs else 0
    _validate_ids("vehicles", [v.id for v in problem.vehicles])
    _validate_ids("requests", [r.id for r in problem.requests])
    _validate_ids("charge_groups", [g.id for g in problem.charge_groups])
    groups = problem.tier.shape
    _require(problem.tier.ndim == 2, "tier", groups, "must have two dimensions: request groups and vehicle groups")
    _require(
        problem.tier_refusal.shape == groups,
        "tier_refusal",
        problem.tier_refusal.shape,
        f"must have the shape of tier, {groups}",
    )
    if problem.tier.size:
        top = int(problem.tier.max())
        _require(
            top < len(problem.tier_mfen), "tier", top, f"has no price: tier_mfen ends at {len(problem.tier_mfen) - 1}"
        )
        _require(int(problem.tier.min()) >= FORBIDDEN, "tier", int(problem.tier.min()), "is below FORBIDDEN (-1)")
    for i, price in enumerate(problem.tier_mfen):
        _require(price >= 0, f"tier_mfen[{i}]", price, "must not be negative")
        _require(price <= MOST_MFEN, f"tier_mfen[{i}]", price, f"is larger than {MOST_MFEN}")
    for i, vehicle in enumerate(problem.vehicles):
        _validate_vehicle(problem, f"vehicles[{i}]", vehicle, locations)
    for i, request in enumerate(problem.requests):
        _validate_request(problem, f"requests[{i}]", request, locations)
    for i, group in enumerate(problem.charge_groups):
        where = f"charge_groups[{i}]"
        _in_range(f"{where}.location", group.location, locations)
        _in_range(f"{where}.site", group.site, len(problem.site_power_w))
        _not_negative(where, group, ("points", "mfen_per_wh", "overhead_s"))
        _require(group.point_w > 0, f"{where}.point_w", group.point_w, "must be positive")
        _at_most(where, group, ("point_w", "points"), MOST_COUNT)
        _at_most(where, group, ("mfen_per_wh",), MOST_RATE_MFEN)
        _at_most(where, group, ("overhead_s",), MOST_S)
    for i, held in enumerate(problem.held_points):
        where = f"held_points[{i}]"
        _in_range(f"{where}.charge_group", held.charge_group, len(problem.charge_groups))
        _require(held.begin_s <= held.end_s, f"{where}.end_s", held.end_s, "is before begin_s")
    for where, value, message in faults(
        problem.coupling, vehicles=len(problem.vehicles), groups=(groups[0], groups[1]), locations=locations
    ):
        raise InvalidProblem(where, value, message)


def _require(holds: bool, field: str, value: object, message: str) -> None:
    if not holds:
        raise InvalidProblem(field, value, message)


def _at_most(where: str, noun: object, names: Sequence[str], most: int) -> None:
    """Refuse numbers so large that sums of them would leave what the search can hold."""
    for name in names:
        value = getattr(noun, name)
        _require(value is None or -most <= value <= most, f"{where}.{name}", value, f"is larger than {most}")


def _validate_ids(name: str, ids: Sequence[str]) -> None:
    seen: set[str] = set()
    for i, id in enumerate(ids):
        _require(id not in seen, f"{name}[{i}].id", id, "is used twice")
        seen.add(id)


def _in_range(field: str, index: int, size: int) -> None:
    _require(0 <= index < size, field, index, f"is out of range: there are {size}")


def _not_negative(where: str, noun: object, names: Sequence[str]) -> None:
    for name in names:
        value = getattr(noun, name)
        _require(value is None or value >= 0, f"{where}.{name}", value, "must not be negative")


def _validate_legs(problem: Problem) -> None:
    _require(bool(problem.legs), "legs", (), "at least one leg matrix is needed")
    shape = problem.legs[0].drive_s.shape
    _require(len(shape) == 2 and shape[0] == shape[1], "legs[0].drive_s", shape, "must be square")
    for i, legs in enumerate(problem.legs):
        if isinstance(legs, AreaLegs):
            _require(legs.drive_s.shape == shape, f"legs[{i}]", legs.drive_s.shape, f"must have the shape {shape}")
            _validate_areas(f"legs[{i}]", legs)
            for name, part in tables_of(legs):
                _validate_table(f"legs[{i}]{name}", part, part.drive_s.shape)
        else:
            for _, part in tables_of(legs):
                _validate_table(f"legs[{i}]", part, shape)


def _validate_areas(where: str, legs: AreaLegs) -> None:
    """Every location has its row in the table of its area, and a way to the gate and back."""
    count = len(legs.area)
    _require(legs.row.shape == (count,), f"{where}.row", legs.row.shape, f"must have the shape of area, {(count,)}")
    gates = legs.gates.drive_s.shape[0]
    _require(
        gates == len(legs.inside), f"{where}.gates", gates, f"must have one gate for each of {len(legs.inside)} areas"
    )
    if count:
        _in_range(f"{where}.area", int(legs.area.min()), gates)
        _in_range(f"{where}.area", int(legs.area.max()), gates)
        width = np.array([len(part.drive_s) for part in legs.inside], np.int64)[legs.area]
        wrong = (legs.row < 0) | (legs.row >= width)
        at = int(np.argmax(wrong))
        _require(
            not wrong.any(), f"{where}.row[{at}]", int(legs.row[at]), f"is out of range: there are {int(width[at])}"
        )
    for side, table in (("to_gate", legs.to_gate), ("from_gate", legs.from_gate)):
        for name in LEG_FIELDS:
            _require(
                name in table and table[name].shape == (count,),
                f"{where}.{side}.{name}",
                None,
                "must have one per location",
            )
            lowest = int(table[name].min(initial=0))
            _require(
                name == "drive_wh" or lowest >= -1,
                f"{where}.{side}.{name}",
                lowest,
                "must not be negative (-1: no way)",
            )


def _validate_table(at_legs: str, legs: Legs, shape: tuple[int, ...]) -> None:
    for name in LEG_FIELDS:
        where, matrix = f"{at_legs}.{name}", getattr(legs, name)
        _require(matrix.shape == shape, where, matrix.shape, f"must have the shape {shape}")
        _require(np.issubdtype(matrix.dtype, np.integer), where, str(matrix.dtype), "must hold integers")
        if name == "drive_wh" or not matrix.size:
            continue  # energy may be negative on a descent
        at = int(np.argmin(matrix))
        lowest = int(matrix.flat[at])
        _require(
            lowest >= -1, f"{where}[{at // shape[0]}, {at % shape[0]}]", lowest, "must not be negative (-1: no way)"
        )
        if name != "drive_s":
            gone = (matrix == -1) & (legs.drive_s != -1)
            _require(not gone.any(), where, -1, "is unreachable where drive_s is not")
    diagonal = np.diagonal(legs.drive_s)
    _require(
        not diagonal.any(),
        f"{at_legs}.drive_s",
        int(np.abs(diagonal).max(initial=0)),
        "must be 0 from a place to itself",
    )


def _validate_vehicle(problem: Problem, where: str, vehicle: VehicleSpec, locations: int) -> None:
    _in_range(f"{where}.start_location", vehicle.start_location, locations)
    if vehicle.end_location is not None:
        _in_range(f"{where}.end_location", vehicle.end_location, locations)
    _in_range(f"{where}.legs", vehicle.legs, len(problem.legs))
    _in_range(f"{where}.group", vehicle.group, problem.tier.shape[1])
    _in_range(f"{where}.kind", vehicle.kind, 63)
    _not_negative(
        where, vehicle,
        ("seats", "equipment", "fixed_mfen", "mfen_per_m", "mfen_per_s", "max_route_s", "max_drive_s", "rest_s"),
    )  # fmt: skip
    _at_most(where, vehicle, ("seats",), MOST_SEATS)
    _at_most(where, vehicle, ("fixed_mfen",), MOST_MFEN)
    _at_most(where, vehicle, ("mfen_per_m", "mfen_per_s"), MOST_RATE_MFEN)
    _at_most(where, vehicle, ("max_route_s", "max_drive_s", "max_continuous_drive_s", "rest_s"), MOST_S)
    if vehicle.max_continuous_drive_s is not None:
        value = vehicle.max_continuous_drive_s
        _require(value > 0, f"{where}.max_continuous_drive_s", value, "must be positive")
    before = None
    for i, (begin, end) in enumerate(vehicle.windows):
        _require(begin <= end, f"{where}.windows[{i}]", (begin, end), "ends before it begins")
        far = max(abs(begin), abs(end))
        _require(far <= MOST_S, f"{where}.windows[{i}]", (begin, end), f"lies more than {MOST_S} s from the epoch")
        _require(
            before is None or before < begin,
            f"{where}.windows[{i}]",
            (begin, end),
            "must come after the window before it",
        )
        before = end
    if vehicle.battery is not None:
        battery, field = vehicle.battery, f"{where}.battery"
        _require(battery.capacity_wh > 0, f"{field}.capacity_wh", battery.capacity_wh, "must be positive")
        _at_most(field, battery, ("capacity_wh",), MOST_COUNT)
        for name in ("initial_wh", "reserve_wh", "final_wh"):
            value = getattr(battery, name)
            _require(0 <= value <= battery.capacity_wh, f"{field}.{name}", value, "must lie between 0 and capacity_wh")
        for name in ("ac_curve", "dc_curve"):
            curve = getattr(battery, name)
            steps = curve.from_wh
            good = len(steps) == len(curve.power_w) > 0 and steps[0] == 0 and all(a < b for a, b in pairwise(steps))
            _require(good, f"{field}.{name}", steps, "must begin at 0 and rise, with one power per step")
            _require(min(curve.power_w) >= 0, f"{field}.{name}", curve.power_w, "must not be negative")
    for i, pin in enumerate(vehicle.pinned):
        field = f"{where}.pinned[{i}]"
        _in_range(f"{field}.location", pin.location, locations)
        _require(pin.begin_s <= pin.depart_s, f"{field}.depart_s", pin.depart_s, "is before begin_s")
        _at_most(field, pin, ("begin_s", "depart_s"), MOST_S)
        if i:
            _require(
                pin.begin_s >= vehicle.pinned[i - 1].depart_s,
                f"{field}.begin_s",
                pin.begin_s,
                "is before the stop before it departs",
            )
        if pin.request is not None:
            _in_range(f"{field}.request", pin.request, len(problem.requests))
            _in_range(f"{field}.stop", pin.stop, len(problem.requests[pin.request].stops))
        if pin.charge_group is not None:
            _in_range(f"{field}.charge_group", pin.charge_group, len(problem.charge_groups))


def _validate_request(problem: Problem, where: str, request: RequestSpec, locations: int) -> None:
    _in_range(f"{where}.group", request.group, problem.tier.shape[0])
    _not_negative(where, request, ("priority", "penalty_mfen", "max_ride_s", "kinds", "equipment", "change_mfen"))
    _require(request.seats >= 1, f"{where}.seats", request.seats, "must be at least 1")
    _at_most(where, request, ("seats",), MOST_SEATS)
    _at_most(where, request, ("penalty_mfen", "change_mfen"), MOST_MFEN)
    _at_most(where, request, ("max_ride_s", "promised_earliest_s", "promised_latest_s"), MOST_S)
    count = len(request.stops)
    exact = request.kind is not RequestKind.CHARTER
    _require(
        count == 2 if exact else count >= 2, f"{where}.stops", count, "must be two" if exact else "must be two or more"
    )
    if request.promised_vehicle is not None:
        _in_range(f"{where}.promised_vehicle", request.promised_vehicle, len(problem.vehicles))
    for i, stop in enumerate(request.stops):
        field = f"{where}.stops[{i}]"
        _in_range(f"{field}.location", stop.location, locations)
        _require(
            stop.earliest_s <= stop.latest_s,
            f"{field}.latest_s",
            stop.latest_s,
            f"is before earliest_s {stop.earliest_s}",
        )
        _require(stop.service_s >= 0, f"{field}.service_s", stop.service_s, "must not be negative")
        _at_most(field, stop, ("earliest_s", "latest_s", "service_s"), MOST_S)

"""What the solver answers: routes, unserved requests with their causes, and how good the answer is known to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class StopKind(StrEnum):
    START = "start"
    PICKUP = "pickup"
    VISIT = "visit"
    DROPOFF = "dropoff"
    CHARGE = "charge"
    REST = "rest"
    END = "end"


class Cause(StrEnum):
    """Why a request is not served: the codes of Google Route Optimization v1 where the meaning is theirs, ours with ``X_``."""

    NO_VEHICLE = "NO_VEHICLE"
    CAPACITY = "DEMAND_EXCEEDS_VEHICLE_CAPACITY"
    TIME_WINDOWS = "CANNOT_BE_PERFORMED_WITHIN_VEHICLE_TIME_WINDOWS"
    DURATION = "CANNOT_BE_PERFORMED_WITHIN_VEHICLE_DURATION_LIMIT"
    VEHICLE_NOT_ALLOWED = "VEHICLE_NOT_ALLOWED"
    UNREACHABLE = "X_UNREACHABLE"
    OFF_NETWORK = "X_OFF_NETWORK"
    RIDE_TIME = "X_RIDE_TIME"
    SOC = "X_SOC"
    CHARGE_POINT_BUSY = "X_CHARGE_POINT_BUSY"
    DRIVER_HOURS = "X_DRIVER_HOURS"
    QUOTA = "X_QUOTA"
    READY_RESERVE = "X_READY_RESERVE"
    TRIP_SHARE = "X_TRIP_SHARE"
    RENTAL_POINT = "X_RENTAL_POINT"
    APPROVAL = "X_APPROVAL"
    RULE = "X_RULE"
    LOST_TO = "X_LOST_TO"
    UNPROVEN = "X_UNPROVEN"


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One stop of a route; the ``leg_*`` fields describe the drive that leads to it.

    ``request`` and ``charge_group`` are indices into the problem; ``stop`` is the index within the request's stops.
    Service or charging runs from ``begin_s`` to ``depart_s``. ``leg_s`` includes the rests on the way of a leg that is
    longer than
    the driver may drive at a stretch. ``charge_wh`` is the battery's content at arrival, None
    without a battery; ``charged_wh`` what was added here.
    """

    kind: StopKind
    location: int
    arrive_s: int
    begin_s: int
    depart_s: int
    load: int
    request: int | None = None
    stop: int | None = None
    charge_group: int | None = None
    charge_wh: int | None = None
    charged_wh: int = 0
    leg_s: int = 0
    leg_m: int = 0
    leg_wh: int = 0
    leg_toll_fen: int = 0


@dataclass(frozen=True, kw_only=True)
class Route:
    """The work of one vehicle (index into the problem), first stop START and last END; an unused vehicle has no route."""

    vehicle: int
    stops: tuple[Stop, ...]
    cost_mfen: int


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A cause, whether re-solving with that constraint dropped proved it, and its particulars."""

    code: Cause
    proven: bool
    detail: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Unserved:
    request: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan for the problem with this digest.

    ``cost_mfen`` is the operating cost of the routes plus change and tier prices, ``penalty_mfen`` that of the unserved.
    ``bound_mfen`` is a valid lower bound on their sum, None where none was proved.
    """

    problem_digest: str
    routes: tuple[Route, ...]
    unserved: tuple[Unserved, ...]
    cost_mfen: int
    penalty_mfen: int
    bound_mfen: int | None
    seed: int
    iterations: int

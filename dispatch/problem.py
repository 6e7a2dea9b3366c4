"""The dispatch problem as the solver sees it: immutable, integers only.

Times are seconds after ``epoch``, distances metres, energy watt-hours, money thousandths of a fen (``_mfen``: one
fen per kilometre is one mfen per metre). :mod:`dispatch.snapshot` is the only place that rounds facts into this form.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

import numpy as np
import numpy.typing as npt

FORBIDDEN = -1
"""Entry of ``Problem.tier`` where a vehicle group may not serve a request group."""


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Legs:
    """Drives between locations for one drive profile: int32 arrays (n, n); ``UNREACHABLE`` (-1) in all where no way is."""

    drive_s: npt.NDArray[np.int32]
    drive_m: npt.NDArray[np.int32]
    drive_wh: npt.NDArray[np.int32]
    toll_fen: npt.NDArray[np.int32]


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
    begin of service at the last one (None: unlimited). ``kinds`` is a bit mask of acceptable vehicle kinds (0: any),
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
    pause of ``rest_s`` (rule R116: 240 min, then 20 min).
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """Everything the solver may know.

    ``tier`` (int8, request groups x vehicle groups) is the pool tier of rule R069, 1 best, or ``FORBIDDEN``;
    ``tier_refusal`` of the same shape holds a :class:`TierRefusal`; ``tier_mfen[t]`` is the extra price of using tier t.
    ``site_power_w[i]`` is None where a site is not limited.
    """

    epoch: datetime
    horizon_s: int
    legs: tuple[Legs, ...]
    vehicles: tuple[VehicleSpec, ...]
    requests: tuple[RequestSpec, ...]
    charge_groups: tuple[ChargeGroupSpec, ...]
    site_power_w: tuple[int | None, ...]
    tier: npt.NDArray[np.int8]
    tier_refusal: npt.NDArray[np.int8]
    tier_mfen: tuple[int, ...]

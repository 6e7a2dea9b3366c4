"""A plan as a fact: what one run of dispatch decided for a day, how good it was, and whom it could not serve."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from fleet.ids import DriverId, PersonId, PlanId, RegionCode, RequestId, VehicleId


@dataclass(frozen=True, kw_only=True)
class PlanReason:
    """Why a request stayed unserved: a code of ``dispatch.plan.Cause`` and its particulars; ``proven`` by re-solving."""

    code: str
    proven: bool
    detail: dict[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PlanUnserved:
    request_id: RequestId
    reasons: tuple[PlanReason, ...]


@dataclass(frozen=True, kw_only=True)
class PlanFigures:
    """What the plan amounts to. ``seconds`` is the time the search took; ``bound_fen`` a proven lower bound on the cost.

    ``gap_frac`` is (cost - bound) / cost, None where no bound was proved.
    """

    served_count: int
    unserved_count: int
    vehicles_used_count: int
    drive_m: int
    cost_fen: int
    seconds: float
    bound_fen: int | None = None
    gap_frac: float | None = None
    drive_wh: int = 0
    nev_drive_m: int = 0


@dataclass(frozen=True, kw_only=True)
class PlanRecord:
    """One plan of a local day (``YYYY-MM-DD``, Asia/Shanghai). ``region`` empty: the whole area. The itineraries name it.

    ``dispatcher_id`` is who had it made, None for the machine (R156).
    """

    id: PlanId
    day: str
    region: RegionCode
    created_at: datetime
    figures: PlanFigures
    unserved: tuple[PlanUnserved, ...] = ()
    problem_digest: str = ""
    seed: int = 0
    dispatcher_id: PersonId | None = None


@dataclass(frozen=True, kw_only=True)
class TripChange:
    """What one plan changed about a trip: vehicle, driver and planned pick-up before and after (None: not served)."""

    request_id: RequestId
    before_vehicle_id: VehicleId | None
    after_vehicle_id: VehicleId | None
    before_driver_id: DriverId | None
    after_driver_id: DriverId | None
    before_pickup_at: datetime | None
    after_pickup_at: datetime | None
    notice_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class PlanChanges:
    """Everything a plan changed against what stood before it; ``id`` is the plan's."""

    id: PlanId
    day: str
    region: RegionCode
    created_at: datetime
    changes: tuple[TripChange, ...] = ()

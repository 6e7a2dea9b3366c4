"""Vehicles as registered facts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from fleet.errors import IllegalTransition, InvalidFact
from fleet.ids import ProviderId, RegionCode, SiteId, UnitId, VehicleId


class VehicleKind(StrEnum):
    """Body class, by which a request may ask for a vehicle."""

    SEDAN = "sedan"
    SUV = "suv"
    MPV = "mpv"
    MINIBUS = "minibus"
    COACH = "coach"


class Duty(StrEnum):
    """What the vehicle is kept for (rule R072); only ``POOLED`` and ``RENTAL`` serve other units' ordinary trips."""

    POOLED = "pooled"
    CONFIDENTIAL = "confidential"
    EMERGENCY = "emergency"
    ENFORCEMENT = "enforcement"
    SPECIAL = "special"
    RENTAL = "rental"


class Energy(StrEnum):
    """Drive train. The last three count as new-energy vehicles (新能源汽车)."""

    PETROL = "petrol"
    DIESEL = "diesel"
    PHEV = "phev"
    BEV = "bev"
    FCEV = "fcev"

    @property
    def is_nev(self) -> bool:
        return self in (Energy.PHEV, Energy.BEV, Energy.FCEV)


class VehicleState(StrEnum):
    """Life-cycle state as far as dispatch is concerned."""

    AVAILABLE = "available"
    OUT_OF_SERVICE = "out_of_service"
    SEALED = "sealed"
    DISPOSED = "disposed"


@dataclass(frozen=True, kw_only=True)
class Battery:
    """A traction battery.

    ``reserve_frac`` is the least state of charge at any moment of a plan; ``max_ac_w`` and ``max_dc_w`` are the most the
    vehicle accepts.
    """

    capacity_wh: int
    charge_wh: int
    reserve_frac: float = 0.2
    max_ac_w: int = 7_000
    max_dc_w: int = 60_000


class AcquisitionKind(StrEnum):
    """How a vehicle came into the fleet: on a vacant quota (新增), in place of another (更新), or by transfer (划转)."""

    ADDED = "added"
    REPLACED = "replaced"
    TRANSFERRED = "transferred"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One of the four decisions on a purchase (四统一, R035): quota, standard, funds or procurement, with its document."""

    name: str
    document_no: str


@dataclass(frozen=True, kw_only=True)
class Acquisition:
    """The purchase record of a vehicle: what shares of new-energy vehicles are counted from (rules R018-R029).

    ``central_batch`` names the batch of central procurement (集中统一采购), ``displacement_ml`` the engine's, 0 without one.
    ``waiver_reason`` and ``waiver_text`` explain a purchase that is not a new-energy vehicle (R022, R029), or a replacement
    before its time (R038). ``replaces_id`` is the vehicle that goes, ``quota_document_no`` what raised the quota for one
    on top (R033), ``special_case`` the office's consent to the higher standard (R034).
    """

    on: date
    kind: AcquisitionKind
    central_batch: str | None = None
    price_fen: int | None = None
    displacement_ml: int | None = None
    waiver_reason: str | None = None
    waiver_text: str = ""
    decisions: tuple[Decision, ...] = ()
    replaces_id: VehicleId | None = None
    quota_document_no: str = ""
    special_case: bool = False


@dataclass(frozen=True, kw_only=True)
class Vehicle:
    """One registered vehicle. ``seats`` counts passengers only; the driver's seat is extra where a driver is needed.

    ``pooled`` is the flag of rule R070 (平台统筹车辆): only then does it serve other units. ``listed`` puts it on the list of
    over-quota and over-standard vehicles (R039). ``marked`` is None where nobody recorded it; ``marking_exempt`` is for
    confidential duty (R045). ``fixed_route`` is for enforcement on a relatively fixed route (R029).
    ``provider_id`` names the provider of a rental car.
    """

    id: VehicleId
    plate: str
    unit_id: UnitId
    region: RegionCode
    home_site_id: SiteId
    kind: VehicleKind
    energy: Energy
    seats: int
    profile: str
    duty: Duty = Duty.POOLED
    self_drive: bool = False
    battery: Battery | None = None
    equipment: frozenset[str] = frozenset()
    odometer_m: int = 0
    state: VehicleState = VehicleState.AVAILABLE
    pooled: bool = True
    listed: bool = False
    marked: bool | None = None
    marking_exempt: bool = False
    fixed_route: bool = False
    in_service_on: date | None = None
    acquisition: Acquisition | None = None
    provider_id: ProviderId | None = None

    def __post_init__(self) -> None:
        if self.seats < 1:
            raise InvalidFact(kind="vehicle", id=self.id, field="seats", value=self.seats, remedy="at least 1")
        if self.energy is Energy.BEV and self.battery is None:
            raise InvalidFact(
                kind="vehicle", id=self.id, field="battery", value=None, remedy="a battery vehicle needs its capacity"
            )


def take_out_of_service(vehicle: Vehicle) -> Vehicle:
    """Repair, inspection or accident: no new trip is given to it."""
    if vehicle.state is not VehicleState.AVAILABLE:
        raise IllegalTransition(kind="vehicle", id=vehicle.id, state=vehicle.state, action="take_out_of_service")
    return replace(vehicle, state=VehicleState.OUT_OF_SERVICE)


def return_to_service(vehicle: Vehicle) -> Vehicle:
    if vehicle.state not in (VehicleState.OUT_OF_SERVICE, VehicleState.SEALED):
        raise IllegalTransition(kind="vehicle", id=vehicle.id, state=vehicle.state, action="return_to_service")
    return replace(vehicle, state=VehicleState.AVAILABLE)

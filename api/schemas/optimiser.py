"""The stateless optimiser's model: shipments, vehicles, breaks and chargers, after Google Route Optimization v1.

Names follow that interface where the meaning is the same; units stand in the names.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from api.schemas.base import Input, Instant, Latitude, Longitude, examples
from dispatch.plan import StopKind
from dispatch.problem import RequestKind

Index = Annotated[int, Field(ge=0, le=100_000)]
Fen = Annotated[int, Field(ge=0, le=10_000_000)]


class SolvingMode(StrEnum):
    DEFAULT_SOLVE = "DEFAULT_SOLVE"
    VALIDATE_ONLY = "VALIDATE_ONLY"


class LocationInput(Input):
    lon_wgs84: Longitude
    lat_wgs84: Latitude


class VisitInput(LocationInput):
    """Service begins between the two instants and takes ``duration_s``."""

    earliest_at: Instant
    latest_at: Instant
    duration_s: int = Field(default=60, ge=0, le=14 * 86_400)


class ShipmentInput(Input):
    label: str = Field(default="", max_length=200)
    kind: RequestKind = RequestKind.TRANSFER
    visits: list[VisitInput] = Field(
        min_length=2, max_length=50, description="Pick-up first, delivery last; a charter has more between them."
    )
    load_count: int = Field(default=1, ge=1, le=500, description="Seats taken.")
    shareable: bool = True
    max_ride_s: int | None = Field(default=None, ge=0, le=7 * 86_400)
    penalty_cost_fen: int = Field(default=200_000, ge=0, le=100_000_000, description="Price of leaving it out.")
    priority: int = Field(default=3, ge=0, le=3, description="0 is the most urgent.")
    allowed_vehicle_indices: list[Index] | None = Field(default=None, max_length=10_000)


class TimeWindowInput(Input):
    start_at: Instant
    end_at: Instant


class BreakRuleInput(Input):
    max_continuous_drive_s: int = Field(default=14_400, ge=600, le=86_400)
    rest_s: int = Field(default=1_200, ge=0, le=86_400)


class VehicleBatteryInput(Input):
    capacity_wh: int = Field(ge=1_000, le=1_000_000)
    charge_wh: int = Field(ge=0, le=1_000_000)
    reserve_frac: float = Field(default=0.2, ge=0, lt=1)
    max_ac_w: int = Field(default=7_000, ge=0, le=100_000)
    max_dc_w: int = Field(default=60_000, ge=0, le=1_000_000)


class OptimiserVehicleInput(Input):
    label: str = Field(default="", max_length=200)
    start_location: LocationInput
    end_location: LocationInput | None = Field(default=None, description="Anywhere when absent.")
    time_windows: list[TimeWindowInput] = Field(min_length=1, max_length=50)
    seats: int = Field(ge=1, le=100)
    profile: str = Field(default="sedan_petrol", max_length=64)
    self_drive: bool = False
    fixed_cost_fen: Fen = 2_000
    cost_fen_per_km: int = Field(default=80, ge=0, le=100_000)
    cost_fen_per_hour: int = Field(default=3_000, ge=0, le=1_000_000)
    battery: VehicleBatteryInput | None = None
    break_rule: BreakRuleInput | None = BreakRuleInput()
    max_drive_s: int | None = Field(default=None, ge=0, le=14 * 86_400)
    max_route_s: int | None = Field(default=None, ge=0, le=14 * 86_400)


class ChargerInput(LocationInput):
    label: str = Field(default="", max_length=200)
    points: int = Field(ge=1, le=500)
    power_w: int = Field(ge=1_000, le=1_000_000)
    dc: bool = True
    price_fen_per_kwh: int = Field(default=80, ge=0, le=10_000)
    site_power_w: int | None = Field(default=None, ge=1_000)


class ModelInput(Input):
    global_start_at: Instant
    global_end_at: Instant
    shipments: list[ShipmentInput] = Field(max_length=2_000)
    vehicles: list[OptimiserVehicleInput] = Field(max_length=1_000)
    chargers: list[ChargerInput] = Field(default_factory=list, max_length=500)


_MODEL = {
    "global_start_at": "2026-03-02T06:00:00+08:00",
    "global_end_at": "2026-03-02T22:00:00+08:00",
    "shipments": [
        {
            "label": "遂宁-潼南",
            "load_count": 2,
            "visits": [
                {
                    "lon_wgs84": 105.5929,
                    "lat_wgs84": 30.5328,
                    "earliest_at": "2026-03-02T09:00:00+08:00",
                    "latest_at": "2026-03-02T09:20:00+08:00",
                },
                {
                    "lon_wgs84": 105.8406,
                    "lat_wgs84": 30.191,
                    "earliest_at": "2026-03-02T09:00:00+08:00",
                    "latest_at": "2026-03-02T12:00:00+08:00",
                },
            ],
        }
    ],
    "vehicles": [
        {
            "label": "川JD00001",
            "start_location": {"lon_wgs84": 105.5929, "lat_wgs84": 30.5328},
            "end_location": {"lon_wgs84": 105.5929, "lat_wgs84": 30.5328},
            "time_windows": [{"start_at": "2026-03-02T07:00:00+08:00", "end_at": "2026-03-02T20:00:00+08:00"}],
            "seats": 4,
            "profile": "sedan_bev",
            "battery": {"capacity_wh": 60000, "charge_wh": 54000},
        }
    ],
}


class SolveInput(Input):
    model_config = examples({"model": _MODEL, "seconds": 2, "seed": 1})

    model: ModelInput
    solving_mode: SolvingMode = SolvingMode.DEFAULT_SOLVE
    seconds: float = Field(default=5.0, gt=0, le=60)
    iterations: int | None = Field(
        default=None, ge=1, le=10_000_000, description="Stop after so many: the same input then gives the same plan."
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1)


class RouteStopInput(Input):
    """A stop as somebody planned it, or as ``plans:solve`` answered it.

    What follows from the model (place, arrival, load, charge, drive) is worked out where it is left out, and judged where
    it is given. The ``travel_`` fields and ``toll_fen`` describe the drive that leads to the stop.
    """

    kind: StopKind
    shipment_index: Index | None = None
    visit_index: Index | None = None
    charger_index: Index | None = None
    start_at: Instant
    end_at: Instant
    charged_wh: int = Field(default=0, ge=0, le=1_000_000)
    shipment_label: str | None = Field(default=None, max_length=200)
    lon_wgs84: Longitude | None = None
    lat_wgs84: Latitude | None = None
    arrive_at: Instant | None = None
    load_count: int | None = Field(default=None, ge=0, le=100_000, description="On board when leaving.")
    charge_wh: int | None = Field(
        default=None, ge=-10_000_000, le=10_000_000, description="In the battery on arrival; absent without a battery."
    )
    travel_s: int | None = Field(default=None, ge=0, le=60 * 86_400, description="With the rests on the way.")
    travel_m: int | None = Field(default=None, ge=0, le=100_000_000)
    travel_wh: int | None = Field(default=None, ge=-10_000_000, le=10_000_000)
    toll_fen: int | None = Field(default=None, ge=0, le=100_000_000)


class RouteInput(Input):
    vehicle_index: Index
    vehicle_label: str | None = Field(default=None, max_length=200)
    cost_fen: int | None = Field(default=None, ge=0, description="Judged when given.")
    stops: list[RouteStopInput] = Field(min_length=2, max_length=1_000)


class CheckInput(Input):
    model_config = examples(
        {
            "model": _MODEL,
            "routes": [
                {
                    "vehicle_index": 0,
                    "stops": [
                        {
                            "kind": "start",
                            "start_at": "2026-03-02T08:50:00+08:00",
                            "end_at": "2026-03-02T08:50:00+08:00",
                        },
                        {
                            "kind": "pickup",
                            "shipment_index": 0,
                            "visit_index": 0,
                            "start_at": "2026-03-02T09:00:00+08:00",
                            "end_at": "2026-03-02T09:01:00+08:00",
                        },
                        {
                            "kind": "dropoff",
                            "shipment_index": 0,
                            "visit_index": 1,
                            "start_at": "2026-03-02T10:30:00+08:00",
                            "end_at": "2026-03-02T10:31:00+08:00",
                        },
                        {"kind": "end", "start_at": "2026-03-02T12:30:00+08:00", "end_at": "2026-03-02T12:30:00+08:00"},
                    ],
                }
            ],
        }
    )

    model: ModelInput
    routes: list[RouteInput] = Field(max_length=1_000)
    skipped_shipment_indices: list[Index] = Field(default_factory=list, max_length=2_000)

"""Trip requests and decisions about them, as callers send them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from api.input_errors import Unacceptable
from api.schemas.base import Id, Input, Instant, Latitude, Longitude, examples
from api.trip_rules import MOST_PASSENGERS, PARTY, PARTY_REMEDY
from fleet.requests import Priority, TripKind, Waiver
from fleet.vehicles import VehicleKind


def _party(count: int) -> int:
    if not 1 <= count <= MOST_PASSENGERS:
        raise Unacceptable(PARTY, PARTY_REMEDY)
    return count


Party = Annotated[
    int,
    AfterValidator(_party),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_PASSENGERS}),
]


class TripStopInput(Input):
    """A place: by name or code in ``place``, or by coordinates."""

    name: str = Field(default="", max_length=200)
    place: str | None = Field(default=None, min_length=1, max_length=100, description="Name or code of a known place.")
    lon_wgs84: Longitude | None = None
    lat_wgs84: Latitude | None = None
    earliest_at: Instant
    latest_at: Instant
    service_s: int = Field(default=60, ge=0, le=14 * 86_400, description="Seconds of service or stay at the stop.")


class WaiverInput(Input):
    rule_id: str = Field(
        pattern=r"^(R|L)[0-9]{3}$", description="The rule that would stop the trip: R073, R078 or R176."
    )
    reason: str = Field(default="", max_length=50, description="One of the rule's reasons.")
    text: str = Field(default="", max_length=500, description="What is said to it; of R176 the number of the permit.")

    def to_noun(self) -> Waiver:
        return Waiver(rule_id=self.rule_id, reason=self.reason, text=self.text)


class TripRequestInput(Input):
    model_config = examples(
        {
            "kind": "transfer",
            "purpose": "赴潼南区对接一体化发展工作",
            "passengers": 3,
            "stops": [
                {
                    "name": "遂宁市政务中心",
                    "lon_wgs84": 105.5929,
                    "lat_wgs84": 30.5328,
                    "earliest_at": "2026-03-02T08:30:00+08:00",
                    "latest_at": "2026-03-02T08:50:00+08:00",
                },
                {
                    "name": "潼南区政府",
                    "place": "潼南区",
                    "earliest_at": "2026-03-02T09:00:00+08:00",
                    "latest_at": "2026-03-02T10:30:00+08:00",
                },
            ],
            "priority": "ordinary",
            "shareable": True,
        }
    )

    id: Id | None = Field(default=None, description="Made by the server when absent.")
    kind: TripKind
    purpose: str = Field(min_length=1, max_length=500)
    passengers: Party
    stops: list[TripStopInput] = Field(min_length=2, max_length=50)
    priority: Priority = Priority.ORDINARY
    shareable: bool = True
    max_ride_s: int | None = Field(default=None, ge=60, le=7 * 86_400)
    vehicle_kind: VehicleKind | None = None
    equipment: frozenset[str] = Field(default=frozenset(), max_length=50)
    unit_id: Id | None = Field(default=None, description="The caller's own unit when absent.")
    waivers: list[WaiverInput] = Field(
        default_factory=list, max_length=10, description="Reasons to go on all the same."
    )


class EmergencyInput(Input):
    model_config = examples(
        {
            "purpose": "山洪灾害现场处置",
            "passengers": 3,
            "stops": [
                {
                    "name": "遂宁市政务中心",
                    "lon_wgs84": 105.5929,
                    "lat_wgs84": 30.5328,
                    "earliest_at": "2026-03-02T08:30:00+08:00",
                    "latest_at": "2026-03-02T09:30:00+08:00",
                },
                {
                    "name": "潼南区政府",
                    "place": "潼南区",
                    "earliest_at": "2026-03-02T08:30:00+08:00",
                    "latest_at": "2026-03-02T12:30:00+08:00",
                },
            ],
            "drill": False,
        }
    )

    id: Id | None = Field(default=None, description="Made by the server when absent.")
    kind: TripKind = TripKind.TRANSFER
    purpose: str = Field(min_length=1, max_length=500)
    passengers: Party
    stops: list[TripStopInput] = Field(min_length=2, max_length=50)
    vehicle_kind: VehicleKind | None = None
    equipment: frozenset[str] = Field(default=frozenset(), max_length=50)
    unit_id: Id | None = Field(default=None, description="The caller's own unit when absent.")
    drill: bool = Field(default=False, description="An exercise: behaves the same, and counts for nothing (R166).")


class ChoiceInput(Input):
    model_config = examples({"vehicle_id": "V-SN-2", "pin": True, "displace": False})

    vehicle_id: Id
    pin: bool = Field(default=True, description="Later plans keep the trip on this vehicle.")
    displace: bool = Field(default=False, description="Other trips may lose the vehicle; they are planned again.")


class ReasonInput(Input):
    model_config = examples({"reason": "与会人员改乘高铁"})

    reason: str = Field(min_length=1, max_length=500)

"""Positions in batches, as devices and gateways send them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.base import Id, Input, Instant, examples

MOST = 5_000


class PositionInput(Input):
    vehicle_id: Id
    at: Instant
    lon_wgs84: float
    lat_wgs84: float
    speed_mps: float | None = None
    charge_frac: float | None = None


class PositionsInput(Input):
    model_config = examples(
        {
            "positions": [
                {
                    "vehicle_id": "V-SN-1",
                    "at": "2026-03-02T09:00:05+08:00",
                    "lon_wgs84": 105.5929,
                    "lat_wgs84": 30.5328,
                    "speed_mps": 16.5,
                }
            ]
        }
    )

    positions: list[PositionInput] = Field(min_length=1, max_length=MOST)


class TraccarInput(BaseModel):
    """What Traccar forwards, one position a call; fields that we do not use are allowed."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "position": {
                        "deviceId": 7,
                        "fixTime": "2026-03-02T01:00:05.000+00:00",
                        "latitude": 30.5328,
                        "longitude": 105.5929,
                        "speed": 32.1,
                        "attributes": {"batteryLevel": 62},
                    },
                    "device": {"uniqueId": "V-SN-1"},
                }
            ]
        },
    )

    position: dict[str, Any]
    device: dict[str, Any] | None = None


class GatewayReport(Input):
    terminal: Id
    protocol: Literal["jt808", "gb32960"]
    time: str = Field(pattern=r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$", description="UTC+8, as the standards have it.")
    lat_e6: int
    lon_e6: int
    speed_dkmh: int | None = Field(default=None, description="0.1 km/h")
    soc_percent: int | None = None


class GatewayInput(Input):
    model_config = examples(
        {
            "reports": [
                {
                    "terminal": "V-SN-1",
                    "protocol": "jt808",
                    "time": "2026-03-02 09:00:05",
                    "lat_e6": 30532800,
                    "lon_e6": 105592900,
                    "speed_dkmh": 594,
                }
            ]
        }
    )

    reports: list[GatewayReport] = Field(min_length=1, max_length=MOST)

"""What all input models share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Id = Annotated[str, Field(pattern=r"^[\w][\w.\-]{0,63}$", description="Letters, digits, '.', '_' and '-'; at most 64.")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
RegionInput = Annotated[
    str,
    Field(pattern=r"^[A-Z0-9-]{2,20}$", description="GB/T 2260 code such as 510100, or a zone.", examples=["510100"]),
]
Longitude = Annotated[float, Field(ge=-180, le=180, description="WGS-84 degrees east.", examples=[104.0633])]
Latitude = Annotated[float, Field(ge=-180, le=180, description="WGS-84 degrees north.", examples=[30.6598])]
"""Wider than a latitude can be, so that swapped coordinates reach the check that recognises them as such."""
Instant = Annotated[AwareDatetime, Field(description="RFC 3339 with offset.", examples=["2026-03-02T08:30:00+08:00"])]


class Input(BaseModel):
    """A closed model: unknown fields are refused by name, numbers are finite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True, str_strip_whitespace=True)


def examples(*values: dict[str, Any]) -> ConfigDict:
    """Return the configuration of a model with these examples in its schema."""
    return ConfigDict(json_schema_extra={"examples": list(values)})

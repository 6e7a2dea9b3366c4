"""What all input models share."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from api.input_errors import NUMBER, WHOLE, Unacceptable
from api.wording import Text

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
    """A closed model: unknown fields are refused by name, numbers are finite and no texts, texts are of one line."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True, str_strip_whitespace=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_text_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, (str, bool)) and (number := _number_of(cls, str(info.field_name))) is not None:
            raise Unacceptable(*(WHOLE if number is int else NUMBER))
        return value

    @field_validator("*", mode="after")
    @classmethod
    def _no_control_characters(cls, value: Any) -> Any:
        for text in value if isinstance(value, (list, tuple, frozenset)) else (value,):
            if isinstance(text, str):
                _refuse_control_characters(text)
        return value


@cache
def _number_of(model: type[BaseModel], field: str) -> type | None:
    """Return int or float where a field holds such a number, or None or such a number."""
    annotation = model.model_fields[field].annotation
    kinds = {get_args(kind)[0] if get_origin(kind) is Annotated else kind for kind in get_args(annotation)}
    kinds = (kinds or {annotation}) - {type(None)}
    return next((kind for kind in (int, float) if kinds == {kind}), None)


def _refuse_control_characters(text: str) -> None:
    for character in text:
        if unicodedata.category(character) == "Cc":
            code = f"U+{ord(character):04X}"
            raise Unacceptable(
                Text("含有控制字符（如换行、制表符）", "contains a control character, such as a line break or a tab"),
                Text(f"请去掉 {code}", f"remove {code}"),
            )


def examples(*values: dict[str, Any]) -> ConfigDict:
    """Return the configuration of a model with these examples in its schema."""
    return ConfigDict(json_schema_extra={"examples": list(values)})

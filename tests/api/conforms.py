"""Whether a value is what a JSON schema says, for the keywords that the interface's description uses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

NAMES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def wrongs(value: Any, schema: Any, components: dict[str, Any], at: str = "$") -> list[str]:
    """Return what does not fit, each with its path."""
    if schema is True or schema == {}:
        return []
    if "$ref" in schema:
        return wrongs(value, components[schema["$ref"].rsplit("/", 1)[1]], components, at)
    if "anyOf" in schema:
        tried = [wrongs(value, each, components, at) for each in schema["anyOf"]]
        return [] if any(not each for each in tried) else min(tried, key=len)
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: {value!r} is none of {schema['enum']}"]
    kind = schema.get("type")
    if kind and (not isinstance(value, NAMES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{at}: {value!r} is no {kind}"]
    if schema.get("format") == "date-time" and datetime.fromisoformat(value).tzinfo is None:
        return [f"{at}: {value!r} has no offset"]
    found = []
    if isinstance(value, dict):
        own = schema.get("properties", {})
        found += [f"{at}: {name} is missing" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            found += wrongs(item, own.get(name, schema.get("additionalProperties", True)), components, f"{at}.{name}")
    if isinstance(value, list):
        for index, item in enumerate(value):
            found += wrongs(item, schema.get("items", True), components, f"{at}[{index}]")
    return found

"""Put the types of a model's JSON right where its schema leaves no doubt what was meant."""

from __future__ import annotations

import re
from typing import Any

_WHOLE = re.compile(r"\s*[+-]?\d{1,9}(?:\.0*)?\s*")


def conform(value: Any, schema: dict[str, Any]) -> Any:
    """Give ``value`` with slips of type put right; what is not understood stays, for validation to name.

    * A whole number as a text or as ``3.0`` is that number; a number where a text belongs is its digits.
    * ``null`` is the empty text or the empty list.
    * One text where a list of texts belongs is a list of it.
    * A list of rows where one list belongs is their items in order.
    * A word of a fixed set may have capitals, blanks around it, or lines for its blanks.
    * A field that nobody asked for is left out.

    Args:
        value: JSON.
        schema: the plain subset of JSON schema that the questions use.
    """
    match schema["type"]:
        case "object" if isinstance(value, dict):
            wanted = schema["properties"]
            return {name: conform(item, wanted[name]) for name, item in value.items() if name in wanted}
        case "array":
            return _list(value, schema["items"])
        case "integer":
            return _integer(value)
        case "string":
            return _string(value, schema.get("enum"))
    return value


def _list(value: Any, items: dict[str, Any]) -> Any:
    if isinstance(value, str) and items["type"] == "string":
        value = [value] if value.strip() else []
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        value = [item for row in value for item in row]
    if isinstance(value, list):
        return [conform(item, items) for item in value]
    return [] if value is None else value


def _integer(value: Any) -> Any:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = float(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _string(value: Any, words: list[str] | None) -> Any:
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if words is None or not isinstance(value, str) or value in words:
        return value
    plain = re.sub(r"[\s_-]+", " ", value).strip().casefold()
    return plain if plain in words else value

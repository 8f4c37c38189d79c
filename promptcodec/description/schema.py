"""The JSON form of a description, and the schema that structured-output APIs are given.

Plain on purpose: required fields, enums and lists only. Servers support little
more, and everything is validated again when the Description is made.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from promptcodec.description.model import (
    ARRANGEMENTS,
    CONTINUES,
    ORIENTATIONS,
    TEXTURES,
    TONES,
    Box,
    Cell,
    Description,
    Lettering,
    SceneObject,
    clean,
)
from promptcodec.description.palette import PALETTE
from promptcodec.errors import DescriptionError

_STRING = {"type": "string"}
_INTEGER = {"type": "integer"}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _enum(values: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "string", "enum": ["", *values]}


_BOX = _object({"top": _INTEGER, "left": _INTEGER, "bottom": _INTEGER, "right": _INTEGER})
SCHEMA: dict[str, Any] = _object(
    {
        "medium": _STRING,
        "summary": _STRING,
        "style": _object({"light": _STRING, "mood": _STRING}),
        "rows": _INTEGER,
        "cols": _INTEGER,
        "cells": _list(
            _object(
                {
                    "continues": _enum(CONTINUES),
                    "tone": _enum(TONES),
                    "colours": _list({"type": "string", "enum": list(PALETTE)}),
                    "arrangement": _enum(ARRANGEMENTS),
                    "texture": _enum(TEXTURES),
                    "orientation": _enum(ORIENTATIONS),
                    "text": _STRING,
                }
            )
        ),
        "objects": _list(_object({"name": _STRING, "box": _BOX, "attributes": _list(_STRING)})),
        "lettering": _list(_object({"text": _STRING, "box": _BOX, "manner": _STRING})),
    }
)


def to_json(description: Description) -> dict[str, Any]:
    """Give the JSON object of a description.

    It satisfies SCHEMA, but for ``derived: true`` in cells whose colours were read off the colour map.
    """
    value = asdict(description)
    value["style"] = {"light": value.pop("light"), "mood": value.pop("mood")}
    for cell in value["cells"]:
        cell["colours"] = list(cell["colours"])
        if not cell["derived"]:
            del cell["derived"]
    for thing in value["objects"]:
        thing["attributes"] = list(thing["attributes"])
    return {name: list(value[name]) if isinstance(value[name], tuple) else value[name] for name in _ORDER}


_ORDER = tuple(SCHEMA["properties"])


def from_json(value: Any) -> Description:
    """Make a description from its JSON object, cleaning free text.

    Raises:
        DescriptionError: a field is missing, of another type, or breaks the model's rules.
    """
    _match("description", value, _WITH_DERIVED)
    return Description(
        medium=clean(value["medium"]),
        rows=value["rows"],
        cols=value["cols"],
        cells=tuple(
            Cell(**{**cell, "colours": tuple(cell["colours"]), "text": clean(cell["text"])})
            for cell in value["cells"]
        ),
        summary=clean(value["summary"]),
        light=clean(value["style"]["light"]),
        mood=clean(value["style"]["mood"]),
        objects=tuple(
            SceneObject(
                clean(thing["name"]), Box(**thing["box"]), tuple(clean(a) for a in thing["attributes"])
            )
            for thing in value["objects"]
        ),
        lettering=tuple(
            Lettering(clean(item["text"]), Box(**item["box"]), clean(item["manner"]))
            for item in value["lettering"]
        ),
    )


_TYPES: dict[str, type] = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
_DERIVED = {"derived": {"type": "boolean"}}
_WITH_DERIVED = {
    **SCHEMA,
    "properties": {
        **SCHEMA["properties"],
        "cells": _list(
            {
                **SCHEMA["properties"]["cells"]["items"],
                "properties": {**SCHEMA["properties"]["cells"]["items"]["properties"], **_DERIVED},
            }
        ),
    },
}
"""What ``to_json`` gives: captioners are not asked what is derived."""


def _match(path: str, value: Any, schema: dict[str, Any]) -> None:
    """Hold ``value`` against the plain subset of JSON schema used above."""
    kind: str = schema["type"]
    fits = isinstance(value, _TYPES[kind]) and isinstance(value, bool) == (kind == "boolean")
    if not fits:
        raise DescriptionError(f"{path} should be of type {kind}, not {type(value).__name__}")
    if kind == "array":
        for index, item in enumerate(value):
            _match(f"{path}[{index}]", item, schema["items"])
    elif kind == "object":
        for name in schema["required"]:
            if name not in value:
                raise DescriptionError(f"{path} has no {name!r}")
            _match(f"{path}.{name}", value[name], schema["properties"][name])
        for name in value:
            if name not in schema["properties"]:
                raise DescriptionError(f"{path} has an unknown field {name!r}")
    elif value not in schema.get("enum", (value,)):
        raise DescriptionError(f"{path}: {value!r} is not one of the allowed words")

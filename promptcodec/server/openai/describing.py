"""Questions that are answered with a description: of a picture, or the same in fewer words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from promptcodec.description import SCHEMA, Description, from_json, shorten
from promptcodec.errors import DescriptionError
from promptcodec.server.openai.questions import Question, fenced
from promptcodec.server.openai.rules import BadRequestError

Caption = Callable[[bytes, tuple[int, int] | None], Description]
"""Describes a picture on a grid of rows and columns, one of its own choice for None."""
_ROOM = 100
_MOST = re.compile(r"at most (\d{1,6}) characters", re.ASCII)


def describe(question: Question, caption: Caption) -> Description:
    """Describe the picture of a question; without one, say what stands between its data marks shorter.

    Raises:
        BadRequestError: there is neither.
    """
    if question.image is None:
        return _shorter(question)
    return caption(question.image, grid_of(question.schema))


def wants_description(schema: dict[str, Any]) -> bool:
    """Say whether a schema is that of a description, on any grid or on one."""
    return set(schema.get("properties", {})) == set(SCHEMA["properties"])


def grid_of(schema: dict[str, Any]) -> tuple[int, int] | None:
    """Give the rows and columns that a schema prescribes; None where it leaves them open."""
    properties = schema.get("properties", {})
    rows, cols = (properties.get(name, {}).get("enum") for name in ("rows", "cols"))
    if not all(
        isinstance(each, list) and len(each) == 1 and isinstance(each[0], int) for each in (rows, cols)
    ):
        return None
    return rows[0], cols[0]


def _shorter(question: Question) -> Description:
    try:
        description = from_json(json.loads(fenced(question.text)))
    except (ValueError, RecursionError, DescriptionError):
        raise BadRequestError(
            "There is neither a picture nor a description between data marks.", "messages", "invalid_value"
        ) from None
    asked = _MOST.search(question.text)
    room = int(asked[1]) if asked else _ROOM
    forms = shorten.by_salience(description)
    shortest = description
    for shortest in forms:
        if shorten.characters(shortest) <= room:
            break
    return shortest

"""What a caller wants of a picture: edits, as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from promptcodec.edit import FILES, SPELLINGS, Edit
from promptcodec.server.problems import Problem

MOST_EDITS = 64

OPERATIONS = {name: each for name, each in SPELLINGS.items() if not set(each.metavars) & set(FILES)}
"""Those that take no file."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a caller wants of a picture.

    Attributes:
        edits: in their order.
        keep: what they make of it is to be a picture of the archive.
    """

    edits: tuple[Edit, ...]
    keep: bool


def order_of(value: Any) -> Order:
    """Read what was sent.

    Args:
        value: JSON, ``{"edits": [{"operation": NAME, "arguments": [TEXT, ...]}, ...], "keep": true}``.

    Raises:
        Problem: it is no order.
    """
    if not isinstance(value, dict) or not value.keys() <= {"edits", "keep"}:
        raise _malformed("the body is no object of edits and keep alone")
    edits, keep = value.get("edits"), value.get("keep", True)
    if not isinstance(edits, list) or not 0 < len(edits) <= MOST_EDITS:
        raise _malformed(f"edits is no list of 1 to {MOST_EDITS}")
    if not isinstance(keep, bool):
        raise _malformed("keep is neither true nor false")
    return Order(tuple(map(_edit, edits)), keep)


def _edit(value: Any) -> Edit:
    if not isinstance(value, dict) or value.keys() != {"operation", "arguments"}:
        raise _malformed("an edit is no object of operation and arguments alone")
    operation, arguments = value["operation"], value["arguments"]
    if not isinstance(operation, str) or operation not in OPERATIONS:
        raise _malformed(f"an operation is none of {', '.join(OPERATIONS)}")
    metavars = OPERATIONS[operation].metavars
    if not isinstance(arguments, list) or len(arguments) != len(metavars):
        raise _malformed(f"the arguments of {operation} are no list of {', '.join(metavars)}")
    if not all(isinstance(each, str) and _is_text(each) for each in arguments):
        raise _malformed(f"an argument of {operation} is no text")
    return Edit(operation, tuple(arguments))


def _is_text(value: str) -> bool:
    """Say whether a string is one of Unicode: JSON may hold halves of a surrogate pair."""
    return not any("\ud800" <= each <= "\udfff" for each in value)


def _malformed(detail: str) -> Problem:
    form = '{"edits": [{"operation": "cell", "arguments": ["r2c3", "red kite"]}], "keep": true}'
    return Problem(HTTPStatus.BAD_REQUEST, detail, hint=f"the body is of the form {form}")

"""What stands in a query, checked: a parameter that is wrong is the caller's fault, by its name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.datastructures import QueryParams

from promptcodec.server.problems import Problem

Query = Mapping[str, str]


def check(query: QueryParams, names: Sequence[str], *, several: Sequence[str] = ()) -> None:
    """Refuse parameters that are not there, and those that are given twice.

    Args:
        query: of a request.
        names: of what it may say once.
        several: of what it may say again.

    Raises:
        Problem: there is one.
    """
    given = [name for name, _ in query.multi_items()]
    unknown = sorted(set(given) - {*names, *several})
    if unknown:
        known = ", ".join((*names, *several)) or "none"
        raise Problem(HTTPStatus.BAD_REQUEST, f"unknown parameters: {', '.join(unknown)}; there are: {known}")
    twice = [name for name in names if given.count(name) > 1]
    if twice:
        raise Problem(HTTPStatus.BAD_REQUEST, f"given more than once: {', '.join(twice)}")


def wrong(name: str, value: str, wanted: str) -> Problem:
    """Make the answer to a parameter that cannot be used."""
    shown = value if len(value) <= 40 else value[:40] + "..."
    return Problem(HTTPStatus.BAD_REQUEST, f"the parameter {name} is {wanted}, not {shown!r}")


def whole(query: Query, name: str, least: int, most: int) -> int | None:
    """Give a whole number; None where there is none.

    Raises:
        Problem: it is none, or out of range.
    """
    value = query.get(name)
    if value is None:
        return None
    digits = value.isascii() and value.isdigit() and len(value) <= len(str(most))
    if not digits or not least <= int(value) <= most:
        raise wrong(name, value, f"a whole number from {least} to {most}")
    return int(value)


def number(query: Query, name: str) -> float | None:
    """Give a number above zero; None where there is none.

    Raises:
        Problem: it is none.
    """
    value = query.get(name)
    if value is None:
        return None
    try:
        given = float(value)
    except ValueError:
        given = math.nan
    if not 0 < given < math.inf:
        raise wrong(name, value, "a number above 0")
    return given


def one_of(query: Query, name: str, choices: Sequence[str]) -> str:
    """Give one of some words, the first where there is none.

    Raises:
        Problem: it is none of them.
    """
    value = query.get(name, choices[0])
    if value not in choices:
        raise wrong(name, value, f"one of {', '.join(choices)}")
    return value


def flag(query: Query, name: str) -> bool:
    """Give ``true`` or ``false``, which is also what nothing is.

    Raises:
        Problem: it is neither.
    """
    return one_of(query, name, ("false", "true")) == "true"

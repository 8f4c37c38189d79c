"""Tables as JSON lines: an object a row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from promptcodec.archive.transfer.columns import COLUMNS, MOST_STREAM, READ, Add, Row, Rows, check_names
from promptcodec.archive.transfer.texts import parsed, written
from promptcodec.errors import PromptcodecError, UsageError

MOST_LINE = 2 * MOST_STREAM
"""Bytes of a line at most; base64 takes four for three."""


@contextmanager
def writer(file: BinaryIO) -> Iterator[Add]:
    """Give what writes a row."""

    def add(row: Row) -> None:
        values = {column.name: written(row[column.name], column.kind) for column in COLUMNS}
        file.write(json.dumps(values, ensure_ascii=False, allow_nan=False).encode() + b"\n")

    yield add


def read(file: BinaryIO) -> Rows:
    """Read rows, one at a time.

    Raises:
        UsageError: the first row has not what is needed.
    """
    number, checked = 0, False
    while line := file.readline(MOST_LINE):
        number += 1
        if len(line) == MOST_LINE and not line.endswith(b"\n"):
            while (rest := file.readline(MOST_LINE)) and not rest.endswith(b"\n"):
                pass
            yield number, UsageError(f"it has more than {MOST_LINE} bytes")
        elif line.strip():
            try:
                value = _object(line)
            except PromptcodecError as error:
                yield number, error
                continue
            if not checked:
                check_names(value)
            checked = True
            yield number, _row(value)


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"it is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise UsageError("it is no JSON object")
    return value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _row(value: dict[str, Any]) -> Row | PromptcodecError:
    try:
        return {
            column.name: parsed(value[column.name], column.kind) for column in READ if column.name in value
        }
    except UsageError as error:
        return error

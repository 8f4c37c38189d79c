"""Tables as CSV by RFC 4180: UTF-8, lists as JSON.

A field that a spreadsheet would take for a formula gets an apostrophe in front, and so does one that starts
with an apostrophe: a reader takes exactly one away.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from promptcodec.archive.transfer.columns import COLUMNS, READ, Add, Kind, Row, Rows, check_names
from promptcodec.archive.transfer.jsonl import MOST_LINE
from promptcodec.archive.transfer.texts import parsed, written
from promptcodec.errors import PromptcodecError, UsageError

_LISTS: tuple[Kind, ...] = ("texts", "places")
_MARK = "'"
_MARKED = ("=", "+", "-", "@", "\t", "\r", _MARK)


@contextmanager
def writer(file: BinaryIO) -> Iterator[Add]:
    """Give what writes a row, behind a row of names."""
    text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
    try:
        own = csv.writer(text)
        own.writerow(column.name for column in COLUMNS)
        yield lambda row: own.writerow(_field(row[column.name], column.kind) for column in COLUMNS)
    finally:
        text.detach()


def _field(value: Any, kind: Kind) -> Any:
    value = written(value, kind)
    if kind in _LISTS and value is not None:
        return json.dumps(value, ensure_ascii=False)
    return _MARK + value if isinstance(value, str) and value.startswith(_MARKED) else value


def read(file: BinaryIO) -> Rows:
    """Read rows, one at a time.

    Raises:
        UsageError: the first row does not name what is needed, or a line has no end.
    """
    csv.field_size_limit(MOST_LINE)
    # What is no UTF-8 is the fault of its row alone.
    text = io.TextIOWrapper(file, "utf-8-sig", "surrogateescape", newline="")
    reader = csv.reader(_lines(text), strict=True)
    number, names = 0, _names(reader)
    while True:
        number += 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, UsageError(f"it is no CSV: {error}")
            continue
        if fields:
            yield number, _row(names, fields)


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(MOST_LINE):
        if len(line) == MOST_LINE and not line.endswith("\n"):
            raise UsageError(f"it has a line of more than {MOST_LINE} characters")
        yield line


def _names(reader: Iterator[list[str]]) -> list[str]:
    try:
        names = next(reader, [])
    except csv.Error as error:
        raise UsageError(f"it is no CSV: {error}") from None
    if len(names) == 1 and re.search("[;\t]", names[0]):
        raise UsageError("its fields are not separated by commas; save it as CSV with commas, in UTF-8")
    check_names(names)
    return names


def _row(names: list[str], fields: list[str]) -> Row | PromptcodecError:
    if len(fields) != len(names):
        return UsageError(f"it has {len(fields)} fields, where there are {len(names)} columns")
    values = dict(zip(names, fields, strict=True))
    try:
        return {
            column.name: _value(values[column.name], column.kind) for column in READ if column.name in values
        }
    except UsageError as error:
        return error


def _value(field: str, kind: Kind) -> Any:
    if not field:
        return None
    text = field.removeprefix(_MARK)
    if kind not in _LISTS:
        return parsed(text, kind)
    try:
        return parsed(json.loads(text), kind)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"it has a list that is no JSON: {error}") from None

"""Values of rows as JSON has them: bytes in base64, times by ISO 8601."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from promptcodec.archive.transfer.columns import Kind
from promptcodec.errors import UsageError

_FAR = re.compile(r"([+-]\d{4,6})-(.*)", re.DOTALL)
_NUMBER = re.compile(r"(-?\d{1,18})(?:\.0+)?", re.ASCII)
_EPOCH = datetime.fromtimestamp(0, UTC)
_FIRST, _END = -62_135_596_800_000, 253_402_300_800_000
"""Of the years 1 to 9999, in milliseconds since 1970."""
_CYCLE_YEARS, _CYCLE = 400, 146_097 * 86_400_000
"""After so many years the calendar repeats; the same in milliseconds."""


def written(value: Any, kind: Kind) -> Any:
    """Give a value of a row as JSON has it."""
    if value is None:
        return None
    if kind == "bytes":
        return base64.b64encode(value).decode()
    if kind == "time":
        return time_text(value)
    if kind == "places":
        return [each | {"time": written(each["time"], "time")} for each in value]
    return value


def parsed(value: Any, kind: Kind) -> Any:
    """Read what ``written`` gave; a value of another type stays, for who checks it.

    Raises:
        UsageError: it is no base64, or no time.
    """
    if kind == "bytes" and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise UsageError("it has bytes that are no base64") from None
    if kind == "time" and isinstance(value, str):
        return time_of(value)
    if kind == "places" and isinstance(value, list):
        return [
            each | {"time": parsed(each.get("time"), "time")} if isinstance(each, dict) else each
            for each in value
        ]
    return value


def time_text(time: int) -> str:
    """Write milliseconds since 1970 by ISO 8601; of years beyond 1 to 9999 with a sign, as that has it."""
    cycles = 0 if _FIRST <= time < _END else (time - _FIRST) // _CYCLE
    text = (_EPOCH + timedelta(milliseconds=time - cycles * _CYCLE)).isoformat(timespec="milliseconds")
    if cycles:
        year = int(text[:4]) + cycles * _CYCLE_YEARS
        text = f"{'-' if year < 0 else '+'}{abs(year):06}{text[4:]}"
    return text.replace("+00:00", "Z")


def time_of(text: str) -> int:
    """Read what ``time_text`` wrote, another time by ISO 8601, or milliseconds; one without a zone is UTC.

    Raises:
        UsageError: it is none.
    """
    far, cycles = _FAR.fullmatch(text), 0
    try:
        if far:
            cycles, year = divmod(int(far[1]) - 1, _CYCLE_YEARS)
            text = f"{year + 1:04}-{far[2]}"
        moment = datetime.fromisoformat(text)
    except ValueError:
        if number := _NUMBER.fullmatch(text):
            return int(number[1])
        raise UsageError(f"{text[:40]!r} is no time such as 2024-05-06T07:08:09Z") from None
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return since // timedelta(milliseconds=1) + cycles * _CYCLE

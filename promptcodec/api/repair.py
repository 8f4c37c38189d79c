"""Text that is nearly JSON, read by json-repair within a bound of work."""

from __future__ import annotations

from typing import Any

_PIECE = 16
"""Characters of a slice that count as one reading."""


class TooMuchError(Exception):
    """A text that would be read for ever."""


class _Counted(str):
    """A text that counts how often it is looked into: json-repair goes back and forth in it."""

    __slots__ = ("left",)
    left: int

    def __getitem__(self, key: Any) -> str:
        piece = super().__getitem__(key)
        self.left -= 1 + len(piece) // _PIECE
        if self.left < 0:
            raise TooMuchError
        return piece


def repair(text: str, most: int) -> tuple[Any, int]:
    """Read a text as JSON after all.

    Args:
        text: what is nearly JSON.
        most: readings of a character that are allowed; a common text takes three for each it has.

    Returns:
        The value, None where there is none, and the readings that are left.

    Raises:
        TooMuchError: they were not enough.
    """
    import json_repair  # noqa: PLC0415 - only where an answer is no JSON

    counted = _Counted(text)
    counted.left = most
    try:
        value = json_repair.loads(counted, skip_json_loads=True)
    except (ValueError, RecursionError, IndexError):
        value = None
    return value, counted.left

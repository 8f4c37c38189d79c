"""The columns of a table of pictures, the same in every form, and their values.

A row is a dict from names to values: text as str, bytes, whole numbers, lists of str; a time in milliseconds
since 1970; places as dicts of ``root``, ``path`` and ``time``. None where nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import quote, unquote_to_bytes

from promptcodec.archive.record import path_bytes, path_text
from promptcodec.errors import PromptcodecError, UsageError

Row: TypeAlias = dict[str, Any]

Add: TypeAlias = Callable[[Row], object]
"""Writes a row into a table that is open."""

Rows: TypeAlias = Iterator[tuple[int, Row | PromptcodecError]]
"""Rows of a file with their numbers, from 1; of one that cannot be read, why."""

Kind: TypeAlias = Literal["text", "bytes", "time", "int32", "uint64", "texts", "places"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        name: of it.
        kind: of its values.
        read: by an import; the others are for those who read the table.
    """

    name: str
    kind: Kind
    read: bool = False


COLUMNS = (
    Column("id", "text", read=True),
    Column("name", "text"),
    Column("path", "text", read=True),
    Column("time", "time", read=True),
    Column("root", "text", read=True),
    Column("places", "places", read=True),
    Column("tags", "texts", read=True),
    Column("width", "int32"),
    Column("height", "int32"),
    Column("bytes", "int32"),
    Column("stream", "bytes", read=True),
    Column("signature", "bytes", read=True),
    Column("dictionary", "text"),
    Column("description", "text"),
    Column("summary", "text"),
    Column("keywords", "texts"),
    Column("medium", "text"),
    Column("prompt", "text"),
    Column("negative_prompt", "text"),
    Column("model", "text"),
    Column("sampler", "text"),
    Column("seed", "uint64"),
    Column("tool", "text"),
)
NAMES = tuple(column.name for column in COLUMNS)
NEEDED = ("id", "stream")
"""Without these nothing can be imported."""

ERROR = ("error_kind", "error_message", "error_hint")
"""Columns of a table of encoded pictures: of one that failed, why."""

READ = (*(column for column in COLUMNS if column.read), *(Column(name, "text") for name in ERROR))
"""What an import reads."""

MOST_STREAM = 1 << 26
"""Bytes of a stream at most: as many as a picture may have pixels."""

_ESCAPED = "bytes:"
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def spelled(path: str) -> str:
    """Write a path as a text of any table: as it is where that is UTF-8 without null characters.

    Else, and where it starts like that, it is ``bytes:`` and the percent-encoding of its bytes.
    """
    if _NO_TEXT.search(path) or path.startswith(_ESCAPED):
        return _ESCAPED + quote(path_bytes(path), safe="/ ")
    return path


def unspelled(text: str) -> str:
    """Read what ``spelled`` wrote."""
    return path_text(unquote_to_bytes(text[len(_ESCAPED) :])) if text.startswith(_ESCAPED) else text


def readable(text: str | None) -> str | None:
    """Give a text for people, None for an empty one; what is no character is replaced."""
    return _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", text) if text else None


def check_names(names: Iterable[str]) -> None:
    """Check that a table has what an import needs.

    Raises:
        UsageError: a column is missing.
    """
    missing = [name for name in NEEDED if name not in set(names)]
    if missing:
        raise UsageError(
            f"it has no column {' and no column '.join(missing)}: it is no table of pictures, "
            f"which has {', '.join(NEEDED)}"
        )

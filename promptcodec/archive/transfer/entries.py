"""Rows of a table made records. Every row is untrusted."""

from __future__ import annotations

import ntpath
import os
import posixpath
import re
from dataclasses import dataclass
from typing import Any

from promptcodec.archive.record import ID_BYTES, LATEST, Place, Record
from promptcodec.archive.transfer.columns import ERROR, MOST_STREAM, Row, readable, unspelled
from promptcodec.errors import PromptcodecError, UnexpectedError, UsageError
from promptcodec.layers.signature import SIGNATURE_BYTES

MOST_PLACES, MOST_TAGS = 1 << 16, 1 << 12
MOST_CHARACTERS = 1 << 12
"""Of a path or a tag."""

_ID = re.compile(rf"[0-9a-f]{{{2 * ID_BYTES}}}", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a row says; its stream is not read yet.

    Attributes:
        record: to be kept.
        signature: of the picture, None where the row has none.
    """

    record: Record
    signature: bytes | None


def entry_of(row: Row) -> Entry:
    """Read a row.

    Raises:
        PromptcodecError: it is of a picture that could not be encoded.
        UsageError: a value is none that its column may have.
    """
    if row.get(ERROR[0]):
        raise _failure(*(row.get(name) for name in ERROR))
    id_, stream, signature = row.get("id"), row.get("stream"), row.get("signature")
    if not isinstance(id_, str) or not _ID.fullmatch(id_):
        raise UsageError(f"its id is not {2 * ID_BYTES} digits of 0-9 and a-f")
    if not isinstance(stream, bytes) or not stream:
        raise UsageError("it has no stream")
    if len(stream) > MOST_STREAM:
        raise UsageError(f"its stream has {len(stream)} bytes, more than {MOST_STREAM}")
    if signature is not None and (not isinstance(signature, bytes) or len(signature) != SIGNATURE_BYTES):
        raise UsageError(f"its signature does not have {SIGNATURE_BYTES} bytes")
    tags = _list(row.get("tags"), MOST_TAGS, "tags")
    record = Record(bytes.fromhex(id_), stream, _places(row, id_), tuple(dict.fromkeys(map(_tag, tags))))
    return Entry(record, signature)


def _failure(kind: Any, message: Any, hint: Any) -> PromptcodecError:
    """Give the error that a table keeps of a picture that could not be encoded."""
    texts = [readable(text) or "" if isinstance(text, str) else "" for text in (kind, message, hint)]
    error = UnexpectedError(texts[1] or "it could not be encoded", hint=texts[2])
    error.kind = texts[0][:40] or error.kind
    return error


def _places(row: Row, id_: str) -> tuple[Place, ...]:
    """Give the places of a row: of its list, or else the one that its columns say; without one, its id."""
    places = _list(row.get("places"), MOST_PLACES, "places")
    if not places:
        places = [{"root": row.get("root"), "path": row.get("path") or id_, "time": row.get("time")}]
    return tuple(dict.fromkeys(map(_place, places)))


def _place(value: Any) -> Place:
    if not isinstance(value, dict):
        raise UsageError("one of its places has no root, path and time")
    root = _text(value.get("root") or "", "a root")
    if root and not (posixpath.isabs(root) or ntpath.isabs(root)):  # of any system
        raise UsageError(f"a root is no absolute path: {root[:80]!r}")
    path = _text(value.get("path"), "a path")
    if not path or _leads_away(path):
        raise UsageError(f"a path is none below its folder: {path[:80]!r}")
    time = value.get("time")
    if isinstance(time, float) and time.is_integer():  # so pandas writes numbers of which some are missing
        time = int(time)
    if time is not None and (type(time) is not int or abs(time) > LATEST):
        raise UsageError(f"a time is none within 4400 years of 1970: {str(time)[:80]}")
    return Place(root, path, time or 0)


def _leads_away(path: str) -> bool:
    parts = path.replace(os.sep, "/").split("/")
    return ".." in parts or not parts[0] or bool(os.path.splitdrive(path)[0])


def _text(value: Any, what: str) -> str:
    """Give a path that a row holds as ``columns.spelled`` wrote it."""
    if not isinstance(value, str) or len(value) > 3 * MOST_CHARACTERS or _SURROGATE.search(value):
        raise UsageError(f"{what} is no text, or has more than {MOST_CHARACTERS} characters")
    text = unspelled(value)
    if len(text) > MOST_CHARACTERS:
        raise UsageError(f"{what} has more than {MOST_CHARACTERS} characters")
    if "\0" in text:
        raise UsageError(f"{what} has a null character")
    return text


def _tag(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS or _SURROGATE.search(value):
        raise UsageError(f"a tag is no text, or has more than {MOST_CHARACTERS} characters")
    return value


def _list(value: Any, most: int, what: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > most:
        raise UsageError(f"its {what} are no list, or more than {most}")
    return value

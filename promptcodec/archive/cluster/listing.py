"""Sources as rows of a table that other machines read: plain values, of which nothing is unpickled."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Container
from importlib import import_module
from typing import Any, cast

from promptcodec.archive.record import path_bytes
from promptcodec.archive.sources.source import Origin, Source
from promptcodec.errors import UsageError

_ORIGINS = "promptcodec.archive.sources"
_CLASS, _FIELDS = "class", "fields"


def key_of(source: Source, *taken: Container[int]) -> int:
    """Give the number that tells a source from others, the same in every run: 64 bits, signed.

    Args:
        source: what it is of.
        taken: numbers of others; a file that is listed twice gets the next free one.
    """
    name = b"\0".join(path_bytes(text) for text in (source.base, source.path, source.source))
    about = name + b"%d %d" % (-1 if source.time is None else source.time, source.in_place)
    key = int.from_bytes(hashlib.blake2b(about, digest_size=8).digest(), "big", signed=True)
    while any(key in some for some in taken):
        key = key + 1 if key < 2**63 - 1 else -(2**63)
    return key


def write(source: Source) -> str:
    """Write a source as JSON, in ASCII whatever bytes its name has.

    Raises:
        UsageError: its origin is of no kind that others know.
    """
    fields = {field.name: getattr(source, field.name) for field in dataclasses.fields(source)}
    return json.dumps(fields, default=_written, separators=(",", ":"))


def read(text: str) -> Source:
    """Read what ``write`` wrote.

    Raises:
        UsageError: it wrote something else.
    """
    try:
        fields = json.loads(text, object_hook=_read_part)
        return Source(**fields)
    except (ValueError, TypeError, ImportError, RecursionError) as error:
        raise UsageError(f"no source is written there: {error}") from None


def _written(value: Any) -> dict[str, Any]:
    kind = type(value)
    if isinstance(value, bytes):
        return {_CLASS: "bytes", _FIELDS: value.hex()}
    if not (dataclasses.is_dataclass(value) and kind.__module__.startswith(f"{_ORIGINS}.")):
        raise UsageError(
            f"a {kind.__name__} cannot be read on other machines", hint="--engine local reads it"
        )
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return {_CLASS: f"{kind.__module__.removeprefix(_ORIGINS)}:{kind.__qualname__}", _FIELDS: fields}


def _read_part(value: dict[str, Any]) -> Any:
    if set(value) != {_CLASS, _FIELDS}:
        return value
    name, fields = value[_CLASS], value[_FIELDS]
    if name == "bytes":
        return bytes.fromhex(fields)
    match = re.fullmatch(r"((?:\.[a-z_]+)+):(\w+)", str(name))
    kind = getattr(import_module(_ORIGINS + match[1]), match[2], None) if match else None
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
        raise ValueError(f"{name!r} is no kind of source")
    whole = {key: tuple(each) if isinstance(each, list) else each for key, each in fields.items()}
    return cast("Origin", kind(**whole))

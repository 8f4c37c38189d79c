"""Metadata chunks back from the values of a tree, byte for byte.

A chunk is ``[carrier, key, segment, ...]``; a segment ``{"bytes": [numbers]}`` or ``{encoding: content}``,
whose content is a text, ``{style: JSON}``, or ``{"a1111": [prompt, negative prompt or null, settings]}``.
"""

from __future__ import annotations

from promptcodec.errors import BitstreamError
from promptcodec.layers.recipe.json_styles import STYLES, dump
from promptcodec.layers.recipe.tree_symbols import Literal, Value
from promptcodec.recipe.model import CARRIERS, Chunk

NEGATIVE = "\nNegative prompt: "
_ENCODINGS = ("utf-8", "latin-1", "utf-16-be", "utf-16-le")


def from_values(value: Value) -> tuple[Chunk, ...]:
    """Give the chunks.

    Args:
        value: what ``encoder.chunks.to_values`` gave; untrusted.

    Raises:
        BitstreamError: it never gave this.
    """
    try:
        return tuple(
            Chunk(CARRIERS[CARRIERS.index(row[0])], _key(row[1]), b"".join(map(segment_bytes, row[2:])))
            for row in value
        )
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, RecursionError):
        raise BitstreamError("the recipe part holds no metadata chunks") from None


def _key(value: Value) -> str:
    if not isinstance(value, str) or isinstance(value, Literal):
        raise TypeError
    return value


def segment_bytes(segment: Value) -> bytes:
    """Give the bytes of a segment."""
    ((encoding, content),) = segment.items()
    if encoding == "bytes":
        return bytes(map(int, content))
    if encoding not in _ENCODINGS:
        raise ValueError(encoding)
    if isinstance(content, str):
        return content.encode(encoding)
    ((form, inner),) = content.items()
    text = join_settings(inner) if form == "a1111" else dump(inner, STYLES[form])
    return text.encode(encoding)


def join_settings(value: Value) -> str:
    """Write prompt, negative prompt and settings as A1111 does."""
    prompt, negative, settings = value
    line = ", ".join(f"{key}: {text}" for key, text in settings.items())
    head = "" if prompt is None else prompt + (NEGATIVE + negative if negative is not None else "") + "\n"
    return head + line

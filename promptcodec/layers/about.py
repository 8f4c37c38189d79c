"""The about part: how the stream was made, as ``key: value`` lines of coded text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from promptcodec import entropy
from promptcodec.entropy import coder_name
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError
from promptcodec.layers.job import EncodeJob

__all__ = ["coder_name", "decode", "decode_part", "encode", "encode_part"]

KEYS = ("captioner", "template", "seed", "note", "size")
LIMIT = 1 << 16  # bytes of text
_LINE = re.compile(r"([a-z]+): (.+)")
_SIZE = re.compile(r"([1-9][0-9]{0,9})x([1-9][0-9]{0,9})", re.ASCII)


def encode(values: Mapping[str, str]) -> bytes:
    """Code the given entries, those of KEYS in their order, then others; values are single lines."""
    keys = [*(key for key in KEYS if key in values), *(key for key in values if key not in KEYS)]
    return entropy.encode_text("\n".join(f"{key}: {values[key]}" for key in keys))


def decode(data: bytes) -> dict[str, str]:
    """Give the entries back; keys this version does not know are kept.

    Raises:
        BitstreamError: a line is not ``key: value``, or the seed is not a 32-bit integer.
    """
    text = entropy.decode_text(data, limit=LIMIT)
    matches = [_LINE.fullmatch(line) for line in text.split("\n")]
    values = {match[1]: match[2] for match in matches if match}
    if len(values) != len(matches):
        raise BitstreamError("the about part is not made of 'key: value' lines")
    seed = values.get("seed", "0")
    if not (seed.isascii() and seed.isdigit() and len(seed) <= 10 and int(seed) < 2**32):
        raise BitstreamError(f"the about part holds an impossible seed {seed[:20]!r}")
    return values


def size_entry(original: tuple[int, int]) -> dict[str, str]:
    """Make the entry that says how many pixels wide and high the picture was before it was reduced."""
    return {"size": f"{original[0]}x{original[1]}"}


def original_size(data: bytes) -> tuple[int, int] | None:
    """Give width and height of the picture before it was reduced; None where the part names none."""
    match = _SIZE.fullmatch(decode(data).get("size", ""))
    return (int(match[1]), int(match[2])) if match else None


def encode_part(job: EncodeJob, _room: int | None) -> bytes | None:
    """Code what there is to say, if there is anything."""
    return encode(job.about) if job.about else None


def decode_part(
    payload: bytes, _size: tuple[int, int], _dictionaries: Sequence[Dictionary]
) -> Mapping[str, Any]:
    """Give the seed where one is stored."""
    entries = decode(payload)
    return {"seed": int(entries["seed"])} if "seed" in entries else {}

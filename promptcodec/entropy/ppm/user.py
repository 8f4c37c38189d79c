"""A user's table for the token PPM: their texts as tokens, counted in with the trained ones.

    bytes  content
    4      "PXU" and the version, 1
    8      the start of the SHA-256 of the shipped table whose tokens these are
    rest   a zstd frame: the texts' tokens, 16 bits each, low byte first; each text ends with
           the end token

A stream names it by the hash of the whole file, as it does a zstd dictionary.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence

import numpy as np
import zstandard

from promptcodec import models
from promptcodec.entropy.dictionary import TABLE_MAGIC, Dictionary
from promptcodec.entropy.ppm import counts as ppm_counts
from promptcodec.entropy.ppm import model as ppm_model
from promptcodec.entropy.ppm.model import Model
from promptcodec.errors import UsageError

MAGIC = TABLE_MAGIC + b"\x01"
WEIGHT = 2  # a user's texts are nearer to what comes than those trained on
MOST = 1 << 22  # tokens in a table: its counts are made at each start, a second for a million
_BASE_BYTES = 8
_HINT = "make it again with train-dictionary --ppm"


def make(texts: Sequence[str]) -> tuple[Dictionary, int]:
    """Make the table.

    Args:
        texts: one item each; those after the first MOST tokens are left out.

    Returns:
        the table, which holds the texts verbatim, and how many texts are in it.

    Raises:
        UsageError: no text at all, or half a surrogate pair.
    """
    vocabulary = ppm_model.shipped().vocabulary
    parts: list[bytes] = []
    room = MOST
    for text in texts:
        try:
            tokens = vocabulary.encode(text.encode())
        except UnicodeEncodeError as error:
            raise UsageError("a text to train on holds half a surrogate pair; write it as UTF-8") from error
        room -= len(tokens)
        if room < 0:
            break
        parts.append(np.asarray(tokens, "<u2").tobytes())
    if not parts:
        raise UsageError("there is no text to make a table of; give some, one a line")
    return Dictionary.from_bytes(MAGIC + body(b"".join(parts))), len(parts)


@functools.lru_cache(maxsize=4)
def model(table: Dictionary) -> Model:
    """Give the shipped model with a user's counts added.

    Raises:
        UsageError: damaged, or made for another version of the shipped table.
    """
    if not table.data.startswith(MAGIC):
        raise UsageError("the table of texts is damaged", hint=_HINT)
    return with_body(table.data[len(MAGIC) :], WEIGHT, MOST)


def body(tokens: bytes) -> bytes:
    """Give what stands behind the head of a table: whose tokens they are, and the tokens."""
    return _base() + zstandard.ZstdCompressor(level=19).compress(tokens)


def with_body(data: bytes, weight: int, most: int) -> Model:
    """Give the shipped model with the counts of what ``body`` gave, ``weight`` times.

    Raises:
        UsageError: as of ``model``; or it has more than ``most`` tokens.
    """
    if len(data) < _BASE_BYTES:
        raise UsageError("the table of texts is damaged", hint=_HINT)
    if data[:_BASE_BYTES] != _base():
        raise UsageError("the table of texts was made with another promptcodec", hint=_HINT)
    shipped = ppm_model.shipped()
    end, size = shipped.vocabulary.end, shipped.vocabulary.size
    try:
        raw = _unpacked(data[_BASE_BYTES:], 2 * most)
    except zstandard.ZstdError as error:
        raise UsageError("the table of texts is damaged", hint=_HINT) from error
    stream = np.frombuffer(raw[: len(raw) & ~1], "<u2").astype(np.uint16)
    if not len(stream) or stream[-1] != end or int(stream.max()) >= size:
        raise UsageError("the table of texts is damaged", hint=_HINT)
    own = {level: (keys, weight * times) for level, (keys, times) in ppm_counts.count([stream], end).items()}
    return shipped.plus(own)


def _unpacked(frame: bytes, most: int) -> bytes:
    # All that a frame says it has would be allocated, whatever the limit.
    if zstandard.frame_content_size(frame) > most:
        raise zstandard.ZstdError("it is longer than any table")
    return zstandard.ZstdDecompressor().decompress(frame, max_output_size=most)


def _base() -> bytes:
    return hashlib.sha256(models.load(ppm_model.NAME)).digest()[:_BASE_BYTES]

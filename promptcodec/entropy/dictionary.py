"""A user's own dictionary: made from their texts, named in a stream by its hash.

The file is what ``train`` gives: a trained zstd dictionary without anything around it, so
that one made by ``zstd --train`` serves as well, and so does any file of typical text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import zstandard

from promptcodec.errors import UsageError

SIZE = 114688  # 112 KiB, what `zstd --train` makes
SIZE_RANGE = (1024, 1 << 24)
NAME_BYTES = 4

# Segments of 200 bytes scored by their 8-byte pieces. Held-out texts come out within 5 % of
# this for segments of 60 bytes and pieces of 6. See Liao, Petri, Moffat,
# Wirth, "Effective construction of relative Lempel-Ziv dictionaries", WWW 2016.
_SEGMENT, _PIECE = 200, 8


def train(texts: Sequence[str], size: int = SIZE) -> bytes:
    """Make a dictionary of at most ``size`` bytes from texts like those to be coded.

    Args:
        texts: one item each, at least ten times ``size`` bytes in all for a good dictionary.
        size: bytes, 1 KiB to 16 MiB.

    Returns:
        the dictionary file's bytes. It holds pieces of the texts verbatim.

    Raises:
        UsageError: too little text, or a size out of range.
    """
    if not SIZE_RANGE[0] <= size <= SIZE_RANGE[1]:
        raise UsageError(f"a dictionary has {SIZE_RANGE[0]} to {SIZE_RANGE[1]} bytes, not {size}")
    try:
        encoded = [text.encode() for text in texts if text]
    except UnicodeEncodeError as error:
        raise UsageError("a text to train on holds half a surrogate pair; write it as UTF-8") from error
    total = sum(map(len, encoded))
    # The trainer takes one part of the dictionary from each stretch of samples, and would keep
    # the last quarter of them for a test: sorted input would leave whole kinds of text out.
    samples = sorted(encoded, key=lambda sample: hashlib.sha256(sample).digest())
    try:
        trained = zstandard.train_dictionary(
            size, list(samples), k=_SEGMENT, d=_PIECE, level=19, split_point=1.0
        )
    except zstandard.ZstdError as error:
        raise UsageError(
            f"{len(encoded)} texts with {total} bytes are too little to make a dictionary of; "
            f"give at least 100 different texts and {10 * size} bytes for one of {size} bytes"
        ) from error
    return trained.as_bytes()


def name(dictionary: bytes) -> bytes:
    """Give the NAME_BYTES a stream names the dictionary by: the start of the file's SHA-256."""
    return hashlib.sha256(dictionary).digest()[:NAME_BYTES]


def named(wanted: bytes, dictionaries: Iterable[bytes]) -> list[bytes]:
    """Give the different dictionaries with this name; more than one only by a collision."""
    return [dictionary for dictionary in dict.fromkeys(dictionaries) if name(dictionary) == wanted]

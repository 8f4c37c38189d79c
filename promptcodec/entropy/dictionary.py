"""A user's own dictionary: made from their texts, named in a stream by its hash.

One for zstd is what ``train`` gives: a trained zstd dictionary without anything around it, so
that one made by the tool ``zstd`` serves as well, and so does any file of typical text. One for
the token PPM is a table of texts, see ``ppm.user``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, overload

import zstandard

from promptcodec.errors import UsageError

SIZE = 114688  # 112 KiB, what `zstd --train` makes
SIZE_RANGE = (1024, 1 << 24)
ID_BYTES = 4
TABLE_MAGIC = b"PXU"
"""What a table for the token PPM starts with, and no dictionary of zstd's format."""

# Segments of 200 bytes scored by their 8-byte pieces. Held-out texts come out within 5 % of
# this for segments of 60 bytes and pieces of 6. See Liao, Petri, Moffat,
# Wirth, "Effective construction of relative Lempel-Ziv dictionaries", WWW 2016.
_SEGMENT, _PIECE = 200, 8


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A user's dictionary.

    Attributes:
        data: the bytes of its file.
        id: what a stream names it by: the first ID_BYTES of the SHA-256 of ``data``.
        kind: the text coder it is for.
    """

    data: bytes = field(repr=False)
    id: bytes
    kind: Literal["zstd", "ppm"]

    @classmethod
    def from_bytes(cls, data: bytes) -> Dictionary:
        """Give the dictionary of a file; whether it is damaged shows when it is used."""
        kind: Literal["zstd", "ppm"] = "ppm" if data.startswith(TABLE_MAGIC) else "zstd"
        return cls(data, hashlib.sha256(data).digest()[:ID_BYTES], kind)


AnyDictionary = bytes | Dictionary
"""What callers may give: a dictionary, or the bytes of its file."""


@overload
def as_dictionary(given: AnyDictionary) -> Dictionary: ...
@overload
def as_dictionary(given: None) -> None: ...
def as_dictionary(given: AnyDictionary | None) -> Dictionary | None:
    """Give the dictionary of what a caller gave; None where that is nothing."""
    return Dictionary.from_bytes(given) if isinstance(given, bytes) else given


def as_dictionaries(given: Iterable[AnyDictionary]) -> tuple[Dictionary, ...]:
    """Give the dictionaries of what a caller gave."""
    return tuple(as_dictionary(one) for one in given)


def train(texts: Sequence[str], size: int = SIZE) -> Dictionary:
    """Make a dictionary of at most ``size`` bytes from texts like those to be coded.

    Args:
        texts: one item each, at least ten times ``size`` bytes in all for a good dictionary.
        size: bytes, 1 KiB to 16 MiB.

    Returns:
        the dictionary. It holds pieces of the texts verbatim.

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
    return Dictionary.from_bytes(trained.as_bytes())


def with_id(wanted: bytes, dictionaries: Iterable[Dictionary]) -> list[Dictionary]:
    """Give the different dictionaries with this id; more than one only by a collision."""
    return [dictionary for dictionary in dict.fromkeys(dictionaries) if dictionary.id == wanted]

"""An archive's table for the token PPM: texts of its own, counted in with what the shipped table knows.

    bytes  content
    4      "PXU" and the version, 2
    1      the slot, below SLOTS: what is coded with the table is marked by it
    rest   as in a user's table, see ``entropy.ppm.user``; each count is taken WEIGHT times

A slot is a part of a byte that is there anyway; the four bytes by which a stream names a user's table would
be an eighth of a short text.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

from promptcodec.entropy.dictionary import TABLE_MAGIC, Dictionary
from promptcodec.entropy.ppm.model import Model
from promptcodec.errors import BitstreamError, UsageError

MAGIC = TABLE_MAGIC + b"\x02"
SLOTS = 14
MOST = 1 << 17
"""Tokens of a table at most: archives of strangers bring tables, and each token takes time and memory."""
COPIES = 2
"""How often an archive should keep a table: without it none of its records can be read."""
WEIGHT = 6  # shorter than 2 and 16 on prompts, captions and words of the embedded captioner


def make(tokens: bytes, slot: int) -> Dictionary:
    """Make a table of the tokens of texts: 16 bits each, low byte first, each text's end token last."""
    from promptcodec.entropy.ppm import user  # noqa: PLC0415 - numpy

    return Dictionary.from_bytes(MAGIC + bytes([slot]) + user.body(tokens))


def slot_of(dictionary: Dictionary) -> int | None:
    """Give the slot of a table; None of a dictionary that is no archive's."""
    data = dictionary.data
    return data[len(MAGIC)] if data.startswith(MAGIC) and len(data) > len(MAGIC) else None


def free_slot(others: Iterable[Dictionary]) -> int | None:
    """Give a slot that no other table of the archive has; None where all are taken."""
    taken = set(map(slot_of, others))
    return next((slot for slot in range(SLOTS) if slot not in taken), None)


@functools.lru_cache(maxsize=4)
def model(table: Dictionary) -> Model:
    """Give the shipped model with the table's counts added.

    Raises:
        BitstreamError: it is damaged, or none.
    """
    from promptcodec.entropy.ppm import user  # noqa: PLC0415 - numpy

    if slot_of(table) not in range(SLOTS):
        raise BitstreamError("this is no archive's table of texts")
    try:
        return user.with_body(table.data[len(MAGIC) + 1 :], WEIGHT, MOST)
    except UsageError as error:
        raise BitstreamError(f"the archive cannot use its texts: {error}") from error

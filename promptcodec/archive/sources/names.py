"""Names inside files that hold others: written by anybody, so made harmless, and each given once."""

from __future__ import annotations

import hashlib
import re

from promptcodec.archive.record import path_bytes

LONGEST = 1024
"""Characters of a name; of a longer one its end is kept."""

# Controls, and halves of surrogate pairs that stand for no byte.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udc7f\udd00-\udfff]")
_BITS = 27
_HASHES = 4


def harmless(name: str, number: int) -> str:
    """Give a name that leads nowhere but below the file that holds it.

    Args:
        name: as it stands there.
        number: of what it names; the name where nothing else is left.
    """
    parts = _UNFIT.sub("_", name[-LONGEST:]).replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in {"", ".", ".."}) or str(number)


class Names:
    """The names that were given, in 16 MB however many there are (a Bloom filter).

    So a name is rarely taken for one that was given before: of a million not one, of ten millions one in
    two hundred. It then has a number more; nothing is lost.
    """

    def __init__(self) -> None:
        self._bits = bytearray(1 << _BITS >> 3)

    def distinct(self, name: str, number: int) -> str:
        """Give a name, with ``number`` in it where it was given before."""
        while self._is_given(name):
            folder, slash, last = name.rpartition("/")
            stem, dot, suffix = last.rpartition(".")
            last = f"{stem} ({number}){dot}{suffix}" if stem else f"{last} ({number})"
            name = folder + slash + last
        return name

    def _is_given(self, name: str) -> bool:
        """Say whether a name was given, and count it as given."""
        digest = hashlib.blake2b(path_bytes(name), digest_size=4 * _HASHES).digest()
        given = True
        for at in range(0, len(digest), 4):
            place, bit = divmod(int.from_bytes(digest[at : at + 4], "big") % (1 << _BITS), 8)
            given = given and bool(self._bits[place] >> bit & 1)
            self._bits[place] |= 1 << bit
        return given

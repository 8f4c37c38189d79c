"""What the token PPM knows, as its coder reads it. What only numpy does with it is in ``tables``."""

from __future__ import annotations

import functools
from array import array
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import zstandard

from promptcodec import models
from promptcodec.entropy.ppm.bpe import Vocabulary
from promptcodec.native import core

if TYPE_CHECKING:
    from promptcodec.entropy.ppm.counts import Counted
    from promptcodec.entropy.ppm.tables import Lists, Tables

NAME = "ppm-1"
DESCRIPTIONS = "ppm-2"
"""The table for descriptions as people and models that see write them."""
INPUTS = 7
CACHES = 6  # how much the text so far knows: nothing, 1 token, 2 tokens and right 0, 1, 4, 16 times
BAND_COUNT = 16 * CACHES
UNPACKED = 1 << 26  # a table has fewer bytes

# Two counts, r of n to the right, as the index of a logit: exactly for small n, else by the
# size of n and the difference of two logarithms.
EXACT = 32
TOP = (1 << 17) - 1
TRI = [1 + n * (n + 1) // 2 for n in range(EXACT)]
_FINE = 8  # steps of a logarithm to the octave
_WIDE = 18 * _FINE  # the largest difference of two, from that of 1/2 to that of TOP


@functools.cache
def logarithms() -> array[int]:
    """Give 8 log2(n + 1/2), rounded, for 0..TOP: integers decide, so the same everywhere."""
    table = array("h")
    step = -_FINE
    while len(table) <= TOP:
        # The first n whose logarithm is at least step + 1/2: (2 n + 1)**16 >= 2**(2 step + 17).
        least = 1 << 2 * step + 17
        n = max(int(2.0 ** ((step + 0.5) / _FINE)) - 2, 0)  # near it, from below
        while (2 * n + 1) ** 16 < least:
            n += 1
        table += array("h", [step]) * (min(n, TOP + 1) - len(table))
        step += 1
    return table


_FIRST_BAND = 1 + EXACT * (EXACT + 1) // 2
BANDS = [_FIRST_BAND + _WIDE + max(bits - 6, 0) * (2 * _WIDE + 1) for bits in range(18)]
LOGITS = _FIRST_BAND + 12 * (2 * _WIDE + 1)


def _steps() -> array[int]:
    """Give the counts that are told apart: 1 to 32, then each about 1/16 above the last."""
    steps = array("I", range(1, 33))
    while len(steps) < 256 and steps[-1] < 1 << 20:
        steps.append(steps[-1] + steps[-1] // 16)
    return steps


STEPS = _steps()


class Model:
    """Tables in the form the coder reads fastest.

    Attributes:
        tables: what a file holds.
        vocabulary: its tokens.
        native: what the compiled core reads; None without it.
        lists: what the Python coder reads.
    """

    def __init__(self, tables: Tables | bytes) -> None:
        """Make it of tables, or of the bytes of a file of them whose hash was checked."""
        self._given = tables
        self.native = _native(tables) if core else None

    @functools.cached_property
    def tables(self) -> Tables:
        """Give what a file holds; coding with the compiled core does not need it."""
        if not isinstance(self._given, bytes):
            return self._given
        from promptcodec.entropy.ppm.tables import unpack  # noqa: PLC0415 - the compiled core needs no numpy

        return unpack(decompressed(self._given))

    @functools.cached_property
    def vocabulary(self) -> Vocabulary:
        """Give the tokens."""
        if self.native:
            return cast("Vocabulary", self.native.vocabulary)
        return Vocabulary(self.tables.merges.tolist(), self.tables.numbers.tolist())

    @functools.cached_property
    def lists(self) -> Lists:
        """Give what the Python coder reads, made when it first asks."""
        from promptcodec.entropy.ppm.tables import Lists  # noqa: PLC0415

        return Lists(self.tables)

    def plus(self, counted: Counted) -> Model:
        """Give a model whose counts are this one's and ``counted``'s."""
        from promptcodec.entropy.ppm import counts as ppm_counts  # noqa: PLC0415

        levels = ppm_counts.grown(self.tables.levels, counted, self.vocabulary.size)
        return Model(replace(self.tables, levels=levels))


def _native(tables: Tables | bytes) -> core.PpmTables:
    if isinstance(tables, bytes):
        content = decompressed(tables)
    else:
        from promptcodec.entropy.ppm.tables import content_of  # noqa: PLC0415

        content = content_of(tables)
    return core.PpmTables(content, *_constants())


@functools.cache
def _constants() -> tuple[array[int], array[int], array[int]]:
    """Give the logarithms, the chances of the logits from -3071 on and the steps of counts, for the core."""
    squash = squash_table()
    chances = squash[-3071:] + squash[:3072]
    return logarithms(), array("H", chances), STEPS


@functools.cache
def squash_table() -> list[int]:
    """Give the chance in 1/65536 of each logit in 1/256, at indices -3071..3071 (negative as Python's).

    65536 / (1 + exp(-x / 256)) by integers: powers of the constant exp(-1/256) in 1/2**60, which
    is written here because a platform's exp may differ in its last bit.
    """
    one = 1 << 60
    ratio = 1148426689630428644  # round(2**60 exp(-1/256))
    power, table = one, []
    for _ in range(3072):
        table.append(min((one << 16) // (one + power), 65535))
        power = power * ratio >> 60
    # Index -x, from the end of the list, is the chance of -x.
    return table + [65536 - chance for chance in table[:0:-1]]


def decompressed(data: bytes) -> bytes:
    """Give the content of a shipped table file: its hash was checked."""
    return zstandard.ZstdDecompressor().decompress(data, max_output_size=UNPACKED)


@functools.cache
def shipped(name: str = NAME) -> Model:
    """Give a shipped model, ``ppm-1`` or ``ppm-2``, loaded once."""
    return Model(models.load(name))

"""The tables of the token PPM, and the file they come from."""

from __future__ import annotations

import functools
import struct
from array import array
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import zstandard
from numpy.typing import NDArray

from promptcodec import models
from promptcodec.entropy.ppm import counts as ppm_counts
from promptcodec.entropy.ppm.bpe import BASE, Vocabulary
from promptcodec.entropy.ppm.counts import LEVELS, STEPS, Counted, Level
from promptcodec.native import core

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
def logarithms() -> list[int]:
    """Give 8 log2(n + 1/2), rounded, for 0..TOP: integers decide, so the same everywhere."""
    table: list[int] = []
    step = -_FINE
    while len(table) <= TOP:
        # The first n whose logarithm is at least step + 1/2: (2 n + 1)**16 >= 2**(2 step + 17).
        least = 1 << 2 * step + 17
        n = max(int(2.0 ** ((step + 0.5) / _FINE)) - 2, 0)  # near it, from below
        while (2 * n + 1) ** 16 < least:
            n += 1
        table += [step] * (min(n, TOP + 1) - len(table))
        step += 1
    return table


_FIRST_BAND = 1 + EXACT * (EXACT + 1) // 2
BANDS = [_FIRST_BAND + _WIDE + max(bits - 6, 0) * (2 * _WIDE + 1) for bits in range(18)]
LOGITS = _FIRST_BAND + 12 * (2 * _WIDE + 1)

_HEADER = struct.Struct("<5I")


@dataclass(slots=True)
class Tables:
    """What training makes and a file holds.

    Attributes:
        merges, numbers: the arguments of Vocabulary.
        root: the split of the whole tree. A split is named by the first token to its right.
        left, right: for each split the one below it, 0 for a single token; by token number.
        base: for each split the logit of going right when nothing else is known, in 1/256.
        logits: INPUTS - 1 rows of LOGITS, in 1/256: counts after 1, 2, 3 trained tokens, then
            after 0, 1, 2 tokens of the text so far.
        weights: BAND_COUNT rows of INPUTS, in 1/65536.
        levels: the counts.
    """

    merges: NDArray[np.uint16]
    numbers: NDArray[np.uint16]
    root: int
    left: NDArray[np.uint16]
    right: NDArray[np.uint16]
    base: NDArray[np.int16]
    logits: NDArray[np.int16]
    weights: NDArray[np.int32]
    levels: list[Level]


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
        return unpack(self._given) if isinstance(self._given, bytes) else self._given

    @functools.cached_property
    def vocabulary(self) -> Vocabulary:
        """Give the tokens."""
        if self.native:
            return cast("Vocabulary", self.native.vocabulary)
        return Vocabulary(self.tables.merges.tolist(), self.tables.numbers.tolist())

    @functools.cached_property
    def lists(self) -> Lists:
        """Give what the Python coder reads, made when it first asks."""
        return Lists(self.tables)

    def plus(self, counted: Counted) -> Model:
        """Give a model whose counts are this one's and ``counted``'s."""
        size = self.vocabulary.size
        merged = ppm_counts.merge(ppm_counts.keys_of(self.tables.levels, size), counted)
        return Model(replace(self.tables, levels=ppm_counts.levels(merged, size)))


class Lists:
    """Tables as Python indexes them fastest."""

    def __init__(self, tables: Tables) -> None:
        self.root = tables.root
        self.left = tables.left.tolist()
        self.right = tables.right.tolist()
        self.base = tables.base.tolist()
        self.logits = [row.tolist() for row in tables.logits]
        self.weights = [tuple(row) for row in tables.weights.tolist()]
        self.squash = squash_table()
        self.log = logarithms()
        # array, not list: a million small integers at once, and quick to index.
        self.last = [_array("H", level.last) for level in tables.levels]
        self.sums = [_array("I", _starts(STEPS[level.count])) for level in tables.levels]
        self.first = [_array("I", _starts(level.children)) for level in tables.levels]


def _native(tables: Tables | bytes) -> core.PpmTables:
    content = _content(tables) if isinstance(tables, Tables) else _decompressed(tables)
    return core.PpmTables(content, *_constants())


@functools.cache
def _constants() -> tuple[array[int], array[int], array[int]]:
    """Give the logarithms, the chances of the logits from -3071 on and the steps of counts, for the core."""
    squash = squash_table()
    chances = squash[-3071:] + squash[:3072]
    return array("h", logarithms()), array("H", chances), _array("I", STEPS)


def _starts(sizes: NDArray[np.uint16] | NDArray[np.uint32]) -> NDArray[np.uint32]:
    starts = np.zeros(len(sizes) + 1, np.uint32)
    np.cumsum(sizes, out=starts[1:], dtype=np.uint32)
    return starts


def _array(code: str, values: NDArray[np.uint16] | NDArray[np.uint32]) -> array[int]:
    quick = array(code)
    quick.frombytes(values.tobytes())
    return quick


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
        table.append(min(max((one << 16) // (one + power), 1), 65535))
        power = power * ratio >> 60
    # Index -x, from the end of the list, is the chance of -x.
    return table + [65536 - chance for chance in table[:0:-1]]


def pack(tables: Tables, level: int = 19) -> bytes:
    """Give the bytes of a table file."""
    return zstandard.ZstdCompressor(level=level).compress(_content(tables))


def _content(tables: Tables) -> bytes:
    sizes = [len(part.last) for part in tables.levels]
    parts = [
        _HEADER.pack(len(tables.numbers), tables.root, *sizes),
        tables.merges.astype("<u2").tobytes(),
        tables.numbers.astype("<u2").tobytes(),
        tables.left.astype("<u2").tobytes(),
        tables.right.astype("<u2").tobytes(),
        tables.base.astype("<i2").tobytes(),
        tables.logits.astype("<i2").tobytes(),
        tables.weights.astype("<i4").tobytes(),
        *map(ppm_counts.pack, tables.levels),
    ]
    return b"".join(parts)


def _decompressed(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(data, max_output_size=UNPACKED)


def unpack(data: bytes) -> Tables:
    """Undo ``pack``, for a shipped table: its hash was checked."""
    content = memoryview(_decompressed(data))
    size, root, *sizes = _HEADER.unpack_from(content)
    at = _HEADER.size

    def take(count: int, kind: str) -> NDArray[np.generic]:
        nonlocal at
        taken = np.frombuffer(content, kind, count, at)
        at += taken.nbytes
        return taken

    def shorts(count: int) -> NDArray[np.uint16]:
        return take(count, "<u2").astype(np.uint16)

    merges, numbers = shorts(2 * (size - BASE)), shorts(size)
    left, right = shorts(size), shorts(size)
    base = take(size, "<i2").astype(np.int16)
    logits = take((INPUTS - 1) * LOGITS, "<i2").astype(np.int16).reshape(INPUTS - 1, LOGITS)
    weights = take(BAND_COUNT * INPUTS, "<i4").astype(np.int32).reshape(BAND_COUNT, INPUTS)
    levels, parents = [], size
    for count, _ in zip(sizes, LEVELS, strict=True):
        length = 3 * count + 2 * parents
        levels.append(ppm_counts.unpack(bytes(content[at : at + length]), parents, count))
        at += length
        parents = count
    return Tables(merges, numbers, root, left, right, base, logits, weights, levels)


@functools.cache
def shipped(name: str = NAME) -> Model:
    """Give a shipped model, ``ppm-1`` or ``ppm-2``, loaded once."""
    return Model(models.load(name))

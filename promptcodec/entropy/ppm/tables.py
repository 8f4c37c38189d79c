"""The tables of the token PPM as training makes them, as a file holds them, and as Python codes with them."""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass

import numpy as np
import zstandard
from numpy.typing import NDArray

from promptcodec.entropy.ppm import counts as ppm_counts
from promptcodec.entropy.ppm.bpe import BASE
from promptcodec.entropy.ppm.counts import LEVELS, Level
from promptcodec.entropy.ppm.model import BAND_COUNT, INPUTS, LOGITS, logarithms, squash_table

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
        self.sums = [_array("I", _starts(ppm_counts.STEPS[level.count])) for level in tables.levels]
        self.first = [_array("I", _starts(level.children)) for level in tables.levels]


def _starts(sizes: NDArray[np.uint16] | NDArray[np.uint32]) -> NDArray[np.uint32]:
    starts = np.zeros(len(sizes) + 1, np.uint32)
    np.cumsum(sizes, out=starts[1:], dtype=np.uint32)
    return starts


def _array(code: str, values: NDArray[np.uint16] | NDArray[np.uint32]) -> array[int]:
    quick = array(code)
    quick.frombytes(values.tobytes())
    return quick


def pack(tables: Tables, level: int = 19) -> bytes:
    """Give the bytes of a table file."""
    return zstandard.ZstdCompressor(level=level).compress(content_of(tables))


def content_of(tables: Tables) -> bytes:
    """Give what is compressed in a table file."""
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


def unpack(data: bytes) -> Tables:
    """Undo ``content_of``, for a shipped table: its hash was checked."""
    content = memoryview(data)
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

"""Bytes for streams that readers refuse: files of any parts, and range coded data that no encoder writes.

All is made of frozen streams and of the second decoder, not of the library that is tested with it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.reference.beside import Said
from tests.reference.coder import TOP, Decoder, FormatError, Tables, adapt, encode, interval
from tests.reference.container import crc16, read_stream
from tests.reference.semantic import Grid
from tests.reference.structure import Lines, fresh, poses, tree
from tests.reference.text import model

ROOT = Path(__file__).parent.parent.parent
TABLES = Tables(str(ROOT / "promptcodec" / "models"))

SEMANTIC, TEXTURE, STRUCTURE, RECIPE, SIGNATURE, PIXELS, ABOUT, OTHER_TEXTURE = range(1, 9)
LAST, CRITICAL = 0x40, 0x80
HEAD = bytes.fromhex("AB 50 31 80 05 E0 03")
"""Magic, version 1, 640 x 480."""

Log = list[tuple[int, int, int]]
"""What was coded: see ``tests.reference.coder``."""


class Invalid(NamedTuple):
    """A stream, why it is refused, and whether a newer reader may be able to read it."""

    name: str
    data: bytes
    reason: str
    newer: bool = False


def varint(value: int) -> bytes:
    """Give a varint in its shortest form."""
    groups = b""
    while value > 127:
        groups += bytes([value & 127 | 128])
        value >>= 7
    return groups + bytes([value])


def sealed(body: bytes) -> bytes:
    """Add the checksum."""
    return body + crc16(body).to_bytes(2, "big")


def stream(*parts: tuple[int, bytes], head: bytes = HEAD) -> bytes:
    """Give a file of parts, each a type byte and a payload; the last one needs no length."""
    body = head
    for kind, payload in parts[:-1]:
        body += bytes([kind]) + varint(len(payload)) + payload
    return sealed(body + bytes([parts[-1][0] | LAST]) + parts[-1][1])


@cache
def frozen(name: str) -> bytes:
    """Give the payload of the last part of a frozen stream."""
    return read_stream((ROOT / "tests" / "golden" / f"{name}.pxt").read_bytes()).parts[-1].payload


class Answers(Decoder):
    """A reader that is answered from a list, not from data: its log is what a writer would code."""

    def __init__(self, answers: Sequence[int]) -> None:
        super().__init__(b"")
        self._answers = iter(answers)

    def bit(self, p: int) -> int:
        """Take a bit."""
        value = next(self._answers)
        self.log.append((-1, value, p))
        return value

    def adaptive(self, model: list[int]) -> int:
        """Take a bit and move its model."""
        return adapt(model, self.bit(model[0]))

    def span(self, bounds: Sequence[int]) -> int:
        """Take an index."""
        index = next(self._answers)
        self.log.append((bounds[index], bounds[index + 1] - bounds[index], bounds[-1]))
        return index

    def equal(self, total: int) -> int:
        """Take a number."""
        value = next(self._answers)
        self.log.append((value, 1, total))
        return value


def answered(read: Callable[[Answers], object], answers: Sequence[int]) -> Log:
    """Give what a reader asks for when it is answered so; it may refuse the last answer."""
    coder = Answers(answers)
    try:
        read(coder)
    except FormatError:
        pass  # what it was answered is no value: that is what these streams are for
    return coder.log


def other_number(log: Log) -> bytes:
    """Give the least number of the last interval: the symbols are right, the bytes are not the shortest."""
    low, width, count = 0, TOP - 1, 7
    for item in log:
        offset, width = interval(width, *item)
        low += offset
        while width < 1 << 48:
            low, width, count = low << 8, width << 8, count + 1
    return low.to_bytes(count, "big")


def pose(answers: Sequence[int]) -> Log:
    """Give the log of a pose in a picture of 640 x 480."""
    return answered(lambda coder: poses(coder, 640), answers)


def lines(answers: Sequence[int]) -> Log:
    """Give the log of lines on a square canvas of 32 pixels and a grid of 3."""
    table = zlib.decompress(TABLES.content("structure-1"))

    def read(coder: Answers) -> None:
        tree(coder, fresh(4), 2)
        coder.bit(61440)
        coder.bit(57344)
        Lines(coder, 11, 11, 1, table).read()

    return answered(read, answers)


def grid(answers: Sequence[int]) -> bytes:
    """Give grid symbols, of a grid of one cell."""

    def read(coder: Answers) -> None:
        coder.equal(64)
        cells = Grid(b"", TABLES)
        cells.coder = coder
        cells.cell(None, None)

    return encode(answered(read, answers))


def beside(answers: Sequence[int], words: str | None = None) -> Log:
    """Give the log of symbols beside a colour map; without words these are among the answers."""

    def read(coder: Answers) -> None:
        cells = Grid(b"", TABLES)
        cells.coder = coder
        Said(cells, TABLES, words)

    return answered(read, answers)


def walk(joined: bytes) -> list[int]:
    """Give the bits of a token walk with ``ppm-2``: a token for each byte, and the end token."""
    table = model(TABLES.content("ppm-2"), b"")
    number = {table.bytes[token]: token for token in table.bytes if len(table.bytes[token]) == 1}
    bits = []
    for byte in joined + b"\xfd":
        split = table.root
        while split:
            bits.append(int(number[bytes([byte])] >= split))
            split = (table.right if bits[-1] else table.left)[split]
    return bits


def ppm_2(joined: bytes) -> Log:
    """Give the log of a token walk of its own."""
    table = model(TABLES.content("ppm-2"), b"")
    return answered(lambda coder: table.walk(coder, 1 << 16), walk(joined))

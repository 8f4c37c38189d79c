"""Rows out of the bytes of a damaged SQLite file, without SQLite.

Every page is looked at by itself, so nothing depends on the file's head, on trees or on lists of free pages.
Source: https://www.sqlite.org/fileformat2.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from promptcodec.archive.file import page
from promptcodec.archive.file.schema import APPLICATION, LEAST_LOCAL, OVERFLOW, PAGE_BYTES
from promptcodec.errors import UsageError

_LEAF = 0x0D
_OTHER_NODES = (0x02, 0x05, 0x0A)  # inner pages of tables, pages of indexes
_FILE_HEAD, _NODE_HEAD, _POINTER = 100, 8, 4
_APPLICATION_AT = 68
_WHOLE = PAGE_BYTES - 35
"""Bytes of the longest row that is all in its leaf."""
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 8: 0, 9: 0}
"""Bytes of an integer by its type."""
_LONGEST_CHAIN = 1 << 12


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table of blobs.

    Attributes:
        number: that it has in its table.
        in_journal: its table is the journal.
        blobs: one where it is whole; else what its bytes may be.
        pages: in which a whole one goes on.
    """

    number: int
    in_journal: bool
    blobs: tuple[bytes, ...]
    pages: Sequence[int]


class Wreck:
    """A file that is read page by page; pages are counted from 1.

    Attributes:
        pages: how many there are; the last may be cut.
    """

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            UsageError: it cannot be read.
        """
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from None
        self.pages = -(-path.stat().st_size // PAGE_BYTES)

    def close(self) -> None:
        """Close it."""
        self._file.close()

    def page(self, number: int) -> bytes:
        """Read a page; what cannot be read of it is zeros."""
        try:
            self._file.seek((number - 1) * PAGE_BYTES)
            return self._file.read(PAGE_BYTES).ljust(PAGE_BYTES, b"\0")
        except OSError:  # a bad sector
            return bytes(PAGE_BYTES)

    def is_archive(self) -> bool:
        """Say whether the file is, or was, an archive: its head says so, or a row does."""
        if self.page(1)[_APPLICATION_AT : _APPLICATION_AT + 4] == APPLICATION.to_bytes(4, "big"):
            return True
        return any(
            row.pages or len(row.blobs) == 1 for number in self.numbers() for row in self.rows(number)[0]
        )

    def numbers(self) -> range:
        """Give the numbers of all pages."""
        return range(1, self.pages + 1)

    def rows(self, number: int) -> tuple[list[Row], bool]:
        """Give the rows of a page, and whether that is all there is in it."""
        content = self.page(number)
        start = _FILE_HEAD if number == 1 else 0
        if content[start] != _LEAF:
            return [], content[start] in _OTHER_NODES
        count = int.from_bytes(content[start + 3 : start + 5], "big")
        pointers = content[start + _NODE_HEAD : start + _NODE_HEAD + 2 * count]
        places = [int.from_bytes(pointers[at : at + 2], "big") for at in range(0, len(pointers), 2)]
        rows = [row for place in places if (row := self._row(content, place))]
        return rows, len(rows) == count

    def left_over(self, claimed: bytearray) -> Iterator[bytes]:
        """Join the pages that are not claimed by their pointers; give the bytes of each chain."""
        free = [number for number in self.numbers() if not claimed[number]]
        following = {number: self._next(number, claimed) for number in free}
        behind = set(following.values())
        seen: set[int] = set()
        for first in [*(number for number in free if number not in behind), *free]:  # a ring has no first
            chain: list[int] = []
            number = first
            while number and number not in seen and len(chain) < _LONGEST_CHAIN:
                seen.add(number)
                chain.append(number)
                number = following[number]
            contents = [self.page(each) for each in chain]
            if any(content.strip(b"\0") for content in contents):
                yield b"".join([contents[0], *(content[_POINTER:] for content in contents[1:])])

    def _next(self, number: int, claimed: bytearray) -> int:
        """Give the page behind one that belongs to nothing; 0 for none."""
        pointer = int.from_bytes(self.page(number)[:_POINTER], "big")
        if pointer == 0:
            return 0
        for each in (pointer, number + 1):
            if 0 < each <= self.pages and not claimed[each]:
                return each
        return 0

    def _row(self, content: bytes, place: int) -> Row | None:
        """Read the row at a place of a leaf; None where there is none of a table of blobs."""
        try:
            length, at = _varint(content, place)
            number, at = _varint(content, at)
            local = length
            if length > _WHOLE:
                local = LEAST_LOCAL + (length - LEAST_LOCAL) % OVERFLOW
                local = local if local <= _WHOLE else LEAST_LOCAL
            head = _head(content[at : at + local])
        except IndexError:
            return None
        if head is None or head[0] + head[1] != length or length > self.pages * PAGE_BYTES:
            return None
        before, _, in_journal = head
        start = content[at + before : at + local]
        blobs, pages = [start], list[int]()
        if local < length:
            first = int.from_bytes(content[at + local : at + local + _POINTER], "big")
            blobs, pages = self._assembled(start, first, length - local)
        number -= (number >> 63) << 64
        return Row(number, in_journal, tuple(blobs), pages)

    def _assembled(self, start: bytes, first: int, length: int) -> tuple[list[bytes], list[int]]:
        """Join what follows in other pages: by their pointers, or else as they stand in the file."""
        count = -(-length // OVERFLOW)
        blobs = []
        behind = list(range(first, first + count))
        for pages in (self._chain(first, count), behind):
            rest = b"".join(self.page(each)[_POINTER:] for each in pages if 0 < each <= self.pages)
            blob = start + rest[:length]
            if page.kind_of(blob):
                return [blob], pages
            blobs.append(blob)
        return list(dict.fromkeys(blobs)), []

    def _chain(self, first: int, count: int) -> list[int]:
        chain: list[int] = []
        number = first
        while len(chain) < count and 0 < number <= self.pages:
            chain.append(number)
            pointer = int.from_bytes(self.page(number)[:_POINTER], "big")
            number = pointer if 0 < pointer <= self.pages and pointer not in chain else number + 1
        return chain


def _varint(data: bytes, pos: int) -> tuple[int, int]:
    """Read an integer of SQLite's: big-endian groups of seven bits, a ninth byte whole."""
    value = 0
    for index in range(8):
        byte = data[pos + index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, pos + index + 1
    return value << 8 | data[pos + 8], pos + 9


def _head(payload: bytes) -> tuple[int, int, bool] | None:
    """Read what stands before the blob of a row.

    Returns:
        how many bytes that is, those of the blob, and whether an integer stands between; None where the row
        is none of a number, perhaps an integer, and a blob.
    """
    size, pos = _varint(payload, 0)
    types = []
    while pos < size:
        kind, pos = _varint(payload, pos)
        types.append(kind)
    if pos != size or not types or types[0] != 0 or types[-1] < 12 or types[-1] % 2:
        return None
    length = (types[-1] - 12) // 2
    if len(types) == 2:
        return size, length, False
    if len(types) == 3 and types[1] in _INTEGERS:
        return size + _INTEGERS[types[1]], length, True
    return None

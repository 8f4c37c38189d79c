"""An EXIF block (TIFF) taken apart into its tags, and built again of some of them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

_POINTER, _LONG = 0x8769, 4
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
_MOST_TAGS = 512
_HEAD, _ROW, _INLINE = 8, 12, 4


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag.

    Attributes:
        number: which.
        kind: the type of its value, 1..13 or 129.
        value: its bytes.
        start: where they stood in the block.
        inner: it stood in the EXIF directory, not in the first one.
    """

    number: int
    kind: int
    value: bytes
    start: int
    inner: bool

    def holding(self, value: bytes) -> Tag:
        """Give the same tag with another value."""
        return replace(self, value=value)


@dataclass(frozen=True, slots=True)
class Block:
    """A block.

    Attributes:
        order: ``>`` or ``<``, of its bytes.
        tags: those of the first directory and of the EXIF directory, without the pointer between them.
        whole: the tags are all that it holds: no thumbnail, no other directory, no bytes outside of them.
    """

    order: str
    tags: tuple[Tag, ...]
    whole: bool


def parse(data: bytes) -> Block | None:
    """Take a block apart; None where it is none. What does not fit into it is left out."""
    if data[:4] not in (b"MM\0*", b"II*\0") or len(data) < _HEAD:
        return None
    order = ">" if data[:1] == b"M" else "<"
    covered = bytearray(len(data))
    covered[:_HEAD] = b"\1" * _HEAD
    (first,) = struct.unpack_from(order + "I", data, 4)
    tags: list[Tag] = []
    todo, more = [first], False
    for at in todo:
        if at + 2 > len(data):
            more = True
            continue
        (count,) = struct.unpack_from(order + "H", data, at)
        end = at + 2 + _ROW * count
        covered[at:end] = b"\1" * len(covered[at:end])
        # Some writers leave out the pointer to a next directory behind the EXIF one.
        more = more or count > _MOST_TAGS or (at == first and any(data[end : end + 4]))
        for number, kind, size, start in _rows(data, order, at + 2, min(count, _MOST_TAGS)):
            if number == _POINTER and kind == _LONG and size == _INLINE and len(todo) == 1:
                todo.append(struct.unpack_from(order + "I", data, start)[0])
            elif start + size > len(data) or not size:
                more = True
            else:
                covered[start : start + size] = b"\1" * size
                tags.append(Tag(number, kind, data[start : start + size], start, inner=at != first))
    gaps = any(byte for byte, known in zip(data, covered, strict=True) if not known)
    return Block(order, tuple(tags), not more and not gaps)


def _rows(data: bytes, order: str, at: int, count: int) -> Iterator[tuple[int, int, int, int]]:
    """Give number, type, size and place of each tag of a directory."""
    for place in range(at, min(at + _ROW * count, len(data) - _ROW + 1), _ROW):
        number, kind, length, offset = struct.unpack_from(order + "HHII", data, place)
        size = length * SIZES.get(kind, 0)
        yield number, kind, size, offset if size > _INLINE else place + 8


def build(order: str, tags: Iterable[Tag]) -> bytes:
    """Build a block of tags, each in the directory that it stood in."""
    tags = sorted(tags, key=lambda tag: tag.number)
    outer, inner = ([tag for tag in tags if tag.inner == side] for side in (False, True))
    pointer = [Tag(_POINTER, _LONG, bytes(4), 0, inner=False)] if inner else []
    first = sorted([*outer, *pointer], key=lambda tag: tag.number)
    place = _HEAD + _length(first)
    first = [replace(tag, value=struct.pack(order + "I", place)) if tag in pointer else tag for tag in first]
    head = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "I", _HEAD)
    return head + _directory(order, first, _HEAD) + (_directory(order, inner, place) if inner else b"")


def _length(tags: list[Tag]) -> int:
    return 2 + _ROW * len(tags) + 4 + sum(_padded(tag) for tag in tags)


def _padded(tag: Tag) -> int:
    return (len(tag.value) + 1) // 2 * 2 if len(tag.value) > _INLINE else 0


def _directory(order: str, tags: list[Tag], at: int) -> bytes:
    rows, values = [struct.pack(order + "H", len(tags))], []
    free = at + 2 + _ROW * len(tags) + 4
    for tag in tags:
        count = len(tag.value) // SIZES[tag.kind]
        if _padded(tag):
            held = struct.pack(order + "I", free)
            values.append(tag.value.ljust(_padded(tag), b"\0"))
            free += _padded(tag)
        else:
            held = tag.value.ljust(_INLINE, b"\0")
        rows.append(struct.pack(order + "HHI", tag.number, tag.kind, count) + held)
    return b"".join([*rows, bytes(4), *values])

"""Read and write the container: pure functions from bytes to a Stream and back.

    file   := magic version width height part* last-part crc
    part   := type length payload         (bit 7 of type: critical, bit 6: last)
    last   := type payload                (its length is what remains)
    bare   := width height part* last-part

``width``, ``height`` and ``length`` are varints, ``crc`` is CRC-16/IBM-3740 of all
bytes before it, big-endian. One part of a 768x512 picture costs 10 bytes around it.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from promptcodec.entropy.varint import read_varint, write_varint
from promptcodec.errors import BitstreamError, NewerError
from promptcodec.layers.registry import part_name

MAGIC = b"\xabP"
VERSION = 1
# Before the format was frozen: `migrate` reads it, nothing else does.
DRAFT = 0
_LAST_VERSION = 9  # a version is a digit
MAX_PIXELS = 2**26
MAX_SIDE = 2**16 - 1
CRITICAL = 0x80
LAST = 0x40
TYPE_MASK = 0x3F
CRC_BYTES = 2


@dataclass(frozen=True, slots=True)
class Part:
    """One part.

    Attributes:
        type: 0..63, see ``layers.registry``.
        payload: what the layer wrote.
        critical: a reader that does not know the type must refuse the stream.
        offset: where the payload starts in the file; set by ``read``, ignored by ``write``.
    """

    type: int
    payload: bytes
    critical: bool = False
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Stream:
    """A parsed stream: picture size in pixels, and parts coarse to fine, each of another layer.

    Attributes:
        cut: the file ended at a part boundary and was read with ``partial``, or inside a part.
        cut_in: the type of the part that is not whole; None where none was begun.
    """

    width: int
    height: int
    parts: tuple[Part, ...]
    version: int = VERSION
    cut: bool = False
    cut_in: int | None = None


def write(stream: Stream, *, bare: bool = False) -> bytes:
    """Write the file of ``stream``; ``bare`` leaves out magic and checksum.

    Raises:
        ValueError: no reader would take it: a size out of range, no part, or two of one layer.
    """
    return place(stream, bare=bare)[0]


def place(stream: Stream, *, bare: bool = False) -> tuple[bytes, Stream]:
    """Write as ``write`` does; give the file, and the stream as ``read`` would: with the parts' offsets."""
    names = {part_name(part.type) for part in stream.parts}
    typed = all(0 <= part.type <= TYPE_MASK for part in stream.parts)
    if not names or len(names) < len(stream.parts) or not typed:
        raise ValueError(f"a stream has at least one part, each of another layer, types 0..{TYPE_MASK}")
    if not fits(stream.width, stream.height):
        raise ValueError(f"a picture of {stream.width}x{stream.height} cannot be written")
    out = bytearray() if bare else bytearray(MAGIC + bytes([ord("0") + VERSION]))
    out += write_varint(stream.width) + write_varint(stream.height)
    parts: list[Part] = []
    for index, part in enumerate(stream.parts):
        last = index == len(stream.parts) - 1
        out.append(part.type | (CRITICAL if part.critical else 0) | (LAST if last else 0))
        if not last:
            out += write_varint(len(part.payload))
        parts.append(replace(part, offset=len(out)))
        out += part.payload
    if not bare:
        out += _crc(bytes(out))
    return bytes(out), replace(stream, parts=tuple(parts))


def fits(width: int, height: int) -> bool:
    """Tell whether a picture of this size can be in a stream."""
    return min(width, height) >= 1 and max(width, height) <= MAX_SIDE and width * height <= MAX_PIXELS


def overhead(lengths: Sequence[int], size: tuple[int, int], *, bare: bool = False) -> int:
    """Count the bytes a file spends around payloads of these lengths, for a picture of this size."""
    ends = 0 if bare else len(MAGIC) + 1 + CRC_BYTES
    inner = [*size, *lengths[:-1]]
    return ends + len(lengths) + sum(len(write_varint(number)) for number in inner)


def read(data: bytes, *, bare: bool = False, partial: bool = False, version: int = VERSION) -> Stream:
    """Parse a file strictly.

    Args:
        data: the whole file.
        bare: the form without magic and checksum.
        partial: accept a file that was cut at a part boundary.
        version: the version it must be of.

    Raises:
        BitstreamError: with the offset where reading stopped.
        NewerError: it is of a later version.
    """
    if bare:
        return _read_parts(data, 0, version)
    pos = _read_head(data, version)
    body, crc = data[:-CRC_BYTES], data[-CRC_BYTES:]
    if len(data) >= pos + CRC_BYTES and _crc(body) == crc:
        return _read_parts(body, pos, version)
    stream = _read_parts(data, pos, version, cut=True)
    if stream.cut and partial:
        return stream
    if stream.cut:
        raise BitstreamError(
            f"the stream was cut after its {part_name(stream.parts[-1].type)} part",
            len(data),
            hint="--partial decodes what is there",
        )
    raise BitstreamError(
        "the checksum does not match: the stream is damaged or cut",
        len(body),
        hint="--partial reads the parts before the last",
    )


def whole_parts(data: bytes) -> Stream:
    """Read the parts that are whole of a file that was cut inside one, in which nothing is checked.

    The last part of a file has no length of its own, so it counts as cut.

    Raises:
        BitstreamError: there is no whole part before the one that is cut, or what is there is damaged.
        NewerError: it is of a later version.
    """
    pos = _read_head(data, VERSION)
    width, height, pos = _read_size(data, pos)
    parts: list[Part] = []
    while pos < len(data):
        kind = data[pos] & TYPE_MASK
        try:
            part, last, pos = read_part(data, pos)
        except BitstreamError:
            last = True
        if last and parts:
            return Stream(width, height, tuple(parts), cut=True, cut_in=kind)
        if last:
            raise BitstreamError(f"the stream is cut inside its first part, {part_name(kind)}", len(data))
        _check_new(part, parts)
        parts.append(part)
    raise BitstreamError("the stream ends before its last part", pos)


def _crc(data: bytes) -> bytes:
    return binascii.crc_hqx(data, 0xFFFF).to_bytes(CRC_BYTES, "big")


def _read_head(data: bytes, wanted: int) -> int:
    if not data:
        raise BitstreamError("the stream is empty", 0)
    if not data.startswith(MAGIC):
        raise BitstreamError("this is not a promptcodec stream", 0)
    if len(data) == len(MAGIC):
        raise BitstreamError("the stream ends inside its head", len(data))
    version = data[len(MAGIC)] - ord("0")
    if version == wanted:
        return len(MAGIC) + 1
    if VERSION < version <= _LAST_VERSION:
        raise NewerError(f"stream version {version} needs a newer reader: a newer promptcodec", len(MAGIC))
    message, hint = f"stream version byte {data[len(MAGIC)]:#04x}", ""
    if version == DRAFT:
        message += " is of a draft of the format"
        hint = "`promptcodec migrate` makes it version 1 where it still reads"
    elif version == VERSION:
        message += f" is version {VERSION} already"
    else:
        message += " is of no version: the stream is damaged"
    raise BitstreamError(message, len(MAGIC), hint=hint)


def _read_parts(data: bytes, pos: int, version: int, *, cut: bool = False) -> Stream:
    width, height, pos = _read_size(data, pos)
    parts: list[Part] = []
    while True:
        if pos == len(data):
            if cut and parts:
                return Stream(width, height, tuple(parts), version, cut=True)
            raise BitstreamError("the stream ends before its last part", pos)
        part, last, pos = read_part(data, pos)
        _check_new(part, parts)
        parts.append(part)
        if last:
            return Stream(width, height, tuple(parts), version)


def _read_size(data: bytes, pos: int) -> tuple[int, int, int]:
    """Read width and height at ``pos``; give them, and the position after them."""
    start = pos
    width, pos = read_varint(data, pos, "the width")
    height, pos = read_varint(data, pos, "the height")
    if not fits(width, height):
        raise BitstreamError(
            f"a picture of {width}x{height} is outside 1..{MAX_PIXELS} pixels, {MAX_SIDE} a side", start
        )
    return width, height, pos


def _check_new(part: Part, parts: Sequence[Part]) -> None:
    if any(part_name(part.type) == part_name(other.type) for other in parts):
        raise BitstreamError(f"a second {part_name(part.type)} part", part.offset)


def read_part(data: bytes, pos: int) -> tuple[Part, bool, int]:
    """Read one part at ``pos``; ``data`` ends where the last part ends.

    Returns:
        The part, whether it is the last, and the position after it.
    """
    kind = data[pos]
    last = bool(kind & LAST)
    pos += 1
    end = len(data)
    if not last:
        length, pos = read_varint(data, pos, "the length of a part")
        end = pos + length
        if end > len(data):
            raise BitstreamError(
                f"the {part_name(kind & TYPE_MASK)} part claims {length} bytes, "
                f"{len(data) - pos} are left: the stream is cut or damaged",
                pos,
                hint="--partial reads what is whole before it",
            )
    return Part(kind & TYPE_MASK, data[pos:end], bool(kind & CRITICAL), pos), last, end

"""The container: file, bare, cut."""

from __future__ import annotations

from typing import NamedTuple

from .coder import FormatError, known, need, read_varint


class Part(NamedTuple):
    """One part of a stream."""

    type: int
    critical: bool
    payload: bytes


class Stream(NamedTuple):
    """Picture size and parts."""

    width: int
    height: int
    cut: bool
    parts: list[Part]


def crc16(data: bytes) -> int:
    """CRC-16/IBM-3740."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc


def read_stream(data: bytes, bare: bool = False, partial: bool = False) -> Stream:
    """Take a stream apart."""
    need(bare or data[:2] == b"\xab\x50" and data[2:3] in [b"%d" % i for i in range(1, 10)], "no pxt file")
    known(bare or data[2] == 0x31, "a later version")
    width, at = read_varint(data, 0 if bare else 3)
    height, at = read_varint(data, at)
    need(0 < width < 65536 and 0 < height < 65536 and width * height <= 1 << 26, "picture size")
    parts: list[Part] = []
    end, last = len(data) - (0 if bare else 2), False
    while not last:
        if at == len(data) and partial and parts and not bare:
            return taken(Stream(width, height, True, parts))
        need(at < len(data), "cut stream")
        kind, last, critical = data[at] & 63, bool(data[at] & 64), bool(data[at] & 128)
        size, at = (end - at - 1, at + 1) if last else read_varint(data, at + 1)
        need(0 <= size <= len(data) - at, "cut part")
        need(all(layer_of(part.type) != layer_of(kind) for part in parts), f"part type {kind} twice")
        parts.append(Part(kind, critical, data[at:at + size]))
        at += size
    need(bare or crc16(data[:-2]) == int.from_bytes(data[-2:], "big"), "checksum")
    return taken(Stream(width, height, False, parts))


def layer_of(kind: int) -> int:
    """The type, but that of the texture layer for its second one."""
    return 2 if kind == 8 else kind


def taken(stream: Stream) -> Stream:
    """The stream, unless a part of it that must be known is not."""
    for part in stream.parts:
        known(1 <= part.type <= 8 or not part.critical, f"critical part type {part.type}")
    return stream

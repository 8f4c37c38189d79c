"""Parts of a stream to the payloads of layers, and back: the one place that knows of two types of a layer.

A payload of a layer that has several coders begins with the id of its coder. In a stream coder 0 has a part
type of its own, which was there before the others, and no such byte; the parts of all others have it.
"""

from __future__ import annotations

from promptcodec.bitstream import Part, Stream
from promptcodec.layers.registry import BY_ID, BY_NAME, part_name

_FIRST = b"\0"
"""The coder that has a part type of its own."""


def payload_of(part: Part) -> bytes:
    """Give the payload of a part as its layer reads it; that of an unknown type as it is.

    A part that names coder 0, which has another type, gives no bytes: no layer takes that.
    """
    layer = BY_ID.get(part.type)
    if layer is None or layer.coded is None:
        return part.payload
    if part.type == layer.id:
        return _FIRST + part.payload
    return b"" if part.payload.startswith(_FIRST) else part.payload


def payloads_of(stream: Stream) -> dict[str, bytes]:
    """Give the payloads of a stream by part name."""
    return {part_name(part.type): payload_of(part) for part in stream.parts}


def part_of(name: str, payload: bytes) -> Part:
    """Give the part that holds a payload of a layer."""
    layer = BY_NAME[name]
    if layer.coded is None:
        return Part(layer.id, payload)
    if payload.startswith(_FIRST):
        return Part(layer.id, payload[1:])
    return Part(layer.coded, payload)


def part_bytes(name: str, payload: bytes) -> int:
    """Count the bytes of a payload in a stream, which are those that ``inspect`` shows."""
    return len(part_of(name, payload).payload)


def rank(part: Part) -> int:
    """Give the place of a part in the order of a stream: the first id of its layer, its type if unknown."""
    return BY_ID[part.type].id if part.type in BY_ID else part.type

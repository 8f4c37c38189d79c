"""The container: ordered parts to file bytes and back. See docs/format.md."""

from promptcodec.bitstream.container import (
    DRAFT,
    MAGIC,
    MAX_PIXELS,
    MAX_SIDE,
    VERSION,
    Part,
    Stream,
    fits,
    overhead,
    place,
    read,
    whole_parts,
    write,
)

__all__ = [
    "DRAFT",
    "MAGIC",
    "MAX_PIXELS",
    "MAX_SIDE",
    "VERSION",
    "Part",
    "Stream",
    "fits",
    "overhead",
    "place",
    "read",
    "whole_parts",
    "write",
]

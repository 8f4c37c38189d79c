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
    read,
    write,
)
from promptcodec.bitstream.types import PART_IDS, part_name

__all__ = [
    "DRAFT",
    "MAGIC",
    "MAX_PIXELS",
    "MAX_SIDE",
    "PART_IDS",
    "VERSION",
    "Part",
    "Stream",
    "fits",
    "overhead",
    "part_name",
    "read",
    "write",
]

"""The container: ordered parts to file bytes and back. See docs/format.md."""

from promptcodec.bitstream.container import MAX_PIXELS, VERSION, Part, Stream, overhead, read, write
from promptcodec.bitstream.types import PART_IDS, part_name

__all__ = ["MAX_PIXELS", "PART_IDS", "VERSION", "Part", "Stream", "overhead", "part_name", "read", "write"]

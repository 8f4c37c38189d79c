"""The trained decoder: pack pictures and layers, train, export, evaluate. See docs/reference/generator.md."""

from __future__ import annotations

import zlib
from pathlib import Path

from training.pictures import allowed
from training.texts import HERE

BUILD = HERE.parent / "build" / "generator"
# One picture of so many is never trained on.
HELD_OUT = 20


def held_out(name: str) -> bool:
    """Tell whether a picture is only evaluated on."""
    return zlib.crc32(name.encode()) % HELD_OUT == 0


def pictures(data: Path) -> list[Path]:
    """Give the pictures that may train what is shipped, in an order that mixes sources."""
    return sorted(allowed(data), key=lambda path: zlib.crc32(path.name.encode() + b"order"))

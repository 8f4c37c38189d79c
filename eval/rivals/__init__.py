"""Coders of others, brought to the terms of ours: no container, nothing that both sides know.

Every file of this folder holds one rival. Its payload is what is counted, and pictures are scored only
as decoded from that payload, put back into a container made without it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Protocol

from PIL import Image


class Rival(Protocol):
    """A picture coder.

    Attributes:
        name: as the rows show it.
        settings: alternatives that are all tried.
        qualities: from the fewest bytes to the most.
        multiple, smallest: what sides its pictures may have.
        slow: whether it codes a tiny picture in a tenth of a second, not a hundredth.
    """

    name: str
    settings: tuple[str, ...]
    qualities: tuple[float, ...]
    multiple: int
    smallest: int
    slow: bool

    def file(self, image: Image.Image, quality: float, setting: str) -> bytes:
        """Encode, container and all."""
        ...

    def strip(self, file: bytes) -> bytes:
        """Give the payload."""
        ...

    def restore(self, payload: bytes, size: tuple[int, int], setting: str) -> bytes:
        """Put a payload into a container that is made from the size and the setting alone."""
        ...

    def open(self, file: bytes) -> Image.Image:
        """Decode."""
        ...


# Module, class and the Python package it needs.
PICTURES = (
    ("webp", "WebP", "PIL"),
    ("webp", "WebPShort", "PIL"),
    ("av1", "Av1", "PIL"),
    ("av1", "Av1Frame", "PIL"),
    ("heic", "Heic", "pillow_heif"),
    ("heic", "HeicSlice", "pillow_heif"),
    ("jxl", "Jxl", "imagecodecs"),
    ("vvc", "Vvc", "imageio_ffmpeg"),
)


class Unavailable(RuntimeError):  # noqa: N818 - says what it is
    """A rival cannot run here; the message says why."""


class TooLarge(RuntimeError):  # noqa: N818 - says what it is
    """An encoder fails at this quality, as libvvenc does on tiny pictures of high quality."""


def pictures(only: tuple[str, ...] = ()) -> Iterator[tuple[str, Rival | Unavailable]]:
    """Give the rivals by name, or the reason why one cannot run.

    Args:
        only: modules wanted; all where empty.
    """
    for module, name, package in PICTURES:
        if only and module not in only:
            continue
        try:
            importlib.import_module(package)
            yield name, getattr(importlib.import_module(f"eval.rivals.{module}"), name)()
        except ImportError as error:
            yield name, Unavailable(str(error))
        except Unavailable as reason:
            yield name, reason

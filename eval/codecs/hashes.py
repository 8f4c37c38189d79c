"""Placeholders of the web: ThumbHash and BlurHash."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from eval.codecs import Plain
from eval.datasets import Item

_THUMB_SIDE = 100  # the largest ThumbHash takes
_BLUR_SIDE = 64  # more gives the same cosines
_DRAWN = 32


class ThumbHash(Plain):
    """ThumbHash has no container: it is whole as it is. Its setting is ``hash``."""

    def __init__(self, entry: Mapping[str, Any], mode: str) -> None:
        super().__init__(entry, mode)
        import thumbhash  # noqa: PLC0415 - an extra

        self.thumbhash = thumbhash

    def encode(self, item: Item, image: Image.Image, setting: str) -> bytes:
        """Hash."""
        small = image.convert("RGBA")
        small.thumbnail((_THUMB_SIDE, _THUMB_SIDE), Image.Resampling.LANCZOS)
        return bytes(self.thumbhash.rgba_to_thumb_hash(*small.size, list(small.tobytes())))

    def decode(self, data: bytes, size: tuple[int, int], variant: str) -> Image.Image:
        """Draw it at its own size, then scale up."""
        width, height, pixels = self.thumbhash.thumb_hash_to_rgba(list(data))
        small = Image.frombytes("RGBA", (width, height), bytes(pixels)).convert("RGB")
        return small.resize(size, Image.Resampling.BICUBIC)


class BlurHash(Plain):
    """BlurHash; the setting is its components, ``4x3``. Stripped it is the number its 83 letters write."""

    modes: ClassVar[tuple[str, ...]] = ("whole", "stripped")

    def __init__(self, entry: Mapping[str, Any], mode: str) -> None:
        super().__init__(entry, mode)
        import blurhash  # noqa: PLC0415 - an extra
        from blurhash.blurhash import base83_decode, base83_encode  # noqa: PLC0415

        self.blurhash, self._number, self._text = blurhash, base83_decode, base83_encode

    def encode(self, item: Item, image: Image.Image, setting: str) -> bytes:
        """Hash; the longer side gets the larger count of components."""
        more, fewer = sorted(map(int, setting.split("x")), reverse=True)
        small = image.copy()
        small.thumbnail((_BLUR_SIDE, _BLUR_SIDE), Image.Resampling.LANCZOS)
        across, down = (more, fewer) if image.width >= image.height else (fewer, more)
        text = self.blurhash.encode(np.asarray(small), across, down)
        if self.mode == "whole":
            return str(text).encode("ascii")
        # The first letter says how many follow.
        rest = self._number(text[1:])
        return bytes([self._number(text[0])]) + rest.to_bytes(_packed(len(text) - 1), "big")

    def decode(self, data: bytes, size: tuple[int, int], variant: str) -> Image.Image:
        """Draw it small, then scale up."""
        if self.mode == "whole":
            text = data.decode("ascii")
        else:
            letters = 5 + 2 * ((data[0] % 9 + 1) * (data[0] // 9 + 1) - 1)
            text = self._text(data[0], 1) + self._text(int.from_bytes(data[1:], "big"), letters)
        scale = _DRAWN / max(size)
        width, height = (max(1, round(length * scale)) for length in size)
        pixels = np.asarray(self.blurhash.decode(text, width, height), np.uint8)
        return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)


def _packed(letters: int) -> int:
    return math.ceil(letters * math.log2(83) / 8)

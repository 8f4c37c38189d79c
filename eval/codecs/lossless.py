"""Lossless files: how much a picture is worth to a codec that keeps all of it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image

from eval.codecs import Plain
from eval.datasets import Item
from eval.missing import Unavailable

_FORMATS = {
    "png": ("PNG", {"optimize": True}),
    "webp": ("WEBP", {"lossless": True, "quality": 80, "method": 4}),
    "jxl": ("", {}),
}


class Lossless(Plain):
    """``format`` is png, webp or jxl; the setting is ``lossless``."""

    def __init__(self, entry: Mapping[str, Any], mode: str) -> None:
        super().__init__(entry, mode)
        self.format = entry.get("format", "webp")
        if self.format not in _FORMATS:
            raise Unavailable(f"no lossless format {self.format!r}; there are {', '.join(_FORMATS)}")
        if self.format == "jxl":
            import imagecodecs  # noqa: F401, PLC0415 - an extra

    def encode(self, item: Item, image: Image.Image, setting: str) -> bytes:
        """Code losslessly."""
        if self.format == "jxl":
            import imagecodecs  # noqa: PLC0415 - an extra
            import numpy as np  # noqa: PLC0415

            return bytes(imagecodecs.jpegxl_encode(np.asarray(image), lossless=True, effort=5))
        name, options = _FORMATS[self.format]
        out = io.BytesIO()
        image.save(out, name, **options)
        return out.getvalue()

    def decode(self, data: bytes, size: tuple[int, int], variant: str) -> Image.Image:
        """Decode."""
        if self.format == "jxl":
            import imagecodecs  # noqa: PLC0415 - an extra

            return Image.fromarray(imagecodecs.jpegxl_decode(data)).convert("RGB")
        return Image.open(io.BytesIO(data)).convert("RGB")

"""JPEG XL: the bare codestream without its two bytes of signature."""

from __future__ import annotations

import imagecodecs
import numpy as np
from PIL import Image

_SIGNATURE = b"\xff\x0a"
# libjxl's largest distance is 25.
_DISTANCES = (25, 22, 20, 18, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1)


class Jxl:
    """The lossy codestream; its settings are efforts."""

    name = "JPEG XL"
    settings = ("7", "9")
    qualities = tuple(-distance for distance in _DISTANCES)
    multiple, smallest, slow = 1, 1, False

    def file(self, image: Image.Image, quality: float, setting: str) -> bytes:
        """Encode; the quality is the negative distance."""
        return imagecodecs.jpegxl_encode(
            np.asarray(image), distance=-quality, effort=int(setting), lossless=False, usecontainer=False
        )

    def strip(self, file: bytes) -> bytes:
        """Leave the signature out."""
        assert file.startswith(_SIGNATURE), "not a bare codestream"
        return file[len(_SIGNATURE) :]

    def restore(self, payload: bytes, size: tuple[int, int], setting: str) -> bytes:
        """Put the signature back."""
        return _SIGNATURE + payload

    def open(self, file: bytes) -> Image.Image:
        """Decode."""
        return Image.fromarray(imagecodecs.jpegxl_decode(file)).convert("RGB")

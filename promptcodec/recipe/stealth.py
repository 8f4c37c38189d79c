"""Recipes hidden in the lowest bits of a picture's alpha channel or colours ("stealth pnginfo").

The bits run down the columns, or along the rows: a signature of 15 characters, 32 bits that say how many
bits follow, and the text, as it is or packed with gzip.
"""

from __future__ import annotations

import io
import warnings
import zlib
from typing import TYPE_CHECKING

from promptcodec.bitstream import MAX_PIXELS
from promptcodec.recipe.carriers import MAX_BYTES
from promptcodec.recipe.carriers.others import webp_chunks
from promptcodec.recipe.stealth_start import may_hide
from promptcodec.vision import png

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

_PLAIN, _PACKED = (b"stealth_pnginfo", b"stealth_rgbinfo"), (b"stealth_pngcomp", b"stealth_rgbcomp")
_SIGNATURE = 15
_HEAD = _SIGNATURE + 4


def read_stealth(data: bytes) -> bytes:
    """Give the hidden text's bytes, none where nothing is hidden or it is damaged."""
    from PIL import Image  # noqa: PLC0415 - heavy

    from promptcodec.vision.load import BROKEN  # noqa: PLC0415

    if data.startswith(png.SIGNATURE):
        if not may_hide(data):
            return b""
        data = png.bare(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=["PNG", "WEBP"]) as image:
                if image.mode not in ("RGB", "RGBA") or image.width * image.height > MAX_PIXELS:
                    return b""
                # A lossy WebP keeps its alpha channel alone exactly.
                lossless = image.format == "PNG" or any(kind == b"VP8L" for kind, _ in webp_chunks(data))
                channels = ("A",) if image.mode == "RGBA" else ()
                places = [*channels, "RGB"] if lossless else [*channels]
                texts = (_hidden(image, place, down) for place in places for down in (True, False))
                return next((text for text in texts if text), b"")
    except (*BROKEN, RuntimeError, MemoryError, Image.DecompressionBombError):
        return b""


def _hidden(image: Image.Image, place: str, down: bool) -> bytes:  # noqa: FBT001 - down columns, or along rows
    head = _bits(image, place, down, _HEAD)
    signature, length = head[:_SIGNATURE], int.from_bytes(head[_SIGNATURE:], "big") // 8
    if signature not in (*_PLAIN, *_PACKED) or not 0 < length <= MAX_BYTES:
        return b""
    hidden = _bits(image, place, down, _HEAD + length)[_HEAD:]
    if len(hidden) < length:
        return b""
    if signature in _PLAIN:
        return hidden
    engine = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        text = engine.decompress(hidden, MAX_BYTES + 1)
    except zlib.error:
        return b""
    return text if len(text) <= MAX_BYTES else b""


def _bits(image: Image.Image, place: str, down: bool, count: int) -> bytes:  # noqa: FBT001
    """Give the first ``count`` bytes of the lowest bits, fewer where the picture has no more."""
    import numpy as np  # noqa: PLC0415 - heavy

    pixels = -(-8 * count // len(place))
    across, along = (image.height, image.width) if down else (image.width, image.height)
    lines = min(-(-pixels // across), along)
    part = image.crop((0, 0, lines, image.height) if down else (0, 0, image.width, lines))
    samples: npt.NDArray[np.uint8] = np.asarray(part.getchannel("A") if place == "A" else part.convert("RGB"))
    ordered = np.swapaxes(samples, 0, 1) if down else samples
    return np.packbits(ordered.reshape(-1)[: 8 * count] & 1).tobytes()[: min(count, samples.size // 8)]

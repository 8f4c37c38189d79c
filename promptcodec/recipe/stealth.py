"""Recipes hidden in the lowest bits of a picture's alpha channel ("stealth pnginfo").

The bits run down the columns: a signature of 15 characters, 32 bits that say how many bits
follow, and the text, as it is or packed with gzip.
"""

from __future__ import annotations

import io
import warnings
import zlib
from typing import TYPE_CHECKING

from promptcodec.bitstream import MAX_PIXELS
from promptcodec.recipe.carriers import MAX_BYTES, without_texts

if TYPE_CHECKING:
    import numpy as np

_PLAIN, _PACKED = b"stealth_pnginfo", b"stealth_pngcomp"
_HEAD = len(_PLAIN) + 4


def read_stealth(data: bytes) -> bytes:
    """Give the hidden text's bytes, none where nothing is hidden or it is damaged."""
    import numpy as np  # noqa: PLC0415 - heavy
    from PIL import Image  # noqa: PLC0415

    from promptcodec.vision.load import BROKEN  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(without_texts(data))) as image:
                if image.mode != "RGBA" or image.width * image.height > MAX_PIXELS:
                    return b""
                alpha = np.asarray(image.getchannel("A"))
    except (*BROKEN, MemoryError, Image.DecompressionBombError):
        return b""
    columns = -(-8 * _HEAD // alpha.shape[0])
    head = _bits(alpha[:, :columns], 0, _HEAD)
    signature, length = head[: len(_PLAIN)], int.from_bytes(head[len(_PLAIN) :], "big") // 8
    if signature not in (_PLAIN, _PACKED) or not 0 < length <= min(MAX_BYTES, alpha.size // 8 - _HEAD):
        return b""
    hidden = _bits(alpha, _HEAD, length)
    if signature == _PLAIN:
        return hidden
    engine = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        text = engine.decompress(hidden, MAX_BYTES + 1)
    except zlib.error:
        return b""
    return text if len(text) <= MAX_BYTES else b""


def _bits(alpha: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], start: int, count: int) -> bytes:
    import numpy as np  # noqa: PLC0415 - heavy

    bits = alpha.T.reshape(-1)[8 * start : 8 * (start + count)] & 1
    return np.packbits(bits).tobytes()

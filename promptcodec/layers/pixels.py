"""The pixels layer: a picture coded by a picture codec, the fallback when words are not enough.

One part is a coder byte (0 WebP, 1 AVIF) and the whole file.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from PIL import Image, features

from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError, BudgetError, MissingError, NewerError
from promptcodec.layers.job import EncodeJob

CODERS = ("WEBP", "AVIF")
MAX_PIXELS = 1 << 26
# A smaller picture of high quality often beats a larger one of low; the last leaves a single pixel.
SCALES = (1, 2, 3, 4, 6, 8, 12, 16, 32, 64, 1 << 20)
_OPTIONS: dict[str, dict[str, Any]] = {"WEBP": {"method": 4}, "AVIF": {"speed": 7, "subsampling": "4:2:0"}}
# WebP holds no longer side.
_LONGEST = 16383
# All that Pillow and its codecs are known to raise on damaged files.
_DAMAGE = (
    OSError,
    ValueError,
    SyntaxError,
    RuntimeError,
    EOFError,
    TypeError,
    OverflowError,
    MemoryError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def encode(image: Image.Image, budget: int) -> bytes:
    """Code the picture with the codec, scale and quality of least squared error that fit.

    Args:
        image: RGB, any size from 1x1.
        budget: bytes; some 50 are needed at least.

    Returns:
        At most ``budget`` bytes.

    Raises:
        BudgetError: not even the smallest reduction fits.
    """
    best: tuple[float, bytes] | None = None
    for part in _candidates(image, budget):
        error = _squared_error(image, decode(part, image.size))
        if best is None or error < best[0]:
            best = (error, part)
    if best is not None:
        return best[1]
    minimum = 1 + min(len(_file(small, coder, 0)) for coder in _usable() for small in _reductions(image))
    raise BudgetError(f"a pixels layer of this picture needs at least {minimum} bytes, not {budget}")


def decode(data: bytes, size: tuple[int, int]) -> Image.Image:
    """Read the picture and bring it to ``size``.

    Args:
        data: one whole part.
        size: width and height wanted, in pixels.

    Returns:
        RGB of exactly ``size``.

    Raises:
        BitstreamError: the part is malformed, cut off, or holds more than MAX_PIXELS pixels.
        MissingError: this Pillow cannot read AVIF.
    """
    if not data:
        raise BitstreamError("a pixels layer of no bytes", 0)
    if data[0] >= len(CODERS):
        raise NewerError(f"a pixels layer with coder {data[0]} needs a newer reader", 0)
    coder, file = CODERS[data[0]], data[1:]
    if not features.check(coder.lower()):
        raise MissingError(f"this Pillow cannot read {coder}: install a wheel of Pillow 11.3 or later")
    if coder == "WEBP":
        _check_webp(file)
    else:
        _check_avif(file)
    try:
        with Image.open(io.BytesIO(file), formats=[coder]) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise BitstreamError(
                    f"a pixels layer of {opened.width}x{opened.height} pixels is too large", 1
                )
            picture = opened.convert("RGB")
    except _DAMAGE:
        # Pillow's own words may hold an address in memory.
        raise BitstreamError(f"a pixels layer holds no readable {coder}", 1) from None
    return picture if picture.size == size else picture.resize(size, Image.Resampling.BICUBIC)


def coder_name(data: bytes) -> str:
    """Name the codec of a part as ``inspect`` shows it; an unknown one is ``unknown``."""
    return CODERS[data[0]].lower() if data and data[0] < len(CODERS) else "unknown"


def encode_part(job: EncodeJob, room: int | None) -> bytes:
    """Code the picture, as the registry asks for it."""
    assert room is not None
    return encode(job.image, room)


def decode_part(
    payload: bytes, size: tuple[int, int], _dictionaries: Sequence[Dictionary]
) -> Mapping[str, Any]:
    """Give the picture, as the registry asks for it."""
    return {"pixels": decode(payload, size)}


def _check_webp(file: bytes) -> None:
    """Insist on a RIFF file with one lossy frame that ends where its header says and is no bomb."""
    if file[:4] != b"RIFF" or file[8:12] != b"WEBP" or int.from_bytes(file[4:8], "little") + 8 != len(file):
        raise BitstreamError("a pixels layer is no whole WebP file", 1)
    # Pillow allocates the canvas when it opens the file, before a limit on its size could be
    # applied; the extended and lossless forms are never written, so they need no reader.
    if file[12:16] != b"VP8 " or file[23:26] != b"\x9d\x01\x2a":
        raise BitstreamError("a pixels layer is no plain lossy WebP file", 13)
    width, height = (int.from_bytes(file[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    _check_pixels(width, height)


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise BitstreamError(f"a pixels layer of {width}x{height} pixels is too large", 1)


def _check_avif(file: bytes) -> None:
    """Insist on boxes that end where the file ends, the first one naming a still AVIF."""
    if file[4:12] != b"ftypavif":
        raise BitstreamError("a pixels layer is no AVIF file", 1)
    at = 0
    while at < len(file):
        length = int.from_bytes(file[at : at + 4], "big")
        # Lengths 0 (to the end) and 1 (64 bits) are legal in general; our encoder has no use for them.
        if length < 8 or at + length > len(file):
            raise BitstreamError("a pixels layer is no whole AVIF file", 1 + at)
        at += length


def _usable() -> list[str]:
    return [coder for coder in CODERS if features.check(coder.lower())]


def _reductions(image: Image.Image) -> Iterator[Image.Image]:
    for scale in SCALES:
        size = (max(1, image.width // scale), max(1, image.height // scale))
        if max(size) <= _LONGEST and size[0] * size[1] <= MAX_PIXELS:
            yield image if scale == 1 else image.resize(size, Image.Resampling.BOX)


def _candidates(image: Image.Image, budget: int) -> Iterator[bytes]:
    """Give, for each codec, the two largest reductions that fit, each at its best quality."""
    for coder in _usable():
        files = (_best_quality(small, coder, budget - 1) for small in _reductions(image))
        for file in islice((file for file in files if file is not None), 2):
            yield bytes([CODERS.index(coder)]) + file


def _best_quality(image: Image.Image, coder: str, limit: int) -> bytes | None:
    """Give the file of the highest quality with at most ``limit`` bytes, by bisection."""
    at_quality = partial(_file, image, coder)
    best = at_quality(0)
    if len(best) > limit:
        return None
    low, high = 0, 101
    while high - low > 1:
        middle = (low + high) // 2
        file = at_quality(middle)
        if len(file) <= limit:
            low, best = middle, file
        else:
            high = middle
    return best


def _file(image: Image.Image, coder: str, quality: int) -> bytes:
    buffer = io.BytesIO()
    # Pillow would embed the colour profile and metadata it remembers from the input file.
    plain = image.copy()
    plain.info = {}
    plain.save(buffer, coder, quality=quality, **_OPTIONS[coder])
    return buffer.getvalue()


def _squared_error(first: Image.Image, second: Image.Image) -> float:
    difference = np.asarray(first, np.float32) - np.asarray(second, np.float32)
    return float(np.mean(np.square(difference)))

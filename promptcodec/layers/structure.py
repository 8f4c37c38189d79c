"""The structure layer: where the contours run, as a small bitmap.

One part is::

    height - 1 in 7 bits, above it one bit: 1 where the bitmap is deflated (1 byte)
    width - 1 (1 byte)
    the bitmap, raster order, eight pixels a byte, rows running on; zero bits at the end

Raw deflate and not brotli: ``zlib`` can be told to stop, so a part of a few bytes cannot
ask for megabytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from promptcodec.errors import BitstreamError, BudgetError

HEADER_BYTES = 2
MINIMUM_BYTES = 3
SIDES = (128, 96, 64, 48, 32)
SIGMAS = (1.0, 1.4, 2.0, 2.8, 4.0)
# Of full scale; below Canny's usual 0.1 and 0.2, which find nothing once sigma has grown.
THRESHOLDS = (0.04, 0.1)
DEFLATED = 0x80
# Long side of the canvas the lines are drawn on, and the pen's width there.
CANVAS = 1024
PEN = 5
SMOOTHINGS = 2
# Canny needs a neighbourhood; below this there is nothing to trace.
_SMALLEST_SIDE = 4

Bitmap = npt.NDArray[np.bool_]


def encode(image: Image.Image, budget: int) -> bytes:
    """Code the finest contours that fit: long side 128 down to 32, then smoother and smoother.

    Args:
        image: RGB, any size from 1x1.
        budget: bytes, at least MINIMUM_BYTES.

    Returns:
        At most ``budget`` bytes; an empty bitmap where not even coarse contours fit.

    Raises:
        BudgetError: the budget is below MINIMUM_BYTES.
    """
    if budget < MINIMUM_BYTES:
        raise BudgetError(f"a structure layer needs at least {MINIMUM_BYTES} bytes, not {budget}")
    for bitmap in _contours(image):
        part = _pack(bitmap)
        if len(part) <= budget:
            return part
    return _pack(np.zeros((1, 1), np.bool_))


def decode(data: bytes, size: tuple[int, int]) -> Image.Image:
    """Read contours and draw them at ``size`` with soft flanks.

    Args:
        data: one whole part.
        size: width and height wanted, in pixels.

    Returns:
        Mode L of exactly ``size``, 255 on the lines, 0 off them.

    Raises:
        BitstreamError: the part is malformed, too short or too long.
    """
    bitmap = _unpack(data)
    # Drawn at one bounded scale, then resized: lines look alike at any size.
    scale = CANVAS / max(size)
    canvas = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    drawn = Image.new("L", canvas)
    pen = ImageDraw.Draw(drawn)
    height, width = bitmap.shape
    for x0, y0, x1, y1 in (_strokes(bitmap) * np.tile([canvas[0] / width, canvas[1] / height], 2)).tolist():
        pen.line((x0, y0, x1, y1), fill=255, width=PEN)
    soft = drawn.filter(ImageFilter.GaussianBlur(PEN / 4))
    return soft if soft.size == size else soft.resize(size, Image.Resampling.BICUBIC)


def _strokes(bitmap: Bitmap) -> npt.NDArray[np.float64]:
    """Join neighbouring pixels by strokes, ``(n, 4)`` from x, y to x, y; a lone pixel is a short one."""
    down, right = np.nonzero(bitmap)
    count = down.size
    number = np.full((bitmap.shape[0] + 2, bitmap.shape[1] + 2), -1)
    number[down + 1, right + 1] = np.arange(count)
    places = np.stack([right + 0.5, down + 0.5], axis=1)
    pairs = []
    for step_down, step_right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        other = number[down + 1 + step_down, right + 1 + step_right]
        pairs.append(np.stack([np.nonzero(other >= 0)[0], other[other >= 0]], axis=1))
    joined = np.concatenate(pairs)
    # The stairs of a bitmap go when each point moves to the middle of its neighbours.
    for _ in range(SMOOTHINGS):
        total, degree = places.copy(), np.ones((count, 1))
        for one, other in ((joined[:, 0], joined[:, 1]), (joined[:, 1], joined[:, 0])):
            np.add.at(total, one, places[other])
            np.add.at(degree, one, 1)
        places = total / degree
    lone = np.setdiff1d(np.arange(count), joined)
    dots = np.concatenate([places[lone] - 0.25, places[lone] + 0.25], axis=1)
    return np.concatenate([places[joined].reshape(-1, 4), dots])


def _contours(image: Image.Image) -> Iterator[Bitmap]:
    """Give ever simpler contours of the image."""
    from skimage.feature import canny  # noqa: PLC0415 - heavy

    longest = max(image.size)
    grey = image.convert("L")
    for side in SIDES:
        scale = min(1.0, side / longest)
        width, height = (max(1, round(length * scale)) for length in image.size)
        small = np.asarray(grey.resize((width, height), Image.Resampling.BOX), np.float64) / 255
        for sigma in SIGMAS:
            if min(width, height) < _SMALLEST_SIDE:
                yield np.zeros((1, 1), np.bool_)
            else:
                low, high = THRESHOLDS
                found = canny(small, sigma, low, high)  # type: ignore[no-untyped-call]
                yield np.asarray(found, np.bool_)


def _pack(bitmap: Bitmap) -> bytes:
    height, width = bitmap.shape
    raw = np.packbits(bitmap.reshape(-1)).tobytes()
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflated = deflate.compress(raw) + deflate.flush()
    if len(deflated) < len(raw):
        return bytes([height - 1 | DEFLATED, width - 1]) + deflated
    return bytes([height - 1, width - 1]) + raw


def _unpack(data: bytes) -> Bitmap:
    if len(data) < MINIMUM_BYTES:
        raise BitstreamError(f"a structure layer of {len(data)} bytes is cut off", len(data))
    height, width = (data[0] & ~DEFLATED) + 1, data[1] + 1
    if width > max(SIDES):
        raise BitstreamError(f"a structure layer is at most {max(SIDES)} pixels wide, not {width}", 1)
    expected = (width * height + 7) // 8
    raw = _inflate(data[HEADER_BYTES:], expected) if data[0] & DEFLATED else data[HEADER_BYTES:]
    if len(raw) != expected:
        raise BitstreamError(f"a {width}x{height} structure layer has {expected} bytes, not {len(raw)}")
    bits = np.unpackbits(np.frombuffer(raw, np.uint8))
    if bits[width * height :].any():
        raise BitstreamError("a structure layer ends in bits that are not zero")
    return bits[: width * height].reshape(height, width).astype(np.bool_)


def _inflate(data: bytes, expected: int) -> bytes:
    """Inflate to at most ``expected`` bytes and insist that nothing follows."""
    inflate = zlib.decompressobj(-15)
    try:
        # One byte more than allowed: an overlong stream shows as such and goes no further.
        raw = inflate.decompress(data, expected + 1)
    except zlib.error as error:
        raise BitstreamError(f"a structure layer cannot be inflated: {error}", HEADER_BYTES) from None
    if len(raw) > expected or not inflate.eof or inflate.unused_data:
        raise BitstreamError("a structure layer is cut off, or something follows it", HEADER_BYTES)
    return raw

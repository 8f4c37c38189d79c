"""The texture layer: a small quantised colour map that says where which colour is.

One part is::

    width - 1 (1 byte), height - 1 (1 byte)
    mean Cb (1 byte), mean Cr (1 byte)
    luma, 4 bits a pixel, raster order
    Cb, then Cr at half width and height, 3 bits a pixel: a step away from the mean
    zero bits up to the next whole byte
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.errors import BitstreamError, BudgetError

HEADER_BYTES = 4
MINIMUM_BYTES = 6
MAX_SIDE = 256
LUMA_BITS, CHROMA_BITS = 4, 3
LUMA_STEP = 255 // 15
# Finer near the mean, where most pixels are; the eighth code stays unused.
CHROMA_STEPS = np.array([-60, -28, -11, 0, 11, 28, 60], np.int32)

Bytes2D = npt.NDArray[np.uint8]


def encode(image: Image.Image, budget: int) -> bytes:
    """Code the largest colour map of the image's aspect ratio that fits.

    Args:
        image: RGB, any size from 1x1.
        budget: bytes, at least MINIMUM_BYTES; a map never has more than 256x256 pixels.

    Returns:
        At most ``budget`` bytes.

    Raises:
        BudgetError: the budget is below MINIMUM_BYTES.
    """
    if budget < MINIMUM_BYTES:
        raise BudgetError(f"a texture layer needs at least {MINIMUM_BYTES} bytes, not {budget}")
    width, height = _map_size(*image.size, budget)
    # Reducing in RGB first keeps the conversion off the full-size picture.
    small = image.resize((width, height), Image.Resampling.BOX).convert("YCbCr")
    luma, *chroma = small.split()
    half = _half(width, height)
    planes = [np.asarray(plane.resize(half, Image.Resampling.BOX), np.int32) for plane in chroma]
    means = [round(float(plane.mean())) for plane in planes]
    codes = [(np.asarray(luma, np.int32) + LUMA_STEP // 2) // LUMA_STEP]
    codes += [_nearest_step(plane - mean) for plane, mean in zip(planes, means, strict=True)]
    bits = np.concatenate([_to_bits(codes[0], LUMA_BITS), *(_to_bits(c, CHROMA_BITS) for c in codes[1:])])
    header = bytes([width - 1, height - 1, *means])
    return header + np.packbits(bits).tobytes()


def decode(data: bytes, size: tuple[int, int]) -> Image.Image:
    """Read a colour map and enlarge it smoothly.

    Args:
        data: one whole part.
        size: width and height wanted, in pixels.

    Returns:
        RGB of exactly ``size``.

    Raises:
        BitstreamError: the part is malformed, too short or too long.
    """
    planes = _read_planes(data)
    # Half bicubic, half bilinear: nearly as sharp, with half the ringing beside strong edges.
    enlarged = []
    for plane in planes:
        small = Image.fromarray(plane)
        crisp = small.resize(size, Image.Resampling.BICUBIC)
        enlarged.append(Image.blend(crisp, small.resize(size, Image.Resampling.BILINEAR), 0.5))
    return Image.merge("YCbCr", enlarged).convert("RGB")


def _read_planes(data: bytes) -> list[Bytes2D]:
    if len(data) < MINIMUM_BYTES:
        raise BitstreamError(f"a texture layer of {len(data)} bytes is cut off", len(data))
    width, height = data[0] + 1, data[1] + 1
    expected = _coded_bytes(width, height)
    if len(data) != expected:
        raise BitstreamError(
            f"a {width}x{height} texture layer has {expected} bytes, not {len(data)}",
            min(len(data), expected),
        )
    bits = np.unpackbits(np.frombuffer(data, np.uint8, offset=HEADER_BYTES))
    half = _half(width, height)
    luma_end = width * height * LUMA_BITS
    chroma_end = half[0] * half[1] * CHROMA_BITS
    if bits[luma_end + 2 * chroma_end :].any():
        raise BitstreamError("a texture layer ends in bits that are not zero", len(data) - 1)
    luma = _from_bits(bits[:luma_end], LUMA_BITS, (width, height)) * LUMA_STEP
    planes = [luma]
    for at, mean in ((luma_end, data[2]), (luma_end + chroma_end, data[3])):
        codes = _from_bits(bits[at : at + chroma_end], CHROMA_BITS, half)
        if (codes == CHROMA_STEPS.size).any():
            raise BitstreamError("a texture layer holds an unused chroma code", HEADER_BYTES + at // 8)
        planes.append(np.clip(CHROMA_STEPS[codes] + mean, 0, 255))
    return [plane.astype(np.uint8) for plane in planes]


def _map_size(width: int, height: int, budget: int) -> tuple[int, int]:
    """Give the map size with the most pixels that fits the budget, close to the aspect ratio."""
    best = (1, 1)
    for side in range(1, MAX_SIDE + 1):
        other = max(1, round(side * min(width, height) / max(width, height)))
        candidate = (side, other) if width >= height else (other, side)
        if _coded_bytes(*candidate) <= budget:
            best = candidate
    return best


def _coded_bytes(width: int, height: int) -> int:
    half_width, half_height = _half(width, height)
    bits = width * height * LUMA_BITS + 2 * half_width * half_height * CHROMA_BITS
    return HEADER_BYTES + (bits + 7) // 8


def _half(width: int, height: int) -> tuple[int, int]:
    return (width + 1) // 2, (height + 1) // 2


def _nearest_step(offsets: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    nearest: npt.NDArray[np.intp] = np.abs(offsets[..., None] - CHROMA_STEPS).argmin(axis=-1)
    return nearest.astype(np.int32)


def _to_bits(codes: npt.NDArray[np.int32], count: int) -> Bytes2D:
    shifts = np.arange(count - 1, -1, -1)
    return ((codes.reshape(-1, 1) >> shifts) & 1).astype(np.uint8).reshape(-1)


def _from_bits(bits: Bytes2D, count: int, size: tuple[int, int]) -> npt.NDArray[np.int32]:
    weights = 1 << np.arange(count - 1, -1, -1, dtype=np.int32)
    codes = bits.reshape(-1, count).astype(np.int32) @ weights
    return np.asarray(codes.reshape(size[1], size[0]), np.int32)

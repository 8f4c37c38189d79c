"""Large pictures made smaller by whole factors, a strip at a time: the whole is never there twice."""

from __future__ import annotations

from PIL import Image

from promptcodec.vision.srgb import is_clear

# Rows of a strip, about; pixels of one are converted before they are averaged.
_ROWS = 256
# Modes whose samples can be averaged as they are.
_PLAIN = {"L", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "LA", "I", "F"}


def factor(size: tuple[int, int], most: int, side: int) -> int:
    """Give the least whole number that divides both sides to at most ``most`` pixels and ``side`` a side."""
    times = 1
    while _area(divided(size, times)) > most or max(divided(size, times)) > side:
        times += 1
    return times


def divided(size: tuple[int, int], times: int) -> tuple[int, int]:
    """Give width and height divided by ``times``; what is left over counts as a pixel."""
    return -(-size[0] // times), -(-size[1] // times)


def reduce(image: Image.Image, times: int) -> Image.Image:
    """Average blocks of ``times`` x ``times`` pixels.

    Args:
        image: of any mode.
        times: at least 1.

    Returns:
        ``divided(image.size, times)``; the same mode where its samples can be averaged, else RGB, RGBA, L or
        I. A colour profile stays with it.
    """
    if times == 1:
        return image
    result: Image.Image | None = None
    rows = max(1, _ROWS // times) * times
    for top in range(0, image.height, rows):
        strip = _plain(image.crop((0, top, image.width, min(top + rows, image.height)))).reduce(times)
        if result is None:
            result = Image.new(strip.mode, divided(image.size, times))
        result.paste(strip, (0, top // times))
    assert result is not None  # a picture has rows
    if "icc_profile" in image.info:
        result.info["icc_profile"] = image.info["icc_profile"]
    return result


def _plain(strip: Image.Image) -> Image.Image:
    """Convert to a mode whose samples can be averaged."""
    if strip.mode.startswith("I;16"):
        return strip.convert("I")
    if is_clear(strip):
        return strip.convert("RGBA")
    if strip.mode in _PLAIN:
        return strip
    return strip.convert("L" if strip.mode == "1" else "RGB")


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]

"""Transparency of PNG files of 16 bits: of one value or colour, to the last bit of it.

Source: W3C, Portable Network Graphics, third edition, 11.3.1.1 (tRNS).
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from promptcodec.vision.opened import open_image
from promptcodec.vision.samples import PLAIN, to_eight_bits

_DEPTH = 24
_ROWS = 256
# Pillow takes the first byte of each sample; told that they stand the other way round, the second.
_SECOND = "RGB;16L"


def is_of_sixteen_bits(image: Image.Image, data: bytes) -> bool:
    """Say whether an opened PNG file has a transparent value of 16 bits."""
    return "transparency" in image.info and image.mode in {"RGB", "I;16"} and data[_DEPTH] == 16


def covered(image: Image.Image, data: bytes) -> Image.Image:
    """Lay the transparency of a decoded PNG file beside its colours; ``is_of_sixteen_bits`` was true of it.

    Returns:
        Mode LA or RGBA, with its ``info``.
    """
    if image.mode != "RGB":
        return grey_covered(image)
    second = _second_bytes(data)
    value = image.info["transparency"]
    alpha = Image.new("L", image.size, 255)
    for box in _strips(image):
        equal = np.full((box[3] - box[1], image.width), fill_value=True)
        for at, number in enumerate(value):
            equal &= np.asarray(image.crop(box))[..., at] == number >> 8
            equal &= np.asarray(second.crop(box))[..., at] == number & 255
        alpha.paste(0, box, Image.fromarray(equal))
    image.putalpha(alpha)
    return _marked(image, image)


def grey_covered(image: Image.Image) -> Image.Image:
    """Give a grey picture of 16 bits as LA, transparent where it has the value that its ``info`` names."""
    image.load()
    value = image.info.get("transparency")
    if not image.mode.startswith("I;16") or not isinstance(value, int):
        return image
    result = Image.new("LA", image.size)
    for box in _strips(image):
        strip = np.asarray(image.crop(box))
        bands = to_eight_bits(strip, PLAIN), np.where(strip == value, 0, 255).astype(np.uint8)
        result.paste(Image.merge("LA", [Image.fromarray(band) for band in bands]), box)
    return _marked(result, image)


def _marked(result: Image.Image, image: Image.Image) -> Image.Image:
    result.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return result


def _second_bytes(data: bytes) -> Image.Image:
    image = open_image(data)
    image.tile = [tile._replace(args=_SECOND) for tile in image.tile]
    image.load()
    return image


def _strips(image: Image.Image) -> list[tuple[int, int, int, int]]:
    return [(0, top, image.width, min(top + _ROWS, image.height)) for top in range(0, image.height, _ROWS)]

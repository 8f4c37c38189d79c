"""From the name of a model to its family, and from a picture's shape to the size it is drawn at."""

from __future__ import annotations

import math
import re

MOST_RATIO = 4.0
"""Of the sides; a picture that is longer is drawn in this shape and stretched."""
_LONG = (
    r"flux|kontext|klein|krea|chroma|z[-_ ]?image|qwen|sd[-_ ]?3|stable[-_ ]?diffusion[-_ ]?3|hidream|lumina"
    r"|sana"
)
_FAMILIES = (
    ("long", re.compile(_LONG, re.IGNORECASE)),
    ("xl", re.compile(r"xl|pony|illustrious|noob|animagine|playground", re.IGNORECASE)),
    ("sd2", re.compile(r"\bv2-[01]|768-?v|sd[-_ ]?2|stable[-_ ]?diffusion[-_ ]?2", re.IGNORECASE)),
)
_AREAS = {"long": 1024 * 1024, "xl": 1024 * 1024, "sd2": 768 * 768, "sd1": 512 * 768}


def family(title: str) -> str:
    """Give the family that a model's or a control model's name speaks of.

    Returns:
        ``long`` (it reads long prose), ``xl``, ``sd2``, else ``sd1``.
    """
    return next((name for name, sign in _FAMILIES if sign.search(title)), "sd1")


def native_area(title: str) -> int:
    """Give the pixels that a model of this name was trained at."""
    return _AREAS[family(title)]


def working_size(
    wanted: tuple[int, int], area: int, multiple: int, longest: float = math.inf
) -> tuple[int, int]:
    """Give the size to draw at: about ``area`` pixels, near in shape, sides multiples of ``multiple``.

    Args:
        wanted: width and height in pixels.
        area: in pixels.
        multiple: in pixels.
        longest: side in pixels, a multiple.
    """
    ratio = min(max(wanted[0] / wanted[1], 1 / MOST_RATIO), MOST_RATIO)
    width = min(math.sqrt(area * ratio), longest, longest * ratio)
    sides = width, width / ratio
    steps = [[max(1, math.floor(side / multiple)), max(1, math.ceil(side / multiple))] for side in sides]
    candidates = [(width * multiple, height * multiple) for width in steps[0] for height in steps[1]]

    def off(size: tuple[int, int]) -> tuple[float, float]:
        shape = abs(math.log(size[0] / size[1] / ratio))
        return round(shape, 3), abs(math.log(size[0] * size[1] / (sides[0] * sides[1])))

    return min((size for size in candidates if max(size) <= longest), key=off)

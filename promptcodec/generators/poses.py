"""People as OpenPose draws them: limbs and joints each in a colour of their own, on black.

Control models for poses were trained on such pictures, and tell left from right by the colours. The
structure layer holds COCO's seventeen key points; OpenPose's neck lies between the shoulders.

Source: Cao et al., "OpenPose: realtime multi-person 2D pose estimation using part affinity fields" (2019),
its COCO model of eighteen points and its palette.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

from PIL import Image, ImageDraw

from promptcodec.generators import Conditions

Place = tuple[float, float] | None
"""A key point's x and y in 0..1 of the picture; None where it is not labelled."""

# OpenPose's points by COCO's: nose, (neck), right and left arm, right and left leg, eyes and ears.
_FROM_COCO = (0, None, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
_LEFT_SHOULDER, _RIGHT_SHOULDER, _NECK = 5, 6, 1
_LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13),
    (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
LIMB_SHADE = 0.6
"""How bright limbs are; joints on them are full."""
LINE = 1 / 128
"""Width of a limb in the picture's short side: eight pixels of the 1024 such models were trained at."""


def control_picture(conditions: Conditions, size: tuple[int, int]) -> Image.Image:
    """Give what a control model sees of the structure layer: white contours, or coloured limbs, on black.

    Args:
        conditions: with a structure.
        size: width and height in pixels.

    Returns:
        RGB, ``size``.
    """
    if conditions.people:
        return draw(conditions.people, size)
    assert conditions.structure is not None
    return conditions.structure.resize(size, Image.Resampling.BICUBIC).convert("RGB")


def draw(people: Sequence[Sequence[Place]], size: tuple[int, int]) -> Image.Image:
    """Draw people.

    Args:
        people: each is seventeen places in COCO's order.
        size: width and height in pixels.

    Returns:
        RGB, ``size``.
    """
    canvas = Image.new("RGB", size)
    brush = ImageDraw.Draw(canvas)
    width = max(2, round(min(size) * LINE))
    for person in people:
        points = [_pixels(place, size) for place in _openpose(person)]
        for number, (start, end) in enumerate(_LIMBS):
            one, other = points[start], points[end]
            if one and other:
                brush.line((*one, *other), _colour(number, LIMB_SHADE), width)
        for number, point in enumerate(points):
            if point:
                x, y = point
                brush.ellipse(
                    (x - width // 2, y - width // 2, x + width // 2, y + width // 2), _colour(number, 1)
                )
    return canvas


def _openpose(person: Sequence[Place]) -> list[Place]:
    points = [person[joint] if joint is not None else None for joint in _FROM_COCO]
    left, right = person[_LEFT_SHOULDER], person[_RIGHT_SHOULDER]
    if left and right:
        points[_NECK] = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
    return points


def _pixels(place: Place, size: tuple[int, int]) -> tuple[int, int] | None:
    return place and (round(place[0] * size[0]), round(place[1] * size[1]))


def _colour(number: int, shade: float) -> tuple[int, int, int]:
    """Give the colour of a limb or joint: eighteen hues around the circle."""
    red, green, blue = colorsys.hsv_to_rgb(number / len(_FROM_COCO), 1, shade)
    return round(red * 255), round(green * 255), round(blue * 255)

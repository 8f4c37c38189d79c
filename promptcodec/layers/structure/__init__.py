"""The structure layer: where the contours run, or how people stand; see ``part`` for its bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from promptcodec.errors import Notice
from promptcodec.layers.structure import pose, strokes
from promptcodec.layers.structure.bitmap import Bitmap
from promptcodec.layers.structure.edge_map import decode_map
from promptcodec.layers.structure.part import KINDS, coder_name, decode_value, encode_value

__all__ = [
    "KINDS",
    "MINIMUM_BYTES",
    "coder_name",
    "decode",
    "decode_map",
    "decode_value",
    "encode",
    "encode_map",
    "encode_people",
    "encode_pose",
    "encode_value",
]

MINIMUM_BYTES = 3


def encode(image: Image.Image, budget: int, *, edges: str = "canny") -> bytes:
    """Code the strongest contours that fit.

    Args:
        image: RGB, any size from 1x1.
        budget: bytes, at least MINIMUM_BYTES.
        edges: what finds them: ``canny``, or ``soft``, which prefers outlines to texture.

    Returns:
        At most ``budget`` bytes; no lines at all where there are none, or not even one fits.

    Raises:
        BudgetError: the budget is below MINIMUM_BYTES.
        UsageError: there is no such finder.
    """
    from promptcodec.layers.structure.encoder import encode  # noqa: PLC0415 - a decoder never needs it

    return encode(image, budget, edges)


def encode_pose(people: Any, size: tuple[int, int]) -> bytes:
    """Code key points.

    Args:
        people: a list of people, each a list of 51 numbers or ``{"keypoints": [...]}``, or one person
            alone. Other keys are not kept.
        size: width and height of the picture.

    Raises:
        UsageError: not such a value, or a place more than sixteen pictures away.
    """
    from promptcodec.layers.structure.encoder.pose import encode_pose  # noqa: PLC0415 - as above

    return encode_pose(people, size)


def encode_people(
    image: Image.Image, shown: str, most: int | None
) -> tuple[bytes | None, tuple[Notice, ...]]:
    """Code the skeletons of the people in a picture, where that is what the layer shows.

    Args:
        image: RGB, any size from 1x1.
        shown: one of ``settings.STRUCTURES``.
        most: bytes; the largest people that fit are coded. None for no limit.

    Returns:
        The part, None where contours are to be coded, and what the user should know.

    Raises:
        MissingError: looking for people needs something that is not there.
        UsageError: there is no such thing to show.
    """
    from promptcodec.layers.structure.encoder.people import encode_people  # noqa: PLC0415 - as above

    return encode_people(image, shown, most)


def encode_map(truth: Bitmap) -> bytes:
    """Code an edge map as lines or as pixels, whatever is shorter.

    Args:
        truth: ``(h, w)``, 1..``edge_map.MAX_PIXELS`` pixels.

    Returns:
        bytes whose map has an F1 of at least ``encoder.edge_map.FIDELITY`` within one pixel of ``truth``.
    """
    from promptcodec.layers.structure.encoder.edge_map import encode_map  # noqa: PLC0415 - as above

    return encode_map(truth)


def decode(data: bytes, size: tuple[int, int]) -> Image.Image:
    """Read contours, or poses, and draw them at ``size`` with soft flanks.

    Args:
        data: one whole part.
        size: width and height wanted, in pixels.

    Returns:
        Mode L of exactly ``size``, 255 on the lines, 0 off them.

    Raises:
        BitstreamError: the part is malformed.
        NewerError: it is coded in a way that only a newer reader knows.
    """
    kind, value = decode_value(data, size)
    if kind == "pose":
        return strokes.draw(pose.limbs(value, size), size)
    shape, content = value
    if isinstance(content, np.ndarray):
        return strokes.draw(strokes.of_pixels(content), size)
    grid, paths = content
    return strokes.draw(strokes.of_paths(paths, shape, grid), size)

"""Which of several payloads is nearest to its picture; only encoding imports it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
import numpy.typing as npt

from promptcodec.layers.texture.coders import PACKAGES

if TYPE_CHECKING:
    from PIL import Image

PIXELS = 1 << 17
"""Of a picture, at most, when others are compared with it: a texture layer has nothing finer."""

UNSEEN = 1.0
"""Mean squared error, in pixel levels, up to which nobody sees one: the shorter payload is the better."""


def reduced(image: Image.Image) -> Image.Image:
    """Give the picture with PIXELS at most; long narrow ones keep their few lines."""
    from PIL import Image  # noqa: PLC0415 - not without need

    scale = math.sqrt(PIXELS / (image.width * image.height))
    if scale >= 1:
        return image
    size = max(1, int(scale * image.width)), max(1, int(scale * image.height))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=4)


def error(shown: Image.Image, truth: npt.NDArray[np.float32]) -> float:
    """Give the mean squared error, in pixel levels, of a picture against one of the same size."""
    return float(np.square(np.asarray(shown, np.float32) - truth).mean())


class _Encoder(Protocol):
    def shown(self, data: bytes, size: tuple[int, int]) -> Image.Image:
        """Draw as ``TextureCoder.draw``, the same on both cores, so that both choose the same."""
        ...


def apart(small: Image.Image, payload: bytes) -> float:
    """Give the ``error`` of what a payload shows against a picture that is small."""
    own = cast("_Encoder", import_module(f"promptcodec.layers.texture.{PACKAGES[payload[0]]}.encoder"))
    return error(own.shown(payload[1:], small.size), np.asarray(small, np.float32))


def nearest(small: Image.Image, payloads: Sequence[bytes]) -> bytes:
    """Give the payload that shows a picture with the least squared error.

    Args:
        small: the picture, ``reduced``.
        payloads: of any coders.

    Returns:
        Where the errors are the same, or none of them is seen, the shortest; of equals the first.
    """
    return min(payloads, key=lambda payload: (max(apart(small, payload), UNSEEN), len(payload)))

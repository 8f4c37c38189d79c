"""A picture out of what a server was asked: any other prompt, seed or layer gives another."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from promptcodec.errors import ImageError
from promptcodec.vision.load import load_image

_NODES = 6


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be drawn.

    Attributes:
        prompt, negative, model, sampler: as they came.
        seed, steps, cfg: likewise.
        size: width and height in pixels.
        first: where drawing begins, mode RGB.
        noise: 0 keeps to ``first``, 1 leaves nothing of it.
        control: the control picture, mode L.
        weight: of it.
    """

    prompt: str
    negative: str
    model: str
    sampler: str
    seed: int
    steps: int
    cfg: float
    size: tuple[int, int]
    first: Image.Image | None = None
    noise: float = 1.0
    control: Image.Image | None = None
    weight: float = 0.0


def draw(order: Order) -> Image.Image:
    """Draw a gradient of colours from words and seed, over the first picture, with lines of the control."""
    settings = (order.prompt, order.negative, order.model, order.sampler, order.seed, order.steps, order.cfg)
    digest = hashlib.sha256(repr(settings).encode("utf-8", "surrogatepass")).digest()
    nodes = np.random.default_rng(list(digest)).integers(24, 232, (_NODES, _NODES, 3), np.uint8)
    image = Image.fromarray(nodes).resize(order.size, Image.Resampling.BICUBIC)
    if order.first is not None:
        image = Image.blend(order.first.resize(order.size), image, min(order.noise, 1.0))
    if order.control is not None:
        lines = order.control.resize(order.size).point(lambda value: round(value * min(order.weight, 1.0)))
        image.paste((255, 255, 255), None, lines)
    return image


def png(image: Image.Image) -> str:
    """Give the base64 of a picture as PNG."""
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return base64.b64encode(file.getvalue()).decode()


def picture(text: str, *, data_url: bool = False) -> Image.Image:
    """Read a picture of base64.

    Args:
        text: base64, with a data URL's head or without.
        data_url: it must have one.

    Raises:
        ValueError: it is none.
    """
    head, comma, tail = text.rpartition(",")
    if data_url and not (comma and head.startswith("data:image/") and head.endswith(";base64")):
        raise ValueError("not enough values to unpack (expected 2, got 1)")
    try:
        return load_image(base64.b64decode(tail, validate=True))
    except (ValueError, ImageError):
        raise ValueError("Invalid encoded image") from None

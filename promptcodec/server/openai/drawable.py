"""What is asked for in words, or in words and pictures, as a stream that generators draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from promptcodec import bitstream, plugins, rate
from promptcodec.bitstream import Stream
from promptcodec.description import Cell, Description, parse_text
from promptcodec.description.model import clean
from promptcodec.errors import DescriptionError
from promptcodec.layers import recipe as recipe_layer
from promptcodec.layers import semantic, structure, texture
from promptcodec.layers.derived import strip
from promptcodec.layers.parts import part_of
from promptcodec.layers.structure.encoder.edge_map import faithful
from promptcodec.layers.structure.part import canvas_of, encode_value, head_of
from promptcodec.recipe.model import Platform, Recipe, Settings
from promptcodec.server.openai import scenes
from promptcodec.server.openai.questions import fenced

AUTO = 1024
"""The longer side of a picture whose size is left open."""
_LOOKED_AT = 1024
"""The longer side of a picture that is looked at: its layers hold less."""
_TEXTURE_BYTES, _STRUCTURE_BYTES = 1000, 500
_EFFORT = 2
_LINES_SIDE = 256
_DARK, _COLOURLESS, _LIGHT = 48, 12, 128
"""Of a picture that is lines on black: its mean, how far its channels differ, and where a line is."""


@dataclass(frozen=True, slots=True)
class Drawable:
    """A stream, and the size to draw it at.

    Attributes:
        stream: without magic and checksum.
        size: width and height in pixels.
    """

    stream: bytes
    size: tuple[int, int]


def draws_sketches(generator: str) -> bool:
    """Say whether a generator knows no words, so that a prompt is laid out for it."""
    name: str = plugins.create("generators", generator).name
    return name.partition(":")[0] == "builtin"


def of_words(prompt: str, size: tuple[int, int] | None, generator: str) -> Drawable:
    """Make a stream of a prompt.

    Args:
        prompt: the canonical text of a description, by itself or between data marks; or any words.
        size: width and height; None leaves them open.
        generator: who will draw it.
    """
    text = fenced(prompt) or prompt
    description = _description(text)
    if description is not None:
        wanted = size or _shaped(description)
        return Drawable(_placed(wanted, "semantic", semantic.encode(description)), wanted)
    wanted = size or (AUTO, AUTO)
    if not draws_sketches(generator):
        return Drawable(_placed(wanted, "recipe", recipe_layer.encode(_recipe(text))), wanted)
    scene = scenes.read(text)
    picture, boxes = scenes.sketch(scene, wanted)
    described = scenes.description_of(scene, boxes, *rate.grid(rate.DEFAULT_CELLS, wanted))
    return Drawable(_encoded(picture, described, ()), wanted)


def of_pictures(prompt: str, pictures: Sequence[Image.Image], size: tuple[int, int] | None) -> Drawable:
    """Make a stream of a picture and words.

    Args:
        prompt: as of ``of_words``.
        pictures: RGB; the first gives colours and contours, the contours of another that is white lines on
            black stand for its own.
        size: width and height; None for those of the first picture.
    """
    text = fenced(prompt) or prompt
    wanted = size or pictures[0].size
    described = _description(text) or _silent(text, wanted)
    return Drawable(_encoded(pictures[0], described, pictures[1:]), wanted)


def _description(text: str) -> Description | None:
    try:
        return parse_text(text.strip().replace("\r\n", "\n"))
    except DescriptionError:
        return None


def _silent(text: str, size: tuple[int, int]) -> Description:
    """Make a description that says the words, and leaves the rest to a colour map."""
    rows, cols = rate.grid(rate.DEFAULT_CELLS, size)
    return Description("picture", rows, cols, (Cell(),) * (rows * cols), clean(text))


def _shaped(description: Description) -> tuple[int, int]:
    """Give a size in which the cells of a description are squares."""
    longer = max(description.rows, description.cols)
    width, height = (
        max(AUTO * side // longer // 16, 1) * 16 for side in (description.cols, description.rows)
    )
    return width, height


def _recipe(text: str) -> Recipe:
    """Make a recipe of words: of lines ``prompt:`` and ``negative:`` where they are such."""
    lines = dict(
        line.split(": ", 1) for line in text.split("\n") if line.startswith(("prompt: ", "negative: "))
    )
    prompt, negative = lines.get("prompt", text), lines.get("negative")
    return Recipe(Platform("promptcodec"), settings=Settings(prompt=prompt, negative=negative))


def _encoded(picture: Image.Image, description: Description, others: Sequence[Image.Image]) -> bytes:
    """Code a picture as layers, beside a description."""
    small = picture.copy()
    small.thumbnail((_LOOKED_AT, _LOOKED_AT))
    lines = next(filter(_is_lines, others), None)
    payloads = {
        "semantic": semantic.encode(strip(description), with_map=True),
        "texture": texture.encode(small, _TEXTURE_BYTES, stored=True, effort=_EFFORT),
        "structure": structure.encode(small, _STRUCTURE_BYTES) if lines is None else _lines(lines),
    }
    parts = tuple(part_of(name, payload) for name, payload in payloads.items())
    return bitstream.write(Stream(*small.size, parts), bare=True)


def _is_lines(picture: Image.Image) -> bool:
    """Say whether a picture is white lines on black."""
    small = np.asarray(picture.resize((128, 128)), np.int16)
    return bool(small.mean() < _DARK and np.ptp(small, axis=-1).mean() < _COLOURLESS)


def _lines(picture: Image.Image) -> bytes:
    """Code the lines of a picture of lines."""
    from skimage.morphology import skeletonize  # noqa: PLC0415 - heavy

    head = head_of(picture.size)
    canvas = canvas_of(head, _LINES_SIDE)
    bright = np.asarray(picture.convert("L").resize(canvas, Image.Resampling.BOX)) >= _LIGHT // 2
    thin = np.asarray(skeletonize(bright), np.bool_)  # type: ignore[no-untyped-call]
    return encode_value(head, (canvas[1], canvas[0]), next(faithful(thin), thin))


def _placed(size: tuple[int, int], layer: str, payload: bytes) -> bytes:
    return bitstream.write(Stream(*size, (part_of(layer, payload),)), bare=True)

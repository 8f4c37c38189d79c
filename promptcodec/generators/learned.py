"""Draw a picture from its conditions with the trained decoder (``models/generator-*.onnx``).

The network sees maps at a quarter of the picture's size, in tiles with a margin as wide as it looks, so a
tile's edge shows nowhere. What it draws is then held to what the stream says; see ``faithful``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from promptcodec import models
from promptcodec.generators import Conditions, faithful, lattice, maps, network
from promptcodec.generators.classical import working_size
from promptcodec.generators.watching import UNWATCHED, Progress, Watch
from promptcodec.layers.texture import transform
from promptcodec.vision.colour import Floats
from promptcodec.vision.runtime import open_session, threads

# Drawn at this long side at least and at most, then resized: training saw nothing else.
SMALLEST, LARGEST = 192, 1024
# Held to the stream at this long side at most: larger pictures would take gigabytes.
HELD = 2048
# Sides of the maps are multiples of this: the network halves them twice.
STEP = 4
# Side of a tile with its margins, in pixels of the maps.
TILE = 256


def draw(table: str, conditions: Conditions, watch: Watch = UNWATCHED) -> Image.Image:
    """Draw.

    Args:
        table: the shipped network.
        conditions: a texture, with or without structure and description.
        watch: is told of each tile.

    Returns:
        RGB of ``conditions.size``.

    Raises:
        MissingError: onnxruntime is not installed, or the network's file is not the one that was shipped.
    """
    return draw_by(open_decoder(models.load(table)), conditions, watch)


def draw_by(decoder: Decoder, conditions: Conditions, watch: Watch = UNWATCHED) -> Image.Image:
    """Draw as ``draw``, with a network that is opened already."""
    # A function of its own: of a large picture, its floats are gone before the picture is made.
    image = _draw_held(decoder, conditions, watch)
    same = image.size == conditions.size
    return image if same else image.resize(conditions.size, Image.Resampling.BICUBIC)


def _draw_held(decoder: Decoder, conditions: Conditions, watch: Watch) -> Image.Image:
    """Draw at the size at which a picture is held to the stream."""
    size = working_size(conditions.size, SMALLEST, LARGEST)
    given = given_maps(conditions, size)
    words = None if conditions.description is None else maps.words(conditions.description)
    vector = maps.vector(max(size), conditions.strength, _present(conditions), words)
    drawn = run(decoder, given, vector, watch=watch)
    drawn += 1
    drawn *= np.float32(127.5)
    lattice.remove(drawn, STEP * maps.FACTOR)
    picture = drawn[:, : size[1], : size[0]].transpose(1, 2, 0)
    held = working_size(conditions.size, 1, HELD)
    if held != size:
        picture = _resize(picture, held)
    if conditions.coefficients is not None:
        picture = faithful.to_coefficients(picture, conditions.coefficients)
    return transform.rounded(picture.transpose(2, 0, 1))


def _present(conditions: Conditions) -> tuple[bool, bool, bool]:
    layers = (conditions.texture, conditions.structure, conditions.description)
    texture, structure, words = (layer is not None for layer in layers)
    return texture, structure, words


def given_maps(conditions: Conditions, size: tuple[int, int]) -> Floats:
    """Give the network's maps ``(DEPTH, height, width)`` of a picture of ``size``, its edges repeated."""
    step = STEP * maps.FACTOR
    columns, rows = (-(-side // step) * STEP for side in size)
    edges = (columns * maps.FACTOR / size[0], rows * maps.FACTOR / size[1])
    texture = structure = field = None
    if conditions.texture is not None:
        texture = maps.pixels(_padded(conditions.texture, size, (columns, rows), maps.FACTOR))
    if conditions.structure is not None:
        structure = maps.pixels(
            _padded(conditions.structure, size, (2 * columns, 2 * rows), maps.FACTOR // 2)
        )
    if conditions.description is not None:
        field = maps.sample(maps.colour_field(conditions.description), (0, 0, *edges), (columns, rows))
    noise = np.random.default_rng(conditions.seed).standard_normal((rows, columns), dtype=np.float32)
    return maps.stack(texture, structure, field, noise)


def _padded(image: Image.Image, size: tuple[int, int], wanted: tuple[int, int], factor: int) -> Image.Image:
    """Give a layer of a picture of ``size``, reduced by a factor, padded to ``wanted`` with its edges."""
    layer = image if image.size == size else image.resize(size, Image.Resampling.BICUBIC)
    values = np.asarray(layer)
    more = [(0, wanted[1] * factor - size[1]), (0, wanted[0] * factor - size[0])]
    whole = np.pad(values, more + [(0, 0)] * (values.ndim - 2), mode="edge")
    return Image.fromarray(whole).reduce(factor)


def _resize(picture: Floats, size: tuple[int, int]) -> Floats:
    planes = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(picture[..., n])).resize(size, Image.Resampling.LANCZOS)
        )
        for n in range(3)
    ]
    return np.stack(planes, -1)


class Decoder(NamedTuple):
    """A network, ready to draw.

    Attributes:
        draw: gives ``(3, FACTOR * height, FACTOR * width)`` of ``(DEPTH, height, width)`` maps and a vector.
        reach: how far it looks, in pixels of the maps.
    """

    draw: Callable[[Floats, Floats], Floats]
    reach: int


def run(
    decoder: Decoder, given: Floats, vector: Floats, tile: int = TILE, watch: Watch = UNWATCHED
) -> Floats:
    """Run the network, tile by tile where the maps are larger than one.

    Args:
        decoder: of ``open_decoder``.
        given: ``(DEPTH, height, width)``, sides multiples of STEP.
        vector: ``(VECTOR,)``.
        tile: side of the largest tile with its margins, a multiple of STEP.
        watch: is told of each tile.

    Returns:
        ``(3, FACTOR * height, FACTOR * width)``.
    """
    height, width = given.shape[1:]
    drawn = np.empty((3, height * maps.FACTOR, width * maps.FACTOR), np.float32)
    places = [
        (*down, *across)
        for down in _cuts(height, tile, decoder.reach)
        for across in _cuts(width, tile, decoder.reach)
    ]
    for done, (top, bottom, above, below, left, right, before, behind) in enumerate(places):
        watch.report(Progress("drawing", done, len(places)))
        output = decoder.draw(given[:, above:below, before:behind], vector)
        inner = [maps.FACTOR * at for at in (top - above, bottom - above, left - before, right - before)]
        outer = [maps.FACTOR * at for at in (top, bottom, left, right)]
        drawn[:, outer[0] : outer[1], outer[2] : outer[3]] = output[
            :, inner[0] : inner[1], inner[2] : inner[3]
        ]
    watch.report(Progress("drawing", len(places), len(places)))
    return drawn


def _cuts(length: int, tile: int, margin: int) -> list[tuple[int, int, int, int]]:
    """Cut a side: start and end of each tile, and of what the network has to see for it."""
    if length <= tile:
        return [(0, length, 0, length)]
    inner = tile - 2 * margin
    starts = range(0, length, inner)
    ends = [min(start + inner, length) for start in starts]
    return [
        (start, end, max(0, start - margin), min(length, end + margin))
        for start, end in zip(starts, ends, strict=True)
    ]


@functools.lru_cache(maxsize=2)
def open_decoder(model: bytes) -> Decoder:
    """Open a network: with the compiled core where that can draw, else with onnxruntime.

    Raises:
        MissingError: as ``onnx``.
    """
    draw = network.read(model).draw if network.fits(model) else by_runtime(model)
    return Decoder(draw, network.reach(model))


def by_runtime(model: bytes) -> Callable[[Floats, Floats], Floats]:
    """Give a function that draws with onnxruntime.

    Raises:
        MissingError: as ``onnx``.
    """
    session = open_session(model, "the trained decoder", threads())

    def draw(given: Floats, vector: Floats) -> Floats:
        feed = {"maps": np.ascontiguousarray(given[None]), "vector": vector[None]}
        picture: Floats = session.run(["picture"], feed)[0][0]
        return picture

    return draw

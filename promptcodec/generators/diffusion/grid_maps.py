"""What the small latent pipeline looks at: a stream's layers as maps at an eighth of the picture, and words.

Training packs and crops with the functions of this module, so both sides see the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.description import Box, Description, resolve
from promptcodec.description.model import MAX_SIDE, ORIENTATIONS, TEXTURES
from promptcodec.generators import maps
from promptcodec.vision.colour import Floats

Ints = npt.NDArray[np.int64]

# Pixels of the picture to one of the latents, both ways; layers are packed 2x2 at half of that.
FACTOR = 8
# The side of a square picture as it is drawn; of others the area is the same.
SIDE = 256
# Latents along a side, at least.
SMALLEST = 6
# Words kept of a cell, of the things that cover it, and of the whole picture.
CELL_WORDS, THING_WORDS, TOKENS = 6, 10, 24
LAYERS = ("texture", "structure", "colours", "words")
_TEXTURE, _STRUCTURE = 12, 4
# The colour field, the texture's pixels, the contours, which layers there are, how far down and right.
DEPTH = maps.FIELD_DEPTH + _TEXTURE + _STRUCTURE + len(LAYERS) + 2
VECTOR = len(LAYERS) + maps.WORDS
NOTHING = 0
_WORD = re.compile(r"[^\W\d_]+")
# They say nothing of a picture.
_IDLE = frozenset(
    ("a", "an", "and", "as", "at", "by", "for", "from", "in", "is", "of", "on", "the", "to", "with")
)


class Given(NamedTuple):
    """What the network is given of one picture beside the noise.

    Attributes:
        maps: ``(DEPTH, height, width)``.
        cells: ``(MAX_SIDE, MAX_SIDE, CELL_WORDS)`` numbers of words, NOTHING where there is none.
        things: ``(MAX_SIDE, MAX_SIDE, THING_WORDS)``, of the things that cover each cell.
        down: ``(height, MAX_SIDE)``, how much each row of cells is worth in each row of the maps.
        across: ``(width, MAX_SIDE)``, the same for columns.
        tokens: ``(TOKENS,)`` numbers of words of the whole picture.
        vector: ``(VECTOR,)``, which layers there are, and the hashed words.
    """

    maps: Floats
    cells: Ints
    things: Ints
    down: Floats
    across: Floats
    tokens: Ints
    vector: Floats


class Words(NamedTuple):
    """The words of a description, by number."""

    cells: Ints
    things: Ints
    tokens: Ints
    hashed: Floats


class Layers(NamedTuple):
    """What a stream carries, each at the size it is looked at; None for what it does not.

    Attributes:
        texture: ``(3, 2 * height, 2 * width)``, sRGB from -1 to 1.
        structure: ``(2 * height, 2 * width)``, 1 on contours.
        field: ``(FIELD_DEPTH, height, width)``, the colour field sampled.
        words: of the description; None draws as if only the colours had been named.
    """

    texture: Floats | None = None
    structure: Floats | None = None
    field: Floats | None = None
    words: Words | None = None


def split(text: str) -> list[str]:
    """Give the words of a text that say something."""
    return [word for word in _WORD.findall(text.lower()) if word not in _IDLE]


def whole(description: Description) -> list[str]:
    """Give the words of what holds for the whole picture, each once, what matters most first."""
    things = [part for thing in description.objects for part in (thing.name, *thing.attributes)]
    texts = [description.medium, description.summary, *things, description.light, description.mood]
    return list(dict.fromkeys(word for text in texts for word in split(text)))


def every_word(description: Description) -> list[str]:
    """Give all words of a description, each once."""
    cells = [word for cell in resolve(description) for word in split(cell.text)]
    return list(dict.fromkeys([*whole(description), *cells]))


def words(description: Description, numbers: Mapping[str, int]) -> Words:
    """Give the words of a description by number; words without one are left to the hashed counts.

    Args:
        description: what the stream says.
        numbers: of the vocabulary, from 1.
    """
    cells = np.zeros((MAX_SIDE, MAX_SIDE, CELL_WORDS), np.int64)
    things = np.zeros((MAX_SIDE, MAX_SIDE, THING_WORDS), np.int64)
    for index, cell in enumerate(resolve(description)):
        row, col = divmod(index, description.cols)
        cells[row, col] = _numbered(split(cell.text), numbers, CELL_WORDS)
        # The smallest first: what covers everything says least of a cell.
        over = sorted(
            (thing for thing in description.objects if _covers(thing.box, row + 1, col + 1)),
            key=lambda thing: (thing.box.bottom - thing.box.top + 1) * (thing.box.right - thing.box.left + 1),
        )
        named = [word for thing in over for part in (thing.name, *thing.attributes) for word in split(part)]
        things[row, col] = _numbered(dict.fromkeys(named), numbers, THING_WORDS)
    tokens = _numbered(whole(description), numbers, TOKENS)
    return Words(cells, things, tokens, maps.words(description))


def _covers(box: Box, row: int, col: int) -> bool:
    return box.top <= row <= box.bottom and box.left <= col <= box.right


def _numbered(texts: Iterable[str], numbers: Mapping[str, int], length: int) -> Ints:
    known = [numbers[word] for word in texts if word in numbers][:length]
    return np.array(known + [NOTHING] * (length - len(known)), np.int64)


def weights(count: int, start: float, end: float, wanted: int) -> Floats:
    """Give how much each of ``count`` cells is worth at points from ``start`` to ``end``, 0..1 being all.

    Returns:
        ``(wanted, MAX_SIDE)``: bilinear, as ``generators.maps.sample`` is.
    """
    spread = maps.sample(np.eye(count, dtype=np.float32)[None], (start, 0, end, 1), (wanted, 1))
    padded = np.zeros((wanted, MAX_SIDE), np.float32)
    padded[:, :count] = spread[:, 0].T
    return padded


def give(
    layers: Layers,
    grid: tuple[int, int],
    box: tuple[float, float, float, float],
    size: tuple[int, int],
) -> Given:
    """Put the layers together.

    Args:
        layers: what there is, cut to the box.
        grid: rows and columns of the description; of no matter without one.
        box: left, top, right, bottom of the part that is drawn, the picture's being 0, 0, 1, 1.
        size: columns and rows of the latents.

    Returns:
        Zeros stand for what is missing.
    """
    columns, rows = size
    stacked = np.zeros((DEPTH, rows, columns), np.float32)
    present = np.array([layer is not None for layer in layers], np.float32)
    at = 0
    for layer, depth in ((layers.field, maps.FIELD_DEPTH), (layers.texture, _TEXTURE)):
        if layer is not None:
            stacked[at : at + depth] = layer if len(layer) == depth else packed(layer)
        at += depth
    if layers.field is not None and layers.words is None:
        stacked[maps.FIELD_DEPTH - maps.CELL_WORDS : maps.FIELD_DEPTH] = 0
    if layers.structure is not None:
        stacked[at : at + _STRUCTURE] = packed(layers.structure[None])
    at += _STRUCTURE
    stacked[at:-2] = present[:, None, None]
    stacked[-2] = (2 * (box[1] + (np.arange(rows) + 0.5) / rows * (box[3] - box[1])) - 1)[:, None]
    stacked[-1] = 2 * (box[0] + (np.arange(columns) + 0.5) / columns * (box[2] - box[0])) - 1
    spoken = layers.words or nothing()
    return Given(
        stacked,
        spoken.cells,
        spoken.things,
        weights(grid[0], box[1], box[3], rows),
        weights(grid[1], box[0], box[2], columns),
        spoken.tokens,
        np.concatenate([present, spoken.hashed]).astype(np.float32),
    )


def nothing() -> Words:
    """Give the words of a picture of which none are known."""
    cells = np.zeros((MAX_SIDE, MAX_SIDE, CELL_WORDS), np.int64)
    things = np.zeros((MAX_SIDE, MAX_SIDE, THING_WORDS), np.int64)
    return Words(cells, things, np.zeros(TOKENS, np.int64), np.zeros(maps.WORDS, np.float32))


def packed(layer: Floats) -> Floats:
    """Put the pixels of each 2x2 block into channels: ``(n, 2 h, 2 w)`` to ``(4 n, h, w)``."""
    count, height, width = layer.shape
    blocks = layer.reshape(count, height // 2, 2, width // 2, 2)
    return np.asarray(blocks.transpose(0, 2, 4, 1, 3).reshape(4 * count, height // 2, width // 2), np.float32)


def contours(lines: Image.Image) -> Floats:
    """Give contours as floats, 1 where they are boldest, however far their picture was reduced."""
    values = np.asarray(lines, np.float32)
    return values / max(float(values.max()), 1.0)


def drawn_size(size: tuple[int, int]) -> tuple[int, int]:
    """Give the size at which a picture is drawn: whole latents, an area of about SIDE x SIDE."""
    scale = SIDE / (size[0] * size[1]) ** 0.5
    width, height = (max(round(side * scale / FACTOR), SMALLEST) * FACTOR for side in size)
    return width, height


def mirrored(field: Floats) -> Floats:
    """Mirror a colour field ``(rows, columns, FIELD_DEPTH)``; what rises falls."""
    turned = field[:, ::-1].copy()
    first = 6 + len(TEXTURES)
    rising, falling = (first + ORIENTATIONS.index(name) for name in ("rising", "falling"))
    turned[..., [rising, falling]] = turned[..., [falling, rising]]
    return turned

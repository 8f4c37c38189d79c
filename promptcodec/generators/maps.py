"""What the trained decoder looks at: a stream's layers as maps at a quarter of the picture, and a vector.

Training packs and crops with the functions of this module, so both sides see the same.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

import numpy as np
from PIL import Image

from promptcodec.description import Description, resolve
from promptcodec.description.model import ORIENTATIONS, TEXTURES
from promptcodec.generators.colour_field import PER_CELL, grid_colours, lay_out
from promptcodec.vision.colour import Floats, to_srgb

# Pixels of the picture to one of a map, both ways.
FACTOR = 4
# Buckets that words are hashed to: of one cell, of the whole picture.
CELL_WORDS, WORDS = 16, 64
# Share of the first colour in what a cell shows where nothing says more.
FIRST = 0.6
# Long side at which the scale is 0, and the scales (in octaves) that training covers.
USUAL_SIDE = 448
SCALES = (-1.25, 0.0)

_COLOURS = 6
FIELD_DEPTH = _COLOURS + len(TEXTURES) + len(ORIENTATIONS) + CELL_WORDS
LAYERS = ("texture", "structure", "words")
# Ground colours, which layers there are, contours of 2x2 half-size pixels, the colour field, noise.
DEPTH = 3 + len(LAYERS) + 4 + FIELD_DEPTH + 1
VECTOR = 2 + len(LAYERS) + WORDS
_WORD = re.compile(r"[^\W_]+")


def hashed(texts: Iterable[str], buckets: int) -> Floats:
    """Give the words of texts as signed counts in buckets, scaled to a length of about 1."""
    counts = np.zeros(buckets, np.float32)
    for text in texts:
        for word in _WORD.findall(text.lower()):
            code = zlib.crc32(word.encode())
            counts[code % buckets] += 1 if code >> 31 else -1
    return counts / np.float32(max(1.0, float(np.linalg.norm(counts))))


def words(description: Description) -> Floats:
    """Give what a description says of the whole picture, ``(WORDS,)``."""
    texts = [description.medium, description.summary, description.light, description.mood]
    things = [part for thing in description.objects for part in (thing.name, *thing.attributes)]
    return hashed([*texts, *things], WORDS)


def colour_field(description: Description) -> Floats:
    """Give what the cells say as a field, PER_CELL x PER_CELL nodes to a cell.

    Returns:
        ``(rows * PER_CELL, cols * PER_CELL, FIELD_DEPTH)``: both colours in sRGB from -1 to 1, texture,
        orientation, hashed words.
    """
    cells = resolve(description)
    rows, cols = description.rows, description.cols
    both = lay_out(cells, grid_colours(cells, rows, cols))
    colours = np.concatenate([to_srgb(lab) for lab in both], axis=-1) / 127.5 - 1
    rest = np.zeros((rows * cols, FIELD_DEPTH - _COLOURS), np.float32)
    for place, cell in zip(rest, cells, strict=True):
        place[: len(TEXTURES)] = [cell.texture == name for name in TEXTURES]
        place[len(TEXTURES) : -CELL_WORDS] = [cell.orientation == name for name in ORIENTATIONS]
        place[-CELL_WORDS:] = hashed([cell.text], CELL_WORDS)
    spread = rest.reshape(rows, cols, -1).repeat(PER_CELL, 0).repeat(PER_CELL, 1)
    return np.asarray(np.concatenate([colours, spread], axis=-1), np.float32)


def sample(grid: Floats, box: tuple[float, float, float, float], size: tuple[int, int]) -> Floats:
    """Interpolate a grid that covers a whole picture, bilinearly, in a part of it.

    Args:
        grid: ``(rows, columns, n)``.
        box: left, top, right, bottom of the part, the picture's being 0, 0, 1, 1; may reach outside.
        size: columns and rows wanted.

    Returns:
        ``(n, rows, columns)``.
    """
    across = _weights(grid.shape[1], box[0], box[2], size[0])
    down = _weights(grid.shape[0], box[1], box[3], size[1])
    return np.asarray(np.einsum("yr,rcn,xc->nyx", down, grid, across, optimize=True), np.float32)


def _weights(count: int, start: float, end: float, wanted: int) -> Floats:
    at = (start + (np.arange(wanted) + 0.5) / wanted * (end - start)) * count - 0.5
    at = np.clip(at, 0, count - 1)
    return np.asarray(np.maximum(0, 1 - np.abs(at[:, None] - np.arange(count))), np.float32)


def stack(texture: Floats | None, structure: Floats | None, field: Floats | None, noise: Floats) -> Floats:
    """Stack what there is of the layers.

    Args:
        texture: ``(3, height, width)`` sRGB from -1 to 1.
        structure: ``(2 * height, 2 * width)``, 1 on contours.
        field: ``(FIELD_DEPTH, height, width)``, the colour field sampled.
        noise: ``(height, width)``, standard normal.

    Returns:
        ``(DEPTH, height, width)``; zeros stand for what is missing.
    """
    height, width = noise.shape
    maps = np.zeros((DEPTH, height, width), np.float32)
    if texture is not None:
        maps[:3] = texture
    elif field is not None:
        maps[:3] = FIRST * field[:3] + (1 - FIRST) * field[3:_COLOURS]
    for number, layer in enumerate((texture, structure, field)):
        maps[3 + number] = layer is not None
    if structure is not None:
        maps[6:10] = structure.reshape(height, 2, width, 2).transpose(1, 3, 0, 2).reshape(4, height, width)
    if field is not None:
        maps[10 : 10 + FIELD_DEPTH] = field
    maps[-1] = noise
    return maps


def vector(
    side: float, strength: float, present: tuple[bool, bool, bool], word_counts: Floats | None
) -> Floats:
    """Give what holds for the whole picture.

    Args:
        side: its long side in pixels.
        strength: 0 faithful .. 1 vivid.
        present: which of LAYERS there are.
        word_counts: ``(WORDS,)`` of ``words``.

    Returns:
        ``(VECTOR,)``.
    """
    scale = float(np.clip(np.log2(side / USUAL_SIDE), *SCALES))
    rest = np.zeros(WORDS, np.float32) if word_counts is None else word_counts
    return np.concatenate([[scale, 2 * strength - 1, *present], rest]).astype(np.float32)


def pixels(image: Image.Image) -> Floats:
    """Give a picture as floats: RGB as ``(3, height, width)`` from -1 to 1, L as ``(height, width)`` 0..1."""
    values = np.asarray(image, np.float32)
    if values.ndim == 2:
        return np.asarray(values / 255, np.float32)
    return np.asarray(np.ascontiguousarray(values.transpose(2, 0, 1)) / 127.5 - 1, np.float32)

"""The structure layer: where the contours run, or how people stand.

One part is a byte, and what a range coder wrote:

    bits 6-7: 0 lines, 1 a bitmap, 2 poses
    bit 5: taller than wide; bits 0-4: short side of the canvas - 1, in 1/32 of the long side

For lines and bitmaps the range coder's part starts with the canvas' long side, an index into SIDES
in two equally likely bits; see ``maps`` and ``polylines`` for the rest, ``pose`` for poses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from promptcodec.entropy.bits import Coder, Model, tree
from promptcodec.errors import BitstreamError, BudgetError, EntropyError, NewerError, UsageError
from promptcodec.layers.structure import chains, edge_map, pose, strokes
from promptcodec.layers.structure.edge_map import decode_map, encode_map
from promptcodec.layers.structure.encoder import salience
from promptcodec.layers.structure.pose import encode_pose

__all__ = [
    "MINIMUM_BYTES",
    "coder_name",
    "decode",
    "decode_map",
    "decode_value",
    "encode",
    "encode_map",
    "encode_pose",
    "encode_value",
]

MINIMUM_BYTES = 3
SIDES = (32, 64, 128, 256)
KINDS = ("polylines", "bitmap", "pose")
_LINES, _BITMAP, _POSE = range(3)
_PARTS = 32
_GRID = 3
# From so many bytes on a canvas is worth trying; a finer one is taken where it carries as much.
_FROM = {64: 0, 128: 36, 256: 160}
# So many lines behind the last that fits are tried.
_TRIES = 12
# What a larger canvas may carry less: its lines lie truer.
_FINER = 0.7


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
    if edges not in salience.EDGES:
        raise UsageError(f"unknown edges {edges!r}; one of {', '.join(salience.EDGES)}")
    if budget < MINIMUM_BYTES:
        raise BudgetError(f"a structure layer needs at least {MINIMUM_BYTES} bytes, not {budget}")
    best, best_share = b"", -1.0
    for side, least in _FROM.items():
        if budget < least:
            continue
        part, share = _strongest(image, side, budget, edges)
        if share >= best_share * _FINER:
            best, best_share = part, share
    return best


def decode(data: bytes, size: tuple[int, int]) -> Image.Image:
    """Read contours, or poses, and draw them at ``size`` with soft flanks.

    Args:
        data: one whole part.
        size: width and height wanted, in pixels.

    Returns:
        Mode L of exactly ``size``, 255 on the lines, 0 off them.

    Raises:
        BitstreamError: the part is malformed.
    """
    kind, value = decode_value(data, size)
    if kind == "pose":
        return strokes.draw(pose.limbs(value, size), size)
    shape, content = value
    if isinstance(content, np.ndarray):
        return strokes.draw(strokes.of_pixels(content), size)
    grid, paths = content
    return strokes.draw(strokes.of_paths(paths, shape, grid), size)


def decode_value(data: bytes, size: tuple[int, int]) -> tuple[str, Any]:
    """Read a part without drawing it.

    Args:
        data: one whole part.
        size: width and height of the picture, for the scale of poses.

    Returns:
        what ``coder_name`` says, and for "pose" the JSON value; for the other two the rows and columns
        of the canvas and a bitmap of that shape, or the grid and the paths.

    Raises:
        BitstreamError: the part is malformed.
        NewerError: it is of a kind that a newer version added.
    """
    if not data:
        raise BitstreamError("a structure layer of no bytes", 0)
    kind = coder_name(data)
    if kind == "pose":
        return kind, pose.decode_pose(data, size)
    if kind == "unknown":
        raise NewerError(f"a structure layer that starts with {data[0]} needs a newer reader", 0)
    try:
        reader = chains.Reading(data[1:])
        side = SIDES[_side(reader)]
        canvas = _canvas(data[0], side)
        shape = (canvas[1], canvas[0])
        content = edge_map.read(reader, shape)
    except EntropyError as error:
        raise BitstreamError(f"a structure layer is damaged: {error}") from None
    # One value has one stream: a part that is cut off or followed by anything is seldom one.
    if _part(data[0], side, shape, content) != data:
        raise BitstreamError("a structure layer is damaged, cut off, or something follows it")
    return kind, (shape, content)


def encode_value(head: int, shape: tuple[int, int], content: edge_map.Content) -> bytes:
    """Code lines or a bitmap, as ``decode_value`` gives them, on a canvas of ``shape``.

    Args:
        head: the first byte of a part with that canvas.
        shape: rows and columns.
        content: no lattice node twice, none outside.
    """
    return _part(head, max(shape), shape, content)


def coder_name(data: bytes) -> str:
    """Name how a part is coded: "polylines", "bitmap", "pose" or "unknown"."""
    kind = data[0] >> 6 if data else len(KINDS)
    return KINDS[kind] if kind < len(KINDS) else "unknown"


def _side(coder: Coder, value: int = 0) -> int:
    return tree(coder, [Model() for _ in range(4)], 2, value)


def _head(size: tuple[int, int]) -> int:
    """Give a part's first byte for lines in a picture of ``size``."""
    long, short = max(size), min(size)
    return (size[1] > size[0]) << 5 | max(1, (2 * _PARTS * short + long) // (2 * long)) - 1


def _canvas(head: int, side: int) -> tuple[int, int]:
    """Give columns and rows of the canvas."""
    short = side * ((head & _PARTS - 1) + 1) // _PARTS
    return (short, side) if head & _PARTS else (side, short)


def _part(head: int, side: int, shape: tuple[int, int], content: edge_map.Content) -> bytes:
    kind = _BITMAP if isinstance(content, np.ndarray) else _LINES
    writer = chains.Writing()
    _side(writer, SIDES.index(side))
    edge_map.write(writer, shape, content)
    return bytes([head & 0x3F | kind << 6]) + writer.finish()


def _strongest(image: Image.Image, side: int, budget: int, edges: str) -> tuple[bytes, float]:
    """Code as many of the most salient lines as fit; give the part and the share of gradient it carries."""
    head = _head(image.size)
    found = salience.ranked(image, _canvas(head, side), _GRID, edges)

    def coded(chosen: Sequence[int]) -> bytes:
        return _part(head, side, found.shape, (_GRID, [found.paths[index] for index in chosen]))

    # The most that fit in order of rank, then whatever still fits of those behind.
    low, high = 0, len(found.paths)
    while low < high:
        middle = (low + high + 1) // 2
        if len(coded(range(middle))) <= budget:
            low = middle
        else:
            high = middle - 1
    chosen = list(range(low))
    for index in range(low + 1, min(low + 1 + _TRIES, len(found.paths))):
        if len(coded([*chosen, index])) <= budget:
            chosen.append(index)
    carried = sum(found.carried[index] for index in chosen)
    part = coded(chosen)
    if len(chosen) == len(found.paths):
        whole = _part(head, side, found.shape, found.truth)
        part = min(part, whole, key=len)
    return part, carried / found.total if found.total else 0.0

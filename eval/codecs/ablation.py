"""What in a description is worth its bytes: the grid, the order of cells, inheritance, the summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from eval.codecs import Plain
from eval.datasets import Item
from eval.versions import package_version
from promptcodec import bitstream, plugins, rate
from promptcodec.bitstream import Part, Stream
from promptcodec.description import Description
from promptcodec.description.model import Cell, ResolvedCell, resolve
from promptcodec.generators import Conditions
from promptcodec.layers import semantic
from promptcodec.layers.registry import PART_IDS
from promptcodec.vision.colour import cell_colours, nearest_names

ORDERS = ("raster", "resolved", "shuffled")
_SEED = 1


class Ablation(Plain):
    """Settings are ``key=value`` pairs: ``grid=4x6 order=shuffled summary=no``.

    - ``grid``: rows x columns; by the picture's shape where not said.
    - ``order``: ``raster`` as written, cells inheriting from neighbours; ``resolved`` the same with every
      cell saying all; ``shuffled`` these in a fixed order that no coder can know.
    - ``summary``, ``objects``: ``no`` leaves them out.

    Stream: a byte for the order, and a .pxt with nothing but words. Drawn by ``builtin``.
    """

    def __init__(self, entry: Mapping[str, Any], mode: str) -> None:
        super().__init__(entry, mode)
        self.variants = tuple(entry.get("generators", ("builtin",)))
        self.version = package_version()

    def encode(self, item: Item, image: Image.Image, setting: str) -> bytes:
        """Describe, rearrange, code."""
        options = dict(pair.split("=", 1) for pair in setting.split())
        if unknown := set(options) - {"grid", "order", "summary", "objects"}:
            raise ValueError(f"unknown setting {min(unknown)!r} in {setting!r}")
        shape = options.get("grid", "x".join(map(str, rate.grid(rate.DEFAULT_CELLS, image.size))))
        rows, cols = map(int, shape.split("x"))
        description = plugins.create("captioners", "local").describe(image, rows=rows, cols=cols)
        if options.get("summary") == "no":
            description = replace(description, summary="")
        if options.get("objects") == "no":
            description = replace(description, objects=(), lettering=())
        order = options.get("order", "raster")
        payload = semantic.encode(arrange(description, order))
        stream = Stream(*image.size, (Part(PART_IDS["semantic"], payload),))
        return bytes([ORDERS.index(order)]) + bitstream.write(stream)

    def decode(self, data: bytes, size: tuple[int, int], variant: str) -> Image.Image:
        """Put the cells back and draw."""
        stream = bitstream.read(data[1:])
        description = semantic.decode(stream.parts[0].payload)
        if ORDERS[data[0]] == "shuffled":
            places = permutation(len(description.cells))
            cells: list[Cell] = list(description.cells)
            for place, cell in zip(places, description.cells, strict=True):
                cells[place] = cell
            description = replace(description, cells=tuple(cells))
        drawn: Image.Image = plugins.create("generators", variant).generate(Conditions(size, 0, description))
        return drawn


def arrange(description: Description, order: str) -> Description:
    """Give the description with its cells as ``order`` has them."""
    if order == "raster":
        return description
    cells = tuple(map(_alone, resolve(description)))
    if order == "shuffled":
        cells = tuple(cells[place] for place in permutation(len(cells)))
    return replace(description, cells=cells)


def _alone(cell: ResolvedCell) -> Cell:
    """Let a resolved cell say all itself; a tone becomes the names nearest to the colours it makes."""
    names = tuple(dict.fromkeys(nearest_names(cell_colours(cell)))) if cell.tone else cell.colours
    arrangement = cell.arrangement if len(names) == len(cell.colours) else ""
    return replace(cell.alone(), colours=names, arrangement=arrangement)


def permutation(count: int) -> list[int]:
    """Give the fixed order of ``count`` cells."""
    return [int(place) for place in np.random.Generator(np.random.PCG64(_SEED)).permutation(count)]

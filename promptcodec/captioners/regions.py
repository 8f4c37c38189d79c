"""Cells of one noun that hang together: a sky, a wall, a group of trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from promptcodec.vision.boxes import Box

THINGS = {
    "aircraft", "animal", "bird", "boat", "bridge", "building", "chair", "column", "door", "flower", "food",
    "fruit", "furniture", "hand", "house", "lamp", "machine", "moon", "mountain", "rock", "screen", "shelf",
    "statue", "sun", "table", "tower", "toy", "tree", "vehicle", "vessel", "window",
}  # fmt: skip
"""Nouns of what has an outline; the others are of stuff, which cells say."""

LEAST = 2
"""Cells that a thing covers at least."""

MOST = 0.9
"""Share of the picture above which it is a surface: a knitted one has been called a building all over."""


@dataclass(frozen=True, slots=True)
class Region:
    """Cells of one noun, each beside, above or below another of them.

    Attributes:
        noun: of all of them.
        box: the smallest that holds them, as fractions.
        cells: how many.
        share: of the picture, 0..1.
    """

    noun: str
    box: Box
    cells: int
    share: float

    @property
    def is_thing(self) -> bool:
        """Say whether it is a thing large enough to be named by itself."""
        return self.noun in THINGS and self.cells >= LEAST and self.share <= MOST


def regions(nouns: Sequence[str], rows: int, cols: int) -> tuple[Region, ...]:
    """Join cells.

    Args:
        nouns: one per cell in raster order, ``""`` for silence.
        rows: rows of the grid.
        cols: columns of the grid.

    Returns:
        Regions, largest first.
    """
    left = {index for index, noun in enumerate(nouns) if noun}
    result = []
    while left:
        start = min(left)
        group, open_ends = {start}, [start]
        left.remove(start)
        while open_ends:
            row, col = divmod(open_ends.pop(), cols)
            beside = [(row - 1, col), (row + 1, col), (row, col - 1), (row, col + 1)]
            for index in (r * cols + c for r, c in beside if 0 <= r < rows and 0 <= c < cols):
                if index in left and nouns[index] == nouns[start]:
                    left.remove(index)
                    group.add(index)
                    open_ends.append(index)
        down, across = ([index // cols for index in group], [index % cols for index in group])
        box = (min(across) / cols, min(down) / rows, (max(across) + 1) / cols, (max(down) + 1) / rows)
        result.append(Region(nouns[start], box, len(group), len(group) / (rows * cols)))
    return tuple(sorted(result, key=lambda region: (-region.cells, region.box)))

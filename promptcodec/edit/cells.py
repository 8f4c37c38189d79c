"""Operations on the grid of a description: cells filled from around them, moved, left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from promptcodec.description import Box, Description, ResolvedCell, resolve
from promptcodec.edit.region import Flags
from promptcodec.edit.restate import restate
from promptcodec.errors import UsageError


def fill(cells: Sequence[ResolvedCell], chosen: Flags) -> list[ResolvedCell]:
    """Give the chosen cells what the nearest other ones stand for, beside before above or below.

    Raises:
        UsageError: no cell is left.
    """
    if chosen.all():
        raise UsageError("nothing would be left around it to fill it from; give a smaller box")
    down, across = np.nonzero(~chosen)
    result = list(cells)
    for row, col in zip(*np.nonzero(chosen), strict=True):
        # Scenes go on sideways: a step down counts one and a half.
        nearest = int(np.argmin(9 * (down - row) ** 2 + 4 * (across - col) ** 2))
        result[row * chosen.shape[1] + col] = cells[down[nearest] * chosen.shape[1] + across[nearest]]
    return result


def inside(box: Box, chosen: Flags) -> bool:
    """Say whether at least half of a box of cells is chosen."""
    return bool(chosen[box.top - 1 : box.bottom, box.left - 1 : box.right].mean() >= 0.5)


def without_things(description: Description, chosen: Flags) -> Description:
    """Leave out the objects and the lettering in the chosen cells."""
    return replace(
        description,
        objects=tuple(thing for thing in description.objects if not inside(thing.box, chosen)),
        lettering=tuple(item for item in description.lettering if not inside(item.box, chosen)),
    )


def move(description: Description, chosen: Flags, by: tuple[int, int]) -> Description:
    """Move the chosen cells, with their objects and lettering, by rows and columns; fill where they were.

    Raises:
        UsageError: nothing is left to fill from.
    """
    cells = resolve(description)
    result = fill(cells, chosen)
    target = np.zeros_like(chosen)
    for row, col in zip(*np.nonzero(chosen), strict=True):
        to = (row + by[0], col + by[1])
        if 0 <= to[0] < chosen.shape[0] and 0 <= to[1] < chosen.shape[1]:
            target[to] = True
            result[to[0] * chosen.shape[1] + to[1]] = cells[row * chosen.shape[1] + col]

    def places(box: Box) -> Box | None:
        """Give where a box is afterwards; None where something was moved over it."""
        if inside(box, chosen):
            return _shifted(box, by, chosen.shape)
        return None if inside(box, target) else box

    objects = [(thing, places(thing.box)) for thing in description.objects]
    lettering = [(item, places(item.box)) for item in description.lettering]
    return replace(
        restate(description, result),
        objects=tuple(replace(thing, box=box) for thing, box in objects if box),
        lettering=tuple(replace(item, box=box) for item, box in lettering if box),
    )


def _shifted(box: Box, by: tuple[int, int], grid: tuple[int, ...]) -> Box:
    rows = [min(max(row + by[0], 1), grid[0]) for row in (box.top, box.bottom)]
    cols = [min(max(col + by[1], 1), grid[1]) for col in (box.left, box.right)]
    return Box(rows[0], cols[0], rows[1], cols[1])

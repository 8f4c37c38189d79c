"""The colour field of a description: its cells as nodes on a finer grid, and what lies softly between them.

Every cell becomes PER_CELL x PER_CELL nodes. A node's colour reaches its surroundings with a
Gaussian weight; a few mean-shift steps then let each point side with the colours it is
already close to. Steps between unlike colours so become short, smooth curves instead of
the corners of the grid, and like colours run into each other.

Source: mean shift, Comaniciu and Meer 2002; bilateral filter, Tomasi and Manduchi 1998.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from promptcodec.description import ResolvedCell
from promptcodec.description.basic import names_in
from promptcodec.description.palette import PALETTE, TONE_STEP
from promptcodec.vision.colour import Floats, to_oklab

PER_CELL = 4
"""Nodes of the field along a side of a cell."""
REACH = 2
# In nodes: wide enough to round off a staircase of cells, narrow enough to keep a cell's own colour.
SIGMA = 0.95
# Oklab distance up to which colours count as shades of one thing and are blended.
LIKENESS = 0.11
SHIFTS = 3
# How much of the unsharpened field stays: the softness of edges.
SOFTNESS = 0.22
_GREY = "grey"


def grid_colours(cells: tuple[ResolvedCell, ...], rows: int, cols: int) -> Floats:
    """Give the two colours of every cell, twice the same where it has one.

    A cell without a colour takes one its text names, else the mean of its neighbours.

    Args:
        cells: resolved, in raster order.
        rows: of the grid.
        cols: of the grid.

    Returns:
        ``(rows, cols, 2, 3)`` Oklab.
    """
    colours = np.full((rows, cols, 2, 3), np.nan, np.float32)
    for index, cell in enumerate(cells):
        names = cell.colours or tuple(names_in(cell.text)[:1])
        if names:
            pair = to_oklab(np.array([PALETTE[names[0]], PALETTE[names[-1]]], np.float32))
            pair[:, 0] += TONE_STEP * cell.tone
            colours[divmod(index, cols)] = pair
    return _fill(colours)


def _fill(colours: Floats) -> Floats:
    """Spread the known cells over the unknown ones, ring by ring."""
    if np.isnan(colours).all():
        colours[:] = to_oklab(np.array(PALETTE[_GREY], np.float32))
    while np.isnan(colours).any():
        around = np.pad(colours, ((1, 1), (1, 1), (0, 0), (0, 0)), constant_values=np.nan)
        beside = np.stack([around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:]])
        known = ~np.isnan(beside)
        mean = np.where(known, beside, 0).sum(0) / np.maximum(known.sum(0), 1)
        reached = np.isnan(colours) & known.any(0)
        colours[reached] = mean[reached]
    colours[..., 0] = np.clip(colours[..., 0], 0, 1)
    return colours


def lay_out(cells: tuple[ResolvedCell, ...], colours: Floats) -> tuple[Floats, Floats]:
    """Lay the cells' colours out on the grid of nodes, and even out small steps.

    Args:
        cells: resolved, in raster order.
        colours: ``(rows, cols, 2, 3)`` Oklab.

    Returns:
        Two ``(rows * PER_CELL, cols * PER_CELL, 3)`` Oklab arrays. They differ only in cells of
        the arrangement "with", where the second holds the second colour; without any they are one.
    """
    rows, cols = colours.shape[:2]
    first = np.empty((rows, PER_CELL, cols, PER_CELL, 3), np.float32)
    second = np.empty_like(first)
    for index, cell in enumerate(cells):
        row, col = divmod(index, cols)
        one, other = colours[row, col]
        first[row, :, col] = second[row, :, col] = one
        if cell.arrangement == "over":
            first[row, PER_CELL // 2 :, col] = second[row, PER_CELL // 2 :, col] = other
        elif cell.arrangement == "beside":
            first[row, :, col, PER_CELL // 2 :] = second[row, :, col, PER_CELL // 2 :] = other
        else:
            second[row, :, col] = other
    shape = (rows * PER_CELL, cols * PER_CELL, 3)
    evened = _even_out(first.reshape(shape))
    return evened, evened if np.array_equal(first, second) else _even_out(second.reshape(shape))


def _even_out(nodes: Floats) -> Floats:
    """Turn small steps between cells into slopes, keeping every cell's mean."""
    rows, cols = nodes.shape[0] // PER_CELL, nodes.shape[1] // PER_CELL
    blocks = (rows, PER_CELL, cols, PER_CELL, 3)
    wanted = nodes.reshape(blocks).mean((1, 3), keepdims=True)
    index, weights = _places(nodes.shape[:2], *np.indices(nodes.shape[:2], np.float32))
    for _ in range(4):
        gathered = nodes.reshape(-1, 3)[index]
        nodes = _shift(gathered, weights, nodes.reshape(-1, 3)).reshape(nodes.shape)
        kept = nodes.reshape(blocks) + wanted - nodes.reshape(blocks).mean((1, 3), keepdims=True)
        nodes = kept.reshape(nodes.shape)
    return nodes


def spread(nodes: list[Floats], features: Floats, down: Floats, right: Floats) -> tuple[list[Floats], Floats]:
    """Evaluate the field of the nodes at points.

    Args:
        nodes: arrays ``(node rows, node columns, 3)`` of Oklab colours; the first decides
            with which nodes a point sides.
        features: ``(node rows, node columns, n)``, carried along with the colours.
        down: ``(height, width)`` positions in nodes, 0 at the middle of the first row.
        right: the same for columns.

    Returns:
        One ``(height, width, 3)`` field for each array of nodes, and ``(height, width, n)`` features.
    """
    fields = []
    carried = np.zeros((*down.shape, 0), np.float32)
    for number, colours in enumerate(nodes):
        gathered, weights = _neighbours(colours, down, right)
        soft = np.einsum("kp,kpc->pc", weights, gathered)
        point = soft
        for _ in range(SHIFTS):
            point = _shift(gathered, weights, point)
        fields.append((point + SOFTNESS * (soft - point)).reshape(*down.shape, 3))
        if number == 0 and features.shape[2]:
            own = weights * _likeness(gathered, point)
            own /= own.sum(0)
            nearby, _ = _neighbours(features, down, right)
            carried = np.einsum("kp,kpc->pc", own, nearby).reshape(*down.shape, -1)
    return fields, np.asarray(carried, np.float32)


def _neighbours(nodes: Floats, down: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Gather the nodes around each point: values ``(k, points, n)`` and weights ``(k, points)``."""
    index, weights = _places(nodes.shape[:2], down, right)
    return nodes.reshape(-1, nodes.shape[2])[index], weights


def _places(grid: tuple[int, ...], down: Floats, right: Floats) -> tuple[npt.NDArray[np.int32], Floats]:
    """Give which nodes of a grid are around each point, and their weights, ``(k, points)`` each."""
    rows, columns = grid
    steps = np.arange(-REACH, REACH + 1)
    places, falls = [], []
    for position, length in ((down.ravel(), rows), (right.ravel(), columns)):
        at = np.rint(position).astype(np.int32) + steps[:, None]
        falls.append(np.exp(-((at - position) ** 2) / (2 * SIGMA**2)).astype(np.float32))
        places.append(np.clip(at, 0, length - 1))
    index = places[0][:, None] * columns + places[1][None]
    weights = falls[0][:, None] * falls[1][None]
    weights /= weights.sum((0, 1))
    count = steps.size**2
    return index.reshape(count, -1), weights.reshape(count, -1)


def _shift(gathered: Floats, weights: Floats, point: Floats) -> Floats:
    """Move each point's colour to the mean of the nearby nodes it is like."""
    own = weights * _likeness(gathered, point)
    moved: Floats = np.einsum("kp,kpc->pc", own, gathered) / own.sum(0)[:, None]
    return moved


def _likeness(gathered: Floats, point: Floats) -> npt.NDArray[np.float32]:
    apart = gathered - point
    # The floor keeps a point without any like neighbour from dividing by nothing.
    alike = np.exp(np.einsum("kpc,kpc->kp", apart, apart) / (-2 * LIKENESS**2)) + 1e-6
    return np.asarray(alike, np.float32)

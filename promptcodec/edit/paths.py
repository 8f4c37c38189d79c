"""Operations on the paths of the lattice: some of their nodes deleted or mapped elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np

from promptcodec.edit.region import Flags, Region
from promptcodec.layers.structure import lattice
from promptcodec.layers.structure.lattice import STEPS, Path

Node = tuple[int, int]
Place = tuple[float, float]
"""Right and down, in 0..1 of width and height."""
Map = Callable[[Place], Place] | None
"""Where a place goes; None: it is deleted."""


def change(
    under: Sequence[Path],
    paths: Sequence[Path],
    canvas: tuple[tuple[int, int], int],
    box: Region,
    there: Map,
    *,
    own: bool,
) -> list[Path]:
    """Map what lies in a region elsewhere; what was moved stays whole where it meets what stayed.

    Args:
        under: what it is put into.
        paths: what it is taken from.
        canvas: rows and columns in pixels, and pixels between nodes.
        box: the region.
        there: where each place goes.
        own: both are the same, and what moves leaves them.
    """
    shape, grid = canvas
    marked = inside(box, shape, grid)
    moved: list[list[Node]] = []
    if there is not None:
        pieces = [piece for path in paths for piece in _runs(lattice.nodes(path), marked, inside=True)]
        moved = [
            _joined([_node(there(_place(node, shape, grid)), shape, grid) for node in piece])
            for piece in pieces
        ]
    if own:
        kept = [piece for path in under for piece in _runs(lattice.nodes(path), marked, inside=False)]
    else:
        kept = [lattice.nodes(path) for path in under]
    return _paths([*moved, *kept], lattice.shape(shape, grid))


def inside(box: Region, shape: tuple[int, int], grid: int) -> Flags:
    """Mark the nodes whose pixel's middle lies in a region."""
    pixels = box.cover(*shape) >= 0.5
    rows, cols = lattice.shape(shape, grid)
    down = np.minimum(np.arange(rows) * grid + grid // 2, shape[0] - 1)
    right = np.minimum(np.arange(cols) * grid + grid // 2, shape[1] - 1)
    return np.asarray(pixels[down[:, None], right[None]], np.bool_)


def _runs(nodes: Sequence[Node], marked: Flags, *, inside: bool) -> Iterable[list[Node]]:
    """Give the stretches of a path inside a region, or outside; cut off single nodes are no line."""
    run: list[Node] = []
    for node in [*nodes, None]:
        if node is not None and bool(marked[node]) is inside:
            run.append(node)
            continue
        if len(run) > 1 or len(run) == len(nodes):
            yield run
        run = []


def _place(node: Node, shape: tuple[int, int], grid: int) -> Place:
    half = grid // 2 + 0.5
    return (node[1] * grid + half) / shape[1], (node[0] * grid + half) / shape[0]


def _node(place: Place, shape: tuple[int, int], grid: int) -> Node:
    half = grid // 2 + 0.5
    return round((place[1] * shape[0] - half) / grid), round((place[0] * shape[1] - half) / grid)


def _joined(nodes: Sequence[Node]) -> list[Node]:
    """Join nodes by steps to neighbours."""
    joined = [nodes[0]]
    for down, right in nodes[1:]:
        at = joined[-1]
        count = max(abs(down - at[0]), abs(right - at[1]))
        joined += [
            (at[0] + round((down - at[0]) * step / count), at[1] + round((right - at[1]) * step / count))
            for step in range(1, count + 1)
        ]
    return joined


def _paths(pieces: Iterable[Sequence[Node]], limit: tuple[int, int]) -> list[Path]:
    """Make paths that share no node, the first pieces whole; what is outside is left out."""
    used: set[Node] = set()
    paths = []
    for piece in pieces:
        run: list[Node] = []
        for node in [*piece, None]:
            free = (
                node is not None and node not in used and 0 <= node[0] < limit[0] and 0 <= node[1] < limit[1]
            )
            if node is not None and free:
                if run and max(abs(node[0] - run[-1][0]), abs(node[1] - run[-1][1])) > 1:
                    paths.append(_path(run))
                    run = []
                run.append(node)
                used.add(node)
            elif run and (node is None or node != run[-1]):
                paths.append(_path(run))
                run = []
    return paths


def _path(nodes: Sequence[Node]) -> Path:
    steps = [STEPS.index((b[0] - a[0], b[1] - a[1])) for a, b in pairwise(nodes)]
    return Path(nodes[0], tuple(steps))

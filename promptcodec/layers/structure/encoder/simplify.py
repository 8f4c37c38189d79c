"""From curves to paths that share no node and are worth their bits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from promptcodec.layers.structure import lattice
from promptcodec.layers.structure.bitmap import Bitmap
from promptcodec.layers.structure.encoder.contours import Curve, dilate
from promptcodec.layers.structure.encoder.fit import CURVE_BITS, TURN_BITS, fit
from promptcodec.layers.structure.lattice import STEPS, Path


def paths(truth: Bitmap, curves: Sequence[Curve], grid: int, penalty: float) -> list[Path]:
    """Fit every curve; paths are longest first."""
    near = dilate(truth).tolist()
    ordered = sorted(curves, key=len, reverse=True)
    return [fit(curve, near, grid, penalty)[0] for curve in ordered]


def bits(path: Path) -> float:
    """Estimate what a path costs."""
    total = CURVE_BITS
    for before, after in pairwise(path.steps):
        total += TURN_BITS[abs(lattice.turn(before, after))]
    return total


def runs(path: Path, used: set[tuple[int, int]]) -> list[Path]:
    """Split a path where it meets used nodes, or itself; does not change ``used``."""
    own: set[tuple[int, int]] = set()
    pieces: list[Path] = []
    piece: list[tuple[int, int]] = []
    for node in lattice.nodes(path):
        if node in used or node in own:
            if piece:
                pieces.append(_path(piece))
            piece = []
        else:
            own.add(node)
            piece.append(node)
    return [*pieces, _path(piece)] if piece else pieces


def _path(places: list[tuple[int, int]]) -> Path:
    """Give the path of nodes, from whichever end comes first in raster order."""
    if places[-1] < places[0]:
        places.reverse()
    steps = (STEPS.index((after[0] - before[0], after[1] - before[1])) for before, after in pairwise(places))
    return Path(places[0], tuple(steps))


def worthwhile(truth: Bitmap, fitted: Sequence[Path], grid: int, price: float) -> list[Path]:
    """Keep the runs that newly cover pixels of the truth at no more than ``price`` bits each."""
    missing = {
        (down, right) for down, right in zip(*(part.tolist() for part in truth.nonzero()), strict=True)
    }
    used: set[tuple[int, int]] = set()
    kept = []
    for path in fitted:
        for run in runs(path, used):
            covered = covers(run, grid, missing)
            if bits(run) <= price * len(covered):
                kept.append(run)
                missing -= covered
                used.update(lattice.nodes(run))
    return kept


def covers(path: Path, grid: int, missing: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Give the pixels of ``missing`` within one pixel of a path."""
    return {
        (y, x)
        for down, right in lattice.pixels(path, grid)
        for y in (down - 1, down, down + 1)
        for x in (right - 1, right, right + 1)
        if (y, x) in missing
    }

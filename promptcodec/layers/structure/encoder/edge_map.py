"""An edge map as bytes: not the same pixels when read, but nearly all of them within one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptcodec.layers.structure import lattice
from promptcodec.layers.structure.bitmap import Bitmap
from promptcodec.layers.structure.edge_map import MAX_PIXELS, encode_content
from promptcodec.layers.structure.encoder import contours, simplify
from promptcodec.layers.structure.lattice import Path

FIDELITY = 0.97
"""The least F1 within one pixel (a pixel's eight neighbours count as near)."""
GRIDS = (3, 2)
_PENALTIES = (2.0, 6.0)
# Bits a covered pixel may cost.
_CHEAP, _DEAR = 0.4, 30.0
_HALVINGS = 7


def encode_map(truth: Bitmap) -> bytes:
    """Code an edge map; see ``promptcodec.layers.structure.encode_map``."""
    if truth.ndim != 2 or not 0 < truth.size <= MAX_PIXELS:
        raise ValueError(f"an edge map has two sides and 1..{MAX_PIXELS} pixels, not {truth.shape}")
    shape = (truth.shape[0], truth.shape[1])
    candidates = [encode_content(shape, lines) for lines in faithful(truth)]
    if not candidates or len(candidates[0]) * 8 > truth.sum() * _CHEAP:
        candidates.append(encode_content(shape, truth))
    return min(candidates, key=len)


def faithful(truth: Bitmap) -> Iterator[tuple[int, list[Path]]]:
    """Give the fewest lines on the coarsest grid, and under the least penalty, that keep FIDELITY."""
    curves = contours.trace(truth)
    rows, columns = truth.shape
    for grid in GRIDS:
        for penalty in _PENALTIES:
            fitted = simplify.paths(truth, curves, grid, penalty)
            kept = _cheapest(truth, fitted, (rows, columns), grid)
            if kept is not None:
                yield grid, kept
                return


def _cheapest(truth: Bitmap, fitted: Sequence[Path], shape: tuple[int, int], grid: int) -> list[Path] | None:
    """Find the least price per pixel that keeps FIDELITY; None where none does."""
    low, high, best = _CHEAP, _DEAR, None
    price = high
    for _ in range(_HALVINGS + 1):
        kept = simplify.worthwhile(truth, fitted, grid, price)
        if contours.f1(truth, lattice.draw(kept, shape, grid)) >= FIDELITY:
            best, high = kept, price
        elif best is None:
            return None
        else:
            low = price
        price = (low * high) ** 0.5
    return best

"""Make the shipped table of the structure layer, ``promptcodec/models/structure-1.bin``.

Run: python -m training.structure --data DIR [--limit N] [--jobs N]

Maps are Canny edges of DIR/train at 64, 128 and 256 pixels; their paths and bitmaps are walked by the
coders themselves, with symbols that count instead of writing.
"""

from __future__ import annotations

import argparse
import hashlib
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.entropy.bitio import AdaptiveBit, BitCounter
from promptcodec.entropy.rangecoder import BIT_ONE
from promptcodec.layers.structure import bitmap, chains, lattice
from promptcodec.layers.structure.chain_models import COUNT, LAYOUT, START_KINDS, WEIGHT_ONE, Models
from promptcodec.layers.structure.encoder import contours, simplify
from training import tables

SIDES = (64, 128, 256)
GRIDS = (2, 3)
# Bits a covered pixel may cost: what maps of F1 0.97 keep, and what a budget keeps.
PRICES = (1.5, 6.0)
PENALTY = 2.0
DOUBT = 8.0
"""A context weighs as much as what is known without it after so many bits."""
Floats = npt.NDArray[np.float64]


class Weights(Sequence[int]):
    """Equal weights of a start, which remember what kind of start was asked for last."""

    def __init__(self) -> None:
        self.kind = 0

    def __len__(self) -> int:
        return START_KINDS

    def __getitem__(self, kind: int) -> int:
        self.kind = kind
        return WEIGHT_ONE


class Counter(BitCounter):
    """Count symbols by the numbers of their models."""

    def __init__(self, models: int) -> None:
        super().__init__()
        self.counts = np.zeros((models, 2))
        self.weights = Weights()
        self.starts = np.zeros((START_KINDS, 2))
        self.directions = np.zeros(8)

    def adaptive(self, model: AdaptiveBit, value: int) -> None:
        """Count a bit; ``model.one`` is the model's number."""
        self.counts[model.one, int(value)] += 1

    def bit(self, one: int, value: int) -> None:
        """Count a start, and what equal weights expect."""
        self.starts[self.weights.kind] += (value, one / BIT_ONE)

    def symbol(self, frequencies: Sequence[int], value: int) -> None:
        """Count a first step; the frequencies are the numbers of the directions here."""
        self.directions[frequencies[value] - 1] += 1


def numbered(count: int) -> list[AdaptiveBit]:
    """Give models whose chance is their number."""
    return [AdaptiveBit(number) for number in range(count)]


def count(path: Path) -> tuple[Floats, Floats, Floats, Floats]:
    """Walk one picture's maps."""
    lines, pixels = Counter(COUNT), Counter(bitmap.CONTEXTS)
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    contexts = numbered(bitmap.CONTEXTS)
    bits = numbered(COUNT)
    for side in SIDES:
        truth = contours.edges(contours.shrink(picture, side))
        bitmap.write(pixels, contexts, truth)
        curves = contours.trace(truth)
        for grid in GRIDS:
            fitted = simplify.paths(truth, curves, grid, PENALTY)
            for price in PRICES:
                kept = simplify.worthwhile(truth, fitted, grid, price)
                models = Models(lines.weights, range(1, 9), bits, grid)
                chains.write(lines, models, lattice.shape(truth.shape, grid), kept)
    return lines.counts, lines.starts, lines.directions, pixels.counts


def shrunk(counts: Floats, parents: Floats) -> Floats:
    """Give chances of a 1 from ``(n, 2)`` counts, pulled towards the parents' chances."""
    ones: Floats = (counts[:, 1] + DOUBT * parents) / (counts.sum(1) + DOUBT)
    return ones


def chances(counts: Floats, radices: Sequence[int]) -> Floats:
    """Give chances of contexts that are digits, the most telling first, each pulled towards its prefix."""
    known = np.full(1, (counts[:, 1].sum() + 0.5) / (counts.sum() + 1))
    size = 1
    for radix in radices:
        size *= radix
        level = counts.reshape(size, -1, 2).sum(1)
        known = shrunk(level, np.repeat(known, radix))
    return known


def chain_chances(bits: Floats) -> Iterator[Floats]:
    """Give the chances of all models of ``chain_models.Models``, in its order."""
    at = 0
    for radices, kinds in LAYOUT:
        size = int(np.prod(radices)) * kinds
        part = bits[at : at + size].reshape(-1, kinds, 2)
        yield np.stack([chances(part[:, kind], radices) for kind in range(kinds)], 1).reshape(-1)
        at += size


def packed(ones: Floats) -> bytes:
    """Give a byte each: (2 b + 1) / 512 is the chance of a 1."""
    return bytes(np.clip(ones * 256, 0, 255).astype(np.uint8))


def main() -> None:
    """Count, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=240)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    begun = time.perf_counter()
    # Chosen by the hash of the name, so that a smaller limit takes a part of the same pictures; those
    # whose hash starts with 0 are held out.
    named = {
        path: hashlib.sha256(path.name.encode()).hexdigest()
        for path in (options.data / "train").glob("*.webp")
    }
    chosen = sorted((path for path in named if not named[path].startswith("0")), key=named.__getitem__)
    with ProcessPoolExecutor(options.jobs) as pool:
        bits, starts, directions, pixels = (
            np.sum(parts, 0)
            for parts in zip(*pool.map(count, chosen[: options.limit], chunksize=4), strict=True)
        )
    weights = (starts[:, 0] + 1) / (starts[:, 1] + 1) * WEIGHT_ONE
    frequencies = np.maximum(directions / directions.sum() * 255, 1)
    content = (
        bytes(np.clip(weights.round(), 1, 255).astype(np.uint8))
        + bytes(frequencies.round().astype(np.uint8))
        + b"".join(packed(part) for part in chain_chances(bits))
        + packed(chances(pixels, [2] * len(bitmap.TEMPLATE)))
    )
    small = zlib.compress(content, 9)
    tables.write("structure-1", "structure-1.bin", small, source="python -m training.structure --data DIR")
    print(f"{len(chosen[: options.limit])} pictures, {len(small)} bytes, {time.perf_counter() - begun:.0f} s")
    print("weights", weights.round(1), "first steps", frequencies.round())


if __name__ == "__main__":
    main()

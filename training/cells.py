"""Make the table of the grid symbols, ``promptcodec/models/cells-1.bin``: counts over real descriptions.

Run: python -m training.cells --data DIR

The table of ``promptcodec.layers.semantic.cell_model`` has a row of frequencies per context. A row adds up
to about 255 where the context was seen often, to less where it was not: rare contexts weigh little.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from promptcodec.description import parse_text
from promptcodec.entropy.bitio import BitCounter
from promptcodec.layers.semantic import cells
from promptcodec.layers.semantic.cell_model import KINDS, Contexts
from training import tables
from training.local_texts import load
from training.texts import DATA, HERE

# Observations at which a context has half its full weight.
HALF = {"colour-left": 40, "colour-above": 40, "colour-second": 40}
DEFAULT_HALF = 6
FULL = 255


class _Counter:
    """Stands where the frequencies of symbols stand and counts in which contexts each comes."""

    def __init__(self) -> None:
        self.counts = {kind: np.zeros((contexts, size)) for kind, (size, contexts) in KINDS.items()}

    def give(self, contexts: Contexts) -> list[int]:
        """Give equal frequencies."""
        return [1] * KINDS[contexts[0][0]][0]

    def learn(self, contexts: Contexts, value: int) -> None:
        """Count one symbol in all its contexts."""
        for kind, index in contexts:
            self.counts[kind][index, value] += 1


def rows(texts: list[str]) -> bytes:
    """Count canonical texts and give the table's content."""
    counter = _Counter()
    for text in texts:
        description = parse_text(text)
        cells.write(BitCounter(), counter, description.cells, description.rows, description.cols)
    table = b""
    for kind, seen in counter.counts.items():
        total = seen.sum(axis=1, keepdims=True)
        weight = FULL * total / (total + HALF.get(kind, DEFAULT_HALF))
        table += np.round(seen / np.maximum(total, 1) * weight).clip(0, FULL).astype(np.uint8).tobytes()
    return table


def main() -> None:
    """Make the table and say what held-out grids cost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE.parent / DATA)
    parser.add_argument("--limit", type=int, help="pictures")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    train, held_out = load(options.data, options.limit, options.jobs)
    tables.write("cells-1", "cells-1.bin", rows(train), source="python -m training.cells --data DIR")
    sizes = []
    for text in held_out:
        grid = parse_text(text)
        sizes.append((len(cells.encode(grid.cells, grid.rows, grid.cols)), grid.rows * grid.cols))
    coded, count = np.array(sizes).sum(axis=0)
    print(f"{len(train)} descriptions counted; {len(held_out)} held out: {coded * 8 / count:.2f} bits a cell")


if __name__ == "__main__":
    main()

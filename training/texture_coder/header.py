"""What headers say, of training pictures coded at many budgets: the frequencies of their symbols."""

from __future__ import annotations

from multiprocessing import Pool
from pathlib import Path

import numpy as np
from PIL import Image

from promptcodec.layers.texture import learned
from promptcodec.layers.texture.dct.stream import length_class
from promptcodec.layers.texture.learned import model
from promptcodec.layers.texture.learned.stream import read

LEAST, MOST, TIMES = 12, 2500, 3
SEED = 4
MIXED = 0.02
"""What every symbol has of the chances at least, as one of so many equally likely ones."""
NEAR = 2.0
"""Classes over which counts are spread, where they are an order."""


def heads(job: tuple[Path, int]) -> list[tuple[int, int, int, int, int]]:
    """Give length class, shape, size, quality and count of a picture at a few budgets."""
    path, number = job
    rng = np.random.default_rng((SEED, number))
    with Image.open(path) as file:
        image = file.convert("RGB")
    result = []
    for budget in np.exp(rng.uniform(np.log(LEAST), np.log(MOST), TIMES)):
        data = learned.encode(image, round(budget), effort=4)
        content = read(data)
        result.append((length_class(len(data)), content.shape, content.size, content.quality, content.count))
    return result


def header(paths: list[Path]) -> dict[str, np.ndarray]:
    """Give frequencies of ``shapes``, ``sizes``, ``qualities``, ``counts``: whole numbers from 1 to 255."""
    with Pool() as pool:
        rows = [
            row
            for group in pool.imap_unordered(heads, zip(paths, range(len(paths)), strict=True), 8)
            for row in group
        ]
    tables = {name: np.zeros(model.HEAD[name][:2]) for name in ("shapes", "sizes", "qualities", "counts")}
    for kind, shape, size, quality, count in rows:
        tables["shapes"][0, shape] += 1
        tables["sizes"][kind, size] += 1
        tables["qualities"][size, quality] += 1
        tables["counts"][quality, count] += 1
    return {
        "shapes": whole(tables["shapes"]),
        "sizes": whole(spread(tables["sizes"], (0.7, 0.4))),
        "qualities": whole(spread(tables["qualities"], (0.4, NEAR))),
        "counts": whole(spread(tables["counts"], (NEAR, 0.7))),
    }


def spread(table: np.ndarray, widths: tuple[float, float]) -> np.ndarray:
    """Spread counts over what lies near, by rows and columns."""
    down, across = (
        np.exp(-0.5 * (np.subtract.outer(np.arange(count), np.arange(count)) / width) ** 2)
        for count, width in zip(table.shape, widths, strict=True)
    )
    return np.asarray(down @ table @ across)


def whole(table: np.ndarray) -> np.ndarray:
    """Give rows as frequencies of 8 bits."""
    rows = table + 1e-9
    rows = rows / rows.sum(1, keepdims=True) * (1 - MIXED) + MIXED / rows.shape[1]
    return np.clip(np.rint(255 * rows / rows.max(1, keepdims=True)), 1, 255)

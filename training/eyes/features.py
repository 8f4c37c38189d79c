"""What the network sees of the labelled pictures, kept in ``build/eyes`` (a second a dozen pictures)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from promptcodec.vision import cell_nouns, maps
from promptcodec.vision.colour import Floats
from training.labelled import Label
from training.texts import HERE

FIELDS = ("cells", "whole")

CACHE = HERE.parent / "build" / "eyes"


@dataclass(frozen=True, slots=True)
class View:
    """A picture as it is or mirrored.

    Attributes:
        cells: ``(rows * cols, n)`` inputs of the head of the cells.
        whole: ``(m,)`` of ``maps.Seen``.
    """

    cells: Floats
    whole: Floats


def see(data: Path, file: str, *, mirrored: bool) -> View:
    """Give a view of a picture of ``data/train``; halves of floats from the second time on."""
    path = CACHE / f"{file}.{int(mirrored)}.npz"
    if not path.exists():
        image = Image.open(data / "train" / file).convert("RGB")
        view = look(ImageOps.mirror(image) if mirrored else image)
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays = {name: getattr(view, name) for name in FIELDS}
        np.savez(path, **{name: array.astype(np.float16) for name, array in arrays.items()})
    with np.load(path) as stored:
        return View(*(stored[name].astype(np.float32) for name in FIELDS))


def look(image: Image.Image) -> View:
    """Give a view of a picture."""
    rows, cols = (4, 6) if image.width >= image.height else (6, 4)
    seen = maps.look(image)
    return View(cell_nouns.inputs(seen, rows, cols), seen.whole)


def views(data: Path, labels: Sequence[Label]) -> Iterator[tuple[int, bool, View]]:
    """Give both views of every picture with its index."""
    for index, label in enumerate(labels):
        for mirrored in (False, True):
            yield index, mirrored, see(data, label.file, mirrored=mirrored)

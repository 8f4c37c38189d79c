"""Bytes of descriptions alone, their cells' colours stored, and beside a colour map that shows these.

Two kinds: the embedded captioner's own, and written ones (400 characters) whose cells have the colours and
textures that the embedded captioner names there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import promptcodec
from eval import written
from promptcodec.description import Cell, Description, resolve
from promptcodec.description.coarsen import explicit
from promptcodec.layers import derived, semantic
from promptcodec.vision.load import load_image

CHARACTERS = 400
NOUNS = "written, nouns alone"
KINDS = ("written", NOUNS, "local")


def coloured(nouns: Description, colours: Description) -> Description:
    """Give the cells of one description the colours and textures of another on the same grid.

    A cell that continues a neighbour of the same noun leaves the noun out, as captioners do.
    """
    alone = explicit(colours).cells
    shows = [cell.text for cell in nouns.cells]
    cells: list[Cell] = []
    for index, (noun, cell) in enumerate(zip(shows, colours.cells, strict=True)):
        if not cell.continues:
            cells.append(replace(cell, text=noun))
            continue
        inherited = shows[index - (1 if cell.continues == "left" else nouns.cols)]
        if noun or not inherited:
            cells.append(replace(cell, text="" if noun == inherited else noun))
        else:
            cells.append(replace(alone[index], text=""))
    result = replace(nouns, cells=tuple(cells))
    assert [cell.text for cell in resolve(result)] == shows, "a cell shows another noun"
    return result


def measure(path: Path, nouns: Description) -> list[dict[str, Any]]:
    """Count the bytes of one picture's descriptions, alone and beside a map."""
    image = load_image(path.read_bytes())
    local = promptcodec.describe(image, grid=(nouns.rows, nouns.cols))
    whole = coloured(nouns, local)
    rows = []
    for kind, alone, beside in (
        ("written", whole, derived.strip(whole)),
        (NOUNS, whole, nouns),
        ("local", local, derived.strip(local)),
    ):
        sizes = {"alone": len(semantic.encode(alone)), "beside": len(semantic.encode(beside, with_map=True))}
        rows.append({"file": written.name_of(path), "kind": kind, **sizes})
    return rows


def run(paths: Sequence[Path], jobs: int) -> list[dict[str, Any]]:
    """Measure pictures that have written descriptions."""
    nouns = [written.descriptions()[written.name_of(path), CHARACTERS] for path in paths]
    with ProcessPoolExecutor(jobs) as pool:
        return [row for rows in pool.map(measure, paths, nouns) for row in rows]


def means(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give mean bytes of each kind, and their ratio."""
    for kind in KINDS:
        own = [row for row in rows if row["kind"] == kind]
        alone, beside = (float(np.mean([row[form] for row in own])) for form in ("alone", "beside"))
        yield {"kind": kind, "n": len(own), "alone": alone, "beside": beside, "ratio": beside / alone}

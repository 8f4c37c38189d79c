"""An edit for each operation that a stream allows, with the cells it is about."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec import decode, reading
from promptcodec.description import Description, from_json, resolve
from promptcodec.edit import Edit, curves, words
from promptcodec.edit.region import Region
from promptcodec.edit.state import open_state
from promptcodec.vision.colour import palette_oklab, to_oklab

GENERATOR = "builtin:classical"
Flags = npt.NDArray[np.bool_]


class Case(NamedTuple):
    """An edit and the cells it is about; None where it is about all of the picture."""

    edit: Edit
    cells: Flags | None


def cases(data: bytes) -> Iterator[Case]:
    """Choose a region for each operation that a stream allows."""
    description = from_json(reading.inspect(data)["description"])
    rows, cols = description.rows, description.cols
    tall, wide = max(1, round(rows / 3)), max(1, round(cols / 3))
    top, left = (rows - tall) // 2, cols - wide - 1 if cols > wide + 1 else 0
    box = _flags(rows, cols, top, left, tall, wide)
    name = _name(top, left, tall, wide)
    colour = _unlike(data, box)
    cell = _flags(rows, cols, rows // 2, cols // 3, 1, 1)
    yield Case(Edit("cell", (f"r{rows // 2 + 1}c{cols // 3 + 1}", f"{_unlike(data, cell)} kite")), cell)
    yield Case(Edit("recolour", (name, colour)), box)
    yield Case(Edit("surface", (name, _surface(description, box))), box)
    yield Case(Edit("erase", (name,)), box)
    mask = Image.fromarray(box.astype(np.uint8) * 255)
    file = io.BytesIO()
    mask.save(file, "PNG")
    yield Case(Edit("mask", (file.getvalue(),)), box)
    both = box | _flags(rows, cols, 0, 0, tall, wide)
    yield Case(Edit("move", (name, "r1c1")), both)
    yield from _replaced(description)
    yield from _with_curves(data, description)
    yield Case(Edit("medium", ("oil painting",)), None)
    yield Case(Edit("style", ("light: dim",)), None)


def _flags(rows: int, cols: int, top: int, left: int, tall: int, wide: int) -> Flags:
    flags = np.zeros((rows, cols), np.bool_)
    flags[top : top + tall, left : left + wide] = True
    return flags


def _name(top: int, left: int, tall: int, wide: int) -> str:
    return f"r{top + 1}c{left + 1}:r{top + tall}c{left + wide}"


def draw(data: bytes, generator: str = GENERATOR, size: tuple[int, int] | None = None) -> Image.Image:
    """Draw a stream."""
    return decode(data, generator=generator, size=size).image


def _unlike(data: bytes, box: Flags) -> str:
    """Give the colour that is least like what is drawn in some cells."""
    drawn = np.asarray(draw(data, size=(192, 128)))
    mean = to_oklab(drawn[enlarged(box, drawn.shape)].mean(0))
    options = ("red", "sky blue", "golden yellow", "grass green")
    values = [palette_oklab()[list(words.PALETTE).index(option)] for option in options]
    return options[int(np.argmax([np.linalg.norm(value - mean) for value in values]))]


def _surface(description: Description, box: Flags) -> str:
    """Give the surface furthest from what most of some cells have."""
    inside = [cell.texture for cell, flag in zip(resolve(description), box.ravel(), strict=True) if flag]
    return "smooth" if 2 * sum(each in ("rough", "busy") for each in inside) > len(inside) else "busy"


def _replaced(description: Description) -> Iterator[Case]:
    """Replace the colour that most cells name, but not more than half of them."""
    cells = resolve(description)
    counts = {name: sum(name in cell.colours for cell in cells) for name in words.PALETTE}
    usable = [name for name in counts if 0 < counts[name] <= len(cells) / 2]
    old = max(usable, key=lambda name: counts[name], default=None)
    if old is None:
        return
    values = dict(zip(words.PALETTE, palette_oklab(), strict=True))
    new = max(
        ("orange", "azure", "green"), key=lambda name: float(np.linalg.norm(values[name] - values[old]))
    )
    _, colours = words.replace_words(description, old, f"autumn {new}")
    changed = [bool(colours.keys() & set(cell.colours)) for cell in cells]
    yield Case(
        Edit("replace", (old, f"autumn {new}")), np.array(changed).reshape(description.rows, description.cols)
    )


def _with_curves(data: bytes, description: Description) -> Iterator[Case]:
    """Use the box with most contours in it."""
    _, state = open_state(data)
    rows, cols = description.rows, description.cols
    tall, wide = max(1, round(rows / 3)), max(1, round(cols / 3))
    if "structure" not in state.payloads:
        return
    lengths = {}
    for top in range(rows - tall + 1):
        for left in range(cols - wide + 1):
            box = Region(left / cols, top / rows, (left + wide) / cols, (top + tall) / rows)
            kept = curves.delete(state.payloads["structure"], state.size, box)
            lengths[top, left] = len(kept)
    top, left = min(lengths, key=lambda at: (lengths[at], at))
    if lengths[top, left] >= len(state.payloads["structure"]):
        return
    name, own = _name(top, left, tall, wide), _flags(rows, cols, top, left, tall, wide)
    yield Case(Edit("delete-curves", (name,)), own)
    to = (rows - tall if top < rows - tall - top else 0, cols - wide if left < cols - wide - left else 0)
    yield Case(
        Edit("move-curves", (name, f"r{to[0] + 1}c{to[1] + 1}")), own | _flags(rows, cols, *to, tall, wide)
    )
    yield Case(Edit("scale-curves", (name, "0.6")), own)


def enlarged(cells: Flags, shape: tuple[int, ...]) -> Flags:
    """Give the pixels, of an array of ``shape``, that lie in some cells."""
    image = Image.fromarray(cells.astype(np.uint8) * 255)
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.NEAREST)) > 0


def around(cells: Flags) -> Flags:
    """Add one cell on every side."""
    padded = np.pad(cells, 1)
    rows, cols = cells.shape
    return np.any([padded[v : v + rows, u : u + cols] for v in range(3) for u in range(3)], axis=0)

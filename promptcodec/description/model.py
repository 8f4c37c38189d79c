"""The data model of what an image says: a grid of cells in raster order, and what spans them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from promptcodec.description.hidden import visible
from promptcodec.description.palette import PALETTE
from promptcodec.errors import DescriptionError

CONTINUES = ("left", "above")
TONES = ("lighter", "darker")
STEPS = {"": 0, "lighter": 1, "darker": -1}
"""Steps of lightness by tone."""
ARRANGEMENTS = ("over", "beside", "with")
TEXTURES = ("smooth", "soft", "grainy", "rough", "busy")
ORIENTATIONS = ("horizontal", "vertical", "rising", "falling")
_ALLOWED = (
    ("continuation", CONTINUES),
    ("tone", TONES),
    ("arrangement", ARRANGEMENTS),
    ("texture", TEXTURES),
    ("orientation", ORIENTATIONS),
)
MAX_SIDE = 8
MAX_TEXT = 4000
# Overrides and isolates make a text read otherwise than it is stored; right-to-left text needs none.
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FORBIDDEN_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the grid; what it leaves unsaid it inherits from the neighbour it continues.

    Attributes:
        continues: ``""``, ``"left"`` or ``"above"``: the neighbour this cell carries on.
        tone: ``""``, ``"lighter"`` or ``"darker"`` than that neighbour (one step of lightness).
        colours: one or two palette names, the larger area first (with "over": top, bottom;
            with "beside": left, right).
        arrangement: how two colours lie: ``"over"``, ``"beside"`` or ``"with"`` (mixed).
        texture: one of TEXTURES, from even to detailed; ``""`` is unsaid.
        orientation: one of ORIENTATIONS (of the lines in the texture); ``""`` is none.
        text: what is there, in words.
        derived: the colours were read off the colour map; see ``layers.derived``.

    A cell may be silent: it says nothing, and where there is a colour map, that shows its colours.
    """

    continues: str = ""
    tone: str = ""
    colours: tuple[str, ...] = ()
    arrangement: str = ""
    texture: str = ""
    orientation: str = ""
    text: str = ""
    derived: bool = False

    @property
    def silent(self) -> bool:
        """Say whether the cell says nothing."""
        return not (self.continues or self.colours or self.text)


@dataclass(frozen=True, slots=True)
class ResolvedCell:
    """What one cell stands for by itself, nothing left to inherit.

    Attributes:
        tone: steps of lightness from what its colours are called, summed along the chain of neighbours:
            above 0 lighter, below 0 darker.
        colours: one or two palette names; none where neither the cell nor its chain names one.
        arrangement, texture, orientation, text, derived: as a ``Cell`` has them.
    """

    tone: int = 0
    colours: tuple[str, ...] = ()
    arrangement: str = ""
    texture: str = ""
    orientation: str = ""
    text: str = ""
    derived: bool = False

    def alone(self) -> Cell:
        """Give the cell that says this without a neighbour; its tone is left out."""
        return Cell(
            "", "", self.colours, self.arrangement, self.texture, self.orientation, self.text, self.derived
        )


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of cells, 1-based and inclusive: ``r1c1:r2c3``."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class SceneObject:
    """An object: a name without commas, the cells it covers, attributes without commas."""

    name: str
    box: Box
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lettering:
    """Words in the picture: the string, the cells it covers, its manner (neon, handwritten)."""

    text: str
    box: Box
    manner: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """What an image says. Validated when made; see docs/format.md for the text form.

    Attributes:
        medium: photo, oil painting, 3D render, ... in words.
        rows, cols: the grid, 1..8 each.
        cells: ``rows * cols`` cells in raster order.
        summary: one or two sentences.
        light, mood: the style, in words.
        objects, lettering: what spans cells.

    Raises:
        DescriptionError: a field breaks the rules above.
    """

    medium: str
    rows: int
    cols: int
    cells: tuple[Cell, ...]
    summary: str = ""
    light: str = ""
    mood: str = ""
    objects: tuple[SceneObject, ...] = ()
    lettering: tuple[Lettering, ...] = ()

    def __post_init__(self) -> None:
        check_grid(self.rows, self.cols)
        if len(self.cells) != self.rows * self.cols:
            raise DescriptionError(
                f"a {self.rows}x{self.cols} grid has {self.rows * self.cols} cells, not {len(self.cells)}"
            )
        check_text("medium", self.medium, required=True)
        for name in ("summary", "light", "mood"):
            check_text(name, getattr(self, name))
        for index, cell in enumerate(self.cells):
            row, col = divmod(index, self.cols)
            check_cell(cell, row + 1, col + 1)
        for thing in self.objects:
            check_object(thing, self.rows, self.cols)
        for item in self.lettering:
            check_lettering(item, self.rows, self.cols)


def clean(text: str) -> str:
    """Make any string fit for a description: one line, all of it seen, length capped."""
    return _one_line(visible(text))


def _one_line(text: str) -> str:
    """Do what the format asks of a text: one line, no control characters nor marks of direction."""
    kept = "".join(
        " " if unicodedata.category(c) in _FORBIDDEN_CATEGORIES or c in _DIRECTION_MARKS else c for c in text
    )
    return " ".join(" ".join(kept.split())[:MAX_TEXT].split())


def check_text(name: str, text: str, *, required: bool = False, without: str = "") -> None:
    """Raise DescriptionError unless ``text`` is one clean line without the characters in ``without``."""
    if required and not text:
        raise DescriptionError(f"{name} is empty")
    if len(text) > MAX_TEXT:
        raise DescriptionError(f"{name} has {len(text)} characters, the limit is {MAX_TEXT}")
    # What may be printed has no control characters nor marks of direction.
    if text != (" ".join(text.split()) if text.isprintable() else _one_line(text)):
        raise DescriptionError(
            f"{name} must be one line without control characters, direction marks or doubled spaces"
        )
    for char in without:
        if char in text:
            raise DescriptionError(f"{name} must not contain {char!r}")


def check_grid(rows: int, cols: int) -> None:
    """Raise DescriptionError unless rows and columns are 1..MAX_SIDE."""
    if not (1 <= rows <= MAX_SIDE and 1 <= cols <= MAX_SIDE):
        raise DescriptionError(f"the grid is {rows}x{cols}; rows and columns go from 1 to {MAX_SIDE}")


def check_cell(cell: Cell, row: int, col: int) -> None:
    """Raise DescriptionError unless ``cell`` is valid at 1-based ``row``, ``col``."""
    values = cell.continues, cell.tone, cell.arrangement, cell.texture, cell.orientation
    for value, (name, allowed) in zip(values, _ALLOWED, strict=True):
        if value and value not in allowed:
            raise DescriptionError(
                f"cell r{row}c{col}: unknown {name} {value!r}; one of {', '.join(allowed)}"
            )
    if (cell.continues == "left" and col == 1) or (cell.continues == "above" and row == 1):
        raise DescriptionError(f"cell r{row}c{col} continues {cell.continues!r}, but there is no such cell")
    for colour in cell.colours:
        if colour not in PALETTE:
            raise DescriptionError(f"cell r{row}c{col}: {colour!r} is not a palette colour")
    if len(cell.colours) > 2 or (len(cell.colours) == 2) != bool(cell.arrangement):
        raise DescriptionError(
            f"cell r{row}c{col}: one colour, or two with an arrangement ({', '.join(ARRANGEMENTS)})"
        )
    if cell.tone and not cell.continues:
        raise DescriptionError(f"cell r{row}c{col}: {cell.tone!r} than what? The cell continues no neighbour")
    if cell.orientation and not cell.texture:
        raise DescriptionError(f"cell r{row}c{col}: an orientation needs a texture")
    if cell.text:
        check_text(f"cell r{row}c{col} text", cell.text)


def check_spoken(description: Description) -> None:
    """Raise DescriptionError where a cell says nothing: without a colour map nobody knows its colours."""
    for index, cell in enumerate(description.cells):
        if cell.silent:
            row, col = divmod(index, description.cols)
            raise DescriptionError(f"cell r{row + 1}c{col + 1} says nothing")


def _check_box(what: str, box: Box, rows: int, cols: int) -> None:
    if not (1 <= box.top <= box.bottom <= rows and 1 <= box.left <= box.right <= cols):
        place = f"r{box.top}c{box.left}:r{box.bottom}c{box.right}"
        raise DescriptionError(f"{what}: box {place} is not inside the {rows}x{cols} grid")


def check_object(thing: SceneObject, rows: int, cols: int) -> None:
    """Raise DescriptionError unless ``thing`` is valid in a ``rows`` x ``cols`` grid."""
    check_text("object name", thing.name, required=True, without=",")
    for attribute in thing.attributes:
        check_text(f"attribute of {thing.name}", attribute, required=True, without=",")
    _check_box(f"object {thing.name}", thing.box, rows, cols)


def check_lettering(item: Lettering, rows: int, cols: int) -> None:
    """Raise DescriptionError unless ``item`` is valid in a ``rows`` x ``cols`` grid."""
    check_text("lettering", item.text, required=True)
    check_text("manner of lettering", item.manner, without=":")
    _check_box("lettering", item.box, rows, cols)


def resolve(description: Description) -> tuple[ResolvedCell, ...]:
    """Give every cell what it inherits from the neighbour it continues.

    Returns:
        ``rows * cols`` cells in raster order.
    """
    resolved: list[ResolvedCell] = []
    for index, cell in enumerate(description.cells):
        source = {"left": index - 1, "above": index - description.cols}.get(cell.continues)
        resolved.append(resolve_cell(cell, None if source is None else resolved[source]))
    return tuple(resolved)


def resolve_cell(cell: Cell, source: ResolvedCell | None) -> ResolvedCell:
    """Give one cell what it inherits from ``source``, the resolved neighbour it continues, if any."""
    if source is None:
        return ResolvedCell(
            0, cell.colours, cell.arrangement, cell.texture, cell.orientation, cell.text, cell.derived
        )
    own_colours = bool(cell.colours)
    return ResolvedCell(
        tone=(0 if own_colours else source.tone) + STEPS[cell.tone],
        colours=cell.colours or source.colours,
        arrangement=cell.arrangement if own_colours else source.arrangement,
        texture=cell.texture or source.texture,
        orientation=cell.orientation if cell.texture else source.orientation,
        text=cell.text or source.text,
        derived=cell.derived if own_colours else source.derived,
    )

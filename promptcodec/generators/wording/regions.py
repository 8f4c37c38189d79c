"""The cells of a grid put together: what lies side by side, what covers most, where it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from promptcodec.description import Description, resolve
from promptcodec.description.basic import basic_colour, is_grey
from promptcodec.description.coarsen import explicit
from promptcodec.generators.wording.things import listed

_LIES = {"over": "above", "beside": "beside"}
_MOST_COLOURS = 3
_MOST_SHARE = 0.8
"""An object whose box is larger is the scene: it hides none of the cells."""


@dataclass(frozen=True, slots=True)
class Patch:
    """What neighbouring cells show.

    Attributes:
        noun: in words, ``""`` where unsaid.
        colours: names of the palette or basic words, each once.
        arrangement: of two colours in one cell, as a ``Cell`` has it.
    """

    noun: str
    colours: tuple[str, ...]
    arrangement: str = ""

    def words(self) -> str:
        """Say it: "pale blue and white sky", "pale blue above white"."""
        lies = _LIES.get(self.arrangement, "")
        if lies and not self.noun:
            return f" {lies} ".join(self.colours)
        return f"{listed(list(self.colours))} {self.noun}".strip()


def patches(description: Description) -> tuple[Patch, ...]:
    """Give what each cell shows, in raster order, by palette names."""
    return tuple(
        Patch(cell.text, full.colours, full.arrangement)
        for cell, full in zip(resolve(description), explicit(description).cells, strict=True)
    )


def runs(row: Sequence[Patch]) -> tuple[Patch, ...]:
    """Put neighbours of a row together: of the same noun, or, without nouns, of the same basic colours."""
    joined: list[list[Patch]] = []
    for patch in row:
        last = joined[-1][-1] if joined else None
        if last and last.noun == patch.noun and (patch.noun or _basic(last) == _basic(patch)):
            joined[-1].append(patch)
        else:
            joined.append([patch])
    return tuple(run[0] if len(set(run)) == 1 else _join(run) for run in joined)


def _basic(patch: Patch) -> frozenset[str]:
    return frozenset(map(basic_colour, patch.colours))


def _join(run: list[Patch]) -> Patch:
    """Say a run by the basic colours that most of it has, in the order they come."""
    counted = Counter(basic_colour(name) for patch in run for name in patch.colours)
    most = {name for name, _ in counted.most_common(_MOST_COLOURS)}
    return Patch(run[0].noun, tuple(name for name in counted if name in most))


def row_place(first: int, last: int, rows: int) -> str:
    """Say where rows ``first`` to ``last`` of ``rows`` are, as a sentence begins; ``""`` for all of them."""
    if first == 0 and last == rows - 1:
        return ""
    if first == 0:
        return "In the upper part" if last or rows == 2 else "At the top"
    if last == rows - 1:
        return "In the lower part" if first < last or rows == 2 else "At the bottom"
    middle = (first + last + 1) / 2 / rows
    return "Above the middle" if middle < 0.42 else "Below the middle" if middle > 0.58 else "In the middle"


def place(left: float, top: float, right: float, bottom: float) -> str:
    """Say where a box is, ``""`` where it is all over or in the middle.

    Args:
        left: of its sides, each in 0..1.
        top: another.
        right: another.
        bottom: another.
    """
    across = _third(left, right, "left", "right")
    down = _third(top, bottom, "top", "bottom")
    if down and across:
        return f"at the {down} {across}"
    return f"on the {across}" if across else f"at the {down}" if down else ""


def _third(low: float, high: float, first: str, last: str) -> str:
    if high - low > 0.7:
        return ""
    middle = (low + high) / 2
    return first if middle < 0.38 else last if middle > 0.62 else ""


@dataclass(frozen=True, slots=True)
class Region:
    """All cells of one noun: its commonest colour, its share of the picture, where it is."""

    noun: str
    colour: str
    area: float
    place: str


def regions(description: Description) -> list[Region]:
    """Put the cells of each noun together that no object hides, the largest region first."""
    shown = patches(description)
    hidden = set(_hidden(description))
    cells: dict[str, list[int]] = {}
    for index, patch in enumerate(shown):
        if patch.noun and index not in hidden:
            cells.setdefault(patch.noun, []).append(index)
    result = [
        Region(noun, _colour([shown[at] for at in indices]), len(indices) / len(shown), where)
        for noun, indices in cells.items()
        for where in [_where(indices, description.rows, description.cols)]
    ]
    return sorted(result, key=lambda region: -region.area)


def _hidden(description: Description) -> Iterable[int]:
    """Give the cells that lie in the box of an object."""
    for thing in description.objects:
        box = thing.box
        rows, cols = range(box.top - 1, box.bottom), range(box.left - 1, box.right)
        if len(rows) * len(cols) <= _MOST_SHARE * len(description.cells):
            yield from (row * description.cols + col for row in rows for col in cols)


def _colour(run: list[Patch]) -> str:
    """Give the basic colour that at least half of the cells have, if any."""
    counted = Counter(name for patch in run for name in _basic(patch))
    name, count = max(counted.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    return name if 2 * count >= len(run) else ""


def _where(indices: list[int], rows: int, cols: int) -> str:
    """Say where some cells are, where they lie together."""
    across, down = [at % cols for at in indices], [at // cols for at in indices]
    left, top, right, bottom = min(across), min(down), max(across) + 1, max(down) + 1
    together = len(indices) >= 0.6 * (right - left) * (bottom - top)
    return place(left / cols, top / rows, right / cols, bottom / rows) if together else ""


def tones(description: Description) -> list[str]:
    """Give up to three basic colours that strike the eye, one of each hue: those with a hue count twice."""
    shares: Counter[str] = Counter()
    cells = patches(description)
    for patch in cells:
        for name in map(basic_colour, patch.colours):
            # In halves of a cell.
            shares[name] += (1 if is_grey(name) else 2) * (2 // len(patch.colours))
    hues: dict[str, str] = {}
    for name, share in shares.most_common():
        if share >= len(cells) / 3:
            hues.setdefault(name.split()[-1], name)
    return list(hues.values())[:_MOST_COLOURS]

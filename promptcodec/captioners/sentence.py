"""The sentence that sums a picture up: what it shows, its colours, and how they are laid out.

Colours are said in basic words: people search for these, and "camel" or "salmon" would be found as things.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from promptcodec.captioners.raster import Fill
from promptcodec.captioners.scene import Scene
from promptcodec.description.basic import basic_colour, is_grey
from promptcodec.vision.cells import MIN_OFFSET
from promptcodec.vision.colour import Floats, colour_distance, nearest_names

ORDER = ("head", "doing", "company", "place", "backdrop", "light")

ALIKE = 0.12
"""Weighted Oklab distance at which two colours half count as one in the summary: a few shades of a name."""

APART = 0.25
"""Weighted Oklab distance from which the summary names a second colour."""

MIN_SECOND = 0.1
"""Share of the area like a second colour from which the summary names it."""

VIVID = 0.25
"""Weighted distance in a and b alone from which a small area stands out: hue is seen first."""

SMALL = 0.2
"""An area above this share of the picture does not stand out, it is part of the whole."""


def sentence(scene: Scene, fills: Sequence[Fill], rows: int, cols: int, characters: int) -> str:
    """Say what a picture shows or, where that is not sure, its colours; and what stands out and where.

    Args:
        scene: its parts. What matters most comes first; what no longer fits is left out.
        fills: the colours of ``rows * cols`` cells, raster order.
        rows: rows of the grid.
        cols: columns of the grid.
        characters: that it may have about.

    Returns:
        The sentence; ``""`` where it would name nothing but greys.
    """
    main, accent, where, (word, step) = colours(fills, rows, cols)
    standing_out = f"; {_article(accent)} area stands out {where}" if accent and accent not in main else ""
    if scene.head:
        words = _join(scene, characters)
        more = standing_out if len(words) + len(standing_out) < characters else ""
        return f"{words[:1].upper()}{words[1:]}{more}."
    seen = _listed(scene.company[:3])
    if seen:
        return f"{seen[:1].upper()}{seen[1:]}{f' {scene.place}' if scene.place else ''}."
    if all(map(is_grey, (*main, accent) if standing_out else main)):
        return ""
    return f"Mostly {f' {word} '.join(main[::step])}{standing_out}."


def _join(scene: Scene, characters: int) -> str:
    """Put the parts together: each that fits, best first; they are said in ORDER."""
    chosen = {"head": scene.head}
    with_company = [
        f"with {_listed(scene.company[:count])}" for count in (3, 2, 1) if len(scene.company) >= count
    ]
    parts = [("place", [scene.place]), ("company", with_company), ("doing", [scene.doing])]
    parts += [("backdrop", [f"before {scene.backdrop}" if scene.backdrop else ""]), ("light", [scene.light])]
    for name, forms in parts:
        for form in forms:
            if form and len(" ".join([*chosen.values(), form])) < characters:
                chosen[name] = form
                break
    return " ".join(chosen[name] for name in ORDER if name in chosen)


def _listed(items: Sequence[str]) -> str:
    """Say a list."""
    return " and ".join(part for part in (", ".join(items[:-1]), items[-1] if items else "") if part)


def colours(fills: Sequence[Fill], rows: int, cols: int) -> tuple[list[str], str, str, tuple[str, int]]:
    """Give the one or two main colours, a colour that stands out and where, and how the main ones lie."""
    colours = np.concatenate([fill.colours for fill in fills])
    areas = np.concatenate([fill.shares / np.float32(len(fills)) for fill in fills])
    owner = np.repeat(np.arange(len(fills)), [len(fill.shares) for fill in fills])
    places: Floats = ((np.stack(np.divmod(owner, cols), 1) + 0.5) / (rows, cols)).astype(np.float32)
    first, second, order = _layout(colours, areas, places)
    accent, where = _accent(colours, areas, places, (first, second))
    return list(dict.fromkeys(_words(colours[[first, second]]))), accent, where, order


def _words(colours: Floats) -> list[str]:
    """Give the basic words of ``(n, 3)`` Oklab."""
    return [basic_colour(name) for name in nearest_names(colours)]


def _article(colour: str) -> str:
    return f"{'an' if colour[0] in 'aeiou' else 'a'} {colour}"


def _layout(colours: Floats, areas: Floats, places: Floats) -> tuple[int, int, tuple[str, int]]:
    """Choose the one or two main colours.

    Returns:
        their indices, twice the same where there is one; the word for how they lie, and 1 where the first is
        said first, else -1.
    """
    likeness = np.exp2(-((colour_distance(colours[:, None], colours[None]) / ALIKE) ** 2)) * areas
    support = np.round(likeness.sum(1), 4)
    first = int(support.argmax())
    # Large and different: a second shade of the first says little.
    apart = colour_distance(colours, colours[first])
    second = int(np.round(support * apart * (apart >= APART), 4).argmax())
    if apart[second] < APART or support[second] < MIN_SECOND:
        return first, first, ("", 1)
    centres = (likeness @ places) / likeness.sum(1)[:, None]
    down, right = np.round(centres[second] - centres[first], 4).tolist()
    if max(abs(down), abs(right)) < MIN_OFFSET:
        return first, second, ("with", 1)
    word, by = ("over", down) if abs(down) >= abs(right) else ("beside", right)
    return first, second, (word, 1 if by > 0 else -1)


def _accent(colours: Floats, areas: Floats, places: Floats, main: tuple[int, int]) -> tuple[str, str]:
    """Name a small area of a hue far from the main colours, and where it lies; ``("", "")`` if none."""
    hues = colours * np.array([0, 1, 1], np.float32)
    far = np.min([colour_distance(hues, hues[index]) for index in main], 0)
    peak = int(np.round(far, 4).argmax())
    alike = colour_distance(hues, hues[peak]) < VIVID / 2
    area = areas * alike
    if far[peak] < VIVID or area.sum() > SMALL:
        return "", ""
    return _words(colours[[peak]])[0], _where(*(area @ places / area.sum()).tolist())


def _where(down: float, across: float) -> str:
    """Name a place, both 0..1, by thirds."""
    row = ("top", "", "bottom")[min(int(round(down, 4) * 3), 2)]
    col = ("left", "", "right")[min(int(round(across, 4) * 3), 2)]
    if not row and not col:
        return "at the centre"
    return f"at the {row} {col}".strip() if row else f"on the {col}"

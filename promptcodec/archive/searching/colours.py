"""Search by colour: "mostly navy, orange in the middle" against the 8x8 colours of every picture.

A clause is a colour, how much of it, and where. Its colour is a table: how near each palette colour comes
to it. So a search is a look into a table for each cell, and a sum.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import ImageColor

from promptcodec.archive.indexing.looks import CELLS, SIDE, UNKNOWN, Bytes, Looks
from promptcodec.description.basic import BASIC, basic_colour, is_grey, palette_name
from promptcodec.description.palette import PALETTE
from promptcodec.errors import UsageError
from promptcodec.vision.colour import Floats, nearest_numbers, palette_oklab, to_oklab

THRESHOLD = 0.5
"""The score from which a picture counts as matching: every clause is met."""

MOSTLY, SOME, LITTLE, NONE = "mostly", "some", "a little", "no"

# Of these words the first that is in a clause says how much; longer ones come first.
_SHARES = {
    "all over": MOSTLY, "mostly": MOSTLY, "mainly": MOSTLY, "all": MOSTLY, "lots of": MOSTLY,
    "a lot of": MOSTLY, "much": MOSTLY,
    "a little": LITTLE, "a bit of": LITTLE, "a touch of": LITTLE, "a spot of": LITTLE, "little": LITTLE,
    "some": SOME,
    "without": NONE, "not": NONE, "no": NONE,
}  # fmt: skip
_PLACES = {
    "top": "top", "upper": "top", "above": "top", "bottom": "bottom", "lower": "bottom", "below": "bottom",
    "left": "left", "right": "right", "middle": "middle", "centre": "middle", "center": "middle",
    "corner": "corners", "corners": "corners", "edge": "edges", "edges": "edges", "border": "edges",
    "anywhere": "",
}  # fmt: skip
_FILLERS = frozenset(["in", "on", "at", "to", "the", "of", "a", "side", "half", "part", "colour", "color"])
_SHARE = re.compile(r"\b(" + "|".join(_SHARES) + r")\b")
_CLAUSES = re.compile(r"[,;+]|\band\b|\bwith\b|\bbut\b|(?=\bwithout\b)")

_BASIC_WORDS = frozenset(map(basic_colour, PALETTE))
_ALSO = {"navy": ("navy", "dark blue")}
"""Where people mean more by a word than the colour of the palette, which is one of photographs."""

_SHADE = 0.7
"""What a light or dark blue counts where blue is asked for."""

_WEIGHTS = np.array([1, 3.5, 3.5], np.float32)
"""Of L, a and b: hues part what is asked for more than light does."""

_CLOSE, _WIDE = 0.08, 0.16
"""How far a colour may be from one of a basic word's, and from a single one: there it counts 1 / e."""

_HARDLY = 0.2

_MOST_OF = 0.7
"""The part of a colour's cells that says where it is."""

# The part of a place that has to have the colour; about there a clause scores THRESHOLD.
_HALF = {MOSTLY: 0.28, SOME: 0.12}
# In cells, what is seen at all; as a part of the place, what is no longer a little.
_SPOT, _PATCH = 0.6, 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """One thing that is asked of the colours of a picture.

    Attributes:
        share: MOSTLY, SOME, LITTLE or NONE.
        colour: as it was asked for.
        place: in words, ``""`` for anywhere.
        nearness: 256 bytes: how near each palette colour comes to it, 0..255; 0 for UNKNOWN.
        cells: ``(CELLS,)`` whether each belongs to the place.
    """

    share: str
    colour: str
    place: str
    nearness: bytes
    cells: npt.NDArray[np.bool_]

    def __str__(self) -> str:
        """Say what is asked for."""
        share = "" if self.share == SOME else f"{self.share} "
        where = f" {_WHERE.get(self.place, 'at the ' + self.place)}" if self.place else ""
        return f"{share}{self.colour}{where}"


_WHERE = {
    "middle": "in the middle", "corners": "in the corners", "edges": "at the edges",
    "left": "on the left", "right": "on the right",
}  # fmt: skip


def parse(text: str) -> tuple[Clause, ...]:
    """Read what colours are asked for.

    Args:
        text: clauses apart by commas or "and", each a colour with how much and where, in any order:
            "mostly navy, orange in the middle", "a little red at the top left", "no green", "#aa3322 left".

    Raises:
        UsageError: a word is no colour, or a clause names none.
    """
    parts = _CLAUSES.split(re.sub(r"[\s_-]+", " ", text.lower()))
    clauses = tuple(_clause(part.strip()) for part in parts if part.strip())
    if not clauses:
        raise UsageError("no colour is named; such as: mostly navy, orange in the middle")
    return clauses


def _clause(text: str) -> Clause:
    share = _SHARE.search(text)
    rest = _SHARE.sub(" ", text, count=1).split()
    places = [_PLACES[word] for word in rest if word in _PLACES]
    words = [word for word in rest if word not in _PLACES and word not in _FILLERS]
    if not words:
        raise UsageError(f"{text!r} names no colour; such as: blue at the top")
    colour = " ".join(words)
    place = " ".join(place for place in places if place)
    return Clause(_SHARES[share[0]] if share else SOME, colour, place, _nearness(colour), _cells(places))


def _cells(places: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Give the cells of places that are all meant: "top left" is where they meet."""
    row, col = np.mgrid[:SIDE, :SIDE]
    cells = np.ones((SIDE, SIDE), np.bool_)
    third, last = SIDE * 3 // 8, SIDE - 1
    masks = {
        "top": row < third, "bottom": row > last - third, "left": col < third, "right": col > last - third,
        "corners": (np.minimum(row, last - row) < 2) & (np.minimum(col, last - col) < 2),
        "edges": (np.minimum(row, last - row) < 1) | (np.minimum(col, last - col) < 1),
    }  # fmt: skip
    inner = [abs(2 * line - last) < SIDE // 2 for line in (row, col)]
    for place in places:
        if place == "middle":
            # "middle left" is the middle of what is left.
            down = not {"top", "bottom"} & set(places)
            across = not {"left", "right"} & set(places)
            cells &= (inner[0] | (not down)) & (inner[1] | (not across))
        elif place:
            cells &= masks[place]
    return cells.ravel()


@functools.lru_cache(maxsize=64)
def _nearness(colour: str) -> bytes:
    """Give for each palette number how near it comes to a colour, 0..255; 0 for UNKNOWN."""
    words = re.sub(r"\bgray\b", "grey", colour)
    members = _members(words)
    if members:
        near = np.max([weight * _falloff(palette_oklab()[number], _CLOSE) for number, weight in members], 0)
    else:
        own = palette_name(words)
        near = _falloff(palette_oklab()[list(PALETTE).index(own)] if own else _target(words), _WIDE)
    # A picture full of what is hardly near is no match.
    near = np.clip((near - _HARDLY) / (1 - _HARDLY), 0, 1)
    return bytes(np.rint(near * 255).astype(np.uint8)).ljust(256, b"\0")


def _members(words: str) -> list[tuple[int, float]]:
    """Give the palette colours that basic words stand for, and what each counts; none for other words."""
    members: list[tuple[int, float]] = []
    for number, name in enumerate(PALETTE):
        basic = basic_colour(name)
        if basic == words or (name == words and words in _BASIC_WORDS) or name in _ALSO.get(words, ()):
            members.append((number, 1.0))
        elif words in BASIC and basic.endswith(f" {words}"):
            members.append((number, _SHADE))
    return members


def _falloff(target: Floats, reach: float) -> Floats:
    """Give how near each palette colour comes to a colour in Oklab, ``(len(PALETTE),)`` in 0..1.

    What goes by another basic word is farther than its distance says.
    """
    apart = np.sqrt((((palette_oklab() - target) * _WEIGHTS) ** 2).sum(-1))
    apart -= apart.min()  # a colour more vivid than all of the palette is the one that comes nearest
    basics = [basic_colour(name) for name in PALETTE]
    own = basics[int(nearest_numbers(target[None])[0])]
    kinship = np.array([_kinship(own, basic) for basic in basics], np.float32)
    return np.asarray(np.exp(-((apart / reach) ** 2)) * kinship, np.float32)


def _kinship(first: str, second: str) -> float:
    if is_grey(first) or is_grey(second):
        return 1.0 if is_grey(first) and is_grey(second) else 0.3
    return 1.0 if first.rsplit(maxsplit=1)[-1] == second.rsplit(maxsplit=1)[-1] else 0.6


def _target(words: str) -> Floats:
    """Give a colour that the palette has no name for, in Oklab: of the web's names, or as #rrggbb.

    Raises:
        UsageError: it is none.
    """
    try:
        red, green, blue = ImageColor.getrgb(words.replace(" ", ""))[:3]
    except ValueError:
        raise UsageError(f"{words!r} is no colour; {_advice(words)}") from None
    return to_oklab(np.array([red, green, blue], np.float32))


def _advice(words: str) -> str:
    known = sorted({*PALETTE, *BASIC})
    within = [word for word in known if f" {word} " in f" {words} "]
    like = difflib.get_close_matches(words, known, 3, 0.5)
    names = list(dict.fromkeys([*sorted(within, key=len, reverse=True)[:1], *like])) or list(BASIC)
    return f"colours like it: {', '.join(names)}; #rrggbb is any"


def score(looks: Looks, clauses: Sequence[Clause]) -> Floats:
    """Say how well pictures have the colours that are asked for.

    Args:
        looks: of N documents.
        clauses: as ``parse`` gives them, at least one.

    Returns:
        ``(N,)`` in 0..1: of a picture's clauses the one that is met worst counts, the others a little.
        From THRESHOLD they match.
    """
    if not looks:
        return np.zeros(0, np.float32)
    return np.concatenate([_score(chunk.colours, clauses) for chunk in looks])


def _score(colours: Bytes, clauses: Sequence[Clause]) -> Floats:
    each = np.stack([_met(colours, clause) for clause in clauses])
    worst = each.min(0)
    return np.asarray(worst * (1 + (each.mean(0) - worst) / 10), np.float32)


def _met(colours: Bytes, clause: Clause) -> Floats:
    """Say how well the pictures of a chunk meet a clause, ``(n,)`` in 0..1."""
    table = np.frombuffer(clause.nearness, np.uint8).copy()
    if clause.share == NONE:
        table[UNKNOWN] = 255  # it may be there
    near = table.take(colours, mode="clip")
    count = int(clause.cells.sum())
    every = near.sum(0, dtype=np.uint16) / np.float32(255)
    inside = every if count == CELLS else near[clause.cells].sum(0, dtype=np.uint16) / np.float32(255)
    if clause.share == NONE:
        return np.asarray(1 / (1 + inside / _SPOT), np.float32)
    part = inside / count
    if clause.share == LITTLE:
        met = inside / (inside + _SPOT) / (1 + (inside / max(_PATCH * count, 4)) ** 2)
    else:
        half, power = _HALF[clause.share], 2 if clause.share == MOSTLY else 1
        met = part**power * (1 + half**power) / (part**power + half**power)
    # What is everywhere is less what was meant by a place.
    outside = (every - inside) / max(CELLS - count, 1)
    return np.asarray(met * (1 - 0.3 * outside), np.float32)


def spoken(text: str) -> str:
    """Give a query that speaks of colours and nothing else, as what ``parse`` reads; ``""`` for another.

    It has to say how much or where, as nothing but colours does: "orange" may be the fruit.
    """
    if '"' in text or not text.strip():
        return ""
    try:
        clauses = parse(text)
    except UsageError:
        return ""
    return text if any(clause.place or clause.share != SOME for clause in clauses) else ""


def is_colour(text: str) -> bool:
    """Say whether a text can be searched as colours."""
    try:
        parse(text)
    except UsageError:
        return False
    return True


def spread(clause: Clause, cells: Sequence[int]) -> str:
    """Say how much of a clause's place has its colour and, where it names no place, where most of it is.

    Args:
        clause: as ``parse`` gives it.
        cells: of its place that have the colour.
    """
    if clause.share == NONE:
        return "none" if not cells else "hardly any"
    share = len(cells) / max(int(clause.cells.sum()), 1)
    amount = f"{round(100 * share)} %" if cells else "hardly any"
    if clause.place or not cells:
        return f"{amount} of it" if cells else amount
    where = _whereabouts(cells)
    return f"{amount} of the picture{where and ', ' + where}"


def _whereabouts(cells: Sequence[int]) -> str:
    """Say in which third most cells are, ``""`` where they are all over."""
    for place in ("top", "bottom", "middle", "left", "right"):
        inside = _cells([place])
        if sum(bool(inside[cell]) for cell in cells) >= _MOST_OF * len(cells):
            return "most of it " + _WHERE.get(place, f"at the {place}")
    return ""


def matches(colours: bytes, clauses: Sequence[Clause]) -> tuple[tuple[int, ...], ...]:
    """Give for each clause the cells of its place that have its colour, 0..63 row by row.

    Args:
        colours: of a ``Look``.
        clauses: as ``parse`` gives them.
    """
    return tuple(
        tuple(cell for cell in range(CELLS) if clause.cells[cell] and clause.nearness[colours[cell]] >= 128)
        for clause in clauses
    )

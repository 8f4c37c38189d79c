"""Lines of letters as the lettering of a description: joined into blocks, ordered, shortened, placed."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence

from promptcodec.captioners.observation import covered
from promptcodec.description import Lettering, clean
from promptcodec.vision.boxes import Box
from promptcodec.vision.letters import Line

MOST = 120
"""Characters kept of a picture: of a page of text its first words."""
PIECES = 8
"""Pieces of lettering kept: what comes after them is small print."""
LIKE, APART, BELOW, SHARED = 1.5, 1.0, 0.8, 0.5
"""Lines of one block: how many times larger the letters of one may be; what may lie between two, beside and
below each other, in heights of letters; what they share of the other direction."""


def lettering(lines: Sequence[Line], rows: int, cols: int, aspect: float) -> tuple[Lettering, ...]:
    """Make the lettering of a picture, what has the largest letters first.

    Args:
        lines: what was read.
        rows: of the grid.
        cols: of the grid.
        aspect: width over height of the picture.

    Returns:
        At most PIECES pieces of at most MOST characters in all; what is repeated is there once.
    """
    # Of letters of about one size what is read first comes first.
    blocks = sorted(
        _blocks(lines, aspect), key=lambda block: -_step(max(_height(line, aspect) for line in block))
    )
    pieces: dict[str, Lettering] = {}
    room = MOST
    for block in blocks:
        text = clean(_joined([line.text for line in block]))
        short = _first_words(text, room)
        if short and text.casefold() not in pieces:
            pieces[text.casefold()] = Lettering(short, covered(_around(block), rows, cols))
            room -= len(short)
        if short != text or len(pieces) == PIECES:
            break
    return tuple(pieces.values())


def _blocks(lines: Sequence[Line], aspect: float) -> list[list[Line]]:
    """Put lines together that one would read in one go; blocks and their lines are in reading order."""
    blocks: list[list[Line]] = []
    for line in lines:
        near = [block for block in blocks if any(_are_one(line, other, aspect) for other in block)]
        blocks = [block for block in blocks if block not in near]
        blocks.append([line, *(other for block in near for other in block)])
    ordered = [_in_reading_order(block) for block in blocks]
    return sorted(ordered, key=lambda block: (_around(block)[1], _around(block)[0]))


def _are_one(one: Line, other: Line, aspect: float) -> bool:
    """Say whether two lines belong together: alike in size, and beside or below each other."""
    if _is_upright(one, aspect) or _is_upright(other, aspect):
        return False
    heights = sorted((_height(one, aspect), _height(other, aspect)))
    if heights[1] > LIKE * heights[0]:
        return False
    across, down = (_gap(one.box, other.box, axis) for axis in (0, 1))
    narrow = min(line.box[2] - line.box[0] for line in (one, other))
    beside = across * aspect <= APART * heights[1] and down <= -SHARED * heights[0]
    below = down <= BELOW * heights[0] and across <= -SHARED * narrow
    return beside or below


def _gap(one: Box, other: Box, axis: int) -> float:
    """Give what lies between two boxes along an axis; below 0 it is what they share."""
    return max(one[axis], other[axis]) - min(one[axis + 2], other[axis + 2])


def _height(line: Line, aspect: float) -> float:
    """Give the height of the letters, in heights of the picture; an upright line is as wide as a letter."""
    left, top, right, bottom = line.box
    return max(min(bottom - top, (right - left) * aspect), 1e-6)


def _is_upright(line: Line, aspect: float) -> bool:
    left, top, right, bottom = line.box
    return bottom - top > 1.5 * (right - left) * aspect


def _step(height: float) -> int:
    """Give the size of letters in steps that one sees: half as large again."""
    return round(math.log(height, LIKE))


def _in_reading_order(block: Sequence[Line]) -> list[Line]:
    """Sort lines: rows from top to bottom, in a row from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(block, key=lambda line: line.box[1] + line.box[3]):
        middle = (line.box[1] + line.box[3]) / 2
        if rows and middle < rows[-1][-1].box[3] and _are_side_by_side(line.box, rows[-1][-1].box):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: line.box[0])]


def _are_side_by_side(one: Box, other: Box) -> bool:
    """Say whether two boxes share little of their width: what finds lines makes boxes a bit too large."""
    return _gap(one, other, 0) > -SHARED * min(one[2] - one[0], other[2] - other[0])


def _around(block: Sequence[Line]) -> Box:
    lefts, tops, rights, bottoms = zip(*(line.box for line in block), strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _joined(texts: Sequence[str]) -> str:
    """Join lines: a parted word is put together, and scripts without spaces get none."""
    whole = texts[0]
    for text in texts[1:]:
        if whole[-2:-1].isalpha() and whole.endswith("-") and text[:1].islower():
            whole = whole[:-1] + text
        elif _is_wide(whole[-1:]) and _is_wide(text[:1]):
            whole += text
        else:
            whole = f"{whole} {text}"
    return whole


def _is_wide(char: str) -> bool:
    return bool(char) and unicodedata.east_asian_width(char) in "WF"


def _first_words(text: str, room: int) -> str:
    """Cut a text to whole words; within a script without spaces anywhere."""
    if len(text) <= room:
        return text
    kept = text[: room + 1]
    if _is_wide(kept[-1]) or _is_wide(kept[-2:-1]):
        return kept[:-1].rstrip()
    return kept.rpartition(" ")[0].rstrip(" ,;:-")

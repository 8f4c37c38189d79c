"""Say the same in fewer words: what matters least goes first.

The order is measured: how much nearer a picture drawn by `builtin:classical` comes to the original per
byte of each kind of word (docs/reference/captioner.md). Orientations cost most for what they show; then a
coarser grid is better than a cell without its texture or its second colour, so those go last of all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from promptcodec.description.model import Description

_PHRASE = re.compile(r"[,.;:]\s+")


def without_orientations(description: Description) -> Description:
    """Leave out which way lines run."""
    return replace(
        description, mood="", cells=tuple(replace(cell, orientation="") for cell in description.cells)
    )


def least(description: Description) -> Iterator[Description]:
    """Give shorter and shorter forms of a description whose grid is as coarse as it gets."""
    bare = replace(
        description,
        mood="",
        light="",
        cells=tuple(replace(cell, orientation="", texture="") for cell in description.cells),
    )
    yield replace(bare, lettering=())
    yield replace(bare, lettering=(), objects=())
    yield replace(bare, lettering=(), objects=(), summary="")
    yield replace(
        bare,
        lettering=(),
        objects=(),
        summary="",
        cells=tuple(
            replace(cell, colours=cell.colours[:1], arrangement="", text="" if cell.colours else cell.text)
            for cell in bare.cells
        ),
    )


def shorter_sentences(text: str) -> Iterator[str]:
    """Give a text, then the same with phrase after phrase cut off its end; the last is one phrase."""
    yield text
    for cut in [match.start() for match in _PHRASE.finditer(text)][::-1]:
        yield text[:cut]


def characters(description: Description) -> int:
    """Count the free text of a description."""
    words = [description.medium, description.summary, description.light, description.mood]
    words += [cell.text for cell in description.cells]
    words += [text for item in description.objects for text in (item.name, *item.attributes)]
    words += [text for item in description.lettering for text in (item.text, item.manner)]
    return sum(map(len, words))

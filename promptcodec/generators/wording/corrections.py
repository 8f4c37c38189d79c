"""What was wrong with an earlier picture, as phrases that matter more and as words to keep out."""

from __future__ import annotations

import re
from collections.abc import Callable

from promptcodec.description import Description
from promptcodec.generators.wording.prompt import Phrase
from promptcodec.generators.wording.regions import patches, place
from promptcodec.generators.wording.things import light_words

WEIGHT = 1.3
_LINE = re.compile(r"(.+?): should be (.+), was (.*)")
_CELL = re.compile(r"r(\d)c(\d) colour")
_NUMBER = re.compile(r"[-+\d.]+|None")
_STYLE: dict[str, Callable[[str], str]] = {
    "medium": str,
    "light": light_words,
    "lettering": 'lettering "{}"'.format,
}


def corrections(wrong: str, description: Description | None) -> tuple[tuple[Phrase, ...], str]:
    """Turn lines ``NAME: should be A, was B`` into phrases; what only numbers tell says nothing to a prompt.

    Returns:
        phrases, and what to keep out, ``""`` for nothing.
    """
    texts: list[str] = []
    against: list[str] = []
    for line in wrong.splitlines():
        match = _LINE.fullmatch(line.strip())
        if not match:
            texts.append(line.strip())
            continue
        name, wanted, got = match.groups()
        cell = _CELL.fullmatch(name)
        if cell and description:
            texts.append(_cell(int(cell[1]), int(cell[2]), wanted, description))
        elif name in _STYLE:
            texts.append(_STYLE[name](wanted))
            against += [got] if name == "medium" else []
        elif wanted == "yes":
            texts.append(name)
        elif wanted.startswith("[") or not _NUMBER.fullmatch(wanted):
            texts.append(re.sub(r"[\[\]']", "", wanted))
    phrases = tuple(Phrase(text, WEIGHT) for text in dict.fromkeys(texts) if text)
    return phrases, ", ".join(against)


def _cell(row: int, col: int, colours: str, description: Description) -> str:
    rows, cols = description.rows, description.cols
    if not (1 <= row <= rows and 1 <= col <= cols):
        return ""
    noun = patches(description)[(row - 1) * cols + col - 1].noun
    where = place((col - 1) / cols, (row - 1) / rows, col / cols, row / rows)
    return " ".join(filter(None, (colours, noun, where or "in the middle")))

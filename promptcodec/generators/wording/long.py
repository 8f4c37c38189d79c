"""The whole raster scan as prose, for models whose text encoder reads hundreds of tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from promptcodec.description import Description
from promptcodec.description.coarsen import coarsen
from promptcodec.generators.wording.layout import sides
from promptcodec.generators.wording.prompt import Phrase, join
from promptcodec.generators.wording.regions import Patch, patches, place, row_place, runs
from promptcodec.generators.wording.things import (
    lettering_words,
    light_words,
    mood_words,
    stems,
    thing_words,
)

_SIDES = (8, 4, 3, 2)
"""Cells across and down that a scan is tried with, until it fits."""


def prose(description: Description, fits: Callable[[str], bool]) -> tuple[Phrase, ...]:
    """Write as many sentences as fit; a scan that is too long is said on a coarser grid, then cut.

    Args:
        description: what to say.
        fits: says of a text whether it is short enough.
    """
    scene = list(_scene(description))
    for side in _SIDES:
        grid = coarsen(description, min(description.rows, side), min(description.cols, side))
        sentences = [*scene, *_scan(grid)]
        if fits(join([*filter(None, map(_sentence, sentences))])):
            break
    return tuple(map(Phrase, _cut(sentences, fits)))


def _scene(description: Description) -> Iterator[list[str]]:
    """Give what is not of single cells, a sentence at a time, in pieces it may be cut after."""
    yield [description.medium]
    yield [description.summary.rstrip(". ")]
    yield [light_words(description.light), mood_words(description.mood)]
    known = stems(description.summary)
    things = [(thing_words(thing), place(*sides(thing.box, description))) for thing in description.objects]
    yield [f"{words} {where}".strip() for words, where in things if where or not stems(words) <= known]
    letters = [
        (lettering_words(item), place(*sides(item.box, description))) for item in description.lettering
    ]
    yield list(dict.fromkeys(f"{words} {where}".strip() for words, where in letters))


def _scan(description: Description) -> Iterator[list[str]]:
    """Give a sentence for each row, and one for neighbours that show the same."""
    rows, cols = description.rows, description.cols
    shown = patches(description)
    bands: list[tuple[int, int, tuple[Patch, ...]]] = []
    for row in range(rows):
        joined = runs(shown[row * cols : (row + 1) * cols])
        if bands and bands[-1][2] == joined:
            bands[-1] = (bands[-1][0], row, joined)
        else:
            bands.append((row, row, joined))
    for first, last, joined in bands:
        where = row_place(first, last, rows)
        words = [patch.words() for patch in joined if patch.words()]
        if len(words) > 1:
            start = f"{where} from left to right: " if where else "From left to right: "
            yield [start + words[0], *words[1:]]
        elif words:
            across = " all across" if len(joined) == 1 else ""
            yield [f"{where}, {words[0]}{across}" if where else f"{words[0]} all over"]


def _cut(sentences: list[list[str]], fits: Callable[[str], bool]) -> list[str]:
    """Keep what fits, whole sentences and then whole pieces of one."""
    kept: list[str] = []
    for pieces in sentences:
        count = len(pieces)
        while count and not fits(join([*kept, _sentence(pieces[:count])])):
            count -= 1
        kept += [_sentence(pieces[:count])] if count else []
        if count < len(pieces):
            break
    return [sentence for sentence in kept if sentence]


def _sentence(pieces: list[str]) -> str:
    # Colours of one piece have commas.
    text = ("; " if pieces and ":" in pieces[0] else ", ").join(filter(None, pieces))
    ended = text.endswith((".", "!", "?"))
    return text[:1].upper() + text[1:] + ("" if ended or not text else ".")

"""The words that fit into some bytes: captioners count characters, here they are held to bytes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from PIL import Image

from promptcodec.captioners import NOTHING, Captioner, Estimate, PricedCaptioner, ShorteningCaptioner
from promptcodec.captioners.fill import fill_colours
from promptcodec.description import Description, shorten
from promptcodec.errors import Notice, PromptcodecError
from promptcodec.layers.derived import strip
from promptcodec.rate.fit import Code, fit_description
from promptcodec.rate.grids import CELLS, DEFAULT_CELLS, grid

CHARACTERS_PER_BYTE = 4
"""Free text asked for under a budget; the token PPM takes about 5 characters into a byte."""
SHORTENINGS = 2
"""How often a captioner is asked to say it shorter before words are cut here."""
STEP = 40
"""Character budgets come in these steps, so that like budgets ask the same question."""
BYTES_PER_CELL, BYTES_PER_NOUN = 6, 2
"""A cell with its colours takes about 3 bytes, its words as many; a noun alone one, seldom two."""
TWICE = 2
"""Calls of one question at most: an answer that does not fit is asked for once more."""


@dataclass(frozen=True, slots=True)
class WordsOf:
    """Where the words of a picture come from.

    Attributes:
        image: RGB.
        source: who looks, or what somebody says of the picture.
        prompt: the one the file carries, or ``""``.
        with_map: a colour map stands beside the words, so their cells need no colours.
        failed: what the captioner could not do of what it was asked besides.
    """

    image: Image.Image
    source: Captioner | Description
    prompt: str
    with_map: bool
    failed: list[Notice] = field(default_factory=list)


def fit_words(words: WordsOf, code: Code, room: int | None) -> bytes:
    """Code the words of a picture that fit, what matters most first.

    A captioner that can shorten is asked once for as many characters as the bytes are likely to hold,
    then to say it shorter; what is still too long, or is not said shorter, is cut here.

    Args:
        words: who says them of what.
        code: codes a description.
        room: bytes; None for no limit. The result may be longer: it is then the shortest there is.

    Raises:
        CaptionerError, ApiError, SpendingError, MissingError: the captioner could not be asked.
    """
    source, size = words.source, words.image.size
    on_grid = None
    if isinstance(source, Description):
        full = _ready(source, words)
    elif isinstance(source, ShorteningCaptioner) and room is not None:
        full = _shortened(source, words, code, room)
    else:
        characters = None if room is None else _step(room * CHARACTERS_PER_BYTE)
        full = _ask(words, *grid(DEFAULT_CELLS, size), characters)
        # Colours measured on the grid that is stored are better than those of a finer one merged.
        on_grid = None if words.with_map else lambda rows, cols: _ask(words, rows, cols, characters)
    return fit_description(full, size, code, room, with_map=words.with_map, on_grid=on_grid)


def _ask(words: WordsOf, rows: int, cols: int, characters: int | None = None) -> Description:
    assert not isinstance(words.source, Description)
    description = words.source.describe(
        words.image,
        rows=rows,
        cols=cols,
        prompt=words.prompt,
        characters=characters,
        colours=not words.with_map,
    )
    return _ready(description, words)


def _ready(description: Description, words: WordsOf) -> Description:
    """Leave out what the map shows; without one, say the colours of cells that say nothing."""
    return strip(description) if words.with_map else fill_colours(description, words.image)


def estimate_words(words: WordsOf, room: int | None) -> Estimate:
    """Say what ``fit_words`` will ask the captioner, and what that comes to; ask nobody."""
    captioner = words.source
    if not isinstance(captioner, PricedCaptioner):
        return NOTHING
    rows, cols = grid(DEFAULT_CELLS, words.image.size) if room is None else _grid_for(room, words)
    first = captioner.estimate(
        words.image,
        rows=rows,
        cols=cols,
        prompt=words.prompt,
        characters=None if room is None else _step(room * CHARACTERS_PER_BYTE),
        colours=not words.with_map,
    )
    if room is None:
        return first
    return replace(first, requests=(first.requests[0], first.requests[1] + TWICE * SHORTENINGS))


def _shortened(captioner: ShorteningCaptioner, words: WordsOf, code: Code, room: int) -> Description:
    """Ask for a description of about so many bytes, and to say it shorter while it has more."""
    rows, cols = _grid_for(room, words)
    characters = _step(room * CHARACTERS_PER_BYTE)
    description = _ask(words, rows, cols, characters)
    data = code(description)
    for _ in range(SHORTENINGS):
        if len(data) <= room or characters == STEP or words.failed:
            break
        characters = _step(min(characters, shorten.characters(description)) * room / len(data) * 0.9)
        try:
            shorter = _ready(captioner.shorten(description, characters), words)
        except PromptcodecError as error:  # the description itself is good, and paid for
            why = f"the captioner did not say it shorter, so that words were cut here: {error}"
            words.failed.append(Notice(why, error.hint))
            break
        coded = code(shorter)
        if len(coded) < len(data):
            description, data = shorter, coded
    return description


def _grid_for(room: int, words: WordsOf) -> tuple[int, int]:
    each = BYTES_PER_NOUN if words.with_map else BYTES_PER_CELL
    cells = next((cells for cells in CELLS if cells * each <= room), 1)
    return grid(min(cells, DEFAULT_CELLS), words.image.size)


def _step(characters: float) -> int:
    return max(STEP, int(characters / STEP) * STEP)

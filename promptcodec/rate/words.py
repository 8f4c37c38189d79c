"""The words that fit into some bytes: captioners count characters, here they are held to bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PIL import Image

from promptcodec.captioners import NOTHING, Captioner, Estimate, PricedCaptioner, ShorteningCaptioner
from promptcodec.description import Description, shorten
from promptcodec.description.coarsen import coarsen
from promptcodec.rate.grids import CELLS, DEFAULT_CELLS, grid

CHARACTERS_PER_BYTE = 4
"""Free text asked for under a budget; the token PPM takes about 5 characters into a byte."""
SHORTENINGS = 2
"""How often a captioner is asked to say it shorter before words are cut here."""
STEP = 40
"""Character budgets come in these steps, so that like budgets ask the same question."""
BYTES_PER_CELL = 6
"""A cell with its colours takes about 3 bytes, its words as many."""
TWICE = 2
"""Calls of one question at most: an answer that does not fit is asked for once more."""

Code = Callable[[Description], bytes]


def fit_words(captioner: Captioner, image: Image.Image, prompt: str, code: Code, room: int | None) -> bytes:
    """Code the finest description of a picture that fits.

    A captioner that can shorten is asked once for as many characters as the bytes are likely to hold,
    then to say it shorter; what is still too long is cut here, on coarser grids. Any other is asked on
    one grid after another.

    Args:
        captioner: who looks.
        image: RGB.
        prompt: the one the file carries, or ``""``.
        code: codes a description.
        room: bytes; None for no limit. The result may be longer: it is then the shortest there is.

    Raises:
        CaptionerError, ApiError, SpendingError, MissingError: the captioner could not be asked.
    """
    if room is None:
        rows, cols = grid(DEFAULT_CELLS, image.size)
        return code(captioner.describe(image, rows=rows, cols=cols, prompt=prompt))
    if isinstance(captioner, ShorteningCaptioner):
        return _fit_by_shortening(captioner, image, prompt, code, room)
    return fit_description(
        lambda rows, cols: captioner.describe(image, rows=rows, cols=cols, prompt=prompt),
        image.size,
        code,
        room,
    )


def estimate_words(captioner: Captioner, image: Image.Image, prompt: str, room: int | None) -> Estimate:
    """Say what ``fit_words`` will ask the captioner, and what that comes to; ask nobody."""
    if not isinstance(captioner, PricedCaptioner):
        return NOTHING
    if room is None:
        rows, cols = grid(DEFAULT_CELLS, image.size)
        return captioner.estimate(image, rows=rows, cols=cols, prompt=prompt)
    rows, cols = _grid_for(room, image.size)
    first = captioner.estimate(
        image, rows=rows, cols=cols, prompt=prompt, characters=_step(room * CHARACTERS_PER_BYTE)
    )
    return replace(first, requests=(first.requests[0], first.requests[1] + TWICE * SHORTENINGS))


def _fit_by_shortening(
    captioner: ShorteningCaptioner, image: Image.Image, prompt: str, code: Code, room: int
) -> bytes:
    rows, cols = _grid_for(room, image.size)
    characters = _step(room * CHARACTERS_PER_BYTE)
    description = captioner.describe(image, rows=rows, cols=cols, prompt=prompt, characters=characters)
    data = code(description)
    for _ in range(SHORTENINGS):
        if len(data) <= room or characters == STEP:
            break
        characters = _step(min(characters, shorten.characters(description)) * room / len(data) * 0.9)
        shorter = captioner.shorten(description, characters)
        coded = code(shorter)
        if len(coded) < len(data):
            description, data = shorter, coded
    if len(data) <= room:
        return data
    return fit_description(lambda r, c: coarsen(description, r, c), image.size, code, room)


def _grid_for(room: int, size: tuple[int, int]) -> tuple[int, int]:
    cells = next((cells for cells in CELLS if cells * BYTES_PER_CELL <= room), 1)
    return grid(min(cells, DEFAULT_CELLS), size)


def _step(characters: float) -> int:
    return max(STEP, int(characters / STEP) * STEP)


def fit_description(
    describe: Callable[[int, int], Description], size: tuple[int, int], encode: Code, room: int
) -> bytes:
    """Code the finest description that fits into ``room`` bytes.

    The sentence is cut to what leaves half the room to the cells; then grids are tried by
    bisection, each whole and without orientations; last the coarsest in ever fewer words. The
    result may still be too long: it is then the shortest there is.

    Args:
        describe: gives the description on a grid of rows and columns.
        size: width and height of the picture.
        encode: codes a description.
        room: bytes.
    """
    grids = list(dict.fromkeys(grid(cells, size) for cells in CELLS))
    coarsest = describe(*grids[-1])
    summary = _fit_summary(coarsest, encode, room)

    def candidate(level: int) -> bytes:
        description = replace(describe(*grids[level // 2]), summary=summary)
        return encode(shorten.without_orientations(description) if level % 2 else description)

    low, high = 0, 2 * len(grids) - 1
    best = None
    while low <= high:
        middle = (low + high) // 2
        data = candidate(middle)
        if len(data) <= room:
            best, high = data, middle - 1
        else:
            low = middle + 1
    if best is not None:
        return best
    forms = [encode(shorter) for shorter in shorten.least(replace(coarsest, summary=summary))]
    return next((data for data in forms if len(data) <= room), forms[-1])


def _fit_summary(coarsest: Description, encode: Code, room: int) -> str:
    """Cut the summary so that it takes at most half the room beside the fewest cells there are."""
    without = len(encode(replace(coarsest, summary="")))
    for summary in shorten.shorter_sentences(coarsest.summary):
        if len(encode(replace(coarsest, summary=summary))) - without <= room // 2:
            return summary
    return ""

"""From a description to the prompt of each family of generators.

Hosted image models read thousands of characters and a grid of cells; diffusion models with a
T5 or language-model encoder read long prose; CLIP text encoders stop at 77 tokens, begin and
end included.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from promptcodec import prompts
from promptcodec.description import Cell, Description, format_text
from promptcodec.description.coarsen import coarsen, explicit
from promptcodec.description.hidden import visible
from promptcodec.recipe import Recipe, prompt_of
from promptcodec.recipe.prompt import plain

CLIP_TOKENS = 75
WHOLE_WORD = 4
MOST_CHARACTERS = 30_000
"""Hosted image models take 32,000."""
_THIRDS = (
    ("top left", "top", "top right"),
    ("left", "middle", "right"),
    ("bottom left", "bottom", "bottom right"),
)


def hosted(
    description: Description | None,
    size: tuple[int, int],
    references: Sequence[str] = (),
    correction: str = "",
    recipe: Recipe | None = None,
) -> str:
    """Write the prompt of a hosted image model; the description goes in as fenced data.

    Args:
        description: what the stream says; None where it has no words of its own.
        size: width and height of the picture that is asked for.
        references: what each picture sent along is, in words.
        correction: what was wrong with the last picture.
        recipe: its prompt stands in for words that are not there.
    """
    words = explicit(description) if description else None
    prompt = "" if words or recipe is None else prompt_text(recipe)
    rows, cols = (description.rows, description.cols) if description else (1, 1)
    numbered = " ".join(f"Image {number}: {what}." for number, what in enumerate(references, 1))
    rules = prompts.render(
        "draw-prompt" if prompt else "draw-references" if references else "draw-text",
        width=size[0],
        height=size[1],
        rows=rows,
        cols=cols,
        references=numbered,
        correction=correct(correction),
    )
    text = format_text(words) if words else prompt or "no words; draw what the references show"
    return f"{rules}\n\n{prompts.fence(visible(text)[:MOST_CHARACTERS])}"


def prompt_text(recipe: Recipe) -> str:
    """Say what a generation tool was told, in plain words: lines ``prompt:`` and ``negative:``.

    A picture can be drawn of a prompt alone: ``""`` where there is none.
    """
    prompt, negative = prompt_of(recipe), plain(recipe.settings.negative or "")
    return f"prompt: {prompt}" + (f"\nnegative: {negative}" if negative else "") if prompt else ""


def correct(wrong: str) -> str:
    """Say what was wrong with the last picture; ``""`` where nothing was."""
    return prompts.render("correct", wrong=prompts.fence(wrong)) if wrong else ""


def prose(description: Description) -> str:
    """Write the prompt of a diffusion model that reads long text."""
    return _fill(
        "draw-long",
        description,
        _places(coarsen(description, min(description.rows, 3), min(description.cols, 3))),
    )


def clip(description: Description) -> str:
    """Write the prompt of a diffusion model with a CLIP text encoder, cut where 77 tokens surely suffice."""
    text = _fill(
        "draw-clip",
        description,
        _places(coarsen(description, min(description.rows, 2), min(description.cols, 2))),
    )
    kept: list[str] = []
    used = 0
    for phrase in text.split(", "):
        used += clip_tokens(phrase) + 1
        if used > CLIP_TOKENS:
            break
        kept.append(phrase)
    if kept:
        return ", ".join(kept)
    words = text.split()
    while words and clip_tokens(" ".join(words)) > CLIP_TOKENS:
        words.pop()
    return " ".join(words)


def clip_tokens(text: str) -> int:
    """Count tokens of CLIP's vocabulary from above: a short word is one, a longer one a third of its letters.

    English takes fewer, names and other languages come near it.

    Letters outside ASCII are counted as a token a byte, signs as one each.
    """
    return sum(map(_clip_tokens, re.findall(r"[a-z]+|[0-9]|[^\sa-z0-9]", text.lower())))


def _clip_tokens(piece: str) -> int:
    if not piece.isascii():
        return len(piece.encode())
    return 1 if len(piece) <= WHOLE_WORD else -(-len(piece) // 3)


def _fill(name: str, description: Description, places: str) -> str:
    things = ", ".join(" ".join((*thing.attributes, thing.name)) for thing in description.objects)
    letters = ", ".join(f'the words "{item.text}"' for item in description.lettering)
    text = prompts.render(
        name,
        summary=description.summary.rstrip("."),
        medium=description.medium,
        light=description.light,
        mood=description.mood,
        objects=things,
        lettering=letters,
        places=places,
    )
    # Slots that were empty leave their separators behind.
    text = re.sub(r"(?:\s*,)+", ",", " ".join(text.split()))
    return re.sub(r"\s+", " ", re.sub(r"(?:,\s*)+([.,]|$)", r"\1", text)).strip(" ,")


def _places(description: Description) -> str:
    """Say each cell of a coarse grid as a place and what is there."""
    phrases = []
    for index, cell in enumerate(explicit(description).cells):
        row, col = divmod(index, description.cols)
        place = _THIRDS[_third(row, description.rows)][_third(col, description.cols)]
        phrases.append(f"{place} {_words(cell)}")
    return ", ".join(phrases)


def _third(index: int, count: int) -> int:
    return 1 if count == 1 else index * 2 // (count - 1)


def _words(cell: Cell) -> str:
    colours = f" {'and' if cell.arrangement == 'with' else cell.arrangement} ".join(cell.colours)
    return f"{colours} {cell.text}".strip()

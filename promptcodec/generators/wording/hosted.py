"""The prompt of a hosted image model: it reads thousands of characters and a grid of cells."""

from __future__ import annotations

from collections.abc import Sequence

from promptcodec import prompts
from promptcodec.description import Description, format_text
from promptcodec.description.coarsen import explicit
from promptcodec.description.hidden import visible
from promptcodec.recipe import Recipe, prompt_of
from promptcodec.recipe.prompt import plain

MOST_CHARACTERS = 30_000
"""Hosted image models take 32,000."""


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

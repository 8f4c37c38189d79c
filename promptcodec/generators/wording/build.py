"""From what a stream says to the prompt of a diffusion model."""

from __future__ import annotations

from collections.abc import Callable

from promptcodec.generators import Conditions
from promptcodec.generators.wording.clip import salient
from promptcodec.generators.wording.corrections import corrections
from promptcodec.generators.wording.long import prose
from promptcodec.generators.wording.prompt import Phrase, Prompt, cut, join, one_line
from promptcodec.generators.wording.tokens import clip_tokens
from promptcodec.recipe.prompt import plain, prompt_of

FAMILIES = {"clip": 75, "long": 512}
"""Tokens of each family's text encoder, without the two that begin and end a text."""

ROOM = 0.6
"""The share of a prompt that a summary, or what is to be put right, may take from other phrases."""


def build(
    family: str,
    conditions: Conditions,
    *,
    count: Callable[[str], int] | None = None,
    most: int | None = None,
) -> Prompt:
    """Write the prompt of a picture from its description, else from its recipe's prompt.

    Args:
        family: ``clip``, the most salient phrases, with weights; ``long``, the whole raster scan as prose.
        conditions: its description, its recipe and what was wrong with an earlier picture are read.
        count: counts the tokens of a text; by default an upper bound of CLIP's.
        most: the most tokens; by default what encoders of the family read.

    Returns:
        no phrases where there are no words; their texts hold nothing unseen, and may hold any syntax.
    """
    limit = FAMILIES[family] if most is None else most
    tokens = count or clip_tokens
    description, recipe = conditions.description, conditions.recipe
    first, against = corrections(conditions.correction, description)

    def fits(texts: list[str]) -> bool:
        return tokens(join(texts)) <= limit

    def half(texts: list[str]) -> bool:
        return tokens(join(texts)) <= ROOM * limit

    if description is None:
        texts = filter(None, prompt_of(recipe).split(", ")) if recipe else ()
        phrases = _first_that_fit([*first, *map(Phrase, texts)], fits)
        asked = plain(recipe.settings.negative or "") if recipe and phrases else ""
        return _seen(phrases, ", ".join(filter(None, (asked, against))))
    heeded = _first_that_fit([*first], half)
    if family == "clip":
        return _seen(salient(description, heeded, fits, half), against)
    said_last = [phrase.text for phrase in heeded]
    return _seen((*prose(description, lambda text: fits([text, *said_last])), *heeded), against)


def _first_that_fit(phrases: list[Phrase], fits: Callable[[list[str]], bool]) -> tuple[Phrase, ...]:
    """Leave out the last phrases until the others fit; one that is too long alone is cut."""
    first = phrases[:1]
    while phrases and not fits([phrase.text for phrase in phrases]):
        phrases.pop()
    short = [Phrase(cut(phrase.text, lambda text: fits([text])), phrase.weight) for phrase in first]
    return tuple(phrases or short)


def _seen(phrases: tuple[Phrase, ...], negative: str) -> Prompt:
    shown = [Phrase(one_line(phrase.text), phrase.weight) for phrase in phrases]
    return Prompt(tuple(phrase for phrase in shown if phrase.text), one_line(negative))

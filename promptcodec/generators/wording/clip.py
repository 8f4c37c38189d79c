"""The most salient phrases of a description, for text encoders that stop at 77 tokens."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from promptcodec.description import Description
from promptcodec.generators.wording.layout import sides
from promptcodec.generators.wording.prompt import Phrase, cut
from promptcodec.generators.wording.regions import place, regions, tones
from promptcodec.generators.wording.things import (
    inside,
    lettering_words,
    light_words,
    listed,
    mood_words,
    stems,
    thing_words,
)

LEAST, MOST = 0.8, 1.3
SUMMARY = 0.4
"""How salient a summary is: it weighs 1, so that most of a prompt does."""
MENTIONED = 0.3
"""How salient a thing is at least whose place is said though the summary names it."""
Fits = Callable[[list[str]], bool]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A phrase that may be chosen: its words, where that is, and how salient it is, 0..1."""

    words: str
    place: str
    salience: float

    @property
    def text(self) -> str:
        """The words with their place."""
        return f"{self.words} {self.place}".strip()


def salient(
    description: Description, heeded: tuple[Phrase, ...], fits: Fits, fits_half: Fits
) -> tuple[Phrase, ...]:
    """Choose the phrases that matter most among those that fit, and put them in a natural order.

    Args:
        description: what to say.
        heeded: phrases that go first but for the summary, and are always there.
        fits: says of texts whether they are short enough together.
        fits_half: says whether they leave room for others; a summary is cut so that it does, and gets the
            room that is left in the end.
    """
    always = [phrase.text for phrase in heeded]
    whole = f"{description.medium}, {inside(description.summary)}".rstrip(", ")
    texts = [*always, cut(whole, lambda text: fits_half([*always, text]))]
    ranked = candidates(description)
    order = sorted(range(len(ranked)), key=lambda at: -ranked[at].salience)
    chosen: list[int] = []
    # First what is new, then where things are that the summary names.
    for wanted in (_is_new, _is_placed):
        for index in order:
            candidate = ranked[index]
            if index not in chosen and wanted(candidate, texts) and fits([*texts, candidate.text]):
                texts.append(candidate.text)
                chosen.append(index)
    others = texts[len(always) + 1 :]
    summary = cut(whole, lambda text: fits([*always, text, *others]))
    phrases = [Phrase(summary, weight(SUMMARY)), *heeded]
    phrases += [Phrase(ranked[at].text, weight(ranked[at].salience)) for at in sorted(chosen)]
    return tuple(phrases)


def _is_new(candidate: Candidate, texts: list[str]) -> bool:
    return not stems(candidate.words) <= stems(" ".join(texts))


def _is_placed(candidate: Candidate, texts: list[str]) -> bool:
    return bool(candidate.place) and candidate.salience > MENTIONED and candidate.text not in texts


def weight(salience: float) -> float:
    """Give the weight of a phrase: LEAST .. MOST."""
    return round(LEAST + (MOST - LEAST) * min(max(salience, 0.0), 1.0), 2)


def candidates(description: Description) -> list[Candidate]:
    """Give every phrase but the summary, in the order they would be read."""
    named = stems(description.summary)
    result = []
    for index, thing in enumerate(description.objects):
        box = sides(thing.box, description)
        known = 0.15 if stems(thing.name) & named else 0.0
        salience = 0.2 + 0.5 * math.sqrt(_area(box)) + known + 0.15 / (1 + index)
        result.append(Candidate(thing_words(thing), place(*box), salience))
    for item in description.lettering:
        box = sides(item.box, description)
        result.append(Candidate(lettering_words(item), "", 0.5 + 0.5 * math.sqrt(_area(box))))
    for region in regions(description):
        share = 0.4 if stems(region.noun) <= named else 0.6
        words = f"{region.colour} {region.noun}".strip()
        result.append(Candidate(words, region.place, share * math.sqrt(region.area)))
    colours = tones(description)
    spoken = (
        (f"{listed(colours)} tones" if colours else "", 0.3),
        (light_words(description.light), 0.4),
        (mood_words(description.mood), 0.35),
    )
    return [*result, *(Candidate(words, "", salience) for words, salience in spoken if words)]


def _area(box: tuple[float, float, float, float]) -> float:
    left, top, right, bottom = box
    return (right - left) * (bottom - top)

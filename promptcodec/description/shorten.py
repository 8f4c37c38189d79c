"""Say the same in fewer words: what matters least goes first, the main subject last.

What matters is what a reader of the words would look for. A unit (an object, an attribute, a phrase of
the summary, lettering) is worth the words in it that nothing else says; the one that is worth least for
its length goes first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from promptcodec.description.model import Description

_PHRASE = re.compile(
    r"(?<=[.!?;:,])\s+|\s+(?=(?:with|in|on|at|under|over|near|beside|behind|before|above|below|between|among|"
    r"along|across|against|around|through|from|into|onto|and|while|as|inside|outside|beneath|past|toward|"
    r"towards|wearing|holding|by)\b)"
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_LAST_CLAUSE = re.compile(r"[,;:]\s+[^,;:]*$")
_WORD = re.compile(r"[^\W_]+")
_FILLERS = (
    "a an the of and or with in on at to from by for as is are be it its his her their this that "
    "these those there while into onto over under near some very two one "
)
_EMPTY = frozenset(_FILLERS.split())
_LEADING = (
    "a an the of and or than to for is are was were be been has have had that which who whose where its his "
    "her their there one two some very"
)
_OPEN = frozenset(_LEADING.split())
"""Words that lead on to others: no clause ends with them."""
# What a word counts by where it stands; what a unit counts beside its words: a box says where.
_NAME, _ATTRIBUTE, _SUMMARY, _LETTERS, _STYLE = 1.0, 0.5, 1.0, 1.0, 0.3
_PLACE, _SUBJECT, _BIT = 0.6, 1.5, 0.1
# What a box costs, and a word that stands elsewhere too, in letters.
_BOX, _AGAIN = 5, 2
# Words that count of one piece of lettering: a page of text is not all that is looked for.
_LETTERS_MOST = 6


def without_textures(description: Description) -> Description:
    """Leave out surfaces of cells and which way their lines run."""
    cells = tuple(replace(cell, texture="", orientation="") for cell in description.cells)
    return replace(description, cells=cells)


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


@dataclass(frozen=True, slots=True)
class _Unit:
    """Something that can be left out.

    Attributes:
        words: what each of its words counts where nothing else says it.
        more: what it counts beside them.
        length: its letters.
        drop: leaves it out.
    """

    words: Mapping[str, float]
    more: float
    length: int
    drop: Callable[[Description], Description]


def by_salience(description: Description) -> Iterator[Description]:
    """Give a description, then the same with unit after unit left out; the last names the main subject.

    Its cells stay as they are.
    """
    while True:
        yield description
        counts = Counter(word for words in _sources(description) for word in words)
        units = [*_units(description)]
        if not units:
            return

        def worth(unit: _Unit, counts: Counter[str] = counts) -> float:
            news = sum(value for word, value in unit.words.items() if counts[word] == 1)
            again = sum(max(len(word) - _AGAIN, 0) for word in unit.words if counts[word] > 1)
            return (news + unit.more) / (max(unit.length - again, 0) + 1)

        description = min(units, key=worth).drop(description)


def _sources(description: Description) -> Iterator[frozenset[str]]:
    """Give the words of everything that says some."""
    yield from map(_content, (*_phrases(description.summary), description.mood, description.light))
    for thing in description.objects:
        yield from map(_content, (thing.name, *thing.attributes))
    yield from (_content(item.text) for item in description.lettering)


def _units(description: Description) -> Iterator[_Unit]:
    for name in ("mood", "light"):
        text = getattr(description, name)
        if text:
            words = dict.fromkeys(_content(text), _STYLE)
            yield _Unit(words, 0.0, len(text) + 6, _without_style(name))
    yield from _ends(description.summary)
    first = _content(_first(description.summary))
    main = next((at for at, thing in enumerate(description.objects) if _content(thing.name) & first), None)
    for at, thing in enumerate(description.objects):
        attributes = [dict.fromkeys(_content(attribute), _ATTRIBUTE) for attribute in thing.attributes]
        for nth, (attribute, words) in enumerate(zip(thing.attributes, attributes, strict=True)):
            yield _Unit(words, _BIT, len(attribute) + 2, _without_attribute(at, nth))
        if at or description.summary:
            named = dict.fromkeys(_content(thing.name), _NAME)
            every = {word: value for words in attributes for word, value in words.items()} | named
            # Where the main subject is matters more than where another thing is.
            place = _SUBJECT if at == main else _PLACE
            length = len(thing.name) + sum(map(len, thing.attributes)) + _BOX
            yield _Unit(every, place, length, _without("objects", at))
    for at, item in enumerate(description.lettering):
        if item.manner:
            words = dict.fromkeys(_content(item.manner), _ATTRIBUTE)
            yield _Unit(words, _BIT, len(item.manner) + 1, _without_manner(at))
        words = dict.fromkeys(_content_in_order(item.text)[:_LETTERS_MOST], _LETTERS)
        yield _Unit(words, _PLACE, len(item.text) + _BOX, _without("lettering", at))


@lru_cache(maxsize=64)
def _ends(summary: str) -> tuple[_Unit, ...]:
    """Give the last phrase of each sentence of a summary; the first phrase of all stays."""
    sentences = _SENTENCE.split(summary)
    units = []
    for at, sentence in enumerate(sentences):
        *kept, end = _phrases(sentence)
        if at or kept:
            shorter = [_trimmed(" ".join(kept))] if kept else []
            rest = " ".join([*sentences[:at], *shorter, *sentences[at + 1 :]])
            words = dict.fromkeys(_content(end), _SUMMARY)
            units.append(_Unit(words, _BIT, len(end), _with_summary(rest)))
    return tuple(units)


@lru_cache(maxsize=64)
def _phrases(text: str) -> tuple[str, ...]:
    return tuple(_PHRASE.split(text))


def _first(summary: str) -> str:
    return _phrases(summary)[0]


def _without(field: str, at: int) -> Callable[[Description], Description]:
    def drop(description: Description) -> Description:
        items = getattr(description, field)
        return replace(description, **{field: items[:at] + items[at + 1 :]})

    return drop


def _without_manner(at: int) -> Callable[[Description], Description]:
    def drop(description: Description) -> Description:
        items = list(description.lettering)
        items[at] = replace(items[at], manner="")
        return replace(description, lettering=tuple(items))

    return drop


def _without_style(name: str) -> Callable[[Description], Description]:
    return lambda description: replace(description, **{name: ""})  # type: ignore[arg-type]


def _with_summary(text: str) -> Callable[[Description], Description]:
    return lambda description: replace(description, summary=text)


def _without_attribute(at: int, nth: int) -> Callable[[Description], Description]:
    def drop(description: Description) -> Description:
        objects = list(description.objects)
        kept = objects[at].attributes
        objects[at] = replace(objects[at], attributes=kept[:nth] + kept[nth + 1 :])
        return replace(description, objects=tuple(objects))

    return drop


def _trimmed(sentence: str) -> str:
    """End a sentence that was cut as a sentence ends: what is left of a clause in one word goes too.

    So do words at its end that led on to what is gone.
    """
    sentence = sentence.rstrip(",;: ")
    while True:
        *rest, word = sentence.split(" ")
        last = _LAST_CLAUSE.search(sentence)
        if rest and word.lower() in _OPEN:
            sentence = " ".join(rest).rstrip(",;: ")
        elif last and len(_content(last[0])) <= 1:
            sentence = sentence[: last.start()]
        else:
            return sentence + "."


@lru_cache(maxsize=1024)
def _content(text: str) -> frozenset[str]:
    """Give the words that say something, without their plural."""
    return frozenset(_content_in_order(text))


def _content_in_order(text: str) -> list[str]:
    words = (word.lower() for word in _WORD.findall(text))
    return [word.removesuffix("s") for word in words if word not in _EMPTY]


def characters(description: Description) -> int:
    """Count the free text of a description."""
    words = [description.medium, description.summary, description.light, description.mood]
    words += [cell.text for cell in description.cells]
    words += [text for item in description.objects for text in (item.name, *item.attributes)]
    words += [text for item in description.lettering for text in (item.text, item.manner)]
    return sum(map(len, words))

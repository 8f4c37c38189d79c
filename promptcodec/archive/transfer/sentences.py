"""What a description says, for people and for programs that sort pictures: sentences, keywords.

They say what the description says, and nothing that is only measured, such as the colours of cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from promptcodec.archive.indexing.words import GRAMMAR
from promptcodec.description import Description
from promptcodec.description.basic import palette_name

_WORD = re.compile(r"[^\W_]+(?:['\u2019&.-][^\W_]+)*")
_ENDS = (".", "!", "?", "\u2026", "\u3002")
_MOST_WORDS = 3
"""Of a cell's text that is a keyword: longer ones are phrases."""
_NOTHING = {"background"}
"""What cells are said to show that nobody looks for."""
_LONGEST = 64
"""Bytes of a keyword, as IPTC's records hold them."""


def scene(description: Description) -> str:
    """Say in sentences what a description says beside its summary: medium, light, mood, things, lettering."""
    things = (
        thing.name + (f" ({', '.join(thing.attributes)})" if thing.attributes else "")
        for thing in description.objects
    )
    letters = (
        f'"{item.text}"' + (f" ({item.manner})" if item.manner else "") for item in description.lettering
    )
    sentences = (
        ("Medium", description.medium),
        ("Light", description.light),
        ("Mood", description.mood),
        ("Things", ", ".join(once(things))),
        ("Lettering", ", ".join(once(letters))),
    )
    return " ".join(_sentence(f"{what}: {words}") for what, words in sentences if words)


def whole(description: Description) -> str:
    """Say in sentences what a description says: its summary, then its scene."""
    return f"{_sentence(description.summary)} {scene(description)}".strip()


def keywords(description: Description) -> list[str]:
    """Give the keywords of a description, none twice, whatever its case.

    These are its things, short texts of its cells, colours that things are said to have, the medium, and
    the words of its lettering.
    """
    words = (word.replace("|", " ").strip() for word in _keywords(description))
    return once(word for word in words if word and len(word.encode(errors="replace")) <= _LONGEST)


def _keywords(description: Description) -> Iterator[str]:
    for thing in description.objects:
        yield thing.name
    for cell in description.cells:
        if len(cell.text.split()) <= _MOST_WORDS and cell.text.lower() not in _NOTHING:
            yield cell.text
    for thing in description.objects:
        yield from (each for each in thing.attributes if palette_name(each))
    yield description.medium
    for item in description.lettering:
        words = _WORD.findall(item.text)
        yield from (word for word in words if len(word) > 1 and word.lower() not in GRAMMAR)


def once(texts: Iterable[str]) -> list[str]:
    """Give each of some texts once, as it stands first, whatever its case."""
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(text.casefold(), text)
    return list(first.values())


def _sentence(text: str) -> str:
    return text if not text or text.endswith(_ENDS) else f"{text}."

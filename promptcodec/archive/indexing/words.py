"""The words that a picture is searched by: what its description says of things.

That is medium, summary, light, mood, objects and their attributes, lettering and its manner, and each noun
of the cells once, however many cells show it. Colours and textures of cells are left out: the palette has
names such as ``sand`` and ``salmon``, which would answer for things, and a colour map gives every stream
colours. So are the colours that the embedded captioner's summary ends with, such as an orange area.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from promptcodec.description import Description, SceneObject, resolve
from promptcodec.description.basic import basic_colour
from promptcodec.description.palette import PALETTE

FIELDS = ("medium", "summary", "light", "mood", "object", "lettering", "cell")
"""Where a description says something."""

TOKENIZER = "porter unicode61"
"""Of SQLite's FTS5: letters and digits make words, whatever their case, accents and English endings."""

GRAMMAR = frozenset((
    "a", "about", "above", "across", "after", "against", "all", "along", "also", "among", "an", "and",
    "another", "any", "are", "around", "as", "at", "away", "be", "before", "behind", "being", "below",
    "beneath", "beside", "between", "both", "but", "by", "each", "every", "few", "for", "from", "has",
    "have", "having", "he", "her", "here", "hers", "him", "his", "in", "inside", "into", "is", "it",
    "its", "like", "many", "more", "most", "much", "near", "next", "no", "not", "of", "off", "on",
    "one", "onto", "or", "other", "our", "out", "outside", "over", "own", "s", "same", "several", "she",
    "so", "some", "such", "than", "that", "the", "their", "them", "then", "there", "these", "they",
    "this", "those", "through", "to", "together", "toward", "towards", "under", "up", "upon", "very",
    "was", "were", "what", "where", "which", "while", "who", "whose", "with", "within", "without",
    "you", "your",
))  # fmt: skip
"""Words that say nothing of what is in a picture."""

_COLOUR = "|".join(sorted(set(map(basic_colour, PALETTE)), key=len, reverse=True))
_COLOURS = re.compile(
    rf"^Mostly (?:{_COLOUR})(?: (?:over|beside|with) (?:{_COLOUR}))?(?=[;.])"
    rf"|; an? (?:{_COLOUR}) area stands out [^;.]*(?=\.)"
)


def words_of(description: Description) -> str:
    """Give the words that a description is searched by."""
    return "\n".join(columns_of(description))


def columns_of(description: Description) -> tuple[str, ...]:
    """Give these words by field, in the order of FIELDS; ``""`` where a field says nothing."""
    return (
        description.medium,
        summary_of(description),
        description.light,
        description.mood,
        "\n".join(" ".join((thing.name, *thing.attributes)) for thing in description.objects),
        "\n".join(f"{item.manner} {item.text}" for item in description.lettering),
        "\n".join(dict.fromkeys(cell.text for cell in description.cells)),
    )


def summary_of(description: Description) -> str:
    """Give what the summary says of things."""
    return _COLOURS.sub("", description.summary)


def texts_of(description: Description) -> Iterator[tuple[str, str]]:
    """Give every text that these words are of, with its field; of a cell the field is as ``cell r2c3``."""
    yield "medium", description.medium
    yield "summary", summary_of(description)
    yield "light", description.light
    yield "mood", description.mood
    for thing in description.objects:
        yield "object", _spoken(thing)
    for item in description.lettering:
        yield "lettering", f"{item.manner}: {item.text}" if item.manner else item.text
    for index, cell in enumerate(resolve(description)):
        row, col = divmod(index, description.cols)
        yield f"cell r{row + 1}c{col + 1}", cell.text


def _spoken(thing: SceneObject) -> str:
    return ", ".join((thing.name, *thing.attributes))

"""Does a captioner see what somebody saw? Its words beside labels that were made by looking.

A label (``eval/labels``) names a picture's main subject, its things with places and colours, its medium, how
many people it shows, and for each cell of a grid what covers it. Plural and singular are one word, and a
longer name holds for what it ends in: a sports car is a car.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from eval.measure.names import (
    CROWDS,
    NO_THINGS,
    all_broader,
    all_heads,
    heads,
    is_person,
    names_in,
    runs,
    singular,
    table,
)
from promptcodec.description import Box, Description, SceneObject, resolve
from promptcodec.description.basic import basic_colour
from promptcodec.description.basic import names_in as colours_in
from training.agreement import overlap
from training.labelled import BROADER, Label, Thing, is_right, read, shipped
from training.labelled import FOLDER as TRAINING

FOLDER = Path(__file__).parent.parent / "labels"
DATASETS = ("kodak", "aigi")
JUDGED = "judged.jsonl"
MOST_PEOPLE = 3
"""Three and more are told apart from two, not from four."""

Judged = Mapping[tuple[str, str], bool]
"""By file and singular name: whether that is there though no label names it."""

MEDIA = (
    ("pixel art", "pixel"),
    ("screenshot", "screenshot|user interface"),
    ("3d render", "render|3d|cgi"),
    ("graphic", "graphic|vector|logo|diagram|infographic|map|icon|poster"),
    ("painting", "paint|watercolou?r|gouache|acrylic|fresco"),
    ("anime", "anime|manga|comic|cartoon|illustration"),
    ("line art", "drawing|sketch|line art|ink|pencil|engraving|etching|charcoal"),
    ("text page", "text|page|document"),
    ("photo", "photo"),
)
"""Media of labels, and words that say them; the first that fits holds (a digital painting is a painting)."""

NUMBERS = {
    "no": 0, "a": 1, "an": 1, "one": 1, "single": 1, "two": 2, "pair": 2, "three": 3, "four": 3, "five": 3,
    "six": 3, "several": 3, "many": 3, "some": 3,
}  # fmt: skip


def labels() -> list[Label]:
    """Give the labels of the evaluation pictures."""
    return read([FOLDER / f"{name}.jsonl" for name in DATASETS])


def judged(path: Path = FOLDER / JUDGED) -> Judged:
    """Give what was looked up in pictures because no label names it."""
    lines = map(json.loads, path.read_text("utf-8").splitlines())
    return {(line["file"], singular(line["noun"])): line["there"] for line in lines}


def known(pictures: Sequence[Label]) -> set[str]:
    """Give the nouns that are read in sentences: those of all labels and of the table of broader words."""
    nouns = {singular(noun) for label in (*shipped(), *pictures) for noun in label.nouns()}
    return (nouns | table() | {*CROWDS, "portrait"}) - NO_THINGS


def picture(description: Description, label: Label, nouns: Collection[str], looked: Judged) -> dict[str, Any]:
    """Count one picture.

    Args:
        description: what a captioner says, on any grid.
        label: what somebody saw.
        nouns: that are read in sentences; see ``known``.
        looked: what was judged beside the labels.

    Returns:
        A row: outcomes in words, and counts; ``unjudged`` holds what counts as wrong and was not looked up.
    """
    named = _named(description, nouns)
    wrong = [name for name in named if not _is_there(name, label, looked)]
    spoken = _spoken(named)
    with_cells = spoken | all_heads(cell.text for cell in resolve(description) if cell.text)
    return {
        "file": label.file,
        "subject": subject(description, label, nouns, looked),
        "medium": medium(description.medium, label),
        "people": people(description),
        "people_right": people(description) == min(label.people, MOST_PEOPLE),
        "named": len(named),
        "named_right": len(named) - len(wrong),
        "things": len(label.things),
        "things_named": sum(_is_named(thing, spoken) for thing in label.things),
        "things_named_cells": sum(_is_named(thing, with_cells) for thing in label.things),
        **colours(description, label),
        **cells(description, label),
        "unjudged": [name for name in wrong if (label.file, singular(name)) not in looked],
    }


def subject(description: Description, label: Label, nouns: Collection[str], looked: Judged) -> str:
    """Say whether the main subject is named: ``right``, ``missing``, or ``wrong``.

    Wrong is a summary whose first noun names nothing that is in the picture.
    """
    words = all_heads((*runs(description.summary), *(thing.name for thing in description.objects)))
    if words & all_heads(label.subject):
        return "right"
    main = names_in(description.summary, nouns)[:1]
    return "wrong" if main and not _is_there(main[0], label, looked) else "missing"


def _named(description: Description, nouns: Collection[str]) -> list[str]:
    """Give the names of the objects and the known nouns of the summary, each once."""
    names = [*(thing.name for thing in description.objects), *names_in(description.summary, nouns)]
    return list({singular(name): name for name in names})


def _is_there(name: str, label: Label, looked: Judged) -> bool:
    return bool(heads(name) & _seen(label)) or looked.get((label.file, singular(name)), False)


def _seen(label: Label) -> set[str]:
    """Give every name that is right for something in a picture, broader ones too."""
    above = {wide for cell in label.cells for noun in cell for wide in BROADER.get(noun, ())}
    seen = all_broader(all_heads(label.nouns() | above))
    if label.people:
        seen |= {"person", "portrait"}
    if label.people == 2:
        seen |= {"couple", "pair"}
    return seen | set(CROWDS) if label.people >= MOST_PEOPLE else seen


def _spoken(names: Sequence[str]) -> set[str]:
    """Give what names end in; a crowd or a portrait names persons."""
    spoken = all_heads(names)
    return spoken | {"person"} if spoken & {*CROWDS, "portrait"} else spoken


def _is_named(thing: Thing, spoken: Collection[str]) -> bool:
    return not all_broader(all_heads(thing.nouns)).isdisjoint(spoken)


def colours(description: Description, label: Label) -> dict[str, int]:
    """Count objects that say a colour of a thing whose colours are labelled, and those whose first is right.

    Of several things of that name the one that lies most like the object is meant.
    """
    counted = right = 0
    for thing in description.objects:
        colour = next((basic for word in thing.attributes for basic in _basic(word)), "")
        alike = [each for each in label.things if all_broader(all_heads(each.nouns)) & heads(thing.name)]
        if not colour or not alike:
            continue
        place = _percent(thing, description)
        own = max(alike, key=lambda each: overlap(each.box, place))
        counted += bool(own.colours)
        right += colour in own.colours
    return {"coloured": counted, "coloured_right": right}


def _basic(words: str) -> list[str]:
    """Give the basic colours that words name: "light brown" is brown."""
    return [basic_colour(name).split()[-1] for name in colours_in(words)]


def _percent(thing: SceneObject, description: Description) -> tuple[float, float, float, float]:
    box: Box = thing.box
    across, down = 100 / description.cols, 100 / description.rows
    return (box.left - 1) * across, (box.top - 1) * down, box.right * across, box.bottom * down


def cells(description: Description, label: Label) -> dict[str, int]:
    """Count cells, those with a noun, inherited ones too, and those whose noun is right.

    A description on another grid is read where the centre of the label's cell lies. A noun that no cell is
    ever labelled with is right where a broader one is, and where a labelled thing of that name covers the
    centre. ``plain`` leaves cells called "background" out.
    """
    shown = resolve(description)
    counts = dict.fromkeys(("cells", "cells_named", "cells_right", "plain_named", "plain_right"), 0)
    for index, accepted in enumerate(label.cells):
        row, col = divmod(index, label.cols)
        down = (2 * row + 1) * description.rows // (2 * label.rows)
        across = (2 * col + 1) * description.cols // (2 * label.cols)
        noun = shown[down * description.cols + across].text
        right = bool(noun) and _covers(
            noun, accepted, label, ((col + 0.5) / label.cols, (row + 0.5) / label.rows)
        )
        counts["cells"] += 1
        counts["cells_named"] += bool(noun)
        counts["cells_right"] += right
        counts["plain_named"] += bool(noun) and noun != "background"
        counts["plain_right"] += right and noun != "background"
    return counts


def _covers(noun: str, accepted: Collection[str], label: Label, centre: tuple[float, float]) -> bool:
    """Say whether a noun is right for the cell with this centre (shares of width and height)."""
    ends = heads(noun)
    if ends & vocabulary():
        return any(is_right(end, accepted) for end in ends)
    across, down = centre[0] * 100, centre[1] * 100
    over = [
        noun
        for thing in label.things
        if thing.box[0] <= across <= thing.box[2] and thing.box[1] <= down <= thing.box[3]
        for noun in thing.nouns
    ]
    return bool(ends & all_heads(over)) or any(is_right(wide, accepted) for wide in all_broader(ends))


@cache
def vocabulary() -> frozenset[str]:
    """Give the words that cells are labelled with."""
    schema = json.loads((TRAINING / "schema.json").read_text("utf-8"))
    return frozenset(schema["$defs"]["cell"]["enum"])


def medium(words: str, label: Label) -> str:
    """Say whether the medium is ``right``, ``undecided`` or ``wrong``."""
    name = medium_of(words)
    return "undecided" if not name else "right" if name in label.medium else "wrong"


def medium_of(words: str) -> str:
    """Give the label's word for a medium, ``""`` for ``picture`` and what no word of MEDIA fits."""
    text = words.lower().removeprefix("black and white ")
    return next((name for name, pattern in MEDIA if re.search(rf"\b({pattern})", text)), "")


def people(description: Description) -> int:
    """Count people in the words of a description: 0, 1, 2, or 3 for more.

    Objects that are people count one each, those in the plural and crowds three. The summary's people count
    by the number before them, where that is more.
    """
    objects = sum(_persons(thing.name) for thing in description.objects)
    return min(MOST_PEOPLE, max(objects, _people_in(description.summary)))


def _persons(name: str) -> int:
    """Say for how many people a name stands: none, one, two, or MOST_PEOPLE for several."""
    ends = heads(name)
    if ends & set(CROWDS) or (is_person(name) and singular(name) != name.lower()):
        return MOST_PEOPLE
    return 2 if "couple" in ends else int(is_person(name))


def _people_in(text: str) -> int:
    """Count people in a sentence: what speaks of all of them counts by itself, women and men are added up."""
    together = apart = 0
    number: int | None = None
    for word in re.findall(r"[\w'-]+|[.,;]", text.lower()):
        count = _persons(word)
        if word in NUMBERS:
            number = NUMBERS[word]
        elif word in ".,;":
            number = None
        elif singular(word) == "person":
            together, number = max(together, count if number is None else number), None
        elif singular(word) in (*CROWDS, "couple"):
            # "A couple of people" are two.
            together, number = max(together, count), 2 if word == "couple" else None
        elif count:
            apart, number = apart + (count if number is None else number), None
    return max(together, apart)

"""Labels of pictures, made by looking at them: ``training/labels``, and ``eval/labels`` in the same form.

A line is a picture; ``labels/schema.json`` says what it holds, ``labels/README.md`` how it was made.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "labels"

BROADER = {
    "wave": ("sea", "water"), "sea": ("water",), "ice": ("snow",),
    "cloud": ("sky",), "sun": ("sky", "light"), "moon": ("sky",), "star": ("sky",),
    "sand": ("ground",), "road": ("ground", "path"), "path": ("ground", "road"), "field": ("grass",),
    "tree": ("foliage",), "rock": ("mountain",), "hill": ("mountain",), "mountain": ("hill",),
    "house": ("building",), "tower": ("building",), "roof": ("building", "house"), "window": ("building",),
    "column": ("building",), "door": ("building",),
    "table": ("furniture",), "chair": ("furniture",), "shelf": ("furniture",), "curtain": ("fabric",),
    "lamp": ("light",), "fruit": ("food",), "boat": ("vehicle",), "aircraft": ("vehicle",),
    "face": ("skin", "person"), "hair": ("person",), "skin": ("person",), "hand": ("skin", "person"),
    "clothing": ("fabric", "person"), "hat": ("clothing",),
    "fur": ("animal",), "feathers": ("animal", "bird"), "scales": ("animal",), "bird": ("animal",),
}  # fmt: skip
"""Nouns of cells that are right too where a cell is labelled with another."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A main thing: names that are right for it, best first; box in percent; basic colours."""

    nouns: tuple[str, ...]
    box: tuple[float, float, float, float]
    colours: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """What somebody saw in a picture.

    Attributes:
        file: its name.
        medium: media that are right, best first.
        subject: nouns that are right for what it mainly shows, best first.
        people: how many, 9 for more than nine.
        shot: ``close-up``, ``medium``, ``full``, ``wide`` or ``""``.
        things: up to six.
        rows, cols: the grid, 4x6 or 6x4.
        cells: nouns that are right for each cell in raster order, best first.
    """

    file: str
    medium: tuple[str, ...]
    subject: tuple[str, ...]
    people: int
    shot: str
    things: tuple[Thing, ...]
    rows: int
    cols: int
    cells: tuple[tuple[str, ...], ...]

    def nouns(self) -> set[str]:
        """Give every noun that is right for something in the picture."""
        names = {*self.subject, *(noun for thing in self.things for noun in thing.nouns)}
        return names | {noun for cell in self.cells for noun in cell}


def read(paths: Iterable[Path]) -> list[Label]:
    """Read labels of files of lines."""
    return [label(json.loads(line)) for path in paths for line in path.read_text("utf-8").splitlines()]


def label(value: dict[str, Any]) -> Label:
    """Read one line's object."""
    rows = [row.split() for row in value["grid"]]
    return Label(
        value["file"],
        tuple(value["medium"]),
        tuple(value["subject"]),
        value["people"],
        value["shot"],
        tuple(
            Thing(tuple(each["nouns"]), tuple(each["box"]), tuple(each["colours"]))
            for each in value["things"]
        ),
        len(rows),
        len(rows[0]),
        tuple(tuple(cell.split("/")) for row in rows for cell in row),
    )


def shipped(folder: Path = FOLDER) -> list[Label]:
    """Read all labels of a folder."""
    return read(sorted(folder.glob("*.jsonl")))


def is_right(noun: str, labelled: Collection[str]) -> bool:
    """Say whether a noun is right for a cell: one of its own, or broader than one."""
    return noun in labelled or any(noun in BROADER.get(other, ()) for other in labelled)

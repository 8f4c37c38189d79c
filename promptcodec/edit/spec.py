"""What can be edited: the operations with their arguments, as the command line and the library share them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

FILES = ("PNG", "FROM.pxt")
"""Arguments that are the bytes of a file."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One operation on a stream.

    Attributes:
        operation: a name of OPERATIONS.
        arguments: as its metavars say: strings, or bytes for those in FILES.
    """

    operation: str
    arguments: tuple[str | bytes, ...]


class Operation(NamedTuple):
    """How an operation is called, and what it does.

    Attributes:
        metavars: what its arguments are.
        help: for the command line.
        function: ``MODULE.NAME`` in ``edit.operations``; takes an ``EditState`` and the arguments.
        former: what it was once called, which goes on working; ``""`` where it had no other name.
    """

    metavars: tuple[str, ...]
    help: str
    function: str
    former: str = ""


OPERATIONS = {
    "cell": Operation(("CELL", "WORDS"), "Say something else in a cell: r2c3 'red kite'.", "words.cell"),
    "replace": Operation(
        ("OLD", "NEW"),
        "Replace words, and the colours they name: green 'autumn orange'.",
        "words.replace_words",
    ),
    "recolour": Operation(
        ("BOX", "COLOUR"), "Give everything in BOX a colour; light and shade stay.", "boxes.recolour"
    ),
    "surface": Operation(
        ("BOX", "CLASS"),
        "Give BOX another surface: smooth, soft, grainy, rough, busy.",
        "words.surface",
        former="texture",
    ),
    "delete-curves": Operation(("BOX",), "Delete the contours in BOX.", "curves.delete_curves"),
    "move-curves": Operation(
        ("BOX", "TO"), "Move the contours in BOX; TO is the new top left: r1c1 or x,y.", "curves.move_curves"
    ),
    "scale-curves": Operation(
        ("BOX", "FACTOR"), "Scale the contours in BOX about its middle.", "curves.scale_curves"
    ),
    "erase": Operation(
        ("BOX",), "Erase what is in BOX from all layers, filled from around it.", "boxes.erase"
    ),
    "mask": Operation(("PNG",), "The same where a picture is white.", "boxes.mask"),
    "move": Operation(("BOX", "TO"), "Move what is in BOX, in all layers; TO as above.", "boxes.move"),
    "grid": Operation(
        ("RxC",), "Say the same on a finer grid, for edits of smaller places: 4x6.", "words.grid"
    ),
    "medium": Operation(("WORDS",), "Say another medium: 'oil painting'.", "words.medium"),
    "style": Operation(("WORDS",), "Say another mood, or 'light: WORDS', 'summary: WORDS'.", "words.style"),
    "prompt": Operation(("TEXT",), "Give the recipe another prompt.", "recipe.prompt"),
    "negative": Operation(("TEXT",), "Give the recipe another negative prompt.", "recipe.negative"),
    "set": Operation(
        ("NAME=VALUE",),
        "Change a setting of the recipe: seed=7, sampler=Euler; NAME= takes it out.",
        "recipe.assign",
    ),
    "transplant": Operation(("PART", "FROM.pxt"), "Take a part from another stream.", "parts.transplant"),
}
"""By name, in the order of the help."""

SPELLINGS = {**OPERATIONS, **{each.former: each for each in OPERATIONS.values() if each.former}}
"""By every name that works."""

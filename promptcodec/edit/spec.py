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
    """How an operation is called, and what it does."""

    metavars: tuple[str, ...]
    help: str


OPERATIONS = {
    "cell": Operation(("CELL", "WORDS"), "Say something else in a cell: r2c3 'red kite'."),
    "replace": Operation(("OLD", "NEW"), "Replace words, and the colours they name: green 'autumn orange'."),
    "recolour": Operation(("BOX", "COLOUR"), "Give everything in BOX a colour; light and shade stay."),
    "texture": Operation(("BOX", "CLASS"), "Give BOX another surface: smooth, soft, grainy, rough, busy."),
    "delete-curves": Operation(("BOX",), "Delete the contours in BOX."),
    "move-curves": Operation(("BOX", "TO"), "Move the contours in BOX; TO is the new top left: r1c1 or x,y."),
    "scale-curves": Operation(("BOX", "FACTOR"), "Scale the contours in BOX about its middle."),
    "erase": Operation(("BOX",), "Erase what is in BOX from all layers, filled from around it."),
    "mask": Operation(("PNG",), "The same where a picture is white."),
    "move": Operation(("BOX", "TO"), "Move what is in BOX, in all layers; TO as above."),
    "medium": Operation(("WORDS",), "Say another medium: 'oil painting'."),
    "style": Operation(("WORDS",), "Say another mood, or 'light: WORDS', 'summary: WORDS'."),
    "transplant": Operation(("PART", "FROM.pxt"), "Take a part from another stream."),
}
"""By name, in the order of the help."""

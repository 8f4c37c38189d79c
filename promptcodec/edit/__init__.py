"""Edit a stream in its layers: bytes in, bytes out, nothing decoded to full-size pixels.

``apply`` runs several operations in order; each operation is also a function of its own. See
docs/guide/editing.md for what each does to which layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from promptcodec.edit.spec import FILES, OPERATIONS, SPELLINGS, Edit, Operation
from promptcodec.errors import Notice, UsageError

if TYPE_CHECKING:
    from promptcodec.edit.state import EditState
    from promptcodec.entropy.dictionary import AnyDictionary

__all__ = [
    "FILES",
    "OPERATIONS",
    "SPELLINGS",
    "Edit",
    "Edited",
    "apply",
    "assign",
    "cell",
    "delete_curves",
    "erase",
    "grid",
    "mask",
    "medium",
    "move",
    "move_curves",
    "negative",
    "prompt",
    "recolour",
    "replace",
    "scale_curves",
    "style",
    "surface",
    "texture",
    "transplant",
    "truncate",
]


@dataclass(frozen=True, slots=True)
class Edited:
    """What came of edits.

    Attributes:
        data: the file's bytes.
        changed: the parts that are other bytes than before, new, or gone, in stream order.
        warnings: what the user should know.
        builtin_shows: how much of it the generator ``builtin`` shows: ``all``, ``part`` or ``nothing``.
    """

    data: bytes
    changed: tuple[str, ...]
    warnings: tuple[Notice, ...]
    builtin_shows: str


def apply(data: bytes, edits: Sequence[Edit], *, dictionaries: Sequence[AnyDictionary] = ()) -> Edited:
    """Run operations in order.

    Args:
        data: the whole file.
        edits: what to do.
        dictionaries: the users' dictionaries that the stream's texts may name.

    Raises:
        UsageError: an operation that is not there, or an argument that cannot be honoured.
        DescriptionError: words that cannot stand in a description.
        BitstreamError: the stream is damaged, cut or from a newer version.
        MissingDictionary: its words were coded with a dictionary that was not given.
    """
    from promptcodec.edit.shown import shown  # noqa: PLC0415 - heavy
    from promptcodec.edit.state import finish, open_state  # noqa: PLC0415

    stream, state = open_state(data, dictionaries)
    first, before = state, state.payloads
    for edit in edits:
        known = SPELLINGS.get(edit.operation)
        if known is None or len(known.metavars) != len(edit.arguments):
            raise UsageError(
                f"no operation {edit.operation!r} with {len(edit.arguments)} arguments; "
                f"one of {', '.join(f'{name} {chr(32).join(o.metavars)}' for name, o in OPERATIONS.items())}"
            )
        state = _function(known)(state, *edit.arguments)
    result, state = finish(stream, state)
    names = dict.fromkeys((*before, *state.payloads))
    changed = tuple(name for name in names if before.get(name) != state.payloads.get(name))
    builtin_shows, notices = shown(first, state)
    return Edited(result, changed, (*state.warnings, *notices), builtin_shows)


def _function(operation: Operation) -> Callable[..., EditState]:
    module, name = operation.function.split(".")
    function: Callable[..., EditState] = getattr(import_module(f"promptcodec.edit.operations.{module}"), name)
    return function


def _one(
    data: bytes, dictionaries: Sequence[AnyDictionary], operation: str, *arguments: str | bytes
) -> bytes:
    return apply(data, [Edit(operation, arguments)], dictionaries=dictionaries).data


def cell(data: bytes, where: str, words: str, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Say something else in a cell, such as ``"r2c3"``; raises as ``apply`` does, like all below."""
    return _one(data, dictionaries, "cell", where, words)


def replace(data: bytes, old: str, new: str, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Replace words, and the colours they name."""
    return _one(data, dictionaries, "replace", old, new)


def recolour(data: bytes, box: str, colour: str, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Give everything in a box a colour; a box is ``"r2c2:r3c4"`` or ``"x0,y0,x1,y1"``."""
    return _one(data, dictionaries, "recolour", box, colour)


def surface(data: bytes, box: str, kind: str, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Give a box another surface, such as ``"rough"`` or ``"busy rising"``."""
    return _one(data, dictionaries, "surface", box, kind)


texture = surface
"""What ``surface`` was once called."""


def delete_curves(data: bytes, box: str, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Delete the contours in a box."""
    return _one(data, dictionaries, "delete-curves", box)


def move_curves(data: bytes, box: str, to: str, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Move the contours in a box to a new top left, ``"r1c1"`` or ``"x,y"``."""
    return _one(data, dictionaries, "move-curves", box, to)


def scale_curves(
    data: bytes, box: str, factor: float, *, dictionaries: Sequence[AnyDictionary] = ()
) -> bytes:
    """Scale the contours in a box about its middle."""
    return _one(data, dictionaries, "scale-curves", box, str(factor))


def erase(data: bytes, box: str, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Erase a box from all layers."""
    return _one(data, dictionaries, "erase", box)


def mask(data: bytes, png: bytes, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Erase from all layers what is white in a picture file."""
    return _one(data, dictionaries, "mask", png)


def move(data: bytes, box: str, to: str, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Move what is in a box, in all layers."""
    return _one(data, dictionaries, "move", box, to)


def grid(data: bytes, sides: str, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Say the same on a finer grid, such as ``"4x6"``."""
    return _one(data, dictionaries, "grid", sides)


def medium(data: bytes, words: str, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Say another medium."""
    return _one(data, dictionaries, "medium", words)


def style(data: bytes, words: str, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Say another mood, or what ``light: `` or ``summary: `` heads."""
    return _one(data, dictionaries, "style", words)


def prompt(data: bytes, text: str, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Give the recipe another prompt."""
    return _one(data, dictionaries, "prompt", text)


def negative(data: bytes, text: str, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Give the recipe another negative prompt."""
    return _one(data, dictionaries, "negative", text)


def assign(data: bytes, assignment: str, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Change a setting of the recipe, as in ``"seed=7"``; ``"sampler="`` takes it out."""
    return _one(data, dictionaries, "set", assignment)


set = assign  # noqa: A001 - what the command line calls it
"""``assign``, by the name of its option."""


def transplant(data: bytes, part: str, other: bytes, *, dictionaries: Sequence[AnyDictionary] = ()) -> bytes:
    """Take a part from another stream."""
    return _one(data, dictionaries, "transplant", part, other)


def truncate(
    data: bytes,
    *,
    most: int | None = None,
    layers: Sequence[str] | None = None,
    dictionaries: Sequence[AnyDictionary] = (),
) -> bytes:
    """Leave out parts; see ``promptcodec.edit.shorter``."""
    from promptcodec.edit.shorter import truncate as shorten  # noqa: PLC0415 - heavy

    return shorten(data, most=most, layers=layers, dictionaries=dictionaries)

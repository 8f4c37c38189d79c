"""What the generator ``builtin`` shows of an edit: it draws colours, surfaces and lines, but no words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptcodec.description import Box, Description, resolve
from promptcodec.edit.state import EditState
from promptcodec.errors import Notice, PromptcodecError
from promptcodec.layers.registry import BY_NAME

ALL, PART, NOTHING = "all", "part", "nothing"
_PLACES = 48
"""Places down and across at which the words of grids are compared."""
_READS = "a generator that reads them, such as images, shows it"


def shown(before: EditState, after: EditState) -> tuple[str, tuple[Notice, ...]]:
    """Say how much of an edit ``builtin`` shows: ALL, PART or NOTHING, and why not all of it.

    Args:
        before: the stream as it was.
        after: the stream with the edit.
    """
    changed = _changed(before.payloads, after.payloads)
    if not changed - {"about"}:
        return NOTHING, (Notice("nothing was changed: the stream says this already"),)
    if not any(BY_NAME[name].drawn for name in after.payloads if name in BY_NAME):
        text = "builtin does not draw words, so it has nothing here to draw from"
        return NOTHING, (Notice(f"{text}; {_READS}"),)
    if "pixels" in after.payloads:
        drawn, read = "pixels" in changed, changed != {"pixels"}
    else:
        looks = [(_look(state), _words(state)) for state in (before, after)]
        drawn = bool(changed & {"texture", "structure", "pixels"}) or looks[0][0] != looks[1][0]
        read = "recipe" in changed or looks[0][1] != looks[1][1]
    if not drawn and not changed & {"semantic"}:
        recipe = Notice("builtin draws nothing from a recipe: it draws this as before")
        return NOTHING, (recipe,) if "recipe" in changed else ()
    if not drawn:
        words = Notice(f"builtin does not draw words: it draws this as before, but for shades; {_READS}")
        return NOTHING, (words,)
    if read and changed & {"semantic", "recipe"}:
        words = Notice(f"builtin does not draw words: it shows the colours and lines of this edit; {_READS}")
        return PART, (words,)
    return ALL, ()


def _changed(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> set[str]:
    return {name for name in (*before, *after) if before.get(name) != after.get(name)}


def _description(state: EditState) -> Description | None:
    """Give what a stream says; None where it says nothing that can be read here."""
    try:
        return state.description
    except PromptcodecError:
        return None


def _look(state: EditState) -> Sequence[Any]:
    """Give what is drawn of the cells; derived colours change with the texture layer."""
    description = _description(state)
    if description is None:
        return ()
    cells = [
        (
            () if cell.derived else (cell.colours, cell.arrangement, cell.tone),
            cell.texture,
            cell.orientation,
        )
        for cell in resolve(description)
    ]
    return description.rows, description.cols, cells


def _words(state: EditState) -> Sequence[Any]:
    """Give what is said in words, and where on any grid."""
    description = _description(state)
    if description is None:
        return ()
    rows, cols = description.rows, description.cols

    def where(box: Box) -> tuple[float, ...]:
        return (box.top - 1) / rows, (box.left - 1) / cols, box.bottom / rows, box.right / cols

    cells = resolve(description)
    places = range(_PLACES)
    return (
        (description.medium, description.summary, description.light, description.mood),
        [(thing.name, thing.attributes, where(thing.box)) for thing in description.objects],
        [(item.text, item.manner, where(item.box)) for item in description.lettering],
        [
            cells[row * rows // _PLACES * cols + col * cols // _PLACES].text
            for row in places
            for col in places
        ],
    )

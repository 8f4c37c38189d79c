"""Operations on the contours in a box."""

from __future__ import annotations

import math

from promptcodec.edit import curves
from promptcodec.edit.operations.layers import refuse_pixels
from promptcodec.edit.region import Region, parse_box, parse_place
from promptcodec.edit.state import EditState
from promptcodec.errors import UsageError

_FACTORS = (0.05, 20.0)


def delete_curves(state: EditState, where: str) -> EditState:
    """Delete the contours in a box."""
    box = _box_with_curves(state, where)
    return state.put("structure", curves.delete(state.part("structure"), state.size, box))


def move_curves(state: EditState, where: str, to: str) -> EditState:
    """Move the contours in a box."""
    box = _box_with_curves(state, where)
    place = parse_place(to, box, state.size, state.grid)
    return state.put("structure", curves.move(state.part("structure"), state.size, box, place))


def scale_curves(state: EditState, where: str, factor: str) -> EditState:
    """Scale the contours in a box about its middle."""
    try:
        value = float(factor)
    except ValueError:
        value = math.nan
    if not _FACTORS[0] <= value <= _FACTORS[1]:
        raise UsageError(f"{factor[:40]!r} is no factor from {_FACTORS[0]} to {_FACTORS[1]}, as in 1.5")
    box = _box_with_curves(state, where)
    return state.put("structure", curves.scale(state.part("structure"), state.size, box, value))


def _box_with_curves(state: EditState, where: str) -> Region:
    refuse_pixels(state)
    payload = state.part("structure")
    box = parse_box(where, state.size, state.grid)
    if not curves.holds(payload, state.size, box):
        raise UsageError(f"no contour runs through the box {where}", hint="--preview shows where they run")
    return box

"""What operations share: refuse a stream in which they would not show, repaint the texture layer."""

from __future__ import annotations

from promptcodec.edit import texture_canvas, texture_layer
from promptcodec.edit.region import Flags, Region, coarse
from promptcodec.edit.state import EditState
from promptcodec.errors import UsageError
from promptcodec.layers import texture
from promptcodec.layers.registry import NAMES
from promptcodec.layers.texture.coders import DCT
from promptcodec.rate.grids import DEFAULT_CELLS, grid


def in_layers(state: EditState) -> EditState:
    """Refuse a stream in which the operation could not be seen."""
    refuse_pixels(state)
    if not {"semantic", "texture", "structure"} & set(state.payloads):
        state.part("semantic")
    return state


def refuse_pixels(state: EditState) -> None:
    """Refuse a stream of which nothing but coded pixels shows."""
    if "pixels" in state.payloads:
        rest = ",".join(name for name in state.payloads if name in NAMES and name != "pixels")
        hint = (
            f"drop it: promptcodec truncate IN -o OUT --layers {rest}"
            if rest
            else "drop it; there is nothing else in it"
        )
        raise UsageError("what shows of this stream is its pixels part, which cannot be edited", hint=hint)


def repainted(
    state: EditState, regions: list[Region], painted: texture_layer.Paint, finest: int = 16
) -> EditState:
    """Change the texture layer in some regions.

    Args:
        state: with a texture part.
        regions: where.
        painted: gives the changed picture.
        finest: waves across the picture up to which the layer changes, where it is one of waves.
    """
    payload = state.part("texture")
    _, data = texture.take(payload)
    if payload[0] == DCT:
        rows, cols = state.grid or grid(DEFAULT_CELLS, state.size)
        data = texture_layer.refit(data, regions, (1 / cols, 1 / rows), painted, finest)
    else:
        data = texture_canvas.refit(data, regions, painted)
    return state.put("texture", payload[:1] + data)


def chosen_cells(state: EditState, region: Region) -> tuple[EditState, Flags]:
    """Choose the cells of a region, and warn where the grid has but one: it is the whole picture."""
    rows, cols = state.description.rows, state.description.cols
    return whole_picture(state), region.cells(rows, cols)


def whole_picture(state: EditState) -> EditState:
    """Warn where the grid has but one cell: what is said of it is said of the whole picture."""
    if state.grid != (1, 1):
        return state
    return warn_coarse(state, "the grid is 1x1: in the words this edit covers the whole picture")


def warn_coarse(state: EditState, text: str) -> EditState:
    """Warn, once, of a grid that is too coarse for an edit."""
    if any(text == warning.text for warning in state.warnings):
        return state
    return state.warn(text, hint=coarse(text).hint)

"""How large smooth layers are drawn."""

from __future__ import annotations

LAYER_SIDE = 2048
"""Texture and structure hold nothing finer; a generator scales them."""


def bounded(size: tuple[int, int]) -> tuple[int, int]:
    """Shrink width and height, in pixels, to a long side of LAYER_SIDE at most."""
    shrink = min(1.0, LAYER_SIDE / max(size))
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))

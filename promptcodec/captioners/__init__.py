"""Captioners: from an image to its description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from PIL import Image

from promptcodec.description import Description


class Captioner(Protocol):
    """One method; heavy imports happen inside it."""

    name: str

    def describe(self, image: Image.Image, *, rows: int, cols: int, prompt: str = "") -> Description:
        """Describe an RGB picture on a grid of ``rows`` x ``cols`` cells (1..8 each).

        ``prompt`` is the one the file carries, in plain words: a caption where the picture agrees.

        Raises:
            CaptionerError: no usable description came back.
        """
        ...


@runtime_checkable
class FittingCaptioner(Protocol):
    """A captioner that fits its words to a byte budget itself, because asking it often costs money."""

    def fit(
        self, image: Image.Image, code: Callable[[Description], bytes], room: int, *, prompt: str = ""
    ) -> bytes:
        """Code a description of an RGB picture into ``room`` bytes, or the shortest there is."""
        ...

"""Captioners: from an image to its description."""

from __future__ import annotations

from typing import Protocol

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

"""A picture's text by itself: its prompt, or what the captioner ``local`` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PIL import Image

from eval.codecs import Plain
from eval.datasets import Item
from eval.missing import NotReached, Unavailable
from eval.rivals import texts
from eval.versions import package_version
from promptcodec import plugins, rate
from promptcodec.description import format_text

SOURCES = ("prompt", "local")


class TextCodec(Plain):
    """``coder`` is one of those of ``eval.rivals.texts``; the setting is where the text is from."""

    def __init__(self, entry: Mapping[str, Any], mode: str) -> None:
        super().__init__(entry, mode)
        coders = texts.coders(None)
        if entry.get("coder") not in coders:
            raise Unavailable(f"no text coder {entry.get('coder')!r}; there are {', '.join(coders)}")
        self._encode, self._decode, _ = coders[entry["coder"]]
        self.version = package_version()

    def encode(self, item: Item, image: Image.Image, setting: str) -> bytes:
        """Code the text."""
        return bytes(self._encode(text_of(item, image, setting)))

    def decode(self, data: bytes, size: tuple[int, int], variant: str) -> str:
        """Give the text."""
        return self._decode(data)


def text_of(item: Item, image: Image.Image, source: str) -> str:
    """Give the text that a picture stands for.

    Raises:
        NotReached: its prompt is not known.
    """
    if source == "local":
        rows, cols = rate.grid(rate.DEFAULT_CELLS, image.size)
        return format_text(plugins.create("captioners", "local").describe(image, rows=rows, cols=cols))
    if source != "prompt":
        raise ValueError(f"unknown source of text {source!r}; there are {', '.join(SOURCES)}")
    if not item.prompt:
        raise NotReached("its prompt is not known")
    return item.prompt

"""The texture layer by itself: what its payload is worth, without words and without a generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from PIL import Image

from eval.codecs import Plain
from eval.datasets import Item
from eval.lab import study
from eval.missing import NotReached, Unavailable
from eval.versions import package_version
from promptcodec import bitstream, decoding
from promptcodec.bitstream import Part, Stream
from promptcodec.errors import BudgetError
from promptcodec.layers import texture
from promptcodec.layers.parts import part_of, payload_of
from promptcodec.layers.texture.coders import PACKAGES, coder
from promptcodec.settings import EFFORT

CODERS = {name: number for number, name in PACKAGES.items()}


class Texture(Plain):
    """A texture layer by one of its coders, drawn at the size to show.

    Stripped is the part's payload, with the coder's byte where a stream has it; whole is a file of that one
    part.

    Entry: ``coder``, one of CODERS, by default dct. Settings: a rate.
    """

    modes: ClassVar[tuple[str, ...]] = ("whole", "stripped")

    def __init__(self, entry: Mapping[str, Any], mode: str) -> None:
        super().__init__(entry, mode)
        name = entry.get("coder", "dct")
        if name not in CODERS:
            raise Unavailable(f"no texture coder {name!r}; there are {', '.join(CODERS)}")
        self.number = CODERS[name]
        self.empty = part_of("texture", bytes([self.number]))
        self.version = package_version()

    def encode(self, item: Item, image: Image.Image, setting: str) -> bytes:
        """Code as much of the picture as fits."""
        room = study.budget(setting, image.size)
        if room is None:
            raise ValueError(f"unknown setting {setting!r}: a rate such as 0.002bpp or 128B")
        head = bitstream.overhead([0], image.size) if self.mode == "whole" else 0
        room -= head + len(self.empty.payload)
        if room < texture.MINIMUM_BYTES - 1:
            raise NotReached(f"{room} bytes are left for the layer, which needs {texture.MINIMUM_BYTES - 1}")
        try:
            data = coder(self.number).encode(image, room, effort=EFFORT)
        except BudgetError as error:
            raise NotReached(str(error)) from error
        part = part_of("texture", bytes([self.number]) + data)
        return part.payload if self.mode == "stripped" else bitstream.write(Stream(*image.size, (part,)))

    def decode(self, data: bytes, size: tuple[int, int], variant: str) -> Image.Image:
        """Draw the payload; of a file, the picture that generators are given."""
        if self.mode == "stripped":
            return texture.decode(payload_of(Part(self.empty.type, data)), size)
        drawn = decoding.conditions(data, size=size).texture
        assert drawn is not None, "the file has that one part"
        return drawn

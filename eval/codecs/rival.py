"""Picture codecs of others, each as the whole file and stripped of what both sides can know.

At a rate the picture is scaled down by least squares, coded, and scaled up again: the scale and quality
that give the best PSNR within the bytes are found by trying (see ``eval.rivals.search``). At ``qNN`` it is
coded at its own size with the codec's quality NN.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from PIL import Image

from eval.codecs import Plain
from eval.datasets import Item
from eval.lab import study
from eval.missing import NotReached, Unavailable
from eval.rivals import Rival, TooLarge, scaling, search

# format: module, class for whole files, class for the stripped form
FORMATS = {
    "jpeg": ("jpeg", "Jpeg", "JpegScan"),
    "jpeg2000": ("jpeg2000", "Jpeg2000", "Jpeg2000"),
    "webp": ("webp", "WebP", "WebPShort"),
    "avif": ("av1", "Av1", "Av1Frame"),
    "heic": ("heic", "Heic", "HeicSlice"),
    "jxl": ("jxl", "Jxl", "Jxl"),
    "vvc": ("vvc", "Vvc", "Vvc"),
}
SIDES = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384)
_NATIVE = 255
_METHOD = "lanczos"
# Most pictures of so many bytes are best coded at about so many times their root; the climb starts there
# and ends at the first scale that is no better: a tenth of a decibel is left for a third of the time.
_SIDE_OF_ROOT = 6
_PATIENCE = 0


class Whole:
    """A rival whose payload is its whole file."""

    def __init__(self, rival: Rival) -> None:
        self.rival = rival
        self.name, self.settings, self.qualities = rival.name, rival.settings, rival.qualities
        self.multiple, self.smallest, self.slow = rival.multiple, rival.smallest, rival.slow
        self.file, self.open = rival.file, rival.open

    def strip(self, file: bytes) -> bytes:
        """Leave nothing out."""
        return file

    def restore(self, payload: bytes, size: tuple[int, int], setting: str) -> bytes:
        """Give the file as it is."""
        return payload


class RivalCodec(Plain):
    """One of FORMATS.

    Entry: ``encoders``, which of the rival's own settings are tried, the first where not given; ``sides``,
    the long sides that it is scaled to, SIDES where not given; ``patience``, how many scales that are no
    better the search goes past.

    The stripped form is one byte for scale and encoder setting, and the rival's payload; the whole file
    says its own size. Both are scaled up to the size the decoder is asked for, which no byte pays for.
    """

    modes: ClassVar[tuple[str, ...]] = ("whole", "stripped")

    def __init__(self, entry: Mapping[str, Any], mode: str) -> None:
        super().__init__(entry, mode)
        if entry.get("format") not in FORMATS:
            raise Unavailable(f"no format {entry.get('format')!r}; there are {', '.join(FORMATS)}")
        module, whole, stripped = FORMATS[entry["format"]]
        rival_class = getattr(
            importlib.import_module(f"eval.rivals.{module}"), stripped if mode == "stripped" else whole
        )
        self.rival: Rival = rival_class() if mode == "stripped" else Whole(rival_class())
        self.encoders = tuple(entry.get("encoders", self.rival.settings[:1]))
        self.sides: Sequence[int] = entry.get("sides", SIDES)
        self.patience: int = entry.get("patience", _PATIENCE)
        self._image = ""
        self._scales: dict[tuple[str, int], search.Scale] = {}
        self._start: dict[str, int] = {}

    def encode(self, item: Item, image: Image.Image, setting: str) -> bytes:
        """Search at a rate, or code at a quality."""
        room = study.budget(setting, image.size)
        if room is None:
            return self._native(image, setting)
        name = hashlib.sha256(image.tobytes()).hexdigest() + str(image.size)
        sides = [side for side in self.sides if side <= max(image.size)]
        if not sides:
            raise NotReached(f"no scale is as small as {image.width}x{image.height}")
        if name != self._image:  # what was coded of this picture at other rates is known
            guess = min(range(len(sides)), key=lambda at: abs(sides[at] - _SIDE_OF_ROOT * room**0.5))
            self._image, self._scales, self._start = name, {}, dict.fromkeys(self.encoders, guess)
        head = 1 if self.mode == "stripped" else 0
        best: tuple[float, int, bytes] | None = None
        for number, encoder in enumerate(self.encoders):
            by_scale = search.climb(
                self.rival,
                image,
                room - head,
                _METHOD,
                encoder,
                self._start,
                self._scales,
                sides,
                self.patience,
            )
            for at, each in by_scale.items():
                if best is None or each.psnr > best[0]:
                    best = (each.psnr, at * len(self.encoders) + number, each.payload)
        if best is None:
            raise NotReached(f"nothing within {room} bytes")
        return bytes([best[1]])[:head] + best[2]

    def _native(self, image: Image.Image, setting: str) -> bytes:
        if not setting.startswith("q"):
            raise ValueError(
                f"unknown setting {setting!r}: a rate such as 0.002bpp or 128B, or a quality q50"
            )
        try:
            file = self.rival.file(_even(image, self.rival.multiple), float(setting[1:]), self.encoders[0])
        except TooLarge as error:
            raise NotReached(str(error)) from error
        return (bytes([_NATIVE]) if self.mode == "stripped" else b"") + self.rival.strip(file)

    def decode(self, data: bytes, size: tuple[int, int], variant: str) -> Image.Image:
        """Decode and scale up."""
        if self.mode == "whole":
            picture = self.rival.open(data)
        else:
            small, encoder = self._scale_and_encoder(data[0], size)
            picture = self.rival.open(self.rival.restore(data[1:], small, encoder))
        return picture if picture.size == size else scaling.enlarge(picture, size, _METHOD)

    def _scale_and_encoder(self, head: int, size: tuple[int, int]) -> tuple[tuple[int, int], str]:
        if head == _NATIVE:
            multiple = self.rival.multiple
            return (size[0] - size[0] % multiple, size[1] - size[1] % multiple), self.encoders[0]
        at, number = divmod(head, len(self.encoders))
        return scaling.small_size(
            size, self.sides[at], self.rival.multiple, self.rival.smallest
        ), self.encoders[number]


def _even(image: Image.Image, multiple: int) -> Image.Image:
    width, height = (length - length % multiple for length in image.size)
    return image if (width, height) == image.size else image.resize((width, height), Image.Resampling.LANCZOS)

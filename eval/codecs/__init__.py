"""Codecs: one small class each, from a picture to bytes and, in another process, from bytes alone back.

A study names a built-in kind, or any class as ``module:Class``; both go through one door.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from PIL import Image

from eval.datasets import Item
from eval.missing import Unavailable

# kind: module, class, what it is
KINDS = {
    "promptcodec": ("ours", "Ours", "this project's codec: any layers, captioner and generators"),
    "texture": ("texture", "Texture", "the texture layer alone, by one of its coders; no generator draws"),
    "rival": (
        "rival",
        "RivalCodec",
        "format = jpeg, jpeg2000, webp, avif, heic, jxl or vvc, scaled to fit a budget",
    ),
    "lossless": ("lossless", "Lossless", "format = png, webp or jxl, lossless"),
    "thumbhash": ("hashes", "ThumbHash", "ThumbHash, about 25 bytes"),
    "blurhash": (
        "hashes",
        "BlurHash",
        "BlurHash, settings such as 4x3; text, or stripped to the number it writes",
    ),
    "taesd": ("taesd", "Taesd", "TAESD latents, quantised and range coded: a small learned decoder"),
    "compressai": (
        "compressai",
        "CompressAI",
        "a learned codec of CompressAI's zoo, where its weights are here",
    ),
    "catc": ("catc", "Catc", "a learned codec that sees the words; trained by eval.learned.train"),
    "text": ("text", "TextCodec", "a picture's prompt or local description by one text coder"),
    "ablation": ("ablation", "Ablation", "descriptions with another grid, cell order or length"),
}

FOREIGN = ("rival", "lossless", "thumbhash", "blurhash")
"""The kinds that run no coder of this project: what they give stays as it is when ours changes."""


class Codec(Protocol):
    """What a codec has.

    It is made afresh from the study's entry in the process that encodes and in the one that decodes.

    Attributes:
        variants: names of its decoders; ``("",)`` where there is one. A stream is decoded by each.
        version: what its results depend on; other results are not continued with.
    """

    variants: tuple[str, ...]
    version: str

    def encode(self, item: Item, image: Image.Image, setting: str) -> bytes:
        """Code a picture.

        Args:
            item: where it is from, with its prompt.
            image: RGB, as it will be compared.
            setting: ``0.002bpp``, ``128B`` or what else the codec knows.

        Raises:
            NotReached: there is nothing at this setting.
        """
        ...

    def decode(self, data: bytes, size: tuple[int, int], variant: str) -> Image.Image | str:
        """Decode what ``encode`` gave; the only other thing it is told is the size to show."""
        ...


MODES = ("whole", "stripped")


class Plain:
    """What most codecs share: one decoder, whole files."""

    variants: tuple[str, ...] = ("",)
    modes: ClassVar[tuple[str, ...]] = ("whole",)
    version = "1"

    def __init__(self, entry: Mapping[str, Any], mode: str) -> None:
        if mode not in self.modes:
            raise Unavailable(f"{entry['kind']} has no form {mode!r}")
        self.entry = entry
        self.mode = mode


def create(entry: Mapping[str, Any], mode: str) -> Codec:
    """Make the codec of a study's entry.

    Raises:
        Unavailable: it is unknown, or something it needs is not here.
    """
    kind = entry["kind"]
    if kind in KINDS:
        module, name = f"eval.codecs.{KINDS[kind][0]}", KINDS[kind][1]
    else:
        module, _, name = kind.partition(":")
        if not name:
            raise Unavailable(f"no codec kind {kind!r}; there are {', '.join(KINDS)}, or module:Class")
    try:
        codec: Codec = getattr(importlib.import_module(module), name)(entry, mode)
    except (ImportError, AttributeError) as error:
        raise Unavailable(str(error)) from error
    return codec

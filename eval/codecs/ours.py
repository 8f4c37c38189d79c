"""This project's codec as a stranger would call it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, ClassVar

from PIL import Image

import promptcodec
from eval.codecs import Plain
from eval.datasets import Item
from eval.lab import study
from eval.missing import NotReached, Unavailable
from eval.versions import package_version
from promptcodec import bitstream, plugins
from promptcodec.errors import BudgetError, PromptcodecError

_OPTIONS = ("layers", "tune", "captioner", "edges", "text_coder", "recipe")


class Ours(Plain):
    """``promptcodec.encode`` and ``decode``; stripped is the bare form, without magic and checksum.

    Entry: ``layers``, ``tune``, ``captioner``, ``edges``, ``text_coder``, ``recipe`` (off where not
    said) as `promptcodec.encode` takes them, and ``generators``. Settings: a rate, or ``free``.
    """

    modes: ClassVar[tuple[str, ...]] = ("whole", "stripped")

    def __init__(self, entry: Mapping[str, Any], mode: str) -> None:
        super().__init__(entry, mode)
        self.options = {"recipe": "off", **{key: entry[key] for key in _OPTIONS if key in entry}}
        self.variants = tuple(entry.get("generators", ("builtin",)))
        named = [("generators", name) for name in self.variants]
        named += [("captioners", self.options["captioner"])] if "captioner" in self.options else []
        try:
            for role, name in named:
                plugins.create(role, name)
        except PromptcodecError as error:
            raise Unavailable(str(error)) from error
        profiles = [plugins.resolve(role, name) for role, name in named if plugins.configured(role, name)]
        profiles_hash = hashlib.sha256(json.dumps(profiles).encode()).hexdigest()[:12] if profiles else ""
        self.version = " ".join(filter(None, (package_version(), profiles_hash)))

    def encode(self, item: Item, image: Image.Image, setting: str) -> bytes:
        """Code at a budget; from the file itself where its recipe is wanted."""
        room = study.budget(setting, image.size)
        if room is None and setting != "free":
            raise ValueError(f"unknown setting {setting!r}: a rate such as 0.002bpp or 128B, or free")
        given: Any = image if self.options["recipe"] == "off" else item.read()
        # The bare form leaves these out, so as much more may be inside.
        saved = bitstream.overhead([0], (1, 1)) - 3 if self.mode == "stripped" else 0
        try:
            data = promptcodec.encode(given, budget=None if room is None else room + saved, **self.options)
        except BudgetError as error:
            raise NotReached(str(error)) from error
        if self.mode == "whole":
            return data
        bare = bitstream.write(bitstream.read(data), bare=True)
        assert len(data) - len(bare) == saved, "what the bare form leaves out has another length"
        return bare

    def decode(self, data: bytes, size: tuple[int, int], variant: str) -> Image.Image:
        """Draw with the generator ``variant``."""
        if self.mode == "stripped":
            data = bitstream.write(bitstream.read(data, bare=True))
        return promptcodec.decode(data, generator=variant, size=size).image

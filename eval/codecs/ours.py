"""This project's codec as a stranger would call it."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any, ClassVar

from PIL import Image

import promptcodec
from eval import written
from eval.codecs import Plain
from eval.datasets import Item
from eval.lab import study
from eval.missing import NotReached, Unavailable
from eval.versions import package_version
from promptcodec import bitstream, decoding, plugins
from promptcodec.api.spending import Limits, limited
from promptcodec.description import Description
from promptcodec.errors import BudgetError, PromptcodecError
from promptcodec.generators import Generator

_OPTIONS = ("layers", "tune", "captioner", "structure", "edges", "text_coder", "recipe")
FILE = "file"
"""A captioner of the laboratory alone: it gives what somebody wrote of an evaluation picture."""


class Ours(Plain):
    """``promptcodec.encode``, and a generator told what a stream says.

    Stripped is the bare form, without magic and checksum.

    Entry: ``layers``, ``tune``, ``captioner``, ``structure``, ``edges``, ``text_coder``, ``recipe`` (off
    where not said) as `promptcodec.encode` takes them, ``generators``, and ``spending``: what of
    `promptcodec.api.spending.Limits` holds for hosted ones. The captioner ``file`` gives the
    written descriptions of ``eval/descriptions`` that have about ``characters``. Settings: a rate, or
    ``free``.
    """

    modes: ClassVar[tuple[str, ...]] = ("whole", "stripped")

    def __init__(self, entry: Mapping[str, Any], mode: str) -> None:
        super().__init__(entry, mode)
        self.options = {"recipe": "off", **{key: entry[key] for key in _OPTIONS if key in entry}}
        self.variants = tuple(entry.get("generators", ("builtin",)))
        self.limits = Limits(**entry["spending"]) if "spending" in entry else None
        self.characters = _characters(entry) if self.options.get("captioner") == FILE else None
        if self.characters:
            del self.options["captioner"]
        named = [("generators", name) for name in self.variants]
        named += [("captioners", self.options["captioner"])] if "captioner" in self.options else []
        try:
            for role, name in named:
                plugins.create(role, name)
        except PromptcodecError as error:
            raise Unavailable(str(error)) from error
        profiles = [plugins.resolve(role, name) for role, name in named if plugins.configured(role, name)]
        profiles_hash = hashlib.sha256(json.dumps(profiles).encode()).hexdigest()[:12] if profiles else ""
        texts_hash = written.version() if self.characters else ""
        self.version = " ".join(filter(None, (package_version(), profiles_hash, texts_hash)))

    def encode(self, item: Item, image: Image.Image, setting: str) -> bytes:
        """Code at a budget; from the file itself where its recipe is wanted."""
        room = study.budget(setting, image.size)
        if room is None and setting != "free":
            raise ValueError(f"unknown setting {setting!r}: a rate such as 0.002bpp or 128B, or free")
        given: Any = image if self.options["recipe"] == "off" else item.read()
        options = self.options
        if self.characters:
            options = options | {"description": _description(item, self.characters)}
        # The bare form leaves these out, so as much more may be inside.
        saved = bitstream.overhead([0], (1, 1)) - 3 if self.mode == "stripped" else 0
        try:
            with self._limited():
                data = promptcodec.encode(given, budget=None if room is None else room + saved, **options)
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
        with self._limited():
            return _generator(variant).generate(decoding.conditions(data, size=size))

    def _limited(self) -> contextlib.AbstractContextManager[None]:
        return limited(self.limits) if self.limits else contextlib.nullcontext()


@functools.cache
def _generator(spec: str) -> Generator:
    """Make a generator once for all pictures and codecs: a large model is loaded once."""
    drawing: Generator = plugins.create("generators", spec)
    return drawing


def _characters(entry: Mapping[str, Any]) -> int:
    """Give how many characters the written descriptions are to have."""
    lengths = sorted({characters for _, characters in written.descriptions()})
    if entry.get("characters") not in lengths:
        known = ", ".join(map(str, lengths)) or "none"
        raise Unavailable(
            f"no written descriptions of characters = {entry.get('characters')}; there are {known}"
        )
    return int(entry["characters"])


def _description(item: Item, characters: int) -> Description:
    """Give what somebody wrote of a picture."""
    name = written.name_of(item.path)
    description = None if item.member else written.descriptions().get((name, characters))
    if description is None:
        shown = f"{name}, {item.member}" if item.member else name
        raise NotReached(f"nobody wrote a description of {shown} in {characters} characters")
    return description

"""The built-in generator: draws on any machine, with nothing to download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from PIL import Image

from promptcodec import models
from promptcodec.convolution import available
from promptcodec.errors import MissingError, UsageError
from promptcodec.generators import Conditions, Generator, faithful, learned
from promptcodec.generators.classical import draw, working_size
from promptcodec.generators.watching import UNWATCHED, Progress, Watch
from promptcodec.readiness import Readiness
from promptcodec.vision import runtime

# Trained decoders, the best first; those in models/manifest.json are there.
TRAINED = {"base": "generator-base-2", "small": "generator-small-2"}


LICENCE = "Apache-2.0"


class Classical:
    """The generator ``builtin:classical``."""

    name = "builtin:classical"
    provenance: Mapping[str, str] = MappingProxyType({})

    def examine(self) -> tuple[Readiness, ...]:
        """Say that it works; it needs nothing."""
        return (Readiness(self.name, ok=True, why="draws without a trained network", licence=LICENCE),)

    def generate(self, conditions: Conditions, watch: Watch = UNWATCHED) -> Image.Image:
        """Draw the conditions; see `promptcodec.generators.classical.draw`."""
        return _classical(conditions, watch)


class Learned:
    """A trained decoder. Coded pixels are shown as they are; without colours the classical renderer draws.

    From words alone the decoders trained so far draw less than the renderer does (docs/guide/generator.md).
    """

    provenance: Mapping[str, str] = MappingProxyType({})

    def __init__(self, variant: str) -> None:
        self.name = f"builtin:{variant}"
        self._table = TRAINED[variant]

    def examine(self) -> tuple[Readiness, ...]:
        """Look whether its network, and what runs it, are there; then the variants after it."""
        try:
            models.check(self._table)
        except MissingError as error:
            ok, why = False, str(error)
        else:
            ok = available() or runtime.installed()
            core = "the compiled core" if available() else "onnxruntime"
            why = f"draws with {self.name}, by {core}" if ok else f"the trained decoder {runtime.WAY_OUT}"
        own = Readiness("builtin", ok=ok, why=why, licence=LICENCE)
        return own, *Classical().examine()

    def generate(self, conditions: Conditions, watch: Watch = UNWATCHED) -> Image.Image:
        """Draw the conditions; see `promptcodec.generators.learned.draw`."""
        if conditions.pixels is None and conditions.texture is not None:
            # It was trained on contours, and would draw limbs as edges.
            given = replace(conditions, structure=None) if conditions.skeletons else conditions
            return learned.draw(self._table, given, watch)
        if conditions.pixels is not None or conditions.description is None:
            return _classical(conditions, watch)
        picture = _classical(replace(conditions, size=working_size(conditions.size)), watch)
        held = faithful.to_cells(np.asarray(picture, np.float32), conditions.description)
        image = Image.fromarray(np.rint(held).astype(np.uint8))
        if image.size == conditions.size:
            return image
        return image.resize(conditions.size, Image.Resampling.BICUBIC)


def _classical(conditions: Conditions, watch: Watch) -> Image.Image:
    watch.report(Progress("drawing", 0, 1))
    picture = draw(conditions)
    watch.report(Progress("drawing", 1, 1))
    return picture


def variants() -> tuple[str, ...]:
    """Give what ``builtin`` can be here, the best first."""
    return (*(name for name, table in TRAINED.items() if models.shipped(table)), "classical")


def create(profile: Mapping[str, str]) -> Generator:
    """Make the built-in generator.

    Args:
        profile: ``variant``: one of ``variants()``; empty or absent means the best there is.

    Raises:
        UsageError: no such variant.
    """
    known = variants()
    variant = profile.get("variant", "") or known[0]
    if variant not in known:
        raise UsageError(f"builtin has no variant {variant!r}; it knows {', '.join(known)}")
    return Classical() if variant == "classical" else Learned(variant)

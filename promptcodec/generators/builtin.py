"""The built-in generator: draws on any machine, with nothing to download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from PIL import Image

from promptcodec import models
from promptcodec.errors import UsageError
from promptcodec.generators import Conditions, Generator, faithful, learned
from promptcodec.generators.classical import draw, working_size
from promptcodec.generators.watching import UNWATCHED, Watch

# Trained decoders, the best first; those in models/manifest.json are there.
TRAINED = {"base": "generator-base-1", "small": "generator-small-1"}


class Classical:
    """The generator ``builtin:classical``."""

    name = "builtin:classical"
    provenance: Mapping[str, str] = MappingProxyType({})

    def generate(self, conditions: Conditions, watch: Watch = UNWATCHED) -> Image.Image:
        """Draw the conditions; see `promptcodec.generators.classical.draw`."""
        return draw(conditions)


class Learned:
    """A trained decoder. Coded pixels are shown as they are; without colours the classical renderer draws.

    From words alone the decoders trained so far draw less than the renderer does (docs/guide/generator.md).
    """

    provenance: Mapping[str, str] = MappingProxyType({})

    def __init__(self, variant: str) -> None:
        self.name = f"builtin:{variant}"
        self._table = TRAINED[variant]

    def generate(self, conditions: Conditions, watch: Watch = UNWATCHED) -> Image.Image:
        """Draw the conditions; see `promptcodec.generators.learned.draw`."""
        if conditions.pixels is not None:
            return draw(conditions)
        if conditions.texture is not None:
            # It was trained on contours, and would draw limbs as edges.
            return learned.draw(
                self._table, replace(conditions, structure=None) if conditions.skeletons else conditions
            )
        if conditions.description is None:
            return draw(conditions)
        picture = draw(replace(conditions, size=working_size(conditions.size)))
        held = faithful.to_cells(np.asarray(picture, np.float32), conditions.description)
        image = Image.fromarray(np.rint(held).astype(np.uint8))
        if image.size == conditions.size:
            return image
        return image.resize(conditions.size, Image.Resampling.BICUBIC)


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

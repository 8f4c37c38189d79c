"""The built-in generator: draws on any machine, with nothing to download."""

from __future__ import annotations

from collections.abc import Mapping

from PIL import Image

from promptcodec import models
from promptcodec.errors import UsageError
from promptcodec.generators import Conditions, Generator, learned
from promptcodec.generators.classical import draw

# Trained decoders, the best first; those in models/manifest.json are there.
TRAINED = {"base": "generator-base-1", "small": "generator-small-1"}


class Classical:
    """The generator ``builtin:classical``."""

    name = "builtin:classical"

    def generate(self, conditions: Conditions) -> Image.Image:
        """Draw the conditions; see `promptcodec.generators.classical.draw`."""
        return draw(conditions)


class Learned:
    """A trained decoder; coded pixels it shows as they are."""

    def __init__(self, variant: str) -> None:
        self.name = f"builtin:{variant}"
        self._table = TRAINED[variant]

    def generate(self, conditions: Conditions) -> Image.Image:
        """Draw the conditions; see `promptcodec.generators.learned.draw`."""
        layers = (conditions.texture, conditions.structure, conditions.description)
        if conditions.pixels is not None or all(layer is None for layer in layers):
            return draw(conditions)
        return learned.draw(self._table, conditions)


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

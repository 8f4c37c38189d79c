"""The built-in generator: draws on any machine, with nothing to download."""

from __future__ import annotations

from collections.abc import Mapping

from PIL import Image

from promptcodec.errors import UsageError
from promptcodec.generators import Conditions, Generator
from promptcodec.generators.classical import draw

VARIANTS = ("classical",)


class Classical:
    """The generator ``builtin:classical``."""

    name = "builtin:classical"

    def generate(self, conditions: Conditions) -> Image.Image:
        """Draw the conditions; see `promptcodec.generators.classical.draw`."""
        return draw(conditions)


def create(profile: Mapping[str, str]) -> Generator:
    """Make the built-in generator.

    Args:
        profile: ``variant``: one of VARIANTS; empty or absent means the best there is.

    Raises:
        UsageError: no such variant.
    """
    variant = profile.get("variant", "")
    if variant and variant not in VARIANTS:
        raise UsageError(f"builtin has no variant {variant!r}; it knows {', '.join(VARIANTS)}")
    return Classical()

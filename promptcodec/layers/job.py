"""What the encoder of a layer is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

    from promptcodec.description import Description
    from promptcodec.recipe import Recipe
    from promptcodec.settings import EncodeSettings

    FitWords = Callable[[Callable[[Description], bytes], int | None], bytes]
    """Codes, with the function given, the description that fits into some bytes (None: no limit)."""


@dataclass(frozen=True, slots=True)
class EncodeJob:
    """One picture to encode.

    Attributes:
        image: RGB; of a large picture, and without a pixels layer, it is reduced.
        size: width and height that the stream names.
        settings: as the caller gave them.
        layers: what to store, in stream order.
        limit: most bytes of the file, None for no limit.
        fit_words: finds the words of the semantic layer.
        recipe: what the file carries, None where it carries none or none is to be kept.
        about: entries of the about part.
    """

    image: Image.Image
    size: tuple[int, int]
    settings: EncodeSettings
    layers: tuple[str, ...]
    limit: int | None
    fit_words: FitWords
    recipe: Recipe | None
    about: Mapping[str, str]

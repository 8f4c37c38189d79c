"""Take the recipe out of an image file to store it, with what its owner should know first."""

from __future__ import annotations

import warnings

from promptcodec.recipe.model import Recipe
from promptcodec.recipe.read import read_metadata
from promptcodec.recipe.redact import findings
from promptcodec.recipe.redact import redact as redacted


class RecipeWarning(UserWarning):
    """Something about a recipe that its owner should know.

    Attributes:
        hint: what to do about it on the command line, which prints it behind the message.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def extract(data: bytes, *, redact: bool) -> Recipe | None:
    """Give the recipe of an image file, None where it carries none.

    Args:
        data: the image file.
        redact: take out what the recipe says about its owner.

    Warns:
        RecipeWarning: it could not be read, or it says such things and ``redact`` is not set.
    """
    metadata = read_metadata(data)
    for text in metadata.warnings:
        warnings.warn(RecipeWarning(text), stacklevel=3)
    if metadata.recipe is None:
        return None
    if redact:
        return redacted(metadata.recipe)
    kinds = findings(metadata.recipe)
    if kinds:
        text = f"the recipe to be stored holds {' and '.join(kinds)}"
        warnings.warn(RecipeWarning(text, hint="--recipe-redact takes them out"), stacklevel=3)
    return metadata.recipe

"""Take the recipe out of an image file to store it, with what its owner should know first."""

from __future__ import annotations

import warnings

from promptcodec.recipe.model import Recipe
from promptcodec.recipe.read import look
from promptcodec.recipe.redact import findings
from promptcodec.recipe.redact import redact as redacted


class RecipeWarning(UserWarning):
    """Something about a recipe that its owner should know."""


def extract(data: bytes, *, redact: bool) -> Recipe | None:
    """Give the recipe of an image file, None where it carries none.

    Args:
        data: the image file.
        redact: take out what the recipe says about its owner.

    Warns:
        RecipeWarning: it could not be read, or it says such things and ``redact`` is not set.
    """
    found = look(data)
    for said in found.warnings:
        warnings.warn(said, RecipeWarning, stacklevel=3)
    if found.recipe is None:
        return None
    if redact:
        return redacted(found.recipe)
    told = findings(found.recipe)
    if told:
        said = f"the recipe to be stored holds {' and '.join(told)}; --recipe-redact takes them out"
        warnings.warn(said, RecipeWarning, stacklevel=3)
    return found.recipe

"""Take the recipe out of an image file to store it, with what its owner should know first."""

from __future__ import annotations

from promptcodec.errors import Notice
from promptcodec.recipe.model import Recipe
from promptcodec.recipe.read import read_metadata
from promptcodec.recipe.redact import findings
from promptcodec.recipe.redact import redact as redacted


def extract(data: bytes, *, redact: bool) -> tuple[Recipe | None, tuple[Notice, ...]]:
    """Give the recipe of an image file, None where it carries none, and what its owner should know.

    Args:
        data: the image file.
        redact: take out what the recipe says about its owner.
    """
    metadata = read_metadata(data)
    notices = [Notice(text) for text in metadata.warnings]
    recipe = metadata.recipe
    if recipe is None:
        return None, tuple(notices)
    if redact:
        return redacted(recipe), tuple(notices)
    private = findings(recipe)
    if private:
        text = f"the recipe to be stored holds {' and '.join(private)}"
        notices.append(Notice(text, hint="--recipe-redact takes them out"))
    return recipe, tuple(notices)

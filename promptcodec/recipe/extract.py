"""Take the recipe out of an image file to store it, with what its owner should know first."""

from __future__ import annotations

from dataclasses import replace

from promptcodec.errors import Notice, PromptcodecError
from promptcodec.recipe.model import Recipe, fields_of
from promptcodec.recipe.own import own_metadata
from promptcodec.recipe.read import read_metadata
from promptcodec.recipe.redact import findings
from promptcodec.recipe.redact import redact as redacted


def extract(data: bytes, *, redact: bool) -> tuple[Recipe | None, tuple[Notice, ...]]:
    """Give the recipe of an image file, None where it carries none, and what its owner should know.

    Of the file's metadata it has what is the recipe, and nothing that says where and by whom the picture was
    taken. What it gives comes back from a stream.

    Args:
        data: the image file.
        redact: take out what the recipe says about its owner.
    """
    metadata = read_metadata(data)
    notices = [Notice(text) for text in metadata.warnings]
    if metadata.recipe is None:
        return None, tuple(notices)
    recipe = own_metadata(metadata.recipe)
    if redact:
        recipe = redacted(recipe)
    elif private := findings(recipe):
        text = f"the recipe to be stored holds {' and '.join(private)}"
        notices.append(Notice(text, hint="--recipe-redact takes them out"))
    stored = storable(recipe)
    if stored is None:
        notices.append(Notice("the recipe is not stored: it would not be read again"))
    elif metadata.recipe.chunks and not stored.chunks:
        lost = "" if stored.extra == recipe.extra else "known "
        notices.append(
            Notice(f"of the recipe only its {lost}fields are stored: its metadata would not be read again")
        )
    return stored, tuple(notices)


def storable(recipe: Recipe) -> Recipe | None:
    """Give what comes back of a recipe from a stream: all, its fields, those that are known, or None."""
    forms = (recipe, replace(recipe, chunks=()), replace(recipe, chunks=(), extra={}))
    return next((form for form in forms if _comes_back(form)), None)


def _comes_back(recipe: Recipe) -> bool:
    """Say whether a recipe is read from its coded form as it is; the coder of its texts does not matter."""
    from promptcodec.layers import recipe as layer  # noqa: PLC0415 - it imports this package

    form = "verbatim" if recipe.chunks else "fields"
    try:
        again = layer.decode(layer.encode(recipe, form=form, coder="zstd"))
    except PromptcodecError:
        return False
    return again.chunks == recipe.chunks and fields_of(again) == fields_of(recipe)

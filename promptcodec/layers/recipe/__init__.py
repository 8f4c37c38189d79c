"""The recipe layer: what a generation tool wrote, as its fields or as its metadata byte for byte."""

from __future__ import annotations

from typing import Any

from promptcodec.entropy.dictionary import AnyDictionary, as_dictionary
from promptcodec.layers.recipe.part import FORMS, coded_text, decode, form_name
from promptcodec.recipe import Recipe
from promptcodec.recipe.model import fields_of

__all__ = ["FORMS", "coded_text", "decode", "encode", "fit", "form_name", "to_json"]


def encode(
    recipe: Recipe,
    *,
    form: str = "verbatim",
    coder: str = "auto",
    dictionary: AnyDictionary | None = None,
) -> bytes:
    """Code a recipe.

    Args:
        recipe: without chunks only its fields can be coded.
        form: one of FORMS.
        coder: for the texts, as for ``entropy.encode_text``.
        dictionary: the same.

    Raises:
        UsageError: it is too large to be stored.
    """
    from promptcodec.layers.recipe.encoder import part  # noqa: PLC0415 - reading needs no encoder

    return part.encode(recipe, form, coder, as_dictionary(dictionary))


def fit(
    recipe: Recipe,
    most: int | None,
    *,
    coder: str = "auto",
    dictionary: AnyDictionary | None = None,
) -> bytes:
    """Code a recipe verbatim where that takes at most ``most`` bytes, else its fields, however long."""
    from promptcodec.layers.recipe.encoder import part  # noqa: PLC0415 - reading needs no encoder

    return part.fit(recipe, most, coder, as_dictionary(dictionary))


def to_json(recipe: Recipe) -> dict[str, Any]:
    """Give the JSON object that ``promptcodec inspect`` shows: the fields, and the chunks as texts."""
    chunks = [
        {"carrier": chunk.carrier, "key": key, "text": text}
        for chunk in recipe.chunks
        for key, text in chunk.texts().items()
    ]
    return {"fields": fields_of(recipe), "chunks": chunks}

"""The recipe layer: metadata chunks verbatim, as coded text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from promptcodec import entropy
from promptcodec.errors import BitstreamError
from promptcodec.recipe import Chunk, Recipe


def encode(recipe: Recipe, *, coder: str = "auto", dictionary: bytes | None = None) -> bytes:
    """Code a recipe; ``coder`` and ``dictionary`` as for ``entropy.encode_text``."""
    rows = [[chunk.carrier, chunk.key, chunk.text] for chunk in recipe.chunks]
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return entropy.encode_text(text, coder, dictionary=dictionary)


def decode(data: bytes, *, dictionaries: Sequence[bytes] = ()) -> Recipe:
    """Give the recipe back.

    Raises:
        BitstreamError, MissingDictionary: the part cannot be read.
    """
    text = entropy.decode_text(data, dictionaries=dictionaries)
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        raise BitstreamError("the recipe part is not valid JSON") from None
    if not isinstance(rows, list) or not rows or not all(_is_chunk(row) for row in rows):
        raise BitstreamError("the recipe part is not a list of [carrier, key, text]")
    return Recipe(tuple(Chunk(*row) for row in rows))


def _is_chunk(row: object) -> bool:
    return isinstance(row, list) and len(row) == 3 and all(isinstance(item, str) for item in row)


def to_json(recipe: Recipe) -> dict[str, Any]:
    """Give the object that ``promptcodec inspect --json`` shows."""
    return {"chunks": [asdict(chunk) for chunk in recipe.chunks]}

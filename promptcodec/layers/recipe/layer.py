"""The recipe layer as the registry calls it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptcodec.entropy.dictionary import Dictionary
from promptcodec.layers import recipe as recipe_layer
from promptcodec.layers.job import EncodeJob
from promptcodec.layers.recipe import form_name as coder_name

__all__ = ["coder_name", "decode_part", "encode_part", "show_part"]


def encode_part(job: EncodeJob, room: int | None) -> bytes | None:
    """Code the file's own recipe: asked for by name, or where it takes at most half of the file."""
    if job.recipe is None:
        return None
    settings = job.settings
    most = room if job.layers == ("recipe",) else job.limit and job.limit // 2
    payload = recipe_layer.fit(job.recipe, most, coder=settings.text_coder, dictionary=settings.dictionary)
    return payload if "recipe" in job.layers or most is None or len(payload) <= most else None


def decode_part(
    payload: bytes, _size: tuple[int, int], dictionaries: Sequence[Dictionary]
) -> Mapping[str, Any]:
    """Give the recipe."""
    return {"recipe": recipe_layer.decode(payload, dictionaries=dictionaries)}


def show_part(payload: bytes, dictionaries: Sequence[Dictionary]) -> Mapping[str, Any]:
    """Give its fields, and its metadata as texts."""
    return {"recipe": recipe_layer.to_json(recipe_layer.decode(payload, dictionaries=dictionaries))}

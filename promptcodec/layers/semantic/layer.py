"""The semantic layer as the registry calls it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from promptcodec.description import format_text, to_json
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.layers import semantic
from promptcodec.layers.job import EncodeJob
from promptcodec.layers.semantic import coder_name

__all__ = ["coder_name", "decode_part", "encode_part", "show_part"]


def encode_part(job: EncodeJob, room: int | None) -> bytes:
    """Code the words that fit."""
    settings = job.settings
    code = partial(semantic.encode, coder=settings.text_coder, dictionary=settings.dictionary)
    return job.fit_words(code, room)


def decode_part(
    payload: bytes, _size: tuple[int, int], dictionaries: Sequence[Dictionary]
) -> Mapping[str, Any]:
    """Give the description."""
    return {"description": semantic.decode(payload, dictionaries=dictionaries)}


def show_part(payload: bytes, dictionaries: Sequence[Dictionary]) -> Mapping[str, Any]:
    """Give the description as an object and as text."""
    description = semantic.decode(payload, dictionaries=dictionaries)
    return {"description": to_json(description), "text": format_text(description)}

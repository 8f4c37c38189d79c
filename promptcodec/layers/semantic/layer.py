"""The semantic layer as the registry calls it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from promptcodec.description import format_text, to_json
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError
from promptcodec.layers import derived, semantic
from promptcodec.layers.job import EncodeJob
from promptcodec.layers.semantic import coder_name

__all__ = ["coder_name", "decode_part", "encode_part", "show_part"]


def encode_part(job: EncodeJob, room: int | None) -> bytes:
    """Code the words that fit."""
    settings = job.settings
    code = partial(
        semantic.encode,
        coder=settings.text_coder,
        dictionary=settings.dictionary,
        with_map=derived.MAP in job.layers,
    )
    return job.fit_words(code, room)


def decode_part(
    payload: bytes, _size: tuple[int, int], dictionaries: Sequence[Dictionary], beside: bytes | None
) -> Mapping[str, Any]:
    """Give the description; ``beside`` is the colour map, None where the stream has none.

    A map that cannot be read does not spoil the words: they have no colours then.
    """
    description = semantic.decode(payload, dictionaries=dictionaries)
    if semantic.is_beside(payload) and beside is not None:
        with suppress(BitstreamError):
            description = derived.fill(description, beside)
    return {"description": description}


def show_part(payload: bytes, dictionaries: Sequence[Dictionary], beside: bytes | None) -> Mapping[str, Any]:
    """Give the description as an object and as text."""
    description = decode_part(payload, (1, 1), dictionaries, beside)["description"]
    return {"description": to_json(description), "text": format_text(description)}

"""The texture layer as the registry calls it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptcodec.entropy.dictionary import Dictionary
from promptcodec.layers import texture
from promptcodec.layers.job import EncodeJob
from promptcodec.layers.scale import bounded
from promptcodec.layers.texture import coder_name

__all__ = ["check_part", "coder_name", "decode_part", "encode_part"]


def encode_part(job: EncodeJob, room: int | None) -> bytes:
    """Code as much of the picture as fits."""
    assert room is not None
    return texture.encode(job.image, room, stored=True, effort=job.settings.effort)


def decode_part(
    payload: bytes, size: tuple[int, int], _dictionaries: Sequence[Dictionary]
) -> Mapping[str, Any]:
    """Give the coefficients, and the picture they make."""
    coefficients, picture = texture.draw(payload, bounded(size))
    return {"coefficients": coefficients, "texture": picture}


def check_part(payload: bytes) -> None:
    """Read the part without drawing it, which cannot fail."""
    texture.check(payload)

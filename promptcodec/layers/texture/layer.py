"""The texture layer as the registry calls it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptcodec.entropy.dictionary import Dictionary
from promptcodec.layers import texture
from promptcodec.layers.job import EncodeJob
from promptcodec.layers.scale import bounded
from promptcodec.layers.texture.stream import read


def encode_part(job: EncodeJob, room: int | None) -> bytes:
    """Code as much of the picture as fits."""
    assert room is not None
    return texture.encode(job.image, room, effort=job.settings.effort)


def decode_part(
    payload: bytes, size: tuple[int, int], _dictionaries: Sequence[Dictionary]
) -> Mapping[str, Any]:
    """Give the coefficients, and the picture they make."""
    coefficients = texture.coefficients(payload)
    return {"coefficients": coefficients, "texture": texture.draw(coefficients, bounded(size))}


def check_part(payload: bytes) -> None:
    """Read the part without restoring and drawing it, which cannot fail."""
    read(payload)


def coder_name(_payload: bytes) -> str:
    """Name the only coder there is."""
    return "dct"

"""The structure layer as the registry calls it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptcodec.entropy.dictionary import Dictionary
from promptcodec.layers import structure
from promptcodec.layers.job import EncodeJob
from promptcodec.layers.scale import bounded
from promptcodec.layers.structure import coder_name, pose

__all__ = ["coder_name", "decode_part", "encode_part"]


def encode_part(job: EncodeJob, room: int | None) -> bytes:
    """Code the strongest contours that fit; people are coded before layers share a budget."""
    assert room is not None
    return structure.encode(job.image, room, edges=job.settings.edges)


def decode_part(
    payload: bytes, size: tuple[int, int], _dictionaries: Sequence[Dictionary]
) -> Mapping[str, Any]:
    """Draw the lines."""
    lines = structure.decode(payload, bounded(size))
    if coder_name(payload) != "pose":
        return {"structure": lines}
    return {"structure": lines, "skeletons": True, "people": pose.places(payload, size)}

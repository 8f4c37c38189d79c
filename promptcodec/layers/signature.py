"""The signature layer: 27 bytes that tell whether a picture shows the same thing.

Three bytes of mean Oklab colour (L, a, b), the 64 bits of a difference hash (is each point of an 8x8
grid of luma darker than its right neighbour?), and 16 bytes of content: the network's embedding along
64 principal directions, in four steps each.

Source: difference hash, N. Krawetz 2013, "Kind of Like That" (hackerfactor.com).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec import models
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError, MissingError
from promptcodec.layers.job import EncodeJob
from promptcodec.vision.colour import Floats, to_oklab
from promptcodec.vision.network import DIMENSIONS, look

COLOUR_BYTES = 3
HASH_SIDE = 8
HASH_BYTES = HASH_SIDE**2 // 8
DIRECTIONS = 64
CONTENT_BYTES = DIRECTIONS // 4
SIGNATURE_BYTES = COLOUR_BYTES + HASH_BYTES + CONTENT_BYTES
# Oklab L runs 0..1, a and b stay within +-0.4 for sRGB.
_LOWEST = np.array([0.0, -0.4, -0.4], np.float32)
_RANGE = np.array([1.0, 0.8, 0.8], np.float32)
# Mean colours further apart than this belong to pictures with nothing in common.
_FAR = 0.4

WEIGHTS = {"content": 0.5, "colour": 0.25, "layout": 0.25}
LEAST_FILE = 100
"""Bytes of a file from which it has room for a signature: a generator can draw nothing of it."""


@dataclass(frozen=True)
class _Directions:
    """The principal directions of embeddings.

    Attributes:
        scales: ``(64,)`` brings ``matrix @ embedding`` to standard deviations.
        offsets: ``(64,)`` the same for the mean embedding.
        weights: ``(64,)`` what a deviation counts along each direction.
        matrix: ``(64, 1280)``.
    """

    scales: Floats
    offsets: Floats
    weights: Floats
    matrix: Floats


def encode(image: Image.Image) -> bytes:
    """Give the signature of a picture.

    Args:
        image: RGB, any size from 1x1.

    Returns:
        Exactly SIGNATURE_BYTES bytes.

    Raises:
        MissingError: onnxruntime is not installed, or a table is not the one that was shipped.
    """
    # The mean of a 32x32 reduction is the mean of the picture to within a code step.
    small = image.resize((32, 32), Image.Resampling.BOX)
    mean = to_oklab(np.asarray(small, np.uint8)).reshape(-1, 3).mean(axis=0)
    codes = np.clip(np.rint((mean - _LOWEST) / _RANGE * 255), 0, 255).astype(np.uint8)
    grid = image.convert("L").resize((HASH_SIDE + 1, HASH_SIDE), Image.Resampling.BOX)
    luma = np.asarray(grid, np.int32)
    layout = np.packbits(luma[:, :-1] < luma[:, 1:])
    return b"".join([bytes(codes), bytes(layout), _encode_content(look([image])[1][0])])


def _encode_content(embedding: Floats) -> bytes:
    """Give four steps along each direction, split at the mean and one standard deviation from it."""
    table = _directions()
    steps = np.clip(np.floor(table.scales * (table.matrix @ embedding) - table.offsets), -2, 1) + 2
    quarters = steps.astype(np.uint8).reshape(-1, 4)
    return bytes((quarters << np.array([6, 4, 2, 0], np.uint8)).sum(1).tolist())


def decode(data: bytes) -> bytes:
    """Give the signature of a part; needs no network.

    Raises:
        BitstreamError: it does not have SIGNATURE_BYTES bytes.
    """
    _split(data)
    return data


def encode_part(job: EncodeJob, _room: int | None) -> bytes | None:
    """Measure the picture, where asked for and where the file is large enough."""
    wanted = "signature" in job.layers and (job.limit is None or job.limit >= LEAST_FILE)
    return encode(job.image) if wanted else None


def decode_part(
    payload: bytes, _size: tuple[int, int], _dictionaries: Sequence[Dictionary]
) -> Mapping[str, Any]:
    """Give the signature."""
    return {"signature": decode(payload)}


def coder_name(_payload: bytes) -> str:
    """Name the only coder there is."""
    return "raw"


def distance(first: bytes, second: bytes) -> float:
    """Compare two signatures: half by content, a quarter each by colour and layout.

    Args:
        first: SIGNATURE_BYTES bytes.
        second: SIGNATURE_BYTES bytes.

    Returns:
        0 for the same to 1 for nothing in common.

    Raises:
        BitstreamError: a signature does not have SIGNATURE_BYTES bytes.
    """
    return sum(WEIGHTS[name] * value for name, value in parts(first, second).items())


def parts(first: bytes, second: bytes) -> dict[str, float]:
    """Compare two signatures part by part.

    Args:
        first: SIGNATURE_BYTES bytes.
        second: SIGNATURE_BYTES bytes.

    Returns:
        ``colour``, ``layout`` and ``content``, each 0 for the same to 1 for nothing in common. Layouts
        of unrelated pictures give about 0.5, their contents about 1 (one minus the cosine).

    Raises:
        BitstreamError: a signature does not have SIGNATURE_BYTES bytes.
        MissingError: the table of directions is not the one that was shipped.
    """
    first_colour, first_hash, first_content = _split(first)
    second_colour, second_hash, second_content = _split(second)
    apart = float(np.linalg.norm((first_colour.astype(np.float32) - second_colour) / 255 * _RANGE))
    differing = int(np.unpackbits(first_hash ^ second_hash).sum())
    return {
        "colour": min(1.0, apart / _FAR),
        "layout": differing / HASH_SIDE**2,
        "content": _content_distance(first_content, second_content),
    }


def _content_distance(first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> float:
    if np.array_equal(first, second):
        return 0.0
    a, b = (_content(codes) for codes in (first, second))
    cosine = float(a @ b) / float(np.linalg.norm(a) * np.linalg.norm(b))
    return min(max(1 - cosine, 0.0), 1.0)


def _content(codes: npt.NDArray[np.uint8]) -> Floats:
    """Give the middle of each step, weighted; never all zero."""
    quarters = codes[:, None] >> np.array([6, 4, 2, 0], np.uint8) & 3
    return np.asarray((quarters.ravel().astype(np.float32) - 1.5) * _directions().weights, np.float32)


def _split(signature: bytes) -> list[npt.NDArray[np.uint8]]:
    """Give colour, hash and content."""
    if len(signature) != SIGNATURE_BYTES:
        raise BitstreamError(f"a signature has {SIGNATURE_BYTES} bytes, not {len(signature)}", len(signature))
    return np.split(np.frombuffer(signature, np.uint8), [COLOUR_BYTES, COLOUR_BYTES + HASH_BYTES])


@functools.cache
def _directions() -> _Directions:
    return parse(models.load("principal-1"))


def parse(data: bytes) -> _Directions:
    """Read the table of directions.

    Raises:
        MissingError: it has another size.
    """
    floats = 3 * DIRECTIONS
    if len(data) != 4 * floats + DIRECTIONS * DIMENSIONS:
        raise MissingError("the table principal-1 is damaged; reinstall promptcodec")
    scales, offsets, weights = np.frombuffer(data, "<f4", floats).reshape(3, -1).astype(np.float32)
    matrix = np.frombuffer(data, "i1", offset=4 * floats).reshape(DIRECTIONS, -1).astype(np.float32)
    return _Directions(scales, offsets, weights, matrix)

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
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec import models
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError, MissingError
from promptcodec.layers.job import EncodeJob
from promptcodec.vision import maps
from promptcodec.vision.colour import Floats, to_oklab
from promptcodec.vision.network import DIMENSIONS, look

COLOUR_BYTES = 3
HASH_SIDE = 8
HASH_BYTES = HASH_SIDE**2 // 8
DIRECTIONS = 64
CONTENT_BYTES = DIRECTIONS // 4
SIGNATURE_BYTES = COLOUR_BYTES + HASH_BYTES + CONTENT_BYTES
_SPLITS = [COLOUR_BYTES, COLOUR_BYTES + HASH_BYTES]
BITS = HASH_SIDE**2 + DIRECTIONS
Signatures: TypeAlias = npt.NDArray[np.uint8]
"""Many signatures, one a column: ``(SIGNATURE_BYTES, n)``."""

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
    return _encode(image, look([image])[1][0])


def encode_framed(image: Image.Image) -> bytes:
    """Give the signature of a picture by the look that captioners have at it, which costs no second one.

    The network sees the picture in its own shape, not squeezed to a square. Among themselves such signatures
    are as good as those of ``encode``; contents of the two kinds are about 0.2 apart for one picture.

    Args:
        image: as of ``encode``.

    Returns:
        Exactly SIGNATURE_BYTES bytes.

    Raises:
        MissingError: as of ``encode``.
    """
    return _encode(image, maps.look(image).embedding)


def _encode(image: Image.Image, embedding: Floats) -> bytes:
    # The mean of a 32x32 reduction is the mean of the picture to within a code step.
    small = image.resize((32, 32), Image.Resampling.BOX)
    mean = to_oklab(np.asarray(small, np.uint8)).reshape(-1, 3).mean(axis=0)
    codes = np.clip(np.rint((mean - _LOWEST) / _RANGE * 255), 0, 255).astype(np.uint8)
    grid = image.convert("L").resize((HASH_SIDE + 1, HASH_SIDE), Image.Resampling.BOX)
    luma = np.asarray(grid, np.int32)
    layout = np.packbits(luma[:, :-1] < luma[:, 1:])
    return b"".join([bytes(codes), bytes(layout), _encode_content(embedding)])


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


def distances(first: bytes, others: Signatures, *, mirror: bool = False) -> Floats:
    """Compare a signature with many, as ``distance`` does.

    Args:
        first: SIGNATURE_BYTES bytes.
        others: ``(SIGNATURE_BYTES, n)``, one a column.
        mirror: a layout may be as near to that of the mirror image instead, which has nearly the same
            content and colour.

    Returns:
        ``(n,)``, 0 for the same to 1 for nothing in common.

    Raises:
        BitstreamError: ``first`` does not have SIGNATURE_BYTES bytes.
        MissingError: the table of directions is not the one that was shipped.
    """
    colour, layout, own = _split(first)
    colours, layouts, contents = np.split(others, _SPLITS)
    ways = [layout, _mirrored(layout)] if mirror else [layout]
    differing = np.min([_differing(way[:, None], layouts) for way in ways], 0)
    mine = _content(own)
    # Each byte of a content stands for four directions: what it adds is looked up.
    products = np.einsum("pvd,pd->pv", _contents(), mine.reshape(CONTENT_BYTES, 4))
    dots, squares = (
        sum(table.take(codes, mode="clip") for table, codes in zip(tables, contents, strict=True))
        for tables in (products, _squares())
    )
    return _weighted(_colour_distances(colour[:, None], colours), differing, dots, squares * (mine @ mine))


def pair_distances(firsts: Signatures, seconds: Signatures) -> Floats:
    """Compare signatures one by one, as ``distance`` does: ``(SIGNATURE_BYTES, n)`` twice to ``(n,)``.

    Raises:
        MissingError: the table of directions is not the one that was shipped.
    """
    parts = [np.split(signatures, _SPLITS) for signatures in (firsts, seconds)]
    (colours, layouts, own), (others, other_layouts, contents) = parts
    a, b = _content(own.T), _content(contents.T)
    squares = (a * a).sum(1) * (b * b).sum(1)
    apart = _colour_distances(colours, others)
    return _weighted(apart, _differing(layouts, other_layouts), (a * b).sum(1), squares)


def differing(first: Signatures, second: Signatures) -> npt.NDArray[np.uint8]:
    """Count the bits in which layouts differ, 0..64: ``(SIGNATURE_BYTES, n)`` twice to ``(n,)``."""
    return _differing(*(np.split(signatures, _SPLITS)[1] for signatures in (first, second)))


def bits(signatures: Signatures, places: npt.NDArray[np.intp]) -> npt.NDArray[np.uint8]:
    """Give bits of layouts, and on which side of the mean contents are along a direction.

    Args:
        signatures: ``(SIGNATURE_BYTES, n)``.
        places: ``(k,)``: those below 64 are bits of layouts, those from 64 to BITS directions.

    Returns:
        ``(k, n)`` of 0 and 1.
    """
    hashed = HASH_SIDE**2
    at = 8 * COLOUR_BYTES + np.where(places < hashed, places, 2 * places - hashed)
    return np.asarray(signatures[at // 8] >> (7 - at % 8).astype(np.uint8)[:, None] & 1, np.uint8)


def _colour_distances(first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> Floats:
    """Compare mean colours ``(3, n)``, as ``parts`` does."""
    steps = (first.astype(np.float32) - second.astype(np.float32)) / 255 * _RANGE[:, None]
    return np.asarray(np.minimum(np.sqrt((steps**2).sum(0)) / _FAR, 1), np.float32)


def _weighted(
    colour: Floats, differing: npt.NDArray[np.uint8], dots: npt.NDArray[Any], squares: npt.NDArray[Any]
) -> Floats:
    """Put parts together: ``squares`` are products of those of both lengths."""
    # Rounded, so that what is the same is not farther by the last bit.
    cosines = np.clip(np.round(dots / np.sqrt(squares), 6), 0, 1)
    parts = {"colour": colour, "layout": differing / np.float32(HASH_SIDE**2), "content": 1 - cosines}
    return np.asarray(sum(np.float32(WEIGHTS[name]) * value for name, value in parts.items()), np.float32)


def _differing(layouts: npt.NDArray[np.uint8], others: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Count the bits in which hashes ``(HASH_BYTES, n)`` differ."""
    return np.asarray(_BITS.take(layouts ^ others, mode="clip").sum(0, dtype=np.uint8))


def _mirrored(layout: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Give the hash of the mirrored picture, but for neighbours that are equally dark."""
    rows = np.unpackbits(layout).reshape(HASH_SIDE, HASH_SIDE)
    return np.packbits(1 - rows[:, ::-1])


_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(1, dtype=np.uint8)
"""The number of bits of every byte."""


@functools.cache
def _contents() -> Floats:
    """Give ``(CONTENT_BYTES, 256, 4)``: what each value of each byte of a content stands for."""
    codes = np.repeat(np.arange(256, dtype=np.uint8)[:, None], CONTENT_BYTES, axis=1)
    return np.ascontiguousarray(_content(codes).reshape(256, CONTENT_BYTES, 4).swapaxes(0, 1))


@functools.cache
def _squares() -> Floats:
    return np.asarray((_contents() ** 2).sum(2), np.float32)


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
    """Give the middle of each step, weighted, ``(..., CONTENT_BYTES)`` to ``(..., DIRECTIONS)``; never 0."""
    quarters = codes[..., None] >> np.array([6, 4, 2, 0], np.uint8) & 3
    steps = quarters.reshape(*codes.shape[:-1], DIRECTIONS).astype(np.float32) - 1.5
    return np.asarray(steps * _directions().weights, np.float32)


def _split(signature: bytes) -> list[npt.NDArray[np.uint8]]:
    """Give colour, hash and content."""
    if len(signature) != SIGNATURE_BYTES:
        raise BitstreamError(f"a signature has {SIGNATURE_BYTES} bytes, not {len(signature)}", len(signature))
    return np.split(np.frombuffer(signature, np.uint8), _SPLITS)


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
